/*
 * runbook.c - a runbook from its document. The schema has checked the shape; here expressions are compiled and places get their
 * keys.
 */
#include "engine/runbook/runbook.h"

#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "engine/document/document.h"
#include "engine/runbook/fields.h"
#include "engine/runbook/foreign.h"
#include "engine/runbook/names.h"
#include "engine/runbook/places.h"
#include "engine/schema/product.h"

static void read_block(const struct fields *fields, const struct value *list, const char *prefix, struct block *block);

static struct span place_of(const struct value *map, const char *key, const struct value *otherwise)
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
	step->outputs = read_outputs(fields, value_get(map, "outputs"), &step->outputs_count);
	check_script(fields, step);
}

#define MAX_CONCURRENT 32

static void read_group(const struct fields *fields, const struct value *map, struct step *step)
{
	struct arena *arena = fields->arena;
	step->parallel = value_get_bool(map, "parallel", false);
	step->max_concurrent = (unsigned)value_get_int(map, "max_concurrent", MAX_CONCURRENT);
	read_block(fields, value_get(map, "steps"), step->key, &step->steps);
	read_block(fields, value_get(map, "rescue"), arena_printf(arena, "%s.rescue", step->key), &step->rescue);
	read_block(fields, value_get(map, "finally"), arena_printf(arena, "%s.finally", step->key), &step->finally);
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
	step->id_at = place_of(map, "id", map);
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
	step->as_at = place_of(map, "as", value_get(map, "foreach"));
	step->retry = read_retry(fields, map);
	step->timeout = fields_duration(fields, map, "timeout", 0);
	read_form(fields, map, step);
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

/* Sorted, so that two runs that need the same locks cannot each hold one of them. */
static void add_lock(struct arena *arena, struct runbook *runbook, const char *name)
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
		add_lock(fields->arena, runbook, value_text(lock));
	for (size_t i = 0; value_is(lock, VALUE_LIST) && i < lock->list.count; i++)
		add_lock(fields->arena, runbook, value_text(lock->list.items[i]));
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
			.pattern_at = place_of(entry, "pattern", entry),
			.description = value_get_text(entry, "description"),
			.at = map->map.entries[i].key->at,
		};
	}
}

static struct runbook *build(const struct fields *fields, const struct source *source, const struct value *document)
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
	read_objectives(fields, document, runbook);
	read_locks(fields, document, runbook);
	read_inputs(fields, document, runbook);
	read_evidence(fields, document, runbook);
	read_block(fields, value_get(document, "preflight"), "preflight", &runbook->preflight);
	read_block(fields, value_get(document, "steps"), "", &runbook->steps);
	read_block(fields, value_get(document, "finally"), "finally", &runbook->finally);
	runbook->outputs = read_outputs(fields, value_get(document, "outputs"), &runbook->outputs_count);
	return runbook;
}

/* --- calls --- */

struct loading { /* one runbook that is being read; outer ones call it */
	const struct loading *caller;
	const struct source *source;
	const struct inventory *inventory;
	const struct runbook_reader *reader;
	struct runbook *root; /* of the whole; NULL in the root itself until it is built */
	struct arena *arena;
	struct diagnostics *diagnostics;
	unsigned depth;
};

static struct runbook *load(const struct loading *loading);

static const char *beside(struct arena *arena, const char *caller, const char *path)
{
	const char *slash = strrchr(caller, '/');
	if (path[0] == '/' || !slash)
		return path;
	return arena_printf(arena, "%.*s/%s", (int)(slash - caller), caller, path);
}

static struct runbook *loaded_already(const struct runbook *root, const char *path)
{
	for (size_t i = 0; i < root->called_count; i++)
		if (strcmp(root->called[i]->source->name, path) == 0)
			return root->called[i];
	return NULL;
}

static bool goes_round(const struct loading *loading, const char *path)
{
	for (; loading; loading = loading->caller)
		if (strcmp(loading->source->name, path) == 0)
			return true;
	return false;
}

static struct diagnostic *refuse_call(const struct loading *loading, const struct step *step, const char *rule,
				      const char *what)
{
	return diagnostics_add(loading->diagnostics, SEVERITY_ERROR, rule, step->uses_at, "%s", what);
}

static const char *const *input_names(struct arena *arena, const struct runbook *runbook)
{
	const char **names = arena_alloc(arena, (runbook->inputs_count + 1) * sizeof(*names));
	for (size_t i = 0; i < runbook->inputs_count; i++)
		names[i] = runbook->inputs[i].name;
	return names;
}

