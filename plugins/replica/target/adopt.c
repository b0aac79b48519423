/*
 * adopt.c - renames within one file system, and the metadata of the folder itself, which cannot be renamed.
 */
#include "plugins/replica/target/adopt.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "plugins/replica/target/store.h"

#define XATTRS_LIMIT ((size_t)64 * 1024)
#define OWN	     ".standin-" /* what a restore has put aside */

static int open_folder(const char *path, int *ret_fd, struct error *err)
{
	*ret_fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return *ret_fd < 0 ? error_set_errno(err, errno, "cannot open the folder %s", path) : 0;
}

/* --- moving --- */

static bool stays(const char *name, const char *store)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, "lost+found") == 0 ||
	       strncmp(name, OWN, strlen(OWN)) == 0 || (store && strcmp(name, store) == 0);
}

static int move_one(int from, int to, const char *name, struct error *err)
{
	if (renameat2(from, name, to, name, RENAME_NOREPLACE) == 0 || errno == ENOENT)
		return 0;
	int number = errno;
	error_set_errno(err, number, "cannot move %s", name);
	if (number == EBUSY || number == EXDEV)
		return error_hint(err, "another file system is mounted there: unmount it first");
	return number == EEXIST ? error_hint(err, "somebody has made it anew meanwhile: move it out of the way") : -1;
}

/* A listing that is changed while it is read may leave entries out: until there are none. */
static int move_all(const char *from_path, const char *to_path, const char *store, struct error *err)
{
	CLEANUP_CLOSE int from = -1, to = -1;
	size_t moved = 1;
	if (open_folder(from_path, &from, err) < 0 || open_folder(to_path, &to, err) < 0)
		return -1;
	while (moved) {
		DIR *folder = opendir(from_path);
		moved = 0;
		if (!folder)
			return error_set_errno(err, errno, "cannot list %s", from_path);
		for (struct dirent *entry; (entry = readdir(folder));) {
			if (stays(entry->d_name, store))
				continue;
			if (move_one(from, to, entry->d_name, err) < 0) {
				closedir(folder);
				return -1;
			}
			moved++;
		}
		closedir(folder);
	}
	return 0;
}

/* --- the folder's own metadata --- */

static int copy_attribute(int from, int to, const char *name, struct error *err)
{
	CLEANUP_FREE char *value = memory_alloc(XATTRS_LIMIT);
	ssize_t length = fgetxattr(from, name, value, XATTRS_LIMIT);
	if (length < 0)
		return errno == ENODATA ? 0 : error_set_errno(err, errno, "cannot read the attribute %s", name);
	return fsetxattr(to, name, value, (size_t)length, 0) == 0
		       ? 0
		       : error_set_errno(err, errno, "cannot set the attribute %s", name);
}

static int copy_attributes(int from, int to, struct error *err)
{
	CLEANUP_FREE char *names = memory_alloc(XATTRS_LIMIT);
	ssize_t length = flistxattr(to, names, XATTRS_LIMIT);
	for (ssize_t at = 0; at < length; at += (ssize_t)strlen(names + at) + 1)
		fremovexattr(to, names + at); /* one that cannot be removed is set anew, or is the kernel's */
	length = flistxattr(from, names, XATTRS_LIMIT);
	if (length < 0)
		return errno == ENOTSUP ? 0 : error_set_errno(err, errno, "cannot list the attributes of a folder");
	for (ssize_t at = 0; at < length; at += (ssize_t)strlen(names + at) + 1)
		if (copy_attribute(from, to, names + at, err) < 0)
			return -1;
	return 0;
}

static int copy_metadata(const char *from_path, const char *to_path, struct error *err)
{
	struct stat status;
	CLEANUP_CLOSE int from = -1, to = -1;
	if (open_folder(from_path, &from, err) < 0 || open_folder(to_path, &to, err) < 0)
		return -1;
	if (fstat(from, &status) < 0 || fchown(to, status.st_uid, status.st_gid) < 0 || copy_attributes(from, to, err) < 0 ||
	    fchmod(to, status.st_mode & 07777) < 0)
		return err && err->code ? -1
					: error_set_errno(err, errno, "cannot give %s the metadata of %s", to_path, from_path);
	const struct timespec times[] = {status.st_atim, status.st_mtim};
	return futimens(to, times) == 0 ? 0 : error_set_errno(err, errno, "cannot set the times of %s", to_path);
}

