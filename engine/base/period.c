/*
 * period.c - see period.h.
 */
#include "engine/base/period.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"

enum unit { YEAR, MONTH, DAY, HOUR, MINUTE, SECOND, UNIT_COUNT };

struct written {
	int fields[UNIT_COUNT]; /* as written: month and day from 1 */
	enum unit last;		/* the finest that was written */
	int64_t fraction;	/* nanoseconds of the second */
	int64_t precision;	/* of which the last digit is worth so many; 0: none was written */
	bool zoned;
	int offset; /* seconds east of UTC */
};

static bool take_digits(const char **text, size_t count, int *ret_number)
{
	*ret_number = 0;
	for (size_t i = 0; i < count; i++, ++*text) {
		if (!isdigit((unsigned char)**text))
			return false;
		*ret_number = *ret_number * 10 + (**text - '0');
	}
	return true;
}

static bool take_fields(const char **text, struct written *written)
{
	static const char *const before[UNIT_COUNT] = {
		[MONTH] = "-", [DAY] = "-", [HOUR] = "T ", [MINUTE] = ":", [SECOND] = ":"};
	if (!take_digits(text, 4, &written->fields[YEAR]))
		return false;
	for (int unit = MONTH; unit < UNIT_COUNT; unit++) {
		if (!**text || !strchr(before[unit], **text))
			return true;
		++*text;
		if (!take_digits(text, 2, &written->fields[unit]))
			return false;
		written->last = (enum unit)unit;
	}
	return true;
}

static bool take_fraction(const char **text, struct written *written)
{
	if (**text != '.' || written->last != SECOND)
		return true;
	int64_t worth = NSEC_PER_SEC;
	for (++*text; isdigit((unsigned char)**text) && worth > 1; ++*text)
		written->fraction += (worth /= 10) * (**text - '0');
	written->precision = worth;
	return worth < NSEC_PER_SEC;
}

static bool take_zone(const char **text, struct written *written)
{
	int hours, minutes, sign = **text == '-' ? -1 : 1;
	if (!**text)
		return true;
	written->zoned = true;
	if (**text == 'Z')
		return *++*text == '\0';
	if ((**text != '+' && **text != '-') || written->last < HOUR)
		return false;
	++*text;
	if (!take_digits(text, 2, &hours) || *(*text)++ != ':' || !take_digits(text, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	written->offset = sign * (hours * 3600 + minutes * 60);
	return **text == '\0';
}

static struct tm tm_of(const struct written *written)
{
	const int *fields = written->fields;
	return (struct tm){.tm_year = fields[YEAR] - 1900,
			   .tm_mon = written->last >= MONTH ? fields[MONTH] - 1 : 0,
			   .tm_mday = written->last >= DAY ? fields[DAY] : 1,
			   .tm_hour = fields[HOUR],
			   .tm_min = fields[MINUTE],
			   .tm_sec = fields[SECOND]};
}

/* The 30th of February is none, nor is the 25th hour. */
static bool exists(const struct written *written)
{
	struct tm tm = tm_of(written), normal = tm;
	timegm(&normal);
	return normal.tm_year == tm.tm_year && normal.tm_mon == tm.tm_mon && normal.tm_mday == tm.tm_mday &&
	       normal.tm_hour == tm.tm_hour && normal.tm_min == tm.tm_min && normal.tm_sec == tm.tm_sec &&
	       written->fields[YEAR] >= 1970 && written->fields[YEAR] < 2262;
}

/* Local time to seconds since 1970. One that the clock shows twice: the earlier, or the later. One that it skips: as if it had
 * not been set forward yet. */
static time_t local_seconds(struct tm tm, bool later)
{
	time_t found = 0;
	bool any = false;
	for (int summer = 0; summer < 2; summer++) {
		struct tm tried = tm, shown;
		tried.tm_isdst = summer;
		time_t seconds = mktime(&tried);
		localtime_r(&seconds, &shown);
		if (shown.tm_min != tm.tm_min || shown.tm_hour != tm.tm_hour || shown.tm_mday != tm.tm_mday)
			continue;
		found = !any || (later ? seconds > found : seconds < found) ? seconds : found;
		any = true;
	}
	tm.tm_isdst = -1;
	return any ? found : mktime(&tm);
}

static int64_t wall_of(const struct written *written, struct tm tm, bool later)
{
	if (written->zoned)
		return (int64_t)(timegm(&tm) - written->offset) * NSEC_PER_SEC;
	struct tm normal = tm; /* a 13th month is the next year's first; the zone does not matter to that */
	timegm(&normal);
	return (int64_t)local_seconds(normal, later) * NSEC_PER_SEC;
}

static struct period period_of(const struct written *written)
{
	struct tm tm = tm_of(written), next = tm;
	if (written->precision) {
		int64_t begin = wall_of(written, tm, false) + written->fraction;
		return (struct period){begin, wall_of(written, tm, true) + written->fraction + written->precision};
	}
	int64_t begin = wall_of(written, tm, false);
	if (written->last >= HOUR) { /* by elapsed time: the next hour by the clock may be two hours away, or none */
		static const int64_t lengths[UNIT_COUNT] = {[HOUR] = 3600, [MINUTE] = 60, [SECOND] = 1};
		return (struct period){begin, wall_of(written, tm, true) + lengths[written->last] * NSEC_PER_SEC};
	}
	int *const places[] = {[YEAR] = &next.tm_year, [MONTH] = &next.tm_mon, [DAY] = &next.tm_mday};
	++*places[written->last];
	return (struct period){begin, wall_of(written, next, false)};
}

static bool parse_written(const char *text, struct period *ret_period)
{
	struct written written = {.last = YEAR};
	if (!take_fields(&text, &written) || !take_fraction(&text, &written) || !take_zone(&text, &written) ||
	    !exists(&written))
		return false;
	*ret_period = period_of(&written);
	return true;
}

static bool parse_day(const char *text, int64_t now, struct period *ret_period)
{
	static const char *const words[] = {"today", "yesterday"};
	for (int ago = 0; ago < (int)COUNT_OF(words); ago++) {
		time_t seconds = (time_t)(now / NSEC_PER_SEC);
		struct tm tm;
		if (strcmp(text, words[ago]) != 0)
			continue;
		localtime_r(&seconds, &tm);
		struct tm day = {.tm_year = tm.tm_year, .tm_mon = tm.tm_mon, .tm_mday = tm.tm_mday - ago};
		struct written written = {.last = DAY};
		struct tm next = day;
		next.tm_mday++;
		*ret_period = (struct period){wall_of(&written, day, false), wall_of(&written, next, false)};
		return true;
	}
	return false;
}

int period_parse(const char *text, int64_t now, struct period *ret_period, struct error *err)
{
	int64_t ago;
	if (parse_day(text, now, ret_period) || parse_written(text, ret_period))
		return 0;
	if (duration_parse(text, &ago, NULL) == 0 && ago <= now) {
		*ret_period = (struct period){now - ago, now - ago};
		return 0;
	}
	error_set(err, ERROR_INVALID, "'%s' is no time", text);
	return error_hint(err,
			  "write 2026-05, 2026-05-03, 2026-05-03T14:30, with Z or +02:00 behind it if it is not local time; "
			  "today, yesterday; or 7d for seven days ago");
}
