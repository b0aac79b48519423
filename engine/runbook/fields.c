/*
 * fields.c - typed fields of a document.
 */
#include "engine/runbook/fields.h"

#include "engine/base/clock.h"
#include "engine/runbook/foreign.h"

bool fields_told(const struct fields *fields, const struct value *value)
{
	for (size_t i = fields->told_from; value && value->at.source && i < fields->told_to; i++) {
		const struct span *at = &fields->diagnostics->items[i].at;
		if (at->source == value->at.source && at->offset == value->at.offset)
			return true;
	}
	return false;
}

bool fields_told_of_map(const struct fields *fields, const struct value *map)
{
	bool told = fields_told(fields, map);
	for (size_t i = 0; !told && fields->told_from < fields->told_to && value_is(map, VALUE_MAP) && i < map->map.count; i++)
		told = fields_told(fields, map->map.entries[i].key) || fields_told(fields, map->map.entries[i].value);
	return told;
}

int64_t fields_duration(const struct fields *fields, const struct value *map, const char *key, int64_t fallback)
{
	const struct value *value = value_get(map, key);
	if (!value || fields_told(fields, value))
		return fallback;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	int64_t nanoseconds = 0;
	const char *text = value_text(value);
	if (text && duration_parse(text, &nanoseconds, &err) == 0)
		return nanoseconds;
	struct diagnostic *diagnostic = diagnostics_add(fields->diagnostics, SEVERITY_ERROR, "runbook/duration", value->at,
							"%s: %s", key, text ? error_text(&err) : "not a duration");
	diagnostic_hint(fields->diagnostics, diagnostic, "write a number with a unit, such as 90s, 10m or 1h30m");
	return fallback;
}

typedef int compile_function(struct arena *arena, const struct value *value, struct template **ret_template,
			     struct span *ret_at, struct error *err);

/* A list or map that does not compile: each of its values that does not is told. */
static void tell_each(const struct fields *fields, const struct value *value, const char *key, compile_function *function)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct span at = value->at;
	struct template *ignored;
	if (function(fields->arena, value, &ignored, &at, &err) == 0)
		return;
	for (size_t i = 0; value_is(value, VALUE_LIST) && i < value->list.count; i++)
		tell_each(fields, value->list.items[i], key, function);
	for (size_t i = 0; value_is(value, VALUE_MAP) && i < value->map.count; i++)
		tell_each(fields, value->map.entries[i].value, key, function);
	if (value_is(value, VALUE_LIST) || value_is(value, VALUE_MAP))
		return;
	struct diagnostic *diagnostic = diagnostics_add(fields->diagnostics, SEVERITY_ERROR, "expression/syntax",
							at.source ? at : value->at, "%s: %s", key, error_text(&err));
	if (err.hint)
		diagnostic_hint(fields->diagnostics, diagnostic, "%s", err.hint);
}

static struct template *compile(const struct fields *fields, const struct value *map, const char *key,
				compile_function *function)
{
	const struct value *value = value_get(map, key);
	if (!value || fields_told(fields, value))
		return NULL;
	struct template *template = NULL;
	if (function(fields->arena, value, &template, NULL, NULL) == 0)
		return template;
	tell_each(fields, value, key, function);
	return NULL;
}

/* A text that looks as if it were an expression of other tools would pass as it is. */
static void refuse_braces(const struct fields *fields, const struct value *value, const char *key)
{
	const char *text = value_text(value), *found = text ? foreign_braces(text) : NULL;
	for (size_t i = 0; value_is(value, VALUE_LIST) && i < value->list.count; i++)
		refuse_braces(fields, value->list.items[i], key);
	for (size_t i = 0; value_is(value, VALUE_MAP) && i < value->map.count; i++)
		refuse_braces(fields, value->map.entries[i].value, key);
	if (!found)
		return;
	struct diagnostic *diagnostic = diagnostics_add(fields->diagnostics, SEVERITY_ERROR, "runbook/braces", value->at,
							"%s: '%.2s' begins no expression here", key, found);
	diagnostic_hint(fields->diagnostics, diagnostic, "%s",
			found[1] == '{' ? "write ${{ ... }}" : "there are no blocks in texts: a step has `if` and `foreach`");
}

struct template *fields_template(const struct fields *fields, const struct value *map, const char *key)
{
	const struct value *value = value_get(map, key);
	if (value && !fields_told(fields, value))
		refuse_braces(fields, value, key);
	return compile(fields, map, key, template_compile);
}

struct template *fields_condition(const struct fields *fields, const struct value *map, const char *key)
{
	const struct value *value = value_get(map, key);
	const char *text = value_text(value), *found = text ? foreign_braces(text) : NULL;
	if (!found || fields_told(fields, value))
		return compile(fields, map, key, template_compile_condition);
	refuse_braces(fields, value, key);
	return NULL;
}

const char *const *fields_words(const struct fields *fields, const struct value *map, const char *key)
{
	const struct value *list = value_get(map, key);
	if (!value_is(list, VALUE_LIST))
		return NULL;
	const char **words = arena_alloc(fields->arena, (list->list.count + 1) * sizeof(*words));
	for (size_t i = 0; i < list->list.count; i++)
		words[i] = value_text(list->list.items[i]);
	return words;
}
