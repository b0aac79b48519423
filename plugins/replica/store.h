/*
 * store.h - the target's folder of one replication set, and how it always comes back to one complete point.
 *
 *     STORE/            0700; on a file system of the replica's own, which no service mounts before promote
 *       lock            held by whoever works here; dies with the process
 *       term            the lowest term that may write; raised before anything else by promote
 *       point           point.h: the last complete point; its replacement is the commit
 *       tree-N/         the replica as of `point`. A first mirror is made in tree-N+1 and committed at once
 *       seen            manifest of tree-N as this end left it: finds what others did to it
 *       batch/          the batch that is being received
 *         log.part      records (record.h) in frames, as they come
 *         log           complete, synced: the batch *is received*; it will be applied, come what may
 *         N             staged object number N: complete, metadata too; or ranges of a patch
 *       trash/          what was deleted or replaced; emptied after the commit
 *
 * Receive: stage objects, write log.part; END: syncfs, rename to log, sync the folder.   (A crash before: the batch is nothing.)
 * Apply:   rename staged objects into the tree, move deleted ones to trash, patch, set metadata: O(1) each, needs no space.
 * Commit:  write `seen`, syncfs, replace `point`; then empty batch/ and trash/.          (A crash before: applied again from log.)
 *
 * Applying twice does no harm: a path is touched by one record; a staged object that is gone has arrived.
 */
#pragma once

#include "engine/base/error.h"
#include "plugins/replica/point.h"
#include "plugins/replica/tree.h"

struct store {
	char *path;
	int folder;	     /* descriptor of path */
	int lock;	     /* descriptor; -1: opened for reading only */
	struct point point;
};

/* Creates the folder if need be, takes the lock, and recovers: completes a received batch, drops a partial one.
 * ERROR_LOCKED: another agent works here, its process id in the message. */
int store_open(const char *path, struct store *ret_store, struct error *err);
int store_look(const char *path, struct store *ret_store, struct error *err); /* no lock, no recovery: for status */
void store_close(struct store *store);

char *store_file(const struct store *store, const char *name); /* malloc'ed STORE/name */
char *store_tree_path(const struct store *store, uint64_t number);
int store_sync(const struct store *store, struct error *err); /* syncfs: all that was written is on disk, or an error. Final */
int store_clear(const struct store *store, const char *name, struct error *err); /* an empty folder NAME, 0700 */

uint64_t store_term(const struct store *store); /* as on disk now: promote may raise it while a session runs */
/* Raises the term, ends a session that has a lower one, recovers, forbids writing. *ret_store is open. */
int store_promote(const char *path, uint64_t term, struct store *ret_store, struct error *err);
