/*
 * scalar.c - the core schema (YAML 1.2.2, 10.3.2), by hand: null, bool, int, float, and everything else is a string.
 *
 * `on`, `yes`, `1_000` and `12:30` are strings, as the schema says. 0777 would be the number 777 and is refused, because
 * whoever writes it means something else.
 */
#include "engine/document/scalar.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"

enum meaning { IS_NULL, IS_TRUE, IS_FALSE, IS_INFINITY, IS_MINUS_INFINITY, IS_NAN };

static const struct {
	const char *word;
	enum meaning meaning;
} words[] = {
	{"", IS_NULL},
	{"~", IS_NULL},
	{"null", IS_NULL},
	{"Null", IS_NULL},
	{"NULL", IS_NULL},
	{"true", IS_TRUE},
	{"True", IS_TRUE},
	{"TRUE", IS_TRUE},
	{"false", IS_FALSE},
	{"False", IS_FALSE},
	{"FALSE", IS_FALSE},
	{".inf", IS_INFINITY},
	{".Inf", IS_INFINITY},
	{".INF", IS_INFINITY},
	{"+.inf", IS_INFINITY},
	{"+.Inf", IS_INFINITY},
	{"+.INF", IS_INFINITY},
	{"-.inf", IS_MINUS_INFINITY},
	{"-.Inf", IS_MINUS_INFINITY},
	{"-.INF", IS_MINUS_INFINITY},
	{".nan", IS_NAN},
	{".NaN", IS_NAN},
	{".NAN", IS_NAN},
};

static struct value *word_value(struct arena *arena, enum meaning meaning)
{
	struct value *value = value_new(arena, VALUE_DOUBLE);
	switch (meaning) {
	case IS_NULL:
		value->type = VALUE_NULL;
		break;
	case IS_TRUE:
	case IS_FALSE:
		value->type = VALUE_BOOL;
		value->boolean = meaning == IS_TRUE;
		break;
	case IS_INFINITY:
		value->real = INFINITY;
		break;
	case IS_MINUS_INFINITY:
		value->real = -INFINITY;
		break;
	case IS_NAN:
		value->real = NAN;
		break;
	}
	return value;
}

static const char *skip_digits(const char *text)
{
	while (isdigit((unsigned char)*text))
		text++;
	return text;
}

static const char *skip_sign(const char *text)
{
	return *text == '-' || *text == '+' ? text + 1 : text;
}

static bool is_decimal(const char *text)
{
	text = skip_sign(text);
	return *text && !*skip_digits(text);
}

/* 0o17 and 0xff; no sign. The base, or 0. */
static int prefixed_base(const char *text)
{
	if (text[0] != '0' || (text[1] != 'o' && text[1] != 'x') || !text[2])
		return 0;
	const char *allowed = text[1] == 'o' ? "01234567" : "0123456789abcdefABCDEF";
	return text[strspn(text + 2, allowed) + 2] ? 0 : text[1] == 'o' ? 8 : 16;
}

/* [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )? */
static bool is_float(const char *text)
{
	text = skip_sign(text);
	const char *point = skip_digits(text);
	bool digits = point > text;
	if (*point == '.') {
		const char *end = skip_digits(point + 1);
		digits = digits || end > point + 1;
		point = end;
	}
	if (!digits)
		return false;
	if (*point != 'e' && *point != 'E')
		return !*point;
	point = skip_sign(point + 1);
	return *point && !*skip_digits(point);
}

struct resolver {
	struct arena *arena;
	struct span at;
	struct diagnostics *diagnostics;
};

static struct value *refuse(const struct resolver *resolver, const char *text, const char *rule, const char *what)
{
	struct diagnostic *found =
		diagnostics_add(resolver->diagnostics, SEVERITY_ERROR, rule, resolver->at, "%s: %s", what, text);
	diagnostic_hint(resolver->diagnostics, found, "if text is meant, quote it: \"%s\"", text);
	return value_string(resolver->arena, text);
}

static struct value *integer_value(const struct resolver *resolver, const char *text, int base)
{
	const char *digits = base == 10 ? skip_sign(text) : text + 2;
	if (base == 10 && digits[0] == '0' && digits[1])
		return refuse(resolver, text, "yaml/leading-zero", "a number with a leading zero (neither octal nor text)");
	errno = 0;
	long long integer = strtoll(base == 10 ? text : digits, NULL, base);
	if (errno == ERANGE)
		return refuse(resolver, text, "yaml/number", "an integer that does not fit into 64 bits");
	return value_int(resolver->arena, integer);
}

static struct value *float_value(const struct resolver *resolver, const char *text)
{
	double real = strtod(text, NULL);
	if (isinf(real))
		return refuse(resolver, text, "yaml/number", "a number that is too large");
	return value_double(resolver->arena, real);
}

/* A word of the table, or a number; most are told by their first character. */
static bool is_string(const char *text, size_t length)
{
	return (length && !strchr("~nNtTfF.+-0123456789", text[0])) || strlen(text) != length;
}

static struct value *resolve(const struct resolver *resolver, const char *text, size_t length)
{
	if (is_string(text, length))
		return value_string_n(resolver->arena, text, length);
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (strcmp(text, words[i].word) == 0)
			return word_value(resolver->arena, words[i].meaning);
	if (is_decimal(text))
		return integer_value(resolver, text, 10);
	int base = prefixed_base(text);
	if (base)
		return integer_value(resolver, text, base);
	if (is_float(text))
		return float_value(resolver, text);
	return value_string_n(resolver->arena, text, length);
}

const struct value *scalar_resolve(struct arena *arena, const char *text, size_t length, struct span at,
				   struct diagnostics *diagnostics)
{
	struct resolver resolver = {arena, at, diagnostics};
	struct value *value = resolve(&resolver, text, length);
	value->at = at;
	return value;
}
