/*
 * audit_search.h - who did what to what, and when: the events of all runs that fit. Reads journal after journal, record by
 * record, and verifies what it reads; holds no more than the steps that are open.
 *
 * An event is a step's attempt (its step_started, intent and step_finished taken together), or a record of a person's or a
 * run's own doing: run_opened, resumed, answered, request, note, abandoned, run_finished, and any kind that it does not know.
 *   {run, record, runbook, kind: "step" or the record's, time, ended, operator, host, via, step, name, action, object, effect,
 *    outcome, text}
 * time and ended are as in the journal (UTC); record is the number of the last record that belongs to it. What is not there is
 * null. A run is {run, runbook, kind, operator, started, ended, outcome, hosts, events}; events: how many fit.
 */
#pragma once

#include "engine/journal/run_store.h"

/* NULL: any. Patterns are those of glob (* ? [...]), without regard to case; one without any of these fits if it is a part. */
struct audit_filter {
	int64_t since, until; /* wall; an event fits that was going on at any time in it. until: the first that is not */
	const char *operator; /* user, or user@host; not a part */
	const char *host;   /* id: whom it was about, where it ran, or a part of its object's key between slashes; not a part */
	const char *object; /* its key */
	const char *action; /* service.start; not a part */
	const char *outcome;	 /* several with commas */
	const char *run_outcome; /* the same, of the run */
	const char *runbook;
	const char *text; /* anywhere in the texts of its records */
};

struct audit_visitor {
	void (*event)(void *context, const struct value *event); /* NULL: not wanted */
	void (*run)(void *context, const struct value *run);	 /* after its events, if any of them fits; may be NULL */
	void (*unreadable)(void *context, const char *id, const struct error *err); /* from some record on, or not at all */
	void *context;
};

/* Oldest run first. Values live during the call. */
int audit_search(struct run_store *store, const struct audit_filter *filter, const struct audit_visitor *visitor,
		 struct error *err);
