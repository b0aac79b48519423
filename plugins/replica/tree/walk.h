/*
 * walk.h - a tree folder by folder, each with its entries, statx'ed and sorted by the bytes of their names; folders in the
 * order "itself, then all below it, then the next": so two walks, or a walk and a manifest, are merged in one pass.
 *
 * Reads names and inodes only (getdents64, statx): nothing is opened but folders. Other file systems mounted below are not
 * entered; they are reported, as is all that cannot be looked at: that is not evidence that it is gone, so it stands there with
 * mode 0. What vanishes meanwhile is not reported: it is not there.
 */
#pragma once

#include "plugins/replica/format/entry.h"
#include "plugins/replica/tree/forest.h"
#include "plugins/replica/tree/rules.h"
#include "plugins/replica/tree/tree.h"

struct walk_folder {
	const char *path; /* below the root; "" is the root */
	bool is_root;	  /* of the tree, or of a source of several (forest.h) */
	int fd;		  /* of the folder, open until the next call; -1: the root is a volume, or the folder is made up */
	const struct forest *forest; /* that has places in this folder; NULL: none has */
	struct entry self;
	struct entry *entries; /* sorted; names and all live until the next call */
	size_t count;
};

struct walk;

/* skipped (may be NULL) is told of each object that is left out though the rules have it in. */
typedef void walk_skipped(void *argument, const char *path, const char *why);
struct walk *walk_new(const struct tree *tree, const struct rules *rules, walk_skipped *skipped, void *argument);
void walk_free(struct walk *walk);
/* 1: a folder; 0: that was all; -1: the root itself cannot be read. */
int walk_next(struct walk *walk, struct walk_folder *ret_folder, struct error *err);

/* The path that comes next, or NULL; of one that was a folder when its own was read. Borrowed until the next call. */
const char *walk_ahead(const struct walk *walk);
/* What comes next is not read: it is known to hold these entries, sorted. What lies below comes as usual. */
void walk_known(struct walk *walk, const struct entry *entries, size_t count);
/* The descriptor of the folder that holds an entry, and its name there: not the folder's own for a source of its own. */
int walk_place(const struct walk_folder *folder, const struct entry *entry, const char **ret_name);

/* Compares paths in the order of walks: '/' sorts before any other byte. */
int walk_order(const char *a, const char *b);
