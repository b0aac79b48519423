/*
 * check_multiple.c - multipleOf, in decimal: 0.0075 is a multiple of 0.0001 although neither is exact in binary. A double
 * stands for the shortest decimal number that reads back as it.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/schema/check.h"

typedef unsigned __int128 wide;

#define WIDE_TENTH (~(wide)0 / 10)

/* digits * 10^exponent; the sign does not matter here. */
struct decimal {
	uint64_t digits;
	int exponent;
};

static struct decimal decimal_of_double(double real)
{
	char text[40];
	for (int precision = 0; precision < 17; precision++) {
		snprintf(text, sizeof(text), "%.*e", precision, real);
		if (strtod(text, NULL) == real)
			break;
	}
	struct decimal decimal = {0};
	const char *c = text;
	for (bool fraction = false; *c != 'e'; c++) {
		if (*c == '.') {
			fraction = true;
			continue;
		}
		decimal.digits = decimal.digits * 10 + (uint64_t)(*c - '0');
		decimal.exponent -= fraction;
	}
	decimal.exponent += atoi(c + 1);
	return decimal;
}

/* False for what is no finite number. */
static bool decimal_of(const struct value *value, struct decimal *ret_decimal)
{
	switch (value->type) {
	case VALUE_INT:
		*ret_decimal = (struct decimal){value->integer < 0 ? -(uint64_t)value->integer : (uint64_t)value->integer, 0};
		return true;
	case VALUE_UINT:
		*ret_decimal = (struct decimal){value->unsigned_integer, 0};
		return true;
	case VALUE_DOUBLE:
		if (!isfinite(value->real))
			return false;
		*ret_decimal = decimal_of_double(fabs(value->real));
		return true;
	default:
		return false;
	}
}

static bool is_multiple(struct decimal number, struct decimal step)
{
	wide divisor = step.digits, rest = number.digits;
	int places = number.exponent - step.exponent;
	for (; places < 0; places++) {
		if (divisor > WIDE_TENTH)
			return !number.digits; /* the step is far larger than the number */
		divisor *= 10;
	}
	rest %= divisor;
	for (; places > 0 && rest; places--)
		rest = rest * 10 % divisor; /* divisor is step.digits here, below 2^64 */
	return !rest;
}

bool check_multiple(struct check *check, const struct part *part, const struct value *instance, struct marks *marks)
{
	(void)marks;
	struct decimal number, step;
	if (!decimal_of(instance, &number) || !decimal_of(part->value, &step) || is_multiple(number, step))
		return true;
	report(check, WEIGHT_OTHER, "schema/multiple", instance, "must be a multiple of %s, but is %s",
	       report_value(check, part->value), report_value(check, instance));
	return false;
}
