/*
 * rules_test.c - globs and rules: which rule decides for which path.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "engine/base/memory.h"
#include "plugins/replica/tree/rules.h"

static void test_globs(void **state)
{
	static const struct {
		const char *glob, *text;
		bool matches;
	} cases[] = {
		{"", "", true},
		{"a", "a", true},
		{"a", "ab", false},
		{"*", "", true},
		{"*", "abc", true},
		{"*", "a/b", false},
		{"*.c", "x.c", true},
		{"*.c", "x.cc", false},
		{"a*b*c", "aXbYbZc", true},
		{"a*b*c", "aXbYbZ", false},
		{"?", "/", false},
		{"a?c", "abc", true},
		{"**", "a/b/c", true},
		{"a/**", "a/b/c", true},
		{"a/**", "a", false},
		{"**/x", "x", true},
		{"**/x", "a/x", true},
		{"**/x", "a/b/x", true},
		{"**/x", "a/bx", false},
		{"a/**/x", "a/x", true},
		{"a/**/x", "a/b/c/x", true},
		{"a/**/x", "ax", false},
		{"**/*.log", "a/b/c.log", true},
		{"**/*.log", "a/b/c.log/d", false},
		{"[a-c]x", "bx", true},
		{"[!a-c]x", "bx", false},
		{"[!a-c]x", "dx", true},
		{"[!a]", "/", false},
		{"[]]", "]", true},
		{"[", "[", true},
		{"\\*", "*", true},
		{"\\*", "x", false},
		{"\xff*", "\xff\x01", true},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		if (glob_match(cases[i].glob, cases[i].text) != cases[i].matches)
			fail_msg("glob %s, text %s: expected %d", cases[i].glob, cases[i].text, cases[i].matches);
}

static void test_hard_globs_end(void **state)
{
	(void)state;
	char text[2001];
	memset(text, 'a', 2000);
	text[2000] = '\0';
	assert_false(glob_match("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", text));
	assert_false(glob_match("**a**a**a**a**a**a**a**a**a**b", text));
}

static void test_first_rule_decides(void **state)
{
	struct rules *rules;
	unsigned rule;
	(void)state;
	assert_int_equal(rules_parse("# mail\n+ *.keep\n- /tmp/\n- *.log\n\n- cur/**/old\n- build/\n", &rules, NULL), 0);
	static const struct {
		const char *path;
		bool folder, in;
		unsigned rule;
	} cases[] = {
		{"a", false, true, 0},		{"x.log", false, false, 3},
		{"a/b/x.log", false, false, 3}, {"x.log.keep", false, true, 1},
		{"tmp", true, false, 2},	{"tmp", false, true, 0},
		{"a/tmp", true, true, 0},	{"cur/a/b/old", false, false, 4},
		{"cur/old", false, false, 4},	{"deep/in/build", true, false, 5},
		{"build", false, true, 0},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(rules_include(rules, cases[i].path, cases[i].folder, &rule), cases[i].in);
		if (rule != cases[i].rule)
			fail_msg("%s: rule %u decided, not %u", cases[i].path, rule, cases[i].rule);
	}
	rules_free(rules);
	assert_true(rules_include(NULL, "a", false, &rule));
	assert_int_equal(rule, 0);
}

static void test_what_is_no_rule(void **state)
{
	static const char *const texts[] = {"+ a\nx\n", "+ a\n+b\n", "+ a\n- \n", "+ a\n+\n"};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		CLEANUP_ERROR struct error err = ERROR_NONE;
		struct rules *rules;
		assert_int_equal(rules_parse(texts[i], &rules, &err), -1);
		assert_string_equal(err.message, "line 2 of the rules is no rule");
		assert_non_null(err.hint);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_globs),
		cmocka_unit_test(test_hard_globs_end),
		cmocka_unit_test(test_first_rule_decides),
		cmocka_unit_test(test_what_is_no_rule),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
