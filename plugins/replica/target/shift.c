/*
 * shift.c - what moves is taken out of its place before anything else is done.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/fault.h"
#include "engine/base/memory.h"
#include "plugins/replica/target/apply.h"
#include "plugins/replica/tree/walk.h"

/* The names that a folder could not keep go with it. No path in the tree is like this. */
char *apply_waiting_as(uint64_t number)
{
	return memory_printf("/%" PRIu64, number);
}

int apply_gather_moves(void *context, const struct frame *frame, struct error *err)
{
	struct apply *apply = context;
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
int apply_take_out(struct apply *apply, struct error *err)
{
	int result = 0;
	if (apply->move_count)
		qsort(apply->moves, apply->move_count, sizeof(*apply->moves), deepest_first);
	for (size_t i = 0; i < apply->move_count; i++) {
		if (result == 0 && !apply->tree.is_volume)
			result = take_out(apply, &apply->moves[i], err);
		apply_touch_folder_of(apply, apply->moves[i].path);
		CLEANUP_FREE char *waiting = apply_waiting_as(apply->moves[i].number);
		unkept_moved(apply->unkept, apply->moves[i].path, waiting);
	}
	return result;
}

void apply_forget_moves(struct apply *apply)
{
	for (size_t i = 0; i < apply->move_count; i++) {
		CLEANUP_FREE char *waiting = apply_waiting_as(apply->moves[i].number);
		unkept_forget(apply->unkept, waiting);
		free(apply->moves[i].path);
	}
	free(apply->moves);
}
