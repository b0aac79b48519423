/*
 * diagnostic_print.c - diagnostics as text for people.
 *
 *     mail.yaml:12:7: error: unknown key 'stpes' [schema/unknown-key]
 *      12 | stpes:
 *         | ^^^^^
 *         = hint: did you mean 'steps'?
 *
 * A column is counted in code points; what is shown is made of cells: one code point each, drawn as one or more terminal
 * columns (a tab as spaces, a control character as its escape). A long line is cut to a window around the place.
 */
#include "engine/document/diagnostic.h"

#include <stdio.h>
#include <string.h>

#include "engine/base/utf8.h"

#define TAB_WIDTH    4
#define WINDOW_WIDTH 110 /* terminal columns of the source line that are shown */
#define WINDOW_LEAD  30	 /* columns shown before the place when the line is cut */
#define CUT	     "…"
#define FAR	     1024 /* bytes around the place that are looked at at all: a line may be a whole megabyte */

static const struct {
	const char *name, *colour;
} severities[] = {
	[SEVERITY_ERROR] = {"error", "\033[1;31m"},
	[SEVERITY_WARNING] = {"warning", "\033[1;33m"},
	[SEVERITY_NOTE] = {"note", "\033[1;36m"},
};

struct printer {
	struct buffer *out;
	bool colour;
};

static void print_coloured(const struct printer *printer, const char *colour, const char *text)
{
	if (printer->colour)
		buffer_printf(printer->out, "%s%s\033[0m", colour, text);
	else
		buffer_add(printer->out, text);
}

/* The line of source that a span begins in, without its line break. */
struct line {
	const char *text;
	size_t length;
	size_t place;  /* offset of the span in the line */
	size_t marked; /* bytes of the span that lie in the line, without white space at its end */
	bool cut;      /* text begins in the middle of the real line */
};

static bool is_continuation(char byte)
{
	return ((unsigned char)byte & 0xc0) == 0x80;
}

static struct line line_of(const struct span *at)
{
	const char *text = at->source->text;
	size_t place = at->offset < at->source->length ? at->offset : at->source->length;
	size_t start = place, end = place;
	while (start > 0 && text[start - 1] != '\n' && (place - start < FAR || is_continuation(text[start])))
		start--;
	while (end < at->source->length && text[end] != '\n' && (end - place < FAR || is_continuation(text[end])))
		end++;
	if (end > place && text[end - 1] == '\r')
		end--;
	size_t marked = at->length < end - place ? at->length : end - place;
	while (marked > 1 && strchr(" \t\r", text[place + marked - 1]))
		marked--;
	return (struct line){.text = text + start,
			     .length = end - start,
			     .place = place - start,
			     .marked = marked,
			     .cut = start > 0 && text[start - 1] != '\n'};
}

/* Draw the code point at *offset, which is moved behind it; the drawing stands in cell. Returns its terminal columns. */
static size_t draw_cell(const struct line *line, size_t *offset, size_t column, struct buffer *cell)
{
	uint32_t code;
	size_t size = utf8_decode(line->text + *offset, line->length - *offset, &code);
	buffer_reset(cell);
	if (line->text[*offset] == '\t') {
		for (size_t i = column % TAB_WIDTH; i < TAB_WIDTH; i++)
			buffer_add_char(cell, ' ');
	} else {
		utf8_append_printable(cell, line->text + *offset, size ? size : 1, false);
	}
	*offset += size ? size : 1;
	return utf8_width(cell->data, cell->length);
}

/* Terminal columns from the beginning of the line to offset. */
static size_t column_at(const struct line *line, size_t offset)
{
	CLEANUP_BUFFER struct buffer cell = {0};
	size_t column = 0;
	for (size_t i = 0; i < offset;)
		column += draw_cell(line, &i, column, &cell);
	return column;
}

