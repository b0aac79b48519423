/*
 * scratch_repository.h - a repository made by git itself, in a folder of its own, for one test.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "engine/library/repository.h"

struct scratch {
	struct arena *arena;
	char *folder; /* of everything; the repository is folder/r */
};

/* A shell command in the repository, which must end well; its output without the last newline, in the arena. */
static inline const char *sh(const struct scratch *scratch, const char *format, ...) __attribute__((format(printf, 2, 3)));
static inline const char *sh(const struct scratch *scratch, const char *format, ...)
{
	CLEANUP_BUFFER struct buffer out = {0};
	char block[4096];
	size_t got;
	va_list args;
	va_start(args, format);
	const char *command = arena_vprintf(scratch->arena, format, args);
	va_end(args);
	FILE *pipe = popen(arena_printf(scratch->arena, "exec 2>&1; set -e; cd '%s/r'; %s", scratch->folder, command), "r");
	assert_non_null(pipe);
	while ((got = fread(block, 1, sizeof(block), pipe)) > 0)
		buffer_append(&out, block, got);
	if (pclose(pipe) != 0)
		fail_msg("%s\n%s", command, buffer_text(&out));
	while (out.length && out.data[out.length - 1] == '\n')
		out.data[--out.length] = '\0';
	return arena_strdup(scratch->arena, buffer_text(&out));
}

static inline void scratch_open(struct scratch *scratch)
{
	char folder[] = "/tmp/standin-library.XXXXXX";
	assert_non_null(mkdtemp(folder));
	*scratch = (struct scratch){.arena = arena_new(), .folder = memory_strdup(folder)};
	CLEANUP_FREE char *top = file_join(folder, "r");
	assert_int_equal(mkdir(top, 0700), 0);
	/* Neither the machine's nor the user's settings count, and times are such that ids are the same at each run. */
	setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	setenv("GIT_AUTHOR_DATE", "2026-03-01T03:12:45Z", 1);
	setenv("GIT_COMMITTER_DATE", "2026-03-01T03:12:45Z", 1);
	sh(scratch, "git init -q -b main && git config user.name Alice && git config user.email alice@example.org");
}

static inline void scratch_close(struct scratch *scratch)
{
	file_remove_tree(scratch->folder, NULL);
	free(scratch->folder);
	arena_free(scratch->arena);
}
#define CLEANUP_SCRATCH __attribute__((cleanup(scratch_close)))

static inline const char *inside(const struct scratch *scratch, const char *path)
{
	return arena_printf(scratch->arena, "%s/r/%s", scratch->folder, path);
}
