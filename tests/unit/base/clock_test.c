/*
 * clock_test.c - times and durations as they are written and read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"

static const struct {
	int64_t wall;
	const char *text;
} walls[] = {
	{0, "1970-01-01T00:00:00.000Z"},
	{INT64_C(1772334765120000000), "2026-03-01T03:12:45.120Z"},
	{INT64_C(1709164800007000000), "2024-02-29T00:00:00.007Z"},
	{-NSEC_PER_MSEC, "1969-12-31T23:59:59.999Z"},
	{INT64_C(-9214560000000000000), "1678-01-01T00:00:00.000Z"},
	{INT64_C(9214646399999000000), "2261-12-31T23:59:59.999Z"},
};

static void wall_times_both_ways(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(walls); i++) {
		char text[CLOCK_TEXT_SIZE];
		int64_t wall = 1;
		clock_format_wall(walls[i].wall, text);
		assert_string_equal(text, walls[i].text);
		assert_int_equal(clock_parse_wall(text, &wall), 0);
		assert_int_equal(wall, walls[i].wall);
	}
}

static void milliseconds_are_cut_not_rounded(void **state)
{
	(void)state;
	char text[CLOCK_TEXT_SIZE];
	clock_format_wall(999999999, text);
	assert_string_equal(text, "1970-01-01T00:00:00.999Z");
	clock_format_wall(-1, text);
	assert_string_equal(text, "1969-12-31T23:59:59.999Z");
}

static const char *const not_walls[] = {
	"",
	"2026-03-01",
	"2026-03-01T03:12:45Z",
	"2026-03-01T03:12:45.12Z",
	"2026-03-01T03:12:45.1200Z",
	"2026-03-01T03:12:45.120",
	"2026-03-01T03:12:45.120+01:00",
	"2026-03-01T03:12:45.120Zx",
	"2026-03-01 03:12:45.120Z",
	"2026-3-1T03:12:45.120Z",
	"+026-03-01T03:12:45.120Z",
	"2026-13-01T03:12:45.120Z",
	"2025-02-29T00:00:00.000Z",
	"2026-03-01T24:00:00.000Z",
	"2026-03-01T03:12:61.120Z",
	"9999-12-31T23:59:59.999Z",
	"0001-01-01T00:00:00.000Z",
};

static void what_is_no_wall_time(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(not_walls); i++) {
		int64_t wall = 7;
		if (clock_parse_wall(not_walls[i], &wall) != -1)
			fail_msg("'%s' passes for a time", not_walls[i]);
		assert_int_equal(wall, 7);
	}
}

static const struct {
	int64_t seconds;
	int32_t nanoseconds;
	const char *text;
} times[] = {
	{0, 0, "1970-01-01T00:00:00Z"},
	{1772334765, 120000000, "2026-03-01T03:12:45.12Z"},
	{1772334765, 1, "2026-03-01T03:12:45.000000001Z"},
	{-1, 999999999, "1969-12-31T23:59:59.999999999Z"},
	{INT64_C(-62135596800), 0, "0001-01-01T00:00:00Z"}, /* as far as CEL goes, where nanoseconds do not fit into 64 bits */
	{INT64_C(253402300799), 999999999, "9999-12-31T23:59:59.999999999Z"},
};

static void times_of_all_years(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(times); i++) {
		char text[CLOCK_TEXT_SIZE];
		clock_format_time(times[i].seconds, times[i].nanoseconds, text);
		assert_string_equal(text, times[i].text);
	}
}

