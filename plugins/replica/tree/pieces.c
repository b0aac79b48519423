/*
 * pieces.c - what is read and digested ahead.
 */
#include "plugins/replica/tree/pieces.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/base/memory.h"
#include "plugins/replica/tree/ahead.h"

#define LARGE (4 * (uint64_t)PIECE_BYTES) /* a smaller file is read before a thread would have woken */

struct pieces {
	uint64_t seed;
	int fd;
	struct digest zero; /* of a block */
	struct piece pieces[AHEAD_SLOTS];
	struct ahead *ahead;
};

static void digest_hole(const struct pieces *pieces, struct piece *piece)
{
	piece->got = piece->length;
	for (size_t at = 0; at < piece->length; at += DIGEST_BLOCK) {
		size_t some = piece->length - at < DIGEST_BLOCK ? piece->length - at : DIGEST_BLOCK;
		piece->digests[piece->count++] = some == DIGEST_BLOCK ? pieces->zero : digest_zeros(pieces->seed, some);
	}
}

static void read_piece(int fd, struct piece *piece)
{
	while (piece->got < piece->length) {
		ssize_t got =
			pread(fd, piece->bytes + piece->got, piece->length - piece->got, (off_t)(piece->offset + piece->got));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			piece->failed = errno;
		if (got <= 0)
			return;
		piece->got += (size_t)got;
	}
}

static void make(void *argument, unsigned slot)
{
	struct pieces *pieces = argument;
	struct piece *piece = &pieces->pieces[slot];
	piece->got = 0;
	piece->count = 0;
	piece->failed = 0;
	if (!piece->there) {
		digest_hole(pieces, piece);
		return;
	}
	read_piece(pieces->fd, piece);
	for (size_t at = 0; at < piece->got; at += DIGEST_BLOCK) {
		size_t some = piece->got - at < DIGEST_BLOCK ? piece->got - at : DIGEST_BLOCK;
		piece->digests[piece->count++] = digest_bytes(pieces->seed, piece->bytes + at, some);
	}
}

struct pieces *pieces_new(uint64_t seed)
{
	struct pieces *pieces = memory_alloc(sizeof(*pieces));
	pieces->seed = seed;
	pieces->fd = -1;
	pieces->zero = digest_zeros(seed, DIGEST_BLOCK);
	pieces->ahead = ahead_new(make, pieces);
	return pieces;
}

void pieces_free(struct pieces *pieces)
{
	if (!pieces)
		return;
	ahead_free(pieces->ahead);
	for (unsigned i = 0; i < AHEAD_SLOTS; i++)
		free(pieces->pieces[i].bytes);
	free(pieces);
}

void pieces_begin(struct pieces *pieces, int fd, uint64_t size)
{
	ahead_begin(pieces->ahead, size < LARGE);
	pieces->fd = fd;
	if (size >= LARGE)
		posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
}

struct piece *pieces_next(struct pieces *pieces)
{
	int slot = ahead_next(pieces->ahead);
	if (slot < 0)
		return NULL;
	struct piece *piece = &pieces->pieces[slot];
	if (!piece->bytes)
		piece->bytes = memory_alloc(PIECE_BYTES);
	return piece;
}

void pieces_want(struct pieces *pieces)
{
	ahead_want(pieces->ahead);
}

struct piece *pieces_take(struct pieces *pieces)
{
	int slot = ahead_take(pieces->ahead);
	return slot < 0 ? NULL : &pieces->pieces[slot];
}
