/*
 * copy.c - a walk over one tree that makes the other.
 */
#include "plugins/replica/tree/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "engine/base/fault.h"
#include "engine/base/memory.h"
#include "plugins/replica/tree/links.h"
#include "plugins/replica/tree/manifest.h"
#include "plugins/replica/tree/stage.h"
#include "plugins/replica/tree/walk.h"

struct copy {
	const struct tree *to;
	const struct walk_folder *from;
	int folder;		      /* of `to`, the same as `from` */
	struct links *links;	      /* inodes of several names */
	struct manifest_writer *keys; /* or NULL */
	struct buffer attributes;
	struct record record;
	char aim[ENTRY_PATH_LIMIT + 1];
};

int copy_possible(int folder, const char *name, struct error *err)
{
	char block[4096] = "standin";
	CLEANUP_CLOSE int one = openat(folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	CLEANUP_CLOSE int other = openat(folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (one >= 0 && other >= 0 && pwrite(one, block, sizeof(block), 0) != sizeof(block))
		return error_set_errno(err, errno, "cannot write to %s", name);
	if (one >= 0 && other >= 0 && ioctl(other, FICLONE, one) == 0)
		return 0;
	error_set(err, ERROR_REFUSED, "the file system of %s cannot share blocks between files (%s): it keeps one point", name,
		  strerror(errno));
	return error_hint(err, "put the store on xfs (reflink=1) or btrfs, or keep one point");
}

static int clone_file(const struct copy *copy, const struct entry *entry, struct error *err)
{
	CLEANUP_CLOSE int from = openat(copy->from->fd, entry->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (from < 0)
		return error_set_errno(err, errno, "cannot open it");
	CLEANUP_CLOSE int to = openat(copy->folder, entry->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		return error_set_errno(err, errno, "cannot create it");
	if (entry->meta.size && ioctl(to, FICLONE, from) < 0)
		return error_set_errno(err, errno, "cannot share its blocks");
	return meta_set(to, &entry->meta, copy->attributes.data, copy->attributes.length, err);
}

static int make_special(struct copy *copy, const struct entry *entry, struct error *err)
{
	struct record *record = &copy->record;
	*record = (struct record){.kind = RECORD_MAKE, .meta = entry->meta};
	record->attributes = (const uint8_t *)copy->attributes.data;
	record->attributes_length = copy->attributes.length;
	if (S_ISLNK(entry->meta.mode)) {
		ssize_t length = readlinkat(copy->from->fd, entry->name, copy->aim, sizeof(copy->aim));
		if (length <= 0 || length > ENTRY_PATH_LIMIT)
			return error_set_errno(err, length > 0 ? ENAMETOOLONG : errno, "cannot read the link");
		record->data = (const uint8_t *)copy->aim;
		record->data_length = (size_t)length;
	}
	return stage_object(copy->folder, entry->name, record, 0, err);
}

static int link_further(const struct copy *copy, const struct entry *entry, const struct link *link, struct error *err)
{
	CLEANUP_CLOSE int parent = -1;
	const char *first;
	if (tree_parent(copy->to, link->path, &parent, &first, err) < 0)
		return -1;
	return linkat(parent, first, copy->folder, entry->name, 0) < 0 ? error_set_errno(err, errno, "cannot link it") : 0;
}

static int copy_object(struct copy *copy, const struct entry *entry, struct error *err)
{
	int fault = fault_hit("copy");
	if (fault)
		return error_set_errno(err, fault, "cannot copy it");
	if (!entry->meta.mode)
		return error_set(err, ERROR_IO, "cannot look at it");
	if (S_ISDIR(entry->meta.mode))
		return mkdirat(copy->folder, entry->name, 0700) < 0 ? error_set_errno(err, errno, "cannot create it") : 0;
	const struct link *link = entry->nlink > 1 ? links_find(copy->links, entry) : NULL;
	if (link)
		return link_further(copy, entry, link, err);
	if (attributes_read(-1, copy->from->fd, entry->name, &copy->attributes, err) < 0)
		return -1;
	if (entry->nlink > 1)
		links_add(&copy->links, entry, copy->from->path);
	return S_ISREG(entry->meta.mode) ? clone_file(copy, entry, err) : make_special(copy, entry, err);
}

static int copy_entries(struct copy *copy, const struct walk_folder *from, struct error *err)
{
	manifest_folder(copy->keys, from->path, &from->self);
	for (size_t i = 0; i < from->count; i++) {
		CLEANUP_ERROR struct error why = ERROR_NONE;
		if (copy_object(copy, &from->entries[i], &why) == 0) {
			manifest_entry(copy->keys, &from->entries[i]);
		} else if (!copy->keys || why.code != ERROR_NOT_FOUND) {
			error_move(err, &why);
			return error_wrap(err, "%s/%s", from->path, from->entries[i].name);
		}
	}
	return 0;
}

static int copy_folder(struct copy *copy, const struct walk_folder *from, struct error *err)
{
	copy->from = from;
	if (tree_folder(copy->to, from->path, &copy->folder, err) < 0)
		return -1;
	int result = copy_entries(copy, from, err);
	if (result == 0)
		result = attributes_read(from->fd, -1, NULL, &copy->attributes, err);
	if (result == 0) /* what is made below it later does not change it */
		result = meta_set(copy->folder, &from->self.meta, copy->attributes.data, copy->attributes.length, err);
	close(copy->folder);
	return result;
}

static void count_skipped(void *argument, const char *path, const char *why)
{
	(void)path, (void)why;
	++*(uint64_t *)argument;
}

static int copy_folders(struct copy *copy, const struct tree *from, const struct rules *rules, uint64_t *ret_skipped,
			struct error *err)
{
	struct walk_folder folder;
	struct walk *walk = walk_new(from, rules, count_skipped, ret_skipped);
	int got;
	while ((got = walk_next(walk, &folder, err)) > 0) {
		if (copy_folder(copy, &folder, err) < 0) {
			got = -1;
			break;
		}
	}
	walk_free(walk);
	return got;
}

int copy_tree(const struct tree *from, const struct tree *to, const struct copy_options *options, struct error *err)
{
	static const struct copy_options all;
	static const struct identity none;
	struct copy *copy = memory_alloc(sizeof(*copy));
	uint64_t skipped = 0;
	options = options ? options : &all;
	copy->to = to;
	int result = options->keys ? manifest_create(options->keys, &none, 0, &copy->keys, err) : 0;
	if (result == 0)
		result = copy_folders(copy, from, options->rules, &skipped, err);
	if (result == 0 && skipped)
		result = error_set(err, ERROR_IO, "%s cannot be read as a whole", from->name);
	if (result == 0 && copy->keys)
		result = manifest_finish(copy->keys, false, err);
	manifest_free(copy->keys);
	links_free(copy->links);
	buffer_free(&copy->attributes);
	free(copy);
	return result;
}
