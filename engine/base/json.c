/*
 * json.c - values to and from JSON. Reading is the library's work (jansson); writing is ours, because only we know what a
 * secret is.
 */
#include "engine/base/json.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/base64.h"
#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "engine/base/utf8.h"

#define DEPTH_LIMIT 512

/* like: what stands in its place in the list item before, or NULL. What is equal is shared: long lists are of maps that are
 * much alike. */
static const struct value *from_json(struct arena *arena, json_t *json, const struct value *like, unsigned depth,
				     struct error *err);

/* Of a long list each item is given back as soon as it has been taken over. */
static const struct value *list_from_json(struct arena *arena, json_t *json, unsigned depth, struct error *err)
{
	struct value *list = value_list(arena);
	size_t index;
	json_t *item;
	const struct value *value = NULL;
	json_array_foreach(json, index, item)
	{
		value = from_json(arena, item, value, depth, err);
		if (!value)
			return NULL;
		value_append(arena, list, value);
		json_array_set_new(json, index, json_null());
	}
	return list;
}

static const struct value_entry *entry_like(const struct value *like, size_t place, const char *key, size_t length)
{
	const struct value_entry *entry =
		value_is(like, VALUE_MAP) && place < like->map.count ? &like->map.entries[place] : NULL;
	return entry && entry->key->string.length == length && memcmp(entry->key->string.data, key, length) == 0 ? entry : NULL;
}

static const struct value *string_from_json(struct arena *arena, const json_t *json, const struct value *like)
{
	size_t length = json_string_length(json);
	if (value_is(like, VALUE_STRING) && like->string.length == length &&
	    memcmp(like->string.data, json_string_value(json), length) == 0)
		return like;
	return value_string_n(arena, json_string_value(json), length);
}

static const struct value *map_from_json(struct arena *arena, json_t *json, const struct value *like, unsigned depth,
					 struct error *err)
{
	struct value *map = value_map(arena);
	const char *key;
	size_t length;
	json_t *item;
	json_object_keylen_foreach(json, key, length, item)
	{
		const struct value_entry *known = entry_like(like, map->map.count, key, length);
		const struct value *value = from_json(arena, item, known ? known->value : NULL, depth, err);
		if (!value)
			return NULL;
		value_put_key(arena, map, known ? known->key : value_string_n(arena, key, length), value);
	}
	return map;
}

static const struct value *from_json(struct arena *arena, json_t *json, const struct value *like, unsigned depth,
				     struct error *err)
{
	if (depth > DEPTH_LIMIT) {
		error_set(err, ERROR_LIMIT, "JSON is nested deeper than %d", DEPTH_LIMIT);
		return NULL;
	}
	switch (json_typeof(json)) {
	case JSON_OBJECT:
		return map_from_json(arena, json, like, depth + 1, err);
	case JSON_ARRAY:
		return list_from_json(arena, json, depth + 1, err);
	case JSON_STRING:
		return string_from_json(arena, json, like);
	case JSON_INTEGER:
		if (value_is(like, VALUE_INT) && like->integer == json_integer_value(json))
			return like;
		return value_int(arena, json_integer_value(json));
	case JSON_REAL:
		return value_double(arena, json_real_value(json));
	case JSON_TRUE:
		return value_bool(true);
	case JSON_FALSE:
		return value_bool(false);
	default:
		return value_null();
	}
}

int json_parse(struct arena *arena, const char *text, size_t length, const struct value **ret_value, struct error *err)
{
	json_error_t problem;
	json_t *json = json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &problem);
	if (!json)
		return error_set(err, ERROR_INVALID, "not JSON: line %d, column %d: %s", problem.line, problem.column,
				 problem.text);
	const struct value *value = from_json(arena, json, NULL, 0, err);
	json_decref(json);
	if (!value)
		return -1;
	*ret_value = value;
	return 0;
}

void json_quote(struct buffer *out, const char *text, size_t length)
{
	static const char escapes[256] = {
		['"'] = '"', ['\\'] = '\\', ['\n'] = 'n', ['\t'] = 't', ['\r'] = 'r', ['\b'] = 'b', ['\f'] = 'f',
	};
	buffer_add_char(out, '"');
	for (size_t i = 0; i < length;) {
		unsigned char c = (unsigned char)text[i];
		uint32_t code;
		size_t size = utf8_decode(text + i, length - i, &code);
		if (escapes[c])
			buffer_printf(out, "\\%c", escapes[c]);
		else if (c < 0x20 || c == 0x7f)
			buffer_printf(out, "\\u%04x", c);
		else if (size && code > 0x7f && code < 0x10000 &&
			 !utf8_is_printable(code)) /* JSON is printed to terminals, too */
			buffer_printf(out, "\\u%04x", code);
		else if (size)
			buffer_append(out, text + i, size);
		else
			buffer_add(out, "\\ufffd");
		i += size ? size : 1;
	}
	buffer_add_char(out, '"');
}

static void new_line(struct buffer *out, enum json_style style, unsigned depth)
{
	if (style == JSON_INDENTED)
		buffer_printf(out, "\n%*s", (int)depth * 2, "");
}

