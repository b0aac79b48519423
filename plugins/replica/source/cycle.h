/*
 * cycle.h - one cycle at the source: walk the tree, compare with a manifest, emit the differences, write the next manifest.
 *
 * The manifest is this end's own (trusted by inode and ctime: what has the same key is not looked at) or a listing of the
 * target (CYCLE_BY_CONTENT: every file is read and compared by its digest), or none (a first mirror). All three are one merge;
 * so a first mirror, a cycle, a resync after the target drifted, and verify are the same code.
 */
#pragma once

#include "plugins/replica/line/frame.h"
#include "plugins/replica/line/unkept.h"
#include "plugins/replica/tree/manifest.h"
#include "plugins/replica/tree/unfinished.h"
#include "plugins/replica/tree/walk.h"

enum cycle_flags {
	CYCLE_BY_CONTENT = 1 << 0, /* the base is a listing of the other end: its inodes and ctimes say nothing here */
	CYCLE_DRY = 1 << 1,	   /* differences are told and counted; new files are not even read */
	CYCLE_PREREAD = 1 << 2,	   /* next is for the cycle that follows at once (known.h) */
};

/* What becomes of an object at the target that the source no longer has (an orphan). */
enum cycle_orphans {
	ORPHANS_DELETE,
	ORPHANS_KEEP,
	ORPHANS_MOVE, /* beside the tree: store.h */
};

struct cycle_count {
	uint64_t folders, files, others;			   /* met */
	uint64_t bytes;						   /* size of the files met */
	uint64_t made, patched, changed, linked, deleted, renamed; /* records by kind; changed: META */
	uint64_t orphans, moved; /* that are kept where they are, and those that were moved beside the tree */
	uint64_t content;	 /* bytes of content sent */
	uint64_t before;	 /* files that were read before the interruption (unfinished.h), and not again */
	uint64_t unstable, skipped;
	uint64_t records;
};

struct cycle_progress {
	uint64_t files, bytes;		   /* done: compared, and sent if need be; of a large file what was read of it */
	uint64_t files_total, bytes_total; /* as of the last point, or of a quick walk: they may have grown since */
	uint64_t content;		   /* bytes of content sent */
	uint64_t wire;			   /* bytes that went over the line for all */
};

/* What is told as it happens; each may be NULL. */
struct cycle_events {
	void (*skipped)(void *argument, const char *path, const char *why);
	/* verify, dry run: then nothing is sent. "orphan" is no difference. bytes: of content, that would be sent; a dry run's
	 */
	void (*difference)(void *argument, const char *path, const char *what, uint64_t bytes);
	/* Often: with each folder and each piece of a large file. */
	void (*progress)(void *argument, const struct cycle_progress *progress);
	void *argument;
};

struct chunk_query;
struct known;
struct chunk_list;

struct cycle {
	const struct tree *tree;
	const struct rules *rules;    /* NULL: all */
	struct manifest_reader *base; /* NULL: none */
	const char *base_path;	      /* its file, of this end's own; NULL: what has another name is not looked for in it */
	struct known *known;	      /* what was read of the tree just before (known.h); NULL: nothing */
	struct unfinished
		*unfinished; /* whose writer next is, and that was interrupted before; NULL: none. Only without a base */
	struct manifest_writer *next; /* NULL: not wanted */
	const struct unkept *unkept;  /* of the base, what the target could not keep; NULL: nothing */
	const char *blocks;	      /* folder of block lists, or NULL */
	struct frame_writer *out;     /* CHANGES go here; NULL: nowhere */
	struct cycle_events events;
	/* The chunks of what the target has (protocol.h), added to *list; none: it has no such file. NULL: it cannot be asked.
	 */
	int (*ask)(void *argument, const struct chunk_query *query, struct chunk_list *list, struct error *err);
	void *ask_argument;
	bool owners_by_name;	     /* names of owners go out with what they own */
	const struct owners *owners; /* a target that lists its tree: the source's numbers are in the list; or NULL */
	unsigned flags;
	enum cycle_orphans orphans;
	int64_t orphan_age; /* nanoseconds for which the source must have been without it before it is deleted or moved */
	uint64_t seed;
	int64_t began;		     /* wall nanoseconds: what is read is not older than this; 0: as of now, and out */
	bool in_doubt;		     /* out; next does not tell all that the target will have: compare by content next time */
	struct digest content;	     /* out; of a volume: of all of it */
	struct cycle_count count;    /* out */
	struct cycle_progress total; /* files_total and bytes_total, for events.progress; files and bytes: told before */
	const _Atomic bool *stop;    /* no longer wanted, when it becomes true; NULL: it will be */
};

/* What a manifest has; what a walk finds. For the totals of cycle_progress. */
int cycle_count_manifest(const char *path, struct cycle_progress *ret_total, struct error *err);
int cycle_count_walk(const struct tree *tree, const struct rules *rules, struct cycle_progress *ret_total, struct error *err);

int cycle_run(struct cycle *cycle, struct error *err);
