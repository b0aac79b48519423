/*
 * source.h - a text that was read, and places in it.
 *
 * Positions are byte offsets; line and column are only computed to print them (source_locate).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct source {
	const char *name; /* as the user would write it: a path, or "<input>" */
	const char *text; /* NUL-terminated */
	size_t length;
};

struct span {			     /* small: each value has one. No text that has places is longer than 4 GiB */
	const struct source *source; /* NULL: not from a text */
	uint32_t offset;	     /* bytes from the start */
	uint32_t length;	     /* bytes; 0 is a place between two bytes */
};

struct location {
	unsigned line;	 /* from 1 */
	unsigned column; /* from 1, in code points */
};

struct location source_locate(const struct source *source, size_t offset);
