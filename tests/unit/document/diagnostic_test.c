/*
 * diagnostic_test.c - collecting, ordering and printing diagnostics: exact texts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/document/diagnostic.h"

static struct source source_of(const char *text)
{
	return (struct source){.name = "a.yaml", .text = text, .length = strlen(text)};
}

static struct span find(const struct source *source, const char *what)
{
	const char *found = strstr(source->text, what);
	assert_non_null(found);
	return (struct span){source, (size_t)(found - source->text), strlen(what)};
}

static void assert_print(const struct diagnostics *diagnostics, bool colour, const char *expected)
{
	CLEANUP_BUFFER struct buffer out = {0};
	diagnostics_print(&out, diagnostics, colour);
	assert_string_equal(buffer_text(&out), expected);
}

struct fixture {
	struct arena *arena;
	struct diagnostics diagnostics;
};

static int setup(void **state)
{
	struct fixture *fixture = memory_alloc(sizeof(*fixture));
	fixture->arena = arena_new();
	diagnostics_init(&fixture->diagnostics, fixture->arena);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	arena_free(fixture->arena);
	free(fixture);
	return 0;
}

static void with_line_and_hint(void **state)
{
	struct diagnostics *diagnostics = &((struct fixture *)*state)->diagnostics;
	struct source source = source_of("standin: 1\nstpes:\n  - x\n");
	struct diagnostic *found = diagnostics_add(diagnostics, SEVERITY_ERROR, "schema/unknown-key", find(&source, "stpes"),
						   "unknown key '%s'", "stpes");
	diagnostic_suggest(diagnostics, found, "stpes", (const char *const[]){"steps", "lock"}, 2);
	assert_print(diagnostics, false,
		     "a.yaml:2:1: error: unknown key 'stpes' [schema/unknown-key]\n"
		     " 2 | stpes:\n"
		     "   | ^^^^^\n"
		     "   = hint: did you mean 'steps'?\n");
	assert_int_equal(diagnostics->errors, 1);
}

static void candidates_are_listed_when_none_is_near(void **state)
{
	struct diagnostics *diagnostics = &((struct fixture *)*state)->diagnostics;
	struct diagnostic *found = diagnostics_add(diagnostics, SEVERITY_ERROR, "a/b", (struct span){0}, "unknown key");
	diagnostic_suggest(diagnostics, found, "xyz", (const char *const[]){"steps", "lock"}, 2);
	assert_string_equal(found->hint, "allowed here: steps, lock");
	const char *many[20];
	for (size_t i = 0; i < COUNT_OF(many); i++)
		many[i] = "something";
	found = diagnostics_add(diagnostics, SEVERITY_ERROR, "a/b", (struct span){0}, "another");
	diagnostic_suggest(diagnostics, found, "xyz", many, COUNT_OF(many));
	assert_null(found->hint);
}

static void without_place(void **state)
{
	struct diagnostics *diagnostics = &((struct fixture *)*state)->diagnostics;
	struct diagnostic *found = diagnostics_add(diagnostics, SEVERITY_NOTE, "a/b", (struct span){0}, "somewhere");
	diagnostic_hint(diagnostics, found, "one\ntwo");
	assert_print(diagnostics, false, "note: somewhere [a/b]\n  = hint: one\n          two\n");
	assert_int_equal(diagnostics->errors, 0);
}

static void in_colour(void **state)
{
	struct diagnostics *diagnostics = &((struct fixture *)*state)->diagnostics;
	struct source source = source_of("a: b\n");
	diagnostics_add(diagnostics, SEVERITY_WARNING, "a/b", find(&source, "b"), "careful");
	assert_print(diagnostics, true,
		     "a.yaml:1:4: \033[1;33mwarning\033[0m: careful [a/b]\n"
		     " 1 | a: b\n"
		     "   |    \033[1;33m^\033[0m\n");
}

static void wide_and_combining_characters(void **state)
{
	struct diagnostics *diagnostics = &((struct fixture *)*state)->diagnostics;
	struct source source = source_of("名前: e\xcc\x81x wrong\n");
	diagnostics_add(diagnostics, SEVERITY_ERROR, "a/b", find(&source, "wrong"), "wrong");
	diagnostics_add(diagnostics, SEVERITY_ERROR, "a/b", find(&source, "名前"), "wide");
	assert_print(diagnostics, false,
		     "a.yaml:1:9: error: wrong [a/b]\n"
		     " 1 | 名前: e\xcc\x81x wrong\n"
		     "   |          ^^^^^\n"
		     "a.yaml:1:1: error: wide [a/b]\n"
		     " 1 | 名前: e\xcc\x81x wrong\n"
		     "   | ^^^^\n");
}

static void tabs_and_control_characters(void **state)
{
	struct diagnostics *diagnostics = &((struct fixture *)*state)->diagnostics;
	struct source source = source_of("a\tb\x1b[31m\tc\r\n");
	diagnostics_add(diagnostics, SEVERITY_ERROR, "a/b", find(&source, "c"), "\x1b[2Jclear \xe2\x80\xae rtl");
	assert_print(diagnostics, false,
		     "a.yaml:1:10: error: \\x1b[2Jclear \\u202e rtl [a/b]\n"
		     " 1 | a   b\\x1b[31m   c\n"
		     "   |                 ^\n");
}

static void several_lines_mark_the_first(void **state)
{
	struct diagnostics *diagnostics = &((struct fixture *)*state)->diagnostics;
	struct source source = source_of("x:\n  a: 1  \n  b: 2\n");
	diagnostics_add(diagnostics, SEVERITY_ERROR, "a/b", find(&source, "a: 1  \n  b: 2"), "map");
	assert_print(diagnostics, false, "a.yaml:2:3: error: map [a/b]\n 2 |   a: 1  \n   |   ^^^^\n");
}

static void end_of_text(void **state)
{
	struct diagnostics *diagnostics = &((struct fixture *)*state)->diagnostics;
	struct source source = source_of("a: [");
	diagnostics_add(diagnostics, SEVERITY_ERROR, "a/b", (struct span){&source, 4, 1}, "end");
	diagnostics_add(diagnostics, SEVERITY_ERROR, "a/b", (struct span){&source, 400, 1}, "beyond");
	assert_print(diagnostics, false,
		     "a.yaml:1:5: error: end [a/b]\n 1 | a: [\n   |     ^\n"
		     "a.yaml:1:5: error: beyond [a/b]\n 1 | a: [\n   |     ^\n");
}

/* A line of a megabyte is cut around the place, and the mark still stands under it. */
static void long_line(void **state)
{
	struct diagnostics *diagnostics = &((struct fixture *)*state)->diagnostics;
	CLEANUP_BUFFER struct buffer text = {0};
	for (int i = 0; i < 100000; i++)
		buffer_add(&text, "ä ");
	buffer_add(&text, "HERE");
	for (int i = 0; i < 100000; i++)
		buffer_add(&text, " ö");
	struct source source = source_of(text.data);
	diagnostics_add(diagnostics, SEVERITY_ERROR, "a/b", find(&source, "HERE"), "long");
	CLEANUP_BUFFER struct buffer out = {0};
	diagnostics_print(&out, diagnostics, false);
	assert_true(out.length < 600);
	assert_non_null(strstr(out.data, "a.yaml:1:200001: error: long [a/b]\n 1 | …"));
	const char *line = strstr(out.data, " | …") + strlen(" | …"), *mark = strstr(out.data, "   | ") + strlen("   | ");
	size_t place = 0;
	for (const char *c = line; strncmp(c, "HERE", 4) != 0; c++)
		place += ((unsigned char)*c & 0xc0) != 0x80;
	assert_int_equal(strspn(mark, " "), place + 1);
	assert_memory_equal(mark + place + 1, "^^^^\n", 5);
}

