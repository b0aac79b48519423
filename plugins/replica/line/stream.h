/*
 * stream.h - bytes in order to the other end and back: two descriptors (a pipe pair, a socket, what ssh carries). TLS 1.3 comes
 * behind the same functions: it is another implementation of the two pointers.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "engine/base/error.h"

struct stream {
	/* As read(2) and write(2): at least one byte, 0 at the end of reading, -1 with *err. Writing returns when all is
	 * written. */
	ssize_t (*read)(struct stream *stream, void *data, size_t limit, struct error *err);
	int (*write)(struct stream *stream, const void *data, size_t length, struct error *err);
	void (*close)(struct stream *stream); /* may be NULL */
	const char *name;		      /* for messages: "the target", "batch/log" */
	int input, output;		      /* descriptors, not owned; -1: none */
	uint64_t bytes_in, bytes_out;	      /* what went over the line */
};

struct stream stream_of_fds(const char *name, int input, int output);
