/*
 * golden.h - compare what a report prints with tests/cases/report/NAME.txt. UPDATE_GOLDEN=1 writes the files instead; then read
 * the diff.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/file.h"
#include "engine/base/json.h"
#include "engine/base/memory.h"
#include "engine/base/utf8.h"
#include "engine/report/report.h"

#define GOLDEN_CASES "tests/cases/report/"

static const struct value *golden_read(struct arena *arena, const char *name)
{
	CLEANUP_FREE char *path = memory_printf(GOLDEN_CASES "%s.json", name), *text = NULL;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	const struct value *value = NULL;
	size_t length = 0;
	if (file_read(path, FILE_NO_LIMIT, &text, &length, &err) < 0 || json_parse(arena, text, length, &value, &err) < 0)
		fail_msg("%s: %s", path, error_text(&err));
	return value;
}

static void golden_compare(const char *name, const char *actual)
{
	CLEANUP_FREE char *path = memory_printf(GOLDEN_CASES "%s", name), *expected = NULL;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	size_t length = 0;
	if (getenv("UPDATE_GOLDEN")) {
		FILE *file = fopen(path, "we");
		assert_non_null(file);
		fputs(actual, file);
		fclose(file);
		return;
	}
	if (file_read(path, FILE_NO_LIMIT, &expected, &length, &err) < 0)
		fail_msg("%s", error_text(&err));
	if (strcmp(expected, actual) != 0)
		print_message("--- %s differs; this was printed:\n%s---\n", path, actual);
	assert_string_equal(actual, expected);
}

static inline char *golden_name(const char *name, const struct report_style *style)
{
	return memory_printf("%s-%u%s%s.txt", name, style->width, style->colour ? "-colour" : "",
			     style->verbose ? "-verbose" : "");
}

static void golden_check_line(const char *line, size_t length, const struct report_style *style)
{
	CLEANUP_BUFFER struct buffer plain = {0};
	for (size_t i = 0; i < length; i++) {
		if (line[i] == '\033') {
			assert_true(style->colour && line[i + 1] == '[');
			i += 2 + strspn(line + i + 2, "0123456789;");
			assert_int_equal(line[i], 'm');
			continue;
		}
		assert_true((unsigned char)line[i] >= 0x20 || line[i] == '\t');
		assert_int_not_equal(line[i], 0x7f);
		buffer_add_char(&plain, line[i]);
	}
	assert_true(utf8_valid(buffer_text(&plain), plain.length));
	if (plain.length)
		assert_int_not_equal(plain.data[plain.length - 1], ' ');
	if (style->width)
		assert_true(utf8_width(buffer_text(&plain), plain.length) <= style->width);
}

/* What reports promise, whatever the input was: no control character but newline, tab and (with colour) its own SGR codes; no
 * space at the end of a line; no line wider than the terminal. */
static void golden_check_safe(const char *text, const struct report_style *style)
{
	for (size_t i = 0; text[i];) {
		size_t length = strcspn(text + i, "\n");
		golden_check_line(text + i, length, style);
		i += length + (text[i + length] == '\n');
	}
}

/* Each case in each style. print: report_plan, report_run or report_runs. */
static inline void golden_all(void (*print)(struct buffer *out, const struct value *value, const struct report_style *style),
			      const char *const *names, size_t names_count, const struct report_style *styles,
			      size_t styles_count)
{
	for (size_t i = 0; i < names_count; i++) {
		for (size_t j = 0; j < styles_count; j++) {
			CLEANUP_ARENA struct arena *arena = arena_new();
			CLEANUP_BUFFER struct buffer out = {0};
			CLEANUP_FREE char *file = golden_name(names[i], &styles[j]);
			print(&out, golden_read(arena, names[i]), &styles[j]);
			golden_check_safe(buffer_text(&out), &styles[j]);
			golden_compare(file, buffer_text(&out));
		}
	}
}

static const struct report_style golden_styles[] = {
	{.width = 0},
	{.width = 100},
	{.width = 40},
	{.width = 0, .colour = true},
	{.width = 100, .colour = true, .terminal = true},
	{.width = 40, .colour = true, .terminal = true},
	{.width = 100, .verbose = true},
};
