/*
 * fields.c - typed fields of a document.
 */
#include "engine/runbook/fields.h"

#include "engine/base/clock.h"

int64_t fields_duration(const struct fields *fields, const struct value *map, const char *key, int64_t fallback)
{
	const struct value *value = value_get(map, key);
	if (!value)
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

static struct template *compile(const struct fields *fields, const struct value *map, const char *key,
				compile_function *function)
{
	const struct value *value = value_get(map, key);
	if (!value)
		return NULL;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct span at = value->at;
	struct template *template = NULL;
	if (function(fields->arena, value, &template, &at, &err) == 0)
		return template;
	struct diagnostic *diagnostic = diagnostics_add(fields->diagnostics, SEVERITY_ERROR, "expression/syntax",
							at.source ? at : value->at, "%s: %s", key, error_text(&err));
	if (err.hint)
		diagnostic_hint(fields->diagnostics, diagnostic, "%s", err.hint);
	return NULL;
}

struct template *fields_template(const struct fields *fields, const struct value *map, const char *key)
{
	return compile(fields, map, key, template_compile);
}

struct template *fields_condition(const struct fields *fields, const struct value *map, const char *key)
{
	return compile(fields, map, key, template_compile_condition);
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
