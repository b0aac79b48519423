/*
 * adopt_file.c - a file is renamed into the store's tree and back; a device is written to where it is. Of a volume a copy as it
 * was is kept first, if that is wished: a file that is in it only has no other way to be kept.
 */
#include "plugins/replica/target/adopt_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/fault.h"
#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "plugins/replica/tree/volume.h"

#define OWNER "owner"		    /* in the store of an image */
#define PIECE ((size_t)1024 * 1024) /* bytes that are copied at once */

static uint64_t new_seed(void)
{
	uint64_t seed;
	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		abort(); /* the kernel gives 8 bytes or is broken */
	return seed ? seed : 1;
}

int adopt_first_point(struct store *store, struct error *err)
{
	struct point point = {.generation = 1, .tree = 1, .time = clock_wall(), .seed = new_seed()};
	identity_make(&point.point);
	return store_write_point(store, &point, err);
}

/* --- a copy as it was --- */

static bool is_zero(const char *bytes, size_t length)
{
	return !*bytes && memcmp(bytes, bytes + 1, length - 1) == 0;
}

/* Zeros are left out: they become holes. */
static int put_piece(int to, const char *bytes, size_t length, uint64_t offset, struct error *err)
{
	for (size_t at = 0; at < length; at += DIGEST_BLOCK) {
		size_t some = length - at < DIGEST_BLOCK ? length - at : DIGEST_BLOCK;
		int fault = fault_hit("aside");
		if (fault)
			return error_set_errno(err, fault, "cannot write the copy");
		if (is_zero(bytes + at, some))
			continue;
		ssize_t written = pwrite(to, bytes + at, some, (off_t)(offset + at));
		if (written != (ssize_t)some)
			return error_set_errno(err, written < 0 ? errno : ENOSPC, "cannot write the copy");
	}
	return 0;
}

static int copy_volume(int from, int to, struct error *err)
{
	CLEANUP_FREE char *bytes = memory_alloc(PIECE);
	uint64_t offset = 0;
	ssize_t got;
	while ((got = pread(from, bytes, PIECE, (off_t)offset)) > 0) {
		if (put_piece(to, bytes, (size_t)got, offset, err) < 0)
			return -1;
		offset += (uint64_t)got;
	}
	if (got < 0)
		return error_set_errno(err, errno, "cannot read it");
	return ftruncate(to, (off_t)offset) < 0 ? error_set_errno(err, errno, "cannot set the size of the copy") : 0;
}

