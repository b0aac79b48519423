/*
 * content.c - a file chunk by chunk. Of the 64 blocks of a chunk one word says which are there, and another which differ.
 */
#include "plugins/replica/tree/content.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/base/memory.h"

#define CHUNK_BLOCKS  (CONTENT_CHUNK / DIGEST_BLOCK)
#define CHUNK_REGIONS (CHUNK_BLOCKS / DIGEST_FAN)

struct content {
	struct digest_stream *stream;
	uint64_t seed;
	uint8_t *buffer;		     /* one chunk */
	struct digest digests[CHUNK_BLOCKS]; /* of the chunk's blocks */
	unsigned count;
	struct blocks *list;
	int fd;
	uint64_t data_start, data_end; /* the extent of data at or behind the present place */
};

static void take_region(void *argument, const struct digest *blocks, unsigned count)
{
	struct content *content = argument;
	if (content->count + count > CHUNK_BLOCKS)
		return; /* not reached: chunks hold whole regions */
	memcpy(content->digests + content->count, blocks, count * sizeof(*blocks));
	content->count += count;
	if (content->list)
		blocks_add(content->list, blocks, count);
}

struct content *content_new(uint64_t seed)
{
	struct content *content = memory_alloc(sizeof(*content));
	content->seed = seed;
	content->stream = digest_stream_new(seed);
	content->buffer = memory_alloc(CONTENT_CHUNK);
	digest_stream_watch(content->stream, take_region, content);
	return content;
}

void content_free(struct content *content)
{
	if (!content)
		return;
	digest_stream_free(content->stream);
	free(content->buffer);
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

/* Which of the chunk's blocks have data. */
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

static int read_chunk(struct content *content, uint64_t offset, size_t length, size_t *ret_got, struct error *err)
{
	size_t there = 0;
	while (there < length) {
		ssize_t got = pread(content->fd, content->buffer + there, length - there, (off_t)(offset + there));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set_errno(err, errno, "cannot read it");
		if (got == 0)
			break;
		there += (size_t)got;
	}
	*ret_got = there;
	return 0;
}

/* Which of the chunk's blocks are other than in base. */
static int find_changed(const struct content *content, struct blocks *base, uint64_t offset, uint64_t *ret_changed,
			struct error *err)
{
	*ret_changed = UINT64_MAX;
	for (unsigned r = 0; base && r < CHUNK_REGIONS; r++) {
		const struct digest *old;
		unsigned count;
		if (blocks_region(base, offset / DIGEST_REGION + r, &old, &count, err) < 0)
			return -1;
		for (unsigned b = 0; b < count && r * DIGEST_FAN + b < content->count; b++)
			if (digest_equal(&old[b], &content->digests[r * DIGEST_FAN + b]))
				*ret_changed &= ~(UINT64_C(1) << (r * DIGEST_FAN + b));
	}
	return 0;
}

static uint64_t find_zeros(const struct content *content)
{
	uint64_t zeros = 0;
	const struct digest zero = digest_zeros(content->seed, DIGEST_BLOCK);
	for (unsigned block = 0; block < content->count; block++)
		zeros |= (uint64_t)digest_equal(&content->digests[block], &zero) << block;
	return zeros;
}

/* Gives the blocks of one word as runs to the sink. */
static int emit(const struct content *content, uint64_t offset, size_t length, uint64_t there, uint64_t changed,
		const struct content_sink *sink, struct error *err)
{
	unsigned blocks = (unsigned)((length + DIGEST_BLOCK - 1) / DIGEST_BLOCK);
	for (unsigned first = 0, next; first < blocks; first = next) {
		bool send = changed >> first & 1, data = there >> first & 1;
		for (next = first + 1; next < blocks && (changed >> next & 1) == send && (there >> next & 1) == data; next++)
			;
		size_t from = first * DIGEST_BLOCK, to = next * DIGEST_BLOCK < length ? next * DIGEST_BLOCK : length;
		int result = 0;
		if (send && data && sink->data)
			result = sink->data(sink->argument, offset + from, content->buffer + from, to - from, err);
		else if (send && !data && sink->hole)
			result = sink->hole(sink->argument, offset + from, to - from, err);
		if (result < 0)
			return -1;
	}
	return 0;
}

int content_read(struct content *content, int fd, uint64_t size, unsigned flags, struct blocks *base, struct blocks *list,
		 const struct content_sink *sink, uint64_t *ret_size, struct digest *ret_digest, struct error *err)
{
	static const struct content_sink nowhere;
	content->fd = fd;
	content->list = list;
	content->data_start = content->data_end = 0;
	digest_stream_reset(content->stream);
	*ret_size = size;
	bool ended = false;
	for (uint64_t offset = 0; !ended; offset += CONTENT_CHUNK) {
		size_t length = *ret_size - offset < CONTENT_CHUNK ? (size_t)(*ret_size - offset) : CONTENT_CHUNK;
		uint64_t there = UINT64_MAX, changed;
		content->count = 0;
		if ((flags & CONTENT_SPARSE) && find_blocks(content, offset, offset + length, &there, err) < 0)
			return -1;
		if (there) {
			size_t got = 0;
			if (read_chunk(content, offset, length, &got, err) < 0)
				return -1;
			if (got < length) { /* it has shrunk; the caller will see that it changed */
				length = got;
				*ret_size = offset + got;
			}
			digest_stream_add(content->stream, content->buffer, length);
		} else {
			digest_stream_skip(content->stream, length);
		}
		ended = offset + length >= *ret_size;
		if (sink && sink->progress)
			sink->progress(sink->argument, offset + length);
		if (ended)
			*ret_digest = digest_stream_end(content->stream);
		if (flags & CONTENT_ZEROS)
			there &= ~find_zeros(content);
		if (find_changed(content, base, offset, &changed, err) < 0 ||
		    emit(content, offset, length, there, changed, sink ? sink : &nowhere, err) < 0)
			return -1;
	}
	return 0;
}
