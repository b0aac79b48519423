/*
 * apply.c - a sealed batch into the tree: renames, mostly. May be done again from the start at any time.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/fault.h"
#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "plugins/replica/target/apply.h"
#include "plugins/replica/target/log.h"
#include "plugins/replica/tree/range.h"
#include "plugins/replica/tree/stage.h"
#include "plugins/replica/tree/volume.h"
#include "plugins/replica/tree/walk.h"

static bool is_conflict(int errnum)
{
	return errnum == ENOENT || errnum == ENOTDIR || errnum == ELOOP || errnum == ENXIO || errnum == ENAMETOOLONG;
}

static int on_staged(struct apply *apply, const struct record *record, struct error *err)
{
	char number[32];
	struct stat status;
	snprintf(number, sizeof(number), "%" PRIu64, record->number);
	if (apply->withheld) {
		apply_hold(apply, record->name, record->number);
		return 0;
	}
	int result = apply_put(apply, number, record->name, err);
	enum unkept_reason reason = result == PUT_GONE ? apply_cannot_have(apply, record->name) : UNKEPT_NOT;
	if (reason) { /* applied before: it has got another name since, or waits for none */
		apply_leave_out(apply, record->name, reason);
		result = PUT_LEFT;
	}
	if (result == PUT_LEFT)
		apply_hold(apply, record->name, record->number);
	if (result == PUT_GONE) /* it has arrived already, if this was applied before */
		result = fstatat(apply->folder, record->name, &status, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : apply_conflict(apply);
	if (result >= 0 && apply->missed[0] && strcmp(apply->missed, record->name) == 0) {
		apply->conflicts--; /* what should have moved there was only to be replaced */
		apply->missed[0] = '\0';
	}
	return result < 0 ? -1 : 0;
}

