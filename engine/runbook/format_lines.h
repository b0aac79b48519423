/*
 * format_lines.h - inside of this folder: a document's text by lines, beside its value.
 */
#pragma once

#include "engine/base/buffer.h"
#include "engine/base/value.h"

struct text_line {
	size_t start;  /* offset */
	size_t length; /* without the line end */
	bool body;     /* of a block scalar: its spaces are content */
};

struct text_lines {
	struct arena *arena;
	const struct source *source;
	const struct value *value;
	struct text_line *items;
	size_t count, capacity;
};

struct text_lines *lines_read(struct arena *arena, const char *name, const char *text, size_t length); /* NULL: no document */
void lines_mark_bodies(struct text_lines *lines, const struct value *value);
size_t line_at(const struct text_lines *lines, size_t offset);
size_t last_line_of(const struct text_lines *lines, const struct value *value); /* that has something of it */
const char *line_text(const struct text_lines *lines, size_t line);
size_t line_indent(const struct text_lines *lines, size_t line);
bool line_is_blank(const struct text_lines *lines, size_t line);
bool line_is_comment(const struct text_lines *lines, size_t line);
bool is_block(const struct text_lines *lines,
	      const struct value *value); /* a list or map that is written on lines of its own */

/* Passes: out gets the whole text anew. -1: nothing to do, or it is written in a way that is not understood. */
int format_indent(struct text_lines *lines, struct buffer *out);
int format_order(struct text_lines *lines, struct buffer *out); /* of the first step whose keys are in another order */
