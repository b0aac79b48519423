/*
 * moves.h - what has another name at the source than in the base: folders, and files that are worth it, found by their inode.
 *
 * The base's folders and larger files are listed by inode when the first new name turns up; a cycle without one pays nothing.
 * An inode may have been used again for something else: then what moves is compared like all that has a place in the base, and
 * is still right in the end. What must not be is that the target loses what is in its place at the source: so nothing moves
 * that the walk has met in its old place, and where something has moved away from nothing is in the base any more.
 */
#pragma once

#include "plugins/replica/line/unkept.h"
#include "plugins/replica/tree/manifest.h"

#define MOVES_MINIMUM (64u * 1024) /* files of more bytes; a smaller one stands in its record anyway */

struct moved {
	uint64_t ino;
	const char *path;   /* in the base */
	const char *now;    /* where it is; NULL: it has not moved */
	uint64_t offset;    /* of a folder: where its part of the base begins (manifest_open_at) */
	struct entry entry; /* as of the base; it has no name */
};

struct moves;

struct moves *moves_new(const char *base); /* path of the base's manifest, which was found whole */
void moves_free(struct moves *moves);	   /* NULL is fine */

/* What the target has not cannot move there. unkept: borrowed, or NULL. */
void moves_exclude(struct moves *moves, const struct unkept *unkept);

/* The object of the base that has this inode and type and may move to the entry's name in `folder`, which the walk is at; it is
 * then taken to have moved. NULL: there is none. Borrowed. */
const struct moved *moves_take(struct moves *moves, const struct entry *entry, const char *folder);
/* The folder that has moved to this path, which the walk has come to. */
const struct moved *moves_arrived(struct moves *moves, const char *path);
bool moves_all_arrived(const struct moves *moves); /* the walk has come to each of them */
/* Of the base: it is not in its place any more, nor is what lies below. */
void moves_deleted(struct moves *moves, const char *folder, const char *name);
/* Of the base: it has moved, or a folder has that it lies in and that lies below `below`. name "": the folder itself. */
bool moves_is_away(const struct moves *moves, const char *below, const char *folder, const char *name);
