/*
 * timezone_rule.c - POSIX TZ rules, as they stand at the end of a zoneinfo file for all times behind its table.
 *
 *	CET-1CEST,M3.5.0,M10.5.0/3
 *	name, offset west of UTC; name of summer time, its offset if it is not one hour more; when it begins; when it ends
 */
#include <stdbool.h>
#include <string.h>

#include "engine/expression/calendar.h"
#include "engine/expression/timezone.h"

struct date_rule {
	char kind; /* 'M': month.week.weekday, 'J': day 1..365 without Feb 29, 'D': day 0..365 */
	int month, week, day;
	int32_t time; /* seconds of the day, local */
};

static bool take_number(const char **text, int *ret_number)
{
	const char *start = *text;

	for (*ret_number = 0; **text >= '0' && **text <= '9' && *ret_number < 100000; ++*text)
		*ret_number = *ret_number * 10 + (**text - '0');
	return *text > start;
}

static bool take(const char **text, char c)
{
	bool there = **text == c;

	*text += there;
	return there;
}

/* "CET" or "<+03>". */
static bool take_name(const char **text)
{
	const char *start = *text;

	if (take(text, '<')) {
		while (**text && **text != '>')
			++*text;
		return take(text, '>');
	}
	while ((**text >= 'a' && **text <= 'z') || (**text >= 'A' && **text <= 'Z'))
		++*text;
	return *text > start;
}

/* "[+-]h[:mm[:ss]]" in seconds. */
static bool take_time(const char **text, int32_t *ret_seconds)
{
	int sign = **text == '-' ? -1 : 1, hours, minutes = 0, seconds = 0;

	*text += **text == '-' || **text == '+';
	if (!take_number(text, &hours) || hours > 167)
		return false;
	if (take(text, ':') && (!take_number(text, &minutes) || minutes > 59))
		return false;
	if (take(text, ':') && (!take_number(text, &seconds) || seconds > 59))
		return false;
	*ret_seconds = sign * (hours * 3600 + minutes * 60 + seconds);
	return true;
}

static bool take_date(const char **text, struct date_rule *rule)
{
	*rule = (struct date_rule){.kind = 'D', .time = 7200};
	if (!take(text, ','))
		return false;
	if (take(text, 'M')) {
		rule->kind = 'M';
		if (!take_number(text, &rule->month) || !take(text, '.') || !take_number(text, &rule->week) || !take(text, '.'))
			return false;
		if (rule->month < 1 || rule->month > 12 || rule->week < 1 || rule->week > 5)
			return false;
	} else if (take(text, 'J')) {
		rule->kind = 'J';
	}
	if (!take_number(text, &rule->day) || rule->day > (rule->kind == 'M' ? 6 : 366))
		return false;
	return take(text, '/') ? take_time(text, &rule->time) : true;
}

/* When the rule's date comes in that year, in local seconds since 1970. */
static int64_t date_in_year(const struct date_rule *rule, int64_t year)
{
	int64_t first = calendar_days(year, 1, 1), days;

	if (rule->kind == 'M') {
		int64_t month = calendar_days(year, (unsigned)rule->month, 1);

		days = month + ((rule->day - calendar_weekday(month)) % 7 + 7) % 7 + (rule->week - 1) * 7;
		if (days - month >= calendar_month_length(year, (unsigned)rule->month))
			days -= 7; /* the fifth means the last */
	} else {
		days = first + rule->day - (rule->kind == 'J');
		if (rule->kind == 'J' && rule->day > 59 && calendar_month_length(year, 2) == 29)
			days++;
	}
	return days * CALENDAR_DAY + rule->time;
}

int timezone_rule_offset(const char *rule, int64_t time, int32_t *ret_offset)
{
	struct date_rule begin, end;
	int32_t standard, summer;
	int64_t year, from, to;

	if (!take_name(&rule) || !take_time(&rule, &standard))
		return -1;
	*ret_offset = -standard; /* POSIX counts to the west */
	if (!*rule)
		return 0;
	summer = standard - 3600;
	if (!take_name(&rule) || (*rule != ',' && !take_time(&rule, &summer)) || !take_date(&rule, &begin) ||
	    !take_date(&rule, &end) || *rule)
		return -1;
	year = calendar_date(calendar_floor(time - standard, CALENDAR_DAY)).year;
	from = date_in_year(&begin, year) + standard;
	to = date_in_year(&end, year) + summer;
	if (from < to ? time >= from && time < to : time >= from || time < to) /* in the south it spans the new year */
		*ret_offset = -summer;
	return 0;
}
