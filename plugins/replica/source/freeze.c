/*
 * freeze.c - snapshots of btrfs subvolumes, and reflink copies.
 */
#include "plugins/replica/source/freeze.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "plugins/replica/tree/copy.h"
#include "plugins/replica/format/location.h"

#define SUBVOLUME_INODE 256 /* BTRFS_FIRST_FREE_OBJECTID: the root folder of every subvolume */

struct held {	      /* a snapshot or copy */
	char *holder; /* the folder in which it lies */
	int folder;   /* descriptor of the holder */
};

struct frozen {
	enum consistency how;
	struct quiesced *quiesced;
	char name[16 + IDENTITY_HEX]; /* of each snapshot or copy in its holder */
	struct held *held;
	size_t held_count;
	char *root, *keys;
	struct forest_root *roots; /* their paths are owned */
	size_t root_count;
};

/* Its own times are not to tell of what comes and goes in it. */
static void keep_times(int folder, const struct stat *before)
{
	const struct timespec times[2] = {before->st_atim, before->st_mtim};
	futimens(folder, times);
}

/* --- snapshots --- */

static int find_subvolume(const char *path, char **ret_subvolume, struct error *err)
{
	struct stat status;
	struct statfs system;
	CLEANUP_FREE char *at = realpath(path, NULL);
	if (!at || statfs(at, &system) < 0)
		return error_set_errno(err, errno, "cannot look at %s", path);
	if ((unsigned long)system.f_type != BTRFS_SUPER_MAGIC) {
		error_set(err, ERROR_REFUSED, "%s is not on btrfs: there is no snapshot of it", path);
		return error_hint(err, "ask for consistency by reflink (xfs), commands, or none; or give a snapshot yourself");
	}
	while (stat(at, &status) == 0 && status.st_ino != SUBVOLUME_INODE) {
		char *slash = strrchr(at, '/');
		if (slash == at || !slash)
			return error_set(err, ERROR_FAILED, "cannot find the subvolume of %s", path);
		*slash = '\0';
	}
	*ret_subvolume = take(at);
	return 0;
}

static bool destroy_snapshot(int holder, const char *name)
{
	struct btrfs_ioctl_vol_args arguments = {0};
	snprintf(arguments.name, sizeof(arguments.name), "%s", name);
	return ioctl(holder, BTRFS_IOC_SNAP_DESTROY, &arguments) == 0 || errno == ENOENT;
}

static int take_snapshot(int subvolume, const char *name)
{
	struct btrfs_ioctl_vol_args_v2 arguments = {.fd = subvolume, .flags = BTRFS_SUBVOL_RDONLY};
	snprintf(arguments.name, sizeof(arguments.name), "%s", name);
	return ioctl(subvolume, BTRFS_IOC_SNAP_CREATE_V2, &arguments);
}

/* --- what is held --- */

