/*
 * entry.c - objects as entries: from statx, to and from bytes, with their attributes.
 */
#include "plugins/replica/format/entry.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "engine/base/memory.h"

static struct entry_time time_of(const struct statx_timestamp *stamp)
{
	return (struct entry_time){.seconds = stamp->tv_sec, .nanoseconds = stamp->tv_nsec};
}

void entry_from_statx(struct entry *ret_entry, const char *name, const struct statx *status)
{
	bool device = S_ISCHR(status->stx_mode) || S_ISBLK(status->stx_mode);
	*ret_entry = (struct entry){
		.name = name,
		.dev = makedev(status->stx_dev_major, status->stx_dev_minor),
		.ino = status->stx_ino,
		.nlink = status->stx_nlink,
		.ctime = time_of(&status->stx_ctime),
		.flagged = status->stx_attributes & (STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND),
		.allocated = status->stx_blocks * 512,
		.meta =
			{
				.mode = status->stx_mode,
				.uid = status->stx_uid,
				.gid = status->stx_gid,
				.mtime = time_of(&status->stx_mtime),
				.size = S_ISREG(status->stx_mode) ? status->stx_size : 0,
				.rdev = device ? makedev(status->stx_rdev_major, status->stx_rdev_minor) : 0,
			},
	};
}

static bool time_equal(struct entry_time a, struct entry_time b)
{
	return a.seconds == b.seconds && a.nanoseconds == b.nanoseconds;
}

bool meta_equal(const struct meta *a, const struct meta *b)
{
	return a->mode == b->mode && a->uid == b->uid && a->gid == b->gid && time_equal(a->mtime, b->mtime) &&
	       a->size == b->size && a->rdev == b->rdev;
}

bool entry_same_key(const struct entry *a, const struct entry *b)
{
	return a->ino == b->ino && time_equal(a->ctime, b->ctime) && meta_equal(&a->meta, &b->meta);
}

/* --- bytes --- */

void meta_put(struct buffer *out, const struct meta *meta)
{
	wire_put_u32(out, meta->mode);
	wire_put_u32(out, meta->uid);
	wire_put_u32(out, meta->gid);
	wire_put_u64(out, (uint64_t)meta->mtime.seconds);
	wire_put_u32(out, meta->mtime.nanoseconds);
	wire_put_u64(out, meta->size);
	wire_put_u64(out, meta->rdev);
}

static bool type_is_known(uint32_t mode)
{
	return (mode & ~(uint32_t)(S_IFMT | 07777)) == 0 &&
	       (S_ISREG(mode) || S_ISDIR(mode) || S_ISLNK(mode) || S_ISFIFO(mode) || S_ISSOCK(mode) || S_ISCHR(mode) ||
		S_ISBLK(mode));
}

void meta_get(struct wire *wire, struct meta *ret_meta)
{
	ret_meta->mode = wire_u32(wire);
	ret_meta->uid = wire_u32(wire);
	ret_meta->gid = wire_u32(wire);
	ret_meta->mtime.seconds = (int64_t)wire_u64(wire);
	ret_meta->mtime.nanoseconds = wire_u32(wire);
	ret_meta->size = wire_u64(wire);
	ret_meta->rdev = wire_u64(wire);
	if (!type_is_known(ret_meta->mode) || ret_meta->mtime.nanoseconds >= 1000000000 || ret_meta->size > INT64_MAX ||
	    ret_meta->uid == UINT32_MAX || ret_meta->gid == UINT32_MAX) /* -1 would mean: leave as it is */
		wire->bad = true;
}

bool name_is_valid(const char *name, size_t length)
{
	if (length == 0 || length > ENTRY_NAME_LIMIT || memchr(name, '/', length) || memchr(name, '\0', length))
		return false;
	return !(name[0] == '.' && (length == 1 || (length == 2 && name[1] == '.')));
}

bool path_is_valid(const char *path, size_t length)
{
	if (length > ENTRY_PATH_LIMIT)
		return false;
	for (const char *at = path, *end = path + length; at < end;) {
		const char *slash = memchr(at, '/', (size_t)(end - at));
		const char *stop = slash ? slash : end;
		if (!name_is_valid(at, (size_t)(stop - at)) || slash == end - 1)
			return false;
		at = stop + 1;
	}
	return true;
}

