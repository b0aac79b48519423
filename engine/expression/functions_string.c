/*
 * functions_string.c - strings made of strings: charAt, substring, replace, split, join, trim, reverse, quote, lower and upper
 * case.
 */
#include <string.h>

#include "engine/base/memory.h"
#include "engine/base/utf8.h"
#include "engine/expression/functions.h"
#include "engine/expression/position.h"

static const struct value *slice(struct evaluation *evaluation, const struct value *text, size_t start, size_t end)
{
	if (!evaluation_charge(evaluation, CHARGE_TEXT_MADE(end - start)))
		return evaluation->exhausted;
	return value_string_n(evaluation->arena, text->string.data + start, end - start);
}

/* The length of the character at data; valid UTF-8. */
static size_t character_length(const char *data, size_t left)
{
	uint32_t code;
	size_t length = utf8_decode(data, left, &code);

	return length ? length : 1;
}

FUNCTION_BODY(text_char_at)
{
	const struct value *text = arguments[0];
	size_t start = position_to_offset(text, arguments[1]->integer);

	(void)node;
	if (start == POSITION_OUTSIDE)
		return position_error(evaluation, arguments[1]->integer, text);
	if (start == text->string.length)
		return value_string(evaluation->arena, "");
	return slice(evaluation, text, start, start + character_length(text->string.data + start, text->string.length - start));
}

FUNCTION_BODY(text_substring)
{
	size_t start = position_to_offset(arguments[0], arguments[1]->integer);

	(void)node;
	if (start == POSITION_OUTSIDE)
		return position_error(evaluation, arguments[1]->integer, arguments[0]);
	return slice(evaluation, arguments[0], start, arguments[0]->string.length);
}

FUNCTION_BODY(text_substring_end)
{
	size_t start = position_to_offset(arguments[0], arguments[1]->integer);
	size_t end = position_to_offset(arguments[0], arguments[2]->integer);

	(void)node;
	if (start == POSITION_OUTSIDE || end == POSITION_OUTSIDE)
		return position_error(evaluation, arguments[start == POSITION_OUTSIDE ? 1 : 2]->integer, arguments[0]);
	if (end < start)
		return evaluation_error(evaluation, "invalid range: a substring from %lld to %lld",
					(long long)arguments[1]->integer, (long long)arguments[2]->integer);
	return slice(evaluation, arguments[0], start, end);
}

/* Letters between first and last, moved by distance; everything else, also letters that are not ASCII, stays. */
static const struct value *change_case(struct evaluation *evaluation, const struct value *text, char first, char last,
				       int distance)
{
	struct text out = {.evaluation = evaluation};

	text_append(&out, text->string.data, text->string.length);
	for (size_t i = 0; i < out.buffer.length; i++) {
		if (out.buffer.data[i] >= first && out.buffer.data[i] <= last)
			out.buffer.data[i] = (char)(out.buffer.data[i] + distance);
	}
	return text_end(&out, VALUE_STRING);
}

FUNCTION_BODY(text_lower)
{
	(void)node;
	return change_case(evaluation, arguments[0], 'A', 'Z', 'a' - 'A');
}

FUNCTION_BODY(text_upper)
{
	(void)node;
	return change_case(evaluation, arguments[0], 'a', 'z', 'A' - 'a');
}

/* Where the next separator or the next thing to replace begins in [at, end), or NULL. An empty one stands between all
 * characters. */
static const char *next_occurrence(const char *at, const char *end, const struct value *wanted)
{
	return memmem(at, (size_t)(end - at), wanted->string.data, wanted->string.length);
}

/* An empty needle: the replacement goes before each character and to the end. */
static void replace_between(struct text *out, const struct value *const *arguments, int64_t limit)
{
	const char *at = arguments[0]->string.data, *end = at + arguments[0]->string.length;

	for (; limit && !out->exhausted; limit -= limit > 0) {
		size_t length = at < end ? character_length(at, (size_t)(end - at)) : 0;

		evaluation_charge(out->evaluation, 1);
		text_append(out, arguments[2]->string.data, arguments[2]->string.length);
		text_append(out, at, length);
		at += length;
		if (!length)
			return;
	}
	text_append(out, at, (size_t)(end - at));
}

static const struct value *replace(struct evaluation *evaluation, const struct value *const *arguments, int64_t limit)
{
	const char *at = arguments[0]->string.data, *end = at + arguments[0]->string.length, *found;
	struct text out = {.evaluation = evaluation};

	if (!arguments[1]->string.length) {
		replace_between(&out, arguments, limit);
		return text_end(&out, VALUE_STRING);
	}
	for (; limit && !out.exhausted && (found = next_occurrence(at, end, arguments[1])); limit -= limit > 0) {
		evaluation_charge(evaluation, 1);
		text_append(&out, at, (size_t)(found - at));
		text_append(&out, arguments[2]->string.data, arguments[2]->string.length);
		at = found + arguments[1]->string.length;
	}
	text_append(&out, at, (size_t)(end - at));
	return text_end(&out, VALUE_STRING);
}

