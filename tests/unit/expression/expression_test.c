/*
 * expression_test.c - the expression language beyond the conformance cases: exact error texts, unknowns, taint, limits.
 *
 * Most cases stand in tests/cases/expression/: files of lines "expression => result", read here. "let name = expression" binds
 * a name for the rest of the file. The name `unknown` is unknown, `secret` is the secret string "hunter2". Results are written
 * as show() writes them; what does not compile as "refused OFFSET+LENGTH: why". Run from the top of the repository.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <dirent.h>
#include <string.h>

#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "engine/expression/expression.h"

#define CASES "tests/cases/expression"

static void show(struct buffer *out, const struct value *value);

static void show_text(struct buffer *out, const struct value *value)
{
	const char *prefix = value->type == VALUE_BYTES ? "b" : "";

	buffer_printf(out, "%s\"", prefix);
	for (size_t i = 0; i < value->string.length; i++) {
		unsigned char c = (unsigned char)value->string.data[i];

		if (c < 0x20 || c == 0x7f || (c >= 0x80 && value->type == VALUE_BYTES))
			buffer_printf(out, "\\x%02x", c);
		else if (c == '"' || c == '\\')
			buffer_printf(out, "\\%c", c);
		else
			buffer_add_char(out, (char)c);
	}
	buffer_add(out, "\"");
}

static void show_list(struct buffer *out, const struct value *list)
{
	buffer_add(out, "[");
	for (size_t i = 0; i < list->list.count; i++) {
		buffer_add(out, i ? ", " : "");
		show(out, list->list.items[i]);
	}
	buffer_add(out, "]");
}

static void show_map(struct buffer *out, const struct value *map)
{
	buffer_add(out, "{");
	for (size_t i = 0; i < map->map.count; i++) {
		buffer_add(out, i ? ", " : "");
		show(out, map->map.entries[i].key);
		buffer_add(out, ": ");
		show(out, map->map.entries[i].value);
	}
	buffer_add(out, "}");
}

static void show(struct buffer *out, const struct value *value)
{
	if (value->secret)
		buffer_add(out, "secret ");
	switch (value->type) {
	case VALUE_NULL:
		buffer_add(out, "null");
		break;
	case VALUE_BOOL:
		buffer_add(out, value->boolean ? "true" : "false");
		break;
	case VALUE_INT:
		buffer_printf(out, "%lld", (long long)value->integer);
		break;
	case VALUE_UINT:
		buffer_printf(out, "%lluu", (unsigned long long)value->unsigned_integer);
		break;
	case VALUE_DOUBLE:
		buffer_printf(out, "%.17g%s", value->real, value->real == (double)(long)value->real ? ".0" : "");
		break;
	case VALUE_STRING:
	case VALUE_BYTES:
		show_text(out, value);
		break;
	case VALUE_LIST:
		show_list(out, value);
		break;
	case VALUE_MAP:
		show_map(out, value);
		break;
	case VALUE_TIMESTAMP:
	case VALUE_DURATION:
		buffer_printf(out, "%s %lld.%09d", value_type_name(value->type), (long long)value->time.seconds,
			      value->time.nanoseconds);
		break;
	case VALUE_TYPE:
		buffer_printf(out, "type %s", value->string.data);
		break;
	case VALUE_UNKNOWN:
		buffer_add(out, "?");
		break;
	case VALUE_ERROR:
		buffer_printf(out, "error %u+%u: %s", value->at.offset, value->at.length, value->string.data);
		break;
	}
}

struct fixture {
	struct arena *arena;
	struct value *names; /* a map, of which expressions see the keys */
};

static const struct value *resolve(void *context, const char *name, struct arena *arena)
{
	struct fixture *fixture = context;

	(void)arena;
	return value_get(fixture->names, name);
}

static const struct value *evaluate(struct fixture *fixture, const char *text, size_t length, struct buffer *refused)
{
	struct activation activation = {.resolve = resolve, .context = fixture};
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct expression_place place = {0};
	struct expression *expression;

	if (!expression_compile(fixture->arena, text, length, &expression, &place, &err))
		return expression_evaluate(expression, &activation, fixture->arena);
	buffer_printf(refused, "refused %zu+%zu: %s", place.offset, place.length, error_text(&err));
	return NULL;
}

/* The result as text; free it. */
static char *result_of(struct fixture *fixture, const char *text, size_t length)
{
	struct buffer out = {0};
	const struct value *value = evaluate(fixture, text, length, &out);

	if (value)
		show(&out, value);
	return buffer_take(&out);
}

static void expect(struct fixture *fixture, const char *text, const char *expected)
{
	CLEANUP_FREE char *result = result_of(fixture, text, strlen(text));

	assert_string_equal(result, expected);
}

