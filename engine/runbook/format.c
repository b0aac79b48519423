/*
 * format.c - formatting in three passes over lines: spaces, indentation (format_indent.c), order of a step's keys
 * (format_order.c). Each is kept only if the text still means the same.
 */
#include "engine/runbook/format.h"

#include <string.h>

#include "engine/base/memory.h"
#include "engine/document/document.h"
#include "engine/runbook/format_lines.h"

struct text_lines *lines_read(struct arena *arena, const char *name, const char *text, size_t length)
{
	struct text_lines *lines = ARENA_NEW(arena, struct text_lines);
	struct diagnostics diagnostics;
	diagnostics_init(&diagnostics, arena);
	lines->arena = arena;
	lines->source = document_source(arena, name, text, length);
	if (document_parse(arena, lines->source, &lines->value, &diagnostics) < 0)
		return NULL;
	for (size_t start = 0; start < length;) {
		const char *end = memchr(text + start, '\n', length - start);
		size_t next = end ? (size_t)(end - text) + 1 : length;
		struct text_line *line =
			arena_grow(arena, &lines->items, &lines->count, &lines->capacity, sizeof(*lines->items));
		*line = (struct text_line){.start = start, .length = (end ? next - 1 : next) - start};
		start = next;
	}
	return lines;
}

size_t line_at(const struct text_lines *lines, size_t offset)
{
	size_t low = 0, high = lines->count;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (lines->items[middle].start <= offset)
			low = middle;
		else
			high = middle;
	}
	return low;
}

size_t last_line_of(const struct text_lines *lines, const struct value *value)
{
	size_t end = (size_t)value->at.offset + value->at.length;
	while (end > value->at.offset + 1u && strchr(" \t\r\n", lines->source->text[end - 1]))
		end--;
	return line_at(lines, end > value->at.offset ? end - 1 : value->at.offset);
}

const char *line_text(const struct text_lines *lines, size_t line)
{
	return lines->source->text + lines->items[line].start;
}

size_t line_indent(const struct text_lines *lines, size_t line)
{
	size_t indent = 0;
	while (indent < lines->items[line].length && line_text(lines, line)[indent] == ' ')
		indent++;
	return indent;
}

bool line_is_blank(const struct text_lines *lines, size_t line)
{
	for (size_t i = 0; i < lines->items[line].length; i++)
		if (!strchr(" \t\r", line_text(lines, line)[i]))
			return false;
	return true;
}

bool line_is_comment(const struct text_lines *lines, size_t line)
{
	size_t indent = line_indent(lines, line);
	return !lines->items[line].body && indent < lines->items[line].length && line_text(lines, line)[indent] == '#';
}

bool is_block(const struct text_lines *lines, const struct value *value)
{
	return (value_is(value, VALUE_MAP) || value_is(value, VALUE_LIST)) && value->at.source == lines->source &&
	       !strchr("{[*", lines->source->text[value->at.offset]);
}

static void mark_body(struct text_lines *lines, const struct value *value)
{
	char first = lines->source->text[value->at.offset];
	if (value->at.source != lines->source || !value_is(value, VALUE_STRING) || (first != '|' && first != '>'))
		return;
	size_t end = (size_t)value->at.offset + value->at.length;
	for (size_t i = line_at(lines, value->at.offset) + 1; i < lines->count && lines->items[i].start < end; i++)
		lines->items[i].body = true;
}

void lines_mark_bodies(struct text_lines *lines, const struct value *value)
{
	mark_body(lines, value);
	for (size_t i = 0; value_is(value, VALUE_LIST) && i < value->list.count; i++)
		lines_mark_bodies(lines, value->list.items[i]);
	for (size_t i = 0; value_is(value, VALUE_MAP) && i < value->map.count; i++)
		lines_mark_bodies(lines, value->map.entries[i].value);
}

/* Inside of a block scalar only the carriage return goes: YAML does not count it, but it counts spaces. */
static void add_without_spaces(const struct text_lines *lines, size_t line, struct buffer *out)
{
	const char *text = line_text(lines, line), *spaces = lines->items[line].body ? "\r" : " \t\r";
	size_t length = lines->items[line].length;
	while (length && strchr(spaces, text[length - 1]))
		length--;
	buffer_append(out, text, length);
	buffer_add_char(out, '\n');
}

static int format_spaces(struct text_lines *lines, struct buffer *out)
{
	size_t count = lines->count;
	while (count > 1 && line_is_blank(lines, count - 1))
		count--;
	for (size_t i = 0; i < count; i++)
		add_without_spaces(lines, i, out);
	return 0;
}

/* All spaces stay, but the end is a line end. */
static int format_end(struct text_lines *lines, struct buffer *out)
{
	buffer_append(out, lines->source->text, lines->source->length);
	if (out->length && out->data[out->length - 1] != '\n')
		buffer_add_char(out, '\n');
	return 0;
}

/* Each fills out, or returns -1 where it does not apply. */
static int (*const passes[])(struct text_lines *lines, struct buffer *out) = {
	format_end,
	format_spaces,
	format_indent,
};

static bool same_value(const char *name, const struct text_lines *before, const struct buffer *after)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	const struct text_lines *lines = lines_read(arena, name, buffer_text(after), after->length);
	return lines && value_equal(before->value, lines->value);
}

/* *text becomes what the pass makes of it, if that means the same. True if it changed. */
static bool try_pass(const char *name, struct buffer *text, int (*pass)(struct text_lines *lines, struct buffer *out))
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_BUFFER struct buffer out = {0};
	struct text_lines *lines = lines_read(arena, name, buffer_text(text), text->length);
	if (!lines)
		return false;
	lines_mark_bodies(lines, lines->value);
	if (pass(lines, &out) < 0 ||
	    (out.length == text->length && memcmp(buffer_text(&out), buffer_text(text), out.length) == 0) ||
	    !same_value(name, lines, &out))
		return false;
	buffer_reset(text);
	buffer_append(text, out.data, out.length);
	return true;
}

#define ORDER_PASSES_LIMIT 10000 /* one step a pass */

int document_format(const struct source *source, struct buffer *out, struct diagnostics *diagnostics)
{
	const struct value *value;
	if (document_parse(diagnostics->arena, source, &value, diagnostics) < 0)
		return -1;
	buffer_append(out, source->text, source->length);
	for (size_t i = 0; i < COUNT_OF(passes); i++)
		try_pass(source->name, out, passes[i]);
	for (size_t i = 0; i < ORDER_PASSES_LIMIT && try_pass(source->name, out, format_order); i++)
		continue;
	return 0;
}