/* --- attributes --- */

/* XFS shows its ACLs a second time, in its own form. */
static bool is_kept(const char *name)
{
	static const char shown_twice[] = "trusted.SGI_ACL_";
	if (strncmp(name, shown_twice, strlen(shown_twice)) == 0)
		return false;
	static const char *const kept[] = {"user.", "trusted.", "security.", "system.posix_acl_access",
					   "system.posix_acl_default"};
	for (size_t i = 0; i < COUNT_OF(kept); i++)
		if (strncmp(name, kept[i], strlen(kept[i])) == 0)
			return true;
	return false;
}

/* An object without a descriptor of its own, by way of its folder's: only the last name is not followed. */
struct place {
	int fd; /* -1: by path */
	char path[64 + ENTRY_NAME_LIMIT];
};

static ssize_t list_names(const struct place *place, char *names, size_t size)
{
	return place->fd >= 0 ? flistxattr(place->fd, names, size) : llistxattr(place->path, names, size);
}

static ssize_t get_value(const struct place *place, const char *name, void *value, size_t size)
{
	return place->fd >= 0 ? fgetxattr(place->fd, name, value, size) : lgetxattr(place->path, name, value, size);
}

static int add_attribute(const struct place *place, const char *name, struct buffer *out, struct error *err)
{
	static char value[65536]; /* XATTR_SIZE_MAX */
	ssize_t length = get_value(place, name, value, sizeof(value));
	if (length < 0 && errno == ENODATA)
		return 0; /* removed meanwhile */
	if (length < 0)
		return error_set_errno(err, errno, "cannot read the attribute %s", name);
	if (out->length + (size_t)length + strlen(name) + 6 > ENTRY_ATTRIBUTES_LIMIT)
		return error_set(err, ERROR_LIMIT, "its attributes are longer than %u bytes", ENTRY_ATTRIBUTES_LIMIT);
	wire_put_u16(out, (uint16_t)strlen(name));
	buffer_add(out, name);
	wire_put_u32(out, (uint32_t)length);
	buffer_append(out, value, (size_t)length);
	return 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int add_sorted(const struct place *place, const char *names, size_t length, struct buffer *out, struct error *err)
{
	const char *sorted[1024];
	size_t count = 0;
	for (const char *name = names; name < names + length; name += strlen(name) + 1)
		if (is_kept(name)) {
			if (count == COUNT_OF(sorted))
				return error_set(err, ERROR_LIMIT, "it has more than %zu attributes", COUNT_OF(sorted));
			sorted[count++] = name;
		}
	qsort(sorted, count, sizeof(*sorted), by_text);
	for (size_t i = 0; i < count; i++)
		if (add_attribute(place, sorted[i], out, err) < 0)
			return -1;
	return 0;
}

int attributes_read(int fd, int folder, const char *name, struct buffer *ret_attributes, struct error *err)
{
	static char names[65536]; /* XATTR_LIST_MAX */
	struct place place = {.fd = fd};
	buffer_reset(ret_attributes);
	if (fd < 0)
		snprintf(place.path, sizeof(place.path), "/proc/self/fd/%d/%s", folder, name);
	ssize_t length = list_names(&place, names, sizeof(names));
	if (length == 0 || (length < 0 && errno == EOPNOTSUPP))
		return 0;
	if (length < 0)
		return error_set_errno(err, errno, "cannot list the attributes");
	return add_sorted(&place, names, (size_t)length, ret_attributes, err);
}

bool attributes_are_valid(const void *attributes, size_t length)
{
	if (length > ENTRY_ATTRIBUTES_LIMIT)
		return false;
	struct wire wire = wire_of(attributes, length);
	while (wire.at < wire.end && !wire.bad) {
		uint16_t name_length = wire_u16(&wire);
		const char *name = wire_bytes(&wire, name_length);
		char text[256];
		if (!name || name_length == 0 || name_length >= sizeof(text) || memchr(name, '\0', name_length))
			return false;
		memcpy(text, name, name_length);
		text[name_length] = '\0';
		if (!is_kept(text))
			return false;
		uint32_t value_length = wire_u32(&wire);
		if (value_length > 65536)
			return false;
		wire_bytes(&wire, value_length);
	}
	return wire_ok(&wire);
}
