/*
 * plan_test.c - plans built, read, and held against the world: what no longer holds is named, word for word.
 */
#include "tests/unit/plan/states.h"

#include <stdlib.h>
#include <unistd.h>

#include "engine/base/file.h"
#include "engine/plan/plan.h"

#define HEADER                                                                                                                 \
	"\"standin_plan\":1,\"runbook\":\"mail/failover\",\"offline\":false,"                                                  \
	"\"digests\":{\"runbook\":\"r1\",\"inventory\":\"i1\",\"plugins\":{\"service\":\"s1\",\"host\":\"h1\"}},"              \
	"\"inputs\":{\"source\":\"mail1\",\"services\":[\"postfix\"]},"
#define ROW(step, verdict, before)                                                                                             \
	"{\"step\":\"" step "\",\"row\":\"step\",\"name\":\"Start it\",\"kind\":\"state\",\"verdict\":\"" verdict              \
	"\",\"volatile\":[\"pid\"],\"before\":" before "}"
#define PROBE(step, after)                                                                                                     \
	"{\"step\":\"" step                                                                                                    \
	"\",\"row\":\"step\",\"name\":\"Look\",\"kind\":\"probe\",\"verdict\":\"probe\",\"volatile\":[\"age\"],"               \
	"\"before\":null,\"after\":" after "}"
#define STATE(attributes) "{\"state\":{" attributes "}}"
#define PLAN(rows)	  "{" HEADER "\"rows\":[" rows "]}"

#define FAILED_STATE STATE("\"state\":\"failed\",\"pid\":7")

/* A saved plan and one made now; NULL: it still holds. */
static const struct {
	const char *saved, *now, *message;
} comparisons[] = {
	{PLAN(ROW("1", "change", FAILED_STATE)), PLAN(ROW("1", "change", FAILED_STATE)), NULL},
	{PLAN(""), PLAN(""), NULL},
	/* the header */
	{"{\"standin_plan\":1}", PLAN(""), "it was made for the runbook nothing"},
	{"{\"standin_plan\":1,\"runbook\":\"mail/failback\"}", PLAN(""), "it was made for the runbook \"mail/failback\""},
	{"{\"standin_plan\":1,\"runbook\":\"mail/failover\",\"offline\":true}", PLAN(""),
	 "it was made offline, so it says nothing about the hosts"},
	{"{\"runbook\":\"mail/failover\",\"inputs\":{\"source\":\"mail2\",\"services\":[\"postfix\"]}}", PLAN(""),
	 "the input source has changed since"},
	{"{\"runbook\":\"mail/failover\",\"inputs\":{\"source\":\"mail1\",\"services\":[\"postfix\",\"dovecot\"]}}", PLAN(""),
	 "the input services has changed since"},
	{"{\"runbook\":\"mail/failover\",\"inputs\":{\"source\":\"mail1\",\"services\":[\"postfix\"]}}", PLAN(""),
	 "the runbook has changed since"},
	{"{\"runbook\":\"mail/failover\",\"inputs\":{\"source\":\"mail1\",\"services\":[\"postfix\"]},"
	 "\"digests\":{\"runbook\":\"r0\",\"inventory\":\"i1\"}}",
	 PLAN(""), "the runbook has changed since"},
	{"{\"runbook\":\"mail/failover\",\"inputs\":{\"source\":\"mail1\",\"services\":[\"postfix\"]},"
	 "\"digests\":{\"runbook\":\"r1\",\"inventory\":\"i0\"}}",
	 PLAN(""), "the inventory has changed since"},
	{"{\"runbook\":\"mail/failover\",\"inputs\":{\"source\":\"mail1\",\"services\":[\"postfix\"]},"
	 "\"digests\":{\"runbook\":\"r1\",\"inventory\":\"i1\",\"plugins\":{\"service\":\"s1\",\"host\":\"h0\"}}}",
	 PLAN(""), "the plugin host has changed since"},
	/* the rows */
	{PLAN(ROW("1", "change", FAILED_STATE)), PLAN(ROW("1", "change", STATE("\"state\":\"inactive\",\"pid\":7"))),
	 "step 1 (Start it): state was \"failed\", now it is \"inactive\""},
	{PLAN(ROW("1", "change", FAILED_STATE)), PLAN(ROW("1", "change", STATE("\"state\":\"failed\",\"pid\":8"))),
	 NULL}, /* volatile */
	{PLAN(ROW("1", "change", FAILED_STATE)), PLAN(ROW("1", "change", STATE("\"state\":\"failed\""))), NULL},
	{PLAN(ROW("1", "change", FAILED_STATE)), PLAN(ROW("1", "change", STATE("\"pid\":7"))),
	 "step 1 (Start it): state was \"failed\", now it is nothing"},
	{PLAN(ROW("1", "change", STATE("\"pid\":7"))), PLAN(ROW("1", "change", FAILED_STATE)),
	 "step 1 (Start it): state was nothing, now it is \"failed\""},
	{PLAN(ROW("1", "change", FAILED_STATE)), PLAN(ROW("1", "change", "{\"state\":\"absent\"}")),
	 "step 1 (Start it): it was {\"state\":\"failed\",\"pid\":7}, now it is \"absent\""},
	{PLAN(ROW("1", "change", "{\"state\":\"absent\"}")), PLAN(ROW("1", "change", "{\"state\":\"absent\"}")), NULL},
	{PLAN(ROW("1", "maybe", STATE("\"state\":{\"?\":\"\"}"))), PLAN(ROW("1", "maybe", STATE("\"state\":\"active\""))),
	 NULL},
	{PLAN(ROW("1", "maybe", STATE("\"state\":\"active\""))), PLAN(ROW("1", "maybe", STATE("\"state\":{\"?\":\"\"}"))),
	 NULL},
	{PLAN(ROW("1", "change", FAILED_STATE)), PLAN(ROW("1", "ok", FAILED_STATE)),
	 "step 1 (Start it): it was to be 'change', now 'ok'"},
	{PLAN(ROW("1", "change", FAILED_STATE)), PLAN(ROW("1", "change", FAILED_STATE) "," ROW("2", "change", "null")),
	 "step 2 is new"},
	{PLAN(ROW("1", "change", FAILED_STATE) "," ROW("2[0]", "change", "null")), PLAN(ROW("1", "change", FAILED_STATE)),
	 "step 2[0] is gone"},
	{PLAN(ROW("1", "run", "null")), PLAN(ROW("1", "run", "null")), NULL},
	/* of a probe what it saw counts */
	{PLAN(PROBE("1", STATE("\"mirror\":\"idle\",\"age\":7"))), PLAN(PROBE("1", STATE("\"mirror\":\"idle\",\"age\":9"))),
	 NULL},
	{PLAN(PROBE("1", STATE("\"mirror\":\"idle\""))), PLAN(PROBE("1", STATE("\"mirror\":\"broken\""))),
	 "step 1 (Look): mirror was \"idle\", now it is \"broken\""},
};

