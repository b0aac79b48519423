/*
 * services.c - names of services in the order of their starts: expressions are evaluated with the inputs' defaults.
 */
#include "engine/lint/services.h"

#include <string.h>

#include "engine/base/memory.h"

struct round { /* of a foreach around the step; outer ones first */
	const char *as;
	const struct value *item;
	const struct round *outer;
};

struct seen {
	const struct value *inputs;
	const struct round *round;
};

static const struct value *defaults_of(const struct lint *lint)
{
	struct value *map = value_map(lint->arena);
	for (size_t i = 0; i < lint->runbook->inputs_count; i++)
		if (lint->runbook->inputs[i].default_value)
			value_put(lint->arena, map, lint->runbook->inputs[i].name, lint->runbook->inputs[i].default_value);
	return map;
}

static const struct value *resolve(void *context, const char *name, struct arena *arena)
{
	const struct seen *seen = context;
	(void)arena;
	for (const struct round *round = seen->round; round; round = round->outer)
		if (strcmp(round->as, name) == 0)
			return round->item;
	return strcmp(name, "inputs") == 0 ? seen->inputs : NULL;
}

static const struct value *evaluate(const struct lint *lint, const struct template *template, const struct seen *seen)
{
	struct activation activation = {.resolve = resolve, .context = (void *)seen};
	CLEANUP_ERROR struct error err = ERROR_NONE;
	const struct value *value = NULL;
	return template_evaluate(template, &activation, lint->arena, &value, NULL, &err) == 0 ? value : NULL;
}

static bool is_there(const struct started_list *list, const char *service)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i].service, service) == 0)
			return true;
	return false;
}

static void add_step(const struct lint *lint, const struct step *step, const struct seen *seen, struct started_list *list)
{
	const struct action *action = step->uses ? plugins_find(lint->plugins, step->uses, NULL) : NULL;
	struct template *template = NULL;
	const struct value *name = value_get(step->with_value, "name");
	CLEANUP_ERROR struct error err = ERROR_NONE;
	if (!action || !(action->roles & ROLE_START) || !name || template_compile(lint->arena, name, &template, NULL, &err) < 0)
		return;
	name = evaluate(lint, template, seen);
	if (!value_text(name) || is_there(list, value_text(name)))
		return;
	struct started *slot = arena_grow(lint->arena, &list->items, &list->count, &list->capacity, sizeof(*list->items));
	*slot = (struct started){.service = value_text(name), .step = step};
}

static void add_block(const struct lint *lint, const struct block *block, const struct seen *seen, struct started_list *list);

static void add_once(const struct lint *lint, const struct step *step, const struct seen *seen, struct started_list *list)
{
	add_step(lint, step, seen, list);
	if (!step->parallel) /* at once: in no order */
		add_block(lint, &step->steps, seen, list);
}

static void add_block(const struct lint *lint, const struct block *block, const struct seen *seen, struct started_list *list)
{
	for (size_t i = 0; i < block->count; i++) {
		const struct step *step = &block->steps[i];
		const struct value *items = step->foreach ? evaluate(lint, step->foreach, seen) : NULL;
		if (!step->foreach)
			add_once(lint, step, seen, list);
		for (size_t k = 0; value_is(items, VALUE_LIST) && k < items->list.count; k++) {
			struct round round = {.as = step->as, .item = items->list.items[k], .outer = seen->round};
			add_once(lint, step, &(struct seen){.inputs = seen->inputs, .round = &round}, list);
		}
	}
}

void services_started(const struct lint *lint, struct started_list *ret_list)
{
	struct seen seen = {.inputs = defaults_of(lint)};
	*ret_list = (struct started_list){0};
	add_block(lint, &lint->runbook->steps, &seen, ret_list);
}
