/*
 * store.c - the target's folder.
 */
#include "plugins/replica/target/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "engine/base/fault.h"
#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "plugins/replica/tree/volume.h"

char *store_file(const struct store *store, const char *name)
{
	return file_join(store->path, name);
}

char *store_tree(const struct store *store, uint64_t number)
{
	return memory_printf("%s/tree-%" PRIu64, store->path, number);
}

static int open_folder(const char *path, struct store *ret_store, struct error *err)
{
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return error_set_errno(err, errno, "cannot open the store %s", path);
	*ret_store = (struct store){.path = memory_strdup(path), .folder = folder, .lock = -1, .device = -1};
	CLEANUP_FREE char *file = store_file(ret_store, "point");
	if (point_read(file, &ret_store->point, err) < 0) {
		store_close(ret_store);
		return -1;
	}
	return 0;
}

static int take_lock(struct store *store, int *ret_holder, struct error *err)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	store->lock = openat(store->folder, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (store->lock < 0)
		return error_set_errno(err, errno, "cannot open the lock of %s", store->path);
	if (fcntl(store->lock, F_SETLK, &lock) == 0)
		return 0;
	if (errno != EAGAIN && errno != EACCES)
		return error_set_errno(err, errno, "cannot lock %s", store->path);
	lock.l_pid = 0;
	fcntl(store->lock, F_GETLK, &lock);
	if (ret_holder)
		*ret_holder = lock.l_type == F_UNLCK ? 0 : lock.l_pid;
	return error_set(err, ERROR_LOCKED, "another agent (process %d) works on %s", lock.l_pid, store->path);
}

/* --- what others left there --- */

static bool is_a_stores(const char *name)
{
	static const char *const names[] = {".",       "..",	  "lock",	  "term",	  "point",	  "batch",
					    "trash",   "listing", "listing.next", "listing.part", "listing.mark", "blocks",
					    "orphans", "points",  "lost+found"};
	static const char *const beginnings[] = {"tree-", "seen-", "point.", "term."};
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	for (size_t i = 0; i < COUNT_OF(beginnings); i++)
		if (strncmp(name, beginnings[i], strlen(beginnings[i])) == 0)
			return true;
	return false;
}

/* In a folder that is nobody's yet: what an opening leaves that did not come to a point. */
static bool is_a_new_stores(const char *name)
{
	static const char *const names[] = {".", "..", "lock", "term", "lost+found"};
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return strncmp(name, "point.", 6) == 0 || strncmp(name, "term.", 5) == 0;
}

int store_refuse_foreign(const char *path, struct error *err)
{
	CLEANUP_FREE char *point = file_join(path, "point");
	DIR *folder = file_exists(point) ? NULL : opendir(path);
	if (!folder)
		return 0; /* somebody's, or new; if it cannot be opened, who opens it says why */
	int result = 0;
	for (struct dirent *entry; result == 0 && (entry = readdir(folder));)
		if (!is_a_new_stores(entry->d_name)) {
			error_set(err, ERROR_REFUSED, "%s is no store, and not empty: there is %s in it", path, entry->d_name);
			result = error_hint(err, "give an empty folder; --replace-foreign removes what is there once the "
						 "first mirror is complete");
		}
	closedir(folder);
	return result;
}

int store_remove_foreign(const struct store *store, struct error *err)
{
	DIR *folder = opendir(store->path);
	if (!folder)
		return error_set_errno(err, errno, "cannot list %s", store->path);
	int result = 0;
	for (struct dirent *entry; result == 0 && (entry = readdir(folder));)
		if (!is_a_stores(entry->d_name))
			result = store_remove(store, entry->d_name, err);
	closedir(folder);
	return result;
}

int store_open(const char *path, struct store *ret_store, int *ret_holder, struct error *err)
{
	if (!file_exists(path) && file_make_folders(path, 0700, err) < 0)
		return -1;
	removexattr(path, "system.posix_acl_default"); /* nothing made here may inherit what its source does not have */
	if (chmod(path, 0700) < 0)
		return error_set_errno(err, errno, "cannot make %s private", path);
	if (open_folder(path, ret_store, err) < 0)
		return -1;
	if (take_lock(ret_store, ret_holder, err) < 0) {
		store_close(ret_store);
		return -1;
	}
	CLEANUP_FREE char *file = store_file(ret_store, "point"); /* again: it may have been another's until now */
	/* A promoted one is mounted: nothing is left to be done with it. */
	if (point_read(file, &ret_store->point, err) < 0 ||
	    (!ret_store->point.promoted && store_open_device(ret_store, err) < 0)) {
		store_close(ret_store);
		return -1;
	}
	return 0;
}

