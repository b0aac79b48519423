/*
 * content.c - a file piece by piece, in order; threads read ahead (pieces.h). Of the 64 blocks of a piece one word says which
 * are there, and another which differ.
 */
#include "plugins/replica/tree/content.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/base/memory.h"
#include "plugins/replica/tree/pieces.h"

struct content {
	struct digest_stream *stream;
	struct pieces *pieces;
	uint64_t seed;
	int fd;
	uint64_t wanted, size;	       /* so far pieces are wanted, of so many bytes */
	uint64_t data_start, data_end; /* the extent of data at or behind the present place */
};

struct content *content_new(uint64_t seed)
{
	struct content *content = memory_alloc(sizeof(*content));
	content->seed = seed;
	content->stream = digest_stream_new(seed);
	content->pieces = pieces_new(seed);
	return content;
}

void content_free(struct content *content)
{
	if (!content)
		return;
	digest_stream_free(content->stream);
	pieces_free(content->pieces);
	free(content);
}

/* Makes data_start..data_end the first data that ends behind offset; both UINT64_MAX: only a hole is left. */
static int find_extent(struct content *content, uint64_t offset, struct error *err)
{
	if (offset < content->data_end)
		return 0;
	off_t start = lseek(content->fd, (off_t)offset, SEEK_DATA);
	off_t end = start < 0 ? -1 : lseek(content->fd, start, SEEK_HOLE);
	if (end < 0 && errno != ENXIO)
		return error_set_errno(err, errno, "cannot look for holes");
	content->data_start = end < 0 ? UINT64_MAX : (uint64_t)start;
	content->data_end = end < 0 ? UINT64_MAX : (uint64_t)end;
	return 0;
}

/* Which of the piece's blocks have data. */
static int find_blocks(struct content *content, uint64_t offset, uint64_t end, uint64_t *ret_there, struct error *err)
{
	*ret_there = 0;
	for (uint64_t at = offset; at < end;) {
		if (find_extent(content, at, err) < 0)
			return -1;
		if (content->data_start >= end)
			break;
		uint64_t from = content->data_start > at ? content->data_start : at;
		uint64_t to = content->data_end < end ? content->data_end : end;
		for (uint64_t block = (from - offset) / DIGEST_BLOCK; block * DIGEST_BLOCK < to - offset; block++)
			*ret_there |= UINT64_C(1) << block;
		at = to;
	}
	return 0;
}

/* Wants as many pieces as may be wanted. */
static int read_ahead(struct content *content, unsigned flags, struct error *err)
{
	struct piece *piece;
	while (content->wanted < content->size && (piece = pieces_next(content->pieces))) {
		uint64_t left = content->size - content->wanted;
		piece->offset = content->wanted;
		piece->length = left < PIECE_BYTES ? (size_t)left : PIECE_BYTES;
		piece->there = UINT64_MAX;
		if ((flags & CONTENT_SPARSE) &&
		    find_blocks(content, piece->offset, piece->offset + piece->length, &piece->there, err) < 0)
			return -1;
		content->wanted += piece->length;
		pieces_want(content->pieces);
	}
	return 0;
}

/* Which of the piece's blocks are other than in base. */
static int find_changed(const struct piece *piece, struct blocks *base, uint64_t *ret_changed, struct error *err)
{
	*ret_changed = UINT64_MAX;
	for (unsigned first = 0; base && first < piece->count; first += DIGEST_FAN) {
		const struct digest *old;
		unsigned count;
		if (blocks_region(base, piece->offset / DIGEST_REGION + first / DIGEST_FAN, &old, &count, err) < 0)
			return -1;
		for (unsigned b = 0; b < count && first + b < piece->count; b++)
			if (digest_equal(&old[b], &piece->digests[first + b]))
				*ret_changed &= ~(UINT64_C(1) << (first + b));
	}
	return 0;
}

static uint64_t find_zeros(const struct content *content, const struct piece *piece)
{
	uint64_t zeros = 0;
	const struct digest zero = digest_zeros(content->seed, DIGEST_BLOCK);
	for (unsigned block = 0; block < piece->count; block++)
		zeros |= (uint64_t)digest_equal(&piece->digests[block], &zero) << block;
	return zeros;
}

/* Gives the blocks of one word as runs to the sink. */
static int emit(const struct piece *piece, uint64_t there, uint64_t changed, const struct content_sink *sink, struct error *err)
{
	for (unsigned first = 0, next; first < piece->count; first = next) {
		bool send = changed >> first & 1, data = there >> first & 1;
		for (next = first + 1; next < piece->count && (changed >> next & 1) == send && (there >> next & 1) == data;
		     next++)
			;
		size_t from = first * DIGEST_BLOCK, to = next * DIGEST_BLOCK < piece->got ? next * DIGEST_BLOCK : piece->got;
		int result = 0;
		if (send && data && sink->data)
			result = sink->data(sink->argument, piece->offset + from, piece->bytes + from, to - from, err);
		else if (send && !data && sink->hole)
			result = sink->hole(sink->argument, piece->offset + from, to - from, err);
		if (result < 0)
			return -1;
	}
	return 0;
}

