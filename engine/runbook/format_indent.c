/*
 * format_indent.c - two spaces a level; a list stands two spaces deeper than its key; one space behind a dash. Lines are moved
 * as a whole: a text over several lines, and a flow collection, move with the key that they belong to.
 */
#include <string.h>

#include "engine/base/memory.h"
#include "engine/runbook/format_lines.h"

#define STEP 2

struct moves {
	struct text_lines *lines;
	long *by;	/* spaces, for each line */
	size_t *dashes; /* for each line: offset behind a dash that is followed by too many spaces, or 0 */
	size_t *skip;	/* how many */
};

static size_t column_of(const struct text_lines *lines, size_t offset)
{
	return offset - lines->items[line_at(lines, offset)].start;
}

static void move(struct moves *moves, size_t first, size_t last, long by)
{
	for (size_t i = first; i <= last && i < moves->lines->count; i++)
		moves->by[i] = by;
}

static int place(struct moves *moves, const struct value *value, size_t column);

static bool is_inside(const struct value *value, const struct value *outer)
{
	return value->at.source == outer->at.source && value->at.offset >= outer->at.offset &&
	       value->at.offset + value->at.length <= outer->at.offset + outer->at.length;
}

/* The lines of a block scalar, two spaces deeper than what it belongs to; not if its header counts spaces itself. */
static void place_body(struct moves *moves, const struct value *value, size_t column)
{
	const struct text_lines *lines = moves->lines;
	size_t first = line_at(lines, value->at.offset) + 1, last = last_line_of(lines, value);
	const char *header = lines->source->text + value->at.offset;
	size_t body = first;
	while (body <= last && line_is_blank(lines, body))
		body++;
	if (!value_is(value, VALUE_STRING) || body > last || !lines->items[body].body ||
	    strcspn(header, "0123456789") < strcspn(header, " #\r\n"))
		return;
	move(moves, first, last, (long)(column + STEP) - (long)line_indent(lines, body));
}

static int place_map(struct moves *moves, const struct value *map, size_t column)
{
	for (size_t i = 0; i < map->map.count; i++) {
		const struct value *key = map->map.entries[i].key, *value = map->map.entries[i].value;
		if (is_inside(value, map))
			place_body(moves, value, column);
		if (!is_inside(value, map) || !is_block(moves->lines, value))
			continue; /* an alias, or on the key's own lines */
		if (line_at(moves->lines, value->at.offset) == line_at(moves->lines, key->at.offset))
			return -1;
		if (place(moves, value, column + STEP) < 0)
			return -1;
	}
	return 0;
}

/* The dash before an item; -1: what stands between is not only spaces. */
static int find_dash(const struct text_lines *lines, const struct value *item, size_t *ret_dash)
{
	const char *text = lines->source->text;
	size_t at = item->at.offset;
	while (at > 0 && text[at - 1] == ' ')
		at--;
	*ret_dash = at - 1;
	return at > 0 && text[at - 1] == '-' ? 0 : -1;
}

static int place_item(struct moves *moves, const struct value *item, size_t column)
{
	size_t dash, line = line_at(moves->lines, item->at.offset);
	place_body(moves, item, column);
	if (!is_block(moves->lines, item))
		return 0;
	if (value_is(item, VALUE_LIST) || find_dash(moves->lines, item, &dash) < 0)
		return -1;
	size_t gap = item->at.offset - dash - 1;
	if (gap > 1) {
		moves->dashes[line] = dash + 1;
		moves->skip[line] = gap - 1;
	}
	long by = (long)(column + STEP) - (long)column_of(moves->lines, item->at.offset);
	move(moves, line + 1, last_line_of(moves->lines, item), by);
	return place_map(moves, item, column + STEP);
}

static int place_list(struct moves *moves, const struct value *list, size_t column)
{
	for (size_t i = 0; i < list->list.count; i++)
		if (is_inside(list->list.items[i], list) && place_item(moves, list->list.items[i], column) < 0)
			return -1;
	return 0;
}

static int place(struct moves *moves, const struct value *value, size_t column)
{
	size_t first = line_at(moves->lines, value->at.offset);
	if (value_is(value, VALUE_LIST) && moves->lines->source->text[value->at.offset] != '-')
		return -1;
	if (column_of(moves->lines, value->at.offset) != line_indent(moves->lines, first))
		return -1; /* behind a tag or an anchor */
	move(moves, first, last_line_of(moves->lines, value), (long)column - (long)column_of(moves->lines, value->at.offset));
	return value_is(value, VALUE_LIST) ? place_list(moves, value, column) : place_map(moves, value, column);
}

/* A comment goes with the line that it stands before, if it stood in its column. */
static long comment_moves(const struct moves *moves, size_t line)
{
	size_t next = line;
	while (next < moves->lines->count && (line_is_comment(moves->lines, next) || line_is_blank(moves->lines, next)))
		next++;
	if (next < moves->lines->count && line_indent(moves->lines, next) == line_indent(moves->lines, line))
		return moves->by[next];
	return moves->by[line];
}

static int add_line(const struct moves *moves, size_t line, struct buffer *out)
{
	const struct text_lines *lines = moves->lines;
	long indent = (long)line_indent(lines, line);
	long by = line_is_comment(lines, line) ? comment_moves(moves, line) : moves->by[line];
	const char *text = lines->source->text;
	size_t from = lines->items[line].start + (size_t)indent, end = lines->items[line].start + lines->items[line].length;
	if (line_is_blank(lines, line)) {
		buffer_append(out, line_text(lines, line), lines->items[line].length);
		buffer_add_char(out, '\n');
		return 0;
	}
	if (indent + by < 0)
		return -1;
	buffer_printf(out, "%*s", (int)(indent + by), "");
	if (moves->dashes[line]) {
		buffer_append(out, text + from, moves->dashes[line] - from);
		from = moves->dashes[line] + moves->skip[line];
	}
	buffer_append(out, text + from, end - from);
	buffer_add_char(out, '\n');
	return 0;
}

int format_indent(struct text_lines *lines, struct buffer *out)
{
	struct moves moves = {.lines = lines,
			      .by = arena_alloc(lines->arena, (lines->count + 1) * sizeof(*moves.by)),
			      .dashes = arena_alloc(lines->arena, (lines->count + 1) * sizeof(*moves.dashes)),
			      .skip = arena_alloc(lines->arena, (lines->count + 1) * sizeof(*moves.skip))};
	if (!is_block(lines, lines->value) || place(&moves, lines->value, 0) < 0)
		return -1;
	for (size_t i = 0; i < lines->count; i++)
		if (add_line(&moves, i, out) < 0)
			return -1;
	return 0;
}
