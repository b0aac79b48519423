/*
 * quiesce.h - what writes to a source is stopped for a while by a command, and started again by another: always.
 *
 * A process of its own (the watchdog) is started first. It runs the second command when it is told to, when this agent has died
 * in whatever way, and when it has taken too long. Should that process be killed as well, a mark in the state folder is left,
 * with the command in it: it is run before anything else the next time.
 */
#pragma once

#include <stdint.h>

#include "engine/base/error.h"

struct quiesce {
	const char *const *stop, *const *start; /* NULL-terminated argvs; stop may be NULL: nothing is to be done */
	int64_t limit; /* nanoseconds from the beginning of stop until start is run, come what may; 0: a minute */
};

struct quiesced;

/* Runs what an agent that was killed could not. */
int quiesce_recover(const char *state, struct error *err);
/* Runs stop. If it fails, start is run, and that is the error. */
int quiesce_begin(const struct quiesce *quiesce, const char *state, struct quiesced **ret_quiesced, struct error *err);
/* Runs start, if that was not done. ERROR_TIMEOUT: it was done before its time, because the limit had passed; what was read
 * since may be anything. Frees; NULL is fine. */
int quiesce_end(struct quiesced *quiesced, struct error *err);