static int make_copy(int from, const char *part, const char *whole, struct error *err)
{
	CLEANUP_CLOSE int to = open(part, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (to < 0)
		return error_set_errno(err, errno, "cannot create %s", part);
	if (copy_volume(from, to, err) < 0 || file_sync(to, part, err) < 0)
		return -1;
	return rename(part, whole) < 0 ? error_set_errno(err, errno, "cannot rename %s", part)
				       : file_sync_folder_of(whole, err);
}

static int keep_as_it_was(const struct adoption *what, int from, struct error *err)
{
	if (!what->aside)
		return 0;
	CLEANUP_FREE char *whole = file_join(what->aside, VOLUME_NAME), *part = memory_printf("%s.part", whole);
	if (file_exists(whole))
		return 0;
	if (file_make_folders(what->aside, 0700, err) == 0 && make_copy(from, part, whole, err) == 0)
		return 0;
	unlink(part);
	return error_wrap(err, "nothing was overwritten, for a copy of %s as it was cannot be kept in %s", what->path,
			  what->aside);
}

/* --- a device --- */

static int refuse_marks(const struct adoption *what, int fd, struct error *err)
{
	bool blank = true;
	if (!what->empty)
		return 0;
	if (volume_is_blank(fd, &blank, err) < 0)
		return error_wrap(err, "%s", what->path);
	if (blank)
		return 0;
	error_set(err, ERROR_REFUSED, "%s is not blank: there is something on it", what->path);
	return error_hint(err, "wipe it (blkdiscard, or dd from /dev/zero), or give another one");
}

static int begin_device(const struct adoption *what, struct store *store, struct error *err)
{
	struct point point = {.seed = new_seed()};
	if (strlen(what->path) > POINT_DEVICE_LIMIT)
		return error_set(err, ERROR_INVALID, "a device's path has %d bytes at most", POINT_DEVICE_LIMIT);
	snprintf(point.device, sizeof(point.device), "%s", what->path);
	if (volume_open(what->path, VOLUME_WRITE, &store->device, err) < 0)
		return error_wrap(err, "it would be overwritten");
	if (refuse_marks(what, store->device, err) < 0 || keep_as_it_was(what, store->device, err) < 0)
		return -1;
	return store_write_point(store, &point, err);
}

static int adopt_device(const struct adoption *what, struct store *store, struct error *err)
{
	if (!store->point.device[0])
		return begin_device(what, store, err);
	return strcmp(store->point.device, what->path) == 0
		       ? 0
		       : error_set(err, ERROR_CONFLICT, "the store %s is that of %s, not of %s", what->store,
				   store->point.device, what->path);
}

/* --- a file --- */

static int check_beside(const struct adoption *what, struct error *err)
{
	const char *name = file_base_name(what->path), *store = file_base_name(what->store);
	size_t length = (size_t)(name - what->path);
	if (*what->place && (size_t)(store - what->store) == length && strncmp(what->path, what->store, length) == 0)
		return 0;
	return error_set(err, ERROR_INVALID, "the store %s of a file does not lie beside it, %s", what->store, what->path);
}

static char *file_in(const struct store *store, uint64_t tree, const char *place)
{
	CLEANUP_FREE char *root = store_tree(store, tree);
	return file_join(root, place);
}

static int keep_image(const struct adoption *what, struct error *err)
{
	if (strcmp(what->place, VOLUME_NAME) != 0 || !what->aside)
		return 0;
	CLEANUP_CLOSE int fd = open(what->path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? error_set_errno(err, errno, "cannot open %s", what->path) : keep_as_it_was(what, fd, err);
}

/* An image's replica is nobody's: whose it was, and who may use it, is kept in an empty file. */
static int copy_owner(const char *from, const char *to, struct error *err)
{
	struct stat status;
	CLEANUP_CLOSE int fd = open(to, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || stat(from, &status) < 0 || fchown(fd, status.st_uid, status.st_gid) < 0 ||
	    fchmod(fd, status.st_mode & 07777) < 0)
		return error_set_errno(err, errno, "cannot give %s the owner and mode of %s", to, from);
	return 0;
}

static int refuse_file(const struct adoption *what, struct error *err)
{
	error_set(err, ERROR_REFUSED, "%s is there already", what->path);
	return error_hint(err, "give a name that is free, or move it out of the way");
}

/* What is not there any more was moved before; or never was there, and all of it will come. */
static int move_file_in(const struct adoption *what, struct store *store, struct error *err)
{
	CLEANUP_FREE char *to = file_in(store, 1, what->place), *folder = strndup(to, (size_t)(file_base_name(to) - to));
	struct stat status;
	bool there = stat(what->path, &status) == 0;
	if (there && what->empty)
		return refuse_file(what, err);
	if (there && !S_ISREG(status.st_mode))
		return error_set(err, ERROR_REFUSED, "%s is no folder, file or block device", what->path);
	CLEANUP_FREE char *owner = store_file(store, OWNER);
	if (file_make_folders(folder, 0700, err) < 0 ||
	    (there && (keep_image(what, err) < 0 || copy_owner(what->path, owner, err) < 0)))
		return -1;
	if (there && rename(what->path, to) < 0)
		return error_set_errno(err, errno, "cannot move %s", what->path);
	return store_sync(store, err) < 0 ? -1 : adopt_first_point(store, err);
}

static bool is_device(const char *path)
{
	struct stat status;
	return stat(path, &status) == 0 && S_ISBLK(status.st_mode);
}

int adopt_file(const struct adoption *what, struct error *err)
{
	struct store store;
	bool device = is_device(what->path);
	if ((!device && check_beside(what, err) < 0) || store_open(what->store, &store, NULL, err) < 0)
		return -1;
	int result = store.point.generation ? 0 : device ? adopt_device(what, &store, err) : move_file_in(what, &store, err);
	store_close(&store);
	return result;
}

static int move_file_out(const struct adoption *what, const struct store *store, struct error *err)
{
	CLEANUP_FREE char *from = file_in(store, store->point.tree, what->place), *owner = store_file(store, OWNER);
	bool image = strcmp(what->place, VOLUME_NAME) == 0;
	if (image && file_exists(owner) && file_exists(from) && copy_owner(owner, from, err) < 0)
		return -1;
	if (renameat2(AT_FDCWD, from, AT_FDCWD, what->path, RENAME_NOREPLACE) == 0 ||
	    (errno == ENOENT && file_exists(what->path)))
		return store_sync(store, err);
	int number = errno;
	error_set_errno(err, number, "cannot move %s to its place", what->path);
	return number == EEXIST ? error_hint(err, "somebody has made it anew meanwhile: move it out of the way") : -1;
}

int release_file(const struct adoption *what, struct store *store, struct error *err)
{
	int result = store->point.device[0] ? 0 : move_file_out(what, store, err);
	store_close(store);
	return result < 0 ? -1 : file_remove_tree(what->store, err);
}