/* What a call gives must be declared there, and what is needed there must be given. */
static void check_call_inputs(const struct loading *loading, const struct step *step)
{
	const struct runbook *callee = step->callee;
	const struct value *with = step->with_value;
	if (callee->misshapen || (step->misshapen && !with))
		return;
	for (size_t i = 0; value_is(with, VALUE_MAP) && i < with->map.count; i++) {
		const char *name = value_text(with->map.entries[i].key);
		bool declared = false;
		for (size_t k = 0; k < callee->inputs_count && !declared; k++)
			declared = strcmp(callee->inputs[k].name, name) == 0;
		if (declared)
			continue;
		struct diagnostic *diagnostic =
			diagnostics_add(loading->diagnostics, SEVERITY_ERROR, "call/input", with->map.entries[i].key->at,
					"%s has no input '%s'", callee->name, name);
		diagnostic_suggest(loading->diagnostics, diagnostic, name, input_names(loading->arena, callee),
				   callee->inputs_count);
	}
	for (size_t k = 0; k < callee->inputs_count; k++) {
		const struct input *input = &callee->inputs[k];
		if (!input->default_value && !input->optional && !value_get(with, input->name))
			diagnostics_add(loading->diagnostics, SEVERITY_ERROR, "call/input", step->uses_at,
					"%s needs the input '%s'", callee->name, input->name);
	}
}

static struct runbook *load_callee(const struct loading *caller, const struct step *step, const char *path)
{
	struct loading loading = *caller;
	loading.caller = caller;
	loading.depth++;
	if (goes_round(caller, path)) {
		refuse_call(caller, step, "call/cycle", "this call goes round in a circle: that runbook is calling already");
		return NULL;
	}
	if (loading.depth > CALL_DEPTH_LIMIT) {
		refuse_call(caller, step, "call/depth", "calls are nested too deep");
		return NULL;
	}
	struct runbook *known = loaded_already(caller->root, path);
	if (known)
		return known;
	if (caller->reader->read(caller->reader->context, caller->arena, path, &loading.source, caller->diagnostics) < 0) {
		diagnostic_hint(caller->diagnostics,
				refuse_call(caller, step, "call/missing", "the runbook that it calls cannot be read"),
				"write its path as seen from the folder of this one");
		return NULL;
	}
	struct runbook *callee = load(&loading);
	if (!callee)
		return NULL;
	struct runbook **slot = arena_grow(caller->arena, &caller->root->called, &caller->root->called_count,
					   &caller->root->called_capacity, sizeof(struct runbook *));
	*slot = callee;
	return callee;
}

struct calls {
	const struct loading *loading;
	struct runbook *runbook;
};

static bool load_call(void *context, const struct step *step, unsigned depth)
{
	(void)depth;
	const struct calls *calls = context;
	if (step->form != STEP_CALL || !step->call)
		return true;
	const char *path = beside(calls->loading->arena, calls->loading->source->name, step->call);
	struct runbook *callee = load_callee(calls->loading, step, path);
	if (!callee)
		return true;
	((struct step *)step)->callee = callee; /* the step is ours: it is still being built */
	check_call_inputs(calls->loading, step);
	for (size_t i = 0; i < callee->locks_count; i++)
		add_lock(calls->loading->arena, calls->runbook, callee->locks[i]);
	return true;
}

static struct runbook *load(const struct loading *outer)
{
	struct loading loading = *outer;
	const struct value *document;
	if (document_parse(loading.arena, loading.source, &document, loading.diagnostics) < 0)
		return NULL;
	struct fields fields = {.arena = loading.arena, .diagnostics = loading.diagnostics};
	fields.told_from = loading.diagnostics->count;
	places_check(document, loading.diagnostics);
	schema_check(schema_product("runbook"), document, &(struct schema_options){.advise = foreign_key}, loading.diagnostics);
	fields.told_to = loading.diagnostics->count;
	if (document->type != VALUE_MAP || loading.diagnostics->dropped) /* more than anybody reads: nothing to add */
		return NULL;
	struct runbook *runbook = build(&fields, loading.source, document);
	if (!loading.root)
		loading.root = runbook;
	struct calls calls = {.loading = &loading, .runbook = runbook};
	runbook_visit(runbook, load_call, &calls);
	names_check(runbook, loading.inventory, loading.diagnostics);
	runbook_check_defaults(loading.arena, runbook, loading.inventory, loading.diagnostics);
	return runbook;
}

static int read_file(void *context, struct arena *arena, const char *path, const struct source **ret_source,
		     struct diagnostics *diagnostics)
{
	(void)context;
	return document_open(arena, path, ret_source, diagnostics);
}

static const struct runbook_reader from_files = {.read = read_file};

int runbook_from_source(struct arena *arena, const struct source *source, const struct inventory *inventory,
			const struct runbook_reader *reader, struct runbook **ret_runbook, struct diagnostics *diagnostics)
{
	size_t errors = diagnostics->errors;
	*ret_runbook = NULL;
	struct loading loading = {.source = source,
				  .inventory = inventory,
				  .reader = reader ? reader : &from_files,
				  .arena = arena,
				  .diagnostics = diagnostics};
	struct runbook *runbook = load(&loading);
	if (!runbook)
		return -1;
	*ret_runbook = runbook;
	return diagnostics->errors > errors ? -1 : 0;
}

int runbook_read(struct arena *arena, const char *path, const struct inventory *inventory, struct runbook **ret_runbook,
		 struct diagnostics *diagnostics)
{
	const struct source *source;
	*ret_runbook = NULL;
	if (read_file(NULL, arena, path, &source, diagnostics) < 0)
		return -1;
	return runbook_from_source(arena, source, inventory, NULL, ret_runbook, diagnostics);
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
