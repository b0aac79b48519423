/*
 * calendar.c - days and dates. No time zones (timezone.c), no text (time_text.c).
 *
 * Years are counted from March, so that the leap day comes last in its year; 400 of them, an era, are always 146097 days.
 */
#include "engine/expression/calendar.h"

#define ERA_DAYS    146097
#define ERA_TO_1970 719468 /* days from 0000-03-01 to 1970-01-01 */

int64_t calendar_floor(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

int64_t calendar_days(int64_t year, unsigned month, unsigned day)
{
	int64_t shifted = month <= 2 ? year - 1 : year, era = calendar_floor(shifted, 400), year_of_era = shifted - era * 400;
	int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return era * ERA_DAYS + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - ERA_TO_1970;
}

struct date calendar_date(int64_t days)
{
	int64_t shifted = days + ERA_TO_1970, era = calendar_floor(shifted, ERA_DAYS), day_of_era = shifted - era * ERA_DAYS;
	int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100),
		month = (5 * day_of_year + 2) / 153;
	struct date date = {.day = (unsigned)(day_of_year - (153 * month + 2) / 5 + 1)};

	date.month = (unsigned)(month < 10 ? month + 3 : month - 9);
	date.year = year_of_era + era * 400 + (date.month <= 2);
	return date;
}

unsigned calendar_month_length(int64_t year, unsigned month)
{
	static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return days[month - 1] + (month == 2 && leap ? 1u : 0u);
}

int calendar_weekday(int64_t days)
{
	return (int)(((days + 4) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
}
