/*
 * result.h - what came of a session that a source led.
 */
#pragma once

#include "plugins/replica/source/cycle.h"
#include "plugins/replica/line/protocol.h"

struct source_result {
	const char *way; /* "mirror", "cycle", "resync", "verify" */
	struct identity point;
	uint64_t generation;
	int64_t time; /* of the point */
	struct cycle_count count;
	uint64_t wire_out, wire_in; /* bytes on the line */
	uint64_t plain_out;	    /* what wire_out would be without compression */
};
