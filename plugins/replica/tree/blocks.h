/*
 * blocks.h - the block digests of large files, at the source: which blocks of a file have changed is known without asking.
 *
 * A file of 16 bytes per block of 4 KiB, named by the digest of the content it describes, below STATE/blocks. So it cannot be
 * stale: the manifest says which content the target has, that digest names the list, and the list proves it (digest.h).
 */
#pragma once

#include "engine/base/error.h"
#include "plugins/replica/format/digest.h"

#define BLOCKS_MINIMUM (1024u * 1024) /* files from this size on have one */

struct blocks; /* a list that is being read, or written */

/* ERROR_NOT_FOUND: there is none; ERROR_CORRUPT: it does not prove its name. */
int blocks_open(const char *folder, uint64_t seed, const struct digest *content, struct blocks **ret_blocks, struct error *err);
/* The digests of region number `region`; count 0 behind the end. Borrowed until the next call. */
int blocks_region(struct blocks *blocks, uint64_t region, const struct digest **ret_digests, unsigned *ret_count,
		  struct error *err);

int blocks_create(const char *folder, struct blocks **ret_blocks, struct error *err);
void blocks_add(struct blocks *blocks, const struct digest *digests, unsigned count);
int blocks_keep(struct blocks *blocks, const struct digest *content, struct error *err); /* names it */
void blocks_free(struct blocks *blocks); /* NULL is fine; what was not kept is gone */

/* Removes the lists of contents that the manifest does not have. */
int blocks_prune(const char *folder, const char *manifest, struct error *err);
