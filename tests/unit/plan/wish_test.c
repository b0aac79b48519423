/*
 * wish_test.c - does it hold, what would change, what would it be then.
 */
#include "tests/unit/plan/states.h"

static const struct {
	const char *desired, *observed;
	enum wish_match match;
	const char *changes; /* attribute, before, after */
	const char *after;
} wishes[] = {
	{"{\"state\":\"active\"}", "{\"state\":\"active\",\"pid\":7}", WISH_HOLDS, "[]", "{\"state\":\"active\",\"pid\":7}"},
	{"{\"state\":\"active\"}", "{\"state\":\"failed\",\"pid\":7}", WISH_DIFFERS,
	 "[{\"attribute\":\"state\",\"before\":\"failed\",\"after\":\"active\"}]", "{\"state\":\"active\",\"pid\":7}"},
	{"{\"state\":\"active\"}", "{\"pid\":7}", WISH_DIFFERS,
	 "[{\"attribute\":\"state\",\"before\":null,\"after\":\"active\"}]", "{\"pid\":7,\"state\":\"active\"}"},
	{"{\"state\":\"active\"}", "absent", WISH_DIFFERS, "[{\"attribute\":\"state\",\"before\":null,\"after\":\"active\"}]",
	 "{\"state\":\"active\"}"},
	{"{\"state\":\"active\"}", "no contact", WISH_UNKNOWN,
	 "[{\"attribute\":\"state\",\"before\":{\"?\":\"\"},\"after\":\"active\"}]", "{\"state\":\"active\"}"},
	{"{\"state\":\"active\"}", "{\"state\":{\"?\":\"\"}}", WISH_UNKNOWN,
	 "[{\"attribute\":\"state\",\"before\":{\"?\":\"\"},\"after\":\"active\"}]", "{\"state\":\"active\"}"},
	{"{\"name\":{\"?\":\"\"}}", "{\"name\":\"mail1\"}", WISH_UNKNOWN,
	 "[{\"attribute\":\"name\",\"before\":\"mail1\",\"after\":{\"?\":\"\"}}]", "{\"name\":{\"?\":\"\"}}"},
	{"{\"name\":{\"?\":\"\"}}", "{}", WISH_UNKNOWN, "[{\"attribute\":\"name\",\"before\":null,\"after\":{\"?\":\"\"}}]",
	 "{\"name\":{\"?\":\"\"}}"},
	/* what differs decides, whatever else is not known */
	{"{\"a\":1,\"b\":2}", "{\"a\":{\"?\":\"\"},\"b\":3}", WISH_DIFFERS,
	 "[{\"attribute\":\"a\",\"before\":{\"?\":\"\"},\"after\":1},{\"attribute\":\"b\",\"before\":3,\"after\":2}]",
	 "{\"a\":1,\"b\":2}"},
	{"{\"a\":1,\"b\":2}", "{\"a\":1,\"b\":{\"?\":\"\"}}", WISH_UNKNOWN,
	 "[{\"attribute\":\"b\",\"before\":{\"?\":\"\"},\"after\":2}]", "{\"a\":1,\"b\":2}"},
	/* captured text and a written value mean the same */
	{"{\"port\":25}", "{\"port\":\"25\"}", WISH_HOLDS, "[]", "{\"port\":25}"},
	{"{\"on\":\"true\"}", "{\"on\":true}", WISH_HOLDS, "[]", "{\"on\":\"true\"}"},
	{"{\"port\":25}", "{\"port\":25.0}", WISH_HOLDS, "[]", "{\"port\":25}"},
	{"{\"port\":25}", "{\"port\":\"025\"}", WISH_DIFFERS, "[{\"attribute\":\"port\",\"before\":\"025\",\"after\":25}]",
	 "{\"port\":25}"},
	{"{\"list\":[1]}", "{\"list\":\"[1]\"}", WISH_DIFFERS, "[{\"attribute\":\"list\",\"before\":\"[1]\",\"after\":[1]}]",
	 "{\"list\":[1]}"},
	{"{\"list\":[1,{\"a\":2}]}", "{\"list\":[1,{\"a\":2}]}", WISH_HOLDS, "[]", "{\"list\":[1,{\"a\":2}]}"},
	/* null is wished for where nothing is */
	{"{\"alias\":null}", "{}", WISH_HOLDS, "[]", "{\"alias\":null}"},
	{"{\"alias\":null}", "{\"alias\":\"x\"}", WISH_DIFFERS, "[{\"attribute\":\"alias\",\"before\":\"x\",\"after\":null}]",
	 "{\"alias\":null}"},
	{"{}", "{\"state\":\"active\"}", WISH_HOLDS, "[]", "{\"state\":\"active\"}"},
	{"{}", "absent", WISH_DIFFERS, "[]", "{}"},
	/* the object as a whole */
	{"absent", "absent", WISH_HOLDS, "[]", "absent"},
	{"absent", "{\"state\":\"active\"}", WISH_DIFFERS, "[{\"attribute\":\"object\",\"before\":\"present\",\"after\":null}]",
	 "absent"},
	{"absent", "no contact", WISH_UNKNOWN, "[{\"attribute\":\"object\",\"before\":{\"?\":\"\"},\"after\":null}]", "absent"},
};

