/*
 * workers.h - the same work on many items by several processes of this program; what comes out is accepted in the order of the
 * items, so that nobody can tell how many there were.
 *
 *   this process                         workers (forked)
 *   work(0), accept(0)
 *   fork, fork, ...                      work(i) into a buffer -> pipe: item, length, bytes
 *   accept(1), accept(2), ...                next i, until there is none
 *
 * The first item is worked on before anything is forked: what that reads and keeps, all workers have. Few items, or one CPU,
 * and everything is done here. Work must be for a process that may be thrown away: it prints nothing, and changes nothing
 * outside.
 */
#pragma once

#include <stddef.h>

#include "engine/base/buffer.h"
#include "engine/base/error.h"

struct workers {
	void (*work)(void *context, size_t item, struct buffer *out);
	void (*accept)(void *context, size_t item, const char *data, size_t length);
	void *context;
	unsigned limit; /* processes; 0: as many as there are CPUs */
};

/* *ret_accepted: how many items were accepted, from the first. -1: the one behind them was lost, for a worker has died. */
int workers_map(const struct workers *workers, size_t count, size_t *ret_accepted, struct error *err);
