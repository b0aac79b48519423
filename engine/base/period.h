/*
 * period.h - a time as people write it, as the period that it names: "2026-05" is all of May.
 *
 *   2026  2026-05  2026-05-03  2026-05-03T14  2026-05-03T14:30  2026-05-03T14:30:15  2026-05-03T14:30:15.250
 *                     (a blank may stand for the T) in the local time zone (TZ), unless it ends in Z; one with a time of day
 *                     may also end in an offset: 2026-05-03T14:30+02:00. An hour that the clock does twice is both of them
 *   today  yesterday  the local day
 *   90m  7d           so long ago: an instant
 */
#pragma once

#include <stdint.h>

#include "engine/base/error.h"

struct period {
	int64_t begin, end; /* wall, nanoseconds since 1970; end is the first that is no longer in it */
};

/* now: wall time. ERROR_INVALID says what can be written. */
int period_parse(const char *text, int64_t now, struct period *ret_period, struct error *err);
