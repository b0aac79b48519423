/*
 * rebuild.c - which chunks of a new content the target has already.
 */
#include "plugins/replica/source/rebuild.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/memory.h"
#include "plugins/replica/line/protocol.h"

#define MIB	(UINT64_C(1) << 20)
#define SAMPLES 256u	  /* blocks that are looked at */
#define MOVED	32u	  /* so many of them in a row are others: an eighth of the file */
#define WINDOW	(8 * MIB) /* asked for to try it out */
#define WINDOWS 3u	  /* at each quarter of the file */
#define TRY_FIRST                                                                                                              \
	(64 * MIB) /* files larger than that; and after so many bytes without a chunk found, no more are looked for            \
		    */

struct rebuild {
	struct chunk_list list; /* what the target has */
	struct chunker *chunker;
	uint64_t seed;
	uint64_t at;		  /* of the new file: where the next bytes belong */
	uint64_t start;		  /* of the present chunk */
	uint64_t found;		  /* chunks */
	const struct chunk *next; /* the target's chunk behind the last that was found; NULL: not known */
	uint8_t *bytes;		  /* what may be this chunk */
	size_t length, capacity;  /* of them */
	struct record copy;	  /* pending; length 0: none */
	bool given_up;		  /* all is data */
	struct rebuild_sink sink;
};

/* --- is it worth it? --- */

bool rebuild_is_moved(int fd, uint64_t size, uint64_t seed, struct blocks *base)
{
	uint8_t bytes[DIGEST_BLOCK];
	unsigned row = 0;
	const uint64_t blocks = size / DIGEST_BLOCK;
	for (unsigned sample = 0; sample < SAMPLES && row < MOVED; sample++) {
		const struct digest *old;
		unsigned count;
		uint64_t block = blocks * sample / SAMPLES;
		if (pread(fd, bytes, sizeof(bytes), (off_t)(block * DIGEST_BLOCK)) != sizeof(bytes) ||
		    blocks_region(base, block / DIGEST_FAN, &old, &count, NULL) < 0 || block % DIGEST_FAN >= count)
			return false;
		struct digest now = digest_bytes(seed, bytes, sizeof(bytes));
		row = digest_equal(&now, &old[block % DIGEST_FAN]) ? 0 : row + 1;
	}
	return row == MOVED;
}

static int ask(struct run *run, struct rebuild *rebuild, const struct entry *entry, uint64_t size, uint64_t offset,
	       uint64_t length, struct error *err)
{
	struct chunk_query query = {.offset = offset, .length = length, .bits = chunk_bits(size)};
	strcpy(query.folder, run->folder->path); /* NOLINT: both are bounded by what a walk gives */
	strcpy(query.name, entry->name);	 /* NOLINT */
	return run->cycle->ask(run->cycle->ask_argument, &query, &rebuild->list, err);
}

static int count_chunk(void *argument, const uint8_t *bytes, size_t length, struct error *err)
{
	struct rebuild *rebuild = argument;
	const struct digest digest = digest_bytes(rebuild->seed, bytes, length);
	(void)err;
	rebuild->found += chunk_list_find(&rebuild->list, &digest) != NULL;
	return 0;
}

/* Looks in the new content around an offset for chunks that the list has. */
static void look_around(struct rebuild *rebuild, int fd, unsigned bits, uint64_t offset)
{
	const uint64_t start = offset > MIB ? offset - MIB : 0;
	CLEANUP_FREE uint8_t *bytes = memory_alloc(WINDOW + 2 * MIB);
	ssize_t got = pread(fd, bytes, WINDOW + 2 * MIB, (off_t)start);
	struct chunker *chunker = chunker_new(bits, count_chunk, rebuild);
	if (got > 0)
		chunker_add(chunker, bytes, (size_t)got, NULL);
	chunker_free(chunker);
}