/* 1: open, 0: not there or no regular file. */
static int open_regular(struct apply *apply, const char *name, int flags, int *ret_fd, struct error *err)
{
	struct stat status;
	if (apply_is_other(apply, name))
		return 0;
	CLEANUP_CLOSE int fd = openat(apply->folder, name, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return is_conflict(errno) || errno == EISDIR ? 0 : error_set_errno(err, errno, "cannot open it");
	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
		return 0;
	*ret_fd = take_fd(fd);
	return 1;
}

static int on_meta(struct apply *apply, const struct record *record, struct error *err)
{
	CLEANUP_CLOSE int fd = -1;
	int there = open_regular(apply, record->name, O_RDONLY, &fd, err);
	if (there <= 0)
		return there < 0 ? -1 : apply_conflict(apply);
	return meta_set(fd, &record->meta, record->attributes, record->attributes_length, err);
}

static int write_ranges(struct frame_reader *patch, int fd, struct error *err)
{
	struct record *range = memory_alloc(sizeof(*range));
	struct frame frame;
	int got;
	while ((got = frame_read(patch, &frame, err)) > 0 && frame.type == FRAME_CHANGES) {
		struct wire wire = wire_of(frame.payload, frame.length);
		int result;
		while ((result = record_get(&wire, range, err)) > 0 && range_write(fd, range, err) == 0)
			;
		if (result != 0) {
			got = -1;
			break;
		}
	}
	free(range);
	return got > 0 ? 0 : got < 0 ? -1 : error_set(err, ERROR_CORRUPT, "a patch ends too early");
}

/* As open_regular. */
static int open_device(const struct apply *apply, int *ret_fd, struct error *err)
{
	*ret_fd = fcntl(apply->tree.root, F_DUPFD_CLOEXEC, 0);
	return *ret_fd < 0 ? error_set_errno(err, errno, "cannot open the device again") : 1;
}

static int on_patched(struct apply *apply, const struct record *record, struct error *err)
{
	char number[32];
	snprintf(number, sizeof(number), "%" PRIu64, record->number);
	CLEANUP_CLOSE int patch = openat(apply->staging, number, O_RDONLY | O_CLOEXEC);
	if (patch < 0)
		return error_set_errno(err, errno, "cannot open its patch");
	CLEANUP_CLOSE int fd = -1;
	bool device = apply->tree.is_volume;
	int there = device ? open_device(apply, &fd, err) : open_regular(apply, record->name, O_RDWR, &fd, err);
	if (there <= 0)
		return there < 0 ? -1 : apply_conflict(apply);
	struct stat status;
	bool shorter = !device && fstat(fd, &status) == 0 && (uint64_t)status.st_size > record->meta.size;
	if (shorter && ftruncate(fd, (off_t)record->meta.size) < 0) /* first, so that a hole at the end is one */
		return error_set_errno(err, errno, "cannot set its size");
	struct stream stream = stream_of_fds("a patch", patch, -1);
	struct frame_reader reader = {.stream = &stream};
	int result = write_ranges(&reader, fd, err);
	frame_reader_free(&reader);
	if (result < 0 || device)
		return result;
	if (ftruncate(fd, (off_t)record->meta.size) < 0)
		return error_set_errno(err, errno, "cannot set its size");
	return meta_set(fd, &record->meta, record->attributes, record->attributes_length, err);
}

static int on_make_folder(struct apply *apply, const struct record *record, struct error *err)
{
	struct stat status;
	apply_forget(apply, record->name);
	if (apply_is_other(apply, record->name))
		return apply_leave_out(apply, record->name, UNKEPT_CLASH);
	if (mkdirat(apply->folder, record->name, 0700) == 0)
		return 0;
	if (names_reason(errno))
		return apply_leave_out(apply, record->name, names_reason(errno));
	if (errno != EEXIST)
		return error_set_errno(err, errno, "cannot create it");
	if (fstatat(apply->folder, record->name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode))
		return 0;
	if (apply_trash(apply, record->name, err) < 0)
		return -1;
	return mkdirat(apply->folder, record->name, 0700) < 0 ? error_set_errno(err, errno, "cannot create it") : 0;
}

static bool same_object(int folder, const char *name, int other_folder, const char *other)
{
	struct stat a, b;
	return fstatat(folder, name, &a, AT_SYMLINK_NOFOLLOW) == 0 &&
	       fstatat(other_folder, other, &b, AT_SYMLINK_NOFOLLOW) == 0 && a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

/* A further name of what could not be put under its first. */
static int link_held(struct apply *apply, const struct record *record, uint64_t number, struct error *err)
{
	char staged[32];
	snprintf(staged, sizeof(staged), "%" PRIu64, number);
	int result = apply_put(apply, staged, record->name, err);
	CLEANUP_FREE char *path = apply_path_of(apply, record->name);
	if (result == PUT_GONE && names_find(&apply->names, apply->folder, record->name) != NAMES_SAME)
		return apply_conflict(apply);
	if (result == PUT_DONE || result == PUT_GONE)
		held_settle(&apply->held, record->path, path);
	return result < 0 ? -1 : 0;
}

static int on_link(struct apply *apply, const struct record *record, struct error *err)
{
	uint64_t number;
	if (apply->withheld)
		return 0;
	if (held_has(&apply->held, record->path, &number))
		return link_held(apply, record, number, err);
	const char *path = held_path(&apply->held, record->path);
	CLEANUP_CLOSE int parent = -1;
	CLEANUP_ERROR struct error why = ERROR_NONE;
	const char *first;
	apply_touch_folder_of(apply, path);
	if (tree_parent(&apply->tree, path, &parent, &first, &why) < 0) {
		if (why.code == ERROR_NOT_FOUND || why.code == ERROR_REFUSED)
			return apply_conflict(apply);
		error_move(err, &why);
		return -1;
	}
	if (unkept_covers(apply->unkept, path) || names_find(&apply->names, parent, first) == NAMES_OTHER)
		return apply_conflict(apply);
	if (same_object(parent, first, apply->folder, record->name) && !apply_is_other(apply, record->name))
		return 0;
	unlinkat(apply->staging, "link", 0); /* left by a crash */
	if (linkat(parent, first, apply->staging, "link", 0) < 0)
		return is_conflict(errno) || errno == EPERM ? apply_conflict(apply)
							    : error_set_errno(err, errno, "cannot link it");
	return apply_put(apply, "link", record->name, err) < 0 ? -1 : 0;
}

/* What was taken out of its old place (take_out) goes to its new one. */
static int on_moved(struct apply *apply, const struct record *record, struct error *err)
{
	char number[32];
	struct stat status;
	snprintf(number, sizeof(number), "%" PRIu64, record->number);
	CLEANUP_FREE char *path = apply_path_of(apply, record->name), *waiting = apply_waiting_as(record->number);
	CLEANUP_FREE char *all = memory_printf("%s/", path);
	apply_touch(apply, all);
	unkept_forget(apply->unkept, path);
	unkept_moved(apply->unkept, waiting, path);
	int result = apply_put_at(apply, number, record->name, err);
	if (result != PUT_GONE)
		return result < 0 ? -1 : 0;
	bool arrived = fstatat(apply->folder, record->name, &status, AT_SYMLINK_NOFOLLOW) == 0 && status.st_ino == record->from;
	if (arrived)
		return 0;
	snprintf(apply->missed, sizeof(apply->missed), "%s", record->name);
	return apply_conflict(apply);
}

static int on_delete(struct apply *apply, const struct record *record, struct error *err)
{
	apply_forget(apply, record->name);
	return apply_trash(apply, record->name, err);
}

/* --- orphans: STORE/orphans/GENERATION, and the path in the tree --- */

/* Opens the folder `name` in *folder, which is closed; makes it if need be. */
static int step_into(int *folder, const char *name, struct error *err)
{
	int next = mkdirat(*folder, name, 0700) < 0 && errno != EEXIST
			   ? -1
			   : openat(*folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (next < 0)
		return error_set_errno(err, errno, "cannot make the folder for orphans, at %s", name);
	close(*folder);
	*folder = next;
	return 0;
}

static int open_orphans(const struct apply *apply, int *ret_fd, struct error *err)
{
	CLEANUP_FREE char *path = memory_printf("orphans/%" PRIu64 "/%s", apply->generation, apply->path);
	CLEANUP_CLOSE int folder = fcntl(apply->store, F_DUPFD_CLOEXEC, 0);
	char *left = path;
	for (char *name; (name = strsep(&left, "/"));)
		if (*name && step_into(&folder, name, err) < 0)
			return -1;
	*ret_fd = take_fd(folder);
	return 0;
}

/* If it is there already, this was applied before; and what has its name in the tree now is what took its place. */
static int on_orphan(struct apply *apply, const struct record *record, struct error *err)
{
	CLEANUP_CLOSE int aside = -1;
	struct stat status;
	apply_forget(apply, record->name);
	if (apply_is_other(apply, record->name) || (fstatat(apply->folder, record->name, &status, AT_SYMLINK_NOFOLLOW) < 0 &&
						    (errno == ENOENT || errno == ENAMETOOLONG)))
		return 0;
	if (open_orphans(apply, &aside, err) < 0)
		return -1;
	if (renameat2(apply->folder, record->name, aside, record->name, RENAME_NOREPLACE) < 0 && errno != EEXIST &&
	    errno != ENOENT)
		return error_set_errno(err, errno, "cannot move it beside the tree");
	return 0;
}

static int on_folder_done(struct apply *apply, const struct record *record, struct error *err)
{
	if (apply->tree.is_volume)
		return 0;
	return meta_set(apply->folder, &record->meta, record->attributes, record->attributes_length, err);
}

static int on_folder(struct apply *apply, const struct record *record, struct error *err)
{
	CLEANUP_ERROR struct error why = ERROR_NONE;
	apply_touch(apply, record->path);
	if (apply->folder >= 0)
		close(apply->folder);
	apply->folder = -1;
	apply->withheld = unkept_covers(apply->unkept, record->path);
	apply->missed[0] = '\0';
	if (apply->tree.is_volume)
		return 0;
	snprintf(apply->path, sizeof(apply->path), "%s", record->path);
	if (apply->withheld)
		return 0;
	if (tree_folder(&apply->tree, record->path, &apply->folder, &why) == 0)
		return 0;
	if (why.code == ERROR_NOT_FOUND || why.code == ERROR_REFUSED)
		return apply_conflict(apply);
	error_move(err, &why);
	return -1;
}

static int (*const actions[RECORD_KINDS])(struct apply *apply, const struct record *record, struct error *err) = {
	[RECORD_FOLDER] = on_folder, [RECORD_STAGED] = on_staged,	    [RECORD_PATCHED] = on_patched,
	[RECORD_META] = on_meta,     [RECORD_MAKE_FOLDER] = on_make_folder, [RECORD_LINK] = on_link,
	[RECORD_DELETE] = on_delete, [RECORD_ORPHAN] = on_orphan,	    [RECORD_FOLDER_DONE] = on_folder_done,
	[RECORD_MOVED] = on_moved,
};

/* --- what somebody has made immutable here --- */

static bool is_fixed(int folder, const char *name)
{
	CLEANUP_CLOSE int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int flags = 0;
	return fd >= 0 && ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 && (flags & (FS_IMMUTABLE_FL | FS_APPEND_FL));
}

/* The batch stays sealed, and goes on when the flag is gone. Which object, and what to do, are told. */
static int tell_fixed(const struct apply *apply, const struct record *record, struct error *err)
{
	bool folder = apply->folder >= 0 && is_fixed(apply->folder, ".");
	bool object = apply->folder >= 0 && record->name[0] && is_fixed(apply->folder, record->name);
	if (!folder && !object)
		return -1;
	CLEANUP_FREE char *path = memory_printf("%s%s%s%s%s", apply->tree.name, *apply->path ? "/" : "", apply->path,
						folder ? "" : "/", folder ? "" : record->name);
	error_wrap(err, "somebody has made %s immutable or append-only", path);
	return error_hint(err, "`chattr -i -a %s` there; the batch is received, and completed at the next session", path);
}

static int apply_records(void *context, const struct frame *frame, struct error *err)
{
	struct apply *apply = context;
	struct wire wire = wire_of(frame->payload, frame->length);
	struct record *record = &apply->record;
	int got;
	while ((got = record_get(&wire, record, err)) > 0) {
		int fault = fault_hit("apply");
		if (!actions[record->kind])
			return error_set(err, ERROR_CORRUPT, "a %s record in a log", record_kind_name(record->kind));
		bool link = record->kind == RECORD_STAGED || record->kind == RECORD_LINK || record->kind == RECORD_FOLDER;
		if (apply->withheld && !link)
			continue;
		if (apply->folder < 0 && !apply->withheld && !apply->tree.is_volume && record->kind != RECORD_FOLDER)
			apply_conflict(apply);
		else if ((fault ? error_set_errno(err, fault, "cannot apply") : actions[record->kind](apply, record, err)) <
			 0) {
			record_wrap(record, err);
			return tell_fixed(apply, record, err);
		}
	}
	return got;
}

/* --- what is deleted goes first where names fold: it may have been renamed to what is the same there --- */

static int apply_deletes(void *context, const struct frame *frame, struct error *err)
{
	struct apply *apply = context;
	struct wire wire = wire_of(frame->payload, frame->length);
	struct record *record = &apply->record;
	const uint64_t conflicts = apply->conflicts;
	int got;
	while ((got = record_get(&wire, record, err)) > 0) {
		bool wanted = record->kind == RECORD_FOLDER || (record->kind == RECORD_DELETE && apply->folder >= 0);
		if (wanted && actions[record->kind](apply, record, err) < 0)
			return record_wrap(record, err);
	}
	apply->conflicts = conflicts; /* a folder that is not there yet is none */
	return got;
}

int batch_apply(const struct store *store, struct table *touched, struct unkept *unkept, uint64_t *ret_conflicts,
		struct error *err)
{
	struct apply *apply = memory_alloc(sizeof(*apply));
	struct begin begin;
	struct batch_end end;
	apply->touched = touched;
	apply->unkept = unkept;
	apply->tree.root = apply->staging = apply->trash = apply->folder = -1;
	apply->store = store->folder;
	apply->generation = store->point.generation + 1;
	CLEANUP_FREE char *tree = store_tree(store, store->point.tree);
	CLEANUP_CLOSE int log = log_open(store, err);
	int result = log < 0 ? -1 : 0;
	if (result == 0 &&
	    (store_open_tree(store, tree, &apply->tree, err) < 0 || store_folder(store, "batch", &apply->staging, err) < 0 ||
	     store_folder(store, "trash", &apply->trash, err) < 0))
		result = -1;
	if (result == 0)
		result = names_look(apply->staging, &apply->names, err);
	if (result == 0)
		result = log_read(log, &begin, &end, apply_gather_moves, apply, err);
	if (result == 0)
		result = apply_take_out(apply, err);
	if (result == 0 && apply->names.fold && lseek(log, 0, SEEK_SET) == 0)
		result = log_read(log, &begin, &end, apply_deletes, apply, err);
	if (result == 0 && lseek(log, 0, SEEK_SET) < 0)
		result = error_set_errno(err, errno, "cannot read the log of the batch again");
	if (result == 0)
		result = log_read(log, &begin, &end, apply_records, apply, err);
	apply_forget_moves(apply);
	held_free(&apply->held);
	*ret_conflicts = apply->conflicts;
	const int fds[] = {apply->tree.root, apply->staging, apply->trash, apply->folder};
	for (size_t i = 0; i < COUNT_OF(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	free(apply);
	return result;
}
