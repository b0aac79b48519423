/*
 * functions_time.c - timestamps and durations: their range and their parts. Their text stands in time_text.c, zones in
 * timezone.c.
 */
#include <string.h>

#include "engine/base/clock.h"
#include "engine/expression/calendar.h"
#include "engine/expression/functions.h"
#include "engine/expression/time_range.h"
#include "engine/expression/timezone.h"

#define FIRST_SECOND INT64_C(-62135596800) /* 0001-01-01T00:00:00Z */
#define LAST_SECOND  INT64_C(253402300799) /* 9999-12-31T23:59:59Z */

const struct value *time_from_nanoseconds(struct evaluation *evaluation, enum value_type type, __int128 nanoseconds)
{
	__int128 seconds = nanoseconds / NSEC_PER_SEC;
	int64_t rest = (int64_t)(nanoseconds % NSEC_PER_SEC);
	struct value *time;

	if (type == VALUE_TIMESTAMP && rest < 0) {
		seconds--;
		rest += NSEC_PER_SEC;
	}
	if (type == VALUE_TIMESTAMP && (seconds < FIRST_SECOND || seconds > LAST_SECOND))
		return evaluation_error(evaluation, "out of range: a timestamp lies in the years 0001 to 9999");
	if (type == VALUE_DURATION && (nanoseconds < INT64_MIN || nanoseconds > INT64_MAX))
		return evaluation_error(evaluation, "out of range: a duration is at most 292 years long");
	time = value_new(evaluation->arena, type);
	time->time.seconds = (int64_t)seconds;
	time->time.nanoseconds = (int32_t)rest;
	return time;
}

FUNCTION_BODY(convert_timestamp_int)
{
	(void)node;
	return time_from_nanoseconds(evaluation, VALUE_TIMESTAMP, (__int128)arguments[0]->integer * NSEC_PER_SEC);
}

FUNCTION_BODY(convert_timestamp_text)
{
	const struct value *text = arguments[0];
	__int128 nanoseconds;

	(void)node;
	if (strlen(text->string.data) != text->string.length || !parse_timestamp(text->string.data, &nanoseconds))
		return evaluation_error(evaluation, "timestamp('%s') failed: write it as 2026-03-01T03:12:45Z",
					excerpt(evaluation->arena, text->string.data, text->string.length));
	return time_from_nanoseconds(evaluation, VALUE_TIMESTAMP, nanoseconds);
}

FUNCTION_BODY(convert_duration_text)
{
	const struct value *text = arguments[0];
	__int128 nanoseconds;

	(void)node;
	if (strlen(text->string.data) != text->string.length || !parse_duration(text->string.data, &nanoseconds))
		return evaluation_error(evaluation, "duration('%s') failed: write it as 90s, 1h30m or 250ms",
					excerpt(evaluation->arena, text->string.data, text->string.length));
	return time_from_nanoseconds(evaluation, VALUE_DURATION, nanoseconds);
}

/* A timestamp, taken apart in a time zone. */
struct parts {
	struct date date;
	int64_t days;	/* since 1970-01-01 */
	int64_t second; /* of the day */
	int32_t nanoseconds;
};

/* NULL, or an error. The zone is the second argument, if the call has one. */
static const struct value *take_apart(struct evaluation *evaluation, const struct node *node,
				      const struct value *const *arguments, struct parts *ret_parts)
{
	int64_t seconds = arguments[0]->time.seconds;
	int32_t offset = 0;

	if (node->count == 2) {
		const struct value *zone = arguments[1];

		if (!evaluation_charge(evaluation, 100))
			return evaluation->exhausted;
		if (strlen(zone->string.data) != zone->string.length || timezone_offset(zone->string.data, seconds, &offset))
			return evaluation_error(evaluation, "no such time zone: '%s'; write it as Europe/Berlin, UTC or +02:00",
						excerpt(evaluation->arena, zone->string.data, zone->string.length));
	}
	seconds += offset;
	ret_parts->days = calendar_floor(seconds, CALENDAR_DAY);
	ret_parts->second = seconds - ret_parts->days * CALENDAR_DAY;
	ret_parts->nanoseconds = arguments[0]->time.nanoseconds;
	ret_parts->date = calendar_date(ret_parts->days);
	return NULL;
}

#define TIME_PART(name, expression)                                                                                            \
	FUNCTION_BODY(name)                                                                                                    \
	{                                                                                                                      \
		struct parts parts;                                                                                            \
		const struct value *error = take_apart(evaluation, node, arguments, &parts);                                   \
                                                                                                                               \
		return error ? error : value_int(evaluation->arena, (expression));                                             \
	}

TIME_PART(time_full_year, parts.date.year)
TIME_PART(time_month, parts.date.month - 1)
TIME_PART(time_date, parts.date.day)
TIME_PART(time_day_of_month, parts.date.day - 1)
TIME_PART(time_day_of_week, calendar_weekday(parts.days))
TIME_PART(time_day_of_year, parts.days - calendar_days(parts.date.year, 1, 1))
TIME_PART(time_hours, parts.second / 3600)
TIME_PART(time_minutes, parts.second / 60 % 60)
TIME_PART(time_seconds, parts.second % 60)
TIME_PART(time_milliseconds, parts.nanoseconds / NSEC_PER_MSEC)

#define DURATION_PART(name, expression)                                                                                        \
	FUNCTION_BODY(name)                                                                                                    \
	{                                                                                                                      \
		(void)node;                                                                                                    \
		return value_int(evaluation->arena, (expression));                                                             \
	}

/* The whole duration in hours, minutes, seconds; but only the millisecond part, as CEL has it. */
DURATION_PART(duration_hours, arguments[0]->time.seconds / 3600)
DURATION_PART(duration_minutes, arguments[0]->time.seconds / 60)
DURATION_PART(duration_seconds, arguments[0]->time.seconds)
DURATION_PART(duration_milliseconds, arguments[0]->time.nanoseconds / NSEC_PER_MSEC)