/* 1: some chunks of the windows are there, 0: none, -1. */
static int try_out(struct run *run, struct rebuild *rebuild, int fd, const struct entry *entry, const struct entry *old,
		   struct error *err)
{
	const uint64_t size = old->meta.size, longer = entry->meta.size - size; /* modulo 2^64: it may be shorter */
	for (unsigned window = 1; window <= WINDOWS; window++)
		if (ask(run, rebuild, entry, size, size / (WINDOWS + 1) * window, WINDOW, err) < 0)
			return -1;
	for (unsigned window = 1; window <= WINDOWS && !rebuild->found; window++) {
		uint64_t offset = size / (WINDOWS + 1) * window;
		look_around(rebuild, fd, chunk_bits(size), offset);
		if (longer + MIB > 2 * MIB && offset + longer < entry->meta.size)
			look_around(rebuild, fd, chunk_bits(size), offset + longer);
	}
	return rebuild->found > 0;
}

/* --- matching --- */

static int flush_copy(struct rebuild *rebuild, struct error *err)
{
	const struct record *copy = &rebuild->copy;
	if (!copy->length)
		return 0;
	int result = rebuild->sink.copy(rebuild->sink.argument, copy->offset, copy->length, copy->from, err);
	rebuild->copy.length = 0;
	return result;
}

static int put_data(const struct rebuild *rebuild, uint64_t offset, const uint8_t *bytes, size_t length, struct error *err)
{
	for (size_t some; length; length -= some, bytes += some, offset += some) {
		some = length < RECORD_DATA ? length : RECORD_DATA;
		if (rebuild->sink.data(rebuild->sink.argument, offset, bytes, some, err) < 0)
			return -1;
	}
	return 0;
}

/* The target has the next bytes: they are those of this chunk. */
static int take_found(struct rebuild *rebuild, const struct chunk *chunk, struct error *err)
{
	struct record *copy = &rebuild->copy;
	const uint64_t offset = rebuild->start, length = chunk->length;
	const struct chunk *next = chunk + 1, *end = rebuild->list.chunks + rebuild->list.count;
	rebuild->start += length;
	rebuild->found++;
	bool known = next < end && next->offset == chunk->offset + length && next->length <= rebuild->capacity;
	rebuild->next = known ? next : NULL;
	if (copy->length && copy->offset + copy->length == offset && copy->from + copy->length == chunk->offset) {
		copy->length += length;
		return 0;
	}
	if (flush_copy(rebuild, err) < 0)
		return -1;
	copy->offset = offset;
	copy->length = length;
	copy->from = chunk->offset;
	return 0;
}

static int take_chunk(void *argument, const uint8_t *bytes, size_t length, struct error *err)
{
	struct rebuild *rebuild = argument;
	const struct digest digest = digest_bytes(rebuild->seed, bytes, length);
	const struct chunk *chunk = chunk_list_find(&rebuild->list, &digest);
	if (chunk && chunk->length == length)
		return take_found(rebuild, chunk, err);
	const uint64_t offset = rebuild->start;
	rebuild->start += length;
	rebuild->next = NULL;
	return flush_copy(rebuild, err) < 0 ? -1 : put_data(rebuild, offset, bytes, length, err);
}

/* What was gathered is not the chunk that was expected, or its end has not come: it is cut like all else. */
static int stop_following(struct rebuild *rebuild, struct error *err)
{
	size_t length = rebuild->length;
	rebuild->next = NULL;
	rebuild->length = 0;
	return chunker_add(rebuild->chunker, rebuild->bytes, length, err);
}

/* Behind a chunk that was found mostly comes the one that came behind it before: it need not be cut to be compared. How many
 * bytes it took; -1. */
static ssize_t follow(struct rebuild *rebuild, const uint8_t *bytes, size_t length, struct error *err)
{
	const struct chunk *next = rebuild->next;
	size_t some = next->length - rebuild->length < length ? next->length - rebuild->length : length;
	memcpy(rebuild->bytes + rebuild->length, bytes, some);
	rebuild->length += some;
	if (rebuild->length < next->length)
		return (ssize_t)some;
	const struct digest digest = digest_bytes(rebuild->seed, rebuild->bytes, rebuild->length);
	if (!digest_equal(&digest, &next->digest))
		return stop_following(rebuild, err) < 0 ? -1 : (ssize_t)some;
	rebuild->length = 0;
	return take_found(rebuild, next, err) < 0 ? -1 : (ssize_t)some;
}

