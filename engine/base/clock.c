/*
 * clock.c - the clocks, and times as people write them.
 */
#include "engine/base/clock.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/base/memory.h"

static int64_t read_clock(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return now.tv_sec * NSEC_PER_SEC + now.tv_nsec;
}

int64_t clock_wall(void)
{
	return read_clock(CLOCK_REALTIME);
}

int64_t clock_boottime(void)
{
	return read_clock(CLOCK_BOOTTIME);
}

const char *clock_boot_id(void)
{
	static char id[64];
	if (!id[0]) {
		FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
		if (!file || !fgets(id, sizeof(id), file))
			strcpy(id, "unknown");
		if (file)
			fclose(file);
		id[strcspn(id, "\n")] = '\0';
	}
	return id;
}

/* Bounded, so that no text can be longer than its place: years have four digits. */
static size_t format_seconds(int64_t seconds, char ret_text[CLOCK_TEXT_SIZE])
{
	struct tm tm = {0};
	time_t time = seconds;
	gmtime_r(&time, &tm);
	return (size_t)snprintf(ret_text, CLOCK_TEXT_SIZE, "%04u-%02u-%02uT%02u:%02u:%02u",
				(unsigned)(tm.tm_year + 1900) % 10000, (unsigned)(tm.tm_mon + 1) % 100,
				(unsigned)tm.tm_mday % 100, (unsigned)tm.tm_hour % 100, (unsigned)tm.tm_min % 100,
				(unsigned)tm.tm_sec % 100);
}

void clock_format_wall(int64_t wall, char ret_text[CLOCK_TEXT_SIZE])
{
	int64_t seconds = wall / NSEC_PER_SEC, rest = wall % NSEC_PER_SEC;
	if (rest < 0) {
		rest += NSEC_PER_SEC;
		seconds--;
	}
	size_t length = format_seconds(seconds, ret_text);
	snprintf(ret_text + length, CLOCK_TEXT_SIZE - length, ".%03uZ", (unsigned)(rest / NSEC_PER_MSEC) % 1000);
}

void clock_format_time(int64_t seconds, int32_t nanoseconds, char ret_text[CLOCK_TEXT_SIZE])
{
	size_t length = format_seconds(seconds, ret_text);
	if (nanoseconds) {
		length += (size_t)snprintf(ret_text + length, CLOCK_TEXT_SIZE - length, ".%09u",
					   (unsigned)nanoseconds % 1000000000);
		while (ret_text[length - 1] == '0')
			length--;
	}
	ret_text[length] = 'Z';
	ret_text[length + 1] = '\0';
}

int clock_parse_wall(const char *text, int64_t *ret_wall)
{
	struct tm tm = {0};
	char again[CLOCK_TEXT_SIZE];
	int milliseconds = 0;
	if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min,
		   &tm.tm_sec, &milliseconds) != 7 ||
	    tm.tm_year < 1678 || tm.tm_year > 2261) /* beyond what 64 bits of nanoseconds hold */
		return -1;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	int64_t wall = (int64_t)timegm(&tm) * NSEC_PER_SEC + milliseconds * NSEC_PER_MSEC;
	clock_format_wall(wall, again);
	if (strcmp(again, text) != 0) /* the 30th of February, a sign, a missing digit, more text behind it */
		return -1;
	*ret_wall = wall;
	return 0;
}

static const struct {
	const char *name;
	int64_t nanoseconds;
} units[] = {
	{"ns", 1},
	{"us", 1000},
	{"ms", NSEC_PER_MSEC},
	{"s", NSEC_PER_SEC},
	{"m", 60 * NSEC_PER_SEC},
	{"h", 3600 * NSEC_PER_SEC},
	{"d", 86400 * NSEC_PER_SEC},
};

static int64_t take_unit(const char **text)
{
	size_t length = strspn(*text, "abcdefghijklmnopqrstuvwxyz");
	for (size_t i = 0; i < COUNT_OF(units); i++) {
		if (strlen(units[i].name) == length && memcmp(units[i].name, *text, length) == 0) {
			*text += length;
			return units[i].nanoseconds;
		}
	}
	return 0;
}

/* The digits behind a dot; false if there is a dot and none. Digits too small to matter are dropped. */
static bool take_fraction(const char **text, double *ret_fraction)
{
	double fraction = 0;
	if (**text == '.') {
		++*text;
		if (!isdigit((unsigned char)**text))
			return false;
		uint64_t digits = 0, scale = 1;
		for (; isdigit((unsigned char)**text); ++*text) {
			if (scale > UINT64_C(100000000000000000))
				continue;
			digits = digits * 10 + (uint64_t)(**text - '0');
			scale *= 10;
		}
		fraction = (double)digits / (double)scale;
	}
	*ret_fraction = fraction;
	return true;
}

/* One number with its unit, added to *total. False: it is none, or more than 64 bits hold. */
static bool take_part(const char **text, int64_t *total)
{
	int64_t whole = 0, part;
	double fraction;
	if (!isdigit((unsigned char)**text))
		return false;
	for (; isdigit((unsigned char)**text); ++*text)
		if (__builtin_mul_overflow(whole, 10, &whole) || __builtin_add_overflow(whole, **text - '0', &whole))
			return false;
	if (!take_fraction(text, &fraction))
		return false;
	int64_t unit = take_unit(text);
	return unit && !__builtin_mul_overflow(whole, unit, &part) &&
	       !__builtin_add_overflow(part, llround(fraction * (double)unit), &part) &&
	       !__builtin_add_overflow(*total, part, total);
}

int duration_parse(const char *text, int64_t *ret_nanoseconds, struct error *err)
{
	int64_t total = 0;
	const char *rest = text;
	bool good = *text != '\0';
	while (good && *rest && strcmp(text, "0") != 0)
		good = take_part(&rest, &total);
	if (!good) {
		error_set(err, ERROR_INVALID, "'%s' is not a duration", text);
		return error_hint(err, "write a number with a unit, such as 90s, 10m or 1h30m");
	}
	*ret_nanoseconds = total;
	return 0;
}

void duration_format(int64_t nanoseconds, char ret_text[DURATION_TEXT_SIZE])
{
	double seconds = fabs((double)nanoseconds / (double)NSEC_PER_SEC);
	const char *sign = nanoseconds < 0 ? "-" : "";
	long long whole = llround(seconds);
	if (seconds < 0.0995)
		snprintf(ret_text, DURATION_TEXT_SIZE, "%s%lldms", sign, llabs(nanoseconds / NSEC_PER_MSEC));
	else if (seconds < 59.95)
		snprintf(ret_text, DURATION_TEXT_SIZE, "%s%.1fs", sign, seconds);
	else if (whole < 3600)
		snprintf(ret_text, DURATION_TEXT_SIZE, "%s%lldm%02llds", sign, whole / 60, whole % 60);
	else
		snprintf(ret_text, DURATION_TEXT_SIZE, "%s%lldh%02lldm", sign, whole / 3600, whole / 60 % 60);
}
