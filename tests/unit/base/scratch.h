/*
 * scratch.h - a folder of one's own, and children that may die: STANDIN_FAULT is read once a process, so a test with a fault runs
 * its work in a fork that has not read it yet.
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
	char *folder = memory_strdup("/tmp/standin-base-XXXXXX");
	assert_non_null(mkdtemp(folder));
	return folder;
}

static inline void scratch_free(char **folder)
{
	file_remove_tree(*folder, NULL);
	free(*folder);
}
#define SCRATCH __attribute__((cleanup(scratch_free))) char

/* Runs work in a child with that fault. Its return value, or minus the signal that ended it. */
static inline int with_fault(const char *fault, int (*work)(const char *folder), const char *folder)
{
	int status;
	fflush(NULL);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		if (fault)
			setenv("STANDIN_FAULT", fault, 1);
		else
			unsetenv("STANDIN_FAULT");
		_exit(work(folder));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
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
