/*
 * check_scalar.c - keywords about types, single values, numbers and strings. A keyword that is not about the value's type
 * holds.
 */
#include <string.h>

#include "engine/base/memory.h"
#include "engine/base/utf8.h"
#include "engine/schema/check.h"

bool check_type(struct check *check, const struct part *part, const struct value *instance, struct marks *marks)
{
	(void)marks;
	if (type_bits(instance) & part->types)
		return true;
	struct diagnostic *found = report(check, WEIGHT_TYPE, "schema/type", instance, "must be %s, but is %s",
					  report_types(check, part->types), report_value(check, instance));
	if (!(part->types & (part->types - 1)) || value_text(instance)) /* one type is wanted: "1" is no condition */
		report_quotes(check, found, part->owner, instance);
	report_hint(check, found, part->owner);
	return false;
}

bool check_const(struct check *check, const struct part *part, const struct value *instance, struct marks *marks)
{
	(void)marks;
	if (value_equal(instance, part->value))
		return true;
	report_allowed(check, part, instance, (const struct value *const *)&part->value, 1);
	return false;
}

bool check_enum(struct check *check, const struct part *part, const struct value *instance, struct marks *marks)
{
	(void)marks;
	for (size_t i = 0; i < part->value->list.count; i++)
		if (value_equal(instance, part->value->list.items[i]))
			return true;
	report_allowed(check, part, instance, part->value->list.items, part->value->list.count);
	return false;
}

/* Exact for every INT, UINT and DOUBLE where long double has 64 bits of mantissa or more. */
static bool number_of(const struct value *value, long double *ret_number)
{
	switch (value->type) {
	case VALUE_INT:
		*ret_number = value->integer;
		return true;
	case VALUE_UINT:
		*ret_number = value->unsigned_integer;
		return true;
	case VALUE_DOUBLE:
		*ret_number = value->real;
		return true;
	default:
		return false;
	}
}

struct bounds {
	bool (*holds)(long double number, long double limit);
	const char *words;
};

static bool at_least(long double number, long double limit)
{
	return number >= limit;
}

static bool at_most(long double number, long double limit)
{
	return number <= limit;
}

static bool more(long double number, long double limit)
{
	return number > limit;
}

static bool less(long double number, long double limit)
{
	return number < limit;
}

static bool check_bound(struct check *check, const struct part *part, const struct value *instance, const struct bounds *bounds)
{
	long double number, limit;
	if (!number_of(instance, &number) || !number_of(part->value, &limit) || bounds->holds(number, limit))
		return true;
	struct diagnostic *found = report(check, WEIGHT_OTHER, "schema/range", instance, "must be %s %s, but is %s",
					  bounds->words, report_value(check, part->value), report_value(check, instance));
	report_hint(check, found, part->owner);
	return false;
}

bool check_minimum(struct check *check, const struct part *part, const struct value *instance, struct marks *marks)
{
	(void)marks;
	return check_bound(check, part, instance, &(struct bounds){at_least, "at least"});
}

bool check_maximum(struct check *check, const struct part *part, const struct value *instance, struct marks *marks)
{
	(void)marks;
	return check_bound(check, part, instance, &(struct bounds){at_most, "at most"});
}

bool check_exclusive_minimum(struct check *check, const struct part *part, const struct value *instance, struct marks *marks)
{
	(void)marks;
	return check_bound(check, part, instance, &(struct bounds){more, "more than"});
}

bool check_exclusive_maximum(struct check *check, const struct part *part, const struct value *instance, struct marks *marks)
{
	(void)marks;
	return check_bound(check, part, instance, &(struct bounds){less, "less than"});
}

static bool check_length(struct check *check, const struct part *part, const struct value *instance, bool least)
{
	if (instance->type != VALUE_STRING)
		return true;
	size_t length = utf8_count(instance->string.data, instance->string.length);
	if (least ? length >= part->size : length <= part->size)
		return true;
	struct diagnostic *found;
	if (!length)
		found = report(check, WEIGHT_OTHER, "schema/length", instance, "must not be empty");
	else
		found = report(check, WEIGHT_OTHER, "schema/length", instance, "must have at %s %zu character%s, but has %zu",
			       least ? "least" : "most", part->size, part->size == 1 ? "" : "s", length);
	report_hint(check, found, part->owner);
	return false;
}

bool check_min_length(struct check *check, const struct part *part, const struct value *instance, struct marks *marks)
{
	(void)marks;
	return check_length(check, part, instance, true);
}

bool check_max_length(struct check *check, const struct part *part, const struct value *instance, struct marks *marks)
{
	(void)marks;
	return check_length(check, part, instance, false);
}

bool check_pattern(struct check *check, const struct part *part, const struct value *instance, struct marks *marks)
{
	(void)marks;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	if (instance->type != VALUE_STRING)
		return true;
	int matched = regex_match(part->regex, instance->string.data, instance->string.length, NULL, &err);
	if (matched > 0)
		return true;
	if (matched < 0) {
		report(check, WEIGHT_OTHER, "schema/limit", instance, "%s", error_text(&err));
		return false;
	}
	const char *value = report_value(check, instance);
	struct diagnostic *found =
		report_description(check, part->owner) /* in words, rather than as a pattern */
			? report(check, WEIGHT_OTHER, "schema/pattern", instance, "%s has the wrong form", value)
			: report(check, WEIGHT_OTHER, "schema/pattern", instance, "%s does not match the pattern %s", value,
				 part->value->string.data);
	report_hint(check, found, part->owner);
	return false;
}
