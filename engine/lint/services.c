/*
 * services.c - names of services in the order of their starts: expressions are evaluated with the inputs' defaults.
 */
#include "engine/lint/services.h"

#include <string.h>

#include "engine/base/memory.h"
#include "engine/base/table.h"

struct round { /* of a foreach around the step; inner ones first */
	const char *as;
	const struct value *item;
	const struct round *outer;
};

struct search {
	struct arena *arena;
	const struct plugins *plugins;
	const struct value *inputs; /* their defaults */
	const struct round *round;
	struct table *seen;   /* services */
	struct table *values; /* texts outside of any foreach -> what they come to; many steps have the same */
	struct started_list *list;
};

static const struct value *defaults_of(struct arena *arena, const struct value *inputs)
{
	struct value *map = value_map(arena);
	for (size_t i = 0; value_is(inputs, VALUE_MAP) && i < inputs->map.count; i++) {
		const struct value *fallback = value_get(inputs->map.entries[i].value, "default");
		if (fallback)
			value_put_key(arena, map, inputs->map.entries[i].key, fallback);
	}
	return map;
}

static const struct value *resolve(void *context, const char *name, struct arena *arena)
{
	const struct search *search = context;
	(void)arena;
	for (const struct round *round = search->round; round; round = round->outer)
		if (strcmp(round->as, name) == 0)
			return round->item;
	return strcmp(name, "inputs") == 0 ? search->inputs : NULL;
}

/* NULL: it cannot be known now. */
static const struct value *evaluate(const struct search *search, const struct value *written)
{
	struct activation activation = {.resolve = resolve, .context = (void *)search};
	CLEANUP_ERROR struct error err = ERROR_NONE;
	const struct value *value = NULL;
	struct template *template;
	const char *text = search->round ? NULL : value_text(written);
	if (text && (value = table_get(search->values, text)))
		return value;
	if (!written || template_compile(search->arena, written, &template, NULL, &err) < 0 ||
	    template_evaluate(template, &activation, search->arena, &value, NULL, &err) < 0)
		return NULL;
	if (text)
		table_put(search->values, text, value);
	return value;
}

static void add_action(const struct search *search, const struct value *step)
{
	const struct value *uses = value_get(step, "uses");
	const struct action *action = value_text(uses) ? plugins_find(search->plugins, value_text(uses), NULL) : NULL;
	if (!action || !(action->roles & ROLE_START))
		return;
	const struct value *name = evaluate(search, value_get(value_get(step, "with"), "name"));
	if (!value_text(name) || table_get(search->seen, value_text(name)))
		return;
	table_put(search->seen, value_text(name), search->list);
	struct started *slot = arena_grow(search->arena, &search->list->items, &search->list->count, &search->list->capacity,
					  sizeof(*search->list->items));
	*slot = (struct started){.service = value_text(name), .at = uses->at};
}

static void add_steps(const struct search *search, const struct value *steps);

static void add_once(const struct search *search, const struct value *step)
{
	add_action(search, step);
	if (!value_get_bool(step, "parallel", false)) /* at once: in no order */
		add_steps(search, value_get(step, "steps"));
}

/* Depth is bounded by the document's. */
static void add_steps(const struct search *search, const struct value *steps)
{
	for (size_t i = 0; value_is(steps, VALUE_LIST) && i < steps->list.count; i++) {
		const struct value *step = steps->list.items[i], *foreach = value_get(step, "foreach");
		const char *as = value_get_text(step, "as");
		const struct value *items = evaluate(search, foreach);
		if (!foreach)
			add_once(search, step);
		for (size_t k = 0; value_is(items, VALUE_LIST) && k < items->list.count; k++) {
			struct round round = {.as = as ? as : "item", .item = items->list.items[k], .outer = search->round};
			struct search inner = *search;
			inner.round = &round;
			add_once(&inner, step);
		}
	}
}

void services_started(struct arena *arena, const struct plugins *plugins, const struct value *document,
		      struct started_list *ret_list)
{
	struct table seen = {0}, values = {0};
	struct search search = {.arena = arena,
				.plugins = plugins,
				.inputs = defaults_of(arena, value_get(document, "inputs")),
				.seen = &seen,
				.values = &values,
				.list = ret_list};
	*ret_list = (struct started_list){0};
	add_steps(&search, value_get(document, "steps"));
	table_free(&seen);
	table_free(&values);
}
