/*
 * content.h - reads the content of a regular file once: its digest, its block list, and what of it is to be sent.
 */
#pragma once

#include "plugins/replica/tree/blocks.h"
#include "plugins/replica/format/entry.h"

struct content; /* buffers, used for one file after the other */

struct content *content_new(uint64_t seed);
void content_free(struct content *content); /* NULL is fine */

/* Where content goes; offsets ascend. A function may be NULL. */
struct content_sink {
	int (*data)(void *argument, uint64_t offset, const void *bytes, size_t length, struct error *err);
	int (*hole)(void *argument, uint64_t offset, uint64_t length, struct error *err);
	void (*progress)(void *argument, uint64_t offset); /* so far was read; holes count */
	void *argument;
};

enum content_flags {
	CONTENT_SPARSE = 1 << 0, /* ask for holes, and do not read them */
	CONTENT_ZEROS = 1 << 1,	 /* a block of zeros is a hole */
};

/* Reads `size` bytes from the start (fewer if it has shrunk: *ret_size), or what is there of them. base (may be NULL): only
 * blocks that differ from this list go to the sink. list (may be NULL): where block digests are kept. */
int content_read(struct content *content, int fd, uint64_t size, unsigned flags, struct blocks *base, struct blocks *list,
		 const struct content_sink *sink, uint64_t *ret_size, struct digest *ret_digest, struct error *err);

/* As content_read, of a file of which a list of its blocks was made already: only those that are others in base are read, and
 * go to the sink. 1; 0: it is not what the list says (any more), and some of it may have gone to the sink; -1. Holes are data.
 */
int content_read_changed(int fd, uint64_t size, uint64_t seed, struct blocks *base, struct blocks *list,
			 const struct content_sink *sink, struct error *err);
