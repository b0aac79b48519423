/*
 * transcript.h - a command that was run, and what it said: as evidence for people, and as text to read attributes from.
 */
#pragma once

#include "engine/plugin/prepare.h"

#define EVIDENCE_LIMIT (16 * 1024) /* bytes of one stream in the evidence */

/* One stream as text: valid UTF-8 without NUL. */
struct said {
	const struct value *head; /* all of it, if it was not cut */
	const struct value *tail; /* behind the cut; NULL: nothing was cut */
};

struct streams {
	struct said output;
	struct said errors;
};

struct transcript {
	bool started;
	int exit_code;	      /* -1: a signal, or not known */
	struct streams heard; /* as it was said: to read values from and to compare, never to be shown */
	struct streams shown; /* without secrets */
	bool hidden;	      /* the two differ: a secret was in what was said */
	struct evidence evidence;
};

/* Runs it. As connection_run: -1 means that its exit is not known, and ret_transcript->started whether it may have had an
 * effect. The transcript is always filled. prepared must be wholly known. */
int transcript_run(struct arena *arena, const struct call *call, const struct prepared *prepared, const char *scope,
		   int64_t deadline, struct transcript *ret_transcript, struct error *err);

struct regex_list {
	struct regex **items;
	size_t count;
};

/* The last lines that say something, on one line for an error: of stderr, else of stdout; ignore may be NULL. "" if there are
 * none. */
const char *transcript_excerpt(struct arena *arena, const struct transcript *transcript, const struct regex_list *ignore);

/* How it ended, for an error: "exit code 5", "signal KILL". */
const char *transcript_end(struct arena *arena, const struct transcript *transcript);
