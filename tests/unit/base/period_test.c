/*
 * period_test.c - partial dates, time zones, and the hours at which clocks are set.
 */
#include "tests/unit/base/scratch.h"

#include <time.h>

#include "engine/base/clock.h"
#include "engine/base/period.h"

#define NOW "2026-05-03T12:30:00.000Z"

static int64_t wall(const char *text)
{
	int64_t wall;
	assert_int_equal(clock_parse_wall(text, &wall), 0);
	return wall;
}

static void expect_in(const char *zone, const char *text, const char *begin, const char *end)
{
	struct period period;
	struct error err = ERROR_NONE;
	char found[2][CLOCK_TEXT_SIZE];
	setenv("TZ", zone, 1);
	tzset();
	if (period_parse(text, wall(NOW), &period, &err) < 0)
		fail_msg("%s: %s", text, error_text(&err));
	clock_format_wall(period.begin, found[0]);
	clock_format_wall(period.end, found[1]);
	if (period.begin != wall(begin) || period.end != wall(end))
		fail_msg("%s in %s: %s to %s", text, zone, found[0], found[1]);
}

static void a_part_of_a_date_is_all_of_it(void **state)
{
	(void)state;
	expect_in("UTC", "2026", "2026-01-01T00:00:00.000Z", "2027-01-01T00:00:00.000Z");
	expect_in("UTC", "2026-05", "2026-05-01T00:00:00.000Z", "2026-06-01T00:00:00.000Z");
	expect_in("UTC", "2026-12", "2026-12-01T00:00:00.000Z", "2027-01-01T00:00:00.000Z");
	expect_in("UTC", "2024-02-29", "2024-02-29T00:00:00.000Z", "2024-03-01T00:00:00.000Z");
	expect_in("UTC", "2026-05-03T14", "2026-05-03T14:00:00.000Z", "2026-05-03T15:00:00.000Z");
	expect_in("UTC", "2026-05-03 14:30", "2026-05-03T14:30:00.000Z", "2026-05-03T14:31:00.000Z");
	expect_in("UTC", "2026-05-03T14:30:15", "2026-05-03T14:30:15.000Z", "2026-05-03T14:30:16.000Z");
	expect_in("UTC", "2026-05-03T14:30:15.120Z", "2026-05-03T14:30:15.120Z", "2026-05-03T14:30:15.121Z");
}

static void it_is_local_unless_it_says_otherwise(void **state)
{
	(void)state;
	expect_in("Europe/Berlin", "2026-05", "2026-04-30T22:00:00.000Z", "2026-05-31T22:00:00.000Z");
	expect_in("Europe/Berlin", "2026-05Z", "2026-05-01T00:00:00.000Z", "2026-06-01T00:00:00.000Z");
	expect_in("Europe/Berlin", "2026", "2025-12-31T23:00:00.000Z", "2026-12-31T23:00:00.000Z");
	expect_in("America/New_York", "2026-05-03T14:30+02:00", "2026-05-03T12:30:00.000Z", "2026-05-03T12:31:00.000Z");
	expect_in("America/New_York", "2026-05-03T14:30-09:30", "2026-05-04T00:00:00.000Z", "2026-05-04T00:01:00.000Z");
	expect_in("Asia/Kathmandu", "2026-05-03", "2026-05-02T18:15:00.000Z", "2026-05-03T18:15:00.000Z");
}

static void clocks_that_are_set(void **state)
{
	(void)state;
	expect_in("Europe/Berlin", "2026-03-29", "2026-03-28T23:00:00.000Z", "2026-03-29T22:00:00.000Z");	/* 23 hours */
	expect_in("Europe/Berlin", "2026-10-25", "2026-10-24T22:00:00.000Z", "2026-10-25T23:00:00.000Z");	/* 25 hours */
	expect_in("Europe/Berlin", "2026-10-25T02:30", "2026-10-25T00:30:00.000Z", "2026-10-25T01:31:00.000Z"); /* twice */
	expect_in("Europe/Berlin", "2026-10-25T03", "2026-10-25T02:00:00.000Z", "2026-10-25T03:00:00.000Z");
	expect_in("America/Havana", "2026-03-08", "2026-03-08T05:00:00.000Z", "2026-03-09T04:00:00.000Z"); /* no midnight */
}

static void days_and_durations(void **state)
{
	(void)state;
	expect_in("UTC", "today", "2026-05-03T00:00:00.000Z", "2026-05-04T00:00:00.000Z");
	expect_in("Pacific/Auckland", "today", "2026-05-03T12:00:00.000Z", "2026-05-04T12:00:00.000Z");
	expect_in("UTC", "yesterday", "2026-05-02T00:00:00.000Z", "2026-05-03T00:00:00.000Z");
	expect_in("UTC", "90m", "2026-05-03T11:00:00.000Z", "2026-05-03T11:00:00.000Z");
	expect_in("UTC", "7d", "2026-04-26T12:30:00.000Z", "2026-04-26T12:30:00.000Z");
}

static void what_is_no_time_is_refused(void **state)
{
	(void)state;
	static const char *const texts[] = {"",
					    "May",
					    "2026-5",
					    "2026-13",
					    "2026-02-30",
					    "2026-05-03T25",
					    "2026-05-03T14:60",
					    "2026-05-03T",
					    "2026-05-",
					    "2026-05-03 ",
					    "2026-05+02:00",
					    "2026-05-03T14:30+2",
					    "2026-05-03ZZ",
					    "2026-05-03T14:30:15.",
					    "26-05-03",
					    "1969",
					    "9999",
					    "2026-05-03T14:30.5",
					    "tomorrow",
					    "-7d",
					    "99999d"};
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct period period;
		struct error err = ERROR_NONE;
		if (period_parse(texts[i], wall(NOW), &period, &err) == 0)
			fail_msg("'%s' was taken for a time", texts[i]);
		assert_non_null(err.hint);
		error_clear(&err);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_part_of_a_date_is_all_of_it), cmocka_unit_test(it_is_local_unless_it_says_otherwise),
		cmocka_unit_test(clocks_that_are_set),		 cmocka_unit_test(days_and_durations),
		cmocka_unit_test(what_is_no_time_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