/* One piece, read: into the digest and the list, and what differs from the base to the sink. */
static int take_piece(struct content *content, const struct piece *piece, unsigned flags, struct blocks *base,
		      struct blocks *list, const struct content_sink *sink, struct error *err)
{
	uint64_t there = piece->there, changed;
	if (piece->failed)
		return error_set_errno(err, piece->failed, "cannot read it");
	if (piece->got < piece->length) /* it has shrunk; the caller will see that it changed */
		content->size = piece->offset + piece->got;
	digest_stream_blocks(content->stream, piece->digests, piece->count);
	if (list)
		blocks_add(list, piece->digests, piece->count);
	if (sink->progress)
		sink->progress(sink->argument, piece->offset + piece->got);
	if (flags & CONTENT_ZEROS)
		there &= ~find_zeros(content, piece);
	return find_changed(piece, base, &changed, err) < 0 ? -1 : emit(piece, there, changed, sink, err);
}

int content_read(struct content *content, int fd, uint64_t size, unsigned flags, struct blocks *base, struct blocks *list,
		 const struct content_sink *sink, uint64_t *ret_size, struct digest *ret_digest, struct error *err)
{
	static const struct content_sink nowhere;
	const struct piece *piece;
	content->fd = fd;
	content->data_start = content->data_end = 0;
	content->wanted = 0;
	content->size = size;
	digest_stream_reset(content->stream);
	pieces_begin(content->pieces, fd, size);
	int result = read_ahead(content, flags, err);
	for (uint64_t done = 0; result == 0 && done < content->size && (piece = pieces_take(content->pieces));) {
		result = read_ahead(content, flags, err); /* before anything that takes time is done with this one */
		if (result == 0)
			result = take_piece(content, piece, flags, base, list, sink ? sink : &nowhere, err);
		done = piece->offset + piece->length;
	}
	pieces_begin(content->pieces, -1, 0); /* who closes the file must not find it read */
	*ret_size = content->size;
	*ret_digest = digest_stream_end(content->stream);
	return result;
}

/* --- by two lists --- */

/* Some blocks in a row, if they are what the list says. 1; 0: they are not; -1. */
static int read_blocks(int fd, uint64_t offset, size_t length, uint64_t seed, const struct digest *digests,
		       const struct content_sink *sink, struct error *err)
{
	uint8_t bytes[DIGEST_REGION];
	ssize_t got = pread(fd, bytes, length, (off_t)offset);
	if (got < 0)
		return error_set_errno(err, errno, "cannot read it");
	if ((size_t)got != length)
		return 0;
	for (size_t at = 0; at < length; at += DIGEST_BLOCK) {
		struct digest now = digest_bytes(seed, bytes + at, length - at < DIGEST_BLOCK ? length - at : DIGEST_BLOCK);
		if (!digest_equal(&now, &digests[at / DIGEST_BLOCK]))
			return 0;
	}
	return sink->data(sink->argument, offset, bytes, length, err) < 0 ? -1 : 1;
}

/* The same of all blocks of a region that differ. */
static int read_region(int fd, uint64_t offset, uint64_t size, uint64_t seed, struct blocks *base, struct blocks *list,
		       const struct content_sink *sink, struct error *err)
{
	const struct digest *old, *now;
	unsigned olds, count;
	const uint64_t region = offset / DIGEST_REGION, end = size - offset < DIGEST_REGION ? size : offset + DIGEST_REGION;
	if (blocks_region(base, region, &old, &olds, err) < 0 || blocks_region(list, region, &now, &count, err) < 0)
		return -1;
	if (count != (end - offset + DIGEST_BLOCK - 1) / DIGEST_BLOCK)
		return 0;
	for (unsigned first = 0, next; first < count; first = next) {
		bool same = first < olds && digest_equal(&old[first], &now[first]);
		for (next = first + 1; next < count && (next < olds && digest_equal(&old[next], &now[next])) == same; next++)
			;
		uint64_t from = offset + first * DIGEST_BLOCK, to = next == count ? end : offset + next * DIGEST_BLOCK;
		int result = same ? 1 : read_blocks(fd, from, (size_t)(to - from), seed, now + first, sink, err);
		if (result <= 0)
			return result;
	}
	return 1;
}

int content_read_changed(int fd, uint64_t size, uint64_t seed, struct blocks *base, struct blocks *list,
			 const struct content_sink *sink, struct error *err)
{
	int result = 1;
	for (uint64_t offset = 0; result > 0 && offset < size; offset += DIGEST_REGION) {
		result = read_region(fd, offset, size, seed, base, list, sink, err);
		if (result > 0 && sink->progress)
			sink->progress(sink->argument, offset);
	}
	return result;
}
