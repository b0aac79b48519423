/*
 * value_test.c - what values equal, hide, do not know, and what a lookup gives.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/memory.h"
#include "engine/base/value.h"

static const struct value *parse(struct arena *arena, const char *text)
{
	const struct value *value = NULL;
	assert_int_equal(json_parse(arena, text, strlen(text), &value, NULL), 0);
	return value;
}

/* JSON texts, and whether their values are equal as CEL says. */
static const struct {
	const char *a, *b;
	bool equal;
} pairs[] = {
	{"null", "null", true},
	{"null", "false", false},
	{"true", "true", true},
	{"true", "1", false},
	{"1", "1.0", true},
	{"1", "1.5", false},
	{"9007199254740993", "9007199254740992.0", false}, /* a double has not that many digits */
	{"9223372036854775807", "9223372036854775807.0", false},
	{"-9223372036854775808", "-9223372036854775808.0", true},
	{"\"1\"", "1", false},
	{"\"a\"", "\"a\"", true},
	{"\"a\"", "\"a\\u0000\"", false},
	{"[1,2]", "[1,2.0]", true},
	{"[1,2]", "[2,1]", false},
	{"[1]", "[1,1]", false},
	{"{\"a\":1,\"b\":[2]}", "{\"b\":[2.0],\"a\":1}", true},
	{"{\"a\":1}", "{\"a\":1,\"b\":null}", false},
	{"{\"a\":null}", "{\"b\":null}", false},
	{"{}", "[]", false},
};

static void equality_is_cels(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	for (size_t i = 0; i < COUNT_OF(pairs); i++) {
		const struct value *a = parse(arena, pairs[i].a), *b = parse(arena, pairs[i].b);
		if (value_equal(a, b) != pairs[i].equal || value_equal(b, a) != pairs[i].equal)
			fail_msg("%s == %s should be %s", pairs[i].a, pairs[i].b, pairs[i].equal ? "true" : "false");
	}
	assert_true(value_equal(value_int(arena, 7), value_uint(arena, 7)));
	assert_false(value_equal(value_int(arena, -1), value_uint(arena, UINT64_MAX)));
	assert_false(value_equal(value_uint(arena, UINT64_MAX), value_double(arena, 0x1p64)));
	assert_true(value_equal(value_uint(arena, UINT64_C(1) << 63), value_double(arena, 0x1p63)));
	assert_true(value_equal(value_duration(arena, 1500), value_duration(arena, 1500)));
	assert_false(value_equal(value_duration(arena, 1500), value_duration(arena, 1501)));
	assert_true(value_equal(value_new(arena, VALUE_BYTES), value_new(arena, VALUE_BYTES)));
	assert_false(value_equal(value_unknown(), value_unknown()));
}

static void lookups(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	const struct value *map = parse(arena, "{\"name\":\"mail1\",\"port\":22,\"up\":true,\"nothing\":null}");
	assert_string_equal(value_get_text(map, "name"), "mail1");
	assert_int_equal(value_get_int(map, "port", 7), 22);
	assert_true(value_get_bool(map, "up", false));
	assert_ptr_equal(value_get(map, "nothing")->type, VALUE_NULL);
	assert_null(value_get(map, "nam"));
	assert_null(value_get(NULL, "name"));
	assert_null(value_get(parse(arena, "[1]"), "name"));
	assert_null(value_get_text(map, "port"));
	assert_int_equal(value_get_int(map, "name", 7), 7);
	assert_true(value_get_bool(map, "name", true));
	assert_true(value_is_text(value_get(map, "name"), "mail1"));
	assert_false(value_is_text(value_get(map, "port"), "22"));
	assert_false(value_is(NULL, VALUE_NULL));
	assert_null(value_text(NULL));
}

static void keys_of_all_kinds(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct value *map = value_map(arena);
	value_put_key(arena, map, value_int(arena, 1), value_string(arena, "one"));
	value_put_key(arena, map, value_string_n(arena, "a\0b", 3), value_string(arena, "nul"));
	value_put_key(arena, map, value_bool(true), value_string(arena, "yes"));
	assert_string_equal(value_text(value_get_key(map, value_double(arena, 1.0))), "one");
	assert_string_equal(value_text(value_get_key(map, value_uint(arena, 1))), "one");
	assert_string_equal(value_text(value_get_key(map, value_bool(true))), "yes");
	assert_string_equal(value_text(value_get_key(map, value_string_n(arena, "a\0b", 3))), "nul");
	assert_null(value_get_key(map, value_string(arena, "a")));
	assert_null(value_get_key(map, value_string(arena, "1")));
	assert_null(value_get_key(parse(arena, "3"), value_int(arena, 1)));
}

static void putting_replaces_and_keeps_the_order(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct value *map = value_map(arena);
	value_put(arena, map, "b", value_int(arena, 1));
	value_put(arena, map, "a", value_int(arena, 2));
	value_put(arena, map, "b", value_int(arena, 3));
	assert_string_equal(json_text(arena, map), "{\"b\":3,\"a\":2}");
}

