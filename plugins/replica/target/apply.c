/*
 * apply.c - a sealed batch into the tree: renames, mostly. May be done again from the start at any time.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/fault.h"
#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "plugins/replica/target/batch.h"
#include "plugins/replica/target/held.h"
#include "plugins/replica/tree/names.h"
#include "plugins/replica/tree/range.h"
#include "plugins/replica/tree/stage.h"
#include "plugins/replica/tree/volume.h"
#include "plugins/replica/tree/walk.h"

/* An object that is to be taken out of its place before anything else is done. */
struct move {
	char *path;
	uint64_t number, ino;
};

struct apply {
	struct move *moves;
	size_t move_count, move_capacity;
	struct tree tree;
	int staging, trash;
	int folder;			 /* descriptor of the present one; -1: it is not there */
	int store;			 /* descriptor of the store's folder, not owned */
	uint64_t generation;		 /* that the batch makes */
	char path[ENTRY_PATH_LIMIT + 1]; /* of the present folder */
	uint64_t trashed, conflicts;
	struct unkept *unkept; /* borrowed */
	struct held held;
	struct names names;
	bool withheld;	       /* the present folder, or one above it, could not be made */
	char missed[ENTRY_NAME_LIMIT + 1]; /* the name in the present folder to which nothing has moved; "": none */
	struct table *touched;		   /* folders in which something may have changed */
	struct record record;
};

/* What a record demands is not there: somebody else has changed the tree. */
static int conflict(struct apply *apply)
{
	apply->conflicts++;
	return 0;
}

static void touch(struct apply *apply, const char *folder)
{
	table_put(apply->touched, folder, "");
}

static void touch_folder_of(struct apply *apply, const char *path)
{
	const char *slash = strrchr(path, '/');
	CLEANUP_FREE char *folder = memory_printf("%.*s", slash ? (int)(slash - path) : 0, path);
	touch(apply, folder);
}

static bool is_conflict(int errnum)
{
	return errnum == ENOENT || errnum == ENOTDIR || errnum == ELOOP || errnum == ENXIO || errnum == ENAMETOOLONG;
}

/* --- names that cannot be kept --- */

static char *path_of(const struct apply *apply, const char *name)
{
	return memory_printf("%s%s%s", apply->path, *apply->path ? "/" : "", name);
}

static int leave_out(struct apply *apply, const char *name, enum unkept_reason reason)
{
	CLEANUP_FREE char *path = path_of(apply, name);
	return unkept_add(apply->unkept, path, reason) ? 0 : conflict(apply);
}

static void hold(struct apply *apply, const char *name, uint64_t number)
{
	CLEANUP_FREE char *path = path_of(apply, name);
	held_add(&apply->held, path, number);
}

static void forget(struct apply *apply, const char *name)
{
	if (!apply->unkept->live)
		return;
	CLEANUP_FREE char *path = path_of(apply, name);
	unkept_forget(apply->unkept, path);
}

/* What has another name that is the same to the file system is not what is meant. */
static bool is_other(const struct apply *apply, const char *name)
{
	return apply->names.fold && names_find(&apply->names, apply->folder, name) == NAMES_OTHER;
}

static bool cannot_be_there(const struct apply *apply, const char *name, int errnum)
{
	struct stat status;
	return names_reason(errnum) && fstatat(apply->folder, name, &status, AT_SYMLINK_NOFOLLOW) < 0;
}

static int move_to_trash(struct apply *apply, const char *name, struct error *err)
{
	char number[32];
	if (is_other(apply, name))
		return 0;
	for (;;) {
		snprintf(number, sizeof(number), "%" PRIu64, apply->trashed++);
		if (renameat2(apply->folder, name, apply->trash, number, RENAME_NOREPLACE) == 0 || errno == ENOENT ||
		    cannot_be_there(apply, name, errno))
			return 0;
		if (errno != EEXIST)
			return error_set_errno(err, errno, "cannot move it away");
	}
}

enum put {
	PUT_FAILED = -1,
	PUT_DONE,
	PUT_GONE, /* nothing waits there */
	PUT_LEFT, /* it cannot have this name: noted */
};

