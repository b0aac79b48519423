/*
 * place.c - objects get their names in the tree, or are moved out of the way; and what the file system does not let be so.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/memory.h"
#include "plugins/replica/target/apply.h"

int apply_conflict(struct apply *apply)
{
	apply->conflicts++;
	return 0;
}

void apply_touch(struct apply *apply, const char *folder)
{
	table_put(apply->touched, folder, "");
}

void apply_touch_folder_of(struct apply *apply, const char *path)
{
	const char *slash = strrchr(path, '/');
	CLEANUP_FREE char *folder = memory_printf("%.*s", slash ? (int)(slash - path) : 0, path);
	apply_touch(apply, folder);
}

/* --- names that cannot be kept --- */

char *apply_path_of(const struct apply *apply, const char *name)
{
	return memory_printf("%s%s%s", apply->path, *apply->path ? "/" : "", name);
}

int apply_leave_out(struct apply *apply, const char *name, enum unkept_reason reason)
{
	CLEANUP_FREE char *path = apply_path_of(apply, name);
	return unkept_add(apply->unkept, path, reason) ? 0 : apply_conflict(apply);
}

void apply_hold(struct apply *apply, const char *name, uint64_t number)
{
	CLEANUP_FREE char *path = apply_path_of(apply, name);
	held_add(&apply->held, path, number);
}

void apply_forget(struct apply *apply, const char *name)
{
	if (!apply->unkept->live)
		return;
	CLEANUP_FREE char *path = apply_path_of(apply, name);
	unkept_forget(apply->unkept, path);
}

/* What has another name that is the same to the file system is not what is meant. */
bool apply_is_other(const struct apply *apply, const char *name)
{
	return apply->names.fold && names_find(&apply->names, apply->folder, name) == NAMES_OTHER;
}

static bool apply_cannot_be_there(const struct apply *apply, const char *name, int errnum)
{
	struct stat status;
	return names_reason(errnum) && fstatat(apply->folder, name, &status, AT_SYMLINK_NOFOLLOW) < 0;
}

int apply_trash(struct apply *apply, const char *name, struct error *err)
{
	char number[32];
	if (apply_is_other(apply, name))
		return 0;
	for (;;) {
		snprintf(number, sizeof(number), "%" PRIu64, apply->trashed++);
		if (renameat2(apply->folder, name, apply->trash, number, RENAME_NOREPLACE) == 0 || errno == ENOENT ||
		    apply_cannot_be_there(apply, name, errno))
			return 0;
		if (errno != EEXIST)
			return error_set_errno(err, errno, "cannot move it away");
	}
}

static int leave_staged(struct apply *apply, const char *staged, const char *name, enum unkept_reason reason)
{
	struct stat status;
	if (fstatat(apply->staging, staged, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return PUT_GONE;
	apply_leave_out(apply, name, reason);
	return PUT_LEFT;
}

/* Gives what waits in batch/ its name, in place of whatever has it. */
int apply_put_at(struct apply *apply, const char *staged, const char *name, struct error *err)
{
	if (apply_is_other(apply, name))
		return leave_staged(apply, staged, name, UNKEPT_CLASH);
	for (int try = 0;; try++) {
		if (renameat(apply->staging, staged, apply->folder, name) == 0)
			return 0;
		bool folder_there = errno == EISDIR || errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR;
		if (names_reason(errno))
			return leave_staged(apply, staged, name, names_reason(errno));
		if (!folder_there || try > 0)
			return errno == ENOENT ? PUT_GONE : error_set_errno(err, errno, "cannot put it in its place");
		if (apply_trash(apply, name, err) < 0)
			return -1;
	}
}

int apply_put(struct apply *apply, const char *staged, const char *name, struct error *err)
{
	apply_forget(apply, name);
	return apply_put_at(apply, staged, name, err);
}

enum unkept_reason apply_cannot_have(const struct apply *apply, const char *name)
{
	bool there = names_find(&apply->names, apply->folder, name) == NAMES_SAME;
	return there ? UNKEPT_NOT : names_try(&apply->names, apply->folder, name);
}
