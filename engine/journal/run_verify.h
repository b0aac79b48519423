/*
 * run_verify.h - does what is on disk hang together: each journal's chain, the index of runs, what was signed, what was
 * exported to an anchor, and the content of the run directories. Reads only; what it holds in memory does not grow with the
 * journals, but with the number of runs and checkpoints.
 */
#pragma once

#include "engine/journal/checkpoint.h"
#include "engine/journal/run_store.h"

#define RUN_TAIL_UNPROVEN "tail unproven: it is not closed, so records cut from its end would not be missed"

struct run_verdict {
	const char *id;	     /* a run's, "index", or "anchor" */
	uint64_t records;    /* that verify; of the anchor: heads that are about this state directory */
	const char *problem; /* why it does not verify; NULL: it does */
	uint64_t record;     /* number of the first record that is wrong or missing; 0: it is not about one */
	const char *tail; /* why records could have been cut from its end unseen ("tail unproven..."); NULL: they could not */
	uint64_t signed_records;   /* up to which record it is signed with a trusted key; 0: it is not */
	uint64_t unknown_signed;   /* the same, with a key of which nothing is known here; 0: it is not */
	const char *signed_by;	   /* that key; NULL */
	const char *signed_at;	   /* when, as the signer says; NULL */
	uint64_t anchored_records; /* up to which record it was exported to the anchor; 0: it was not */
	const char *anchored_at;   /* NULL */
	uint64_t torn;		   /* bytes behind the last record, which a crash leaves; of a closed run they are a problem */
	uint64_t torn_checkpoints; /* the same, behind its last checkpoint */
	const char *head;	   /* hash of its last record that verifies; NULL: there is none */
};

struct run_verify_options {
	const char *id;			 /* a run (as run_find takes it, but "latest" is the newest that is known); NULL: all */
	const struct audit_trust *trust; /* whose signatures count; NULL or empty: of none anything is known */
	const struct checkpoint_list *anchors; /* exported heads, of any state directories; NULL: there is no anchor */
};

/* Calls report for each run, newest first, then for "index" (of one run only: if it does not verify) and "anchor" (if there is
 * one). The verdict is valid during the call. -1 only when nothing could be said. */
int run_store_verify(struct run_store *store, const struct run_verify_options *options,
		     void (*report)(void *context, const struct run_verdict *verdict), void *context, struct error *err);