static int take_bytes(struct rebuild *rebuild, const uint8_t *bytes, size_t length, struct error *err)
{
	while (length) {
		bool following = rebuild->next && chunker_is_empty(rebuild->chunker);
		ssize_t took =
			following ? follow(rebuild, bytes, length, err) : chunker_step(rebuild->chunker, bytes, length, err);
		if (took < 0)
			return -1;
		bytes += took;
		length -= (size_t)took;
	}
	return 0;
}

static int take_data(void *argument, uint64_t offset, const void *bytes, size_t length, struct error *err)
{
	struct rebuild *rebuild = argument;
	bool gap = offset != rebuild->at, give_up = !rebuild->found && rebuild->at >= TRY_FIRST;
	if (!rebuild->given_up && (gap || give_up)) {
		if (rebuild_end(rebuild, err) < 0)
			return -1;
		rebuild->given_up = give_up;
		rebuild->start = offset;
	}
	rebuild->at = offset + length;
	return rebuild->given_up ? rebuild->sink.data(rebuild->sink.argument, offset, bytes, length, err)
				 : take_bytes(rebuild, bytes, length, err);
}

static void tell_progress(void *argument, uint64_t offset)
{
	const struct rebuild_sink *sink = &((struct rebuild *)argument)->sink;
	sink->progress(sink->argument, offset);
}

struct content_sink rebuild_input(struct rebuild *rebuild)
{
	return (struct content_sink){.data = take_data, .progress = tell_progress, .argument = rebuild};
}

void rebuild_reset(struct rebuild *rebuild)
{
	chunker_reset(rebuild->chunker);
	rebuild->at = rebuild->start = rebuild->found = 0;
	rebuild->copy.length = 0;
	rebuild->next = NULL;
	rebuild->length = 0;
	rebuild->given_up = false;
}

int rebuild_end(struct rebuild *rebuild, struct error *err)
{
	if (rebuild->length && stop_following(rebuild, err) < 0)
		return -1;
	return chunker_end(rebuild->chunker, err) < 0 ? -1 : flush_copy(rebuild, err);
}

void rebuild_free(struct rebuild *rebuild)
{
	if (!rebuild)
		return;
	chunk_list_free(&rebuild->list);
	chunker_free(rebuild->chunker);
	free(rebuild->bytes);
	free(rebuild);
}

int rebuild_plan(struct run *run, int fd, const struct entry *entry, const struct entry *old, const struct rebuild_sink *sink,
		 struct rebuild **ret_rebuild, struct error *err)
{
	const uint64_t size = old->meta.size;
	struct rebuild *rebuild = memory_alloc(sizeof(*rebuild));
	rebuild->seed = run->cycle->seed;
	rebuild->sink = *sink;
	int worth = changes_flush(&run->changes, err) < 0 ? -1 : 1; /* the question comes behind what was said before */
	if (worth > 0 && size > TRY_FIRST)
		worth = try_out(run, rebuild, fd, entry, old, err);
	chunk_list_free(&rebuild->list);
	if (worth > 0 && ask(run, rebuild, entry, size, 0, size, err) < 0)
		worth = -1;
	if (worth <= 0 || !rebuild->list.count) {
		rebuild_free(rebuild);
		return worth < 0 ? -1 : 0;
	}
	rebuild->chunker = chunker_new(chunk_bits(size), take_chunk, rebuild);
	rebuild->capacity = (size_t)4 << chunk_bits(size);
	rebuild->bytes = memory_alloc(rebuild->capacity);
	rebuild_reset(rebuild);
	*ret_rebuild = rebuild;
	return 0;
}
