/*
 * story.h - a run's records folded into what became of it: the one reading that text and JSON are made from. Internal to
 * report/.
 *
 * Everything is borrowed from the records or lives in the arena.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/value.h"
#include "engine/report/page.h"

struct story_wait {				/* a gate that waited for a person */
	const struct value *waiting, *answered; /* answered: NULL if nobody has */
	const struct value **approvals;		/* `approved` records, in order */
	size_t approvals_count, approvals_capacity;
	int64_t at; /* time since the run's start */
};

struct story_step {
	const char *key, *name, *uses, *host, *via; /* uses: NULL for a group; host, via: may be NULL */
	int64_t depth;
	int64_t began, ended; /* time since the run's start; ended -1: it has not */
	int64_t attempts;
	const char *outcome;		       /* NULL: it has none yet */
	const struct value *intent, *finished; /* records, the last of their kind; may be NULL */
	struct story_wait *waits;
	size_t waits_count, waits_capacity;
};

struct story_event { /* requests, resumes, retries and notes, in order */
	const struct value *record;
	int64_t at;
};

struct story {
	struct arena *arena;
	const struct value *opened, *last; /* last: run_finished or abandoned; NULL: the run is not over */
	const char *outcome;		   /* "unfinished" while it is not over: being worked on, or stopped */
	int64_t elapsed, waited, machine;  /* from first to last record; of that for people; the rest */
	struct story_step *steps;
	size_t count, capacity;
	struct story_event *events;
	size_t events_count, events_capacity;
};

struct story *story_read(struct arena *arena, const struct value *records);
/* What a step's last attempt changed; NULL: nothing that is known. */
const struct value *story_changes(const struct story *story, const struct story_step *step);
const struct value *story_counts(const struct story *story); /* as recorded at the end, else of the steps so far */

struct story_rto {
	int64_t objective; /* nanoseconds; 0: the runbook has none */
	const char *word;  /* met, missed, not reached, not over */
	enum ink ink;
};
struct story_rto story_rto(const struct story *story);

struct story_rpo {
	int64_t objective, lost; /* nanoseconds; objective 0: the runbook has none */
	bool known;		 /* what was lost, by the run's output `rpo` */
	const char *word;	 /* met, missed, not known */
	enum ink ink;
};
struct story_rpo story_rpo(const struct story *story);
