/*
 * cycle.h - one cycle at the source: walk the tree, compare with a manifest, emit the differences, write the next manifest.
 *
 * The manifest is this end's own (trusted by inode and ctime: what has the same key is not looked at) or a listing of the
 * target (CYCLE_BY_CONTENT: every file is read and compared by its digest), or none (a first mirror). All three are one merge;
 * so a first mirror, a cycle, a resync after the target drifted, and verify are the same code.
 */
#pragma once

#include "plugins/replica/frame.h"
#include "plugins/replica/manifest.h"
#include "plugins/replica/walk.h"

enum cycle_flags {
	CYCLE_BY_CONTENT = 1 << 0, /* the base is a listing of the other end: its inodes and ctimes say nothing here */
};

struct cycle_count {
	uint64_t folders, files, others;			 /* met */
	uint64_t bytes;						 /* size of the files met */
	uint64_t made, patched, changed, linked, deleted, moved; /* records by kind; changed: META */
	uint64_t content;					 /* bytes of content sent */
	uint64_t unstable, skipped;
	uint64_t records;
};

/* What is told as it happens; each may be NULL. */
struct cycle_events {
	void (*skipped)(void *argument, const char *path, const char *why);
	void (*difference)(void *argument, const char *path, const char *what); /* verify: then nothing is sent */
	void *argument;
};

struct chunk_query;
struct chunk_list;

struct cycle {
	const struct tree *tree;
	const struct rules *rules;    /* NULL: all */
	struct manifest_reader *base; /* NULL: none */
	const char *base_path;	      /* its file, of this end's own; NULL: what has another name is not looked for in it */
	struct manifest_writer *next; /* NULL: not wanted */
	const char *blocks;	      /* folder of block lists, or NULL */
	struct frame_writer *out;     /* CHANGES go here; NULL: nowhere */
	struct cycle_events events;
	/* The chunks of what the target has (protocol.h), added to *list; none: it has no such file. NULL: it cannot be asked.
	 */
	int (*ask)(void *argument, const struct chunk_query *query, struct chunk_list *list, struct error *err);
	void *ask_argument;
	unsigned flags;
	uint64_t seed;
	int64_t began;		  /* out; wall nanoseconds: all that was read was read after this */
	bool in_doubt;		  /* out; next does not tell all that the target will have: compare by content the next time */
	struct digest content;	  /* out; of a volume: of all of it */
	struct cycle_count count; /* out */
};

int cycle_run(struct cycle *cycle, struct error *err);
