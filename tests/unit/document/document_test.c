/*
 * document_test.c - YAML in, values or diagnostics out. What can be written as a file stands in tests/cases/document; here is
 * the rest: places, limits, reading. Run from the top of the repository.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <unistd.h>

#include "engine/base/json.h"
#include "engine/document/document.h"
#include "tests/unit/document/cases.h"

#define LEAST_CASES 120

static void run_case(const char *path, struct buffer *out, void *context)
{
	(void)context;
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct diagnostics diagnostics;
	const struct source *source;
	const struct value *value;
	diagnostics_init(&diagnostics, arena);
	int result = document_read(arena, path, &source, &value, &diagnostics);
	assert_int_equal(result<0, diagnostics.errors> 0);
	diagnostics_sort(&diagnostics);
	diagnostics_print(out, &diagnostics, false);
	if (result == 0) {
		json_format(out, value, JSON_INDENTED);
		buffer_add(out, "\n");
	}
}

static void cases(void **state)
{
	(void)state;
	int failed;
	assert_true(cases_walk("tests/cases/document", run_case, NULL, &failed) >= LEAST_CASES);
	assert_int_equal(failed, 0);
}

struct parsed {
	struct arena *arena;
	const struct source *source;
	const struct value *value;
	struct diagnostics diagnostics;
	int result;
};

static struct parsed parse(struct arena *arena, const char *text, size_t length)
{
	struct parsed parsed = {.arena = arena, .source = document_source(arena, "test.yaml", text, length)};
	diagnostics_init(&parsed.diagnostics, arena);
	parsed.result = document_parse(arena, parsed.source, &parsed.value, &parsed.diagnostics);
	return parsed;
}

static void assert_place(const struct value *value, const char *text)
{
	assert_non_null(value);
	assert_non_null(value->at.source);
	assert_int_equal(value->at.length, strlen(text));
	assert_memory_equal(value->at.source->text + value->at.offset, text, strlen(text));
}

static void places(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	static const char text[] = "é: \"quoted\"\n"
				   "plain: two words # comment\n"
				   "block: |\n  text\n  more\n\n"
				   "flow: [a, {b: c}]\n"
				   "deep:\n  - x: 1\n    y: [2\n      ]\n"
				   "anchor: &name value\n"
				   "alias: *name\n"
				   "empty:\n";
	struct parsed parsed = parse(arena, text, strlen(text));
	const struct value *map = parsed.value;
	assert_int_equal(parsed.result, 0);
	assert_place(map->map.entries[0].key, "é");
	assert_place(value_get(map, "é"), "\"quoted\"");
	assert_place(value_get(map, "plain"), "two words");
	assert_place(value_get(map, "block"), "|\n  text\n  more");
	assert_place(value_get(map, "flow"), "[a, {b: c}]");
	assert_place(value_get(map, "flow")->list.items[1], "{b: c}");
	assert_place(value_get(map, "deep"), "- x: 1\n    y: [2\n      ]");
	assert_place(value_get(map, "deep")->list.items[0], "x: 1\n    y: [2\n      ]");
	assert_place(value_get(map, "anchor"), "value");
	assert_place(value_get(map, "alias"), "*name");
	assert_place(value_get(map, "empty"), "");
	assert_int_equal(source_locate(parsed.source, value_get(map, "empty")->at.offset).line, 14);
}

static void places_far_into_text_that_is_not_ascii(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_BUFFER struct buffer text = {0};
	for (int i = 0; i < 2000; i++)
		buffer_printf(&text, "k%d: \"€𝄞ä\" # ü\n", i);
	buffer_add(&text, "last: here\n");
	struct parsed parsed = parse(arena, text.data, text.length);
	assert_int_equal(parsed.result, 0);
	assert_place(value_get(parsed.value, "last"), "here");
	assert_place(value_get(parsed.value, "k1234"), "\"€𝄞ä\"");
}

static void last_line_without_newline(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	assert_string_equal(value_get_text(parse(arena, "a: |\n  b", 8).value, "a"), "b\n");
	assert_string_equal(value_get_text(parse(arena, "a: b", 4).value, "a"), "b");
	struct parsed parsed = parse(arena, "a: [", 4);
	assert_int_equal(parsed.result, -1);
	assert_int_equal(parsed.diagnostics.items[0].at.offset, 3);
}

static void assert_refused(const struct parsed *parsed, const char *rule)
{
	assert_int_equal(parsed->result, -1);
	assert_int_equal(parsed->diagnostics.errors, 1);
	assert_string_equal(parsed->diagnostics.items[0].rule, rule);
}

static void size_limit(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_FREE char *text = memory_alloc(DOCUMENT_SIZE_LIMIT + 1);
	memset(text, '#', DOCUMENT_SIZE_LIMIT + 1);
	struct parsed parsed = parse(arena, text, DOCUMENT_SIZE_LIMIT + 1);
	assert_refused(&parsed, "yaml/size");
	parsed = parse(arena, text, DOCUMENT_SIZE_LIMIT);
	assert_int_equal(parsed.result, 0);
	assert_true(value_is(parsed.value, VALUE_NULL));
}

/* Neither a large file nor one made to be slow takes long; what would be quadratic is bounded. */
static void large_files(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_BUFFER struct buffer text = {0};
	const int most = DOCUMENT_VALUES_LIMIT / 2 - 1; /* keys and values, and the map itself */
	for (int i = 0; i < most; i++)
		buffer_printf(&text, "k%d:\n", i);
	struct parsed parsed = parse(arena, text.data, text.length);
	assert_int_equal(parsed.result, 0);
	assert_int_equal(parsed.value->map.count, most);
	buffer_add(&text, "more: 1\n");
	parsed = parse(arena, text.data, text.length);
	assert_refused(&parsed, "yaml/size");

	buffer_reset(&text);
	while (text.length < DOCUMENT_SIZE_LIMIT - 20)
		buffer_add(&text, "a: !x\n");
	parsed = parse(arena, text.data, text.length);
	assert_int_equal(parsed.result, -1);
	assert_int_equal(parsed.diagnostics.count, DIAGNOSTICS_LIMIT);
	assert_int_equal(parsed.diagnostics.dropped, parsed.diagnostics.errors - DIAGNOSTICS_LIMIT);

	buffer_reset(&text);
	while (text.length < DOCUMENT_SIZE_LIMIT - 20)
		buffer_add(&text, "[");
	parsed = parse(arena, text.data, text.length);
	assert_refused(&parsed, "yaml/depth");
}