/* --- adopt --- */

static int check_place(const char *folder, const char *store, const char **ret_name, struct error *err)
{
	size_t length = strlen(folder);
	if (strncmp(store, folder, length) == 0 && store[length] == '/' && store[length + 1] &&
	    !strchr(store + length + 1, '/')) {
		*ret_name = store + length + 1;
		return 0;
	}
	return error_set(err, ERROR_INVALID, "the store %s is not directly below %s", store, folder);
}

/* It is whose session comes first. */
static int write_first_point(struct store *store, struct error *err)
{
	struct point point = {.generation = 1, .tree = 1, .time = clock_wall()};
	identity_make(&point.point);
	if (getrandom(&point.seed, sizeof(point.seed), 0) != sizeof(point.seed))
		abort(); /* the kernel gives 8 bytes or is broken */
	return store_write_point(store, &point, err);
}

int adopt_folder(const char *folder, const char *path, struct error *err)
{
	struct store store;
	const char *name;
	if (check_place(folder, path, &name, err) < 0)
		return -1;
	if (!file_exists(folder))
		return error_set(err, ERROR_NOT_FOUND, "there is no folder %s", folder);
	if (store_open(path, &store, NULL, err) < 0)
		return -1;
	CLEANUP_FREE char *tree = store_tree(&store, 1);
	int result = 0;
	if (!store.point.generation) {
		bool begun = file_exists(tree);
		if (!begun && (file_make_folders(tree, 0700, err) < 0 || copy_metadata(folder, tree, err) < 0))
			result = -1;
		if (result == 0)
			result = move_all(folder, tree, name, err);
		if (result == 0)
			result = store_sync(&store, err);
		if (result == 0)
			result = write_first_point(&store, err);
	}
	store_close(&store);
	return result;
}

/* --- release --- */

static uint64_t count_files(const char *path)
{
	uint64_t count = 0;
	struct stat status;
	DIR *folder = opendir(path);
	for (struct dirent *entry; folder && (entry = readdir(folder));) {
		if (stays(entry->d_name, NULL))
			continue;
		CLEANUP_FREE char *below = file_join(path, entry->d_name);
		if (lstat(below, &status) < 0)
			continue;
		count += S_ISDIR(status.st_mode) ? count_files(below) : 1;
	}
	if (folder)
		closedir(folder);
	return count;
}

static int keep_orphans(const struct store *store, const char *keep, uint64_t *ret_kept, struct error *err)
{
	CLEANUP_FREE char *orphans = store_file(store, "orphans");
	if (!keep)
		return 0;
	if (file_exists(orphans) && (file_make_folders(keep, 0700, err) < 0 || move_all(orphans, keep, NULL, err) < 0))
		return -1;
	*ret_kept = count_files(keep);
	return 0;
}

int release_folder(const char *folder, const char *path, const char *keep, uint64_t *ret_kept, struct error *err)
{
	struct store store;
	const char *name;
	*ret_kept = keep ? count_files(keep) : 0;
	if (check_place(folder, path, &name, err) < 0)
		return -1;
	if (!file_exists(path))
		return 0;
	if (store_open(path, &store, NULL, err) < 0)
		return -1;
	CLEANUP_FREE char *tree = store_tree(&store, store.point.tree);
	struct stat status = {.st_atim.tv_nsec = UTIME_OMIT, .st_mtim.tv_nsec = UTIME_OMIT};
	int result = 0;
	stat(tree, &status); /* its times, before moving changes them */
	if (!store.point.promoted)
		result = error_set(err, ERROR_REFUSED, "the store %s was not promoted: what is in it is not complete", path);
	if (result == 0)
		result = move_all(tree, folder, NULL, err);
	if (result == 0)
		result = keep_orphans(&store, keep, ret_kept, err);
	if (result == 0)
		result = copy_metadata(tree, folder, err);
	if (result == 0)
		result = store_sync(&store, err);
	store_close(&store);
	const struct timespec times[] = {status.st_atim, status.st_mtim};
	if (result < 0 || file_remove_tree(path, err) < 0)
		return -1;
	return utimensat(AT_FDCWD, folder, times, 0) == 0 ? 0
							  : error_set_errno(err, errno, "cannot set the times of %s", folder);
}