/* Append the cells that lie in the window from left on. Returns how many columns the mark of the cut at the left takes. */
static size_t print_window(struct buffer *out, const struct line *line, size_t left)
{
	CLEANUP_BUFFER struct buffer cell = {0};
	size_t column = 0, first = 0;
	bool begun = false;
	if (left)
		buffer_add(out, CUT);
	for (size_t i = 0; i < line->length;) {
		size_t width = draw_cell(line, &i, column, &cell);
		if (column >= left && column + width > left + WINDOW_WIDTH) {
			buffer_add(out, CUT);
			break;
		}
		if (column >= left) {
			if (!begun)
				first = column;
			begun = true;
			buffer_append(out, cell.data, cell.length);
		}
		column += width;
	}
	return left ? first - left : 0;
}

static void print_source(const struct printer *printer, const struct span *at, const struct location *location,
			 enum severity severity)
{
	struct line line = line_of(at);
	size_t start = column_at(&line, line.place);
	size_t end = column_at(&line, line.place + line.marked);
	size_t left = start > WINDOW_WIDTH - WINDOW_LEAD ? start - WINDOW_LEAD : line.cut;
	CLEANUP_BUFFER struct buffer margin = {0};
	buffer_printf(&margin, " %u", location->line);
	buffer_printf(printer->out, "%s | ", buffer_text(&margin));
	size_t skipped = print_window(printer->out, &line, left);
	buffer_printf(printer->out, "\n%*s | ", (int)margin.length, "");
	if (end > left + WINDOW_WIDTH)
		end = left + WINDOW_WIDTH;
	size_t indent = start - left - skipped + (left ? 1 : 0);
	CLEANUP_BUFFER struct buffer carets = {0};
	for (size_t i = start; i < end || i == start; i++)
		buffer_add_char(&carets, '^');
	for (size_t i = 0; i < indent; i++)
		buffer_add_char(printer->out, ' ');
	print_coloured(printer, severities[severity].colour, buffer_text(&carets));
	buffer_add_char(printer->out, '\n');
}

static void print_hint(const struct printer *printer, const char *hint, size_t margin)
{
	CLEANUP_BUFFER struct buffer text = {0};
	utf8_append_printable(&text, hint, strlen(hint), true);
	buffer_printf(printer->out, "%*s = ", (int)margin, "");
	print_coloured(printer, "\033[1m", "hint: ");
	for (const char *c = buffer_text(&text); *c; c++) {
		buffer_add_char(printer->out, *c);
		if (*c == '\n')
			buffer_printf(printer->out, "%*s", (int)margin + 9, "");
	}
	buffer_add_char(printer->out, '\n');
}

static void print_one(const struct printer *printer, const struct diagnostic *diagnostic)
{
	struct location location = {0};
	size_t margin = 1;
	if (diagnostic->at.source) {
		location = source_locate(diagnostic->at.source, diagnostic->at.offset);
		margin = (size_t)snprintf(NULL, 0, " %u", location.line);
		utf8_append_printable(printer->out, diagnostic->at.source->name, strlen(diagnostic->at.source->name), false);
		buffer_printf(printer->out, ":%u:%u: ", location.line, location.column);
	}
	print_coloured(printer, severities[diagnostic->severity].colour, severities[diagnostic->severity].name);
	buffer_add(printer->out, ": ");
	utf8_append_printable(printer->out, diagnostic->message, strlen(diagnostic->message), false);
	buffer_printf(printer->out, " [%s]\n", diagnostic->rule);
	if (diagnostic->at.source)
		print_source(printer, &diagnostic->at, &location, diagnostic->severity);
	if (diagnostic->hint)
		print_hint(printer, diagnostic->hint, margin);
}

void diagnostics_print(struct buffer *out, const struct diagnostics *diagnostics, bool colour)
{
	struct printer printer = {.out = out, .colour = colour};
	for (size_t i = 0; i < diagnostics->count; i++)
		print_one(&printer, &diagnostics->items[i]);
	if (diagnostics->dropped)
		buffer_printf(out, "... and %zu more\n", diagnostics->dropped);
}
