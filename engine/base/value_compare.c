/*
 * value_compare.c - whether two values are equal, as CEL says it, or the same, so that one can stand for the other.
 */
#include <math.h>
#include <string.h>

#include "engine/base/value.h"

/* --- equal --- */

static bool is_number(const struct value *value)
{
	return value->type == VALUE_INT || value->type == VALUE_UINT || value->type == VALUE_DOUBLE;
}

/* A double equals an integer only if it has no fraction and lies in the integer's range. */
static bool double_equals(double real, const struct value *other)
{
	switch (other->type) {
	case VALUE_DOUBLE:
		return real == other->real;
	case VALUE_INT:
		return real >= -0x1p63 && real < 0x1p63 && trunc(real) == real && (int64_t)real == other->integer;
	default:
		return real >= 0 && real < 0x1p64 && trunc(real) == real && (uint64_t)real == other->unsigned_integer;
	}
}

static bool numbers_equal(const struct value *a, const struct value *b)
{
	if (a->type == VALUE_DOUBLE)
		return double_equals(a->real, b);
	if (b->type == VALUE_DOUBLE)
		return double_equals(b->real, a);
	if (a->type == b->type)
		return a->integer == b->integer;
	const struct value *signed_one = a->type == VALUE_INT ? a : b;
	const struct value *unsigned_one = a->type == VALUE_INT ? b : a;
	return signed_one->integer >= 0 && (uint64_t)signed_one->integer == unsigned_one->unsigned_integer;
}

static bool lists_equal(const struct value *a, const struct value *b)
{
	if (a->list.count != b->list.count)
		return false;
	for (size_t i = 0; i < a->list.count; i++)
		if (!value_equal(a->list.items[i], b->list.items[i]))
			return false;
	return true;
}

static bool maps_equal(const struct value *a, const struct value *b)
{
	if (a->map.count != b->map.count)
		return false;
	for (size_t i = 0; i < a->map.count; i++) {
		const struct value *other = value_get_key(b, a->map.entries[i].key);
		if (!other || !value_equal(a->map.entries[i].value, other))
			return false;
	}
	return true;
}

bool value_equal(const struct value *a, const struct value *b)
{
	if (is_number(a) && is_number(b))
		return numbers_equal(a, b);
	if (a->type != b->type)
		return false;
	switch (a->type) {
	case VALUE_NULL:
		return true;
	case VALUE_BOOL:
		return a->boolean == b->boolean;
	case VALUE_LIST:
		return lists_equal(a, b);
	case VALUE_MAP:
		return maps_equal(a, b);
	case VALUE_TIMESTAMP:
	case VALUE_DURATION:
		return a->time.seconds == b->time.seconds && a->time.nanoseconds == b->time.nanoseconds;
	case VALUE_UNKNOWN:
	case VALUE_ERROR:
		return false; /* nothing is known to equal what is not known */
	default:
		return a->string.length == b->string.length &&
		       (!a->string.length || memcmp(a->string.data, b->string.data, a->string.length) == 0);
	}
}

/* --- the same --- */

static bool same_texts(const struct value *a, const struct value *b)
{
	return a->string.length == b->string.length && !a->string.data == !b->string.data &&
	       (!a->string.length || memcmp(a->string.data, b->string.data, a->string.length) == 0);
}

static bool same_lists(const struct value *a, const struct value *b)
{
	bool answer = a->list.count == b->list.count;
	for (size_t i = 0; answer && i < a->list.count; i++)
		answer = value_same(a->list.items[i], b->list.items[i]);
	return answer;
}

static bool same_maps(const struct value *a, const struct value *b)
{
	bool answer = a->map.count == b->map.count;
	for (size_t i = 0; answer && i < a->map.count; i++)
		answer = value_same(a->map.entries[i].key, b->map.entries[i].key) &&
			 value_same(a->map.entries[i].value, b->map.entries[i].value);
	return answer;
}

bool value_same(const struct value *a, const struct value *b)
{
	if (a->type != b->type || a->secret != b->secret)
		return false;
	switch (a->type) {
	case VALUE_LIST:
		return same_lists(a, b);
	case VALUE_MAP:
		return same_maps(a, b);
	case VALUE_DOUBLE:
		return a->unsigned_integer == b->unsigned_integer; /* its bits */
	case VALUE_UNKNOWN:
	case VALUE_ERROR:
		return same_texts(a, b);
	default:
		return value_equal(a, b);
	}
}
