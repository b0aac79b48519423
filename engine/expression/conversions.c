/*
 * conversions.c - int(), uint(), double(), string(), bytes(), bool(), type(), timestamp(), duration(), and the names of types.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/expression/functions.h"
#include "engine/expression/time_range.h"

static const char *const type_names[] = {
	[VALUE_NULL] = "null_type",
	[VALUE_BOOL] = "bool",
	[VALUE_INT] = "int",
	[VALUE_UINT] = "uint",
	[VALUE_DOUBLE] = "double",
	[VALUE_STRING] = "string",
	[VALUE_BYTES] = "bytes",
	[VALUE_LIST] = "list",
	[VALUE_MAP] = "map",
	[VALUE_TIMESTAMP] = "google.protobuf.Timestamp",
	[VALUE_DURATION] = "google.protobuf.Duration",
	[VALUE_TYPE] = "type",
};

const char *type_name(const struct value *value)
{
	return type_names[value->type];
}

static const struct value *type_new(struct arena *arena, const char *name)
{
	struct value *type = value_string(arena, name);

	type->type = VALUE_TYPE;
	return type;
}

bool type_is_name(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(type_names); i++) {
		if (!strcmp(type_names[i], name))
			return true;
	}
	return false;
}

const struct value *type_value(struct arena *arena, const char *name)
{
	return type_is_name(name) ? type_new(arena, name) : NULL;
}

FUNCTION_BODY(convert_type)
{
	(void)node;
	return type_new(evaluation->arena, type_name(arguments[0]));
}

FUNCTION_BODY(convert_same)
{
	(void)node;
	(void)evaluation;
	return arguments[0];
}

static const struct value *out_of_range(struct evaluation *evaluation, const struct node *node, const struct value *value)
{
	CLEANUP_BUFFER struct buffer shown = {0};

	append_as_string(&shown, value);
	return evaluation_error(evaluation, "out of range: %s(%s)", node->text, buffer_text(&shown));
}

static const struct value *not_a(struct evaluation *evaluation, const struct node *node, const struct value *text,
				 const char *wanted)
{
	return evaluation_error(evaluation, "%s('%s') failed: that is no %s", node->text,
				excerpt(evaluation->arena, text->string.data, text->string.length), wanted);
}

FUNCTION_BODY(convert_int_uint)
{
	if (arguments[0]->unsigned_integer > INT64_MAX)
		return out_of_range(evaluation, node, arguments[0]);
	return value_int(evaluation->arena, (int64_t)arguments[0]->unsigned_integer);
}

FUNCTION_BODY(convert_int_double)
{
	double real = arguments[0]->real;

	if (!(real > -0x1p63 && real < 0x1p63)) /* CEL leaves the smallest one out */
		return out_of_range(evaluation, node, arguments[0]);
	return value_int(evaluation->arena, (int64_t)real);
}

/* True if text has decimal digits only, behind a sign if there may be one. */
static bool is_decimal(const struct value *text, bool sign)
{
	size_t start = sign && text->string.length && (text->string.data[0] == '-' || text->string.data[0] == '+');

	for (size_t i = start; i < text->string.length; i++) {
		if (text->string.data[i] < '0' || text->string.data[i] > '9')
			return false;
	}
	return text->string.length > start;
}

FUNCTION_BODY(convert_int_text)
{
	long long integer;

	if (!is_decimal(arguments[0], true))
		return not_a(evaluation, node, arguments[0], "decimal number");
	errno = 0;
	integer = strtoll(arguments[0]->string.data, NULL, 10);
	return errno ? not_a(evaluation, node, arguments[0], "number in the range of int")
		     : value_int(evaluation->arena, integer);
}

FUNCTION_BODY(convert_int_timestamp)
{
	(void)node;
	return value_int(evaluation->arena, arguments[0]->time.seconds);
}

FUNCTION_BODY(convert_uint_int)
{
	if (arguments[0]->integer < 0)
		return out_of_range(evaluation, node, arguments[0]);
	return value_uint(evaluation->arena, (uint64_t)arguments[0]->integer);
}

FUNCTION_BODY(convert_uint_double)
{
	double real = arguments[0]->real;

	if (!(real >= 0 && real < 0x1p64))
		return out_of_range(evaluation, node, arguments[0]);
	return value_uint(evaluation->arena, (uint64_t)real);
}

FUNCTION_BODY(convert_uint_text)
{
	unsigned long long integer;

	if (!is_decimal(arguments[0], false))
		return not_a(evaluation, node, arguments[0], "decimal number");
	errno = 0;
	integer = strtoull(arguments[0]->string.data, NULL, 10);
	return errno ? not_a(evaluation, node, arguments[0], "number in the range of uint")
		     : value_uint(evaluation->arena, integer);
}

FUNCTION_BODY(convert_double_int)
{
	(void)node;
	return value_double(evaluation->arena, (double)arguments[0]->integer);
}

FUNCTION_BODY(convert_double_uint)
{
	(void)node;
	return value_double(evaluation->arena, (double)arguments[0]->unsigned_integer);
}

/* What strtod takes, without white space and hexadecimal numbers. */
static bool is_double(const struct value *text)
{
	const char *data = text->string.data, *digits = data + (data[0] == '-' || data[0] == '+');

	if (strlen(data) != text->string.length || !*data)
		return false;
	if (!strcasecmp(digits, "nan") || !strcasecmp(digits, "inf") || !strcasecmp(digits, "infinity"))
		return true;
	return strspn(digits, "0123456789.eE+-") == strlen(digits);
}

FUNCTION_BODY(convert_double_text)
{
	const char *text = arguments[0]->string.data;
	char *end;
	double real;

	real = strtod(text, &end);
	if (!is_double(arguments[0]) || *end)
		return not_a(evaluation, node, arguments[0], "number");
	if (isinf(real) && !strpbrk(text, "iI"))
		return not_a(evaluation, node, arguments[0], "number in the range of double");
	return value_double(evaluation->arena, real);
}

FUNCTION_BODY(convert_string)
{
	CLEANUP_BUFFER struct buffer out = {0};

	(void)node;
	if (!append_as_string(&out, arguments[0]))
		return evaluation_error(evaluation, "string(bytes) failed: the bytes are not valid UTF-8");
	if (!evaluation_charge(evaluation, CHARGE_TEXT_MADE(out.length)))
		return evaluation->exhausted;
	return value_string_n(evaluation->arena, buffer_text(&out), out.length);
}

FUNCTION_BODY(convert_bytes)
{
	struct value *bytes;

	(void)node;
	if (!evaluation_charge(evaluation, CHARGE_TEXT_MADE(arguments[0]->string.length)))
		return evaluation->exhausted;
	bytes = value_string_n(evaluation->arena, arguments[0]->string.data, arguments[0]->string.length);
	bytes->type = VALUE_BYTES;
	return bytes;
}

FUNCTION_BODY(convert_bool)
{
	static const char *const yes[] = {"true", "True", "TRUE", "t", "1"}, *const no[] = {"false", "False", "FALSE", "f",
											    "0"};

	for (size_t i = 0; i < COUNT_OF(yes); i++) {
		if (value_is_text(arguments[0], yes[i]) || value_is_text(arguments[0], no[i]))
			return value_bool(value_is_text(arguments[0], yes[i]));
	}
	return not_a(evaluation, node, arguments[0], "bool; write true or false");
}
