/*
 * functions.c - the table of all built-in functions and operators, and how one of them is called.
 *
 * Not here: && || ?: (evaluate.c) and the macros (macro.c), which do not evaluate all of their operands.
 */
#include "engine/expression/functions.h"

#include <string.h>

#include "engine/base/memory.h"
#include "engine/base/suggest.h"
#include "engine/expression/macro.h"

#define GLOBAL	  FUNCTION_GLOBAL
#define MEMBER	  FUNCTION_MEMBER
#define EITHER	  (FUNCTION_GLOBAL | FUNCTION_MEMBER)
#define DEEP	  FUNCTION_DEEP
#define SEARCH	  (FUNCTION_DEEP | FUNCTION_TOLERANT)
#define UNTAINTED FUNCTION_UNTAINTED

/* The letters of signatures, beside 'a' for any. */
static const char type_letters[] = {
	[VALUE_NULL] = 'n',	[VALUE_BOOL] = 'b',  [VALUE_INT] = 'i',	    [VALUE_UINT] = 'u',	 [VALUE_DOUBLE] = 'd',
	[VALUE_STRING] = 's',	[VALUE_BYTES] = 'y', [VALUE_LIST] = 'l',    [VALUE_MAP] = 'm',	 [VALUE_TIMESTAMP] = 't',
	[VALUE_DURATION] = 'p', [VALUE_TYPE] = 'c',  [VALUE_UNKNOWN] = '?', [VALUE_ERROR] = '!',
};

