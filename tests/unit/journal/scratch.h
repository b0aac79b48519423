/*
 * scratch.h - what the journal's tests share: a folder of their own, children with a fault point, small readers.
 *
 * A test that must die runs in a child: this very program again, with --child SCENARIO FOLDER, so that STANDIN_FAULT is read
 * afresh.
 */
#pragma once

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/base/arena.h"
#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "engine/journal/journal.h"

static inline char *scratch_new(void)
{
	char *folder = memory_strdup("/tmp/standin-journal-XXXXXX");
	assert_non_null(mkdtemp(folder));
	return folder;
}

static inline void scratch_free(char **folder)
{
	file_remove_tree(*folder, NULL);
	free(*folder);
}
#define SCRATCH __attribute__((cleanup(scratch_free))) char

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

static inline pid_t child_start(const char *fault, const char *scenario, const char *folder)
{
	fflush(NULL);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid)
		return pid;
	if (fault)
		setenv("STANDIN_FAULT", fault, 1);
	else
		unsetenv("STANDIN_FAULT");
	execl("/proc/self/exe", "child", "--child", scenario, folder, (char *)NULL);
	_exit(127);
}

/* Exit code, or minus the signal. */
static inline int child_wait(pid_t pid)
{
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static inline int child_run(const char *fault, const char *scenario, const char *folder)
{
	return child_wait(child_start(fault, scenario, folder));
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