static void alias_limit(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_BUFFER struct buffer text = {0};
	buffer_add(&text, "a: &a x\nb:\n");
	for (int i = 0; i < DOCUMENT_ALIAS_LIMIT; i++)
		buffer_add(&text, "- *a\n");
	assert_int_equal(parse(arena, text.data, text.length).result, 0);
	buffer_add(&text, "- *a\n");
	struct parsed parsed = parse(arena, text.data, text.length);
	assert_refused(&parsed, "yaml/alias");
}

static void anchor_limit(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_BUFFER struct buffer text = {0};
	for (int i = 0; i < 1001; i++)
		buffer_printf(&text, "- &a%d x\n", i);
	struct parsed parsed = parse(arena, text.data, text.length);
	assert_refused(&parsed, "yaml/alias");
}

static void read_file(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct diagnostics diagnostics;
	const struct source *source;
	const struct value *value;
	CLEANUP_BUFFER struct buffer out = {0};
	diagnostics_init(&diagnostics, arena);
	assert_int_equal(document_read(arena, "tests/cases/no-such-file.yaml", &source, &value, &diagnostics), -1);
	assert_string_equal(diagnostics.items[0].rule, "document/unreadable");
	diagnostics_print(&out, &diagnostics, false);
	assert_string_equal(buffer_text(&out), "error: cannot open tests/cases/no-such-file.yaml: No such file or directory"
					       " [document/unreadable]\n");
}

static void read_standard_input(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct diagnostics diagnostics;
	const struct source *source;
	const struct value *value;
	int ends[2], kept = dup(STDIN_FILENO);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "a: b\n", 5), 5);
	close(ends[1]);
	dup2(ends[0], STDIN_FILENO);
	close(ends[0]);
	diagnostics_init(&diagnostics, arena);
	int result = document_read(arena, "-", &source, &value, &diagnostics);
	dup2(kept, STDIN_FILENO);
	close(kept);
	assert_int_equal(result, 0);
	assert_string_equal(source->name, "<stdin>");
	assert_string_equal(value_get_text(value, "a"), "b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cases),
		cmocka_unit_test(places),
		cmocka_unit_test(places_far_into_text_that_is_not_ascii),
		cmocka_unit_test(last_line_without_newline),
		cmocka_unit_test(size_limit),
		cmocka_unit_test(large_files),
		cmocka_unit_test(alias_limit),
		cmocka_unit_test(anchor_limit),
		cmocka_unit_test(read_file),
		cmocka_unit_test(read_standard_input),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
