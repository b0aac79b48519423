/*
 * history.h - what an earlier process of this run has journaled, looked up by step instance.
 *
 * Resume is the same walk over the same runbook: wherever the history has the answer, it is taken instead of acting. What the
 * history does not know has not happened, but for an intent without an outcome: that may or may not have been applied.
 */
#pragma once

#include "engine/base/error.h"
#include "engine/base/table.h"
#include "engine/base/value.h"
#include "engine/journal/step_key.h"

struct history {
	struct arena *arena;
	struct table records;	    /* "KIND KEY ATTEMPT" -> record; the last one counts */
	struct table begun;	    /* step key -> any record of it: the walk had come to it */
	struct table baselines;	    /* step key without the attempts of groups -> `baseline` of its first intent that had one */
	const struct value *opened; /* the run_opened record, or NULL */
	const struct value *finished; /* run_finished or abandoned, or NULL */
	bool cancelled;		      /* an accepted cancel request */
	const struct value **skips;   /* accepted skip requests, in order */
	size_t skips_count, skips_capacity;
	const struct value **approvals; /* `approved` records, in order */
	size_t approvals_count, approvals_capacity;
	const struct value **gates; /* `waiting` records that ask for signatures */
	size_t gates_count, gates_capacity;
	const struct value **operators; /* who has started and resumed it */
	size_t operators_count, operators_capacity;
	int64_t machine; /* nanoseconds the run has worked until the last record, without waiting for people and without
			  * the time in which no process ran */
	int64_t waited;	 /* nanoseconds spent waiting for people */
	size_t count;	 /* records read */
};

/* Reads and verifies the journal. */
int history_read(struct arena *arena, const char *path, struct history **ret_history, struct error *err);
void history_free(struct history *history); /* its tables; the records go with the arena */

/* NULL: not journaled. attempt 0 for records that have none. A NULL history knows nothing. */
const struct value *history_get(const struct history *history, const char *kind, const char *key, unsigned attempt);
/* Had the walk come to this step? (That a person asked to skip it does not count.) */
bool history_has_begun(const struct history *history, const char *key);
/* The `answered` record of the question that this step asked last, if nothing was done on it yet; each is given once. NULL:
 * none. */
const struct value *history_take_answer(struct history *history, const char *key);
/* Machine time at which the record was written (history_read adds it to each record as "machine"). */
int64_t history_machine(const struct value *record);
