/*
 * rebuild.h - a large file at the source whose content has moved within it (something was inserted or removed, or it was saved
 * anew): it is made again at the target out of the chunks (chunks.h) that the target has, and what is new.
 *
 * The target is asked once a file, and for a large one first for a few windows of it: if none of their chunks is found again,
 * it is not worth the time. So the worst case is little more than a full copy.
 */
#pragma once

#include "plugins/replica/tree/content.h"
#include "plugins/replica/source/object.h"

struct rebuild;

/* Where the new file's content goes; offsets ascend, and each byte comes once. */
struct rebuild_sink {
	int (*data)(void *argument, uint64_t offset, const void *bytes, size_t length, struct error *err);
	int (*copy)(void *argument, uint64_t offset, uint64_t length, uint64_t from, struct error *err);
	void (*progress)(void *argument, uint64_t offset); /* so far was read */
	void *argument;
};

/* Has all of a long stretch other blocks than base says? Then what was there may stand elsewhere now. */
bool rebuild_is_moved(int fd, uint64_t size, uint64_t seed, struct blocks *base);
/* *ret_rebuild NULL: the target has nothing that would help. -1: the session is at its end. */
int rebuild_plan(struct run *run, int fd, const struct entry *entry, const struct entry *old, const struct rebuild_sink *sink,
		 struct rebuild **ret_rebuild, struct error *err);
/* A content_read's sink: what was found at the target becomes a copy. Before it is read again: reset; at its end: end. */
struct content_sink rebuild_input(struct rebuild *rebuild);
void rebuild_reset(struct rebuild *rebuild);
int rebuild_end(struct rebuild *rebuild, struct error *err);
void rebuild_free(struct rebuild *rebuild); /* NULL is fine */
