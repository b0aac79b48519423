/*
 * journal_fixture.h - what the journal's tests share beside folders and children (tests/unit/base/scratch.h): errors, small
 * readers.
 */
#pragma once

#include "tests/unit/base/scratch.h"

#include <sys/mount.h>

#include "engine/base/arena.h"
#include "engine/journal/journal.h"

static inline void assert_error(struct error *err, enum error_code code, const char *text)
{
	if (err->code != code || (text && !strstr(error_text(err), text)))
		fail_msg("expected %s \"%s\", got %s \"%s\"", error_code_name(code), text ? text : "",
			 error_code_name(err->code), error_text(err));
	error_clear(err);
}

static inline void assert_good(int result, struct error *err)
{
	if (result < 0)
		fail_msg("%s: %s", error_code_name(err->code), error_text(err));
}

static inline char *journal_in(const char *folder)
{
	return file_join(folder, "journal.jsonl");
}

static inline struct journal *create_in(const char *folder)
{
	CLEANUP_FREE char *path = journal_in(folder);
	struct error err = ERROR_NONE;
	struct journal *journal;
	assert_good(journal_create(path, &journal, &err), &err);
	return journal;
}

struct seen { /* by journal_read */
	uint64_t records;
	char last_kind[32];
};

static inline bool see(void *context, const struct value *record)
{
	struct seen *seen = context;
	seen->records++;
	assert_int_equal(value_get_int(record, "seq", 0), (int64_t)seen->records);
	snprintf(seen->last_kind, sizeof(seen->last_kind), "%s", value_get_text(record, "kind"));
	return true;
}

/* Skips must be heard: a skipped test proves nothing. */
static inline void skip_loudly(const char *why)
{
	fprintf(stderr, "SKIP: %s\n", why);
	skip();
}

static inline const struct value *fields_with(struct arena *arena, const char *key, const char *text)
{
	struct value *fields = value_map(arena);
	value_put(arena, fields, key, value_string(arena, text));
	return fields;
}
