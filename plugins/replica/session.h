/*
 * session.h - the two ends of a session: protocol.h's conversation over a stream.
 */
#pragma once

#include "plugins/replica/cycle.h"
#include "plugins/replica/result.h"
#include "plugins/replica/store.h"

struct source {
	const char *set;   /* name of the replication set */
	const char *state; /* folder of this end's state, 0700 */
	const char *root;  /* what is protected */
	const struct rules *rules;
	uint64_t term;
	bool consistent; /* the root is a snapshot, or what writes to it is quiesced */
	struct cycle_events events;
};

/* One cycle, whichever is due: a first mirror, the difference to the last point, or a resync by content. */
int source_cycle(const struct source *source, struct stream *target, struct source_result *ret_result, struct error *err);
/* Compares by content; differences go to source->events.difference. Nothing is changed. */
int source_verify(const struct source *source, struct stream *target, struct source_result *ret_result, struct error *err);

/* Compares by content and sends what differs. */
int source_repair(const struct source *source, struct stream *target, struct source_result *ret_result, struct error *err);

struct serve {
	const char *store;
	const char *device; /* the replica is this block device; NULL: none, or the one that the store has */
	const char *set;    /* NULL: whichever the source names. Else only this one, */
	uint64_t term;	    /* and only at this term */
};

/* Serves one source until it closes. The store is locked meanwhile. */
int target_serve(const struct serve *serve, struct stream *source, struct error *err);
