/*
 * bare.h - what the two loops share: the executions and the records that a run of Standin made, to be made again without it.
 *
 * An executions file (executions.c writes it) is a list of argument vectors: each string ends with a NUL, each vector with an
 * empty string. A journal is the file of an earlier run. bare_replay writes its lines again, one write each, syncs those that
 * Standin syncs, and makes three executions a step at the places where Standin makes them: observe, (intent) apply, observe.
 */
#pragma once

#include <stddef.h>

struct execution {
	const char *const *argv; /* NULL-terminated */
	size_t argc;
};

typedef void (*bare_execute)(void *context, const struct execution *execution);

void bare_fail(const char *what) __attribute__((noreturn)); /* with errno's text */
/* arguments: EXECUTIONS JOURNAL COPY. What is left of the executions is an error. */
void bare_replay(char *const arguments[3], bare_execute execute, void *context);
