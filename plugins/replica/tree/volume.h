/*
 * volume.h - a block device or an image as a tree: a root that is no folder. It has one object, the file "volume", which is
 * content and nothing else: no owner, times, attributes. So a volume is replicated by what replicates files (cycle.h).
 *
 * Which content a device had cannot be told from a ctime. Its key (entry.h) is instead which disk it is in this boot of the
 * system (in place of the inode), and how much was written to it (in place of the ctime): the kernel counts that. A disk that
 * was replaced, a reboot, a write by anybody: another key; then it is read again. A disk that does not count has a key that
 * equals nothing. What is written behind a device's back (to the disk below a logical volume, to a loop device's file, by
 * another host) is not counted: only verify finds it. An image has the key of its file.
 */
#pragma once

#include "plugins/replica/format/entry.h"

#define VOLUME_NAME    "volume"
#define VOLUME_MINIMUM (1024u * 1024) /* bytes; below that it is no volume, and block lists are not kept */

bool volume_is_one(const char *path); /* a block device or a regular file */

enum volume_use {
	VOLUME_READ,	 /* refused if it is mounted or otherwise in use */
	VOLUME_READ_ANY, /* even so: who asks has seen to it that nothing is written */
	VOLUME_WRITE,	 /* a device only; nobody can mount it while it is open */
};
int volume_open(const char *path, enum volume_use use, int *ret_fd, struct error *err);
bool volume_is_device(int fd);
/* What is still in memory of a device is written and forgotten first, so that it is seen and counted. */
int volume_look(int fd, struct entry *ret_entry, struct error *err);
/* These bytes are zeros from now on, and their space is given back where that can be done. */
int volume_zero(int fd, uint64_t offset, uint64_t length, struct error *err);
/* Are its first and its last MiB zeros? Every file system, partition table and volume manager leaves its mark there. */
int volume_is_blank(int fd, bool *ret_blank, struct error *err);
