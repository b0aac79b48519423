/*
 * compare.c - equality and order.
 *
 * Values of different types are unequal, except that numbers compare by what they are worth. What an unknown equals is unknown,
 * unless something else already makes the difference. Only values of one type, and numbers, have an order.
 */
#include <string.h>

#include "engine/expression/functions.h"

static enum equality lists_equal(struct evaluation *evaluation, const struct value *a, const struct value *b)
{
	enum equality result = EQUAL;

	if (a->list.count != b->list.count)
		return NOT_EQUAL;
	for (size_t i = 0; i < a->list.count; i++) {
		enum equality one = compare_equal(evaluation, a->list.items[i], b->list.items[i]);

		if (one == NOT_EQUAL)
			return NOT_EQUAL;
		if (one == EQUALITY_UNKNOWN)
			result = EQUALITY_UNKNOWN;
	}
	return result;
}

/* The value of the i-th key of `of` in map; maps that were built alike have it at the same place. */
static const struct value *counterpart(struct evaluation *evaluation, const struct value *map, const struct value *of, size_t i)
{
	const struct value *key = of->map.entries[i].key;

	if (value_equal(map->map.entries[i].key, key))
		return map->map.entries[i].value;
	return evaluation_charge(evaluation, map->map.count / 64) ? value_get_key(map, key) : NULL;
}

static enum equality maps_equal(struct evaluation *evaluation, const struct value *a, const struct value *b)
{
	enum equality result = EQUAL;

	if (a->map.count != b->map.count)
		return NOT_EQUAL;
	for (size_t i = 0; i < a->map.count; i++) {
		const struct value *other = counterpart(evaluation, b, a, i);
		enum equality one = other ? compare_equal(evaluation, a->map.entries[i].value, other) : NOT_EQUAL;

		if (one == NOT_EQUAL)
			return NOT_EQUAL;
		if (one == EQUALITY_UNKNOWN)
			result = EQUALITY_UNKNOWN;
	}
	return result;
}

enum equality compare_equal(struct evaluation *evaluation, const struct value *a, const struct value *b)
{
	if (a->type == VALUE_UNKNOWN || b->type == VALUE_UNKNOWN)
		return EQUALITY_UNKNOWN;
	if (a->type == VALUE_LIST && b->type == VALUE_LIST)
		return lists_equal(evaluation, a, b);
	if (a->type == VALUE_MAP && b->type == VALUE_MAP)
		return maps_equal(evaluation, a, b);
	return value_equal(a, b) ? EQUAL : NOT_EQUAL;
}

static const struct value *equality_value(struct evaluation *evaluation, enum equality equality, bool wanted)
{
	if (evaluation->exhausted)
		return evaluation->exhausted;
	return equality == EQUALITY_UNKNOWN ? value_unknown() : value_bool((equality == EQUAL) == wanted);
}

FUNCTION_BODY(equal)
{
	(void)node;
	return equality_value(evaluation, compare_equal(evaluation, arguments[0], arguments[1]), true);
}

FUNCTION_BODY(not_equal)
{
	(void)node;
	return equality_value(evaluation, compare_equal(evaluation, arguments[0], arguments[1]), false);
}

/* UNORDERED: one is not a number. */
enum order { LESS = -1, SAME = 0, GREATER = 1, UNORDERED = 2, INCOMPARABLE = 3 };

#define ORDER(a, b) ((a) < (b) ? LESS : (a) > (b) ? GREATER : SAME)

static enum order order_bytes(const struct value *a, const struct value *b)
{
	size_t shorter = a->string.length < b->string.length ? a->string.length : b->string.length;
	int result = memcmp(a->string.data, b->string.data, shorter);

	return result ? ORDER(result, 0) : ORDER(a->string.length, b->string.length);
}

static enum order order_times(const struct value *a, const struct value *b)
{
	enum order seconds = ORDER(a->time.seconds, b->time.seconds);

	return seconds != SAME ? seconds : ORDER(a->time.nanoseconds, b->time.nanoseconds);
}

static enum order order_doubles(double a, double b)
{
	return a != a || b != b ? UNORDERED : ORDER(a, b);
}

bool is_number(const struct value *value)
{
	return value->type == VALUE_INT || value->type == VALUE_UINT || value->type == VALUE_DOUBLE;
}

static double as_double(const struct value *number)
{
	return number->type == VALUE_INT    ? (double)number->integer
	       : number->type == VALUE_UINT ? (double)number->unsigned_integer
					    : number->real;
}

/* With a double on one side, both are compared as doubles, as CEL has it. */
static enum order order_numbers(const struct value *a, const struct value *b)
{
	if (a->type == VALUE_DOUBLE || b->type == VALUE_DOUBLE)
		return order_doubles(as_double(a), as_double(b));
	if (a->type == VALUE_INT && b->type == VALUE_INT)
		return ORDER(a->integer, b->integer);
	if (a->type == VALUE_INT && a->integer < 0)
		return LESS;
	if (b->type == VALUE_INT && b->integer < 0)
		return GREATER;
	return ORDER(a->unsigned_integer, b->unsigned_integer); /* an int that is not negative has the same bits */
}

static enum order order(const struct value *a, const struct value *b)
{
	if (is_number(a) && is_number(b))
		return order_numbers(a, b);
	if (a->type != b->type)
		return INCOMPARABLE;
	switch (a->type) {
	case VALUE_BOOL:
		return ORDER(a->boolean, b->boolean);
	case VALUE_STRING:
	case VALUE_BYTES:
		return order_bytes(a, b);
	case VALUE_TIMESTAMP:
	case VALUE_DURATION:
		return order_times(a, b);
	default:
		return INCOMPARABLE;
	}
}

#define RELATION(name, condition)                                                                                              \
	FUNCTION_BODY(name)                                                                                                    \
	{                                                                                                                      \
		enum order result = order(arguments[0], arguments[1]);                                                         \
                                                                                                                               \
		if (result == INCOMPARABLE)                                                                                    \
			return no_such_overload(evaluation, node, arguments);                                                  \
		return value_bool(condition);                                                                                  \
	}

RELATION(less, result == LESS)
RELATION(less_equal, result == LESS || result == SAME)
RELATION(greater, result == GREATER)
RELATION(greater_equal, result == GREATER || result == SAME)
