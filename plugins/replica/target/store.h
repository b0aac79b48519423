/*
 * store.h - the target's folder of one replication set: its layout, its lock, its durability. recovery.h says how it always
 * comes back to one complete point.
 *
 *     STORE/            0700; on a file system of the replica's own, which no service mounts before promote
 *       lock            held by whoever works here; dies with the process
 *       term            the lowest term that may write; raised before anything else by promote
 *       point           point.h: the last complete point; its replacement is the commit
 *       tree-N/         the replica as of `point`. A first mirror is made in tree-N+1 and committed at once
 *       seen-N          manifest of it as this end left it: finds what others did to it
 *       unkept-G        names that point number G lacks, because this file system cannot keep them (unkept.h); none: none
 *       owners          owners.h: the store is filled by name
 *       batch/          the batch that is being received
 *         log.part      records (record.h) in frames, as they come
 *         log           complete, synced: the batch *is received*; it will be applied, come what may
 *         N             staged object number N: complete, metadata too; or the ranges of a patch, as records in frames
 *       points/N/       earlier points: points.h
 *       orphans/N/      what the source no longer had at point number N, at its path: moved there, and then the operator's
 *       trash/          what was deleted or replaced; emptied after the commit
 *
 * The replica may be a block device instead of tree-N; `point` names it. Its first mirror is written in its place and is
 * nobody's before the commit; `point` has a seed from its beginning on, so that one that was interrupted goes on by comparing
 * what is there. Then batch/ is its redo journal: the changed blocks lie there, synced and sealed, before one of them is
 * written to the device, and until all are on it. Who opens a store completes it first, so no mix is ever seen.
 */
#pragma once

#include "engine/base/error.h"
#include "plugins/replica/line/unkept.h"
#include "plugins/replica/target/point.h"
#include "plugins/replica/tree/tree.h"

struct owners;

struct store {
	char *path;
	int folder; /* descriptor of path */
	int lock;   /* descriptor; -1: opened for reading only */
	int device; /* descriptor of point.device; -1: none, or promoted */
	struct point point;
	const char
		*checked; /* after a promote: by what it is known that the device holds the point (recovery.h); NULL: a tree */
	bool replace_foreign;  /* the first mirror removes what others left in the folder, or overwrites it on the device */
	struct owners *owners; /* borrowed; owners go by name, and these are known (owners.h); or NULL */
};

/* ERROR_REFUSED: nobody's store yet, and there is something in the folder that is not a store's. Changes nothing. */
int store_refuse_foreign(const char *path, struct error *err);
/* Removes it. */
int store_remove_foreign(const struct store *store, struct error *err);

/* Creates the folder if need be and takes the lock. ERROR_LOCKED: another agent works here; *ret_holder (may be NULL) is its
 * process id, 0 if that is not known. */
int store_open(const char *path, struct store *ret_store, int *ret_holder, struct error *err);
int store_look(const char *path, struct store *ret_store, struct error *err); /* no lock: for status */
void store_close(struct store *store);

/* The replica is this device (NULL: as it was until now): a new store's for good. Opens it, if the store has one; refused while
 * it is in use. After that only this agent can write to it. */
int store_bind_device(struct store *store, const char *path, struct error *err);
int store_open_device(struct store *store, struct error *err); /* if it has one that is not open */
int store_look_device(struct store *store,
		      struct error *err); /* the same of a promoted one, to be read; refused while it is in use */
/* What the device holds is no point yet, but worth comparing: a first mirror was interrupted, or the device was adopted
 * (adopt.h).
 */
bool store_is_begun(const struct store *store);

/* The tree at path (store_tree), which is borrowed, or the device instead. */
int store_open_tree(const struct store *store, const char *path, struct tree *ret_tree, struct error *err);
/* A regular file of the replica, for reading, by its folder's path and its name. ERROR_NOT_FOUND, ERROR_REFUSED: there is none.
 */
int store_open_file(const struct store *store, const char *folder, const char *name, int *ret_fd, struct error *err);
/* The inode of the folder or regular file at path in the replica; 0: there is none. */
int store_find(const struct store *store, const char *path, uint64_t *ret_ino, struct error *err);
char *store_file(const struct store *store, const char *name);				  /* malloc'ed STORE/name */
char *store_tree(const struct store *store, uint64_t number);				  /* malloc'ed STORE/tree-N */
int store_write_point(struct store *store, const struct point *point, struct error *err); /* durable; then store->point is it */
int store_sync(const struct store *store,
	       struct error *err); /* syncfs: all that was written is on disk, or an error, for good */
int store_folder(const struct store *store, const char *name, int *ret_fd, struct error *err); /* makes it, 0700, if need be */
int store_remove(const struct store *store, const char *name, struct error *err);	       /* with all that is below */

/* The names that point number `generation` lacks; into a list that is empty. Durable. */
int store_read_unkept(const struct store *store, uint64_t generation, struct unkept *ret_unkept, struct error *err);
int store_write_unkept(const struct store *store, uint64_t generation, const struct unkept *unkept, struct error *err);

/* The term on disk: promote may raise it while a session runs. */
int store_read_term(const struct store *store, uint64_t *ret_term, struct error *err);
int store_raise_term(const char *path, uint64_t term, struct error *err); /* durable; never lowers it */
