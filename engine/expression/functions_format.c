/*
 * functions_format.c - "%s is %.2f".format([name, number]).
 *
 * %s anything, %d integers, %f and %e numbers, %b %o %x %X integers in other bases (%x also strings and bytes), %% a percent
 * sign.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/expression/functions.h"

#define PRECISION_LIMIT 1000

struct format {
	struct text out;
	int precision; /* -1: not given */
	char letter;
};

/* Each appends value and returns true, or returns false if it does not take that type. */
typedef bool format_clause(struct format *format, const struct value *value);

static bool format_any(struct format *format, const struct value *value);

static void format_list(struct format *format, const struct value *list)
{
	text_add(&format->out, "[");
	for (size_t i = 0; i < list->list.count && !format->out.exhausted; i++) {
		text_add(&format->out, i ? ", " : "");
		format_any(format, list->list.items[i]);
	}
	text_add(&format->out, "]");
}

struct line {
	char *key; /* owned */
	const struct value *value;
};

static int compare_lines(const void *a, const void *b)
{
	return strcmp(((const struct line *)a)->key, ((const struct line *)b)->key);
}

/* In the order of the keys as they are written. */
static void format_map(struct format *format, const struct value *map)
{
	struct line *lines = memory_alloc(map->map.count * sizeof(*lines) + 1);

	for (size_t i = 0; i < map->map.count; i++) {
		struct buffer key = {0};

		append_as_string(&key, map->map.entries[i].key);
		lines[i] = (struct line){.key = buffer_take(&key), .value = map->map.entries[i].value};
	}
	qsort(lines, map->map.count, sizeof(*lines), compare_lines);
	text_add(&format->out, "{");
	for (size_t i = 0; i < map->map.count; i++) {
		text_add(&format->out, i ? ", " : "");
		text_add(&format->out, lines[i].key);
		text_add(&format->out, ": ");
		format_any(format, lines[i].value);
		free(lines[i].key);
	}
	text_add(&format->out, "}");
	free(lines);
}

static bool format_any(struct format *format, const struct value *value)
{
	CLEANUP_BUFFER struct buffer plain = {0};

	if (value->type == VALUE_LIST) {
		format_list(format, value);
	} else if (value->type == VALUE_MAP) {
		format_map(format, value);
	} else if (value->type == VALUE_NULL) {
		text_add(&format->out, "null");
	} else if (value->type == VALUE_TYPE) {
		text_append(&format->out, value->string.data, value->string.length);
	} else if (append_as_string(&plain, value)) {
		text_append(&format->out, buffer_text(&plain), plain.length);
	} else {
		return false;
	}
	return true;
}

static bool is_special(const struct value *value)
{
	return value->type == VALUE_DOUBLE && !isfinite(value->real);
}

static bool format_decimal(struct format *format, const struct value *value)
{
	if (value->type != VALUE_INT && value->type != VALUE_UINT && !is_special(value))
		return false;
	return format_any(format, value);
}

/* %f and %e. */
static bool format_real(struct format *format, const struct value *value)
{
	double real = value->type == VALUE_INT	  ? (double)value->integer
		      : value->type == VALUE_UINT ? (double)value->unsigned_integer
						  : value->real;
	CLEANUP_BUFFER struct buffer digits = {0};
	int precision = format->precision < 0 ? 6 : format->precision;

	if (value->type != VALUE_INT && value->type != VALUE_UINT && value->type != VALUE_DOUBLE)
		return false;
	if (is_special(value))
		return format_any(format, value);
	buffer_printf(&digits, format->letter == 'f' ? "%.*f" : "%.*e", precision, real);
	text_append(&format->out, buffer_text(&digits), digits.length);
	return true;
}

/* The magnitude of a number in a base that is a power of two. */
static void append_digits(struct format *format, uint64_t magnitude, unsigned bits, const char *digits)
{
	char text[65];
	size_t at = sizeof(text);

	do {
		text[--at] = digits[magnitude & ((1u << bits) - 1)];
		magnitude >>= bits;
	} while (magnitude);
	text_append(&format->out, text + at, sizeof(text) - at);
}

static bool format_integer(struct format *format, const struct value *value, unsigned bits, const char *digits)
{
	if (value->type == VALUE_UINT) {
		append_digits(format, value->unsigned_integer, bits, digits);
		return true;
	}
	if (value->type != VALUE_INT)
		return false;
	text_add(&format->out, value->integer < 0 ? "-" : "");
	append_digits(format, value->integer < 0 ? 0 - (uint64_t)value->integer : (uint64_t)value->integer, bits, digits);
	return true;
}

