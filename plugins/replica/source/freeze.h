/*
 * freeze.h - the source as it was at one instant: how a point is consistent.
 *
 *     none       as it is found: a file counts as stable only if it did not change while it was read
 *     commands   what writes to it is quiesced (quiesce.h) until all is read
 *     snapshot   of the btrfs subvolume, read only, removed afterwards; quiesced, if at all, only until it is taken. What was
 *                written just then and not synced may be in it or not, as after a power cut
 *     reflink    a copy that shares its blocks (xfs): takes as long as there are objects, and is one instant only if what
 *                writes is quiesced meanwhile; each file by itself is (a disk image in use). (A file system that is frozen
 *                itself, by fsfreeze, cannot be copied: copying writes to it.)
 *     given      the caller knows that nothing writes
 *
 * A copy or snapshot is called .standin-ID, in the root of the subvolume or file system; one that a crash has left is removed
 * by the next.
 */
#pragma once

#include "plugins/replica/tree/forest.h"
#include "plugins/replica/line/protocol.h"
#include "plugins/replica/source/quiesce.h"
#include "plugins/replica/tree/rules.h"

struct freeze_wish {
	enum consistency how;
	struct quiesce quiesce;
	const char *state;		 /* folder */
	const char *root;		 /* or NULL: */
	const struct forest_root *roots; /* snapshots only */
	size_t root_count;
	const struct rules *rules; /* of a root: what they have out is not copied */
};

struct frozen;

int freeze_begin(const struct freeze_wish *wish, const struct identity *source, struct frozen **ret_frozen, struct error *err);
/* What is to be read instead of the wish's; borrowed. */
const char *frozen_root(const struct frozen *frozen);
const struct forest_root *frozen_roots(const struct frozen *frozen);
const char *frozen_keys(const struct frozen *frozen); /* tree.h; NULL: they are the source's own */
/* All is read. As quiesce_end. */
int freeze_thaw(struct frozen *frozen, struct error *err);
/* Thaws, if that was not done; removes the snapshot or copy; frees. NULL is fine. */
int freeze_end(struct frozen *frozen, struct error *err);
