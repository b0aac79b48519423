/*
 * failure.c - see failure.h.
 */
#include "engine/report/failure.h"

#include <string.h>

#include "engine/base/memory.h"
#include "engine/report/fields.h"

static void print_error_part(struct page *page, unsigned indent, const char *label, enum ink ink, const char *text)
{
	if (!text || !*text)
		return;
	page_line(page, indent, indent + 4);
	page_putf(page, ink, "%s: ", label);
	page_put(page, INK_PLAIN, text);
	page_end(page);
}

void page_error(struct page *page, unsigned indent, const struct value *error)
{
	print_error_part(page, indent, "error", INK_BAD, value_get_text(error, "message"));
	print_error_part(page, indent, "hint", INK_ACT, value_get_text(error, "hint"));
}

/* The last lines of a text, without the newlines at its end. */
static const char *last_lines(const char *text, unsigned lines, size_t *ret_left_out)
{
	size_t length = strlen(text), start;
	while (length && strchr("\r\n", text[length - 1]))
		length--;
	start = length;
	while (start && (text[start - 1] != '\n' || --lines > 0))
		start--;
	*ret_left_out = 0;
	for (size_t i = 0; i < start; i++)
		*ret_left_out += text[i] == '\n';
	return text + start;
}

static void print_output(struct page *page, unsigned indent, const char *output, unsigned lines)
{
	size_t left_out;
	if (!output || !*output)
		return;
	const char *last = last_lines(output, lines, &left_out);
	if (left_out) {
		page_line(page, indent, indent);
		page_putf(page, INK_DIM, "| (%zu lines before this)", left_out);
		page_end(page);
	}
	page_block(page, indent, "| ", INK_PLAIN, last);
}

void page_evidence(struct page *page, unsigned indent, const struct value *evidence, bool all, unsigned lines)
{
	for (size_t i = 0; value_is(evidence, VALUE_LIST) && i < evidence->list.count; i++) {
		const struct value *item = evidence->list.items[i];
		int64_t code = value_get_int(item, "exit", 0);
		if (!all && code == 0 && i + 1 < evidence->list.count)
			continue;
		page_line(page, indent, indent + 4);
		page_put(page, INK_DIM, "$ ");
		page_command(page, value_get_text(item, "command"));
		if (code)
			page_putf(page, INK_BAD, "  (exit %lld)", (long long)code);
		page_end(page);
		print_output(page, indent, value_get_text(item, "stdout"), lines);
		print_output(page, indent, value_get_text(item, "stderr"), lines);
	}
}
