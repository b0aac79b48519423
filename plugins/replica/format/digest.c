/*
 * digest.c - XXH3-128 in two levels. The only file that knows xxHash (as a header: no library is needed at run time).
 */
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "plugins/replica/format/digest.h"

struct digest_stream {
	XXH3_state_t *state; /* of the region digests */
	uint64_t seed;
	uint8_t partial[DIGEST_BLOCK]; /* a block that is not full yet */
	size_t partial_length;
	struct digest blocks[DIGEST_FAN]; /* of the region that is not full yet */
	unsigned count;
};

static struct digest digest_of(XXH128_hash_t hash)
{
	XXH128_canonical_t canonical;
	XXH128_canonicalFromHash(&canonical, hash);
	struct digest digest;
	memcpy(digest.bytes, canonical.digest, sizeof(digest.bytes));
	return digest;
}

struct digest digest_bytes(uint64_t seed, const void *data, size_t length)
{
	return digest_of(XXH3_128bits_withSeed(data, length, seed));
}

struct digest digest_content(uint64_t seed, const void *data, size_t length)
{
	const uint8_t *at = data;
	struct digest blocks[DIGEST_FAN], regions[64];
	unsigned region = 0;
	if (length > sizeof(regions) / sizeof(*regions) * DIGEST_REGION)
		abort(); /* a stream's work */
	while (length) {
		unsigned count = 0;
		for (; length && count < DIGEST_FAN; count++) {
			size_t some = length < DIGEST_BLOCK ? length : DIGEST_BLOCK;
			blocks[count] = digest_bytes(seed, at, some);
			at += some;
			length -= some;
		}
		regions[region++] = digest_bytes(seed, blocks, count * sizeof(*blocks));
	}
	return digest_bytes(seed, regions, region * sizeof(*regions));
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

void digest_hex(const struct digest *digest, char ret_hex[DIGEST_HEX])
{
	static const char digits[] = "0123456789abcdef";
	for (unsigned i = 0; i < sizeof(digest->bytes); i++) {
		ret_hex[2 * i] = digits[digest->bytes[i] >> 4];
		ret_hex[2 * i + 1] = digits[digest->bytes[i] & 15];
	}
	ret_hex[DIGEST_HEX - 1] = '\0';
}

struct digest digest_zeros(uint64_t seed, size_t length)
{
	static const uint8_t zeros[DIGEST_BLOCK];
	static _Thread_local struct digest whole;
	static _Thread_local uint64_t whole_seed;
	static _Thread_local bool known;
	if (length != DIGEST_BLOCK)
		return digest_bytes(seed, zeros, length);
	if (!known || whole_seed != seed) {
		whole = digest_bytes(seed, zeros, DIGEST_BLOCK);
		whole_seed = seed;
		known = true;
	}
	return whole;
}

uint64_t checksum_of(uint64_t seed, const void *data, size_t length)
{
	return XXH3_64bits_withSeed(data, length, seed);
}

static XXH3_state_t *new_state(void)
{
	XXH3_state_t *state = XXH3_createState();
	if (!state)
		abort(); /* as memory_alloc does */
	return state;
}

/* A struct checksum is the library's state under a name of ours. */
struct checksum *checksum_new(void)
{
	XXH3_state_t *state = new_state();
	XXH3_64bits_reset(state);
	return (struct checksum *)state;
}

void checksum_add(struct checksum *checksum, const void *data, size_t length)
{
	XXH3_64bits_update((XXH3_state_t *)checksum, data, length);
}

uint64_t checksum_end(const struct checksum *checksum)
{
	return XXH3_64bits_digest((const XXH3_state_t *)checksum);
}

void checksum_free(struct checksum *checksum)
{
	XXH3_freeState((XXH3_state_t *)checksum);
}

struct digest_stream *digest_stream_new(uint64_t seed)
{
	struct digest_stream *stream = memory_alloc(sizeof(*stream));
	stream->seed = seed;
	stream->state = new_state();
	XXH3_128bits_reset_withSeed(stream->state, seed);
	return stream;
}

void digest_stream_free(struct digest_stream *stream)
{
	if (!stream)
		return;
	XXH3_freeState(stream->state);
	free(stream);
}

void digest_stream_reset(struct digest_stream *stream)
{
	stream->partial_length = 0;
	stream->count = 0;
	XXH3_128bits_reset_withSeed(stream->state, stream->seed);
}

static void end_region(struct digest_stream *stream)
{
	if (!stream->count)
		return;
	struct digest region = digest_bytes(stream->seed, stream->blocks, stream->count * sizeof(*stream->blocks));
	XXH3_128bits_update(stream->state, &region, sizeof(region));
	stream->count = 0;
}

static void add_block(struct digest_stream *stream, struct digest block)
{
	stream->blocks[stream->count++] = block;
	if (stream->count == DIGEST_FAN)
		end_region(stream);
}

void digest_stream_add(struct digest_stream *stream, const void *data, size_t length)
{
	const uint8_t *at = data;
	while (length) {
		if (!stream->partial_length && length >= DIGEST_BLOCK) {
			add_block(stream, digest_bytes(stream->seed, at, DIGEST_BLOCK));
			at += DIGEST_BLOCK;
			length -= DIGEST_BLOCK;
			continue;
		}
		size_t some = DIGEST_BLOCK - stream->partial_length;
		some = some < length ? some : length;
		memcpy(stream->partial + stream->partial_length, at, some);
		stream->partial_length += some;
		at += some;
		length -= some;
		if (stream->partial_length == DIGEST_BLOCK) {
			add_block(stream, digest_bytes(stream->seed, stream->partial, DIGEST_BLOCK));
			stream->partial_length = 0;
		}
	}
}

void digest_stream_skip(struct digest_stream *stream, uint64_t length)
{
	static const uint8_t zeros[DIGEST_BLOCK];
	while (length) {
		size_t some = length < DIGEST_BLOCK ? length : DIGEST_BLOCK;
		if (!stream->partial_length && some == DIGEST_BLOCK) {
			add_block(stream, digest_zeros(stream->seed, DIGEST_BLOCK));
		} else {
			size_t room = DIGEST_BLOCK - stream->partial_length;
			some = some < room ? some : room;
			digest_stream_add(stream, zeros, some);
		}
		length -= some;
	}
}

void digest_stream_blocks(struct digest_stream *stream, const struct digest *blocks, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		add_block(stream, blocks[i]);
}

struct digest digest_stream_end(struct digest_stream *stream)
{
	if (stream->partial_length)
		add_block(stream, digest_bytes(stream->seed, stream->partial, stream->partial_length));
	stream->partial_length = 0;
	end_region(stream);
	return digest_of(XXH3_128bits_digest(stream->state));
}
