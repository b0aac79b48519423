/*
 * tree.h - a folder tree that nothing leads out of: paths are resolved by openat2 beneath the root, over no symbolic or magic
 * link and no other file system, whatever anybody does in the tree meanwhile. Objects are reached by one name in an open
 * folder.
 */
#pragma once

#include <stdbool.h>

#include "engine/base/error.h"

struct tree {
	int root;	  /* owned, O_RDONLY | O_DIRECTORY; or the volume; -1: there is a forest */
	bool is_volume;	  /* volume.h: there is no folder, and one object */
	const char *name; /* borrowed; for messages */
	const char *keys; /* borrowed; a copy (freeze.h): the inodes and ctimes of what it is a copy of are in this manifest */
	const struct forest *forest; /* borrowed; forest.h: several sources as one tree. Only to be walked */
};

int tree_open(const char *path, struct tree *ret_tree, struct error *err); /* path itself may be a link: an operator gave it */
void tree_close(struct tree *tree);
/* *ret_fd is owned; path "" is the root. ERROR_NOT_FOUND: gone, or no folder (any more); ERROR_REFUSED: it would lead out. */
int tree_folder(const struct tree *tree, const char *path, int *ret_fd, struct error *err);
/* Splits at the last slash: the folder's descriptor, and the name within path. */
int tree_parent(const struct tree *tree, const char *path, int *ret_fd, const char **ret_name, struct error *err);
