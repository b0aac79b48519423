/*
 * unkept.h - names that the target's file system cannot keep: they are left out of the replica, each with its reason, and the
 * rest goes through. The target finds them when it makes things; the list belongs to a point (STORE/unkept-N, store.h) and goes
 * to the source after WELCOME and before COMMITTED, so that it does not take them for something that the target has.
 *
 *     UNKEPT items ... UNKEPT (empty)            frames, on the line and in the file: it is whole, or it is none
 *       u8 reason | u16 length | path            below the root; of a folder: with all that is in it
 */
#pragma once

#include "engine/base/table.h"
#include "plugins/replica/line/frame.h"

#define UNKEPT_LIMIT 100000u /* names */

enum unkept_reason {
	UNKEPT_NOT,	 /* it is kept */
	UNKEPT_TOO_LONG, /* for this file system */
	UNKEPT_CLASH,	 /* to it, another name in the folder is the same: case, or ways to write a letter */
	UNKEPT_REFUSED,	 /* it takes no such name: a character, or bytes that are no UTF-8 */
	UNKEPT_REASONS,
};

struct unkept_item {
	char *path;		   /* owned */
	enum unkept_reason reason; /* UNKEPT_NOT: no item any more */
};

/* Zeros: none. */
struct unkept {
	struct unkept_item *items;
	size_t count, capacity, live;
	struct table by_path;
};

void unkept_free(struct unkept *unkept);
bool unkept_add(struct unkept *unkept, const char *path, enum unkept_reason reason); /* false: there are too many */
void unkept_forget(struct unkept *unkept, const char *path);			     /* and what lies below */
void unkept_moved(struct unkept *unkept, const char *from, const char *to);	     /* what lies below */
enum unkept_reason unkept_of(const struct unkept *unkept, const char *path);
bool unkept_covers(const struct unkept *unkept, const char *path); /* it, or a folder that it lies in, is one */
const char *unkept_why(enum unkept_reason reason);		   /* for people */

int unkept_send(struct frame_writer *writer, const struct unkept *unkept, struct error *err);
int parse_unkept(const struct frame *frame, struct unkept *unkept, struct error *err); /* adds those of one frame */
/* Into a list that is empty. A REFUSED becomes the error that it carries. */
int unkept_receive(struct frame_reader *reader, struct unkept *ret_unkept, struct error *err);
