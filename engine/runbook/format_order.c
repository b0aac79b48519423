/*
 * format_order.c - the keys of a step in the order in which people read them: what it is called, whether it is done, what it
 * does, about whom, with what, how long, what must come of it. Each key moves with the lines of its value and the comment above
 * it.
 */
#include <string.h>

#include "engine/base/memory.h"
#include "engine/runbook/format_lines.h"

static const char *const order[] = {"id",    "group",	"foreach", "as",     "if",	"name",	    "uses",
				    "call",  "host",	"via",	   "user",   "lint",	"parallel", "max_concurrent",
				    "retry", "timeout", "poll",	   "with",   "outputs", "until",    "expect",
				    "hint",  "steps",	"rescue",  "finally"};
static const char *const blocks[] = {"preflight", "steps", "rescue", "finally"};

static size_t rank_of(const struct value *key)
{
	size_t i = 0;
	while (i < COUNT_OF(order) && !value_is_text(key, order[i]))
		i++;
	return i;
}

struct chunk {
	size_t first, last; /* lines */
	size_t key;	    /* the line with the key */
	size_t rank;
};

/* Every key stands first in its line, the first one perhaps behind a dash. */
static bool stands_alone(const struct text_lines *lines, const struct value *key, bool first)
{
	size_t line = line_at(lines, key->at.offset), from = lines->items[line].start;
	for (; from < key->at.offset; from++)
		if (lines->source->text[from] != ' ' && !(first && lines->source->text[from] == '-'))
			return false;
	return true;
}

static bool is_sorted(const struct chunk *chunks, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (chunks[i - 1].rank > chunks[i].rank)
			return false;
	return true;
}

/* False: it is written in a way that cannot be taken apart by lines. */
static bool take_apart(const struct text_lines *lines, const struct value *step, struct chunk *chunks)
{
	size_t end = 0; /* the last line of the value before */
	for (size_t i = 0; i < step->map.count; i++) {
		const struct value *key = step->map.entries[i].key, *value = step->map.entries[i].value;
		size_t line = line_at(lines, key->at.offset), first = line;
		if (!stands_alone(lines, key, i == 0) || (i > 0 && line <= end))
			return false;
		while (i > 0 && first > end + 1 && line_is_comment(lines, first - 1))
			first--;
		if (i > 0)
			chunks[i - 1].last = first - 1;
		end = value->at.source == lines->source && value->at.offset >= key->at.offset ? last_line_of(lines, value)
											      : line;
		chunks[i] = (struct chunk){.first = first, .last = end, .key = line, .rank = rank_of(key)};
	}
	return true;
}

static void sort(struct chunk *chunks, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct chunk moved = chunks[i];
		size_t place = i;
		for (; place > 0 && chunks[place - 1].rank > moved.rank; place--)
			chunks[place] = chunks[place - 1];
		chunks[place] = moved;
	}
}

/* The step begins with this prefix ("  - "), its other keys with as many spaces. */
static void add_chunk(const struct text_lines *lines, const struct chunk *chunk, const char *prefix, size_t width, bool first,
		      struct buffer *out)
{
	for (size_t line = chunk->first; line <= chunk->last; line++) {
		size_t skip = line == chunk->key ? width : 0;
		if (line == chunk->key && first)
			buffer_append(out, prefix, width);
		else if (line == chunk->key)
			buffer_printf(out, "%*s", (int)width, "");
		buffer_append(out, line_text(lines, line) + skip, lines->items[line].length - skip);
		buffer_add_char(out, '\n');
	}
}

static bool reorder(const struct text_lines *lines, const struct value *step, struct buffer *out)
{
	size_t count = step->map.count;
	struct chunk *chunks = arena_alloc(lines->arena, (count + 1) * sizeof(*chunks));
	if (!is_block(lines, step) || !take_apart(lines, step, chunks) || is_sorted(chunks, count))
		return false;
	size_t first = chunks[0].first, last = chunks[count - 1].last;
	const char *prefix = line_text(lines, first);
	size_t width = step->map.entries[0].key->at.offset - lines->items[first].start;
	sort(chunks, count);
	buffer_append(out, lines->source->text, lines->items[first].start);
	for (size_t i = 0; i < count; i++)
		add_chunk(lines, &chunks[i], prefix, width, i == 0, out);
	if (last + 1 < lines->count)
		buffer_append(out, line_text(lines, last + 1), lines->source->length - lines->items[last + 1].start);
	return true;
}

static bool reorder_first(const struct text_lines *lines, const struct value *map, struct buffer *out)
{
	for (size_t i = 0; i < COUNT_OF(blocks); i++) {
		const struct value *list = value_get(map, blocks[i]);
		for (size_t k = 0; value_is(list, VALUE_LIST) && k < list->list.count; k++) {
			const struct value *step = list->list.items[k];
			if (value_is(step, VALUE_MAP) && (reorder(lines, step, out) || reorder_first(lines, step, out)))
				return true;
		}
	}
	return false;
}

int format_order(struct text_lines *lines, struct buffer *out)
{
	return value_get(lines->value, "runbook") && reorder_first(lines, lines->value, out) ? 0 : -1;
}