static const struct {
	const char *text;
	int64_t nanoseconds;
} durations[] = {
	{"0", 0},
	{"0s", 0},
	{"90s", 90 * NSEC_PER_SEC},
	{"1h30m", 5400 * NSEC_PER_SEC},
	{"1d2h3m4s5ms6us7ns", INT64_C(93784005006007)},
	{"0.5s", NSEC_PER_SEC / 2},
	{"0.3s", 300000000},
	{"1.5h", 5400 * NSEC_PER_SEC},
	{"0.1d", 8640 * NSEC_PER_SEC},
	{"0.000000001s", 1},
	{"1.00000000000000000000000000000s", NSEC_PER_SEC},
	{"365d1ns", INT64_C(31536000000000001)}, /* more digits than a double has */
	{"9223372036854775807ns", INT64_MAX},
	{"007s", 7 * NSEC_PER_SEC},
};

static void written_durations(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(durations); i++) {
		int64_t nanoseconds = -1;
		CLEANUP_ERROR struct error err = ERROR_NONE;
		if (duration_parse(durations[i].text, &nanoseconds, &err) < 0)
			fail_msg("%s", error_text(&err));
		assert_int_equal(nanoseconds, durations[i].nanoseconds);
	}
}

static const char *const not_durations[] = {
	"",
	" ",
	"90",
	"s",
	"90 s",
	" 90s",
	"90s ",
	"-5s",
	"+5s",
	"5min",
	"5S",
	"1.s",
	".5s",
	"1..5s",
	"1.5.5s",
	"0x10s",
	"0X10s",
	"1e3s",
	"1E3s",
	"infs",
	"nans",
	"00",
	"1h30",
	"1h 30m",
	"9223372036854775808ns",
	"999999999999d",
	"106751d24h",
	"5s\n",
	"５s",
};

static void what_is_no_duration(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(not_durations); i++) {
		int64_t nanoseconds = 7;
		if (duration_parse(not_durations[i], &nanoseconds, NULL) != -1)
			fail_msg("'%s' passes for a duration", not_durations[i]);
		assert_int_equal(nanoseconds, 7);
	}
	CLEANUP_ERROR struct error err = ERROR_NONE;
	int64_t nanoseconds;
	assert_int_equal(duration_parse("5min", &nanoseconds, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_string_equal(err.message, "'5min' is not a duration");
	assert_string_equal(err.hint, "write a number with a unit, such as 90s, 10m or 1h30m");
}

static const struct {
	int64_t nanoseconds;
	const char *text;
} shown[] = {
	{0, "0ms"},
	{999999, "0ms"},
	{99 * NSEC_PER_MSEC, "99ms"},
	{100 * NSEC_PER_MSEC, "0.1s"},
	{1200 * NSEC_PER_MSEC, "1.2s"},
	{59940 * NSEC_PER_MSEC, "59.9s"},
	{59960 * NSEC_PER_MSEC, "1m00s"},
	{185 * NSEC_PER_SEC, "3m05s"},
	{3599600 * NSEC_PER_MSEC, "1h00m"},
	{7440 * NSEC_PER_SEC, "2h04m"},
	{100 * 3600 * NSEC_PER_SEC, "100h00m"},
	{-1500 * NSEC_PER_MSEC, "-1.5s"},
	{CLOCK_FOREVER, "2562047h47m"},
};

static void durations_for_people(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(shown); i++) {
		char text[DURATION_TEXT_SIZE];
		duration_format(shown[i].nanoseconds, text);
		assert_string_equal(text, shown[i].text);
	}
}

static void the_clocks_run(void **state)
{
	(void)state;
	int64_t before = clock_boottime(), wall = clock_wall();
	assert_true(before > 0 && clock_boottime() >= before);
	assert_true(wall > INT64_C(1700000000) * NSEC_PER_SEC);
	assert_int_equal(strlen(clock_boot_id()), 36);
	assert_ptr_equal(clock_boot_id(), clock_boot_id());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wall_times_both_ways), cmocka_unit_test(milliseconds_are_cut_not_rounded),
		cmocka_unit_test(what_is_no_wall_time), cmocka_unit_test(times_of_all_years),
		cmocka_unit_test(written_durations),	cmocka_unit_test(what_is_no_duration),
		cmocka_unit_test(durations_for_people), cmocka_unit_test(the_clocks_run),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
