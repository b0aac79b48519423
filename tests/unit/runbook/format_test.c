/*
 * format_test.c - formatting never changes what a document says, keeps every comment, and has nothing to do the second time:
 * over every YAML file of this repository. Run from its top.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "engine/document/document.h"
#include "engine/runbook/format.h"

static int format(const char *name, const char *text, size_t length, struct buffer *out)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct diagnostics diagnostics;
	diagnostics_init(&diagnostics, arena);
	return document_format(document_source(arena, name, text, length), out, &diagnostics);
}

static const struct value *parse(struct arena *arena, const char *text, size_t length)
{
	struct diagnostics diagnostics;
	const struct value *value = NULL;
	diagnostics_init(&diagnostics, arena);
	assert_int_equal(document_parse(arena, document_source(arena, "x", text, length), &value, &diagnostics), 0);
	return value;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What stands behind every '#' of the text, sorted: comments, and whatever else has one. */
static void marks_of(const char *text, struct buffer *out)
{
	char *marks[4096];
	size_t count = 0;
	for (const char *at = text; (at = strchr(at, '#')) && count < COUNT_OF(marks); at++) {
		size_t length = strcspn(at, "\r\n");
		while (length && strchr(" \t", at[length - 1]))
			length--;
		marks[count++] = memory_printf("%.*s\n", (int)length, at);
	}
	qsort(marks, count, sizeof(*marks), by_text);
	for (size_t i = 0; i < count; i++) {
		buffer_add(out, marks[i]);
		free(marks[i]);
	}
}

static void must_keep(const char *path, const char *text, size_t length)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_BUFFER struct buffer once = {0}, twice = {0}, before = {0}, after = {0};
	if (format(path, text, length, &once) < 0)
		return; /* no document: those of tests/cases that are there to be refused */
	assert_int_equal(format(path, once.data, once.length, &twice), 0);
	if (strcmp(buffer_text(&once), buffer_text(&twice)) != 0)
		fail_msg("%s: the second time is not the first: %s", path, buffer_text(&twice));
	const struct value *said = parse(arena, text, length);
	if (value_equal(said, said) && !value_equal(said, parse(arena, once.data, once.length))) /* no number is like .nan */
		fail_msg("%s: it says something else now", path);
	marks_of(text, &before);
	marks_of(buffer_text(&once), &after);
	if (strcmp(buffer_text(&before), buffer_text(&after)) != 0)
		fail_msg("%s: comments are not what they were", path);
	if (once.length)
		assert_int_equal(once.data[once.length - 1], '\n');
}

/* All that is indented three spaces deeper, and spaces at the ends of keys that have their value below. */
static void make_untidy(const char *text, struct buffer *out)
{
	while (*text) {
		size_t length = strcspn(text, "\n"), indent = strspn(text, " ");
		buffer_printf(out, "%*s", indent && indent < length ? 3 : 0, "");
		buffer_append(out, text, length);
		buffer_add(out, !indent && length && text[length - 1] == ':' ? "  \n" : "\n");
		text += length + (text[length] == '\n');
	}
	buffer_add(out, "\n\n");
}

static size_t walk(const char *pattern, void (*visit)(const char *path, const char *text, size_t length))
{
	glob_t found;
	if (glob(pattern, 0, NULL, &found) != 0)
		return 0;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		CLEANUP_FREE char *text = NULL;
		size_t length;
		assert_int_equal(file_read(found.gl_pathv[i], FILE_NO_LIMIT, &text, &length, NULL), 0);
		visit(found.gl_pathv[i], text, length);
	}
	size_t count = found.gl_pathc;
	globfree(&found);
	return count;
}

static void nothing_is_lost(void **state)
{
	static const char *const patterns[] = {"runbooks/*/*.yaml",	 "plugins/*/plugin.yaml",     "tests/cases/*/*.yaml",
					       "tests/cases/*/*/*.yaml", "tests/lab/runbooks/*.yaml", "engine/lint/*.yaml"};
	size_t count = 0;
	(void)state;
	for (size_t i = 0; i < COUNT_OF(patterns); i++)
		count += walk(patterns[i], must_keep);
	assert_true(count > 500);
}

static void is_tidy_again(const char *path, const char *text, size_t length)
{
	CLEANUP_BUFFER struct buffer untidy = {0}, tidy = {0};
	(void)length;
	make_untidy(text, &untidy);
	assert_int_equal(format(path, untidy.data, untidy.length, &tidy), 0);
	assert_string_equal(buffer_text(&tidy), text);
	must_keep(path, untidy.data, untidy.length);
}

static void what_ships_is_tidy_and_becomes_so_again(void **state)
{
	(void)state;
	assert_true(walk("runbooks/*/*.yaml", is_tidy_again) > 10);
}

static void an_example(void **state)
{
	static const char untidy[] = "standin: \"1\"   \n"
				     "runbook: a/b\n"
				     "kind: drill\n"
				     "# what is done\n"
				     "steps:\n"
				     "# first\n"
				     "-   with: {message: \"a  #b\"}   # said\n"
				     "    # why\n"
				     "    uses: core.log\n"
				     "\n"
				     "- group: Two\n"
				     "  steps:\n"
				     "      - uses: core.script\n"
				     "        with:\n"
				     "            script: |\n"
				     "               # no comment\n"
				     "               echo a  \n"
				     "        host: x\n"
				     "  if: inputs.a\n"
				     "\n\n";
	static const char tidy[] = "standin: \"1\"\n"
				   "runbook: a/b\n"
				   "kind: drill\n"
				   "# what is done\n"
				   "steps:\n"
				   "  # first\n"
				   "    # why\n"
				   "  - uses: core.log\n"
				   "    with: {message: \"a  #b\"}   # said\n"
				   "\n"
				   "  - group: Two\n"
				   "    if: inputs.a\n"
				   "    steps:\n"
				   "      - uses: core.script\n"
				   "        host: x\n"
				   "        with:\n"
				   "          script: |\n"
				   "            # no comment\n"
				   "            echo a  \n";
	CLEANUP_BUFFER struct buffer out = {0};
	(void)state;
	assert_int_equal(format("x", untidy, strlen(untidy), &out), 0);
	assert_string_equal(buffer_text(&out), tidy);
	must_keep("x", untidy, strlen(untidy));
}

static void what_cannot_be_moved_stays(void **state)
{
	static const char *const texts[] = {
		"",
		"a",
		"# only a comment\n",
		"a: |+\n  x\n\n\n",
		"a: |2\n    x\nb: 1",
		"- - a\n  - b\n- c\n",
		"a: &x\n    b: 1\nc: *x\n",
		"runbook: a\nsteps:\n  - {with: {a: 1}, uses: b}\n  - with: &w {a: 1}\n    uses: *w\n",
		"runbook: a\nsteps:\n  - uses: &u x\n    hint: y\n    name: *u\n",
		"a: \"x\n   y\"\nb:\n   - >\n      z\n\n      w\n",
		"a:\r\n    b: 1\r\n    c: |\r\n        d\r\n",
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		must_keep("x", texts[i], strlen(texts[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_lost),
		cmocka_unit_test(what_ships_is_tidy_and_becomes_so_again),
		cmocka_unit_test(an_example),
		cmocka_unit_test(what_cannot_be_moved_stays),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
