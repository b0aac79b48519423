/*
 * runbook.c - a runbook from its document. The schema has checked the shape; here expressions are compiled and places get their keys.
 */
#include "engine/runbook/runbook.h"

#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "engine/document/document.h"
#include "engine/runbook/fields.h"
#include "engine/runbook/names.h"
#include "engine/schema/product.h"

static void read_block(const struct fields *fields, const struct value *list, const char *prefix, struct block *block);

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

static struct output *read_outputs(const struct fields *fields, const struct value *map, size_t *ret_count)
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
	diagnostic_hint(fields->diagnostics, diagnostic, "hand the value over: env: {NAME: \"${{ ... }}\"}, and use \"$NAME\" in the script");
}

static void read_action(const struct fields *fields, const struct value *map, struct step *step)
{
	const struct value *uses = value_get(map, "uses");
	step->uses = value_text(uses);
	step->uses_at = uses->at;
	step->with_value = value_get(map, "with");
	step->with = fields_template(fields, map, "with");
	step->until = fields_condition(fields, map, "until");
	step->expect = fields_condition(fields, map, "expect");
	step->expect_text = value_get_text(map, "expect");
	step->hint = fields_template(fields, map, "hint");
	step->poll = fields_duration(fields, map, "poll", 0);
	step->outputs = read_outputs(fields, value_get(map, "outputs"), &step->outputs_count);
	check_script(fields, step);
}

static void read_group(const struct fields *fields, const struct value *map, struct step *step)
{
	struct arena *arena = fields->arena;
	read_block(fields, value_get(map, "steps"), step->key, &step->steps);
	read_block(fields, value_get(map, "rescue"), arena_printf(arena, "%s.rescue", step->key), &step->rescue);
	read_block(fields, value_get(map, "finally"), arena_printf(arena, "%s.finally", step->key), &step->finally);
}

static struct span place_of(const struct value *map, const char *key, const struct value *otherwise)
{
	const struct value *value = value_get(map, key) ? value_get(map, key) : otherwise;
	return value ? value->at : (struct span){0};
}

static void read_step(const struct fields *fields, const struct value *map, struct step *step)
{
	bool group = value_get(map, "group") != NULL;
	step->form = group ? STEP_GROUP : STEP_ACTION;
	step->at = map->at;
	step->id = value_get_text(map, "id");
	step->id_at = place_of(map, "id", map);
	step->name = fields_template(fields, map, group ? "group" : "name");
	step->condition = fields_condition(fields, map, "if");
	step->condition_text = value_get_text(map, "if");
	step->host = fields_template(fields, map, "host");
	step->via = fields_template(fields, map, "via");
	step->user = fields_template(fields, map, "user");
	step->foreach = fields_template(fields, map, "foreach");
	step->as = value_get_text(map, "as");
	if (!step->as)
		step->as = "item";
	step->as_at = place_of(map, "as", value_get(map, "foreach"));
	step->retry = read_retry(fields, map);
	step->timeout = fields_duration(fields, map, "timeout", 0);
	if (group)
		read_group(fields, map, step);
	else
		read_action(fields, map, step);
}

static void read_block(const struct fields *fields, const struct value *list, const char *prefix, struct block *block)
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

static void read_objectives(const struct fields *fields, const struct value *document, struct runbook *runbook)
{
	const struct value *map = value_get(document, "objectives");
	struct value *seen = value_map(fields->arena);
	runbook->rto = fields_duration(fields, map, "rto", 0);
	runbook->rpo = fields_duration(fields, map, "rpo", 0);
	if (runbook->rto)
		value_put(fields->arena, seen, "rto", value_duration(fields->arena, runbook->rto));
	if (runbook->rpo)
		value_put(fields->arena, seen, "rpo", value_duration(fields->arena, runbook->rpo));
	runbook->objectives = seen;
}

static void read_locks(const struct fields *fields, const struct value *document, struct runbook *runbook)
{
	const struct value *lock = value_get(document, "lock");
	bool list = value_is(lock, VALUE_LIST);
	runbook->locks_count = list ? lock->list.count : lock != NULL;
	runbook->locks = arena_alloc(fields->arena, (runbook->locks_count + 1) * sizeof(*runbook->locks));
	for (size_t i = 0; i < runbook->locks_count; i++)
		runbook->locks[i] = value_text(list ? lock->list.items[i] : lock);
	/* Sorted, so that two runs that need the same locks cannot each hold one of them. */
	for (size_t i = 1; i < runbook->locks_count; i++)
		for (size_t j = i; j > 0 && strcmp(runbook->locks[j - 1], runbook->locks[j]) > 0; j--) {
			const char *swapped = runbook->locks[j];
			runbook->locks[j] = runbook->locks[j - 1];
			runbook->locks[j - 1] = swapped;
		}
}

static const char *const input_type_names[] = {
	[INPUT_STRING] = "string", [INPUT_INTEGER] = "integer", [INPUT_NUMBER] = "number",
	[INPUT_BOOLEAN] = "boolean", [INPUT_DURATION] = "duration", [INPUT_LIST] = "list",
	[INPUT_MAP] = "map", [INPUT_HOST] = "host", [INPUT_SECRET] = "secret",
};