static int set_up(void **state)
{
	struct fixture *fixture = memory_alloc(sizeof(*fixture));

	fixture->arena = arena_new();
	fixture->names = value_map(fixture->arena);
	value_put(fixture->arena, fixture->names, "unknown", value_unknown());
	value_put(fixture->arena, fixture->names, "secret",
		  value_taint(fixture->arena, value_string(fixture->arena, "hunter2")));
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	arena_free(fixture->arena);
	free(fixture);
	return 0;
}

static void let(struct fixture *fixture, const char *line, const char *place)
{
	const char *equals = strstr(line, " = ");
	CLEANUP_BUFFER struct buffer refused = {0};
	const struct value *value;

	if (!equals)
		fail_msg("%s: 'let' without ' = '", place);
	value = evaluate(fixture, equals + 3, strlen(equals + 3), &refused);
	if (!value)
		fail_msg("%s: %s", place, buffer_text(&refused));
	value_put(fixture->arena, fixture->names, arena_strndup(fixture->arena, line, (size_t)(equals - line)), value);
}

/* 0 if the line holds. */
static int run_line(struct fixture *fixture, const char *line, const char *place)
{
	const char *arrow = NULL;
	CLEANUP_FREE char *result = NULL;

	if (!*line || *line == '#')
		return 0;
	if (!strncmp(line, "let ", 4)) {
		let(fixture, line + 4, place);
		return 0;
	}
	for (const char *at = line; (at = strstr(at, " => ")); at++)
		arrow = at;
	if (!arrow)
		fail_msg("%s: a line without ' => '", place);
	result = result_of(fixture, line, (size_t)(arrow - line));
	if (!strcmp(result, arrow + 4))
		return 0;
	print_error("%s: %.*s\n  expected %s\n  got      %s\n", place, (int)(arrow - line), line, arrow + 4, result);
	return 1;
}

static int run_file(struct fixture *fixture, const char *path)
{
	CLEANUP_FREE char *text = NULL;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	int number = 0, failures = 0;
	size_t length;

	if (file_read(path, FILE_NO_LIMIT, &text, &length, &err))
		fail_msg("%s", error_text(&err));
	for (char *line = text, *end; *line; line = end) {
		CLEANUP_FREE char *place = memory_printf("%s:%d", path, ++number);

		end = strchrnul(line, '\n');
		if (*end)
			*end++ = '\0';
		failures += run_line(fixture, line, place);
	}
	return failures;
}

static int is_case_file(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return length > 4 && !strcmp(entry->d_name + length - 4, ".txt");
}

static void case_files_hold(void **state)
{
	struct dirent **entries = NULL;
	int count = scandir(CASES, &entries, is_case_file, alphasort), failures = 0;

	(void)state;
	assert_true(count > 0);
	for (int i = 0; i < count; i++) {
		CLEANUP_FREE char *path = file_join(CASES, entries[i]->d_name);
		void *fixture;

		free(entries[i]);
		set_up(&fixture);
		failures += run_file(fixture, path);
		tear_down(&fixture);
	}
	free(entries);
	assert_int_equal(failures, 0);
}

/* A text of count times part. */
static char *repeated(const char *part, size_t count)
{
	struct buffer out = {0};

	for (size_t i = 0; i < count; i++)
		buffer_add(&out, part);
	return buffer_take(&out);
}

static void nesting_is_limited_and_chains_too(void **state)
{
	struct fixture *fixture = *state;
	static const char *const parts[] = {"(", "[", "{1:", "!", "-(", "a[", "f(", "a?b:", "[1].map(x,"};
	CLEANUP_FREE char *sum = repeated("1 + ", 249), *more = repeated("1 + ", 250);
	CLEANUP_FREE char *allowed = memory_printf("%s1", sum), *refused = memory_printf("%s1", more);

	expect(fixture, allowed, "250");
	expect(fixture, refused, "refused 0+1: the expression is nested deeper than 250 levels");
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		CLEANUP_FREE char *text = repeated(parts[i], 100000), *result = result_of(fixture, text, strlen(text));

		assert_non_null(strstr(result, "nested deeper than 250 levels"));
	}
}

static void nested_loops_run_out_of_steps(void **state)
{
	struct fixture *fixture = *state;
	struct value *list = value_list(fixture->arena);

	for (int i = 0; i < 1000; i++)
		value_append(fixture->arena, list, value_int(fixture->arena, i));
	value_put(fixture->arena, fixture->names, "l", list);
	expect(fixture, "l.all(x, l.all(y, x + y >= 0))", "error 0+0: the expression takes more than 1000000 steps");
	/* No operator absorbs it. */
	expect(fixture, "l.all(x, l.all(y, x + y >= 0)) || true", "error 0+0: the expression takes more than 1000000 steps");
	expect(fixture, "l.exists(x, l.all(y, x + y >= 0) || true)", "true");
	expect(fixture, "l.filter(x, l.exists(y, x == y)).size()", "error 0+0: the expression takes more than 1000000 steps");
	expect(fixture, "l.filter(x, x in l).size()", "1000");
}

