/*
 * believe.h - what a source knows: its own state, and from it or from the target itself what the target has.
 */
#pragma once

#include "plugins/replica/line/unkept.h"
#include "plugins/replica/result.h"
#include "plugins/replica/session.h"

struct session {
	const struct source *source;
	struct frame_reader in;
	struct frame_writer out;
	struct compressor *compressor; /* of what goes out, or NULL */
	struct paced paced;	       /* the line, if it is limited */
	int lock;
	char *manifest, *next, *blocks, *listing; /* paths */
	struct identity identity;
	struct welcome welcome;
	struct tree tree;
	struct unkept unkept; /* what the target's point lacks; by the paths of its manifest */
	struct cycle_progress
		total;	       /* files_total and bytes_total: how much there is; files and bytes: what was told already */
	struct known *known;   /* of the source, as it was read for this session; NULL: nothing */
	bool in_doubt;	       /* the manifest of the batch at hand does not tell all that it makes (cycle.h) */
	struct frozen *frozen; /* freeze.h; NULL: the source itself is read */
	struct identity work;  /* the verification at hand (verification.h); none: what is read is not kept */
	int64_t work_began;    /* wall nanoseconds */
	char *from_here, *from_there; /* where this end and the target went on; NULL: all was read */
	uint64_t read_before;	      /* files at this end that were not read again */
	struct forest *forest;	      /* of which the tree is made, or NULL */
};

/* Takes the lock of the state folder, reads the identity (a new one, if there is none), fills the paths. */
int believe_open(struct session *session, struct error *err);
/* Was the target's point made by this source? Then by its manifest. */
void believe_found(const struct session *session, struct source_found *ret_found);
/* The manifest of the target's point, or NULL: there is none that is true. */
int believe_base(const struct session *session, struct manifest_reader **ret_base, struct error *err);
/* A listing of the target's tree, from the target; with block lists of its large files, if they are wanted. */
int believe_listing(struct session *session, bool blocks, struct manifest_reader **ret_listing, struct error *err);
/* Is there the block list of the volume that the manifest describes? Without it all would be sent. */
bool believe_list(const struct session *session);
/* The chunks of a file that the target has: cycle.h's ask. */
int believe_chunks(void *session, const struct chunk_query *query, struct chunk_list *list, struct error *err);
