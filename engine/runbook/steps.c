/*
 * steps.c - blocks of steps from their document: expressions are compiled, places get their keys. What a name means is
 * names.c's.
 */
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "engine/runbook/build.h"

struct span field_place(const struct value *map, const char *key, const struct value *otherwise)
{
	const struct value *value = value_get(map, key) ? value_get(map, key) : otherwise;
	return value ? value->at : (struct span){0};
}

static struct retry read_retry(const struct fields *fields, const struct value *step)
{
	struct retry retry = {.attempts = 1, .delay = NSEC_PER_SEC, .backoff = 1, .max_delay = CLOCK_FOREVER};
	const struct value *map = value_get(step, "retry");
	if (!map)
		return retry;
	retry.attempts = (unsigned)value_get_int(map, "attempts", 3);
	retry.delay = fields_duration(fields, map, "delay", retry.delay);
	retry.max_delay = fields_duration(fields, map, "max_delay", retry.max_delay);
	const struct value *backoff = value_get(map, "backoff");
	if (backoff)
		retry.backoff = backoff->type == VALUE_INT ? (double)backoff->integer : backoff->real;
	return retry;
}

struct output *outputs_read(const struct fields *fields, const struct value *map, size_t *ret_count)
{
	*ret_count = value_is(map, VALUE_MAP) ? map->map.count : 0;
	struct output *outputs = arena_alloc(fields->arena, *ret_count * sizeof(*outputs));
	for (size_t i = 0; i < *ret_count; i++) {
		outputs[i].name = value_text(map->map.entries[i].key);
		outputs[i].value = fields_template(fields, map, outputs[i].name);
	}
	return outputs;
}

/* A script in `with` is program text: values reach it through `env`, never by splicing. */
static void check_script(const struct fields *fields, const struct step *step)
{
	const struct value *script = value_get(step->with_value, "script");
	const char *text = value_text(script);
	if (!text || !template_has(text, script->string.length))
		return;
	struct diagnostic *diagnostic =
		diagnostics_add(fields->diagnostics, SEVERITY_ERROR, "runbook/template-in-script", script->at,
				"a script may not contain ${{ }}: a value could become program text");
	diagnostic_hint(fields->diagnostics, diagnostic,
			"hand the value over: env: {NAME: \"${{ ... }}\"}, and use \"$NAME\" in the script");
}

static void read_action(const struct fields *fields, const struct value *map, struct step *step)
{
	const struct value *uses = value_get(map, "uses");
	step->uses = fields_told(fields, uses) ? NULL : value_text(uses);
	step->uses_at = uses->at;
	step->with_value = value_get(map, "with");
	step->with = fields_template(fields, map, "with");
	step->until = fields_condition(fields, map, "until");
	step->expect = fields_condition(fields, map, "expect");
	step->expect_text = value_get_text(map, "expect");
	step->hint = fields_template(fields, map, "hint");
	step->poll = fields_duration(fields, map, "poll", 0);
	step->outputs = outputs_read(fields, value_get(map, "outputs"), &step->outputs_count);
	check_script(fields, step);
}

#define MAX_CONCURRENT 32

static void read_group(const struct fields *fields, const struct value *map, struct step *step)
{
	struct arena *arena = fields->arena;
	step->parallel = value_get_bool(map, "parallel", false);
	step->max_concurrent = (unsigned)value_get_int(map, "max_concurrent", MAX_CONCURRENT);
	steps_read(fields, value_get(map, "steps"), step->key, &step->steps);
	steps_read(fields, value_get(map, "rescue"), arena_printf(arena, "%s.rescue", step->key), &step->rescue);
	steps_read(fields, value_get(map, "finally"), arena_printf(arena, "%s.finally", step->key), &step->finally);
}

static void read_call(const struct fields *fields, const struct value *map, struct step *step)
{
	const struct value *call = value_get(map, "call");
	step->call = fields_told(fields, call) ? NULL : value_text(call);
	step->uses_at = call->at;
	step->with_value = value_get(map, "with");
	step->with = fields_template(fields, map, "with");
}

static const struct {
	const char *key;
	enum step_form form;
	void (*read)(const struct fields *fields, const struct value *map, struct step *step);
} forms[] = {
	{"uses", STEP_ACTION, read_action},
	{"group", STEP_GROUP, read_group},
	{"call", STEP_CALL, read_call},
};

static void read_form(const struct fields *fields, const struct value *map, struct step *step)
{
	for (size_t i = 0; i < COUNT_OF(forms); i++) {
		if (!value_get(map, forms[i].key))
			continue;
		step->form = forms[i].form;
		forms[i].read(fields, map, step);
		return;
	}
}

static void check_foreach(const struct fields *fields, const struct value *map)
{
	const struct value *list = value_get(map, "foreach");
	const char *text = value_text(list);
	if (!text || template_has(text, list->string.length) || fields_told(fields, list))
		return;
	struct diagnostic *diagnostic = diagnostics_add(fields->diagnostics, SEVERITY_ERROR, "runbook/foreach", list->at,
							"foreach: this is a text, not a list");
	bool name = strncmp(text, "inputs.", strlen("inputs.")) == 0 || strncmp(text, "steps.", strlen("steps.")) == 0;
	diagnostic_hint(fields->diagnostics, diagnostic,
			name ? "write an expression: ${{ %s }}" : "write a list: [%s]; or an expression: ${{ ... }}", text);
}

static void read_step(const struct fields *fields, const struct value *map, struct step *step)
{
	bool group = value_get(map, "group") != NULL;
	step->at = map->at;
	step->misshapen = fields_told_of_map(fields, map);
	step->id = value_get_text(map, "id");
	step->id_at = field_place(map, "id", map);
	step->name = fields_template(fields, map, group ? "group" : "name");
	step->condition = fields_condition(fields, map, "if");
	step->condition_text = value_get_text(map, "if");
	step->host = fields_template(fields, map, "host");
	step->via = fields_template(fields, map, "via");
	step->user = fields_template(fields, map, "user");
	step->foreach = fields_template(fields, map, "foreach");
	check_foreach(fields, map);
	step->as = value_get_text(map, "as");
	if (!step->as)
		step->as = "item";
	step->as_at = field_place(map, "as", value_get(map, "foreach"));
	step->retry = read_retry(fields, map);
	step->timeout = fields_duration(fields, map, "timeout", 0);
	step->silences = value_get(value_get(map, "lint"), "ignore");
	read_form(fields, map, step);
}

void steps_read(const struct fields *fields, const struct value *list, const char *prefix, struct block *block)
{
	if (!value_is(list, VALUE_LIST))
		return;
	block->count = list->list.count;
	block->steps = arena_alloc(fields->arena, block->count * sizeof(*block->steps));
	for (size_t i = 0; i < block->count; i++) {
		struct step *step = &block->steps[i];
		step->key = arena_printf(fields->arena, "%s%s%zu", prefix, *prefix ? "." : "", i + 1);
		read_step(fields, list->list.items[i], step);
	}
}