static void values_cannot_grow_without_bound(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP_FREE char *doubling = repeated(".map(x, [x, x])", 60), *lists = memory_printf("[1]%s == [2]", doubling);
	CLEANUP_FREE char *longer = repeated(".map(x, x + x)", 60), *text = memory_printf("['ab']%s", longer);
	CLEANUP_FREE char *inner = repeated(".replace('', 'abcdefgh')", 20), *replaced = memory_printf("'a'%s.size()", inner);

	expect(fixture, lists, "error 0+0: the expression takes more than 1000000 steps");
	expect(fixture, text, "error 0+0: the expression takes more than 1000000 steps");
	expect(fixture, replaced, "error 0+0: the expression takes more than 1000000 steps");
}

static void a_catastrophic_pattern_is_given_up(void **state)
{
	struct fixture *fixture = *state;
	struct value *list = value_list(fixture->arena);

	for (int i = 0; i < 100; i++)
		value_append(fixture->arena, list,
			     value_string(fixture->arena, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"));
	value_put(fixture->arena, fixture->names, "l", list);
	expect(fixture, "l[0].matches('^(a+)+$')",
	       "error 0+23: the regular expression was given up: it takes too many steps on this text");
	expect(fixture, "l.all(x, x.matches('^(a+)+$'))", "error 0+0: the expression takes more than 1000000 steps");
}

static void every_name_is_asked_for_longest_first(void **state)
{
	struct fixture *fixture = *state;
	struct value *map = value_map(fixture->arena);

	value_put(fixture->arena, map, "c", value_string(fixture->arena, "field of a.b"));
	value_put(fixture->arena, fixture->names, "a.b", map);
	value_put(fixture->arena, fixture->names, "a", value_string(fixture->arena, "a"));
	expect(fixture, "a.b.c", "\"field of a.b\"");
	expect(fixture, "has(a.b.c) && !has(a.b.d)", "true");
	value_put(fixture->arena, fixture->names, "a.b.c", value_string(fixture->arena, "a.b.c"));
	expect(fixture, "a.b.c", "\"a.b.c\"");
	expect(fixture, "[{'b': {'c': 1}}].map(a, a.b.c)", "[1]");
	expect(fixture, "[{'b': {'c': 1}}].map(a, .a.b.c)", "[\"a.b.c\"]");
}

static const struct value *resolve_parent(void *context, const char *name, struct arena *arena)
{
	(void)context;
	return !strcmp(name, "above") ? value_string(arena, "from the parent") : NULL;
}

static void a_parent_activation_is_asked_next(void **state)
{
	struct fixture *fixture = *state;
	struct activation parent = {.resolve = resolve_parent},
			  activation = {.resolve = resolve, .context = fixture, .parent = &parent};
	struct expression *expression;

	assert_int_equal(expression_compile(fixture->arena, "above", 5, &expression, NULL, NULL), 0);
	assert_true(value_is_text(expression_evaluate(expression, &activation, fixture->arena), "from the parent"));
	assert_true(value_is(expression_evaluate(expression, NULL, fixture->arena), VALUE_ERROR));
}

static void note(void *context, const char *const *parts, size_t count, struct expression_place place)
{
	struct buffer *out = context;

	for (size_t i = 0; i < count; i++)
		buffer_printf(out, "%s%s", i ? "." : "", parts[i]);
	buffer_printf(out, "@%zu+%zu ", place.offset, place.length);
}

static void names_that_are_read_are_listed(void **state)
{
	struct fixture *fixture = *state;
	static const char text[] =
		"inputs.list.all(x, x.y == steps.a.outputs[x]) && has(run.id) ? e['k'].v : [.x, {y: z.size()}][0].w";
	CLEANUP_BUFFER struct buffer out = {0};
	struct expression *expression;

	assert_int_equal(expression_compile(fixture->arena, text, strlen(text), &expression, NULL, NULL), 0);
	expression_visit_names(expression, note, &out);
	assert_string_equal(buffer_text(&out),
			    "inputs.list@0+11 steps.a.outputs@26+15 run.id@49+11 e.k.v@63+8 x@75+2 y@80+1 z@83+1 ");
}

static void a_literal_nul_stays(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP_FREE char *result = result_of(fixture, "'a\0b'.size()", 12);

	assert_string_equal(result, "3");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(case_files_hold),
		cmocka_unit_test_setup_teardown(nesting_is_limited_and_chains_too, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nested_loops_run_out_of_steps, set_up, tear_down),
		cmocka_unit_test_setup_teardown(values_cannot_grow_without_bound, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_catastrophic_pattern_is_given_up, set_up, tear_down),
		cmocka_unit_test_setup_teardown(every_name_is_asked_for_longest_first, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_parent_activation_is_asked_next, set_up, tear_down),
		cmocka_unit_test_setup_teardown(names_that_are_read_are_listed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_literal_nul_stays, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
