/*
 * html.c - see html.h.
 */
#include "engine/report/html.h"

#include <string.h>

#include "engine/base/memory.h"
#include "engine/base/utf8.h"

static void escape(struct buffer *out, const char *text, size_t length)
{
	static const char *const entities[] = {
		['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;", ['\''] = "&#39;"};
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];
		const char *entity = c < COUNT_OF(entities) ? entities[c] : NULL;
		if (entity)
			buffer_add(out, entity);
		else
			buffer_add_char(out, text[i]);
	}
}

void html_text(struct buffer *out, const char *text)
{
	CLEANUP_BUFFER struct buffer printable = {0};
	if (!text)
		return;
	utf8_append_printable(&printable, text, strlen(text), true);
	escape(out, buffer_text(&printable), printable.length);
}

void html_putf(struct buffer *out, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	for (const char *at = format; *at;) {
		size_t plain = strcspn(at, "%");
		buffer_append(out, at, plain);
		at += plain;
		if (!*at)
			break;
		if (at[1] == 's')
			html_text(out, va_arg(args, const char *));
		else if (at[1] == 'd')
			buffer_printf(out, "%d", va_arg(args, int));
		else
			buffer_add_char(out, '%');
		at += 2;
	}
	va_end(args);
}

const char *html_class(enum ink ink)
{
	static const char *const classes[] = {[INK_PLAIN] = "",	   [INK_BOLD] = "",   [INK_DIM] = "dim",   [INK_GOOD] = "good",
					      [INK_WARN] = "warn", [INK_BAD] = "bad", [INK_ALARM] = "bad", [INK_ACT] = "act"};
	return classes[ink];
}
