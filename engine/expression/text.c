/*
 * text.c - text under construction, and values as string() writes them.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/utf8.h"
#include "engine/expression/evaluate.h"
#include "engine/expression/time_range.h"

#define PLAIN_DIGITS 17 /* doubles from 1e-5 up to this many digits are written without an exponent */

void text_append(struct text *text, const char *data, size_t length)
{
	text->exhausted = text->exhausted || !evaluation_charge(text->evaluation, CHARGE_TEXT_MADE(length));
	if (!text->exhausted)
		buffer_append(&text->buffer, data, length);
}

void text_add(struct text *text, const char *data)
{
	text_append(text, data, strlen(data));
}

const struct value *text_end(struct text *text, enum value_type type)
{
	struct value *value;

	if (text->exhausted) {
		buffer_free(&text->buffer);
		return text->evaluation->exhausted;
	}
	value = value_string_n(text->evaluation->arena, buffer_text(&text->buffer), text->buffer.length);
	value->type = type;
	buffer_free(&text->buffer);
	return value;
}

/* The fewest significant digits that read back as the same double, as d.ddde+-xx. */
static void shortest(double real, char *text, size_t size)
{
	for (int digits = 0; digits < 17; digits++) {
		snprintf(text, size, "%.*e", digits, real);
		if (strtod(text, NULL) == real)
			return;
	}
}

static void append_double(struct buffer *out, double real)
{
	char text[64];
	int exponent, digits;

	if (isnan(real)) {
		buffer_add(out, "NaN");
		return;
	}
	if (isinf(real)) {
		buffer_add(out, real < 0 ? "-Infinity" : "Infinity");
		return;
	}
	shortest(real, text, sizeof(text));
	exponent = atoi(strchr(text, 'e') + 1);
	digits = (int)(strchr(text, 'e') - text) - (text[0] == '-') - (strchr(text, '.') != NULL);
	if (exponent < -5 || exponent >= PLAIN_DIGITS)
		buffer_add(out, text);
	else
		buffer_printf(out, "%.*f", digits - 1 > exponent ? digits - 1 - exponent : 0, real);
}

bool append_as_string(struct buffer *out, const struct value *value)
{
	switch (value->type) {
	case VALUE_BOOL:
		buffer_add(out, value->boolean ? "true" : "false");
		return true;
	case VALUE_INT:
		buffer_printf(out, "%lld", (long long)value->integer);
		return true;
	case VALUE_UINT:
		buffer_printf(out, "%llu", (unsigned long long)value->unsigned_integer);
		return true;
	case VALUE_DOUBLE:
		append_double(out, value->real);
		return true;
	case VALUE_STRING:
		buffer_append(out, value->string.data, value->string.length);
		return true;
	case VALUE_BYTES:
		if (!utf8_valid(value->string.data, value->string.length))
			return false;
		buffer_append(out, value->string.data, value->string.length);
		return true;
	case VALUE_TIMESTAMP:
		append_timestamp(out, value);
		return true;
	case VALUE_DURATION:
		append_duration(out, value);
		return true;
	default:
		return false;
	}
}