/* Overloads of one name stand together; the first that fits is called. */
static const struct function functions[] = {
	{"+", GLOBAL, "ii", 'i', add_int, 0},
	{"+", GLOBAL, "uu", 'u', add_uint, 0},
	{"+", GLOBAL, "dd", 'd', add_double, 0},
	{"+", GLOBAL, "ss", 's', add_text, 0},
	{"+", GLOBAL, "yy", 'y', add_text, 0},
	{"+", GLOBAL, "ll", 'l', add_list, 0},
	{"+", GLOBAL, "pp", 'p', add_time, 0},
	{"+", GLOBAL, "tp", 't', add_time, 0},
	{"+", GLOBAL, "pt", 't', add_time_reversed, 0},
	{"-", GLOBAL, "ii", 'i', subtract_int, 0},
	{"-", GLOBAL, "uu", 'u', subtract_uint, 0},
	{"-", GLOBAL, "dd", 'd', subtract_double, 0},
	{"-", GLOBAL, "pp", 'p', subtract_time, 0},
	{"-", GLOBAL, "tp", 't', subtract_time, 0},
	{"-", GLOBAL, "tt", 'p', subtract_time, 0},
	{"-", GLOBAL, "i", 'i', negate_int, 0},
	{"-", GLOBAL, "d", 'd', negate_double, 0},
	{"*", GLOBAL, "ii", 'i', multiply_int, 0},
	{"*", GLOBAL, "uu", 'u', multiply_uint, 0},
	{"*", GLOBAL, "dd", 'd', multiply_double, 0},
	{"/", GLOBAL, "ii", 'i', divide_int, 0},
	{"/", GLOBAL, "uu", 'u', divide_uint, 0},
	{"/", GLOBAL, "dd", 'd', divide_double, 0},
	{"%", GLOBAL, "ii", 'i', modulo_int, 0},
	{"%", GLOBAL, "uu", 'u', modulo_uint, 0},
	{"!", GLOBAL, "b", 'b', not_bool, 0},
	{"==", GLOBAL, "aa", 'b', equal, SEARCH},
	{"!=", GLOBAL, "aa", 'b', not_equal, SEARCH},
	{"<", GLOBAL, "aa", 'b', less, 0},
	{"<=", GLOBAL, "aa", 'b', less_equal, 0},
	{">", GLOBAL, "aa", 'b', greater, 0},
	{">=", GLOBAL, "aa", 'b', greater_equal, 0},
	{"in", GLOBAL, "al", 'b', in_list, SEARCH},
	{"in", GLOBAL, "am", 'b', in_map, 0},
	{"[]", GLOBAL, "la", 'a', index_list, 0},
	{"[]", GLOBAL, "ma", 'a', index_map, 0},

	{"size", EITHER, "s", 'i', size_text, 0},
	{"size", EITHER, "y", 'i', size_bytes, 0},
	{"size", EITHER, "l", 'i', size_list, UNTAINTED},
	{"size", EITHER, "m", 'i', size_map, UNTAINTED},

	{"bool", GLOBAL, "b", 'b', convert_same, 0},
	{"bool", GLOBAL, "s", 'b', convert_bool, 0},
	{"bytes", GLOBAL, "y", 'y', convert_same, 0},
	{"bytes", GLOBAL, "s", 'y', convert_bytes, 0},
	{"double", GLOBAL, "d", 'd', convert_same, 0},
	{"double", GLOBAL, "i", 'd', convert_double_int, 0},
	{"double", GLOBAL, "u", 'd', convert_double_uint, 0},
	{"double", GLOBAL, "s", 'd', convert_double_text, 0},
	{"duration", GLOBAL, "p", 'p', convert_same, 0},
	{"duration", GLOBAL, "s", 'p', convert_duration_text, 0},
	{"dyn", GLOBAL, "a", 'a', convert_same, 0},
	{"int", GLOBAL, "i", 'i', convert_same, 0},
	{"int", GLOBAL, "u", 'i', convert_int_uint, 0},
	{"int", GLOBAL, "d", 'i', convert_int_double, 0},
	{"int", GLOBAL, "s", 'i', convert_int_text, 0},
	{"int", GLOBAL, "t", 'i', convert_int_timestamp, 0},
	{"string", GLOBAL, "s", 's', convert_same, 0},
	{"string", GLOBAL, "b", 's', convert_string, 0},
	{"string", GLOBAL, "i", 's', convert_string, 0},
	{"string", GLOBAL, "u", 's', convert_string, 0},
	{"string", GLOBAL, "d", 's', convert_string, 0},
	{"string", GLOBAL, "y", 's', convert_string, 0},
	{"string", GLOBAL, "t", 's', convert_string, 0},
	{"string", GLOBAL, "p", 's', convert_string, 0},
	{"timestamp", GLOBAL, "t", 't', convert_same, 0},
	{"timestamp", GLOBAL, "i", 't', convert_timestamp_int, 0},
	{"timestamp", GLOBAL, "s", 't', convert_timestamp_text, 0},
	{"type", GLOBAL, "a", 'c', convert_type, UNTAINTED},
	{"uint", GLOBAL, "u", 'u', convert_same, 0},
	{"uint", GLOBAL, "i", 'u', convert_uint_int, 0},
	{"uint", GLOBAL, "d", 'u', convert_uint_double, 0},
	{"uint", GLOBAL, "s", 'u', convert_uint_text, 0},

	{"contains", MEMBER, "ss", 'b', text_contains, 0},
	{"startsWith", MEMBER, "ss", 'b', text_starts_with, 0},
	{"endsWith", MEMBER, "ss", 'b', text_ends_with, 0},
	{"matches", EITHER, "ss", 'b', text_matches, 0},
	{"charAt", MEMBER, "si", 's', text_char_at, 0},
	{"indexOf", MEMBER, "ss", 'i', text_index_of, 0},
	{"indexOf", MEMBER, "ssi", 'i', text_index_of_from, 0},
	{"lastIndexOf", MEMBER, "ss", 'i', text_last_index_of, 0},
	{"lastIndexOf", MEMBER, "ssi", 'i', text_last_index_of_from, 0},
	{"join", MEMBER, "l", 's', text_join, DEEP},
	{"join", MEMBER, "ls", 's', text_join_separator, DEEP},
	{"lowerAscii", MEMBER, "s", 's', text_lower, 0},
	{"upperAscii", MEMBER, "s", 's', text_upper, 0},
	{"replace", MEMBER, "sss", 's', text_replace, 0},
	{"replace", MEMBER, "sssi", 's', text_replace_limit, 0},
	{"reverse", MEMBER, "s", 's', text_reverse, 0},
	{"split", MEMBER, "ss", 'l', text_split, 0},
	{"split", MEMBER, "ssi", 'l', text_split_limit, 0},
	{"substring", MEMBER, "si", 's', text_substring, 0},
	{"substring", MEMBER, "sii", 's', text_substring_end, 0},
	{"trim", MEMBER, "s", 's', text_trim, 0},
	{"format", MEMBER, "sl", 's', text_format, DEEP},
	{"strings.quote", GLOBAL, "s", 's', text_quote, 0},

	{"getFullYear", MEMBER, "t", 'i', time_full_year, 0},
	{"getFullYear", MEMBER, "ts", 'i', time_full_year, 0},
	{"getMonth", MEMBER, "t", 'i', time_month, 0},
	{"getMonth", MEMBER, "ts", 'i', time_month, 0},
	{"getDate", MEMBER, "t", 'i', time_date, 0},
	{"getDate", MEMBER, "ts", 'i', time_date, 0},
	{"getDayOfMonth", MEMBER, "t", 'i', time_day_of_month, 0},
	{"getDayOfMonth", MEMBER, "ts", 'i', time_day_of_month, 0},
	{"getDayOfWeek", MEMBER, "t", 'i', time_day_of_week, 0},
	{"getDayOfWeek", MEMBER, "ts", 'i', time_day_of_week, 0},
	{"getDayOfYear", MEMBER, "t", 'i', time_day_of_year, 0},
	{"getDayOfYear", MEMBER, "ts", 'i', time_day_of_year, 0},
	{"getHours", MEMBER, "t", 'i', time_hours, 0},
	{"getHours", MEMBER, "ts", 'i', time_hours, 0},
	{"getHours", MEMBER, "p", 'i', duration_hours, 0},
	{"getMinutes", MEMBER, "t", 'i', time_minutes, 0},
	{"getMinutes", MEMBER, "ts", 'i', time_minutes, 0},
	{"getMinutes", MEMBER, "p", 'i', duration_minutes, 0},
	{"getSeconds", MEMBER, "t", 'i', time_seconds, 0},
	{"getSeconds", MEMBER, "ts", 'i', time_seconds, 0},
	{"getSeconds", MEMBER, "p", 'i', duration_seconds, 0},
	{"getMilliseconds", MEMBER, "t", 'i', time_milliseconds, 0},
	{"getMilliseconds", MEMBER, "ts", 'i', time_milliseconds, 0},
	{"getMilliseconds", MEMBER, "p", 'i', duration_milliseconds, 0},
};

