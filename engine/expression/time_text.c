/*
 * time_text.c - timestamps and durations from and to text.
 *
 *	2026-03-01T03:12:45.5Z, 2026-03-01T04:12:45+01:00	RFC 3339
 *	90s, 1h30m, -1.5h, 250ms, 1d				decimal numbers with units
 */
#include <stdio.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "engine/expression/calendar.h"
#include "engine/expression/time_range.h"

/* ".5" for half a second, without trailing zeros; nothing for 0. */
static void append_fraction(struct buffer *out, int32_t nanoseconds)
{
	char digits[16];
	size_t length = 10;

	if (!nanoseconds)
		return;
	snprintf(digits, sizeof(digits), ".%09d", nanoseconds < 0 ? -nanoseconds : nanoseconds);
	while (digits[length - 1] == '0')
		length--;
	buffer_append(out, digits, length);
}

void append_timestamp(struct buffer *out, const struct value *timestamp)
{
	int64_t days = calendar_floor(timestamp->time.seconds, CALENDAR_DAY),
		second = timestamp->time.seconds - days * CALENDAR_DAY;
	struct date date = calendar_date(days);

	buffer_printf(out, "%04d-%02u-%02uT%02d:%02d:%02d", (int)date.year, date.month, date.day, (int)(second / 3600),
		      (int)(second / 60 % 60), (int)(second % 60));
	append_fraction(out, timestamp->time.nanoseconds);
	buffer_add(out, "Z");
}

void append_duration(struct buffer *out, const struct value *duration)
{
	int64_t seconds = duration->time.seconds;

	buffer_printf(out, "%s%llu", seconds < 0 || duration->time.nanoseconds < 0 ? "-" : "",
		      seconds < 0 ? 0 - (unsigned long long)seconds : (unsigned long long)seconds);
	append_fraction(out, duration->time.nanoseconds);
	buffer_add(out, "s");
}

/* Exactly count digits at *text, which moves on; -1 if there are not. */
static int digits(const char **text, size_t count)
{
	int number = 0;

	for (size_t i = 0; i < count; i++, ++*text) {
		if (**text < '0' || **text > '9')
			return -1;
		number = number * 10 + (**text - '0');
	}
	return number;
}

static bool take_char(const char **text, char upper, char lower)
{
	bool there = **text == upper || **text == lower;

	*text += there;
	return there;
}

/* ".123" at *text as nanoseconds; digits behind the ninth are dropped. No dot is 0. */
static int64_t fraction(const char **text)
{
	int64_t nanoseconds = 0, unit = NSEC_PER_SEC / 10;

	if (**text != '.')
		return 0;
	++*text;
	if (**text < '0' || **text > '9')
		return -1;
	for (; **text >= '0' && **text <= '9'; ++*text, unit /= 10)
		nanoseconds += (**text - '0') * unit;
	return nanoseconds;
}

/* "Z" or "+02:00" at *text, in seconds. */
static bool zone_suffix(const char **text, int *ret_offset)
{
	int sign, hours, minutes;

	*ret_offset = 0;
	if (take_char(text, 'Z', 'z'))
		return true;
	sign = **text == '-' ? -1 : 1;
	if (!take_char(text, '+', '-'))
		return false;
	hours = digits(text, 2);
	minutes = take_char(text, ':', ':') ? digits(text, 2) : -1;
	*ret_offset = sign * (hours * 3600 + minutes * 60);
	return hours >= 0 && hours < 24 && minutes >= 0 && minutes < 60;
}

bool parse_timestamp(const char *text, __int128 *ret_nanoseconds)
{
	int year = digits(&text, 4), month = take_char(&text, '-', '-') ? digits(&text, 2) : -1;
	int day = take_char(&text, '-', '-') ? digits(&text, 2) : -1, hour = take_char(&text, 'T', 't') ? digits(&text, 2) : -1;
	int minute = take_char(&text, ':', ':') ? digits(&text, 2) : -1,
	    second = take_char(&text, ':', ':') ? digits(&text, 2) : -1;
	int64_t nanoseconds = fraction(&text), seconds;
	int offset;

	if (year < 0 || month < 1 || month > 12 || day < 1 || day > (int)calendar_month_length(year, (unsigned)month))
		return false;
	if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 || nanoseconds < 0)
		return false;
	if (!zone_suffix(&text, &offset) || *text)
		return false;
	seconds = calendar_days(year, (unsigned)month, (unsigned)day) * CALENDAR_DAY + hour * 3600 + minute * 60 + second -
		  offset;
	*ret_nanoseconds = (__int128)seconds * NSEC_PER_SEC + nanoseconds;
	return true;
}

/* Longer names first. */
static const struct {
	const char *name;
	int64_t nanoseconds;
} units[] = {
	{"ns", 1},
	{"us", 1000},
	{"\xc2\xb5s", 1000},
	{"\xce\xbcs", 1000},
	{"ms", NSEC_PER_MSEC},
	{"s", NSEC_PER_SEC},
	{"m", 60 * NSEC_PER_SEC},
	{"h", 3600 * NSEC_PER_SEC},
	{"d", CALENDAR_DAY *NSEC_PER_SEC},
};

/* The unit at *text, which moves on; 0 if there is none. */
static int64_t take_unit(const char **text)
{
	for (size_t i = 0; i < COUNT_OF(units); i++) {
		size_t length = strlen(units[i].name);

		if (!strncmp(*text, units[i].name, length)) {
			*text += length;
			return units[i].nanoseconds;
		}
	}
	return 0;
}

/* "1.5h": a number with its unit at *text. What is far out of range stops growing. */
static bool take_amount(const char **text, __int128 *total)
{
	__int128 whole = 0, part = 0, scale = 1;
	const char *start = *text;
	int64_t unit;
	bool any;

	for (; **text >= '0' && **text <= '9'; ++*text)
		whole = whole > INT64_MAX ? whole : whole * 10 + (**text - '0');
	any = *text > start;
	if (**text == '.') {
		for (start = ++*text; **text >= '0' && **text <= '9'; ++*text) {
			part = scale < NSEC_PER_SEC * 1000000 ? part * 10 + (**text - '0') : part;
			scale = scale < NSEC_PER_SEC * 1000000 ? scale * 10 : scale;
		}
		any = any || *text > start;
	}
	unit = take_unit(text);
	if (whole <= INT64_MAX && *total <= INT64_MAX)
		*total += whole * unit + part * unit / scale;
	else
		*total = (__int128)INT64_MAX * 4;
	return any && unit;
}

bool parse_duration(const char *text, __int128 *ret_nanoseconds)
{
	bool negative = *text == '-';
	__int128 total = 0;

	text += *text == '-' || *text == '+';
	if (!*text)
		return false;
	if (strcmp(text, "0")) {
		while (*text) {
			if (!take_amount(&text, &total))
				return false;
		}
	}
	*ret_nanoseconds = negative ? -total : total;
	return true;
}
