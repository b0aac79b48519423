/*
 * chunks.c - FastCDC, and lists of what it found.
 */
#include "plugins/replica/format/chunks.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"

#define CHUNKS_MOST 32768u /* of one content, about; as long as CHUNK_BITS_MOST allows */

unsigned chunk_bits(uint64_t size)
{
	unsigned bits = CHUNK_BITS_LEAST;
	while (bits < CHUNK_BITS_MOST && size >> bits > CHUNKS_MOST)
		bits++;
	return bits;
}

/* --- cutting --- */

static const uint64_t *gear(void)
{
	static uint64_t table[256];
	uint64_t state = 0;
	for (unsigned i = 0; !table[255] && i < 256; i++) {
		uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);
		z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
		z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
		table[i] = z ^ z >> 31;
	}
	return table;
}

struct chunker {
	const uint64_t *table;
	size_t least, wished, most; /* bytes of a chunk */
	uint64_t strict, loose;	    /* masks */
	uint64_t hash;
	uint8_t *bytes; /* of the present chunk, as long as it is not complete */
	size_t length;	/* of them */
	chunk_found *found;
	void *argument;
};

struct chunker *chunker_new(unsigned bits, chunk_found *found, void *argument)
{
	struct chunker *chunker = memory_alloc(sizeof(*chunker));
	chunker->table = gear();
	chunker->wished = (size_t)1 << bits;
	chunker->least = chunker->wished / 4 * 3;
	chunker->most = chunker->wished * 4;
	chunker->strict = UINT64_MAX << (64 - (bits + 2));
	chunker->loose = UINT64_MAX << (64 - (bits - 2));
	chunker->bytes = memory_alloc(chunker->most);
	chunker->found = found;
	chunker->argument = argument;
	return chunker;
}

void chunker_free(struct chunker *chunker)
{
	if (!chunker)
		return;
	free(chunker->bytes);
	free(chunker);
}

void chunker_reset(struct chunker *chunker)
{
	chunker->length = 0;
	chunker->hash = 0;
}

/* Hashes data until the mask is met or it is all: how many bytes it took, *ret_met. */
static size_t roll(struct chunker *chunker, const uint8_t *data, size_t length, uint64_t mask, bool *ret_met)
{
	const uint64_t *table = chunker->table;
	uint64_t hash = chunker->hash;
	size_t at = 0;
#pragma GCC unroll 8
	while (at < length) {
		hash = (hash << 1) + table[data[at++]];
		if (!(hash & mask)) {
			*ret_met = true;
			break;
		}
	}
	chunker->hash = hash;
	return at;
}

/* How many of the bytes belong to the present chunk, of which `length` bytes have come; *ret_end: it ends behind them. */
static size_t cut(struct chunker *chunker, const uint8_t *data, size_t length, bool *ret_end)
{
	size_t have = chunker->length, at = 0;
	*ret_end = false;
	while (at < length && !*ret_end && have + at < chunker->most) {
		size_t stage = have + at < chunker->least    ? chunker->least
			       : have + at < chunker->wished ? chunker->wished
							     : chunker->most;
		size_t some = stage - (have + at) < length - at ? stage - (have + at) : length - at;
		at += stage == chunker->least ? some
					      : roll(chunker, data + at, some,
						     stage == chunker->wished ? chunker->strict : chunker->loose, ret_end);
	}
	*ret_end |= have + at == chunker->most;
	return at;
}

ssize_t chunker_step(struct chunker *chunker, const uint8_t *data, size_t length, struct error *err)
{
	bool end;
	size_t some = cut(chunker, data, length, &end);
	bool whole = end && !chunker->length; /* it need not be gathered */
	if (!whole)
		memcpy(chunker->bytes + chunker->length, data, some);
	chunker->length += some;
	if (!end)
		return (ssize_t)some;
	size_t chunk = chunker->length;
	chunker_reset(chunker);
	return chunker->found(chunker->argument, whole ? data : chunker->bytes, chunk, err) < 0 ? -1 : (ssize_t)some;
}

int chunker_add(struct chunker *chunker, const void *data, size_t length, struct error *err)
{
	const uint8_t *at = data;
	while (length) {
		ssize_t took = chunker_step(chunker, at, length, err);
		if (took < 0)
			return -1;
		at += took;
		length -= (size_t)took;
	}
	return 0;
}

bool chunker_is_empty(const struct chunker *chunker)
{
	return chunker->length == 0;
}

int chunker_end(struct chunker *chunker, struct error *err)
{
	size_t length = chunker->length;
	chunker_reset(chunker);
	return length ? chunker->found(chunker->argument, chunker->bytes, length, err) : 0;
}

/* --- lists --- */

static uint32_t *slot_of(const struct chunk_list *list, const struct digest *digest)
{
	uint64_t hash;
	memcpy(&hash, digest, sizeof(hash));
	size_t at = (size_t)hash & (list->slot_count - 1);
	while (list->slots[at] && !digest_equal(&list->chunks[list->slots[at] - 1].digest, digest))
		at = (at + 1) & (list->slot_count - 1);
	return &list->slots[at];
}

static void grow(struct chunk_list *list)
{
	list->capacity = list->capacity ? list->capacity * 2 : 1024;
	list->chunks = memory_resize(list->chunks, list->capacity * sizeof(*list->chunks));
	free(list->slots);
	list->slot_count = list->capacity * 2;
	list->slots = memory_alloc(list->slot_count * sizeof(*list->slots));
	for (size_t i = 0; i < list->count; i++)
		*slot_of(list, &list->chunks[i].digest) = (uint32_t)i + 1;
}

void chunk_list_add(struct chunk_list *list, const struct chunk *chunk)
{
	if (list->count == list->capacity)
		grow(list);
	uint32_t *slot = slot_of(list, &chunk->digest);
	if (*slot) /* the same content once more: the first will do */
		return;
	list->chunks[list->count++] = *chunk;
	*slot = (uint32_t)list->count;
}

const struct chunk *chunk_list_find(const struct chunk_list *list, const struct digest *digest)
{
	uint32_t number = list->count ? *slot_of(list, digest) : 0;
	return number ? &list->chunks[number - 1] : NULL;
}

void chunk_list_free(struct chunk_list *list)
{
	free(list->chunks);
	free(list->slots);
	*list = (struct chunk_list){0};
}
