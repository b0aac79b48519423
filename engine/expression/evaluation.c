/*
 * evaluation.c - what all of an evaluation shares: its budget, its errors, and looking into values for secrets and unknowns.
 */
#include "engine/expression/evaluate.h"

#include <stdarg.h>
#include <string.h>

#define INSPECTION_DEPTH 600 /* deeper than any document or JSON text may be */

const struct value *evaluation_error(struct evaluation *evaluation, const char *format, ...)
{
	struct value *error = value_new(evaluation->arena, VALUE_ERROR);
	va_list args;

	va_start(args, format);
	error->string.data = arena_vprintf(evaluation->arena, format, args);
	va_end(args);
	error->string.length = strlen(error->string.data);
	return error;
}

const char *excerpt(struct arena *arena, const char *text, size_t length)
{
	size_t shown = length > 60 ? 60 : length;

	if (shown == length)
		return arena_strndup(arena, text, length);
	while (shown && (text[shown] & 0xc0) == 0x80)
		shown--;
	return arena_printf(arena, "%.*s...", (int)shown, text);
}

bool evaluation_charge(struct evaluation *evaluation, size_t cost)
{
	if (evaluation->exhausted)
		return false;
	if (cost > (size_t)evaluation->budget) {
		evaluation->exhausted =
			evaluation_error(evaluation, "the expression takes more than %d steps", EXPRESSION_COST_LIMIT);
		return false;
	}
	evaluation->budget -= (int64_t)cost;
	if (arena_used(evaluation->arena) - evaluation->arena_start > EXPRESSION_MEMORY_LIMIT) {
		evaluation->exhausted = evaluation_error(evaluation, "the expression takes more than %u MiB of memory",
							 EXPRESSION_MEMORY_LIMIT >> 20);
		return false;
	}
	return true;
}

bool is_abnormal(const struct value *value)
{
	return value->type == VALUE_UNKNOWN || value->type == VALUE_ERROR;
}

const struct value *abnormal_of(const struct value *a, const struct value *b)
{
	if (a->type == VALUE_UNKNOWN || !is_abnormal(b))
		return a;
	return b->type == VALUE_UNKNOWN || !is_abnormal(a) ? b : a;
}

const struct value *tainted_by(struct evaluation *evaluation, const struct value *result, const struct value *because)
{
	return because->secret && !result->secret ? value_taint(evaluation->arena, result) : result;
}

static void inspect_into(struct inspection *inspection, const struct value *value, size_t limit, unsigned depth)
{
	if (++inspection->weight > limit)
		return;
	if (depth > INSPECTION_DEPTH) {
		inspection->weight = limit + 1;
		return;
	}
	inspection->secret = inspection->secret || value->secret;
	if (is_abnormal(value) && !inspection->unknown)
		inspection->unknown = value;
	if (value->type == VALUE_LIST) {
		for (size_t i = 0; i < value->list.count && inspection->weight <= limit; i++)
			inspect_into(inspection, value->list.items[i], limit, depth + 1);
	} else if (value->type == VALUE_MAP) {
		for (size_t i = 0; i < value->map.count && inspection->weight <= limit; i++) {
			inspect_into(inspection, value->map.entries[i].key, limit, depth + 1);
			inspect_into(inspection, value->map.entries[i].value, limit, depth + 1);
		}
	}
}

struct inspection inspect(struct evaluation *evaluation, const struct value *value)
{
	struct inspection inspection = {0};

	inspect_into(&inspection, value, (size_t)evaluation->budget, 0);
	return inspection;
}

bool charge_element(struct evaluation *evaluation, const struct value *value)
{
	return evaluation_charge(evaluation, inspect(evaluation, value).weight);
}
