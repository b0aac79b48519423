/*
 * calendar.h - the Gregorian calendar in days since 1970-01-01, for any year.
 */
#pragma once

#include <stdint.h>

#define CALENDAR_DAY 86400 /* seconds */

struct date {
	int64_t year;
	unsigned month; /* 1..12 */
	unsigned day;	/* 1..31 */
};

int64_t calendar_days(int64_t year, unsigned month, unsigned day);
struct date calendar_date(int64_t days);
unsigned calendar_month_length(int64_t year, unsigned month);
int calendar_weekday(int64_t days);	      /* 0 is Sunday */
int64_t calendar_floor(int64_t a, int64_t b); /* a / b, rounded down; b > 0 */
