/*
 * result.h - what came of a session that a source led.
 */
#pragma once

#include "plugins/replica/source/cycle.h"
#include "plugins/replica/line/protocol.h"

/* A verify that was interrupted: what was read for it since it begun, and was not touched since, was not read again. */
struct source_continued {
	int64_t begun;					    /* wall nanoseconds; 0: all was read in this session */
	char from[ENTRY_PATH_LIMIT + ENTRY_NAME_LIMIT + 2]; /* up to here both had read, in the walk's order; "": one had not */
	uint64_t files;					    /* at the source, that were not read again */
};

/* The target's point when the session began, if this source made it. */
struct source_found {
	struct identity point; /* none: there is none, or nothing here knows it */
	uint64_t generation;
	int64_t sent; /* wall nanoseconds: when all of it had been sent */
};

struct source_result {
	const char *way; /* "mirror", "cycle", "resync", "verify" */
	struct source_found found;
	struct identity point;
	uint64_t generation;
	int64_t time; /* of the point */
	struct cycle_count count;
	struct source_continued continued;
	uint64_t wire_out, wire_in; /* bytes on the line */
	uint64_t plain_out;	    /* what wire_out would be without compression */
};