static void sorted_without_repetitions(void **state)
{
	struct diagnostics *diagnostics = &((struct fixture *)*state)->diagnostics;
	struct source first = source_of("a: b\nc: d\n"), second = source_of("a: b\n");
	second.name = "b.yaml";
	diagnostics_add(diagnostics, SEVERITY_ERROR, "a/nowhere", (struct span){0}, "last");
	diagnostics_add(diagnostics, SEVERITY_ERROR, "a/b", find(&second, "b"), "fourth");
	diagnostics_add(diagnostics, SEVERITY_ERROR, "a/b", find(&first, "d"), "third");
	diagnostics_add(diagnostics, SEVERITY_WARNING, "a/a", find(&first, "b"), "second");
	diagnostics_add(diagnostics, SEVERITY_ERROR, "a/b", find(&first, "b"), "first");
	diagnostics_add(diagnostics, SEVERITY_ERROR, "a/b", find(&first, "b"), "first");
	assert_int_equal(diagnostics->errors, 5);
	diagnostics_sort(diagnostics);
	assert_int_equal(diagnostics->count, 5);
	assert_int_equal(diagnostics->errors, 4);
	static const char *const order[] = {"first", "second", "third", "fourth", "last"};
	for (size_t i = 0; i < COUNT_OF(order); i++)
		assert_string_equal(diagnostics->items[i].message, order[i]);
}

static void more_than_the_limit(void **state)
{
	struct diagnostics *diagnostics = &((struct fixture *)*state)->diagnostics;
	for (int i = 0; i < DIAGNOSTICS_LIMIT + 3; i++) {
		struct diagnostic *found =
			diagnostics_add(diagnostics, SEVERITY_ERROR, "a/b", (struct span){0}, "number %d", i);
		diagnostic_hint(diagnostics, found, "hint");
		diagnostic_suggest(diagnostics, found, "x", (const char *const[]){"y"}, 1);
	}
	assert_int_equal(diagnostics->count, DIAGNOSTICS_LIMIT);
	assert_int_equal(diagnostics->dropped, 3);
	assert_int_equal(diagnostics->errors, DIAGNOSTICS_LIMIT + 3);
	CLEANUP_BUFFER struct buffer out = {0};
	diagnostics_print(&out, diagnostics, false);
	assert_non_null(strstr(out.data, "\n... and 3 more\n"));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(with_line_and_hint),
		TEST(candidates_are_listed_when_none_is_near),
		TEST(without_place),
		TEST(in_colour),
		TEST(wide_and_combining_characters),
		TEST(tabs_and_control_characters),
		TEST(several_lines_mark_the_first),
		TEST(end_of_text),
		TEST(long_line),
		TEST(sorted_without_repetitions),
		TEST(more_than_the_limit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
