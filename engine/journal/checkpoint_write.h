/*
 * checkpoint_write.h - when checkpoints of a run are made, and where they go: when it was opened, every so many records or so
 * much time (met at the next record), when it is closed, and when its process lets go of it. Before each of them the journal is
 * synced: what is stated is on disk.
 *
 * A checkpoint that cannot be written or exported is told, and stops nothing: the journal itself is whole without it.
 */
#pragma once

#include "engine/base/clock.h"
#include "engine/journal/anchor.h"
#include "engine/journal/audit_key.h"
#include "engine/journal/run_store.h"

#define CHECKPOINT_RECORDS UINT64_C(1000)
#define CHECKPOINT_TIME	   (5 * 60 * NSEC_PER_SEC)

struct checkpoint_policy {
	const struct audit_key *key;		       /* borrowed; NULL: nothing is signed, and so nothing kept here */
	struct anchors *anchors;		       /* borrowed; NULL: nothing is exported */
	uint64_t every_records;			       /* at least 1 */
	int64_t every_time;			       /* nanoseconds */
	void (*warn)(void *context, const char *text); /* what could not be done, in a line */
	void *context;
};

/* From now until run_close. The policy is copied. */
void run_checkpoints_begin(struct run *run, const struct checkpoint_policy *policy);
/* One of the journal as it is now, unless that was the last. Gives the name of the key with which it is signed, on disk; NULL:
 * it is not. */
const char *run_checkpoint(struct run *run);
void run_checkpoint_index(struct run *run, uint64_t records, const char *head); /* the caller holds the index's lock */
void run_checkpoints_end(struct run *run);
