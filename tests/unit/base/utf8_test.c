/*
 * utf8_test.c - what is UTF-8, how wide it is, and what may be shown.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/base/utf8.h"

static const struct {
	const char *text;
	uint32_t code; /* 0: not UTF-8 */
} points[] = {
	{"A", 0x41},
	{"\x7f", 0x7f},
	{"\xc2\x80", 0x80},
	{"\xdf\xbf", 0x7ff},
	{"\xe0\xa0\x80", 0x800},
	{"\xed\x9f\xbf", 0xd7ff},
	{"\xee\x80\x80", 0xe000},
	{"\xef\xbf\xbf", 0xffff},
	{"\xf0\x90\x80\x80", 0x10000},
	{"\xf4\x8f\xbf\xbf", 0x10ffff},
	{"\x80", 0},
	{"\xbf", 0},
	{"\xc0\x80", 0},
	{"\xc1\xbf", 0}, /* overlong */
	{"\xe0\x80\x80", 0},
	{"\xe0\x9f\xbf", 0},
	{"\xf0\x80\x80\x80", 0},
	{"\xf0\x8f\xbf\xbf", 0},
	{"\xed\xa0\x80", 0},
	{"\xed\xbf\xbf", 0}, /* surrogates */
	{"\xf4\x90\x80\x80", 0},
	{"\xf5\x80\x80\x80", 0},
	{"\xff", 0}, /* beyond the last */
	{"\xc2", 0},
	{"\xe2\x82", 0},
	{"\xf0\x9f\x98", 0},
	{"\xc2 ", 0},
	{"\xe2\x82(", 0}, /* cut off */
};

static void code_points_both_ways(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(points); i++) {
		uint32_t code = 0;
		char again[4];
		size_t length = strlen(points[i].text);
		size_t size = utf8_decode(points[i].text, length, &code);
		assert_int_equal(utf8_valid(points[i].text, length), points[i].code != 0);
		assert_int_equal(size, points[i].code ? length : 0);
		if (!points[i].code)
			continue;
		assert_int_equal(code, points[i].code);
		assert_int_equal(utf8_encode(code, again), length);
		assert_memory_equal(again, points[i].text, length);
	}
	uint32_t code = 1;
	assert_int_equal(utf8_decode("", 0, &code), 0);
	assert_int_equal(utf8_decode("\0", 1, &code), 1);
	assert_int_equal(code, 0);
	assert_true(utf8_valid("", 0));
}

static void what_is_no_code_point_is_not_written(void **state)
{
	(void)state;
	char text[4];
	assert_int_equal(utf8_encode(0xd800, text), 0);
	assert_int_equal(utf8_encode(0xdfff, text), 0);
	assert_int_equal(utf8_encode(0x110000, text), 0);
}

static const struct {
	const char *text;
	size_t count, width;
	const char *repaired;
} texts[] = {
	{"", 0, 0, ""},
	{"mail1", 5, 5, "mail1"},
	{"grün", 4, 4, "grün"},
	{"日本", 2, 4, "日本"},
	{"e\xcc\x81", 2, 1, "e\xcc\x81"},
	{"a\xff\xfe"
	 "b",
	 4, 4, "a��b"},
	{"\xe2\x82", 2, 2, "��"},
	{"😀!", 2, 3, "😀!"},
};

static void counting_measuring_repairing(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		size_t length = strlen(texts[i].text);
		CLEANUP_BUFFER struct buffer repaired = {0};
		assert_int_equal(utf8_count(texts[i].text, length), texts[i].count);
		assert_int_equal(utf8_width(texts[i].text, length), texts[i].width);
		utf8_append_repaired(&repaired, texts[i].text, length);
		assert_string_equal(buffer_text(&repaired), texts[i].repaired);
	}
}

static const struct {
	const char *text, *shown, *shown_with_lines;
} harmful[] = {
	{"plain ä 日", "plain ä 日", "plain ä 日"},
	{"\x1b[31mred\x07", "\\x1b[31mred\\x07", "\\x1b[31mred\\x07"},
	{"a\nb\tc\r", "a\\nb\\tc\\x0d", "a\nb\tc\\x0d"},
	{"\x7f\xc2\x9b", "\\x7f\\x9b", "\\x7f\\x9b"},
	{"\xe2\x80\xae"
	 "evil",
	 "\\u202eevil", "\\u202eevil"},
	{"\xe2\x81\xa6\xe2\x80\x8f\xd8\x9c", "\\u2066\\u200f\\u061c", "\\u2066\\u200f\\u061c"},
	{"\xef\xbb\xbf\xf3\xa0\x81\x81", "\\ufeff\\ue0041", "\\ufeff\\ue0041"},
	{"\xff\xc3", "\\xff\\xc3", "\\xff\\xc3"},
};

static void nothing_harmful_reaches_a_terminal(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(harmful); i++) {
		CLEANUP_BUFFER struct buffer one_line = {0}, lines = {0};
		utf8_append_printable(&one_line, harmful[i].text, strlen(harmful[i].text), false);
		utf8_append_printable(&lines, harmful[i].text, strlen(harmful[i].text), true);
		assert_string_equal(buffer_text(&one_line), harmful[i].shown);
		assert_string_equal(buffer_text(&lines), harmful[i].shown_with_lines);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(code_points_both_ways),
		cmocka_unit_test(what_is_no_code_point_is_not_written),
		cmocka_unit_test(counting_measuring_repairing),
		cmocka_unit_test(nothing_harmful_reaches_a_terminal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
