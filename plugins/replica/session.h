/*
 * session.h - the two ends of a session: protocol.h's conversation over a stream.
 */
#pragma once

#include "plugins/replica/source/cycle.h"
#include "plugins/replica/line/pace.h"
#include "plugins/replica/source/quiesce.h"
#include "plugins/replica/result.h"
#include "plugins/replica/target/store.h"

struct source {
	const char *set;		 /* name of the replication set */
	const char *state;		 /* folder of this end's state, 0700 */
	const char *root;		 /* what is protected: a folder, a device or an image; or NULL: */
	const struct forest_root *roots; /* several folders and files, each with its place in the replica */
	size_t root_count;
	const struct rules *rules;
	uint64_t term;
	enum consistency consistency; /* freeze.h; NONE with consistent: GIVEN */
	struct quiesce quiesce;
	bool consistent;     /* the root is a snapshot, or what writes to it is quiesced */
	bool look;	     /* of source_verify: at a replica that was promoted, which nobody of this term may write to */
	bool from_start;     /* of source_verify: do not go on where one was interrupted */
	bool mounted;	     /* the root must lie on a file system of its own, not on that of "/" */
	bool owners_by_name; /* owners.h */
	enum cycle_orphans orphans;
	int64_t orphan_age; /* nanoseconds; cycle.h */
	enum compression compression;
	struct pace_limits limits; /* of what is sent */
	struct cycle_events events;
};

/* One cycle, whichever is due: a first mirror, the difference to the last point, or a resync by content. */
int source_cycle(const struct source *source, struct stream *target, struct source_result *ret_result, struct error *err);
/* What source_cycle would do, as far as this end knows: told to source->events.difference, and counted. Nothing is changed. */
int source_plan(const struct source *source, struct stream *target, struct source_result *ret_result, struct error *err);
/* Compares by content; differences go to source->events.difference. Nothing is changed. */
int source_verify(const struct source *source, struct stream *target, struct source_result *ret_result, struct error *err);

/* Compares by content and sends what differs. */
int source_repair(const struct source *source, struct stream *target, struct source_result *ret_result, struct error *err);

struct target_options {
	const char *store;    /* folder; store.h */
	const char *device;   /* the replica is this block device; NULL: none, or the one that the store has */
	const char *set;      /* NULL: whichever the source names. Else only this one, */
	uint64_t term;	      /* and only at this term */
	uint64_t keep;	      /* points that are kept (points.h), the last one too; 0: as until now */
	bool mounted;	      /* the store must lie on a file system of its own, not on that of "/" */
	bool replace_foreign; /* a new store may take the place of what others left there: without it that is refused */
};

/* Serves one source until it closes. The store is locked meanwhile. */
int target_serve(const struct target_options *options, struct stream *source, struct error *err);
