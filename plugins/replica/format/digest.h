/*
 * digest.h - what content is: XXH3-128 in two levels, with a seed of the replication set.
 *
 *     content  = H(region, region, ...)     of 64 KiB each, the last one shorter
 *     region   = H(block, block, ...)       sixteen of 4 KiB
 *     block    = H(bytes)
 *
 * So one pass over the data gives the digest of the whole and of every block, a hole costs the digest of zeros once, and a
 * list of block digests can be checked against the digest of the whole. It finds accidents and differences; it is not
 * cryptographic: whoever knows the seed could make two contents of one digest. XXH3: https://github.com/Cyan4973/xxHash.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DIGEST_BLOCK  4096u
#define DIGEST_FAN    16u /* blocks of a region */
#define DIGEST_REGION (DIGEST_BLOCK * DIGEST_FAN)
#define DIGEST_HEX    33 /* 32 digits and the NUL */

struct digest {
	uint8_t bytes[16];
};

struct digest digest_bytes(uint64_t seed, const void *data, size_t length);
/* Of a content that is at hand as a whole; the same as by a digest_stream. */
struct digest digest_content(uint64_t seed, const void *data, size_t length);
bool digest_equal(const struct digest *a, const struct digest *b);
void digest_hex(const struct digest *digest, char ret_hex[DIGEST_HEX]);
struct digest digest_zeros(uint64_t seed, size_t length); /* of so many zero bytes, at most one block */

/* A sum over bytes as they are written or read: torn or damaged files and frames are noticed. XXH3-64. */
uint64_t checksum_of(uint64_t seed, const void *data, size_t length);
struct checksum;
struct checksum *checksum_new(void);
void checksum_add(struct checksum *checksum, const void *data, size_t length);
uint64_t checksum_end(const struct checksum *checksum);
void checksum_free(struct checksum *checksum); /* NULL is fine */

/* Content in order, piece by piece. The digest of all is that of the same bytes in pieces of any length. */
struct digest_stream;
struct digest_stream *digest_stream_new(uint64_t seed);
void digest_stream_free(struct digest_stream *stream);
void digest_stream_reset(struct digest_stream *stream);
void digest_stream_add(struct digest_stream *stream, const void *data, size_t length);
void digest_stream_skip(struct digest_stream *stream, uint64_t length); /* zeros */
void digest_stream_blocks(struct digest_stream *stream, const struct digest *blocks,
			  unsigned count); /* known ones, block by block */
struct digest digest_stream_end(struct digest_stream *stream);