static void format_double(struct buffer *out, double real)
{
	if (isnan(real) || isinf(real)) {
		buffer_add(out, isnan(real) ? "\"NaN\"" : real > 0 ? "\"Infinity\"" : "\"-Infinity\"");
		return;
	}
	char text[40];
	for (int precision = 15; precision <= 17; precision++) {
		snprintf(text, sizeof(text), "%.*g", precision, real);
		if (strtod(text, NULL) == real)
			break;
	}
	buffer_add(out, text);
	if (!strpbrk(text, ".e"))
		buffer_add(out, ".0");
}

static void format_duration(struct buffer *out, const struct value *value)
{
	int64_t seconds = value->time.seconds;
	int32_t nanoseconds = value->time.nanoseconds;
	bool negative = seconds < 0 || nanoseconds < 0;
	uint64_t whole = negative ? -(uint64_t)seconds : (uint64_t)seconds;
	uint32_t part = negative ? -(uint32_t)nanoseconds : (uint32_t)nanoseconds;
	buffer_printf(out, "\"%s%llu", negative ? "-" : "", (unsigned long long)whole);
	if (part) {
		char digits[16];
		snprintf(digits, sizeof(digits), "%09u", part);
		size_t length = 9;
		while (digits[length - 1] == '0')
			length--;
		buffer_printf(out, ".%.*s", (int)length, digits);
	}
	buffer_add(out, "s\"");
}

static void format(struct buffer *out, const struct value *value, enum json_style style, unsigned depth);

static void format_list(struct buffer *out, const struct value *value, enum json_style style, unsigned depth)
{
	buffer_add_char(out, '[');
	for (size_t i = 0; i < value->list.count; i++) {
		if (i)
			buffer_add_char(out, ',');
		new_line(out, style, depth + 1);
		format(out, value->list.items[i], style, depth + 1);
	}
	if (value->list.count)
		new_line(out, style, depth);
	buffer_add_char(out, ']');
}

static void format_key(struct buffer *out, const struct value *key, enum json_style style)
{
	if (key->type == VALUE_STRING) {
		format(out, key, style, 0);
		return;
	}
	CLEANUP_BUFFER struct buffer text = {0};
	format(&text, key, style, 0);
	json_quote(out, buffer_text(&text), text.length);
}

static void format_map(struct buffer *out, const struct value *value, enum json_style style, unsigned depth)
{
	buffer_add_char(out, '{');
	for (size_t i = 0; i < value->map.count; i++) {
		if (i)
			buffer_add_char(out, ',');
		new_line(out, style, depth + 1);
		format_key(out, value->map.entries[i].key, style);
		buffer_add(out, style == JSON_INDENTED ? ": " : ":");
		format(out, value->map.entries[i].value, style, depth + 1);
	}
	if (value->map.count)
		new_line(out, style, depth);
	buffer_add_char(out, '}');
}

static void format_marked(struct buffer *out, const char *mark, const struct value *value)
{
	buffer_printf(out, "{\"%s\":", mark);
	json_quote(out, value->string.data ? value->string.data : "", value->string.length);
	buffer_add_char(out, '}');
}

static void format_timestamp(struct buffer *out, const struct value *value)
{
	char text[CLOCK_TEXT_SIZE];
	clock_format_time(value->time.seconds, value->time.nanoseconds, text);
	buffer_printf(out, "\"%s\"", text);
}

static void format_bytes(struct buffer *out, const struct value *value)
{
	buffer_add_char(out, '"');
	base64_encode(out, value->string.data, value->string.length);
	buffer_add_char(out, '"');
}

static void format(struct buffer *out, const struct value *value, enum json_style style, unsigned depth)
{
	if (value->secret) {
		buffer_add(out, "\"•••\"");
		return;
	}
	switch (value->type) {
	case VALUE_NULL:
		buffer_add(out, "null");
		break;
	case VALUE_BOOL:
		buffer_add(out, value->boolean ? "true" : "false");
		break;
	case VALUE_INT:
		buffer_printf(out, "%lld", (long long)value->integer);
		break;
	case VALUE_UINT:
		buffer_printf(out, "%llu", (unsigned long long)value->unsigned_integer);
		break;
	case VALUE_DOUBLE:
		format_double(out, value->real);
		break;
	case VALUE_STRING:
	case VALUE_TYPE:
		json_quote(out, value->string.data, value->string.length);
		break;
	case VALUE_BYTES:
		format_bytes(out, value);
		break;
	case VALUE_LIST:
		format_list(out, value, style, depth);
		break;
	case VALUE_MAP:
		format_map(out, value, style, depth);
		break;
	case VALUE_TIMESTAMP:
		format_timestamp(out, value);
		break;
	case VALUE_DURATION:
		format_duration(out, value);
		break;
	case VALUE_UNKNOWN:
		format_marked(out, "?", value);
		break;
	case VALUE_ERROR:
		format_marked(out, "error", value);
		break;
	}
}

void json_format(struct buffer *out, const struct value *value, enum json_style style)
{
	format(out, value, style, 0);
}

char *json_text(struct arena *arena, const struct value *value)
{
	CLEANUP_BUFFER struct buffer out = {0};
	json_format(&out, value, JSON_COMPACT);
	return arena_strndup(arena, buffer_text(&out), out.length);
}