static bool format_binary(struct format *format, const struct value *value)
{
	if (value->type != VALUE_BOOL)
		return format_integer(format, value, 1, "01");
	text_add(&format->out, value->boolean ? "1" : "0");
	return true;
}

static bool format_octal(struct format *format, const struct value *value)
{
	return format_integer(format, value, 3, "01234567");
}

static bool format_hexadecimal(struct format *format, const struct value *value)
{
	const char *digits = format->letter == 'x' ? "0123456789abcdef" : "0123456789ABCDEF";

	if (value->type != VALUE_STRING && value->type != VALUE_BYTES)
		return format_integer(format, value, 4, digits);
	for (size_t i = 0; i < value->string.length && !format->out.exhausted; i++) {
		unsigned char byte = (unsigned char)value->string.data[i];

		if (i % 16 == 0)
			evaluation_charge(format->out.evaluation, 2);
		text_append(&format->out, (const char[]){digits[byte >> 4], digits[byte & 15]}, 2);
	}
	return true;
}

static const struct {
	char letter;
	format_clause *clause;
	const char *takes;
} clauses[] = {
	{'s', format_any, "valid UTF-8"},
	{'d', format_decimal, "int and uint"},
	{'f', format_real, "numbers"},
	{'e', format_real, "numbers"},
	{'b', format_binary, "int, uint and bool"},
	{'o', format_octal, "int and uint"},
	{'x', format_hexadecimal, "int, uint, string and bytes"},
	{'X', format_hexadecimal, "int, uint, string and bytes"},
};

/* NULL, or an error. */
static const struct value *format_one(struct format *format, const struct value *value)
{
	struct evaluation *evaluation = format->out.evaluation;

	for (size_t i = 0; i < COUNT_OF(clauses); i++) {
		if (clauses[i].letter != format->letter)
			continue;
		if (clauses[i].clause(format, value))
			return NULL;
		return evaluation_error(evaluation, "%%%c takes %s, not %s", format->letter, clauses[i].takes,
					value_type_name(value->type));
	}
	return evaluation_error(evaluation, "format() has no such clause: after '%%' comes one of s d f e b o x X %%");
}

/* ".3" at *at; the precision or -1, or -2 if it is none. */
static int take_precision(const char **at, const char *end)
{
	int precision = 0;

	if (*at == end || **at != '.')
		return -1;
	for (++*at; *at < end && **at >= '0' && **at <= '9'; ++*at) {
		precision = precision * 10 + (**at - '0');
		if (precision > PRECISION_LIMIT)
			return -2;
	}
	return precision;
}

/* All of the template: NULL, or an error. */
static const struct value *format_all(struct format *format, const struct value *pattern, const struct value *list)
{
	const char *at = pattern->string.data, *end = at + pattern->string.length, *percent;
	struct evaluation *evaluation = format->out.evaluation;
	const struct value *error = NULL;
	size_t used = 0;

	while (!error && !format->out.exhausted && (percent = memchr(at, '%', (size_t)(end - at)))) {
		evaluation_charge(evaluation, 1);
		text_append(&format->out, at, (size_t)(percent - at));
		at = percent + 1;
		format->precision = take_precision(&at, end);
		if (format->precision == -2)
			return evaluation_error(evaluation, "format() writes at most %d digits", PRECISION_LIMIT);
		format->letter = at < end ? *at++ : '\0';
		if (format->letter == '%')
			text_add(&format->out, "%");
		else if (used < list->list.count)
			error = format_one(format, list->list.items[used++]);
		else
			error = evaluation_error(evaluation, "format() needs more values than the %zu that it got",
						 list->list.count);
	}
	text_append(&format->out, at, (size_t)(end - at));
	if (!error && used < list->list.count && !format->out.exhausted)
		error = evaluation_error(evaluation, "format() got %zu values and uses %zu", list->list.count, used);
	return error;
}

FUNCTION_BODY(text_format)
{
	struct format format = {.out.evaluation = evaluation};
	const struct value *error = format_all(&format, arguments[0], arguments[1]);

	(void)node;
	if (error) {
		buffer_free(&format.out.buffer);
		return error;
	}
	return text_end(&format.out, VALUE_STRING);
}
