/*
 * collections.c - in, indexing and size.
 */
#include <math.h>

#include "engine/base/utf8.h"
#include "engine/expression/functions.h"

FUNCTION_BODY(in_list)
{
	bool unknown = false;

	(void)node;
	for (size_t i = 0; i < arguments[1]->list.count; i++) {
		enum equality equality = compare_equal(evaluation, arguments[0], arguments[1]->list.items[i]);

		if (evaluation->exhausted)
			return evaluation->exhausted;
		if (equality == EQUAL)
			return value_bool(true);
		unknown = unknown || equality == EQUALITY_UNKNOWN;
	}
	return unknown ? value_unknown() : value_bool(false);
}

FUNCTION_BODY(in_map)
{
	(void)node;
	if (!evaluation_charge(evaluation, arguments[1]->map.count / 64))
		return evaluation->exhausted;
	return value_bool(value_get_key(arguments[1], arguments[0]) != NULL);
}

/* The number as an index; false if it is no whole number that a list could have. */
static bool as_index(const struct value *number, size_t *ret_index)
{
	switch (number->type) {
	case VALUE_INT:
		*ret_index = (size_t)number->integer;
		return number->integer >= 0;
	case VALUE_UINT:
		*ret_index = number->unsigned_integer;
		return true;
	default:
		if (!(number->real >= 0 && number->real < 0x1p53) || trunc(number->real) != number->real)
			return false;
		*ret_index = (size_t)number->real;
		return true;
	}
}

FUNCTION_BODY(index_list)
{
	const struct value *list = arguments[0], *number = arguments[1];
	CLEANUP_BUFFER struct buffer shown = {0};
	size_t index;

	if (!is_number(number))
		return no_such_overload(evaluation, node, arguments);
	if (as_index(number, &index) && index < list->list.count)
		return list->list.items[index];
	append_as_string(&shown, number);
	return evaluation_error(evaluation, "index out of range: %s, in a list of %zu", buffer_text(&shown), list->list.count);
}

FUNCTION_BODY(index_map)
{
	(void)node;
	return map_lookup(evaluation, arguments[0], arguments[1]);
}

FUNCTION_BODY(size_text)
{
	(void)node;
	return value_int(evaluation->arena, (int64_t)utf8_count(arguments[0]->string.data, arguments[0]->string.length));
}

FUNCTION_BODY(size_bytes)
{
	(void)node;
	return value_int(evaluation->arena, (int64_t)arguments[0]->string.length);
}

FUNCTION_BODY(size_list)
{
	(void)node;
	return value_int(evaluation->arena, (int64_t)arguments[0]->list.count);
}

FUNCTION_BODY(size_map)
{
	(void)node;
	return value_int(evaluation->arena, (int64_t)arguments[0]->map.count);
}
