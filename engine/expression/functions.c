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
	{"+", GLOBAL, "ii", add_int, 0},
	{"+", GLOBAL, "uu", add_uint, 0},
	{"+", GLOBAL, "dd", add_double, 0},
	{"+", GLOBAL, "ss", add_text, 0},
	{"+", GLOBAL, "yy", add_text, 0},
	{"+", GLOBAL, "ll", add_list, 0},
	{"+", GLOBAL, "pp", add_time, 0},
	{"+", GLOBAL, "tp", add_time, 0},
	{"+", GLOBAL, "pt", add_time_reversed, 0},
	{"-", GLOBAL, "ii", subtract_int, 0},
	{"-", GLOBAL, "uu", subtract_uint, 0},
	{"-", GLOBAL, "dd", subtract_double, 0},
	{"-", GLOBAL, "pp", subtract_time, 0},
	{"-", GLOBAL, "tp", subtract_time, 0},
	{"-", GLOBAL, "tt", subtract_time, 0},
	{"-", GLOBAL, "i", negate_int, 0},
	{"-", GLOBAL, "d", negate_double, 0},
	{"*", GLOBAL, "ii", multiply_int, 0},
	{"*", GLOBAL, "uu", multiply_uint, 0},
	{"*", GLOBAL, "dd", multiply_double, 0},
	{"/", GLOBAL, "ii", divide_int, 0},
	{"/", GLOBAL, "uu", divide_uint, 0},
	{"/", GLOBAL, "dd", divide_double, 0},
	{"%", GLOBAL, "ii", modulo_int, 0},
	{"%", GLOBAL, "uu", modulo_uint, 0},
	{"!", GLOBAL, "b", not_bool, 0},
	{"==", GLOBAL, "aa", equal, SEARCH},
	{"!=", GLOBAL, "aa", not_equal, SEARCH},
	{"<", GLOBAL, "aa", less, 0},
	{"<=", GLOBAL, "aa", less_equal, 0},
	{">", GLOBAL, "aa", greater, 0},
	{">=", GLOBAL, "aa", greater_equal, 0},
	{"in", GLOBAL, "al", in_list, SEARCH},
	{"in", GLOBAL, "am", in_map, 0},
	{"[]", GLOBAL, "la", index_list, 0},
	{"[]", GLOBAL, "ma", index_map, 0},

	{"size", EITHER, "s", size_text, 0},
	{"size", EITHER, "y", size_bytes, 0},
	{"size", EITHER, "l", size_list, UNTAINTED},
	{"size", EITHER, "m", size_map, UNTAINTED},

	{"bool", GLOBAL, "b", convert_same, 0},
	{"bool", GLOBAL, "s", convert_bool, 0},
	{"bytes", GLOBAL, "y", convert_same, 0},
	{"bytes", GLOBAL, "s", convert_bytes, 0},
	{"double", GLOBAL, "d", convert_same, 0},
	{"double", GLOBAL, "i", convert_double_int, 0},
	{"double", GLOBAL, "u", convert_double_uint, 0},
	{"double", GLOBAL, "s", convert_double_text, 0},
	{"duration", GLOBAL, "p", convert_same, 0},
	{"duration", GLOBAL, "s", convert_duration_text, 0},
	{"dyn", GLOBAL, "a", convert_same, 0},
	{"int", GLOBAL, "i", convert_same, 0},
	{"int", GLOBAL, "u", convert_int_uint, 0},
	{"int", GLOBAL, "d", convert_int_double, 0},
	{"int", GLOBAL, "s", convert_int_text, 0},
	{"int", GLOBAL, "t", convert_int_timestamp, 0},
	{"string", GLOBAL, "s", convert_same, 0},
	{"string", GLOBAL, "b", convert_string, 0},
	{"string", GLOBAL, "i", convert_string, 0},
	{"string", GLOBAL, "u", convert_string, 0},
	{"string", GLOBAL, "d", convert_string, 0},
	{"string", GLOBAL, "y", convert_string, 0},
	{"string", GLOBAL, "t", convert_string, 0},
	{"string", GLOBAL, "p", convert_string, 0},
	{"timestamp", GLOBAL, "t", convert_same, 0},
	{"timestamp", GLOBAL, "i", convert_timestamp_int, 0},
	{"timestamp", GLOBAL, "s", convert_timestamp_text, 0},
	{"type", GLOBAL, "a", convert_type, UNTAINTED},
	{"uint", GLOBAL, "u", convert_same, 0},
	{"uint", GLOBAL, "i", convert_uint_int, 0},
	{"uint", GLOBAL, "d", convert_uint_double, 0},
	{"uint", GLOBAL, "s", convert_uint_text, 0},

	{"contains", MEMBER, "ss", text_contains, 0},
	{"startsWith", MEMBER, "ss", text_starts_with, 0},
	{"endsWith", MEMBER, "ss", text_ends_with, 0},
	{"matches", EITHER, "ss", text_matches, 0},
	{"charAt", MEMBER, "si", text_char_at, 0},
	{"indexOf", MEMBER, "ss", text_index_of, 0},
	{"indexOf", MEMBER, "ssi", text_index_of_from, 0},
	{"lastIndexOf", MEMBER, "ss", text_last_index_of, 0},
	{"lastIndexOf", MEMBER, "ssi", text_last_index_of_from, 0},
	{"join", MEMBER, "l", text_join, DEEP},
	{"join", MEMBER, "ls", text_join_separator, DEEP},
	{"lowerAscii", MEMBER, "s", text_lower, 0},
	{"upperAscii", MEMBER, "s", text_upper, 0},
	{"replace", MEMBER, "sss", text_replace, 0},
	{"replace", MEMBER, "sssi", text_replace_limit, 0},
	{"reverse", MEMBER, "s", text_reverse, 0},
	{"split", MEMBER, "ss", text_split, 0},
	{"split", MEMBER, "ssi", text_split_limit, 0},
	{"substring", MEMBER, "si", text_substring, 0},
	{"substring", MEMBER, "sii", text_substring_end, 0},
	{"trim", MEMBER, "s", text_trim, 0},
	{"format", MEMBER, "sl", text_format, DEEP},
	{"strings.quote", GLOBAL, "s", text_quote, 0},

	{"getFullYear", MEMBER, "t", time_full_year, 0},
	{"getFullYear", MEMBER, "ts", time_full_year, 0},
	{"getMonth", MEMBER, "t", time_month, 0},
	{"getMonth", MEMBER, "ts", time_month, 0},
	{"getDate", MEMBER, "t", time_date, 0},
	{"getDate", MEMBER, "ts", time_date, 0},
	{"getDayOfMonth", MEMBER, "t", time_day_of_month, 0},
	{"getDayOfMonth", MEMBER, "ts", time_day_of_month, 0},
	{"getDayOfWeek", MEMBER, "t", time_day_of_week, 0},
	{"getDayOfWeek", MEMBER, "ts", time_day_of_week, 0},
	{"getDayOfYear", MEMBER, "t", time_day_of_year, 0},
	{"getDayOfYear", MEMBER, "ts", time_day_of_year, 0},
	{"getHours", MEMBER, "t", time_hours, 0},
	{"getHours", MEMBER, "ts", time_hours, 0},
	{"getHours", MEMBER, "p", duration_hours, 0},
	{"getMinutes", MEMBER, "t", time_minutes, 0},
	{"getMinutes", MEMBER, "ts", time_minutes, 0},
	{"getMinutes", MEMBER, "p", duration_minutes, 0},
	{"getSeconds", MEMBER, "t", time_seconds, 0},
	{"getSeconds", MEMBER, "ts", time_seconds, 0},
	{"getSeconds", MEMBER, "p", duration_seconds, 0},
	{"getMilliseconds", MEMBER, "t", time_milliseconds, 0},
	{"getMilliseconds", MEMBER, "ts", time_milliseconds, 0},
	{"getMilliseconds", MEMBER, "p", duration_milliseconds, 0},
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
