/*
 * runbook.c - one runbook from its document: head, inputs, evidence, blocks; and finding steps in it. Reading files is
 * load.c's.
 */
#include "engine/runbook/runbook.h"

#include <string.h>

#include "engine/base/memory.h"
#include "engine/runbook/build.h"

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

/* Sorted, so that two runs that need the same locks cannot each hold one of them. */
void runbook_add_lock(struct arena *arena, struct runbook *runbook, const char *name)
{
	size_t place = 0;
	while (place < runbook->locks_count && strcmp(runbook->locks[place], name) < 0)
		place++;
	if (place < runbook->locks_count && strcmp(runbook->locks[place], name) == 0)
		return;
	arena_grow(arena, &runbook->locks, &runbook->locks_count, &runbook->locks_capacity, sizeof(*runbook->locks));
	memmove(&runbook->locks[place + 1], &runbook->locks[place],
		(runbook->locks_count - 1 - place) * sizeof(*runbook->locks));
	runbook->locks[place] = name;
}

static void read_locks(const struct fields *fields, const struct value *document, struct runbook *runbook)
{
	const struct value *lock = value_get(document, "lock");
	if (value_text(lock))
		runbook_add_lock(fields->arena, runbook, value_text(lock));
	for (size_t i = 0; value_is(lock, VALUE_LIST) && i < lock->list.count; i++)
		runbook_add_lock(fields->arena, runbook, value_text(lock->list.items[i]));
}

static void read_evidence(const struct fields *fields, const struct value *document, struct runbook *runbook)
{
	const struct value *map = value_get(document, "evidence");
	runbook->evidence_count = value_is(map, VALUE_MAP) ? map->map.count : 0;
	runbook->evidence = arena_alloc(fields->arena, runbook->evidence_count * sizeof(*runbook->evidence));
	for (size_t i = 0; i < runbook->evidence_count; i++) {
		const struct value *entry = map->map.entries[i].value;
		const char *run = value_get_text(entry, "run");
		runbook->evidence[i] = (struct evidence_source){
			.name = value_text(map->map.entries[i].key),
			.runbook = value_get_text(entry, "runbook"),
			.run = run ? run : "latest",
			.optional = value_get_bool(entry, "optional", false),
			.at = map->map.entries[i].key->at,
		};
	}
}

static const char *const input_type_names[] = {
	[INPUT_STRING] = "string",   [INPUT_INTEGER] = "integer",   [INPUT_NUMBER] = "number",
	[INPUT_BOOLEAN] = "boolean", [INPUT_DURATION] = "duration", [INPUT_LIST] = "list",
	[INPUT_MAP] = "map",	     [INPUT_HOST] = "host",	    [INPUT_SECRET] = "secret",
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
		bool typed = !fields_told(fields, value_get(entry, "type"));
		runbook->inputs[i] = (struct input){
			.name = value_text(map->map.entries[i].key),
			.type = input_type_of(value_get_text(entry, "type")),
			.items = input_type_of(value_get_text(entry, "items")),
			.default_value = typed ? value_get(entry, "default") : value_null(),
			.optional = value_get_bool(entry, "optional", false),
			.allowed = value_is(value_get(entry, "enum"), VALUE_LIST) ? value_get(entry, "enum") : NULL,
			.pattern = value_get_text(entry, "pattern"),
			.pattern_at = field_place(entry, "pattern", entry),
			.description = value_get_text(entry, "description"),
			.at = map->map.entries[i].key->at,
		};
	}
}

struct runbook *runbook_build(const struct fields *fields, const struct source *source, const struct value *document)
{
	struct runbook *runbook = ARENA_NEW(fields->arena, struct runbook);
	runbook->source = source;
	runbook->document = document;
	runbook->misshapen = fields->told_from < fields->told_to;
	runbook->name = value_get_text(document, "runbook");
	if (!runbook->name)
		runbook->name = source->name;
	runbook->kind = value_get_text(document, "kind");
	runbook->summary = value_get_text(document, "summary");
	runbook->silences = value_get(value_get(document, "lint"), "ignore");
	read_objectives(fields, document, runbook);
	read_locks(fields, document, runbook);
	read_inputs(fields, document, runbook);
	read_evidence(fields, document, runbook);
	steps_read(fields, value_get(document, "preflight"), "preflight", &runbook->preflight);
	steps_read(fields, value_get(document, "steps"), "", &runbook->steps);
	steps_read(fields, value_get(document, "finally"), "finally", &runbook->finally);
	runbook->outputs = outputs_read(fields, value_get(document, "outputs"), &runbook->outputs_count);
	return runbook;
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
