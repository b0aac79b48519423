/*
 * cutting.h - the chunks (chunks.h) of a file that the target has. They are what one chunker finds that begins at the start of
 * the range, however many threads it takes.
 */
#pragma once

#include "plugins/replica/line/protocol.h"

/* Tells each chunk of the range, in order; -1: as tell said. It ends where the file ends, or cannot be read any further. */
int cutting_run(int fd, const struct chunk_query *query, uint64_t seed,
		int (*tell)(void *argument, const struct chunk *chunk, struct error *err), void *argument, struct error *err);
