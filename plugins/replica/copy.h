/*
 * copy.h - a tree once more, sharing its blocks: by reflinks (FICLONE), which xfs and btrfs have. It takes as long as there are
 * objects, not bytes.
 */
#pragma once

#include "engine/base/error.h"
#include "plugins/replica/tree.h"

/* ERROR_REFUSED: the file system of this folder has no reflinks. */
int copy_possible(int folder, const char *name, struct error *err);
/* All that is in `from` into the empty folder `to`, with all metadata. */
int copy_tree(const struct tree *from, const struct tree *to, struct error *err);