FUNCTION_BODY(text_replace)
{
	(void)node;
	return replace(evaluation, arguments, -1);
}

FUNCTION_BODY(text_replace_limit)
{
	(void)node;
	return replace(evaluation, arguments, arguments[3]->integer);
}

/* At most limit parts, the last of which holds the rest; a negative limit means all, 0 none. */
static const struct value *split(struct evaluation *evaluation, const struct value *const *arguments, int64_t limit)
{
	const char *at = arguments[0]->string.data, *end = at + arguments[0]->string.length, *found;
	const struct value *separator = arguments[1];
	struct value *parts = value_list(evaluation->arena);

	if (!limit || (at == end && !separator->string.length))
		return parts;
	for (; limit < 0 || limit > 1; limit -= limit > 0) {
		size_t skip = separator->string.length;

		if (skip)
			found = next_occurrence(at, end, separator);
		else
			found = at + character_length(at, (size_t)(end - at));
		if (!found || (!skip && found >= end))
			break;
		if (!evaluation_charge(evaluation, 1 + CHARGE_TEXT_MADE((size_t)(found - at))))
			return evaluation->exhausted;
		value_append(evaluation->arena, parts, value_string_n(evaluation->arena, at, (size_t)(found - at)));
		at = found + skip;
	}
	value_append(evaluation->arena, parts, value_string_n(evaluation->arena, at, (size_t)(end - at)));
	return parts;
}

FUNCTION_BODY(text_split)
{
	(void)node;
	return split(evaluation, arguments, -1);
}

FUNCTION_BODY(text_split_limit)
{
	(void)node;
	return split(evaluation, arguments, arguments[2]->integer);
}

static bool is_space(uint32_t code)
{
	static const uint32_t single[] = {0x20, 0x85, 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000};

	for (size_t i = 0; i < COUNT_OF(single); i++) {
		if (single[i] == code)
			return true;
	}
	return (code >= 0x09 && code <= 0x0d) || (code >= 0x2000 && code <= 0x200a);
}

FUNCTION_BODY(text_trim)
{
	const struct value *text = arguments[0];
	size_t start = 0, end = 0, length;
	bool begun = false;

	(void)node;
	for (size_t at = 0; at < text->string.length; at += length) {
		uint32_t code = 0;

		length = utf8_decode(text->string.data + at, text->string.length - at, &code);
		length = length ? length : 1;
		if (is_space(code))
			continue;
		start = begun ? start : at;
		begun = true;
		end = at + length;
	}
	return slice(evaluation, text, start, end);
}

FUNCTION_BODY(text_reverse)
{
	const struct value *text = arguments[0];
	struct value *reversed = (struct value *)slice(evaluation, text, 0, text->string.length);
	char *out;
	size_t length;

	(void)node;
	if (evaluation->exhausted)
		return evaluation->exhausted;
	out = (char *)reversed->string.data + text->string.length;
	for (size_t at = 0; at < text->string.length; at += length) {
		length = character_length(text->string.data + at, text->string.length - at);
		out -= length;
		memcpy(out, text->string.data + at, length);
	}
	return reversed;
}

FUNCTION_BODY(text_quote)
{
	static const char special[] = "\a\b\f\n\r\t\v\\\"", letters[] = "abfnrtv\\\"";
	const struct value *text = arguments[0];
	struct text out = {.evaluation = evaluation};
	size_t start = 0;

	(void)node;
	text_add(&out, "\"");
	for (size_t i = 0; i < text->string.length; i++) {
		const char *found = text->string.data[i] ? strchr(special, text->string.data[i]) : NULL;

		if (!found)
			continue;
		text_append(&out, text->string.data + start, i - start);
		text_append(&out, (const char[]){'\\', letters[found - special]}, 2);
		start = i + 1;
	}
	text_append(&out, text->string.data + start, text->string.length - start);
	text_add(&out, "\"");
	return text_end(&out, VALUE_STRING);
}

static const struct value *join(struct evaluation *evaluation, const struct value *list, const char *separator, size_t length)
{
	struct text out = {.evaluation = evaluation};

	for (size_t i = 0; i < list->list.count; i++) {
		const struct value *item = list->list.items[i];

		if (item->type != VALUE_STRING) {
			buffer_free(&out.buffer);
			return evaluation_error(evaluation, "join() takes a list of strings; element %zu is %s", i,
						value_type_name(item->type));
		}
		text_append(&out, separator, i ? length : 0);
		text_append(&out, item->string.data, item->string.length);
	}
	return text_end(&out, VALUE_STRING);
}

FUNCTION_BODY(text_join)
{
	(void)node;
	return join(evaluation, arguments[0], "", 0);
}

FUNCTION_BODY(text_join_separator)
{
	(void)node;
	return join(evaluation, arguments[0], arguments[1]->string.data, arguments[1]->string.length);
}
