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

void clock_format_wall(int64_t wall, char ret_text[CLOCK_TEXT_SIZE])
{
	time_t seconds = wall / NSEC_PER_SEC;
	int64_t rest = wall % NSEC_PER_SEC;
	if (rest < 0) {
		rest += NSEC_PER_SEC;
		seconds--;
	}
	rest /= NSEC_PER_MSEC;
	struct tm tm;
	gmtime_r(&seconds, &tm);
	size_t length = strftime(ret_text, CLOCK_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(ret_text + length, CLOCK_TEXT_SIZE - length, ".%03uZ", (unsigned)rest % 1000);
}

int clock_parse_wall(const char *text, int64_t *ret_wall)
{
	struct tm tm = {0};
	int milliseconds = 0, end = 0;
	if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min,
		   &tm.tm_sec, &milliseconds, &end) != 7 ||
	    text[end])
		return -1;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	*ret_wall = (int64_t)timegm(&tm) * NSEC_PER_SEC + milliseconds * NSEC_PER_MSEC;
	return 0;
}

static const struct {
	const char *name;
	double nanoseconds;
} units[] = {
	{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}, {"d", 86400e9},
};

static bool parse_part(const char **text, double *total)
{
	char *end;
	if (!isdigit((unsigned char)**text))
		return false;
	for (const char *c = *text; isalnum((unsigned char)*c) || *c == '.'; c++)
		if (*c == 'x' || *c == 'e') /* strtod would take more than decimals */
			return false;
	double number = strtod(*text, &end);
	size_t length = strspn(end, "abcdefghijklmnopqrstuvwxyz");
	for (size_t i = 0; i < COUNT_OF(units); i++) {
		if (strlen(units[i].name) == length && memcmp(units[i].name, end, length) == 0) {
			*total += number * units[i].nanoseconds;
			*text = end + length;
			return true;
		}
	}
	return false;
}

int duration_parse(const char *text, int64_t *ret_nanoseconds, struct error *err)
{
	double total = 0;
	const char *rest = text;
	bool good = strcmp(text, "0") == 0;
	while (!good && *rest) {
		if (!parse_part(&rest, &total))
			break;
		good = !*rest;
	}
	if (!good || total >= 9.2e18) {
		error_set(err, ERROR_INVALID, "'%s' is not a duration", text);
		return error_hint(err, "write a number with a unit, such as 90s, 10m or 1h30m");
	}
	*ret_nanoseconds = llround(total);
	return 0;
}

void duration_format(int64_t nanoseconds, char ret_text[DURATION_TEXT_SIZE])
{
	double seconds = (double)nanoseconds / (double)NSEC_PER_SEC;
	int64_t whole = (nanoseconds + NSEC_PER_SEC / 2) / NSEC_PER_SEC;
	if (seconds < 0.0995)
		snprintf(ret_text, DURATION_TEXT_SIZE, "%lldms", (long long)(nanoseconds / NSEC_PER_MSEC));
	else if (seconds < 59.95)
		snprintf(ret_text, DURATION_TEXT_SIZE, "%.1fs", seconds);
	else if (whole < 3600)
		snprintf(ret_text, DURATION_TEXT_SIZE, "%lldm%02llds", (long long)whole / 60, (long long)whole % 60);
	else
		snprintf(ret_text, DURATION_TEXT_SIZE, "%lldh%02lldm", (long long)whole / 3600, (long long)whole / 60 % 60);
}
