/*
 * pace.h - a stream that takes no more than so many bytes a second, by the time of day: a bucket of tokens, each a byte, that
 * fills at the rate and holds a quarter of a second of it.
 *
 * Limits as text: "08:00-18:00 1M, 18:00-22:30 10M"; or a rate alone, for the whole day. The first that matches counts, none is
 * no limit. A rate is bytes a second, K M G are times 1024. Times are those of this host's clock; one over midnight is fine.
 */
#pragma once

#include <stdbool.h>

#include "engine/base/error.h"
#include "plugins/replica/line/stream.h"

#define PACE_LIMITS 16

struct pace_limits {
	struct {
		unsigned from, to; /* minutes of the day, 0..1440; from == to: all of it */
		uint64_t rate;	   /* bytes a second, from 1 */
	} items[PACE_LIMITS];
	size_t count;
};

int pace_parse(const char *text, struct pace_limits *ret_limits, struct error *err);
uint64_t pace_rate(const struct pace_limits *limits, unsigned minute); /* 0: no limit */

struct pace_clock {	      /* for tests; each may be NULL */
	int64_t (*now)(void); /* nanoseconds that only grow */
	unsigned (*minute)(void);
	void (*sleep)(int64_t nanoseconds);
};

struct paced {
	struct stream stream; /* to be used; reading is not limited */
	struct stream *inner; /* borrowed */
	const struct pace_limits *limits;
	struct pace_clock clock;
	uint64_t tokens;
	int64_t filled; /* when they were counted; 0: never */
};

void paced_init(struct paced *ret_paced, struct stream *inner, const struct pace_limits *limits,
		const struct pace_clock *clock);
