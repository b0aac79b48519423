/*
 * stage.c - objects, complete with their metadata. The process has umask 0.
 */
#include "plugins/replica/tree/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "engine/base/memory.h"
#include "plugins/replica/tree/pieces.h"
#include "plugins/replica/tree/volume.h"

#define SHARED_BLOCK 4096u /* of the file systems that share blocks (XFS, btrfs), as they are made by default */

/* --- metadata --- */

/* An object by its descriptor, or (fd -1) by a path whose last name is not followed. */
struct place {
	int fd;
	char path[64 + ENTRY_NAME_LIMIT];
};

static int set_attribute(const struct place *place, const char *name, const void *value, size_t length)
{
	return place->fd >= 0 ? fsetxattr(place->fd, name, value, length, 0) : lsetxattr(place->path, name, value, length, 0);
}

static int set_attributes(const struct place *place, const void *attributes, size_t length, struct error *err)
{
	struct wire wire = wire_of(attributes, length);
	while (wire.at < wire.end) {
		char name[256];
		uint16_t name_length = wire_u16(&wire);
		const void *bytes = wire_bytes(&wire, name_length);
		uint32_t value_length = wire_u32(&wire);
		const void *value = wire_bytes(&wire, value_length);
		if (!bytes || !value || name_length >= sizeof(name))
			return error_set(err, ERROR_CORRUPT, "malformed attributes");
		memcpy(name, bytes, name_length);
		name[name_length] = '\0';
		if (set_attribute(place, name, value, value_length) < 0) {
			error_set_errno(err, errno, "cannot set the attribute %s", name);
			if (errno == EOPNOTSUPP)
				error_hint(err, "the target's file system must keep extended attributes and ACLs, as the "
						"source's does");
			return -1;
		}
	}
	return 0;
}

static bool attributes_have(const void *attributes, size_t length, const char *name)
{
	struct wire wire = wire_of(attributes, length);
	while (wire.at < wire.end && !wire.bad) {
		uint16_t name_length = wire_u16(&wire);
		const void *bytes = wire_bytes(&wire, name_length);
		wire_bytes(&wire, wire_u32(&wire));
		if (bytes && strlen(name) == name_length && memcmp(bytes, name, name_length) == 0)
			return true;
	}
	return false;
}

/* Those that are there and should not be. What cannot be removed is not ours to remove (a security module's label). */
static void remove_attributes(int fd, const void *attributes, size_t length)
{
	static char names[65536];
	ssize_t there = flistxattr(fd, names, sizeof(names));
	for (const char *name = names; name < names + there; name += strlen(name) + 1)
		if (!attributes_have(attributes, length, name))
			fremovexattr(fd, name);
}

static int set_times(int fd, const struct meta *meta, struct error *err)
{
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT},
					  {.tv_sec = meta->mtime.seconds, .tv_nsec = meta->mtime.nanoseconds}};
	return futimens(fd, times) < 0 ? error_set_errno(err, errno, "cannot set its times") : 0;
}

int meta_set(int fd, const struct meta *meta, const void *attributes, size_t length, struct error *err)
{
	const struct place place = {.fd = fd};
	if (fchown(fd, meta->uid, meta->gid) < 0)
		return error_set_errno(err, errno, "cannot set its owner");
	remove_attributes(fd, attributes, length);
	if (set_attributes(&place, attributes, length, err) < 0)
		return -1;
	if (fchmod(fd, meta->mode & 07777) < 0)
		return error_set_errno(err, errno, "cannot set its mode");
	return set_times(fd, meta, err);
}

/* Whether what this process creates has this owner anyway. */
static bool is_owner(const struct meta *meta)
{
	static uid_t uid;
	static gid_t gid;
	static bool known;
	if (!known) {
		uid = geteuid();
		gid = getegid();
		known = true;
	}
	return meta->uid == uid && meta->gid == gid;
}

/* As meta_set, of a file that was just created with the right permissions, and has no attributes. */
static int meta_set_new(int fd, const struct record *make, struct error *err)
{
	const struct meta *meta = &make->meta;
	const struct place place = {.fd = fd};
	if (!is_owner(meta) && fchown(fd, meta->uid, meta->gid) < 0)
		return error_set_errno(err, errno, "cannot set its owner");
	if (make->attributes_length && set_attributes(&place, make->attributes, make->attributes_length, err) < 0)
		return -1;
	if ((make->attributes_length || (meta->mode & 07000)) && fchmod(fd, meta->mode & 07777) < 0)
		return error_set_errno(err, errno, "cannot set its mode");
	return set_times(fd, meta, err);
}

/* --- regular files --- */

static int create(int folder, const char *name, const struct meta *meta, struct error *err)
{
	int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, meta->mode & 0777);
	return fd < 0 ? error_set_errno(err, errno, "cannot create it") : fd;
}

