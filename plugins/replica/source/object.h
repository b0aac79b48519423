/*
 * object.h - one object at the source, other than a folder: finds out what of it differs, and sends that.
 */
#pragma once

#include "plugins/replica/source/changes.h"
#include "plugins/replica/tree/content.h"
#include "plugins/replica/source/cycle.h"
#include "plugins/replica/tree/links.h"
#include "plugins/replica/tree/moves.h"

/* A cycle under way. */
struct run {
	struct cycle *cycle;
	struct changes changes;
	const struct walk_folder *folder;
	const struct entry *known;  /* of the object at hand, as it was read before (known.h), or NULL */
	struct known *read_before;  /* unfinished.h */
	const struct entry *before; /* of the object at hand, as it was read then, or NULL */
	struct links *links;	    /* inodes of several names, by the source's inode */
	struct links *claims;	    /* by content only: by the target's inode, which source inode it stands for */
	struct content *content;
	struct buffer attributes; /* of the object at hand */
	struct record record;	  /* being made: too large for the stack of each function */
	bool touched;		  /* the target's folder will have another mtime */
	struct moves *moves;	  /* NULL: nothing moves */
	struct {
		char *path; /* owned; NULL: nothing is to be told */
		const char *what;
	} pending;		 /* a dry run: how many bytes it is is known when the object is done */
	uint64_t content_before; /* cycle's count of it before the object at hand */
	bool moved;		 /* the object at hand: the target has it under another name */
};

enum object_outcome {
	OBJECT_IS_NEW, /* *entry is what the target will have */
	OBJECT_AS_OLD, /* it could not be read, or has vanished: the target keeps what it has */
};

/* entry: as the walk found it; out: as it was sent, with its digests. old: the same name in the base, or NULL. */
int object_update(struct run *run, struct entry *entry, const struct entry *old, enum object_outcome *ret_outcome,
		  struct error *err);

/* verify: tells the difference and returns true: nothing is to be sent. A dry run: tells it, and goes on, to count. */
void run_told(struct run *run); /* the object is done */
bool run_tells(struct run *run, const char *name, const char *what);
void run_progress(const struct run *run, uint64_t bytes); /* of the file at hand */
bool run_only_tells(const struct run *run);		  /* verify */
/* A record that is a name and nothing else. */
int run_sends_name(struct run *run, enum record_kind kind, const char *name, struct error *err);
/* What was just sent is not all that the source has of it. */
void run_misses(struct run *run, const char *name, const char *why);
void run_skips(struct run *run, const char *name, const char *why);
/* The digest of run->attributes; zeros if there are none. */
struct digest run_attributes(const struct run *run);
