/*
 * pieces.h - a file in pieces of 256 KiB that are read and digested ahead (ahead.h), while whoever asked for them compares,
 * sends or writes what came before. Not a way to write, and not for two files at once.
 */
#pragma once

#include <stdbool.h>

#include "plugins/replica/format/digest.h"

#define PIECE_BYTES  (256u * 1024) /* whole regions (digest.h) */
#define PIECE_BLOCKS (PIECE_BYTES / DIGEST_BLOCK)

struct piece {
	uint64_t offset; /* its blocks begin there */
	size_t length;	 /* 1..PIECE_BYTES */
	uint64_t there;	 /* which of its blocks have data; 0: all is a hole, and is not read */
	uint8_t *bytes;	 /* out, as all below */
	size_t got;	 /* fewer than length: the file ends there */
	int failed;	 /* errno, or 0 */
	struct digest digests[PIECE_BLOCKS];
	unsigned count; /* of them */
};

struct pieces;

struct pieces *pieces_new(uint64_t seed);
void pieces_free(struct pieces *pieces); /* NULL is fine */
/* What was wanted of another file and not taken is forgotten. size: bytes, about; the threads are started for a large one. */
void pieces_begin(struct pieces *pieces, int fd, uint64_t size);
/* One to be filled in (offset, length, there); NULL: as many are wanted as may be. */
struct piece *pieces_next(struct pieces *pieces);
void pieces_want(struct pieces *pieces); /* the one that pieces_next gave */
/* The oldest one that is wanted, complete; NULL: none is. Borrowed until the next take or begin. */
struct piece *pieces_take(struct pieces *pieces);