static void taint_and_unknown_are_found_inside(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct value *list = value_list(arena), *map = value_map(arena), *keyed = value_map(arena);
	value_append(arena, list, value_int(arena, 1));
	value_put(arena, map, "list", list);
	assert_false(value_is_secret(map) || value_has_unknown(map) || value_is_secret(NULL) || value_has_unknown(NULL));
	const struct value *plain = value_string(arena, "x"), *secret = value_taint(arena, plain);
	assert_false(plain->secret);
	assert_ptr_equal(value_taint(arena, secret), secret);
	value_append(arena, list, secret);
	assert_true(value_is_secret(map));
	assert_false(map->secret);
	value_append(arena, list, value_unknown());
	assert_true(value_has_unknown(map));
	value_put_key(arena, keyed, secret, plain);
	assert_true(value_is_secret(keyed));
}

static void copies_are_deep(void **state)
{
	(void)state;
	struct arena *first = arena_new();
	CLEANUP_ARENA struct arena *second = arena_new();
	struct value *map = (struct value *)parse(first, "{\"a\":[1,\"b\",{\"c\":null}]}");
	value_put(first, map, "s", value_taint(first, value_string(first, "hush")));
	value_put(first, map, "u", value_unknown());
	map->at = (struct span){.offset = 7, .length = 3};
	const struct value *copy = value_copy(second, map);
	arena_free(first);
	assert_string_equal(json_text(second, copy), "{\"a\":[1,\"b\",{\"c\":null}],\"s\":\"•••\",\"u\":{\"?\":\"\"}}");
	assert_int_equal(copy->at.offset, 7);
	assert_true(value_is_secret(copy) && value_has_unknown(copy));
}

static void copies_share_what_is_the_same(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	const struct value *before = parse(arena, "{\"a\":{\"x\":[1,2]},\"b\":1,\"c\":\"t\",\"d\":0.0}");
	const struct value *next = parse(arena, "{\"a\":{\"x\":[1,2]},\"b\":1.0,\"c\":\"u\",\"e\":-0.0}");
	const struct value *copy = value_copy_like(arena, next, before);
	assert_string_equal(json_text(arena, copy), json_text(arena, next)); /* 1.0 is no 1 here, -0.0 no 0.0 */
	assert_ptr_equal(value_get(copy, "a"), value_get(before, "a"));
	assert_ptr_equal(copy->map.entries[2].key, before->map.entries[2].key);
	assert_ptr_not_equal(value_get(copy, "c"), value_get(next, "c"));
	assert_ptr_equal(value_copy_like(arena, parse(arena, json_text(arena, before)), before), before);
	struct value *hidden = value_map(arena);
	value_put(arena, hidden, "a", value_taint(arena, value_get(before, "a")));
	assert_true(value_is_secret(value_copy_like(arena, hidden, before)));
	assert_false(value_is_secret(value_copy_like(arena, before, hidden)));
}

static void a_large_map_finds_its_keys(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct value *map = value_map(arena);
	char key[16];
	for (int i = 0; i < 5000; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		value_put(arena, map, key, value_int(arena, i));
		if (i % 100 == 0)
			value_put_key(arena, map, value_int(arena, i), value_int(arena, -i));
	}
	value_put(arena, map, "k77", value_int(arena, 1077));			       /* replaced in its place */
	value_put_key(arena, map, value_string(arena, "k78"), value_int(arena, 1078)); /* a second one is not found */
	const struct value *maps[] = {map, value_copy(arena, map)};
	for (size_t m = 0; m < COUNT_OF(maps); m++) {
		assert_int_equal(maps[m]->map.count, 5051);
		for (int i = 0; i < 5000; i++) {
			snprintf(key, sizeof(key), "k%d", i);
			assert_int_equal(value_get_int(maps[m], key, -1), i == 77 ? 1077 : i);
		}
		assert_null(value_get(maps[m], "k5000"));
		assert_null(value_get(maps[m], ""));
		assert_int_equal(value_get_key(maps[m], value_int(arena, 4900))->integer, -4900);
		assert_string_equal(value_text(maps[m]->map.entries[2].key), "k1");
	}
}

static void strings_and_durations(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	assert_int_equal(value_string(arena, NULL)->string.length, 0);
	assert_string_equal(value_text(value_string(arena, NULL)), "");
	assert_string_equal(value_text(value_printf(arena, "%d/%d", 1, 2)), "1/2");
	static const int64_t spans[] = {0, 1, -1, 1500000000, -1500000000, INT64_MAX, INT64_MIN};
	for (size_t i = 0; i < COUNT_OF(spans); i++)
		assert_int_equal(value_nanoseconds(value_duration(arena, spans[i])), spans[i]);
}

static void every_type_has_a_name(void **state)
{
	(void)state;
	static const char *const names[] = {"null", "bool", "int",	 "uint",     "double", "string",  "bytes",
					    "list", "map",  "timestamp", "duration", "type",   "unknown", "error"};
	for (size_t i = 0; i < COUNT_OF(names); i++)
		assert_string_equal(value_type_name((enum value_type)i), names[i]);
	assert_int_equal(COUNT_OF(names), VALUE_ERROR + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equality_is_cels),
		cmocka_unit_test(lookups),
		cmocka_unit_test(keys_of_all_kinds),
		cmocka_unit_test(putting_replaces_and_keeps_the_order),
		cmocka_unit_test(taint_and_unknown_are_found_inside),
		cmocka_unit_test(copies_are_deep),
		cmocka_unit_test(copies_share_what_is_the_same),
		cmocka_unit_test(a_large_map_finds_its_keys),
		cmocka_unit_test(strings_and_durations),
		cmocka_unit_test(every_type_has_a_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
