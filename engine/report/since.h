/*
 * since.h - how long after its start something happened in a run. Internal to report/.
 *
 * Boottime is trusted while the boot id stays the same; across boots (another controller, a resume) wall time bridges.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/value.h"

struct since {
	bool begun;
	int64_t wall;	/* of the first record */
	char boot[64];	/* the boot that the records now belong to */
	int64_t at, up; /* time since the start, and boottime, at the first record of that boot */
	int64_t latest; /* of the last record */
};

int64_t since_record(struct since *since, const struct value *record); /* nanoseconds; never less than for the record before */
int64_t since_now(const struct since *since);

#define SINCE_TEXT_SIZE 32
void since_format(int64_t nanoseconds, char ret_text[SINCE_TEXT_SIZE]); /* "00:03.2", "1:02:03.4" */

/* The clocks that since_now reads; a test may set others. */
struct since_clock {
	int64_t (*wall)(void);
	int64_t (*boottime)(void);
	const char *(*boot_id)(void);
};
extern struct since_clock since_clock;
