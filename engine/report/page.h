/*
 * page.h - text laid out in columns: indent, colour, wrapping with a hanging indent. Internal to report/.
 *
 * A page knows nothing about plans or runs. Whatever is put on it is made printable first. Spaces are written only before the
 * next word, so no line ends in spaces; where a line is wrapped, they vanish. width 0: nothing is ever wrapped or cut.
 */
#pragma once

#include "engine/base/buffer.h"
#include "engine/report/report.h"

enum ink {
	INK_PLAIN,
	INK_BOLD,
	INK_DIM,
	INK_GOOD,  /* green */
	INK_WARN,  /* yellow */
	INK_BAD,   /* red */
	INK_ALARM, /* bold red: what cannot be undone, what waits for a person */
	INK_ACT,   /* cyan: something is being done */
};

struct page {
	struct buffer *out;		  /* borrowed */
	const struct report_style *style; /* borrowed */
	bool cut;			  /* what does not fit on the line is dropped instead of wrapped */
	unsigned column;		  /* where the next character goes, the gap included */
	unsigned gap;			  /* spaces not yet written */
	unsigned hang;			  /* where a wrapped line goes on */
	enum ink ink;			  /* what the terminal is set to */
};

/* Begin a line: indent, and where its continuation begins. Both are narrowed on a narrow terminal. */
void page_line(struct page *page, unsigned indent, unsigned hang);
void page_put(struct page *page, enum ink ink,
	      const char *text); /* newlines in it begin at the hanging indent; NULL is nothing */
void page_putf(struct page *page, enum ink ink, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* At most columns wide, then filled up to them; ".." stands for what was cut. */
void page_cell(struct page *page, enum ink ink, const char *text, unsigned columns);
void page_gap(struct page *page, unsigned spaces);
void page_to(struct page *page, unsigned column); /* nothing if the line is there or beyond */
void page_end(struct page *page);		  /* colour off, newline */
void page_finish(struct page *page);		  /* colour off, no newline */

unsigned page_text_width(const char *text); /* columns that page_put takes for it */
/* The same text on lines of its own, with a mark ("$ ", "| ") before each. */
void page_block(struct page *page, unsigned indent, const char *mark, enum ink ink, const char *text);
