/*
 * forest.c - places are few (a set has some sources, not thousands): they are looked up one by one.
 */
#include "plugins/replica/tree/forest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/memory.h"
#include "plugins/replica/format/entry.h"

/* Does path lie at or below folder? Then what is left of it, without its first slash. */
static const char *below(const char *path, const char *folder)
{
	size_t length = strlen(folder);
	if (strncmp(path, folder, length) != 0)
		return NULL;
	if (!length || !path[length])
		return path + length;
	return path[length] == '/' ? path + length + 1 : NULL;
}

/* "/srv/mail/" is at srv/mail. */
static char *place_of(const struct forest_root *root, struct error *err)
{
	const char *text = root->place ? root->place : root->path;
	text += strspn(text, "/");
	size_t length = strlen(text);
	while (length && text[length - 1] == '/')
		length--;
	if (path_is_valid(text, length) && (root->place || root->path[0] == '/'))
		return strndup(text, length);
	error_set(err, ERROR_INVALID, "%s is no place in a tree", root->place ? root->place : root->path);
	error_hint(err, "write it as an absolute path without \".\", \"..\" and double slashes");
	return NULL;
}

static int open_object(const struct forest_root *root, struct branch *branch, struct error *err)
{
	CLEANUP_FREE char *path = memory_strdup(root->path);
	char *slash = strrchr(path, '/');
	branch->name = memory_strdup(slash ? slash + 1 : path);
	if (slash)
		slash[slash == path] = '\0';
	branch->parent = open(slash ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return branch->parent < 0 ? error_set_errno(err, errno, "cannot open the folder %s", path) : 0;
}

static int open_branch(const struct forest_root *root, struct branch *branch, struct error *err)
{
	struct stat status;
	branch->path = root->path;
	branch->place = place_of(root, err);
	if (!branch->place)
		return -1;
	if (stat(root->path, &status) < 0 && lstat(root->path, &status) < 0)
		return error_set_errno(err, errno, "cannot look at the source %s", root->path);
	if (S_ISDIR(status.st_mode))
		return tree_open(root->path, &branch->tree, err);
	if (!S_ISBLK(status.st_mode) && *branch->place)
		return open_object(root, branch, err);
	error_set(err, ERROR_INVALID, "%s is a volume, and cannot be one source of several", root->path);
	return error_hint(err, "give it a set of its own");
}

static int check_places(const struct forest *forest, struct error *err)
{
	for (size_t i = 0; i < forest->count; i++)
		for (size_t j = 0; j < forest->count; j++) {
			const struct branch *a = &forest->branches[i], *b = &forest->branches[j];
			const char *rest = i == j ? NULL : below(b->place, a->place);
			if (rest && (!*rest || a->tree.root < 0))
				return error_set(err, ERROR_INVALID, "%s and %s have one place: %s", a->path, b->path,
						 b->place);
		}
	return 0;
}

int forest_open(const struct forest_root *roots, size_t count, struct forest **ret_forest, struct error *err)
{
	struct forest *forest = memory_alloc(sizeof(*forest));
	forest->branches = memory_alloc(count * sizeof(*forest->branches));
	int result = 0;
	for (size_t i = 0; result == 0 && i < count; i++) {
		forest->branches[forest->count] = (struct branch){.tree.root = -1, .parent = -1};
		result = open_branch(&roots[i], &forest->branches[forest->count++], err);
	}
	if (result == 0)
		result = check_places(forest, err);
	if (result < 0) {
		forest_free(forest);
		return -1;
	}
	*ret_forest = forest;
	return 0;
}

void forest_free(struct forest *forest)
{
	for (size_t i = 0; forest && i < forest->count; i++) {
		struct branch *branch = &forest->branches[i];
		tree_close(&branch->tree);
		if (branch->parent >= 0)
			close(branch->parent);
		free(branch->name);
		free(branch->place);
	}
	if (forest)
		free(forest->branches);
	free(forest);
}

const struct branch *forest_at(const struct forest *forest, const char *path)
{
	for (size_t i = 0; i < forest->count; i++)
		if (strcmp(forest->branches[i].place, path) == 0)
			return &forest->branches[i];
	return NULL;
}

const struct branch *forest_over(const struct forest *forest, const char *path, const char **ret_below)
{
	const struct branch *found = NULL;
	for (size_t i = 0; i < forest->count; i++) {
		const struct branch *branch = &forest->branches[i];
		const char *rest = branch->tree.root >= 0 ? below(path, branch->place) : NULL;
		if (!rest || (found && strlen(branch->place) < strlen(found->place)))
			continue;
		found = branch;
		*ret_below = rest;
	}
	return found;
}

bool forest_name(const struct forest *forest, const char *path, size_t number, char *ret_name)
{
	for (size_t i = 0; i < forest->count; i++) {
		const char *rest = below(forest->branches[i].place, path);
		if (!rest || !*rest || number-- > 0)
			continue;
		snprintf(ret_name, ENTRY_NAME_LIMIT + 1, "%.*s", (int)strcspn(rest, "/"), rest);
		return true;
	}
	return false;
}

int branch_look(const struct branch *branch, struct statx *ret_status)
{
	bool folder = branch->tree.root >= 0;
	int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | (folder ? AT_EMPTY_PATH : 0);
	return statx(folder ? branch->tree.root : branch->parent, folder ? "" : branch->name, flags, STATX_BASIC_STATS,
		     ret_status);
}
