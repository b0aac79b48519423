/*
 * adopt.c - a folder: renames within one file system, and the metadata of the folder itself, which cannot be renamed. All else
 * is adopt_file.c's.
 */
#include "plugins/replica/target/adopt.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "plugins/replica/target/adopt_file.h"

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

static int check_place(const struct adoption *what, const char **ret_name, struct error *err)
{
	size_t length = strlen(what->path);
	if (strncmp(what->store, what->path, length) == 0 && what->store[length] == '/' && what->store[length + 1] &&
	    !strchr(what->store + length + 1, '/')) {
		*ret_name = what->store + length + 1;
		return 0;
	}
	return error_set(err, ERROR_INVALID, "the store %s is not directly below %s", what->store, what->path);
}

static int refuse_content(const struct adoption *what, const char *store, struct error *err)
{
	DIR *folder = opendir(what->path);
	if (!folder)
		return error_set_errno(err, errno, "cannot list %s", what->path);
	int result = 0;
	for (struct dirent *entry; result == 0 && (entry = readdir(folder));)
		if (!stays(entry->d_name, store)) {
			error_set(err, ERROR_REFUSED, "%s is not empty: there is %s in it", what->path, entry->d_name);
			result = error_hint(err, "give a place of its own, or empty it");
		}
	closedir(folder);
	return result;
}

static char *tree_of(const struct store *store, uint64_t number, const char *place)
{
	CLEANUP_FREE char *tree = store_tree(store, number);
	return *place ? file_join(tree, place) : take(tree);
}

static int move_in(const struct adoption *what, struct store *store, const char *name, struct error *err)
{
	CLEANUP_FREE char *tree = tree_of(store, 1, what->place);
	bool begun = file_exists(tree);
	if (!begun && what->empty && refuse_content(what, name, err) < 0)
		return -1;
	if (!begun && (file_make_folders(tree, 0700, err) < 0 || copy_metadata(what->path, tree, err) < 0))
		return -1;
	if (move_all(what->path, tree, name, err) < 0 || store_sync(store, err) < 0)
		return -1;
	return adopt_first_point(store, err);
}

static int adopt_folder(const struct adoption *what, struct error *err)
{
	struct store store;
	const char *name;
	if (check_place(what, &name, err) < 0 || store_open(what->store, &store, NULL, err) < 0)
		return -1;
	int result = store.point.generation ? 0 : move_in(what, &store, name, err);
	store_close(&store);
	return result;
}

static bool is_folder(const char *path)
{
	struct stat status;
	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

int adopt(const struct adoption *what, struct error *err)
{
	return is_folder(what->path) ? adopt_folder(what, err) : adopt_file(what, err);
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

static int keep_orphans(const struct store *store, const char *keep, struct error *err)
{
	CLEANUP_FREE char *orphans = store_file(store, "orphans");
	if (!keep || !file_exists(orphans))
		return 0;
	return file_make_folders(keep, 0700, err) < 0 ? -1 : move_all(orphans, keep, NULL, err);
}

static int move_out(const struct adoption *what, const struct store *store, struct timespec ret_times[2], struct error *err)
{
	CLEANUP_FREE char *tree = tree_of(store, store->point.tree, what->place);
	struct stat status;
	if (stat(tree, &status) == 0) { /* its times, before moving changes them */
		ret_times[0] = status.st_atim;
		ret_times[1] = status.st_mtim;
	}
	if (move_all(tree, what->path, NULL, err) < 0 || keep_orphans(store, what->aside, err) < 0 ||
	    copy_metadata(tree, what->path, err) < 0)
		return -1;
	return store_sync(store, err);
}

static int release_folder(const struct adoption *what, struct store *store, struct error *err)
{
	struct timespec times[] = {{.tv_nsec = UTIME_OMIT}, {.tv_nsec = UTIME_OMIT}};
	const char *name;
	int result = check_place(what, &name, err);
	if (result == 0)
		result = move_out(what, store, times, err);
	store_close(store);
	if (result < 0 || file_remove_tree(what->store, err) < 0)
		return -1;
	return utimensat(AT_FDCWD, what->path, times, 0) == 0
		       ? 0
		       : error_set_errno(err, errno, "cannot set the times of %s", what->path);
}

int release(const struct adoption *what, uint64_t *ret_kept, struct error *err)
{
	struct store store;
	int result = 0;
	if (file_exists(what->store)) {
		if (store_open(what->store, &store, NULL, err) < 0)
			return -1;
		if (!store.point.promoted) {
			store_close(&store);
			return error_set(err, ERROR_REFUSED, "the store %s was not promoted: what is in it is not complete",
					 what->store);
		}
		result = is_folder(what->path) ? release_folder(what, &store, err) : release_file(what, &store, err);
	}
	*ret_kept = what->aside ? count_files(what->aside) : 0;
	return result;
}
