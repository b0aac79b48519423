/*
 * seen.c - lists of what was left in a tree: written, brought up to date, compared.
 */
#include "plugins/replica/target/seen.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "plugins/replica/tree/manifest.h"
#include "plugins/replica/tree/walk.h"

char *seen_path(const struct store *store, uint64_t tree)
{
	char name[32];
	snprintf(name, sizeof(name), "seen-%" PRIu64, tree);
	return store_file(store, name);
}

static char *join(const char *folder, const char *name)
{
	return memory_printf("%s%s%s", folder, *folder && *name ? "/" : "", name);
}

/* --- writing --- */

struct update {
	struct tree tree;
	struct walk *walk;
	const struct table *touched;	   /* NULL: look at all */
	struct manifest_reader *was;	   /* NULL: there is no list, or none to be trusted */
	const struct manifest_folder *old; /* the next of it; NULL: none left */
	struct manifest_writer *seen;
	char *below; /* the walk is in this folder, of which all is touched; NULL: in none */
};

static int next_old(struct update *update, struct error *err)
{
	int got = update->was ? manifest_next(update->was, &update->old, err) : 0;
	if (got <= 0)
		update->old = NULL;
	return got < 0 ? -1 : 0;
}

static bool is_touched(const struct update *update, const char *folder, const char *name)
{
	CLEANUP_FREE char *path = join(folder, name);
	return table_get(update->touched, path);
}

static bool is_touched_folder(struct update *update, const char *path)
{
	size_t length = update->below ? strlen(update->below) : 0;
	if (update->below && strncmp(path, update->below, length) == 0 && path[length] == '/')
		return true;
	CLEANUP_FREE char *all = memory_printf("%s/", path);
	free(update->below);
	update->below = table_get(update->touched, all) ? memory_strdup(path) : NULL;
	return update->below || table_get(update->touched, path);
}

/* Which entries of a folder that was not touched may have changed all the same. */
static bool needs_look(const struct update *update, const struct entry *entry)
{
	return S_ISDIR(entry->meta.mode) ? is_touched(update, update->old->path, entry->name) : entry->nlink > 1;
}

/* What is not there any more stays in the list: so it is found to be missing. */
static void look_again(int folder, struct entry *entry)
{
	struct statx status;
	if (statx(folder, entry->name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_BASIC_STATS, &status) == 0)
		entry_from_statx(entry, entry->name, &status);
}

static int keep_folder(struct update *update, struct error *err)
{
	const struct manifest_folder *old = update->old;
	CLEANUP_CLOSE int fd = -1;
	manifest_folder(update->seen, old->path, &old->self);
	for (size_t i = 0; i < old->count; i++) {
		struct entry entry = old->entries[i];
		if (needs_look(update, &entry)) {
			if (fd < 0 && tree_folder(&update->tree, old->path, &fd, NULL) < 0)
				fd = -1;
			else
				look_again(fd, &entry);
		}
		manifest_entry(update->seen, &entry);
	}
	walk_known(update->walk, old->entries, old->count);
	return next_old(update, err);
}

/* 1: one folder was written, 0: that was all. */
static int write_next(struct update *update, struct error *err)
{
	const char *path = walk_ahead(update->walk);
	while (update->old && path && walk_order(update->old->path, path) < 0)
		if (next_old(update, err) < 0)
			return -1;
	if (update->old && path && !is_touched_folder(update, path) && strcmp(update->old->path, path) == 0)
		return keep_folder(update, err) < 0 ? -1 : 1;
	struct walk_folder folder;
	int got = walk_next(update->walk, &folder, err);
	if (got <= 0)
		return got;
	manifest_folder(update->seen, folder.path, &folder.self);
	for (size_t i = 0; i < folder.count; i++)
		manifest_entry(update->seen, &folder.entries[i]);
	return 1;
}

static int write_all(struct update *update, const char *path, const struct point *point, struct error *err)
{
	int got = manifest_create(path, &point->point, point->seed, &update->seen, err);
	if (got < 0)
		return -1;
	update->walk = walk_new(&update->tree, NULL, NULL, NULL);
	got = next_old(update, err);
	while (got == 0 && (got = write_next(update, err)) > 0)
		got = 0;
	if (got == 0)
		got = manifest_finish(update->seen, false, err);
	free(take(update->below));
	walk_free(take(update->walk));
	manifest_free(take(update->seen));
	return got;
}

