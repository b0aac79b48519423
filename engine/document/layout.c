/*
 * layout.c - indentation, comments, directives: see layout.h. It never changes what a document means.
 */
#include "engine/document/layout.h"

#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_break(char c)
{
	return c == '\n' || c == '\r';
}

static size_t line_end(const struct source *source, size_t offset)
{
	while (offset < source->length && source->text[offset] != '\n')
		offset++;
	return offset;
}

size_t layout_line_start(const struct source *source, size_t offset)
{
	while (offset > 0 && source->text[offset - 1] != '\n')
		offset--;
	return offset;
}

static size_t skip_spaces(const struct source *source, size_t offset)
{
	while (source->text[offset] == ' ')
		offset++;
	return offset;
}

static void report_comment(const struct source *source, size_t offset, struct diagnostics *diagnostics)
{
	struct diagnostic *found = diagnostics_add(diagnostics, SEVERITY_ERROR, "yaml/comment",
						   (struct span){source, offset, 1}, "a comment needs a space before its '#'");
	diagnostic_hint(diagnostics, found, "write ' #'");
}

void layout_check_gap(const struct source *source, size_t from, size_t to, struct diagnostics *diagnostics)
{
	for (size_t i = from; i < to; i++) {
		if (source->text[i] != '#')
			continue;
		if (i > 0 && !is_blank(source->text[i - 1]) && !is_break(source->text[i - 1]))
			report_comment(source, i, diagnostics);
		i = line_end(source, i);
	}
}

static void report_continuation(const struct source *source, size_t start, size_t text, long indent,
				struct diagnostics *diagnostics)
{
	if (source->text[text] == '\t') {
		struct diagnostic *found = diagnostics_add(diagnostics, SEVERITY_ERROR, "yaml/tab",
							   (struct span){source, text, 1}, "a tab in the indentation");
		diagnostic_hint(diagnostics, found, "indent with spaces");
		return;
	}
	struct span at = {source, text, line_end(source, text) - text};
	struct diagnostic *found =
		diagnostics_add(diagnostics, SEVERITY_ERROR, "yaml/indentation", at,
				"this line continues a value and must be indented deeper than what holds it");
	diagnostic_hint(diagnostics, found, "indent it by at least %ld space%s (it has %zu)", indent + 1, indent ? "s" : "",
			text - start);
}

void layout_check_continuation(const struct span *at, long indent, bool comments, struct diagnostics *diagnostics)
{
	const struct source *source = at->source;
	size_t end = at->offset + at->length;
	if (!memchr(source->text + at->offset, '\n', at->length))
		return; /* it has one line, and that may be very long */
	for (size_t i = line_end(source, at->offset) + 1; i < end; i = line_end(source, i) + 1) {
		size_t text = skip_spaces(source, i);
		size_t behind_tabs = text + strspn(source->text + text, " \t");
		if (is_break(source->text[behind_tabs]) || (comments && source->text[behind_tabs] == '#'))
			continue;
		if ((long)(text - i) <= indent)
			report_continuation(source, i, text, indent, diagnostics);
	}
}

static void report_leading_line(const struct source *source, size_t start, size_t length, struct diagnostics *diagnostics)
{
	struct span at = {source, start, length};
	struct diagnostic *found = diagnostics_add(diagnostics, SEVERITY_ERROR, "yaml/indentation", at,
						   "this empty line has more spaces than the text below it");
	diagnostic_hint(diagnostics, found, "remove the spaces, or say the indentation: '|2'");
}

/* The lines before the first text: none may hold more spaces than that text's indentation. */
static void check_leading_lines(const struct source *source, size_t first, long indent, struct diagnostics *diagnostics)
{
	size_t widest = 0, widest_start = first;
	for (size_t i = first; i < source->length; i = line_end(source, i) + 1) {
		size_t text = skip_spaces(source, i);
		if (text < source->length && !is_break(source->text[text])) {
			if (text - i < widest && (long)(text - i) > indent)
				report_leading_line(source, widest_start, widest, diagnostics);
			return;
		}
		if (text - i > widest) {
			widest = text - i;
			widest_start = i;
		}
	}
}

void layout_check_block_scalar(const struct span *at, long indent, struct diagnostics *diagnostics)
{
	const struct source *source = at->source;
	size_t end = line_end(source, at->offset);
	layout_check_gap(source, at->offset, end, diagnostics);
	bool explicit_indent = strcspn(source->text + at->offset, "123456789") < strcspn(source->text + at->offset, " \t\r\n#");
	if (!explicit_indent)
		check_leading_lines(source, end + 1, indent, diagnostics);
}

void layout_check_flow_plain(const struct span *at, struct diagnostics *diagnostics)
{
	const char *text = at->source->text + at->offset;
	if (!at->length || !strchr("-?:", text[0]) || !text[1] || !strchr(",[]{} \t\r\n", text[1]))
		return;
	struct diagnostic *found = diagnostics_add(diagnostics, SEVERITY_ERROR, "yaml/syntax", *at,
						   "'%c' alone is no value inside [ ] or { }", text[0]);
	diagnostic_hint(diagnostics, found, "quote it: '%c'", text[0]);
}

static bool is_yaml_1_2(const char *line)
{
	size_t number = strlen("%YAML");
	if (strncmp(line, "%YAML", number) != 0 || !is_blank(line[number]))
		return false;
	number += strspn(line + number, " \t");
	if (strncmp(line + number, "1.2", 3) != 0)
		return false;
	const char *rest = line + number + 3;
	const char *behind = rest + strspn(rest, " \t");
	return !*behind || is_break(*behind) || (*behind == '#' && behind > rest);
}

void layout_check_directives(const struct source *source, size_t end, struct diagnostics *diagnostics)
{
	for (size_t i = 0; i < end; i = line_end(source, i) + 1) {
		size_t length = line_end(source, i) - i;
		if (source->text[i] != '%' || is_yaml_1_2(source->text + i))
			continue;
		struct diagnostic *found = diagnostics_add(diagnostics, SEVERITY_ERROR, "yaml/directive",
							   (struct span){source, i, length}, "this directive is not supported");
		diagnostic_hint(diagnostics, found, "remove it; only '%%YAML 1.2' is understood");
	}
}
