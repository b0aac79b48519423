/*
 * tree.h - where the bytes of a path come from: the file system, a commit of a repository, a run directory.
 *
 * What belongs together (a runbook, those that it calls, its inventory, its plugins) is read out of one tree, by paths of that
 * tree. A path that one text of the tree writes about another is put behind the first one's folder and asked for as it is: what
 * `..` means in it is the tree's to say.
 */
#pragma once

#include <stdbool.h>

#include "engine/base/error.h"
#include "engine/document/diagnostic.h"

struct tree {
	/* The text of a path, not parsed. 0; or -1 with a diagnostic that says why it cannot be read. */
	int (*open)(void *context, struct arena *arena, const char *path, const struct source **ret_source,
		    struct diagnostics *diagnostics);
	/* Is there something of this name? NULL: nothing is asked for but what is known to be there. */
	bool (*has)(void *context, const char *path);
	/* The names in a folder, sorted by their bytes, without those that begin with a dot. NULL: as has. */
	int (*list)(void *context, struct arena *arena, const char *folder, const char *const **ret_names, size_t *ret_count,
		    struct error *err);
	void *context; /* borrowed */
};

extern const struct tree tree_of_files; /* paths as the kernel takes them; "-" is standard input */

int tree_open(const struct tree *tree, struct arena *arena, const char *path, const struct source **ret_source,
	      struct diagnostics *diagnostics);
bool tree_has(const struct tree *tree, const char *path);
int tree_list(const struct tree *tree, struct arena *arena, const char *folder, const char *const **ret_names,
	      size_t *ret_count, struct error *err);