static void a_plan_is_held_against_the_world(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	for (size_t i = 0; i < COUNT_OF(comparisons); i++) {
		CLEANUP_ERROR struct error err = ERROR_NONE;
		const struct value *saved;
		assert_int_equal(json_parse(arena, comparisons[i].saved, strlen(comparisons[i].saved), &saved, NULL), 0);
		int result = plan_compare(saved, written(arena, comparisons[i].now), &err);
		if (!comparisons[i].message) {
			if (result < 0)
				fail_msg("case %zu: %s", i, error_text(&err));
			continue;
		}
		assert_int_equal(result, -1);
		assert_int_equal(err.code, ERROR_CONFLICT);
		assert_string_equal(error_text(&err),
				    arena_printf(arena, "the plan no longer holds: %s", comparisons[i].message));
		assert_string_equal(err.hint, "nothing was done; make a new plan, have it reviewed, and run that");
	}
}

/* Secrets are ••• in a saved plan: the same in the one made now, so that they are no reason to refuse. */
static void secrets_are_no_reason(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_ERROR struct error err = ERROR_NONE;
	const struct value *saved = written(arena, "{\"runbook\":\"r\",\"inputs\":{\"pw\":\"•••\"},"
						   "\"digests\":{\"runbook\":\"a\",\"inventory\":\"b\"},\"rows\":[]}");
	struct value *now = (struct value *)written(arena, json_text(arena, saved)), *inputs = value_map(arena);
	value_put(arena, inputs, "pw", value_taint(arena, value_string(arena, "hush")));
	value_put(arena, now, "inputs", inputs);
	if (plan_compare(saved, now, &err) < 0)
		fail_msg("%s", error_text(&err));
}

static void rows_are_counted(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct plan_builder *builder = plan_builder_new(arena);
	plan_builder_add(builder, written(arena, "{\"step\":\"1\",\"row\":\"group\",\"verdict\":\"maybe\"}"));
	plan_builder_add(builder, written(arena, "{\"step\":\"1.1\",\"row\":\"step\",\"verdict\":\"change\"}"));
	plan_builder_add(builder, written(arena, "{\"step\":\"1.2\",\"row\":\"step\",\"verdict\":\"ok\"}"));
	plan_builder_add(builder, written(arena, "{\"step\":\"1.3\",\"row\":\"step\",\"verdict\":\"change\"}"));
	const struct value *plan = plan_builder_finish(builder, written(arena, "{\"standin_plan\":1}"));
	assert_int_equal(value_get_int(plan, "standin_plan", 0), 1);
	assert_int_equal(value_get(plan, "rows")->list.count, 4); /* a group is a row, but counts for nothing */
	assert_string_equal(json_text(arena, value_get(plan, "counts")), "{\"change\":2,\"ok\":1}");
}

static const struct {
	const char *text, *message;
} files[] = {
	{PLAN(""), NULL},
	{"{\"standin_plan\":2}", "/tmp/standin-plan-test is not a plan of this version of standin"},
	{"{}", "/tmp/standin-plan-test is not a plan of this version of standin"},
	{"[1]", "/tmp/standin-plan-test is not a plan of this version of standin"},
	{"{\"standin_plan\":1", "/tmp/standin-plan-test: not JSON: line 1, column 17: '}' expected near end of file"},
};

static void plans_are_read(void **state)
{
	(void)state;
	static const char path[] = "/tmp/standin-plan-test";
	CLEANUP_ARENA struct arena *arena = arena_new();
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		CLEANUP_ERROR struct error err = ERROR_NONE;
		const struct value *plan;
		assert_int_equal(file_write_durable(path, files[i].text, strlen(files[i].text), 0600, NULL), 0);
		assert_int_equal(plan_read(arena, path, &plan, &err), files[i].message ? -1 : 0);
		assert_string_equal(error_text(&err), files[i].message ? files[i].message : "");
	}
	unlink(path);
	CLEANUP_ERROR struct error err = ERROR_NONE;
	const struct value *plan;
	assert_int_equal(plan_read(arena, path, &plan, &err), -1);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plan_is_held_against_the_world),
		cmocka_unit_test(secrets_are_no_reason),
		cmocka_unit_test(rows_are_counted),
		cmocka_unit_test(plans_are_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
