/*
 * log.h - the commits that changed a file.
 */
#pragma once

#include <stdint.h>

#include "engine/library/repository.h"

struct log_entry {
	char commit[COMMIT_HEX_SIZE];
	char blob[COMMIT_HEX_SIZE]; /* what the file is from here on; "": it was removed */
	const char *author;	    /* name */
	const char *email;
	int64_t time; /* of writing, seconds since 1970 */
	const char *subject;
};

/* Newest first, beginning with `commit`; those whose file is unlike that of each parent (a merge that took one side changed
 * nothing). At most limit of them; 0: all. path: plain. */
int repository_log(const struct repository *repository, struct arena *arena, const char *commit, const char *path, size_t limit,
		   struct log_entry **ret_entries, size_t *ret_count, struct error *err);