static void wishes_and_what_becomes_of_them(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	for (size_t i = 0; i < COUNT_OF(wishes); i++) {
		const struct value *wish = desired(arena, wishes[i].desired);
		struct observation before = observed(arena, wishes[i].observed), after = wish_after(arena, wish, &before);
		const char *changes = json_text(arena, wish_changes(arena, wish, &before));
		enum wish_match match = wish_match(wish, &before);
		if (match != wishes[i].match || strcmp(changes, wishes[i].changes) != 0)
			fail_msg("%s beside %s: %d, %s", wishes[i].desired, wishes[i].observed, match, changes);
		assert_string_equal(shown(arena, &after), wishes[i].after);
		if (match == WISH_HOLDS)
			assert_int_equal(wish_match(wish, &after), WISH_HOLDS);
	}
}

static void an_unknown_wish(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct observation before = observed(arena, "{\"state\":\"active\"}");
	assert_int_equal(wish_match(value_unknown(), &before), WISH_UNKNOWN);
	assert_string_equal(json_text(arena, wish_changes(arena, value_unknown(), &before)),
			    "[{\"attribute\":\"object\",\"before\":\"present\",\"after\":{\"?\":\"\"}}]");
}

static const struct {
	const char *expected, *observed;
	enum wish_match match;
	const char *attribute; /* NULL: no matter */
} pairs[] = {
	{"{\"state\":\"active\",\"pid\":7}", "{\"state\":\"active\",\"pid\":8}", WISH_HOLDS, NULL}, /* pid is volatile */
	{"{\"state\":\"active\"}", "{\"state\":\"failed\"}", WISH_DIFFERS, "state"},
	{"{\"state\":\"active\",\"startup\":\"enabled\"}", "{\"state\":\"active\",\"startup\":\"disabled\"}", WISH_DIFFERS,
	 "startup"},
	{"{\"state\":\"active\"}", "{\"startup\":\"enabled\"}", WISH_HOLDS, NULL}, /* only what both have */
	{"{\"state\":\"active\"}", "{\"state\":{\"?\":\"\"}}", WISH_UNKNOWN, NULL},
	{"absent", "absent", WISH_HOLDS, NULL},
	{"absent", "{}", WISH_DIFFERS, "state"},
	{"{}", "absent", WISH_DIFFERS, "state"},
	{"no contact", "{}", WISH_UNKNOWN, NULL},
	{"{}", "no contact", WISH_UNKNOWN, NULL},
};

static void two_states_are_the_same(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct action action = {.outputs = written(arena, "{\"state\":{},\"startup\":{},\"pid\":{\"volatile\":true}}")};
	for (size_t i = 0; i < COUNT_OF(pairs); i++) {
		struct observation expected = observed(arena, pairs[i].expected), now = observed(arena, pairs[i].observed);
		const char *attribute = NULL;
		if (wish_same(&action, &expected, &now, &attribute) != pairs[i].match)
			fail_msg("%s and %s", pairs[i].expected, pairs[i].observed);
		if (pairs[i].attribute)
			assert_string_equal(attribute, pairs[i].attribute);
	}
}

static const struct {
	const char *observed, *value;
} forms[] = {
	{"{\"state\":\"active\"}", "{\"state\":{\"state\":\"active\"}}"},
	{"{}", "{\"state\":{}}"},
	{"absent", "{\"state\":\"absent\"}"},
	{"no contact", "{\"state\":\"unobservable\",\"why\":\"no contact\"}"},
};

static void observations_as_values(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	for (size_t i = 0; i < COUNT_OF(forms); i++) {
		struct observation before = observed(arena, forms[i].observed), copy = observation_copy(arena, &before);
		const struct value *value = observation_value(arena, &copy);
		assert_string_equal(json_text(arena, value), forms[i].value);
		struct observation again = observation_from_value(value);
		assert_string_equal(shown(arena, &again), forms[i].observed);
	}
	static const char *const nothing[] = {"null", "{}", "{\"state\":7}", "{\"state\":null}"};
	for (size_t i = 0; i < COUNT_OF(nothing); i++) {
		struct observation none = observation_from_value(written(arena, nothing[i]));
		assert_int_equal(none.kind, OBSERVED_UNOBSERVABLE);
		assert_string_equal(none.why, "not observed");
	}
	assert_int_equal(observation_from_value(NULL).kind, OBSERVED_UNOBSERVABLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wishes_and_what_becomes_of_them),
		cmocka_unit_test(an_unknown_wish),
		cmocka_unit_test(two_states_are_the_same),
		cmocka_unit_test(observations_as_values),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
