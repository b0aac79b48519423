/*
 * pace_test.c - limits as text, by the time of day, and what a stream takes under them: with a clock of the test's own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "engine/base/clock.h"
#include "plugins/replica/line/pace.h"

static void test_texts(void **state)
{
	struct pace_limits limits;
	(void)state;
	assert_int_equal(pace_parse("08:00-18:00 1M, 22:00-06:30  500K,20M", &limits, NULL), 0);
	assert_int_equal(limits.count, 3);
	static const struct {
		unsigned minute;
		uint64_t rate;
	} times[] = {
		{0, 500 << 10},		{6 * 60 + 29, 500 << 10}, {6 * 60 + 30, 20 << 20},
		{8 * 60 - 1, 20 << 20}, {8 * 60, 1 << 20},	  {18 * 60 - 1, 1 << 20},
		{18 * 60, 20 << 20},	{22 * 60, 500 << 10},	  {23 * 60 + 59, 500 << 10},
	};
	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++)
		assert_int_equal(pace_rate(&limits, times[i].minute), times[i].rate);
	assert_int_equal(pace_parse("00:00-24:00 7", &limits, NULL), 0);
	assert_int_equal(pace_rate(&limits, 24 * 60 - 1), 7);
	assert_int_equal(pace_parse("08:00-09:00 1G", &limits, NULL), 0);
	assert_int_equal(pace_rate(&limits, 0), 0);
}

static void test_what_is_no_limit(void **state)
{
	static const char *const texts[] = {"",
					    "0",
					    "1T",
					    "-1",
					    "1M,",
					    ",1M",
					    "8:00-18:00 1M",
					    "08:00-18:00",
					    "08:00 1M",
					    "08:00-24:01 1M",
					    "08:60-09:00 1M",
					    "08:00-18:00  ",
					    "99999999999999999999",
					    "1M 2M",
					    "1025G"};
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct pace_limits limits;
		CLEANUP_ERROR struct error err = ERROR_NONE;
		assert_int_equal(pace_parse(texts[i], &limits, &err), -1);
		assert_int_equal(err.code, ERROR_INVALID);
	}
}

/* --- a stream, and time that only passes when somebody sleeps --- */

static int64_t now, slept;
static unsigned minute;
static size_t largest;

static int64_t fake_now(void)
{
	return now;
}

static unsigned fake_minute(void)
{
	return minute;
}

static void fake_sleep(int64_t nanoseconds)
{
	assert_true(nanoseconds > 0 && nanoseconds < NSEC_PER_SEC);
	now += nanoseconds;
	slept += nanoseconds;
}

static int take_all(struct stream *stream, const void *data, size_t length, struct error *err)
{
	(void)data, (void)err;
	stream->bytes_out += length;
	largest = length > largest ? length : largest;
	return 0;
}

static const struct pace_clock fake = {fake_now, fake_minute, fake_sleep};
static struct stream inner;
static struct paced paced;
static struct pace_limits limits;

static void start(const char *text)
{
	assert_int_equal(pace_parse(text, &limits, NULL), 0);
	inner = (struct stream){.write = take_all, .name = "the line"};
	now = NSEC_PER_SEC;
	slept = 0;
	largest = 0;
	minute = 12 * 60;
	paced_init(&paced, &inner, &limits, &fake);
}

static void write_bytes(size_t length)
{
	static char bytes[1 << 20];
	for (size_t some; length; length -= some) {
		some = length < sizeof(bytes) ? length : sizeof(bytes);
		assert_int_equal(paced.stream.write(&paced.stream, bytes, some, NULL), 0);
	}
}

static void test_it_takes_as_long_as_it_should(void **state)
{
	(void)state;
	start("1M");
	write_bytes(10 << 20);
	assert_int_equal(inner.bytes_out, 10 << 20);
	assert_int_equal(paced.stream.bytes_out, 10 << 20);
	/* a quarter of a second's bytes were there to begin with */
	assert_true(slept >= 975 * NSEC_PER_SEC / 100 - NSEC_PER_SEC / 100 &&
		    slept <= 975 * NSEC_PER_SEC / 100 + NSEC_PER_SEC / 100);
	assert_true(largest <= 64 << 10);
}

static void test_a_pause_gives_no_more_than_the_bucket_holds(void **state)
{
	(void)state;
	start("1M");
	write_bytes(1 << 20);
	now += 3600 * NSEC_PER_SEC;
	slept = 0;
	write_bytes(1 << 20);
	assert_true(slept >= 74 * NSEC_PER_SEC / 100 && slept <= 76 * NSEC_PER_SEC / 100);
}

static void test_a_rate_below_a_piece(void **state)
{
	(void)state;
	start("1K");
	write_bytes(128 << 10);
	assert_true(slept >= 63 * NSEC_PER_SEC && slept <= 129 * NSEC_PER_SEC);
}

static void test_by_the_time_of_day(void **state)
{
	(void)state;
	start("12:00-13:00 1M");
	write_bytes(2 << 20);
	assert_true(slept > NSEC_PER_SEC);
	minute = 13 * 60;
	slept = 0;
	write_bytes(100 << 20);
	assert_int_equal(slept, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_what_is_no_limit),
		cmocka_unit_test(test_it_takes_as_long_as_it_should),
		cmocka_unit_test(test_a_pause_gives_no_more_than_the_bucket_holds),
		cmocka_unit_test(test_a_rate_below_a_piece),
		cmocka_unit_test(test_by_the_time_of_day),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
