/*
 * redact.c - one pass over the text; at each place the longest secret that stands there is replaced.
 */
#include "engine/plugin/redact.h"

#include <string.h>

#include "engine/plugin/call_names.h"

#define LINE_LEAST 8 /* bytes: shorter lines of a longer secret say too little and occur too often */

static bool has_text(const struct redaction *redaction, const char *text, size_t length)
{
	for (size_t i = 0; i < redaction->count; i++)
		if (redaction->texts[i]->string.length == length && memcmp(redaction->texts[i]->string.data, text, length) == 0)
			return true;
	return false;
}

static void add_text(struct arena *arena, struct redaction *redaction, const char *text, size_t length)
{
	if (!length || has_text(redaction, text, length))
		return;
	arena_grow(arena, &redaction->texts, &redaction->count, &redaction->capacity, sizeof(*redaction->texts));
	size_t place = redaction->count - 1;
	for (; place > 0 && redaction->texts[place - 1]->string.length < length; place--)
		redaction->texts[place] = redaction->texts[place - 1];
	redaction->texts[place] = value_string_n(arena, text, length);
}

static void add_lines(struct arena *arena, struct redaction *redaction, const char *text, size_t length)
{
	const char *end = text + length;
	while (text < end) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		size_t line = stop ? (size_t)(stop - text) : (size_t)(end - text);
		if (line >= LINE_LEAST && line < length)
			add_text(arena, redaction, text, line);
		text += line + 1;
	}
}

static void add_tainted(struct arena *arena, struct redaction *redaction, const struct value *value, bool tainted)
{
	tainted = tainted || value->secret;
	for (size_t i = 0; value->type == VALUE_LIST && i < value->list.count; i++)
		add_tainted(arena, redaction, value->list.items[i], tainted);
	for (size_t i = 0; value->type == VALUE_MAP && i < value->map.count; i++) {
		add_tainted(arena, redaction, value->map.entries[i].key, tainted);
		add_tainted(arena, redaction, value->map.entries[i].value, tainted);
	}
	const struct value *text = tainted ? call_text(arena, value) : NULL;
	if (!text)
		return;
	size_t length = text->string.length;
	while (length && text->string.data[length - 1] == '\n')
		length--;
	add_text(arena, redaction, text->string.data, length);
	add_lines(arena, redaction, text->string.data, length);
}

void redaction_add(struct arena *arena, struct redaction *redaction, const struct value *value)
{
	add_tainted(arena, redaction, value, false);
}

/* Bytes at the beginning of text that are a whole secret. */
static size_t whole_secret(const struct redaction *redaction, const char *text, size_t length)
{
	for (size_t i = 0; i < redaction->count; i++) {
		size_t size = redaction->texts[i]->string.length;
		if (size <= length && memcmp(text, redaction->texts[i]->string.data, size) == 0)
			return size;
	}
	return 0;
}

/* Is all of text the beginning of a secret? */
static bool begins_secret(const struct redaction *redaction, const char *text, size_t length)
{
	for (size_t i = 0; i < redaction->count; i++)
		if (length < redaction->texts[i]->string.length && memcmp(text, redaction->texts[i]->string.data, length) == 0)
			return true;
	return false;
}

/* Bytes at the beginning of text that are the end of a secret. */
static size_t rest_of_secret(const struct redaction *redaction, const char *text, size_t length)
{
	size_t longest = 0;
	for (size_t i = 0; i < redaction->count; i++) {
		const struct value *secret = redaction->texts[i];
		for (size_t size = longest + 1; size < secret->string.length && size <= length; size++)
			if (memcmp(text, secret->string.data + secret->string.length - size, size) == 0)
				longest = size;
	}
	return longest;
}

void redact(const struct redaction *redaction, const char *text, size_t length, bool cut_before, bool cut_after,
	    struct buffer *out)
{
	size_t place = 0;
	while (place < length) {
		size_t hidden = whole_secret(redaction, text + place, length - place);
		size_t rest = cut_before && place == 0 ? rest_of_secret(redaction, text, length) : 0;
		if (rest > hidden)
			hidden = rest;
		if (cut_after && begins_secret(redaction, text + place, length - place))
			hidden = length - place;
		if (hidden)
			buffer_add(out, REDACTED);
		else
			buffer_add_char(out, text[place]);
		place += hidden ? hidden : 1;
	}
}
