/*
 * json_test.c - values to JSON and back; what JSON has no word for; what is no JSON.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/json.h"
#include "engine/base/memory.h"

static const struct value *parse(struct arena *arena, const char *text)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	const struct value *value = NULL;
	if (json_parse(arena, text, strlen(text), &value, &err) < 0)
		fail_msg("%s: %s", text, error_text(&err));
	return value;
}

static const char *const same[] = {
	"null",
	"true",
	"false",
	"0",
	"-7",
	"9223372036854775807",
	"-9223372036854775808",
	"1.5",
	"-0.25",
	"1e+300",
	"2.0",
	"\"\"",
	"\"grün\"",
	"\"\\\"\\\\\\n\\t\\r\\b\\f\"",
	"\"\\u0001\\u007f\\u0000x\"",
	"[]",
	"{}",
	"[1,[2,{\"a\":[]}]]",
	"{\"z\":1,\"a\":{\"\":null},\"m\":\"•••\"}",
};

static void what_was_read_is_written_again(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	for (size_t i = 0; i < COUNT_OF(same); i++)
		assert_string_equal(json_text(arena, parse(arena, same[i])), same[i]);
}

static void other_spellings_are_understood(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	assert_string_equal(json_text(arena, parse(arena, " [ 1 ,\n 2e2, \"\\u00e4\\/\\ud83d\\ude00\" ] \n")),
			    "[1,200.0,\"ä/😀\"]");
	assert_int_equal(parse(arena, "1")->type, VALUE_INT);
	assert_int_equal(parse(arena, "1.0")->type, VALUE_DOUBLE);
}

static const struct {
	const char *text, *message; /* where; the rest are the library's words */
} wrong[] = {
	{"", "not JSON: line 1, column 0: "},
	{"{\"a\":1,}", "not JSON: line 1, column 8: "},
	{"{\"a\":1,\"a\":2}", "not JSON: line 1, column 10: "},
	{"[1] 2", "not JSON: line 1, column 5: "},
	{"\"\xff\"", "not JSON: line 1, column 1: "},
	{"01", NULL},
	{"nul", NULL},
	{"'a'", NULL},
	{"NaN", NULL},
	{"\"\\ud800\"", NULL},
	{"1e999", NULL},
	{"9223372036854775808", NULL},
	{"[1\n,\n2", "not JSON: line 3, column 1: "},
};

static void what_is_no_json(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		CLEANUP_ERROR struct error err = ERROR_NONE;
		const struct value *value = NULL;
		if (json_parse(arena, wrong[i].text, strlen(wrong[i].text), &value, &err) == 0)
			fail_msg("%s passes for JSON", wrong[i].text);
		assert_int_equal(err.code, ERROR_INVALID);
		assert_null(value);
		if (wrong[i].message)
			assert_memory_equal(error_text(&err), wrong[i].message, strlen(wrong[i].message));
	}
}

static int parse_nested(struct arena *arena, int depth, struct error *err)
{
	CLEANUP_BUFFER struct buffer text = {0};
	const struct value *value;
	for (int i = 0; i < depth; i++)
		buffer_add(&text, i % 2 ? "{\"a\":" : "[");
	buffer_add_char(&text, '1');
	for (int i = depth; i > 0; i--)
		buffer_add(&text, i % 2 ? "]" : "}");
	return json_parse(arena, buffer_text(&text), text.length, &value, err);
}

static void depth_is_bounded(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_ERROR struct error err = ERROR_NONE;
	assert_int_equal(parse_nested(arena, 512, &err), 0);
	assert_int_equal(parse_nested(arena, 513, &err), -1);
	assert_int_equal(err.code, ERROR_LIMIT);
	assert_string_equal(error_text(&err), "JSON is nested deeper than 512");
	error_clear(&err);
	assert_int_equal(parse_nested(arena, 100000, &err), -1);
}

static struct value *timestamp(struct arena *arena, int64_t seconds, int32_t nanoseconds)
{
	struct value *value = value_new(arena, VALUE_TIMESTAMP);
	value->time.seconds = seconds;
	value->time.nanoseconds = nanoseconds;
	return value;
}