static int write_at(int fd, const uint8_t *data, size_t length, uint64_t offset, struct error *err)
{
	while (length) {
		ssize_t written = pwrite(fd, data, length, (off_t)offset);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return error_set_errno(err, errno, "cannot write it");
		data += written;
		offset += (uint64_t)written;
		length -= (size_t)written;
	}
	return 0;
}

static int other_digest(struct error *err)
{
	return error_set(err, ERROR_CORRUPT, "what was received is not what was sent: its digest is another");
}

static int stage_regular(int folder, const char *name, const struct record *make, uint64_t seed, struct error *err)
{
	struct digest digest = digest_content(seed, make->data, make->data_length);
	if (!digest_equal(&digest, &make->digest))
		return other_digest(err);
	CLEANUP_CLOSE int fd = create(folder, name, &make->meta, err);
	if (fd < 0 || write_at(fd, make->data, make->data_length, 0, err) < 0)
		return -1;
	return meta_set_new(fd, make, err);
}

struct staged {
	int fd, folder;
	char name[ENTRY_NAME_LIMIT + 1];
	struct record make; /* its attributes are a copy */
	struct digest_stream *digest;
	uint64_t seed;
	struct pieces *pieces; /* of what is copied from; NULL: nothing was yet */
	uint64_t end;	       /* of what has come */
	bool device;	       /* gaps have to be made; it has no metadata */
	bool cannot_share;     /* blocks with another file */
};

static struct staged *new_staged(int fd, int folder, const char *name, const struct record *make, uint64_t seed)
{
	struct staged *staged = memory_alloc(sizeof(*staged));
	staged->fd = fd;
	staged->folder = folder;
	snprintf(staged->name, sizeof(staged->name), "%s", name);
	staged->make = *make;
	uint8_t *attributes = memory_alloc(make->attributes_length);
	memcpy(attributes, make->attributes, make->attributes_length);
	staged->make.attributes = attributes;
	staged->seed = seed;
	staged->digest = digest_stream_new(seed);
	return staged;
}

int stage_open(int folder, const char *name, const struct record *make, uint64_t seed, struct staged **ret_staged,
	       struct error *err)
{
	int fd = create(folder, name, &make->meta, err);
	if (fd < 0)
		return -1;
	*ret_staged = new_staged(fd, folder, name, make, seed);
	return 0;
}

