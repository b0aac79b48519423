/*
 * copy.h - a tree once more, sharing its blocks: by reflinks (FICLONE), which xfs and btrfs have. It takes as long as there are
 * objects, not bytes.
 */
#pragma once

#include "engine/base/error.h"
#include "plugins/replica/tree/rules.h"
#include "plugins/replica/tree/tree.h"

/* ERROR_REFUSED: the file system of this folder has no reflinks. */
int copy_possible(int folder, const char *name, struct error *err);
struct copy_options {
	const struct rules *rules; /* NULL: all */
	const char *keys; /* a manifest is written there of what was copied, with its inodes and ctimes (tree.h); or NULL */
};

/* All that is in `from` into the empty folder `to` (which may lie in it, if it has a name of freeze.h), with all metadata. What
 * cannot be read is an error; with keys, what has vanished meanwhile is not. options may be NULL. */
int copy_tree(const struct tree *from, const struct tree *to, const struct copy_options *options, struct error *err);