static const struct function *const functions_end = functions + COUNT_OF(functions);

const struct function *function_find(const char *name, bool member)
{
	for (const struct function *function = functions; function < functions_end; function++) {
		if (function->styles & (member ? MEMBER : GLOBAL) && !strcmp(function->name, name))
			return function;
	}
	return NULL;
}

/* The overload behind function, or NULL. */
static const struct function *next_overload(const struct function *function)
{
	const struct function *next = function + 1;

	return next < functions_end && !strcmp(next->name, function->name) ? next : NULL;
}

bool function_takes(const struct function *function, bool member, size_t count)
{
	for (; function; function = next_overload(function)) {
		if (function->styles & (member ? MEMBER : GLOBAL) && strlen(function->signature) == count)
			return true;
	}
	return false;
}

const char *function_suggest(const char *name)
{
	const char *names[COUNT_OF(functions) + 16];
	size_t count = 0;

	for (const struct function *function = functions; function < functions_end; function++)
		names[count++] = function->name;
	for (size_t i = 0; macro_name(i) && count < COUNT_OF(names) - 1; i++)
		names[count++] = macro_name(i);
	names[count++] = "has";
	return suggest(name, names, count);
}

char function_letter(enum value_type type)
{
	return type_letters[type];
}

enum value_type function_result(const struct function *function)
{
	for (size_t i = 0; i < COUNT_OF(type_letters); i++)
		if (type_letters[i] == function->result)
			return (enum value_type)i;
	return VALUE_UNKNOWN;
}

const struct function *function_next(const struct function *function)
{
	return next_overload(function);
}

static bool fits(const struct function *function, const struct value *const *arguments, size_t count)
{
	if (strlen(function->signature) != count)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (function->signature[i] != 'a' && function->signature[i] != type_letters[arguments[i]->type])
			return false;
	}
	return true;
}

static const struct function *find_overload(const struct node *node, const struct value *const *arguments)
{
	for (const struct function *function = node->function; function; function = next_overload(function)) {
		if (function->styles & (node->member ? MEMBER : GLOBAL) && fits(function, arguments, node->count))
			return function;
	}
	return NULL;
}

/* What the arguments together mean for the result; charges for reading them. */
static struct inspection inspect_arguments(struct evaluation *evaluation, const struct function *function,
					   const struct node *node, const struct value *const *arguments)
{
	struct inspection all = {0};

	for (size_t i = 0; i < node->count; i++) {
		const struct value *argument = arguments[i];
		struct inspection one = {.secret = argument->secret};

		if (argument->type == VALUE_STRING || argument->type == VALUE_BYTES)
			one.weight = CHARGE_TEXT(argument->string.length);
		else if (function->flags & DEEP)
			one = inspect(evaluation, argument);
		all.weight += one.weight;
		all.secret = all.secret || one.secret;
		all.unknown = all.unknown ? all.unknown : one.unknown;
	}
	evaluation_charge(evaluation, function->flags & DEEP ? all.weight / 8 : all.weight);
	return all;
}

const struct value *function_call(struct evaluation *evaluation, const struct node *node, const struct value *const *arguments)
{
	const struct function *function = find_overload(node, arguments);
	struct inspection read;
	const struct value *result;

	if (!function)
		return no_such_overload(evaluation, node, arguments);
	read = inspect_arguments(evaluation, function, node, arguments);
	if (evaluation->exhausted)
		return evaluation->exhausted;
	if (read.unknown && !(function->flags & FUNCTION_TOLERANT))
		return read.unknown;
	result = function->body(evaluation, node, arguments);
	if (!read.secret || function->flags & UNTAINTED || evaluation->exhausted)
		return result;
	if (result->type == VALUE_ERROR) /* its text may quote the secret */
		result = evaluation_error(evaluation, "%s failed on a secret value", node->text);
	return value_taint(evaluation->arena, result);
}
