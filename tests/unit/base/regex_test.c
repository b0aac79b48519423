/*
 * regex_test.c - regular expressions: groups, lines, limits, messages.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/memory.h"
#include "engine/base/regex.h"

/* 1, 0 or -1, or -2 if the pattern does not compile. */
static int match(const char *pattern, unsigned flags, const char *text, size_t length, struct error *err)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct regex *regex;

	if (regex_compile(arena, pattern, strlen(pattern), flags, &regex, NULL, err))
		return -2;
	return regex_match(regex, text, length, NULL, err);
}

static void expect_match(const char *pattern, unsigned flags, const char *text, int expected)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;

	assert_int_equal(match(pattern, flags, text, strlen(text), &err), expected);
}

static void a_match_is_found_anywhere(void **state)
{
	(void)state;
	expect_match("b+", 0, "abbc", 1);
	expect_match("^b", 0, "abbc", 0);
	expect_match("", 0, "", 1);
	expect_match("^.$", 0, "ä", 1);
	expect_match("\\d", 0, "٣", 0);
	expect_match("mail", REGEX_CASELESS, "MAIL", 1);
}

static void the_end_is_the_very_end(void **state)
{
	(void)state;
	expect_match("a$", 0, "a\n", 0);
	expect_match("^b$", 0, "a\nb\nc", 0);
	expect_match("a.b", 0, "a\nb", 0);
}

static void lines_may_end_in_any_way(void **state)
{
	(void)state;
	expect_match("^b$", REGEX_LINES, "a\nb\nc", 1);
	expect_match("^b$", REGEX_LINES, "a\r\nb\r\nc", 1);
	expect_match("^a$", REGEX_LINES, "a\r", 1);
}

static void named_groups_become_a_map(void **state)
{
	static const char pattern[] = "^(?<key>\\w+)=(?<value>\\d+)?(?P<rest>.*)$";
	CLEANUP_ARENA struct arena *arena = arena_new();
	const struct value *groups;
	struct regex *regex;

	(void)state;
	assert_int_equal(regex_compile(arena, pattern, strlen(pattern), REGEX_LINES, &regex, NULL, NULL), 0);
	assert_int_equal(regex_group_count(regex), 3);
	assert_string_equal(regex_group_name(regex, 0), "key");
	assert_string_equal(regex_group_name(regex, 1), "rest");
	assert_string_equal(regex_group_name(regex, 2), "value");
	assert_int_equal(regex_match_groups(regex, "x\nport=22 open\n", 15, arena, &groups, NULL), 1);
	assert_string_equal(json_text(arena, groups), "{\"key\":\"port\",\"rest\":\" open\",\"value\":\"22\"}");
	assert_int_equal(regex_match_groups(regex, "name=mail", 9, arena, &groups, NULL), 1);
	assert_string_equal(json_text(arena, groups), "{\"key\":\"name\",\"rest\":\"mail\"}");
	assert_int_equal(regex_match_groups(regex, "nothing", 7, arena, &groups, NULL), 0);
}

static void a_bad_pattern_says_where(void **state)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct regex *regex;
	size_t offset;

	(void)state;
	assert_int_equal(regex_compile(arena, "ab(c", 4, 0, &regex, &offset, &err), -1);
	assert_string_equal(error_text(&err), "invalid regular expression: missing closing parenthesis (at offset 4)");
	assert_int_equal(offset, 4);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_int_equal(regex_compile(arena, "*a", 2, 0, &regex, NULL, &err), -1);
	assert_string_equal(error_text(&err),
			    "invalid regular expression: quantifier does not follow a repeatable item (at offset 0)");
	assert_int_equal(regex_compile(arena, "\\C", 2, 0, &regex, NULL, NULL), -1);
}

static void huge_patterns_are_refused(void **state)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_ERROR struct error err = ERROR_NONE;
	char pattern[20000];
	struct regex *regex;

	(void)state;
	memset(pattern, '(', sizeof(pattern));
	assert_int_equal(regex_compile(arena, pattern, sizeof(pattern), 0, &regex, NULL, &err), -1);
	assert_string_equal(error_text(&err), "the regular expression is longer than 16384 bytes");
	assert_int_equal(regex_compile(arena, pattern, 1000, 0, &regex, NULL, &err), -1);
	assert_string_equal(error_text(&err), "invalid regular expression: parentheses are too deeply nested (at offset 51)");
	assert_int_equal(regex_compile(arena, "(((a{1000}){1000}){1000})", 25, 0, &regex, NULL, &err), -1);
	assert_string_equal(error_text(&err), "invalid regular expression: regular expression is too large (at offset 25)");
}

static void a_search_is_bounded_as_a_whole(void **state)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	size_t length = 200000;
	char *text = arena_alloc(arena, length + 1);
	CLEANUP_ERROR struct error err = ERROR_NONE;

	(void)state;
	assert_int_equal(match("^(a+)+$", 0, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", 41, &err), -1);
	assert_string_equal(error_text(&err), "the regular expression was given up: it takes too many steps on this text");
	assert_int_equal(err.code, ERROR_LIMIT);
	assert_string_equal(err.hint, "avoid repeats inside of repeats, such as (a+)+");
	/* A pattern that is cheap from each place, but looks at each place anew. */
	memset(text, 'a', length);
	error_clear(&err);
	assert_int_equal(match("[a-z]*[b-y]$", 0, text, length, &err), -1);
	assert_int_equal(err.code, ERROR_LIMIT);
	assert_int_equal(match("^[a-z]*$", 0, text, length, &err), 1);
	assert_int_equal(match("(?s)^.*b", 0, text, length, &err), 0);
	assert_int_equal(match("^(?:(?:(?:a|aa)+)+)+b", 0, text, length, &err), -1);
	assert_int_equal(match("^(?R)?a(?R)?b", 0, text, length, &err), -1);
}

static void work_is_reported(void **state)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct regex *regex;
	uint64_t steps = 0;

	(void)state;
	assert_int_equal(regex_compile(arena, "a[bc]d", 6, 0, &regex, NULL, NULL), 0);
	assert_int_equal(regex_match(regex, "xxabd", 5, &steps, NULL), 1);
	assert_in_range(steps, 1, 20);
}

static void text_need_not_be_utf8(void **state)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;

	(void)state;
	assert_int_equal(match("^state=(\\w+)$", REGEX_LINES, "\xff\xfe\nstate=up\n\xc3", 13, &err), 1);
	assert_int_equal(match("^.$", REGEX_LINES, "\xff", 1, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_match_is_found_anywhere),	  cmocka_unit_test(the_end_is_the_very_end),
		cmocka_unit_test(lines_may_end_in_any_way),	  cmocka_unit_test(named_groups_become_a_map),
		cmocka_unit_test(a_bad_pattern_says_where),	  cmocka_unit_test(huge_patterns_are_refused),
		cmocka_unit_test(a_search_is_bounded_as_a_whole), cmocka_unit_test(work_is_reported),
		cmocka_unit_test(text_need_not_be_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
