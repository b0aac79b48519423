/*
 * functions_search.c - looking into strings: contains, startsWith, endsWith, matches, indexOf, lastIndexOf.
 *
 * Positions are code points. UTF-8 can be searched bytewise: a character's bytes never occur inside of another's.
 */
#include <string.h>

#include "engine/base/utf8.h"
#include "engine/expression/functions.h"
#include "engine/expression/position.h"

size_t position_to_offset(const struct value *text, int64_t position)
{
	size_t offset = 0;

	for (; position > 0 && offset < text->string.length; position--) {
		do {
			offset++;
		} while (offset < text->string.length && (text->string.data[offset] & 0xc0) == 0x80);
	}
	return position ? POSITION_OUTSIDE : offset;
}

const struct value *position_error(struct evaluation *evaluation, int64_t position, const struct value *text)
{
	return evaluation_error(evaluation, "index out of range: %lld, in a string of %zu", (long long)position,
				utf8_count(text->string.data, text->string.length));
}

FUNCTION_BODY(text_contains)
{
	(void)node;
	(void)evaluation;
	return value_bool(memmem(arguments[0]->string.data, arguments[0]->string.length, arguments[1]->string.data,
				 arguments[1]->string.length) != NULL);
}

FUNCTION_BODY(text_starts_with)
{
	size_t length = arguments[1]->string.length;

	(void)node;
	(void)evaluation;
	return value_bool(arguments[0]->string.length >= length &&
			  !memcmp(arguments[0]->string.data, arguments[1]->string.data, length));
}

FUNCTION_BODY(text_ends_with)
{
	size_t whole = arguments[0]->string.length, length = arguments[1]->string.length;

	(void)node;
	(void)evaluation;
	return value_bool(whole >= length &&
			  !memcmp(arguments[0]->string.data + whole - length, arguments[1]->string.data, length));
}

/* The pattern is compiled already if it is a literal. */
FUNCTION_BODY(text_matches)
{
	const struct regex *regex = node->regex;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct regex *compiled;
	uint64_t steps;
	int found;

	if (!regex) {
		if (!evaluation_charge(evaluation, 50 + arguments[1]->string.length))
			return evaluation->exhausted;
		if (regex_compile(evaluation->arena, arguments[1]->string.data, arguments[1]->string.length, 0, &compiled, NULL,
				  &err))
			return evaluation_error(evaluation, "%s", error_text(&err));
		regex = compiled;
	}
	found = regex_match(regex, arguments[0]->string.data, arguments[0]->string.length, &steps, &err);
	if (!evaluation_charge(evaluation, 1 + steps / 32))
		return evaluation->exhausted;
	return found < 0 ? evaluation_error(evaluation, "%s", error_text(&err)) : value_bool(found);
}

/* The position of the first occurrence that begins at or behind from; -1 if there is none. */
static const struct value *first_index(struct evaluation *evaluation, const struct value *const *arguments, int64_t from)
{
	const struct value *text = arguments[0], *wanted = arguments[1];
	size_t start = position_to_offset(text, from);
	const char *found;

	if (from < 0 || start == POSITION_OUTSIDE)
		return position_error(evaluation, from, text);
	found = memmem(text->string.data + start, text->string.length - start, wanted->string.data, wanted->string.length);
	return value_int(evaluation->arena,
			 found ? (int64_t)utf8_count(text->string.data, (size_t)(found - text->string.data)) : -1);
}

FUNCTION_BODY(text_index_of)
{
	(void)node;
	return first_index(evaluation, arguments, 0);
}

FUNCTION_BODY(text_index_of_from)
{
	(void)node;
	return first_index(evaluation, arguments, arguments[2]->integer);
}

/* The offset of the last occurrence that begins at or before limit, or POSITION_OUTSIDE. Looking backwards is quadratic:
 * charge. */
static size_t last_offset(struct evaluation *evaluation, const struct value *text, const struct value *wanted, size_t limit)
{
	size_t length = wanted->string.length, at = text->string.length - length;

	if (length > text->string.length)
		return POSITION_OUTSIDE;
	for (at = at < limit ? at : limit;; at--) {
		if (!memcmp(text->string.data + at, wanted->string.data, length))
			return at;
		if (!at || (at % 64 == 0 && !evaluation_charge(evaluation, 1 + length / 64)))
			return POSITION_OUTSIDE;
	}
}

static const struct value *last_index(struct evaluation *evaluation, const struct value *const *arguments, size_t limit)
{
	size_t offset = last_offset(evaluation, arguments[0], arguments[1], limit);

	if (evaluation->exhausted)
		return evaluation->exhausted;
	return value_int(evaluation->arena,
			 offset == POSITION_OUTSIDE ? -1 : (int64_t)utf8_count(arguments[0]->string.data, offset));
}

FUNCTION_BODY(text_last_index_of)
{
	(void)node;
	return last_index(evaluation, arguments, arguments[0]->string.length);
}

FUNCTION_BODY(text_last_index_of_from)
{
	size_t limit = position_to_offset(arguments[0], arguments[2]->integer);

	(void)node;
	if (arguments[2]->integer < 0 || limit == POSITION_OUTSIDE)
		return position_error(evaluation, arguments[2]->integer, arguments[0]);
	return last_index(evaluation, arguments, limit);
}
