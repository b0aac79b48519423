/*
 * apply.h - what the files that apply a sealed batch share: apply.c (what each record does), place.c (objects get their names),
 * shift.c (what moves is taken out first). Nobody else's.
 */
#pragma once

#include "plugins/replica/target/batch.h"
#include "plugins/replica/target/held.h"
#include "plugins/replica/tree/names.h"

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
	bool withheld;			   /* the present folder, or one above it, could not be made */
	char missed[ENTRY_NAME_LIMIT + 1]; /* the name in the present folder to which nothing has moved; "": none */
	struct table *touched;		   /* folders in which something may have changed */
	struct record record;
};

/* --- place.c --- */

int apply_conflict(struct apply *apply); /* what a record demands is not there: somebody else has changed the tree. 0 */
void apply_touch(struct apply *apply, const char *folder);
void apply_touch_folder_of(struct apply *apply, const char *path);
char *apply_path_of(const struct apply *apply, const char *name); /* malloc'ed; `name` in the present folder */

/* A name that cannot be kept is noted, and what waits for it in batch/, since a link may still want it. */
int apply_leave_out(struct apply *apply, const char *name, enum unkept_reason reason);
void apply_hold(struct apply *apply, const char *name, uint64_t number);
void apply_forget(struct apply *apply, const char *name); /* it can be kept, or is no more */
bool apply_is_other(const struct apply *apply, const char *name);
enum unkept_reason apply_cannot_have(const struct apply *apply, const char *name);

/* Out of the tree into trash/, whatever it is; none there: nothing. */
int apply_trash(struct apply *apply, const char *name, struct error *err);

enum put {
	PUT_FAILED = -1,
	PUT_DONE,
	PUT_GONE, /* nothing waits there */
	PUT_LEFT, /* it cannot have this name: noted */
};

/* An enum put. apply_put first forgets that the name could not be kept. */
int apply_put_at(struct apply *apply, const char *staged, const char *name, struct error *err);
int apply_put(struct apply *apply, const char *staged, const char *name, struct error *err);

/* --- shift.c --- */

int apply_gather_moves(void *context, const struct frame *frame, struct error *err); /* for log_read */
int apply_take_out(struct apply *apply, struct error *err);			     /* all that moves */
void apply_forget_moves(struct apply *apply);
char *apply_waiting_as(uint64_t number); /* malloc'ed */
