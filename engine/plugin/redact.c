/*
 * redact.c - one pass over the text; at each place the longest form of a secret that stands there is replaced. And which values
 * would not be the same without it.
 */
#include "engine/plugin/redact.h"

#include <ctype.h>
#include <string.h>

#include "engine/base/base64.h"
#include "engine/base/json.h"
#include "engine/base/utf8.h"
#include "engine/plugin/call_names.h"

#define LINE_LEAST  8 /* bytes: shorter lines of a longer secret say too little and occur too often */
#define CODED_LEAST 4 /* bytes: the same for shorter secrets in base64 and the like */

/* --- the forms of a secret --- */

static bool has_form(const struct redaction *redaction, const char *text, size_t length)
{
	for (size_t i = 0; i < redaction->count; i++)
		if (redaction->forms[i].length == length && memcmp(redaction->forms[i].text, text, length) == 0)
			return true;
	return false;
}

static void add_form(struct arena *arena, struct redaction *redaction, const char *text, size_t length, bool spread)
{
	if (!length || has_form(redaction, text, length))
		return;
	struct redaction_form *form =
		arena_grow(arena, &redaction->forms, &redaction->count, &redaction->capacity, sizeof(*redaction->forms));
	*form = (struct redaction_form){.text = arena_strndup(arena, text, length), .length = length, .spread = spread};
	redaction->begins[(unsigned char)text[0]] = true;
}

static void add_buffer(struct arena *arena, struct redaction *redaction, const struct buffer *buffer, bool spread)
{
	add_form(arena, redaction, buffer_text(buffer), buffer->length, spread);
}

/* Behind 0, 1 or 2 other bytes, only those characters that no neighbour has a part in; both alphabets. */
static void add_base64(struct arena *arena, struct redaction *redaction, const char *text, size_t length)
{
	for (size_t before = 0; before < 3; before++) {
		CLEANUP_BUFFER struct buffer bytes = {0};
		CLEANUP_BUFFER struct buffer coded = {0};
		buffer_append(&bytes, "\0\0", before);
		buffer_append(&bytes, text, length);
		base64_encode(&coded, bytes.data, bytes.length);
		size_t first = (before * 8 + 5) / 6, end = (before + length) * 8 / 6;
		add_form(arena, redaction, coded.data + first, end - first, true);
		for (size_t i = first; i < end; i++)
			coded.data[i] = coded.data[i] == '+' ? '-' : coded.data[i] == '/' ? '_' : coded.data[i];
		add_form(arena, redaction, coded.data + first, end - first, true);
	}
}

static void add_escaped(struct arena *arena, struct redaction *redaction, const char *text, size_t length)
{
	CLEANUP_BUFFER struct buffer json = {0};
	CLEANUP_BUFFER struct buffer ascii = {0};
	CLEANUP_BUFFER struct buffer percent = {0};
	CLEANUP_BUFFER struct buffer shell = {0};
	json_quote(&json, text, length);
	for (size_t i = 1; i + 1 < json.length;) {
		uint32_t code = 0;
		size_t size = utf8_decode(json.data + i, json.length - i, &code);
		if (code < 0x80)
			buffer_append(&ascii, json.data + i, size);
		else if (code < 0x10000)
			buffer_printf(&ascii, "\\u%04x", code);
		else
			buffer_printf(&ascii, "\\u%04x\\u%04x", 0xd800 + ((code - 0x10000) >> 10),
				      0xdc00 + ((code - 0x10000) & 0x3ff));
		i += size ? size : 1;
	}
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];
		if ((c < 0x80 && isalnum(c)) || (c && strchr("-._~", c)))
			buffer_add_char(&percent, (char)c);
		else
			buffer_printf(&percent, "%%%02X", c);
		buffer_add(&shell, c == '\'' ? "'\\''" : (char[]){(char)c, '\0'});
	}
	add_form(arena, redaction, json.data + 1, json.length - 2, false);
	add_buffer(arena, redaction, &ascii, false);
	add_buffer(arena, redaction, &percent, false);
	add_buffer(arena, redaction, &shell, false);
}

static void add_hexadecimal(struct arena *arena, struct redaction *redaction, const char *text, size_t length)
{
	CLEANUP_BUFFER struct buffer lower = {0};
	CLEANUP_BUFFER struct buffer upper = {0};
	for (size_t i = 0; i < length; i++) {
		buffer_printf(&lower, "%02x", (unsigned char)text[i]);
		buffer_printf(&upper, "%02X", (unsigned char)text[i]);
	}
	add_buffer(arena, redaction, &lower, true);
	add_buffer(arena, redaction, &upper, true);
}