/* The list as it was, if it is of the point before, or of this one already (a crash later). */
static struct manifest_reader *open_was(const struct store *store, const struct point *point, const char *path)
{
	struct manifest_reader *was;
	if (manifest_open(path, &was, NULL) < 0)
		return NULL;
	const struct identity *of = manifest_point(was);
	if (identity_equal(of, &store->point.point) || identity_equal(of, &point->point))
		return was;
	manifest_close(was);
	return NULL;
}

int seen_write(const struct store *store, const struct point *point, const struct table *touched, struct error *err)
{
	CLEANUP_FREE char *path = seen_path(store, point->tree), *root = store_tree(store, point->tree);
	CLEANUP_FREE char *part = memory_printf("%s.part", path);
	CLEANUP_ERROR struct error why = ERROR_NONE;
	struct update update = {.touched = touched};
	if (store_open_tree(store, root, &update.tree, err) < 0)
		return -1;
	update.was = touched && !update.tree.is_volume ? open_was(store, point, path) : NULL;
	int result = update.was ? write_all(&update, part, point, &why) : -1;
	manifest_close(take(update.was));
	update.old = NULL;
	if (result < 0) /* there was no list, or it was damaged */
		result = write_all(&update, part, point, err);
	tree_close(&update.tree);
	if (result == 0 && rename(part, path) < 0)
		return error_set_errno(err, errno, "cannot rename %s", part);
	return result;
}

/* --- comparing --- */

/* The first thing in a folder that is not as it was, or NULL. */
static char *folder_difference(const struct walk_folder *now, const struct manifest_folder *seen)
{
	if (!entry_same_key(&now->self, &seen->self))
		return join(now->path, "");
	for (size_t i = 0; i < now->count && i < seen->count; i++)
		if (strcmp(now->entries[i].name, seen->entries[i].name) != 0 ||
		    !entry_same_key(&now->entries[i], &seen->entries[i]))
			return join(now->path, now->entries[i].name);
	return now->count == seen->count ? NULL : join(now->path, "");
}

static int compare_folders(const struct tree *tree, struct manifest_reader *seen, char **ret_where, struct error *err)
{
	struct walk *walk = walk_new(tree, NULL, NULL, NULL);
	const struct manifest_folder *was;
	struct walk_folder now;
	int got_now, got_was = 0;
	*ret_where = NULL;
	while ((got_now = walk_next(walk, &now, err)) > 0 && !*ret_where) {
		got_was = manifest_next(seen, &was, err);
		if (got_was < 0)
			break;
		*ret_where = !got_was || strcmp(was->path, now.path) != 0 ? join(now.path, "") : folder_difference(&now, was);
		if (*ret_where)
			break;
	}
	if (got_now == 0 && got_was >= 0 && !*ret_where && (got_was = manifest_next(seen, &was, err)) > 0)
		*ret_where = join(was->path, "");
	walk_free(walk);
	return got_now < 0 || got_was < 0 ? -1 : 0;
}

int seen_differs(const struct store *store, char **ret_where, struct error *err)
{
	CLEANUP_FREE char *path = seen_path(store, store->point.tree), *root = store_tree(store, store->point.tree);
	CLEANUP_ERROR struct error why = ERROR_NONE;
	struct manifest_reader *seen = NULL;
	struct tree tree;
	if (store_open_tree(store, root, &tree, err) < 0)
		return -1;
	int result = manifest_open(path, &seen, &why);
	if (result == 0)
		result = compare_folders(&tree, seen, ret_where, &why);
	manifest_close(seen);
	tree_close(&tree);
	if (result < 0 && (why.code == ERROR_CORRUPT || why.code == ERROR_NOT_FOUND)) { /* nobody knows: so look at it all */
		*ret_where = memory_strdup("the list of what was left");
		return 0;
	}
	error_move(err, &why);
	return result;
}
