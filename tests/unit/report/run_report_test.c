/*
 * run_report_test.c - a run that is over, as text and as JSON; and the table of runs.
 */
#include "tests/unit/report/golden.h"

static void test_runs_as_text(void **state)
{
	(void)state;
	static const char *const names[] = {"run_failover", "run_waiting", "run_hostile"};
	golden_all(report_run, names, COUNT_OF(names), golden_styles, COUNT_OF(golden_styles));
}

static void test_table(void **state)
{
	(void)state;
	static const char *const names[] = {"runs", "runs_none"};
	golden_all(report_runs, names, COUNT_OF(names), golden_styles, 4);
}

static void test_every_width(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	const struct value *run = golden_read(arena, "run_failover"), *hostile = golden_read(arena, "run_hostile");
	for (unsigned width = 20; width <= 200; width++) {
		CLEANUP_BUFFER struct buffer out = {0};
		struct report_style style = {.width = width, .colour = true, .verbose = width % 2 == 0};
		report_run(&out, run, &style);
		report_run(&out, hostile, &style);
		golden_check_safe(buffer_text(&out), &style);
	}
}

static void test_json(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_BUFFER struct buffer out = {0};
	const struct value *run = report_run_value(arena, golden_read(arena, "run_failover"));
	json_format(&out, run, JSON_INDENTED);
	buffer_add_char(&out, '\n');
	golden_compare("run_failover.out.json", buffer_text(&out));
	assert_int_equal(value_get_int(run, "elapsed", 0), value_get_int(run, "machine", 0) + value_get_int(run, "waited", 0));
}

/* Without the style sheet, which stands in a file of its own. */
static void compare_page(const char *name, const struct buffer *page)
{
	CLEANUP_BUFFER struct buffer rest = {0};
	const char *begin = strstr(buffer_text(page), "<style>"), *end = strstr(buffer_text(page), "</style>");
	assert_true(begin && end && end - begin > 1000);
	buffer_append(&rest, page->data, (size_t)(begin - page->data));
	buffer_add(&rest, end);
	golden_compare(name, buffer_text(&rest));
}

static void test_html(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_BUFFER struct buffer page = {0}, hostile = {0};
	struct value *proof = value_map(arena);
	value_put(arena, proof, "whole", value_bool(true));
	value_put(arena, proof, "text", value_string(arena, "41 records: verified"));
	value_put(arena, proof, "head", value_string(arena, "5f3a"));
	report_run_html(&page, golden_read(arena, "run_failover"), proof);
	compare_page("run_failover.html", &page);
	value_put(arena, proof, "unproven", value_bool(true));
	buffer_reset(&page);
	report_run_html(&page, golden_read(arena, "run_failover"), proof);
	assert_non_null(strstr(buffer_text(&page), "<p class=\"warn\">41 records: verified"));
	/* What a host says stays text. */
	report_run_html(&hostile, golden_read(arena, "run_hostile"), NULL);
	compare_page("run_hostile.html", &hostile);
	assert_null(strstr(buffer_text(&hostile), "<script"));
	assert_null(strstr(buffer_text(&hostile), "\x1b"));
	assert_null(strstr(buffer_text(&hostile), "\xe2\x80\xae"));
}

static void test_html_escapes(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_BUFFER struct buffer page = {0};
	struct value *opened = value_map(arena), *records = value_list(arena);
	value_put(arena, opened, "kind", value_string(arena, "run_opened"));
	value_put(arena, opened, "runbook", value_string(arena, "<script>alert(1)</script>"));
	value_put(arena, opened, "summary", value_string(arena, "a & \"b\" 'c'"));
	value_append(arena, records, opened);
	report_run_html(&page, records, NULL);
	assert_null(strstr(buffer_text(&page), "<script"));
	assert_non_null(strstr(buffer_text(&page), "&lt;script&gt;alert(1)&lt;/script&gt;"));
	assert_non_null(strstr(buffer_text(&page), "a &amp; &quot;b&quot; &#39;c&#39;"));
}

static void test_no_records(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_BUFFER struct buffer out = {0};
	report_run(&out, value_list(arena), &(struct report_style){0});
	assert_non_null(strstr(buffer_text(&out), "nothing was done"));
	assert_string_equal(value_get_text(report_run_value(arena, value_list(arena)), "outcome"), "unfinished");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_runs_as_text), cmocka_unit_test(test_table),	cmocka_unit_test(test_every_width),
		cmocka_unit_test(test_json),	     cmocka_unit_test(test_no_records), cmocka_unit_test(test_html),
		cmocka_unit_test(test_html_escapes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
