/*
 * clock.h - time. All times are nanoseconds in int64_t, but for clock_format_time. Wall time is for people; boottime (which
 * goes on in suspend and starts again at 0 with every boot) is for deadlines and elapsed time.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "engine/base/error.h"

#define NSEC_PER_SEC  INT64_C(1000000000)
#define NSEC_PER_MSEC INT64_C(1000000)
#define CLOCK_FOREVER INT64_MAX /* a deadline that never comes */

int64_t clock_wall(void);	 /* since 1970, UTC */
int64_t clock_boottime(void);	 /* since boot */
const char *clock_boot_id(void); /* this machine's boot id, or "unknown"; static */

/* RFC 3339 in UTC with milliseconds: 2026-03-01T03:12:45.120Z. */
#define CLOCK_TEXT_SIZE 32
void clock_format_wall(int64_t wall, char ret_text[CLOCK_TEXT_SIZE]);
int clock_parse_wall(const char *text, int64_t *ret_wall); /* inverse: only what clock_format_wall writes; 0 or -1 */
/* RFC 3339 in UTC with as many digits as it takes, for the years 1 to 9999; nanoseconds 0..999999999. */
void clock_format_time(int64_t seconds, int32_t nanoseconds, char ret_text[CLOCK_TEXT_SIZE]);

/* Written durations: one or more of a decimal number and ns us ms s m h d ("90s", "1h30m", "0.5s"); "0" is allowed. */
int duration_parse(const char *text, int64_t *ret_nanoseconds, struct error *err);
/* For people: "1.2s", "3m05s", "2h04m". */
#define DURATION_TEXT_SIZE 32
void duration_format(int64_t nanoseconds, char ret_text[DURATION_TEXT_SIZE]);
