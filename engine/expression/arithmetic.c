/*
 * arithmetic.c - + - * / % ! on numbers, texts, lists and times. Nothing wraps: what does not fit is an error.
 */
#include <stdbool.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/expression/functions.h"
#include "engine/expression/time_range.h"

static const struct value *overflow(struct evaluation *evaluation, const struct node *node, const char *type)
{
	return evaluation_error(evaluation, "%s overflow in '%s'", type, node->text);
}

#define CHECKED(name, type, c_type, field, make, builtin)                                                                      \
	FUNCTION_BODY(name)                                                                                                    \
	{                                                                                                                      \
		c_type result;                                                                                                 \
                                                                                                                               \
		if (builtin(arguments[0]->field, arguments[1]->field, &result))                                                \
			return overflow(evaluation, node, type);                                                               \
		return make(evaluation->arena, result);                                                                        \
	}

CHECKED(add_int, "int", int64_t, integer, value_int, __builtin_add_overflow)
CHECKED(add_uint, "uint", uint64_t, unsigned_integer, value_uint, __builtin_add_overflow)
CHECKED(subtract_int, "int", int64_t, integer, value_int, __builtin_sub_overflow)
CHECKED(subtract_uint, "uint", uint64_t, unsigned_integer, value_uint, __builtin_sub_overflow)
CHECKED(multiply_int, "int", int64_t, integer, value_int, __builtin_mul_overflow)
CHECKED(multiply_uint, "uint", uint64_t, unsigned_integer, value_uint, __builtin_mul_overflow)

#define FLOATING(name, operator)                                                                                               \
	FUNCTION_BODY(name)                                                                                                    \
	{                                                                                                                      \
		(void)node;                                                                                                    \
		return value_double(evaluation->arena, arguments[0]->real operator arguments[1]->real);                        \
	}

FLOATING(add_double, +)
FLOATING(subtract_double, -)
FLOATING(multiply_double, *)

/* By zero it is infinite or NaN, as IEEE 754 has it; said here because C leaves it open. */
__attribute__((no_sanitize("float-divide-by-zero"))) FUNCTION_BODY(divide_double)
{
	(void)node;
	return value_double(evaluation->arena, arguments[0]->real / arguments[1]->real);
}

FUNCTION_BODY(divide_int)
{
	if (arguments[1]->integer == 0)
		return evaluation_error(evaluation, "division by zero");
	if (arguments[0]->integer == INT64_MIN && arguments[1]->integer == -1)
		return overflow(evaluation, node, "int");
	return value_int(evaluation->arena, arguments[0]->integer / arguments[1]->integer);
}

FUNCTION_BODY(divide_uint)
{
	(void)node;
	if (arguments[1]->unsigned_integer == 0)
		return evaluation_error(evaluation, "division by zero");
	return value_uint(evaluation->arena, arguments[0]->unsigned_integer / arguments[1]->unsigned_integer);
}

FUNCTION_BODY(modulo_int)
{
	if (arguments[1]->integer == 0)
		return evaluation_error(evaluation, "modulus by zero");
	if (arguments[0]->integer == INT64_MIN && arguments[1]->integer == -1)
		return overflow(evaluation, node, "int");
	return value_int(evaluation->arena, arguments[0]->integer % arguments[1]->integer);
}

FUNCTION_BODY(modulo_uint)
{
	(void)node;
	if (arguments[1]->unsigned_integer == 0)
		return evaluation_error(evaluation, "modulus by zero");
	return value_uint(evaluation->arena, arguments[0]->unsigned_integer % arguments[1]->unsigned_integer);
}

FUNCTION_BODY(negate_int)
{
	if (arguments[0]->integer == INT64_MIN)
		return overflow(evaluation, node, "int");
	return value_int(evaluation->arena, -arguments[0]->integer);
}

FUNCTION_BODY(negate_double)
{
	(void)node;
	return value_double(evaluation->arena, -arguments[0]->real);
}

FUNCTION_BODY(not_bool)
{
	(void)node;
	(void)evaluation;
	return value_bool(!arguments[0]->boolean);
}

/* Strings and bytes. */
FUNCTION_BODY(add_text)
{
	struct text text = {.evaluation = evaluation};

	(void)node;
	text_append(&text, arguments[0]->string.data, arguments[0]->string.length);
	text_append(&text, arguments[1]->string.data, arguments[1]->string.length);
	return text_end(&text, arguments[0]->type);
}

FUNCTION_BODY(add_list)
{
	struct value *list = value_list(evaluation->arena);

	(void)node;
	for (size_t i = 0; i < 2; i++) {
		for (size_t j = 0; j < arguments[i]->list.count; j++) {
			if (!charge_element(evaluation, arguments[i]->list.items[j]))
				return evaluation->exhausted;
			value_append(evaluation->arena, list, arguments[i]->list.items[j]);
		}
	}
	return list;
}

/* A time in nanoseconds; every time that may exist fits. */
static __int128 nanoseconds(const struct value *time)
{
	return (__int128)time->time.seconds * NSEC_PER_SEC + time->time.nanoseconds;
}

FUNCTION_BODY(add_time)
{
	(void)node;
	return time_from_nanoseconds(evaluation, arguments[0]->type, nanoseconds(arguments[0]) + nanoseconds(arguments[1]));
}

FUNCTION_BODY(add_time_reversed)
{
	const struct value *const reversed[] = {arguments[1], arguments[0]};

	return add_time(evaluation, node, reversed);
}

/* Two timestamps are a duration apart; otherwise the left side's type stays. */
FUNCTION_BODY(subtract_time)
{
	enum value_type type = arguments[1]->type == VALUE_TIMESTAMP ? VALUE_DURATION : arguments[0]->type;

	(void)node;
	return time_from_nanoseconds(evaluation, type, nanoseconds(arguments[0]) - nanoseconds(arguments[1]));
}
