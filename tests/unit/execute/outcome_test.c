/*
 * outcome_test.c - how things end, by the names that journals keep.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/base/memory.h"
#include "engine/execute/outcome.h"

static const struct {
	enum outcome outcome;
	const char *name;
	int good;
} outcomes[] = {
	{OUTCOME_OK, "ok", 1},	       {OUTCOME_CHANGED, "changed", 1}, {OUTCOME_SKIPPED, "skipped", 1},
	{OUTCOME_FAILED, "failed", 0}, {OUTCOME_UNKNOWN, "unknown", 0}, {OUTCOME_CANCELLED, "cancelled", 0},
};

static void names_both_ways(void **state)
{
	(void)state;
	assert_int_equal(COUNT_OF(outcomes), OUTCOME_COUNT);
	for (size_t i = 0; i < COUNT_OF(outcomes); i++) {
		assert_string_equal(outcome_name(outcomes[i].outcome), outcomes[i].name);
		assert_int_equal(outcome_from_name(outcomes[i].name), outcomes[i].outcome);
		assert_int_equal(outcome_is_good(outcomes[i].outcome), outcomes[i].good);
	}
}

/* What is not known to have gone well has not. */
static void other_names_are_unknown(void **state)
{
	(void)state;
	static const char *const others[] = {"", "OK", "okay", "stopped", NULL};
	for (size_t i = 0; i < COUNT_OF(others); i++)
		assert_int_equal(outcome_from_name(others[i]), OUTCOME_UNKNOWN);
	assert_string_equal(outcome_name(OUTCOME_STOPPED), "stopped");
	assert_false(outcome_is_good(OUTCOME_STOPPED));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_both_ways),
		cmocka_unit_test(other_names_are_unknown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
