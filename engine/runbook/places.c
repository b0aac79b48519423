/*
 * places.c - `${{ }}` in what has to be known from the text alone: which steps there are, their ids, their times. The schema
 * cannot say it: there a string with an expression may be anything.
 */
#include "engine/runbook/places.h"

#include <string.h>

#include "engine/base/memory.h"
#include "engine/expression/template.h"

static const char *const evaluated[] = {"name", "group", "if", "foreach", "host", "via", "user", "until", "expect", "hint"};
static const char *const blocks[] = {"preflight", "steps", "rescue", "finally"};
static const char *const prose[] = {"summary", "description", "default"}; /* default: inputs.c has more to say about it */

static bool is_one_of(const struct value *key, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (value_is_text(key, words[i]))
			return true;
	return false;
}

static void refuse(const struct value *value, const char *key, const char *hint, struct diagnostics *diagnostics)
{
	if (!value_text(value) || !template_has(value->string.data, value->string.length))
		return;
	struct diagnostic *found =
		diagnostics_add(diagnostics, SEVERITY_ERROR, "runbook/template", value->at,
				"`${{ }}` may not stand in `%s`: it is read before anything is evaluated", key);
	diagnostic_hint(diagnostics, found, "%s", hint);
}

static const char value_hint[] = "write the value itself; `if` and `foreach` choose between steps";

static void refuse_inside(const struct value *value, const char *key, struct diagnostics *diagnostics)
{
	refuse(value, key, value_hint, diagnostics);
	for (size_t i = 0; value_is(value, VALUE_LIST) && i < value->list.count; i++)
		refuse_inside(value->list.items[i], key, diagnostics);
	for (size_t i = 0; value_is(value, VALUE_MAP) && i < value->map.count; i++)
		if (!is_one_of(value->map.entries[i].key, prose, COUNT_OF(prose)))
			refuse_inside(value->map.entries[i].value, key, diagnostics);
}

/* The runbook itself, or a step. Depth is bounded by the document's. */
static void check_map(const struct value *map, struct diagnostics *diagnostics)
{
	for (size_t i = 0; value_is(map, VALUE_MAP) && i < map->map.count; i++) {
		const struct value *key = map->map.entries[i].key, *value = map->map.entries[i].value;
		const char *name = value_text(key);
		if (!name || is_one_of(key, evaluated, COUNT_OF(evaluated)) || is_one_of(key, prose, COUNT_OF(prose)))
			continue;
		if (is_one_of(key, blocks, COUNT_OF(blocks)) && value_is(value, VALUE_LIST)) {
			for (size_t k = 0; k < value->list.count; k++) {
				refuse(value->list.items[k], name, value_hint, diagnostics);
				check_map(value->list.items[k], diagnostics);
			}
		} else if (strcmp(name, "outputs") == 0 || strcmp(name, "with") == 0) {
			refuse(value, name, "write its keys, and `${{ }}` in their values", diagnostics);
		} else {
			refuse_inside(value, name, diagnostics);
		}
	}
}

void places_check(const struct value *document, struct diagnostics *diagnostics)
{
	check_map(document, diagnostics);
}
