/*
 * bare.h - what the bare loops share: the executions and the records that a run of Standin made, to be made again without it.
 *
 * An executions file (executions.c writes it) is a list of argument vectors: each string ends with a NUL, each vector with an
 * empty string. A journal is the file of an earlier run: its lines are written again, one write each, and those that Standin
 * syncs are synced. A step is three executions: observe, (intent) apply, observe.
 */
#pragma once

#include <stddef.h>

struct execution {
	const char *const *argv; /* NULL-terminated */
	size_t argc;
};

struct bare {
	struct execution *executions;
	size_t count;
	const char *line, *end; /* of the journal: what is to be written next */
	int copy;		/* where it is written */
};

enum bare_line { LINE_NONE, LINE_OTHER, LINE_STARTED, LINE_INTENT }; /* NONE: all are written */

typedef void (*bare_execute)(void *context, const struct execution *execution);

void bare_fail(const char *what) __attribute__((noreturn));  /* with errno's text */
void bare_open(struct bare *bare, char *const arguments[3]); /* EXECUTIONS JOURNAL COPY */
enum bare_line bare_write_line(struct bare *bare);
/* One step after the other, each execution at the place where Standin makes it. What is left of the executions is an error. */
void bare_replay(char *const arguments[3], bare_execute execute, void *context);