static int hold(struct frozen *frozen, const char *holder, struct error *err)
{
	int folder = open(holder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return error_set_errno(err, errno, "cannot open %s", holder);
	frozen->held = memory_resize(frozen->held, (frozen->held_count + 1) * sizeof(*frozen->held));
	frozen->held[frozen->held_count++] = (struct held){.holder = memory_strdup(holder), .folder = folder};
	return 0;
}

static int drop(const struct frozen *frozen, const struct held *held, struct error *err)
{
	struct stat before;
	CLEANUP_FREE char *path = file_join(held->holder, frozen->name);
	if (fstat(held->folder, &before) < 0)
		return error_set_errno(err, errno, "cannot look at %s", held->holder);
	if (!file_exists(path))
		return 0;
	if (frozen->how == CONSISTENCY_SNAPSHOT && !destroy_snapshot(held->folder, frozen->name))
		return error_set_errno(err, errno, "cannot remove the snapshot %s", path);
	if (frozen->how == CONSISTENCY_REFLINK && file_remove_tree(path, err) < 0)
		return -1;
	keep_times(held->folder, &before);
	return 0;
}

/* The path in the snapshot of what path is in its subvolume. */
static int freeze_one(struct frozen *frozen, const char *path, char **ret_path, struct error *err)
{
	CLEANUP_FREE char *subvolume = NULL, *real = realpath(path, NULL);
	struct stat before;
	if (!real || find_subvolume(real, &subvolume, err) < 0)
		return real ? -1 : error_set_errno(err, errno, "cannot look at %s", path);
	*ret_path = memory_printf("%s/%s%s", subvolume, frozen->name, real + strlen(subvolume));
	for (size_t i = 0; i < frozen->held_count; i++)
		if (strcmp(frozen->held[i].holder, subvolume) == 0)
			return 0;
	if (hold(frozen, subvolume, err) < 0)
		return -1;
	const struct held *held = &frozen->held[frozen->held_count - 1];
	if (drop(frozen, held, err) < 0)
		return -1;
	fstat(held->folder, &before);
	if (syncfs(held->folder) < 0) /* what was written until now is in it */
		return error_set_errno(err, errno, "cannot sync %s", subvolume);
	if (take_snapshot(held->folder, frozen->name) < 0)
		return error_set_errno(err, errno, "cannot take a snapshot of %s", subvolume);
	keep_times(held->folder, &before);
	return 0;
}

static int freeze_snapshots(struct frozen *frozen, const struct freeze_wish *wish, struct error *err)
{
	if (wish->root)
		return freeze_one(frozen, wish->root, &frozen->root, err);
	frozen->roots = memory_alloc(wish->root_count * sizeof(*frozen->roots));
	for (size_t i = 0; i < wish->root_count; i++) {
		char *path;
		if (freeze_one(frozen, wish->roots[i].path, &path, err) < 0)
			return -1;
		frozen->roots[i].path = path;
		frozen->roots[i].place = wish->roots[i].place ? wish->roots[i].place : wish->roots[i].path;
		frozen->root_count++;
	}
	return 0;
}

/* --- a copy --- */

static int make_copy(const struct frozen *frozen, const struct freeze_wish *wish, const char *path, struct error *err)
{
	struct tree from, to;
	if (tree_open(wish->root, &from, err) < 0)
		return -1;
	int result = tree_open(path, &to, err);
	if (result == 0) {
		result = copy_tree(&from, &to, &(struct copy_options){.rules = wish->rules, .keys = frozen->keys}, err);
		tree_close(&to);
	}
	tree_close(&from);
	return result;
}

static int freeze_copy(struct frozen *frozen, const struct freeze_wish *wish, struct error *err)
{
	CLEANUP_FREE char *holder = NULL;
	struct stat before;
	if (!wish->root)
		return error_set(err, ERROR_INVALID, "a reflink copy is of one folder, not of several sources");
	if (location_mount_point(wish->root, &holder, err) < 0 || hold(frozen, holder, err) < 0)
		return -1;
	const struct held *held = &frozen->held[0];
	if (copy_possible(held->folder, wish->root, err) < 0 || drop(frozen, held, err) < 0)
		return -1;
	frozen->root = file_join(holder, frozen->name);
	frozen->keys = file_join(wish->state, "frozen");
	fstat(held->folder, &before);
	if (mkdir(frozen->root, 0700) < 0)
		return error_set_errno(err, errno, "cannot create %s", frozen->root);
	keep_times(held->folder, &before); /* it may be what is copied */
	return make_copy(frozen, wish, frozen->root, err);
}

/* --- all --- */

static int freeze_all(struct frozen *frozen, const struct freeze_wish *wish, struct error *err)
{
	if (quiesce_begin(&wish->quiesce, wish->state, &frozen->quiesced, err) < 0)
		return -1;
	int result = 0;
	if (wish->how == CONSISTENCY_SNAPSHOT)
		result = freeze_snapshots(frozen, wish, err);
	else if (wish->how == CONSISTENCY_REFLINK)
		result = freeze_copy(frozen, wish, err);
	if (result < 0 || wish->how == CONSISTENCY_COMMANDS)
		return result;
	return freeze_thaw(frozen, err);
}

int freeze_begin(const struct freeze_wish *wish, const struct identity *source, struct frozen **ret_frozen, struct error *err)
{
	char hex[IDENTITY_HEX];
	if (wish->how == CONSISTENCY_COMMANDS && !wish->quiesce.stop)
		return error_set(err, ERROR_INVALID, "consistency by commands needs a command that quiesces");
	struct frozen *frozen = memory_alloc(sizeof(*frozen));
	frozen->how = wish->how;
	identity_hex(source, hex);
	snprintf(frozen->name, sizeof(frozen->name), ".standin-%s", hex);
	if (freeze_all(frozen, wish, err) < 0) {
		freeze_end(frozen, NULL);
		return -1;
	}
	*ret_frozen = frozen;
	return 0;
}

const char *frozen_root(const struct frozen *frozen)
{
	return frozen->root;
}

const struct forest_root *frozen_roots(const struct frozen *frozen)
{
	return frozen->roots;
}

const char *frozen_keys(const struct frozen *frozen)
{
	return frozen->keys;
}

int freeze_thaw(struct frozen *frozen, struct error *err)
{
	return frozen ? quiesce_end(take(frozen->quiesced), err) : 0;
}

int freeze_end(struct frozen *frozen, struct error *err)
{
	if (!frozen)
		return 0;
	int result = freeze_thaw(frozen, err);
	for (size_t i = 0; i < frozen->held_count; i++) {
		if (drop(frozen, &frozen->held[i], result == 0 ? err : NULL) < 0)
			result = -1;
		free(frozen->held[i].holder);
		close(frozen->held[i].folder);
	}
	for (size_t i = 0; i < frozen->root_count; i++)
		free((void *)frozen->roots[i].path);
	if (frozen->keys)
		unlink(frozen->keys);
	free(frozen->held);
	free(frozen->roots);
	free(frozen->root);
	free(frozen->keys);
	free(frozen);
	return result;
}