static int leave_staged(struct apply *apply, const char *staged, const char *name, enum unkept_reason reason)
{
	struct stat status;
	if (fstatat(apply->staging, staged, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return PUT_GONE;
	leave_out(apply, name, reason);
	return PUT_LEFT;
}

/* Gives what waits in batch/ its name, in place of whatever has it. */
static int put_at(struct apply *apply, const char *staged, const char *name, struct error *err)
{
	if (is_other(apply, name))
		return leave_staged(apply, staged, name, UNKEPT_CLASH);
	for (int try = 0;; try++) {
		if (renameat(apply->staging, staged, apply->folder, name) == 0)
			return 0;
		bool folder_there = errno == EISDIR || errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR;
		if (names_reason(errno))
			return leave_staged(apply, staged, name, names_reason(errno));
		if (!folder_there || try > 0)
			return errno == ENOENT ? PUT_GONE : error_set_errno(err, errno, "cannot put it in its place");
		if (move_to_trash(apply, name, err) < 0)
			return -1;
	}
}

static int put(struct apply *apply, const char *staged, const char *name, struct error *err)
{
	forget(apply, name);
	return put_at(apply, staged, name, err);
}

static enum unkept_reason cannot_have(const struct apply *apply, const char *name)
{
	bool there = names_find(&apply->names, apply->folder, name) == NAMES_SAME;
	return there ? UNKEPT_NOT : names_try(&apply->names, apply->folder, name);
}

static int on_staged(struct apply *apply, const struct record *record, struct error *err)
{
	char number[32];
	struct stat status;
	snprintf(number, sizeof(number), "%" PRIu64, record->number);
	if (apply->withheld) {
		hold(apply, record->name, record->number);
		return 0;
	}
	int result = put(apply, number, record->name, err);
	enum unkept_reason reason = result == PUT_GONE ? cannot_have(apply, record->name) : UNKEPT_NOT;
	if (reason) { /* applied before: it has got another name since, or waits for none */
		leave_out(apply, record->name, reason);
		result = PUT_LEFT;
	}
	if (result == PUT_LEFT)
		hold(apply, record->name, record->number);
	if (result == PUT_GONE) /* it has arrived already, if this was applied before */
		result = fstatat(apply->folder, record->name, &status, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : conflict(apply);
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
	if (is_other(apply, name))
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
		return there < 0 ? -1 : conflict(apply);
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
		return there < 0 ? -1 : conflict(apply);
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
	forget(apply, record->name);
	if (is_other(apply, record->name))
		return leave_out(apply, record->name, UNKEPT_CLASH);
	if (mkdirat(apply->folder, record->name, 0700) == 0)
		return 0;
	if (names_reason(errno))
		return leave_out(apply, record->name, names_reason(errno));
	if (errno != EEXIST)
		return error_set_errno(err, errno, "cannot create it");
	if (fstatat(apply->folder, record->name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode))
		return 0;
	if (move_to_trash(apply, record->name, err) < 0)
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
	int result = put(apply, staged, record->name, err);
	CLEANUP_FREE char *path = path_of(apply, record->name);
	if (result == PUT_GONE && names_find(&apply->names, apply->folder, record->name) != NAMES_SAME)
		return conflict(apply);
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
	touch_folder_of(apply, path);
	if (tree_parent(&apply->tree, path, &parent, &first, &why) < 0) {
		if (why.code == ERROR_NOT_FOUND || why.code == ERROR_REFUSED)
			return conflict(apply);
		error_move(err, &why);
		return -1;
	}
	if (unkept_covers(apply->unkept, path) || names_find(&apply->names, parent, first) == NAMES_OTHER)
		return conflict(apply);
	if (same_object(parent, first, apply->folder, record->name) && !is_other(apply, record->name))
		return 0;
	unlinkat(apply->staging, "link", 0); /* left by a crash */
	if (linkat(parent, first, apply->staging, "link", 0) < 0)
		return is_conflict(errno) || errno == EPERM ? conflict(apply) : error_set_errno(err, errno, "cannot link it");
	return put(apply, "link", record->name, err) < 0 ? -1 : 0;
}

/* The names that a folder could not keep go with it. No path in the tree is like this. */
static char *waiting_as(uint64_t number)
{
	return memory_printf("/%" PRIu64, number);
}

/* What was taken out of its old place (take_out) goes to its new one. */
static int on_moved(struct apply *apply, const struct record *record, struct error *err)
{
	char number[32];
	struct stat status;
	snprintf(number, sizeof(number), "%" PRIu64, record->number);
	CLEANUP_FREE char *path = path_of(apply, record->name), *waiting = waiting_as(record->number);
	CLEANUP_FREE char *all = memory_printf("%s/", path);
	touch(apply, all);
	unkept_forget(apply->unkept, path);
	unkept_moved(apply->unkept, waiting, path);
	int result = put_at(apply, number, record->name, err);
	if (result != PUT_GONE)
		return result < 0 ? -1 : 0;
	bool arrived = fstatat(apply->folder, record->name, &status, AT_SYMLINK_NOFOLLOW) == 0 && status.st_ino == record->from;
	if (arrived)
		return 0;
	snprintf(apply->missed, sizeof(apply->missed), "%s", record->name);
	return conflict(apply);
}

static int on_delete(struct apply *apply, const struct record *record, struct error *err)
{
	forget(apply, record->name);
	return move_to_trash(apply, record->name, err);
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
	forget(apply, record->name);
	if (is_other(apply, record->name) || (fstatat(apply->folder, record->name, &status, AT_SYMLINK_NOFOLLOW) < 0 &&
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
	touch(apply, record->path);
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
		return conflict(apply);
	error_move(err, &why);
	return -1;
}

static int (*const actions[RECORD_KINDS])(struct apply *apply, const struct record *record, struct error *err) = {
	[RECORD_FOLDER] = on_folder, [RECORD_STAGED] = on_staged,	    [RECORD_PATCHED] = on_patched,
	[RECORD_META] = on_meta,     [RECORD_MAKE_FOLDER] = on_make_folder, [RECORD_LINK] = on_link,
	[RECORD_DELETE] = on_delete, [RECORD_ORPHAN] = on_orphan,	    [RECORD_FOLDER_DONE] = on_folder_done,
	[RECORD_MOVED] = on_moved,
};

static int apply_records(struct apply *apply, const struct frame *frame, struct error *err)
{
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
			conflict(apply);
		else if ((fault ? error_set_errno(err, fault, "cannot apply") : actions[record->kind](apply, record, err)) < 0)
			return record_wrap(record, err);
	}
	return got;
}

/* --- what moves --- */

static int gather_moves(struct apply *apply, const struct frame *frame, struct error *err)
{
	struct wire wire = wire_of(frame->payload, frame->length);
	struct record *record = &apply->record;
	int got;
	while ((got = record_get(&wire, record, err)) > 0) {
		if (record->kind != RECORD_MOVED)
			continue;
		if (apply->move_count == apply->move_capacity) {
			apply->move_capacity = apply->move_capacity ? apply->move_capacity * 2 : 64;
			apply->moves = memory_resize(apply->moves, apply->move_capacity * sizeof(*apply->moves));
		}
		apply->moves[apply->move_count++] =
			(struct move){.path = memory_strdup(record->path), .number = record->number, .ino = record->from};
	}
	return got;
}

/* What lies below comes before what it lies in. */
static int deepest_first(const void *a, const void *b)
{
	return walk_order(((const struct move *)b)->path, ((const struct move *)a)->path);
}

/* One that is not there, or is another object, was taken before, or somebody else has changed the tree: on_moved will see. */
static int take_out(struct apply *apply, const struct move *move, struct error *err)
{
	CLEANUP_CLOSE int parent = -1;
	CLEANUP_ERROR struct error why = ERROR_NONE;
	const char *name;
	char number[32];
	struct stat status;
	int fault = fault_hit("apply");
	if (fault)
		return error_set_errno(err, fault, "cannot take %s out", move->path);
	if (tree_parent(&apply->tree, move->path, &parent, &name, &why) < 0) {
		if (why.code == ERROR_NOT_FOUND || why.code == ERROR_REFUSED)
			return 0;
		error_move(err, &why);
		return -1;
	}
	if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) < 0 || status.st_ino != move->ino)
		return 0;
	snprintf(number, sizeof(number), "%" PRIu64, move->number);
	if (renameat2(parent, name, apply->staging, number, RENAME_NOREPLACE) < 0)
		return error_set_errno(err, errno, "cannot take %s out", move->path);
	return 0;
}

/* Before anything has another name: so it does not matter in which order records come. */
static int take_all_out(struct apply *apply, struct error *err)
{
	int result = 0;
	if (apply->move_count)
		qsort(apply->moves, apply->move_count, sizeof(*apply->moves), deepest_first);
	for (size_t i = 0; i < apply->move_count; i++) {
		if (result == 0 && !apply->tree.is_volume)
			result = take_out(apply, &apply->moves[i], err);
		touch_folder_of(apply, apply->moves[i].path);
		CLEANUP_FREE char *waiting = waiting_as(apply->moves[i].number);
		unkept_moved(apply->unkept, apply->moves[i].path, waiting);
	}
	return result;
}

static void forget_moves(struct apply *apply)
{
	for (size_t i = 0; i < apply->move_count; i++) {
		CLEANUP_FREE char *waiting = waiting_as(apply->moves[i].number);
		unkept_forget(apply->unkept, waiting);
		free(apply->moves[i].path);
	}
	free(apply->moves);
}

/* --- what is deleted goes first where names fold: it may have been renamed to what is the same there --- */

static int apply_deletes(struct apply *apply, const struct frame *frame, struct error *err)
{
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

/* --- the log --- */

static int open_log(const struct store *store, struct error *err)
{
	CLEANUP_FREE char *path = store_file(store, "batch/log");
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? error_set_errno(err, errno, "cannot open %s", path) : fd;
}

/* Calls on_changes (may be NULL) for each frame of records between BEGIN and END. */
static int read_log(int fd, struct begin *ret_begin, struct batch_end *ret_end,
		    int (*on_changes)(struct apply *apply, const struct frame *frame, struct error *err), struct apply *apply,
		    struct error *err)
{
	struct stream stream = stream_of_fds("the log of the batch", fd, -1);
	struct frame_reader reader = {.stream = &stream};
	struct frame frame;
	int result = expect_frame(&reader, FRAME_BEGIN, &frame, err);
	if (result == 0)
		result = parse_begin(&frame, ret_begin, err);
	while (result == 0) {
		int got = frame_read(&reader, &frame, err);
		if (got <= 0)
			result = got < 0 ? -1 : error_set(err, ERROR_CORRUPT, "the log of the batch has no end");
		else if (frame.type == FRAME_CHANGES)
			result = on_changes ? on_changes(apply, &frame, err) : 0;
		else
			break;
	}
	if (result == 0)
		result = parse_end(&frame, ret_end, err);
	frame_reader_free(&reader);
	return result;
}

int batch_sealed(const struct store *store, struct begin *ret_begin, struct batch_end *ret_end, struct error *err)
{
	CLEANUP_ERROR struct error why = ERROR_NONE;
	CLEANUP_CLOSE int fd = open_log(store, &why);
	if (fd < 0 && why.code == ERROR_NOT_FOUND)
		return 0;
	if (fd < 0) {
		error_move(err, &why);
		return -1;
	}
	return read_log(fd, ret_begin, ret_end, NULL, NULL, err) < 0 ? -1 : 1;
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
	CLEANUP_CLOSE int log = open_log(store, err);
	int result = log < 0 ? -1 : 0;
	if (result == 0 &&
	    (store_open_tree(store, tree, &apply->tree, err) < 0 || store_folder(store, "batch", &apply->staging, err) < 0 ||
	     store_folder(store, "trash", &apply->trash, err) < 0))
		result = -1;
	if (result == 0)
		result = names_look(apply->staging, &apply->names, err);
	if (result == 0)
		result = read_log(log, &begin, &end, gather_moves, apply, err);
	if (result == 0)
		result = take_all_out(apply, err);
	if (result == 0 && apply->names.fold && lseek(log, 0, SEEK_SET) == 0)
		result = read_log(log, &begin, &end, apply_deletes, apply, err);
	if (result == 0 && lseek(log, 0, SEEK_SET) < 0)
		result = error_set_errno(err, errno, "cannot read the log of the batch again");
	if (result == 0)
		result = read_log(log, &begin, &end, apply_records, apply, err);
	forget_moves(apply);
	held_free(&apply->held);
	*ret_conflicts = apply->conflicts;
	const int fds[] = {apply->tree.root, apply->staging, apply->trash, apply->folder};
	for (size_t i = 0; i < COUNT_OF(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	free(apply);
	return result;
}