static void add_text(struct arena *arena, struct redaction *redaction, const char *text, size_t length)
{
	if (!length || has_form(redaction, text, length))
		return;
	add_form(arena, redaction, text, length, false);
	if (length < CODED_LEAST)
		return;
	add_base64(arena, redaction, text, length);
	add_escaped(arena, redaction, text, length);
	add_hexadecimal(arena, redaction, text, length);
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

void redaction_add_known(struct arena *arena, struct redaction *redaction, const struct inventory *inventory)
{
	const struct secrets_known *known = inventory ? inventory->known : NULL;
	for (size_t i = 0; known && i < known->count; i++)
		add_tainted(arena, redaction, known->items[i], true);
}

/* --- finding them --- */

/* How many bytes of text the form goes along with, from its place `from` on; *ret_left: how much of the form is left then. */
static size_t follow(const struct redaction_form *form, size_t from, const char *text, size_t length, size_t *ret_left)
{
	size_t at = 0;
	while (from < form->length && at < length) {
		if (text[at] == form->text[from])
			from++;
		else if (!form->spread || !at || !strchr(" \t\r\n", text[at]) || !text[at])
			break;
		at++;
	}
	*ret_left = form->length - from;
	return at;
}

/* Bytes at the beginning of text that are a whole secret; at its end (cut), also the beginning of one. */
static size_t secret_length(const struct redaction *redaction, const char *text, size_t length, bool cut)
{
	size_t longest = 0;
	if (!redaction->begins[(unsigned char)text[0]])
		return 0;
	for (size_t i = 0; i < redaction->count; i++) {
		size_t left, size = follow(&redaction->forms[i], 0, text, length, &left);
		if (size > longest && (!left || (cut && size == length)))
			longest = size;
	}
	return longest;
}

/* Bytes at the beginning of text that are the end of a secret. */
static size_t rest_of_secret(const struct redaction *redaction, const char *text, size_t length)
{
	size_t longest = 0;
	for (size_t i = 0; i < redaction->count; i++)
		for (size_t from = 1; from < redaction->forms[i].length; from++) {
			size_t left, size = follow(&redaction->forms[i], from, text, length, &left);
			if (!left && size > longest)
				longest = size;
		}
	return longest;
}

size_t redact(const struct redaction *redaction, const char *text, size_t length, bool cut_before, bool cut_after,
	      struct buffer *out)
{
	size_t count = 0;
	for (size_t place = 0; place < length;) {
		size_t hidden = secret_length(redaction, text + place, length - place, cut_after);
		size_t rest = cut_before && place == 0 ? rest_of_secret(redaction, text, length) : 0;
		if (rest > hidden)
			hidden = rest;
		if (hidden)
			buffer_add(out, REDACTED);
		else
			buffer_add_char(out, text[place]);
		count += hidden > 0;
		place += hidden ? hidden : 1;
	}
	return count;
}

bool redaction_finds(const struct redaction *redaction, const char *text, size_t length)
{
	for (size_t place = 0; place < length; place++)
		if (secret_length(redaction, text + place, length - place, false))
			return true;
	return false;
}

/* --- what was made of them --- */

static const struct value *taint_difference(struct arena *arena, const struct value *heard, const struct value *shown);

static const struct value *taint_list(struct arena *arena, const struct value *heard, const struct value *shown)
{
	if (heard->list.count != shown->list.count)
		return value_taint(arena, heard);
	struct value *list = value_list(arena);
	for (size_t i = 0; i < heard->list.count; i++)
		value_append(arena, list, taint_difference(arena, heard->list.items[i], shown->list.items[i]));
	return list;
}

static const struct value *taint_map(struct arena *arena, const struct value *heard, const struct value *shown)
{
	for (size_t i = 0; i < heard->map.count; i++)
		if (heard->map.count != shown->map.count || !value_get_key(shown, heard->map.entries[i].key))
			return value_taint(arena, heard);
	return taint_attributes(arena, heard, shown);
}

static const struct value *taint_difference(struct arena *arena, const struct value *heard, const struct value *shown)
{
	if (!shown || heard->type != shown->type)
		return value_taint(arena, heard);
	if (heard->type == VALUE_LIST)
		return taint_list(arena, heard, shown);
	if (heard->type == VALUE_MAP)
		return taint_map(arena, heard, shown);
	return value_equal(heard, shown) ? heard : value_taint(arena, heard);
}

const struct value *taint_attributes(struct arena *arena, const struct value *heard, const struct value *shown)
{
	struct value *map = value_map(arena);
	for (size_t i = 0; i < heard->map.count; i++) {
		const struct value_entry *entry = &heard->map.entries[i];
		value_put_key(arena, map, entry->key, taint_difference(arena, entry->value, value_get_key(shown, entry->key)));
	}
	return map;
}
