/*
 * page.c - see page.h.
 */
#include "engine/report/page.h"

#include <stdarg.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/base/utf8.h"

#define NARROWEST 20 /* columns; a terminal that says it has less is treated as if it had these */
#define TAB_WIDTH 4

static const char *const codes[] = {
	[INK_PLAIN] = "",	 [INK_BOLD] = "\033[1m", [INK_DIM] = "\033[2m",	     [INK_GOOD] = "\033[32m",
	[INK_WARN] = "\033[33m", [INK_BAD] = "\033[31m", [INK_ALARM] = "\033[1;31m", [INK_ACT] = "\033[36m",
};

static unsigned page_width(const struct page *page)
{
	unsigned width = page->style->width;
	return width && width < NARROWEST ? NARROWEST : width;
}

static void set_ink(struct page *page, enum ink ink)
{
	if (!page->style->colour || page->ink == ink)
		return;
	if (page->ink != INK_PLAIN)
		buffer_add(page->out, "\033[0m");
	buffer_add(page->out, codes[ink]);
	page->ink = ink;
}

static unsigned narrowed(const struct page *page, unsigned indent)
{
	unsigned width = page_width(page);
	return width && indent > width / 3 ? width / 3 : indent;
}

void page_line(struct page *page, unsigned indent, unsigned hang)
{
	page->column = page->gap = narrowed(page, indent);
	page->hang = narrowed(page, hang);
}

void page_finish(struct page *page)
{
	set_ink(page, INK_PLAIN);
	page->column -= page->gap;
	page->gap = 0;
}

void page_end(struct page *page)
{
	page_finish(page);
	buffer_add_char(page->out, '\n');
	page->column = 0;
}

static void wrap(struct page *page)
{
	page_end(page);
	page->column = page->gap = page->hang;
}

void page_gap(struct page *page, unsigned spaces)
{
	page->gap += spaces;
	page->column += spaces;
}

void page_to(struct page *page, unsigned column)
{
	page_gap(page, page->column < column ? column - page->column : 0);
}

static void emit(struct page *page, enum ink ink, const char *text, size_t length, unsigned columns)
{
	if (page->gap)
		buffer_printf(page->out, "%*s", (int)page->gap, "");
	page->gap = 0;
	set_ink(page, ink);
	buffer_append(page->out, text, length);
	page->column += columns;
}

/* How many bytes of text fit into columns. */
static size_t fitting(const char *text, size_t length, unsigned columns)
{
	size_t taken = 0;
	while (taken < length) {
		uint32_t code;
		size_t size = utf8_decode(text + taken, length - taken, &code);
		size = size ? size : 1;
		if (utf8_width(text, taken + size) > columns)
			break;
		taken += size;
	}
	return taken;
}

/* A word that is too long for any line is broken where the line ends. */
static void put_long_word(struct page *page, enum ink ink, const char *text, size_t length)
{
	while (length) {
		unsigned room = page_width(page) > page->column ? page_width(page) - page->column : 0;
		size_t size = fitting(text, length, room);
		if (size)
			emit(page, ink, text, size, (unsigned)utf8_width(text, size));
		else if (page->column <= page->hang)
			return;
		text += size;
		length -= size;
		if (length && page->cut)
			return;
		if (length)
			wrap(page);
	}
}

static void put_word(struct page *page, enum ink ink, const char *text, size_t length)
{
	unsigned width = page_width(page), columns = (unsigned)utf8_width(text, length);
	if (!width || page->column + columns <= width) {
		emit(page, ink, text, length, columns);
		return;
	}
	if (!page->cut && page->column > page->hang && page->hang + columns <= width) {
		wrap(page);
		emit(page, ink, text, length, columns);
		return;
	}
	put_long_word(page, ink, text, length);
}

static void put_printable(struct page *page, enum ink ink, const char *text, size_t length)
{
	for (size_t i = 0; i < length;) {
		size_t word = strcspn(text + i, " \t\n");
		if (word)
			put_word(page, ink, text + i, word);
		else if (text[i] == '\n')
			wrap(page);
		else if (text[i] == '\t' && !page->style->width)
			emit(page, ink, "\t", 1, TAB_WIDTH);
		else
			page_gap(page, text[i] == '\t' ? TAB_WIDTH : 1);
		i += word ? word : 1;
	}
}

void page_put(struct page *page, enum ink ink, const char *text)
{
	CLEANUP_BUFFER struct buffer printable = {0};
	if (!text)
		return;
	utf8_append_printable(&printable, text, strlen(text), !page->cut);
	put_printable(page, ink, buffer_text(&printable), printable.length);
}

void page_putf(struct page *page, enum ink ink, const char *format, ...)
{
	CLEANUP_BUFFER struct buffer text = {0};
	va_list args;
	va_start(args, format);
	buffer_vprintf(&text, format, args);
	va_end(args);
	page_put(page, ink, buffer_text(&text));
}

unsigned page_text_width(const char *text)
{
	CLEANUP_BUFFER struct buffer printable = {0};
	utf8_append_printable(&printable, text ? text : "", text ? strlen(text) : 0, false);
	return (unsigned)utf8_width(buffer_text(&printable), printable.length);
}

void page_cell(struct page *page, enum ink ink, const char *text, unsigned columns)
{
	CLEANUP_BUFFER struct buffer printable = {0};
	utf8_append_printable(&printable, text ? text : "", text ? strlen(text) : 0, false);
	const char *data = buffer_text(&printable);
	unsigned width = (unsigned)utf8_width(data, printable.length), before = page->column;
	size_t length = printable.length;
	if (page_width(page) && before + columns > page_width(page))
		columns = page_width(page) > before ? page_width(page) - before : 0;
	if (width > columns)
		length = fitting(data, length, columns > 2 ? columns - 2 : columns);
	if (length)
		emit(page, ink, data, length, (unsigned)utf8_width(data, length));
	if (width > columns && columns > 2)
		emit(page, ink, "..", 2, 2);
	if (page->column < before + columns)
		page_gap(page, before + columns - page->column);
}

void page_block(struct page *page, unsigned indent, const char *mark, enum ink ink, const char *text)
{
	size_t length = text ? strlen(text) : 0;
	while (length && text[length - 1] == '\n')
		length--;
	for (size_t i = 0; i < length;) {
		size_t line = strcspn(text + i, "\n");
		line = line < length - i ? line : length - i;
		size_t shown = line && text[i + line - 1] == '\r' ? line - 1 : line; /* Windows ends lines with CR LF */
		CLEANUP_FREE char *copy = memory_printf("%.*s", (int)shown, text + i);
		page_line(page, indent, indent + (unsigned)strlen(mark) + 2);
		page_put(page, INK_DIM, mark);
		page_put(page, ink, copy);
		page_end(page);
		i += line + 1;
	}
}
