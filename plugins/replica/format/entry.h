/*
 * entry.h - one object of a file system with all that is kept of it: type, mode, owner, times, size, device number, extended
 * attributes (user.*, trusted.*, security.*, POSIX ACLs); for a symbolic link where it points.
 *
 * Owner and group are numbers. Access times and birth times are not kept, nor are inode flags (immutable, append-only): who has
 * them is told.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "engine/base/buffer.h"
#include "engine/base/error.h"
#include "plugins/replica/format/digest.h"
#include "plugins/replica/format/wire.h"

#define ENTRY_NAME_LIMIT       255	     /* bytes of one name */
#define ENTRY_PATH_LIMIT       4095	     /* bytes of a path below the root */
#define ENTRY_ATTRIBUTES_LIMIT (384u * 1024) /* bytes of all attributes of one object, encoded */

struct entry_time {
	int64_t seconds;      /* since 1970 */
	uint32_t nanoseconds; /* 0..999999999 */
};

/* What is the same on both ends. */
struct meta {
	uint32_t mode; /* with the type, as in st_mode */
	uint32_t uid, gid;
	struct entry_time mtime;
	uint64_t size; /* bytes of a regular file; 0 of all else */
	uint64_t rdev; /* of devices; else 0 */
};

/* What one end knows of an object without reading it, and its digests. Nothing changes in an object but its ctime changes. */
struct entry {
	const char *name;  /* borrowed; one component, any bytes but '/' and NUL */
	uint64_t dev, ino; /* which inode; only this end knows it */
	uint32_t nlink;
	struct entry_time ctime;
	bool flagged;	    /* immutable or append-only (chattr); not kept in the manifest */
	uint64_t allocated; /* bytes that are really there; not kept in the manifest */
	struct meta meta;
	struct digest content;	  /* regular file, symbolic link; zeros: none or not known */
	struct digest attributes; /* zeros: it has none */
};

struct statx;
void entry_from_statx(struct entry *ret_entry, const char *name, const struct statx *status);
/* Inode, ctime and metadata: nothing can have changed. The device does not count: its number may be another after a reboot, and
 * a walk stays on one. */
bool entry_same_key(const struct entry *a, const struct entry *b);
bool meta_equal(const struct meta *a, const struct meta *b);

void meta_put(struct buffer *out, const struct meta *meta);
void meta_get(struct wire *wire, struct meta *ret_meta); /* marks the wire bad for a type or time that cannot be */

/* A name that may stand in a folder; a path below a root ("" is the root itself): no ".", "..", empty component, NUL. */
bool name_is_valid(const char *name, size_t length);
bool path_is_valid(const char *path, size_t length);

/* Attributes are encoded sorted by name: (u16 length, name, u32 length, value)*; so equal sets are equal bytes.
 * Of a descriptor that can be read, or (fd -1) of the object `name` in `folder` itself, link not followed. A file system
 * without attributes has none. ERROR_LIMIT: more than can be kept. */
int attributes_read(int fd, int folder, const char *name, struct buffer *ret_attributes, struct error *err);
bool attributes_are_valid(const void *attributes, size_t length);
