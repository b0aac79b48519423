/*
 * forest.h - several sources as one tree: each folder or file has its place in it; the folders that lead there are made up, if
 * no other source has them.
 *
 * A place may lie in another source's folder: what is there is then hidden by it (so a file system that is mounted below a
 * source is a source of its own, at its own path). Sources are not volumes: those have a set each.
 */
#pragma once

#include <stddef.h>
#include <sys/stat.h>

#include "engine/base/error.h"
#include "plugins/replica/tree/tree.h"

struct forest_root {
	const char *path;  /* a folder, or any other object */
	const char *place; /* in the tree; NULL: where it is at the source (one to one); "": the tree's root */
};

struct branch {
	char *place;
	const char *path; /* borrowed; for messages */
	struct tree tree; /* a folder; else tree.root is -1, and */
	int parent;	  /* descriptor of the folder that holds it, */
	char *name;	  /* under this name */
};

struct forest {
	struct branch *branches;
	size_t count;
};

int forest_open(const struct forest_root *roots, size_t count, struct forest **ret_forest, struct error *err);
void forest_free(struct forest *forest); /* NULL is fine */

/* The branch at this place, or NULL. */
const struct branch *forest_at(const struct forest *forest, const char *path);
/* The folder branch in which path lies (*ret_below: where in it, borrowed from path), or NULL: it is made up. */
const struct branch *forest_over(const struct forest *forest, const char *path, const char **ret_below);
/* The number'th name in the folder at path that leads to a place (some come more than once); false: there are no more. Takes at
 * most ENTRY_NAME_LIMIT bytes and a NUL. */
bool forest_name(const struct forest *forest, const char *path, size_t number, char *ret_name);
/* Looks at the object of a branch. */
struct statx;
int branch_look(const struct branch *branch, struct statx *ret_status);
