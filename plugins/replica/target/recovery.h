/*
 * recovery.h - how a store always comes back to exactly one complete point.
 *
 *     receive   stage objects in batch/, write log.part
 *     seal      syncfs; rename log.part to log; sync the folder        a crash before: the batch is nothing, and is dropped
 *     keep      a copy of the last point, if earlier ones are kept (points.h)
 *     apply     rename staged objects into the tree, move the deleted and replaced ones to trash/, patch, set metadata
 *     commit    empty trash/, write `seen-N` anew; syncfs; replace `point`   a crash before: applied again from its log
 *     clean     empty batch/                                           a crash before: cleaned at the next opening
 *
 * Applying twice does no harm: a path is touched by one record, and a staged object that is gone has arrived. What a record
 * demands and the tree does not have (somebody else changed it) is counted as a conflict, not an error: the rest is applied,
 * and the next session compares by content. Only the system itself (disk, kernel) can stop it, and then it goes on where it
 * can.
 *
 * A device has no trash and no names: its patch is written, again if need be. If the disk was exchanged between seal and
 * recovery, its digest is not what the batch makes: then the point has a conflict.
 *
 * A first mirror has no log: it is made in a tree of its own, which nothing names until `point` is replaced.
 */
#pragma once

#include "plugins/replica/target/batch.h"
#include "plugins/replica/target/store.h"

/* store_open, then completes a sealed batch, drops all else. */
int recovery_open(const char *path, struct store *ret_store, struct error *err);
/* Applies the batch that was sealed (batch.h) and commits it. */
int recovery_commit(struct store *store, const struct begin *begin, const struct batch_end *end, struct error *err);
struct promotion {
	uint64_t term;
	uint64_t number; /* of the point that is to be readable (points.h); 0: the last one */
	bool rehash;	 /* a device that may not be what it was is read, and refused if it is not */
};
/* Raises the term, ends a session that runs, recovers, forbids writing until a higher term. *ret_store is open. An earlier
 * point becomes one of its own; the last one is kept. Of a device `checked` says by what it is known to hold the point: "count"
 * (the same disk in the same boot, and the kernel has counted no write), "content", or "nothing". One of another size is
 * refused. */
int recovery_promote(const char *path, const struct promotion *what, struct store *ret_store, struct error *err);

/* Does the tree look as it was left? A device that does not is read: has it another content? *ret_where (malloc'ed): the first
 * path that does not, or NULL. */
int recovery_drifted(const struct store *store, char **ret_where, struct error *err);