int stage_open_device(int device, const struct record *make, uint64_t seed, struct staged **ret_staged, struct error *err)
{
	int fd = fcntl(device, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return error_set_errno(err, errno, "cannot open the device again");
	*ret_staged = new_staged(fd, -1, "", make, seed);
	(*ret_staged)->device = true;
	return 0;
}

int stage_data(struct staged *staged, const struct record *data, struct error *err)
{
	if (data->offset < staged->end)
		return error_set(err, ERROR_CORRUPT, "data that overlaps");
	if (staged->device && volume_zero(staged->fd, staged->end, data->offset - staged->end, err) < 0)
		return -1;
	digest_stream_skip(staged->digest, data->offset - staged->end);
	digest_stream_add(staged->digest, data->data, data->data_length);
	staged->end = data->offset + data->data_length;
	return write_at(staged->fd, data->data, data->data_length, data->offset, err);
}

/* Whole blocks that are to lie as they lay are shared, where the file system can: how many bytes that were. */
static size_t share(struct staged *staged, int from, uint64_t source, size_t length)
{
	struct file_clone_range range = {
		.src_fd = from, .src_offset = source, .src_length = length, .dest_offset = staged->end};
	if (staged->cannot_share || (source | length | staged->end) % SHARED_BLOCK)
		return 0;
	staged->cannot_share = ioctl(staged->fd, FICLONERANGE, &range) < 0;
	return staged->cannot_share ? 0 : length;
}

/* The first piece is so long that the next one begins with a block of the new file. */
static void want_pieces(const struct staged *staged, const struct record *copy, uint64_t *wanted)
{
	struct piece *piece;
	while (*wanted < copy->length && (piece = pieces_next(staged->pieces))) {
		const size_t most = PIECE_BYTES - (size_t)((copy->offset + *wanted) % DIGEST_BLOCK);
		piece->offset = copy->from + *wanted;
		piece->length = copy->length - *wanted < most ? (size_t)(copy->length - *wanted) : most;
		piece->there = UINT64_MAX;
		*wanted += piece->length;
		pieces_want(staged->pieces);
	}
}

static int copy_bytes(struct staged *staged, int from, uint64_t source, const uint8_t *bytes, size_t length, struct error *err)
{
	size_t shared = share(staged, from, source, length);
	if (write_at(staged->fd, bytes + shared, length - shared, staged->end + shared, err) < 0)
		return -1;
	staged->end += length;
	return 0;
}

static int copy_piece(struct staged *staged, int from, const struct piece *piece, struct error *err)
{
	const unsigned whole = (unsigned)(piece->got / DIGEST_BLOCK);
	if (piece->failed)
		return error_set_errno(err, piece->failed, "cannot read what is to be copied");
	if (piece->got != piece->length)
		return error_set(err, ERROR_CONFLICT, "the file that is to be copied from is shorter");
	if (staged->end % DIGEST_BLOCK == 0) { /* the blocks are those of the new file, too */
		digest_stream_blocks(staged->digest, piece->digests, whole);
		digest_stream_add(staged->digest, piece->bytes + whole * DIGEST_BLOCK, piece->got % DIGEST_BLOCK);
	} else {
		digest_stream_add(staged->digest, piece->bytes, piece->got);
	}
	return copy_bytes(staged, from, piece->offset, piece->bytes, piece->got, err);
}

int stage_copy(struct staged *staged, const struct record *copy, int from, struct error *err)
{
	const struct piece *piece;
	if (copy->offset < staged->end || staged->device)
		return error_set(err, ERROR_CORRUPT, "a copy that overlaps, or is onto a device");
	digest_stream_skip(staged->digest, copy->offset - staged->end);
	staged->end = copy->offset;
	if (!staged->pieces)
		staged->pieces = pieces_new(staged->seed);
	pieces_begin(staged->pieces, from, copy->length);
	uint64_t wanted = 0;
	want_pieces(staged, copy, &wanted);
	int result = 0;
	while (result == 0 && (piece = pieces_take(staged->pieces))) {
		want_pieces(staged, copy, &wanted);
		result = copy_piece(staged, from, piece, err);
	}
	pieces_begin(staged->pieces, -1, 0); /* who closes the file must not find it read */
	return result;
}

static void staged_free(struct staged *staged)
{
	close(staged->fd);
	free((void *)staged->make.attributes);
	digest_stream_free(staged->digest);
	pieces_free(staged->pieces);
	free(staged);
}

static int make_end(struct staged *staged, uint64_t size, struct error *err)
{
	if (staged->device)
		return volume_zero(staged->fd, staged->end, size - staged->end, err);
	if (size > staged->end && ftruncate(staged->fd, (off_t)size) < 0)
		return error_set_errno(err, errno, "cannot set its size");
	return 0;
}

int stage_done(struct staged *staged, const struct record *done, struct error *err)
{
	int result = -1;
	if (done->length < staged->end) {
		error_set(err, ERROR_CORRUPT, "data behind the end");
	} else if (make_end(staged, done->length, err) == 0) {
		digest_stream_skip(staged->digest, done->length - staged->end);
		struct digest digest = digest_stream_end(staged->digest);
		if (!digest_equal(&digest, &done->digest))
			other_digest(err);
		else
			result = staged->device ? 0 : meta_set_new(staged->fd, &staged->make, err);
	}
	staged_free(staged);
	return result;
}

void stage_cancel(struct staged *staged)
{
	if (!staged)
		return;
	if (!staged->device)
		unlinkat(staged->folder, staged->name, 0);
	staged_free(staged);
}

/* --- all else --- */

static int make_special(int folder, const char *name, const struct record *make, struct error *err)
{
	const struct meta *meta = &make->meta;
	int result;
	if (S_ISLNK(meta->mode)) {
		char aim[ENTRY_PATH_LIMIT + 1];
		memcpy(aim, make->data, make->data_length);
		aim[make->data_length] = '\0';
		result = symlinkat(aim, folder, name);
	} else {
		result = mknodat(folder, name, meta->mode, (dev_t)meta->rdev);
	}
	return result < 0 ? error_set_errno(err, errno, "cannot create it") : 0;
}

static int stage_special(int folder, const char *name, const struct record *make, struct error *err)
{
	const struct meta *meta = &make->meta;
	struct place place = {.fd = -1};
	snprintf(place.path, sizeof(place.path), "/proc/self/fd/%d/%s", folder, name);
	if (make_special(folder, name, make, err) < 0)
		return -1;
	if (!is_owner(meta) && fchownat(folder, name, meta->uid, meta->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return error_set_errno(err, errno, "cannot set its owner");
	if (set_attributes(&place, make->attributes, make->attributes_length, err) < 0)
		return -1;
	if (!S_ISLNK(meta->mode) && (make->attributes_length || (meta->mode & 07000)) &&
	    fchmodat(folder, name, meta->mode & 07777, AT_SYMLINK_NOFOLLOW) < 0)
		return error_set_errno(err, errno, "cannot set its mode");
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT},
					  {.tv_sec = meta->mtime.seconds, .tv_nsec = meta->mtime.nanoseconds}};
	if (utimensat(folder, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return error_set_errno(err, errno, "cannot set its times");
	return 0;
}

int stage_object(int folder, const char *name, const struct record *make, uint64_t seed, struct error *err)
{
	return S_ISREG(make->meta.mode) ? stage_regular(folder, name, make, seed, err) : stage_special(folder, name, make, err);
}
