/*
 * cases.h - walks a folder of cases: NAME.yaml beside NAME.expected, the exact text that comes of it. With STANDIN_UPDATE=1 in
 * the environment the expected texts are written instead of compared: look at the difference before you commit it.
 */
#pragma once

#include <dirent.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/file.h"
#include "engine/base/memory.h"

/* Appends what comes of the file to out. */
typedef void case_run(const char *path, struct buffer *out, void *context);

static inline int case_is_yaml(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');
	return dot && strcmp(dot, ".yaml") == 0;
}

static inline bool case_holds(const char *path, case_run *run, void *context)
{
	CLEANUP_BUFFER struct buffer actual = {0};
	CLEANUP_FREE char *expected_path = memory_printf("%.*s.expected", (int)(strlen(path) - strlen(".yaml")), path);
	CLEANUP_FREE char *expected = NULL;
	size_t length = 0;
	run(path, &actual, context);
	if (getenv("STANDIN_UPDATE"))
		return file_write_durable(expected_path, buffer_text(&actual), actual.length, 0644, NULL) == 0;
	if (file_read(expected_path, FILE_NO_LIMIT, &expected, &length, NULL) == 0 && length == actual.length &&
	    memcmp(expected, buffer_text(&actual), length) == 0)
		return true;
	print_error("%s\n--- expected\n%s--- actual\n%s", path, expected ? expected : "(no such file)\n", buffer_text(&actual));
	return false;
}

/* Returns how many cases there are; *ret_failed how many of them do not hold. */
static inline int cases_walk(const char *folder, case_run *run, void *context, int *ret_failed)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, case_is_yaml, alphasort);
	*ret_failed = 0;
	for (int i = 0; i < count; i++) {
		CLEANUP_FREE char *path = file_join(folder, entries[i]->d_name);
		*ret_failed += !case_holds(path, run, context);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	return count;
}