const char *input_type_name(enum input_type type)
{
	return input_type_names[type];
}

static enum input_type input_type_of(const char *name)
{
	for (size_t i = 0; name && i < COUNT_OF(input_type_names); i++)
		if (strcmp(input_type_names[i], name) == 0)
			return (enum input_type)i;
	return INPUT_STRING;
}

static void read_inputs(const struct fields *fields, const struct value *document, struct runbook *runbook)
{
	const struct value *map = value_get(document, "inputs");
	runbook->inputs_count = value_is(map, VALUE_MAP) ? map->map.count : 0;
	runbook->inputs = arena_alloc(fields->arena, runbook->inputs_count * sizeof(*runbook->inputs));
	for (size_t i = 0; i < runbook->inputs_count; i++) {
		const struct value *entry = map->map.entries[i].value;
		runbook->inputs[i] = (struct input){
			.name = value_text(map->map.entries[i].key),
			.type = input_type_of(value_get_text(entry, "type")),
			.items = input_type_of(value_get_text(entry, "items")),
			.default_value = value_get(entry, "default"),
			.optional = value_get_bool(entry, "optional", false),
			.allowed = value_get(entry, "enum"),
			.pattern = value_get_text(entry, "pattern"),
			.description = value_get_text(entry, "description"),
			.at = map->map.entries[i].key->at,
		};
	}
}

static struct runbook *build(const struct fields *fields, const struct source *source, const struct value *document)
{
	struct runbook *runbook = ARENA_NEW(fields->arena, struct runbook);
	runbook->source = source;
	runbook->name = value_get_text(document, "runbook");
	runbook->kind = value_get_text(document, "kind");
	runbook->summary = value_get_text(document, "summary");
	read_objectives(fields, document, runbook);
	read_locks(fields, document, runbook);
	read_inputs(fields, document, runbook);
	read_block(fields, value_get(document, "preflight"), "preflight", &runbook->preflight);
	read_block(fields, value_get(document, "steps"), "", &runbook->steps);
	read_block(fields, value_get(document, "finally"), "finally", &runbook->finally);
	runbook->outputs = read_outputs(fields, value_get(document, "outputs"), &runbook->outputs_count);
	return runbook;
}

int runbook_from_source(struct arena *arena, const struct source *source, const struct inventory *inventory,
			struct runbook **ret_runbook, struct diagnostics *diagnostics)
{
	size_t errors = diagnostics->errors;
	const struct value *document;
	*ret_runbook = NULL;
	if (document_parse(arena, source, &document, diagnostics) < 0)
		return -1;
	if (!schema_check(schema_product("runbook"), document, &(struct schema_options){.templates = true}, diagnostics))
		return -1;
	struct fields fields = {.arena = arena, .diagnostics = diagnostics};
	struct runbook *runbook = build(&fields, source, document);
	names_check(runbook, inventory, diagnostics);
	runbook_check_defaults(arena, runbook, inventory, diagnostics);
	*ret_runbook = runbook;
	return diagnostics->errors > errors ? -1 : 0;
}

int runbook_read(struct arena *arena, const char *path, const struct inventory *inventory, struct runbook **ret_runbook,
		 struct diagnostics *diagnostics)
{
	const struct source *source;
	const struct value *document;
	*ret_runbook = NULL;
	if (document_read(arena, path, &source, &document, diagnostics) < 0)
		return -1;
	return runbook_from_source(arena, source, inventory, ret_runbook, diagnostics);
}

typedef bool visit_function(void *context, const struct step *step, unsigned depth);

static bool visit_block(const struct block *block, visit_function *visit, void *context, unsigned depth)
{
	for (size_t i = 0; i < block->count; i++) {
		const struct step *step = &block->steps[i];
		if (!visit(context, step, depth) || !visit_block(&step->steps, visit, context, depth + 1) ||
		    !visit_block(&step->rescue, visit, context, depth + 1) ||
		    !visit_block(&step->finally, visit, context, depth + 1))
			return false;
	}
	return true;
}

void runbook_visit(const struct runbook *runbook, visit_function *visit, void *context)
{
	if (visit_block(&runbook->preflight, visit, context, 0) && visit_block(&runbook->steps, visit, context, 0))
		visit_block(&runbook->finally, visit, context, 0);
}

struct search {
	const char *wanted;
	const struct step *found;
};

static bool is_wanted(void *context, const struct step *step, unsigned depth)
{
	(void)depth;
	struct search *search = context;
	if (strcmp(step->key, search->wanted) == 0 || (step->id && strcmp(step->id, search->wanted) == 0))
		search->found = step;
	return !search->found;
}

const struct step *runbook_step(const struct runbook *runbook, const char *key_or_id)
{
	struct search search = {.wanted = key_or_id};
	runbook_visit(runbook, is_wanted, &search);
	return search.found;
}
