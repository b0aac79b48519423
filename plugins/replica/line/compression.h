/*
 * compression.h - frames that are compressed (zstd, level 1), where that is worth it: whether the line is slower than the
 * compressor is measured while it goes on.
 *
 * A frame is compressed by itself, and only if it gets smaller; a flag in its header says so (frame.h). AUTO: a byte on the
 * line costs so many nanoseconds, a byte through the compressor so many, and the rest of it is so long: all three as of late.
 * While frames go out as they are, one of 64 is compressed all the same, to know.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/buffer.h"
#include "engine/base/error.h"

enum compression {
	COMPRESSION_AUTO,
	COMPRESSION_ZSTD, /* whatever the line is like */
	COMPRESSION_NONE,
};

struct compressor;

/* clock: nanoseconds that only grow; NULL: the system's. */
struct compressor *compressor_new(enum compression how, int64_t (*clock)(void));
void compressor_free(struct compressor *compressor); /* NULL is fine */
/* False: send it as it is. *ret_data is borrowed until the next call. */
bool compressor_try(struct compressor *compressor, const void *data, size_t length, const void **ret_data, size_t *ret_length);
int64_t compressor_clock(const struct compressor *compressor);
/* So many bytes went out, and the line took so long to take them. */
void compressor_sent(struct compressor *compressor, size_t length, int64_t nanoseconds);

/* Into *ret_data, which is emptied first: at most `limit` bytes, else ERROR_CORRUPT. */
int decompress(const void *data, size_t length, size_t limit, struct buffer *ret_data, struct error *err);
