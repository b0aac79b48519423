/*
 * cutting.c - parts of the range are cut ahead, each from its own start (ahead.h). Where the cuts of a part do not begin with
 * the end of the last chunk before, chunks are cut one by one until they do, which is soon: content decides, not where it
 * began.
 */
#include "plugins/replica/target/cutting.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/base/memory.h"
#include "plugins/replica/tree/ahead.h"

#define PART_CHUNKS 64u /* of the wished length: 16 MiB at least */
#define READ	    (256u * 1024)

struct part {
	uint64_t start, end; /* its last chunk may end behind it */
	struct chunk *chunks;
	size_t count, capacity;
};

struct cutting {
	int fd;
	unsigned bits;
	uint64_t seed;
	uint64_t end; /* of the range */
	struct part parts[AHEAD_SLOTS];
};

/* What a chunker is asked for: chunks up to a place. */
struct cut {
	const struct cutting *cutting;
	struct part *part;
	uint64_t at; /* the end of the last one */
};

static int add_chunk(void *argument, const uint8_t *bytes, size_t length, struct error *err)
{
	struct cut *cut = argument;
	struct part *part = cut->part;
	(void)err;
	if (cut->at >= part->end)
		return 0; /* what was read besides */
	if (part->count == part->capacity) {
		part->capacity = part->capacity ? part->capacity * 2 : 2 * PART_CHUNKS;
		part->chunks = memory_resize(part->chunks, part->capacity * sizeof(*part->chunks));
	}
	part->chunks[part->count++] = (struct chunk){
		.digest = digest_bytes(cut->cutting->seed, bytes, length), .offset = cut->at, .length = (uint32_t)length};
	cut->at += length;
	return 0;
}

static void cut_part(const struct cutting *cutting, struct part *part)
{
	struct cut cut = {.cutting = cutting, .part = part, .at = part->start};
	struct chunker *chunker = chunker_new(cutting->bits, add_chunk, &cut);
	CLEANUP_FREE uint8_t *bytes = memory_alloc(READ);
	part->count = 0;
	for (uint64_t at = part->start; cut.at < part->end && at < cutting->end;) {
		size_t want = cutting->end - at < READ ? (size_t)(cutting->end - at) : READ;
		ssize_t got = pread(cutting->fd, bytes, want, (off_t)at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) /* its end; or it cannot be read, and then the source will send it all */
			break;
		chunker_add(chunker, bytes, (size_t)got, NULL);
		at += (uint64_t)got;
	}
	if (cut.at < part->end)
		chunker_end(chunker, NULL);
	chunker_free(chunker);
}

static void work(void *argument, unsigned slot)
{
	struct cutting *cutting = argument;
	cut_part(cutting, &cutting->parts[slot]);
}

struct joining {
	const struct cutting *cutting;
	int (*tell)(void *argument, const struct chunk *chunk, struct error *err);
	void *argument;
	uint64_t at; /* so far all is told */
	struct part one;
};

static int tell_all(struct joining *joining, const struct part *part, size_t first, struct error *err)
{
	for (size_t i = first; i < part->count; i++) {
		if (joining->tell(joining->argument, &part->chunks[i], err) < 0)
			return -1;
		joining->at = part->chunks[i].offset + part->chunks[i].length;
	}
	return 0;
}

/* 1; 0: it is the end, for nothing more can be read; -1. */
static int join(struct joining *joining, const struct part *part, struct error *err)
{
	size_t first = 0;
	while (joining->at < part->end) {
		while (first < part->count && part->chunks[first].offset < joining->at)
			first++;
		if (first < part->count && part->chunks[first].offset == joining->at)
			return tell_all(joining, part, first, err) < 0 ? -1 : joining->at >= part->end;
		joining->one.start = joining->at;
		joining->one.end = joining->at + 1; /* one chunk */
		cut_part(joining->cutting, &joining->one);
		if (!joining->one.count)
			return 0;
		if (tell_all(joining, &joining->one, 0, err) < 0)
			return -1;
	}
	return 1;
}

static void want_parts(struct cutting *cutting, struct ahead *ahead, uint64_t *wanted)
{
	int slot;
	while (*wanted < cutting->end && (slot = ahead_next(ahead)) >= 0) {
		const uint64_t length = (uint64_t)PART_CHUNKS << cutting->bits, left = cutting->end - *wanted;
		cutting->parts[slot].start = *wanted;
		cutting->parts[slot].end = *wanted += left < length ? left : length;
		ahead_want(ahead);
	}
}

int cutting_run(int fd, const struct chunk_query *query, uint64_t seed,
		int (*tell)(void *argument, const struct chunk *chunk, struct error *err), void *argument, struct error *err)
{
	struct cutting cutting = {.fd = fd, .bits = query->bits, .seed = seed};
	const off_t size = lseek(fd, 0, SEEK_END);
	if (size <= 0 || (uint64_t)size <= query->offset)
		return 0;
	cutting.end = (uint64_t)size - query->offset < query->length ? (uint64_t)size : query->offset + query->length;
	posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	struct joining joining = {.cutting = &cutting, .tell = tell, .argument = argument, .at = query->offset};
	struct ahead *ahead = ahead_new(work, &cutting);
	uint64_t wanted = query->offset;
	int result = 1, slot;
	ahead_begin(ahead, false);
	for (want_parts(&cutting, ahead, &wanted); result > 0 && (slot = ahead_take(ahead)) >= 0;) {
		want_parts(&cutting, ahead, &wanted);
		result = join(&joining, &cutting.parts[slot], err);
	}
	ahead_free(ahead);
	for (unsigned i = 0; i < AHEAD_SLOTS; i++)
		free(cutting.parts[i].chunks);
	free(joining.one.chunks);
	return result < 0 ? -1 : 0;
}
