/*
 * scratch.h - a folder of one's own, and children that may die. STANDIN_FAULT is read once a process, so a test with a fault
 * runs its work in this very program again: --child WORK FOLDER.
 */
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/base/file.h"
#include "engine/base/memory.h"

static inline char *scratch_new(void)
{
	char *folder = memory_strdup("/tmp/standin-test-XXXXXX");
	assert_non_null(mkdtemp(folder));
	return folder;
}

static inline void scratch_free(char **folder)
{
	file_remove_tree(*folder, NULL);
	free(*folder);
}
#define SCRATCH __attribute__((cleanup(scratch_free))) char

struct child {
	const char *work;
	int (*function)(const char *folder); /* gives the exit code */
};

static inline pid_t child_start(const char *fault, const char *work, const char *folder)
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
	execl("/proc/self/exe", "child", "--child", work, folder, (char *)NULL);
	_exit(127);
}

/* Its exit code, or minus the signal that ended it. */
static inline int child_wait(pid_t pid)
{
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static inline int child_run(const char *fault, const char *work, const char *folder)
{
	return child_wait(child_start(fault, work, folder));
}

/* To be called first in main: -1 if this is no child, else its exit code. */
static inline int child_main(int argc, char **argv, const struct child *children, size_t count)
{
	if (argc < 4 || strcmp(argv[1], "--child") != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (strcmp(children[i].work, argv[2]) == 0)
			return children[i].function(argv[3]);
	return 126;
}

/* The file's text; NULL: it is not there. */
static inline char *content_of(const char *folder, const char *name)
{
	CLEANUP_FREE char *path = file_join(folder, name);
	char *text = NULL;
	size_t length;
	file_read(path, FILE_NO_LIMIT, &text, &length, NULL);
	return text;
}
