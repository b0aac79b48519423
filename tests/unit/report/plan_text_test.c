/*
 * plan_text_test.c - plans as text, compared byte for byte; and what holds for any width.
 */
#include "tests/unit/report/golden.h"

static void test_plans(void **state)
{
	(void)state;
	static const char *const names[] = {"plan_failover", "plan_nothing", "plan_hostile"};
	golden_all(report_plan, names, COUNT_OF(names), golden_styles, COUNT_OF(golden_styles));
}

static void test_every_width(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	const struct value *plan = golden_read(arena, "plan_failover"), *hostile = golden_read(arena, "plan_hostile");
	for (unsigned width = 20; width <= 200; width++) {
		CLEANUP_BUFFER struct buffer out = {0};
		struct report_style style = {.width = width, .colour = true, .verbose = width % 2 == 0};
		report_plan(&out, plan, &style);
		report_plan(&out, hostile, &style);
		golden_check_safe(buffer_text(&out), &style);
	}
}

static void test_what_is_no_plan(void **state)
{
	(void)state;
	static const char *const texts[] = {"null", "[]", "{}",
					    "{\"rows\": [null, 3, {}, {\"row\": \"step\"}], \"counts\": []}"};
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		CLEANUP_ARENA struct arena *arena = arena_new();
		CLEANUP_BUFFER struct buffer out = {0};
		const struct value *plan = NULL;
		assert_int_equal(json_parse(arena, texts[i], strlen(texts[i]), &plan, NULL), 0);
		report_plan(&out, plan, &(struct report_style){0});
		assert_non_null(strstr(buffer_text(&out), "Plan: nothing to do. Nothing was changed."));
	}
}

/* A value that is still marked secret is not shown, even if the plan was not written and read again. */
static void test_secret_value(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_BUFFER struct buffer out = {0};
	struct value *plan = value_map(arena), *inputs = value_map(arena);
	value_put(arena, inputs, "password", value_taint(arena, value_string(arena, "hunter2")));
	value_put(arena, plan, "inputs", inputs);
	report_plan(&out, plan, &(struct report_style){0});
	assert_null(strstr(buffer_text(&out), "hunter2"));
	assert_non_null(strstr(buffer_text(&out), "password •••"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plans),
		cmocka_unit_test(test_every_width),
		cmocka_unit_test(test_what_is_no_plan),
		cmocka_unit_test(test_secret_value),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
