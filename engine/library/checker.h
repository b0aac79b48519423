/*
 * checker.h - run a program that checks something: bytes in, what it said and its exit code out. Private to library/.
 */
#pragma once

#include "engine/base/buffer.h"
#include "engine/base/error.h"

struct checked {
	int code;	      /* exit code; -1: ended by a signal */
	struct buffer output; /* of stdout */
	struct buffer errors; /* of stderr */
};

/* The program is looked up in PATH and gets nothing of this process's environment but that; home is its HOME, LC_ALL is C, TZ
 * is UTC. Half a minute, and 64 KiB of output of either kind. Free with checked_free, also after an error. */
int checker_run(const char *const *argv, const char *home, const void *input, size_t length, struct checked *ret_checked,
		struct error *err);
void checked_free(struct checked *checked);
#define CLEANUP_CHECKED __attribute__((cleanup(checked_free)))