int store_look(const char *path, struct store *ret_store, struct error *err)
{
	return open_folder(path, ret_store, err);
}

void store_close(struct store *store)
{
	const int fds[] = {store->device, store->folder, store->lock}; /* the lock last: then all is free */
	for (size_t i = 0; i < COUNT_OF(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	free(store->path);
	*store = (struct store){.folder = -1, .lock = -1, .device = -1};
}

int store_open_device(struct store *store, struct error *err)
{
	if (!store->point.device[0] || store->device >= 0)
		return 0;
	return volume_open(store->point.device, VOLUME_WRITE, &store->device, err);
}

int store_look_device(struct store *store, struct error *err)
{
	if (!store->point.device[0] || store->device >= 0)
		return 0;
	return volume_open(store->point.device, VOLUME_READ, &store->device, err);
}

bool store_is_begun(const struct store *store)
{
	return store->point.device[0] && !store->point.generation && store->point.seed;
}

static int refuse_foreign_device(const struct store *store, struct error *err)
{
	bool blank;
	if (volume_is_blank(store->device, &blank, err) < 0)
		return error_wrap(err, "%s", store->point.device);
	if (blank)
		return 0;
	error_set(err, ERROR_REFUSED, "%s is not blank: it holds something that is not this set's", store->point.device);
	return error_hint(err, "wipe it (blkdiscard, or dd from /dev/zero); --replace-foreign overwrites what is there");
}

int store_bind_device(struct store *store, const char *path, struct error *err)
{
	struct point *point = &store->point;
	if (!path || strcmp(path, point->device) == 0)
		return 0; /* opened already, or when it is needed */
	if (point->set[0]) {
		error_set(err, ERROR_CONFLICT, "the store %s keeps %s, not %s", store->path,
			  point->device[0] ? point->device : "a tree of its own", path);
		return error_hint(err, "give each device a store of its own");
	}
	if (path[0] != '/' || strlen(path) > POINT_DEVICE_LIMIT || strchr(path, '\n'))
		return error_set(err, ERROR_INVALID, "a device is named by an absolute path of at most %d bytes",
				 POINT_DEVICE_LIMIT);
	strcpy(point->device, path); /* NOLINT: bounded above */
	if (store_open_device(store, err) < 0)
		return -1;
	return store->replace_foreign ? 0 : refuse_foreign_device(store, err);
}

int store_open_tree(const struct store *store, const char *path, struct tree *ret_tree, struct error *err)
{
	if (store->device < 0)
		return tree_open(path, ret_tree, err);
	int root = fcntl(store->device, F_DUPFD_CLOEXEC, 0);
	if (root < 0)
		return error_set_errno(err, errno, "cannot open %s", store->point.device);
	*ret_tree = (struct tree){.root = root, .is_volume = true, .name = store->point.device};
	return 0;
}

int store_open_file(const struct store *store, const char *folder, const char *name, int *ret_fd, struct error *err)
{
	CLEANUP_FREE char *path = store_tree(store, store->point.tree);
	CLEANUP_CLOSE int parent = -1;
	struct tree tree;
	struct stat status;
	if (store->device >= 0)
		return error_set(err, ERROR_NOT_FOUND, "the replica is a device and has no files");
	if (tree_open(path, &tree, err) < 0)
		return -1;
	int found = tree_folder(&tree, folder, &parent, err);
	tree_close(&tree);
	if (found < 0)
		return -1;
	CLEANUP_CLOSE int fd = openat(parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
		return error_set(err, ERROR_NOT_FOUND, "there is no file %s in the replica", name);
	*ret_fd = take_fd(fd);
	return 0;
}

int store_find(const struct store *store, const char *path, uint64_t *ret_ino, struct error *err)
{
	CLEANUP_FREE char *root = store_tree(store, store->point.tree);
	CLEANUP_CLOSE int parent = -1;
	const char *name;
	struct tree tree;
	struct stat status;
	*ret_ino = 0;
	if (tree_open(root, &tree, err) < 0)
		return -1;
	int found = tree_parent(&tree, path, &parent, &name, NULL);
	tree_close(&tree);
	if (found == 0 && fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	    (S_ISDIR(status.st_mode) || S_ISREG(status.st_mode)))
		*ret_ino = status.st_ino;
	return 0;
}

int store_write_point(struct store *store, const struct point *point, struct error *err)
{
	CLEANUP_FREE char *file = store_file(store, "point");
	if (point_write(file, point, err) < 0)
		return -1;
	store->point = *point;
	return 0;
}

int store_sync(const struct store *store, struct error *err)
{
	int fault = fault_hit("sync");
	if (!fault && syncfs(store->folder) == 0 && (store->device < 0 || fsync(store->device) == 0))
		return 0;
	error_set_errno(err, fault ? fault : errno, "cannot sync the file system of %s", store->path);
	return error_hint(err, "do not trust this disk: what was not yet reported as a recovery point may be lost");
}

int store_folder(const struct store *store, const char *name, int *ret_fd, struct error *err)
{
	if (mkdirat(store->folder, name, 0700) < 0 && errno != EEXIST)
		return error_set_errno(err, errno, "cannot create %s/%s", store->path, name);
	int fd = openat(store->folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return error_set_errno(err, errno, "cannot open %s/%s", store->path, name);
	*ret_fd = fd;
	return 0;
}

int store_remove(const struct store *store, const char *name, struct error *err)
{
	CLEANUP_FREE char *path = store_file(store, name);
	return file_remove_tree(path, err);
}

/* --- the term: a number in a file of its own, so that it can be raised while another process holds the lock --- */

static int read_term(const char *path, uint64_t *ret_term, struct error *err)
{
	CLEANUP_FREE char *file = file_join(path, "term");
	CLEANUP_FREE char *text = NULL;
	CLEANUP_ERROR struct error why = ERROR_NONE;
	size_t length;
	char *end;
	*ret_term = 0;
	if (file_read(file, 64, &text, &length, &why) < 0) {
		if (why.code == ERROR_NOT_FOUND)
			return 0;
		error_move(err, &why);
		return -1;
	}
	*ret_term = strtoull(text, &end, 10);
	return strcmp(end, "\n") == 0 ? 0 : error_set(err, ERROR_CORRUPT, "%s is no term", file);
}

/* --- what could not be kept --- */

static char *unkept_file(const struct store *store, uint64_t generation)
{
	return memory_printf("%s/unkept-%" PRIu64, store->path, generation);
}

int store_read_unkept(const struct store *store, uint64_t generation, struct unkept *ret_unkept, struct error *err)
{
	CLEANUP_FREE char *path = unkept_file(store, generation);
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : error_set_errno(err, errno, "cannot open %s", path);
	struct stream stream = stream_of_fds(path, fd, -1);
	struct frame_reader reader = {.stream = &stream};
	int result = unkept_receive(&reader, ret_unkept, err);
	frame_reader_free(&reader);
	return result;
}

int store_write_unkept(const struct store *store, uint64_t generation, const struct unkept *unkept, struct error *err)
{
	CLEANUP_FREE char *path = unkept_file(store, generation);
	if (!unkept->live)
		return unlink(path) < 0 && errno != ENOENT ? error_set_errno(err, errno, "cannot remove %s", path) : 0;
	CLEANUP_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_set_errno(err, errno, "cannot create %s", path);
	struct stream stream = stream_of_fds(path, -1, fd);
	struct frame_writer writer = {.stream = &stream};
	int result = unkept_send(&writer, unkept, err);
	frame_writer_free(&writer);
	if (result == 0 && fsync(fd) < 0)
		result = error_set_errno(err, errno, "cannot sync %s", path);
	return result < 0 ? -1 : file_sync_folder_of(path, err);
}

int store_read_term(const struct store *store, uint64_t *ret_term, struct error *err)
{
	return read_term(store->path, ret_term, err);
}

int store_raise_term(const char *path, uint64_t term, struct error *err)
{
	uint64_t now;
	if (read_term(path, &now, err) < 0)
		return -1;
	if (now >= term)
		return 0;
	char text[32];
	CLEANUP_FREE char *file = file_join(path, "term");
	snprintf(text, sizeof(text), "%" PRIu64 "\n", term);
	return file_write_durable(file, text, strlen(text), 0600, err);
}
