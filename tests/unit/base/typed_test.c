/*
 * typed_test.c - a value is the same, with its types, after it went through JSON text and back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/memory.h"
#include "engine/base/typed.h"

static const struct value *parse(struct arena *arena, const char *text)
{
	const struct value *value = NULL;
	assert_int_equal(json_parse(arena, text, strlen(text), &value, NULL), 0);
	return value;
}

static struct value *timestamp(struct arena *arena, int64_t seconds, int32_t nanoseconds)
{
	struct value *value = value_new(arena, VALUE_TIMESTAMP);
	value->time.seconds = seconds;
	value->time.nanoseconds = nanoseconds;
	return value;
}

static void types_come_back(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct value *map = value_map(arena), *list = value_list(arena), *bytes = value_string_n(arena, "\0\xff", 2);
	bytes->type = VALUE_BYTES;
	value_append(arena, list, value_string(arena, "90s"));
	value_append(arena, list, value_duration(arena, -1500000000));
	value_append(arena, list, value_uint(arena, UINT64_MAX));
	value_append(arena, list, timestamp(arena, -62135596800, 999999999));
	value_append(arena, list, value_double(arena, 2));
	value_put(arena, map, "list", list);
	value_put(arena, map, "bytes", bytes);
	const char *text = json_text(arena, typed_mark(arena, map));
	assert_string_equal(text, "{\"list\":[\"90s\",{\"$duration\":[-1,-500000000]},{\"$uint\":\"18446744073709551615\"},"
				  "{\"$timestamp\":[-62135596800,999999999]},2.0],\"bytes\":{\"$bytes\":\"AP8=\"}}");
	const struct value *back = typed_restore(arena, parse(arena, text));
	assert_true(value_equal(back, map));
	static const enum value_type types[] = {VALUE_STRING, VALUE_DURATION, VALUE_UINT, VALUE_TIMESTAMP, VALUE_DOUBLE};
	for (size_t i = 0; i < COUNT_OF(types); i++)
		assert_int_equal(value_get(back, "list")->list.items[i]->type, types[i]);
	assert_int_equal(value_get(back, "bytes")->type, VALUE_BYTES);
}

/* A map of a user's that looks like a mark stays that map, however deep. */
static void what_looks_like_a_mark(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"{\"$duration\":[1,2]}",
		"{\"$map\":{\"$map\":{\"$duration\":[1,2]}}}",
		"{\"$map\":1}",
		"{\"a\":{\"$uint\":\"1\"},\"b\":[{\"$bytes\":\"AA==\"}]}",
	};
	CLEANUP_ARENA struct arena *arena = arena_new();
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		const struct value *value = parse(arena, texts[i]);
		const char *marked = json_text(arena, typed_mark(arena, value));
		assert_string_not_equal(marked, texts[i]);
		assert_string_equal(json_text(arena, typed_restore(arena, parse(arena, marked))), texts[i]);
	}
}

static void what_needs_nothing_is_not_copied(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	const struct value *plain = parse(arena, "{\"a\":[1,\"x\",{\"b\":null,\"$c\":1}]}");
	assert_ptr_equal(typed_mark(arena, plain), plain);
	assert_ptr_equal(typed_restore(arena, plain), plain);
}

/* It is not written, and what comes back is no text that could be compared. */
static void a_secret_is_lost(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct value *map = value_map(arena);
	value_put(arena, map, "pw", value_taint(arena, value_string(arena, "hunter2")));
	value_put(arena, map, "dots", value_string(arena, "•••"));
	assert_false(value_has_lost(map));
	const char *text = json_text(arena, typed_mark(arena, map));
	assert_string_equal(text, "{\"pw\":{\"$secret\":\"•••\"},\"dots\":\"•••\"}");
	const struct value *back = typed_restore(arena, parse(arena, text));
	assert_true(value_has_lost(back));
	assert_int_equal(value_get(back, "pw")->type, VALUE_ERROR);
	assert_false(value_equal(value_get(back, "pw"), value_get(back, "dots")));
	assert_string_equal(json_text(arena, back), "{\"pw\":\"•••\",\"dots\":\"•••\"}");
	assert_string_equal(json_text(arena, typed_mark(arena, back)), text);
}

static void what_is_no_mark_stays(void **state)
{
	(void)state;
	static const char *const texts[] = {"{\"$duration\":\"90s\"}", "{\"$timestamp\":[1]}", "{\"$timestamp\":[1,\"2\"]}",
					    "{\"$uint\":5}",	       "{\"$bytes\":\"?\"}",   "{\"$map\":[1]}"};
	CLEANUP_ARENA struct arena *arena = arena_new();
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		assert_string_equal(json_text(arena, typed_restore(arena, parse(arena, texts[i]))), texts[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types_come_back),
		cmocka_unit_test(what_looks_like_a_mark),
		cmocka_unit_test(what_needs_nothing_is_not_copied),
		cmocka_unit_test(a_secret_is_lost),
		cmocka_unit_test(what_is_no_mark_stays),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
