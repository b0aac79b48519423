/*
 * account.h - what a session did, as JSON: for the set's history while and after it runs, and for who asked for it.
 */
#pragma once

#include "engine/base/arena.h"
#include "plugins/replica/result.h"
#include "plugins/replica/target/store.h"

struct value;

/* The session that is told of. */
struct account {
	const char *folder; /* of the set */
	uint64_t term;
	enum consistency consistency; /* of a point that it makes */
	int64_t wall, began;	      /* its beginning: wall and boottime nanoseconds */
};

void account_store(struct arena *arena, struct value *out,
		   const struct store *store); /* adds what the store says of its point */
/* Appends the points of the store at path, the oldest first. */
int account_points(const char *path, struct arena *arena, struct value *list, struct error *err);
const struct value *account_result(struct arena *arena, const struct source_result *result);
/* progress: zeros at a target, which does not know what is to come. */
void account_progress(const struct account *account, const struct cycle_progress *progress, const struct stream *stream);
/* why: ERROR_OK if it ended well. A point that was made is kept as the last. One that was made before, and not told because
 * its agent died, is told first: "noted_later", with its point, its generation and the time when it had been sent. */
int account_source(const struct account *account, const struct source_result *result, const struct error *why,
		   struct error *err);
/* before, now: the store's points around the session. */
int account_target(const struct account *account, const struct point *before, const struct point *now,
		   const struct stream *wire, const struct error *why, struct error *err);
/* When the last verify began, in wall nanoseconds; false: there was none. */
bool account_last_verify(const char *folder, int64_t *ret_wall);
