/*
 * chunks.h - content cut where the content itself says so: what was inserted or removed changes the chunks around it, and no
 * other. A way to find the old in the new where blocks of a fixed place do not.
 *
 * FastCDC: W. Xia et al., "FastCDC: a Fast and Efficient Content-Defined Chunking Approach for Data Deduplication", USENIX ATC
 * 2016: a gear hash (h = 2h + table[byte]), the first three quarters of the wished length are skipped (they make no difference
 * to what is found, and it is faster), and a stricter mask before the wished length than behind it. Both ends must cut alike:
 * the table is what splitmix64 (https://prng.di.unimi.it/splitmix64.c) gives from 0; a chunk ends behind the byte after which
 * the highest bits of h are 0: bits + 2 of them before the wished length of 2^bits, bits - 2 behind it; it has three quarters
 * of 2^bits bytes at least and 2^bits * 4 at most.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "engine/base/error.h"
#include "plugins/replica/format/digest.h"

#define CHUNK_BITS_LEAST 18u /* 256 KiB on average: 20 bytes on the wire for each */
#define CHUNK_BITS_MOST	 22u /* 4 MiB */

/* For a content of so many bytes: its chunks are few enough to be kept in memory. */
unsigned chunk_bits(uint64_t size);

/* Content in order, piece by piece. */
struct chunker;
typedef int chunk_found(void *argument, const uint8_t *bytes, size_t length, struct error *err);
struct chunker *chunker_new(unsigned bits, chunk_found *found, void *argument);
int chunker_add(struct chunker *chunker, const void *data, size_t length, struct error *err); /* -1: as found said */
int chunker_end(struct chunker *chunker, struct error *err);				      /* the last chunk; then anew */
/* As chunker_add, but no further than to the end of the present chunk: how many bytes it took, or -1. */
ssize_t chunker_step(struct chunker *chunker, const uint8_t *data, size_t length, struct error *err);
bool chunker_is_empty(const struct chunker *chunker); /* a chunk begins here */
void chunker_reset(struct chunker *chunker);	      /* forgets what has come */
void chunker_free(struct chunker *chunker);	      /* NULL is fine */

/* The chunks of a content that is elsewhere. */
struct chunk {
	struct digest digest;
	uint64_t offset;
	uint32_t length;
};

struct chunk_list {
	struct chunk *chunks;
	size_t count, capacity;
	uint32_t *slots; /* by digest: 1 + the chunk's number; 0: free */
	size_t slot_count;
};

void chunk_list_add(struct chunk_list *list, const struct chunk *chunk);
const struct chunk *chunk_list_find(const struct chunk_list *list, const struct digest *digest); /* borrowed; NULL: none */
void chunk_list_free(struct chunk_list *list);