static struct value *bytes(struct arena *arena, enum value_type type, const char *text)
{
	struct value *value = value_string(arena, text);
	value->type = type;
	return value;
}

static void what_json_has_no_word_for(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	const struct {
		const struct value *value;
		const char *text;
	} kinds[] = {
		{value_unknown(), "{\"?\":\"\"}"},
		{bytes(arena, VALUE_UNKNOWN, "the host"), "{\"?\":\"the host\"}"},
		{bytes(arena, VALUE_ERROR, "no such key"), "{\"error\":\"no such key\"}"},
		{bytes(arena, VALUE_BYTES, "foo"), "\"Zm9v\""},
		{bytes(arena, VALUE_TYPE, "int"), "\"int\""},
		{value_uint(arena, UINT64_MAX), "18446744073709551615"},
		{value_int(arena, INT64_MIN), "-9223372036854775808"},
		{value_double(arena, NAN), "\"NaN\""},
		{value_double(arena, -INFINITY), "\"-Infinity\""},
		{value_double(arena, 0.1), "0.1"},
		{value_double(arena, 1e21), "1e+21"},
		{value_double(arena, -0.0), "-0.0"},
		{value_double(arena, 5e-324), "4.94065645841247e-324"},
		{value_duration(arena, 90 * NSEC_PER_SEC), "\"90s\""},
		{value_duration(arena, -1500 * NSEC_PER_MSEC), "\"-1.5s\""},
		{value_duration(arena, -1), "\"-0.000000001s\""},
		{value_duration(arena, INT64_MIN), "\"-9223372036.854775808s\""},
		{timestamp(arena, 1772334765, 120000000), "\"2026-03-01T03:12:45.12Z\""},
		{timestamp(arena, INT64_C(-62135596800), 0), "\"0001-01-01T00:00:00Z\""},
		{timestamp(arena, INT64_C(253402300799), 999999999), "\"9999-12-31T23:59:59.999999999Z\""},
		{value_string_n(arena, "a\xff\xc3", 3), "\"a\\ufffd\\ufffd\""},
	};
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		assert_string_equal(json_text(arena, kinds[i].value), kinds[i].text);
}

static void keys_are_strings(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct value *map = value_map(arena);
	value_put_key(arena, map, value_int(arena, -3), value_null());
	value_put_key(arena, map, value_bool(true), value_null());
	value_put_key(arena, map, value_taint(arena, value_string(arena, "hush")), value_null());
	assert_string_equal(json_text(arena, map), "{\"-3\":null,\"true\":null,\"•••\":null}");
}

static void secrets_are_never_written(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct value *map = value_map(arena), *list = value_list(arena);
	value_append(arena, list, value_taint(arena, value_string(arena, "hush")));
	value_append(arena, list, value_taint(arena, value_int(arena, 1234)));
	value_put(arena, map, "password", value_taint(arena, parse(arena, "{\"hush\": [\"hush\"]}")));
	value_put(arena, map, "list", list);
	assert_string_equal(json_text(arena, map), "{\"password\":\"•••\",\"list\":[\"•••\",\"•••\"]}");
	CLEANUP_BUFFER struct buffer indented = {0};
	json_format(&indented, map, JSON_INDENTED);
	assert_null(strstr(buffer_text(&indented), "hush"));
}

static void indented_for_people(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_BUFFER struct buffer out = {0};
	json_format(&out, parse(arena, "{\"a\":[1,{}],\"b\":{\"c\":[]}}"), JSON_INDENTED);
	assert_string_equal(buffer_text(&out), "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": {\n    \"c\": []\n  }\n}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_read_is_written_again),
		cmocka_unit_test(other_spellings_are_understood),
		cmocka_unit_test(what_is_no_json),
		cmocka_unit_test(depth_is_bounded),
		cmocka_unit_test(what_json_has_no_word_for),
		cmocka_unit_test(keys_are_strings),
		cmocka_unit_test(secrets_are_never_written),
		cmocka_unit_test(indented_for_people),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
