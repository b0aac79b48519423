/*
 * types.c - what names mean in a runbook, as types: inputs by their declaration, outputs by their action's manifest. Then every
 * expression is checked, and what it yields against where it stands.
 */
#include <string.h>

#include "engine/base/memory.h"
#include "engine/expression/types.h"
#include "engine/lint/way.h"

struct scope { /* of one step */
	const struct lint *lint;
	const struct place *place; /* NULL: the runbook's outputs */
	const struct type *result; /* NULL: not visible */
	bool silent;		   /* what is wrong is told elsewhere */
};

static const struct type *step_type(const struct lint *lint, const struct place *place);

/* --- what is declared */

static const struct type *host_type(struct arena *arena)
{
	static const char *const texts[] = {"id", "name", "platform", "connection", "address", "service_address"};
	struct type *host = type_map(arena, false);
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		type_put(arena, host, texts[i], type_of_kind(VALUE_STRING));
	return host;
}

static const struct type *input_kind(struct arena *arena, enum input_type type, enum input_type items, bool has_items)
{
	static const enum value_type kinds[] = {
		[INPUT_STRING] = VALUE_STRING, [INPUT_INTEGER] = VALUE_INT,	  [INPUT_NUMBER] = VALUE_UNKNOWN,
		[INPUT_BOOLEAN] = VALUE_BOOL,  [INPUT_DURATION] = VALUE_DURATION, [INPUT_LIST] = VALUE_LIST,
		[INPUT_MAP] = VALUE_MAP,       [INPUT_HOST] = VALUE_MAP,	  [INPUT_SECRET] = VALUE_STRING};
	if (type == INPUT_HOST)
		return host_type(arena);
	if (type == INPUT_LIST && has_items)
		return type_list(arena, input_kind(arena, items, INPUT_STRING, false));
	return type_of_kind(kinds[type]);
}

static const struct type *inputs_type(const struct lint *lint)
{
	struct type *map = type_map(lint->arena, true);
	for (size_t i = 0; i < lint->runbook->inputs_count; i++) {
		const struct input *input = &lint->runbook->inputs[i];
		const struct value *entry = value_get(value_get(lint->runbook->document, "inputs"), input->name);
		const struct type *type = input_kind(lint->arena, input->type, input->items, value_get(entry, "items") != NULL);
		type_put(lint->arena, map, input->name,
			 input->optional && !input->default_value ? type_nullable(lint->arena, type) : type);
	}
	return map;
}

static const struct type *objectives_type(const struct lint *lint)
{
	struct type *map = type_map(lint->arena, false);
	type_put(lint->arena, map, "rto", type_of_kind(VALUE_DURATION));
	type_put(lint->arena, map, "rpo", type_of_kind(VALUE_DURATION));
	return map;
}

static const struct type *run_type(const struct lint *lint)
{
	static const char *const texts[] = {"id", "runbook", "kind", "outcome"};
	struct type *map = type_map(lint->arena, false);
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		type_put(lint->arena, map, texts[i], type_of_kind(VALUE_STRING));
	return map;
}

static const struct {
	const char *name;
	enum value_type kind;
} schema_words[] = {{"string", VALUE_STRING}, {"integer", VALUE_INT}, {"boolean", VALUE_BOOL},
		    {"array", VALUE_LIST},    {"object", VALUE_MAP},  {"null", VALUE_NULL}};

/* Of a JSON Schema, as far as its `type` says; what it leaves open is any. */
static const struct type *schema_type(struct arena *arena, const struct value *schema)
{
	const struct value *word = value_get(schema, "type"), *properties = value_get(schema, "properties");
	enum value_type kind = VALUE_UNKNOWN;
	for (size_t i = 0; i < COUNT_OF(schema_words); i++)
		if (value_is_text(word, schema_words[i].name))
			kind = schema_words[i].kind;
	if (kind == VALUE_LIST)
		return type_list(arena, value_get(schema, "items") ? schema_type(arena, value_get(schema, "items")) : NULL);
	if (kind != VALUE_MAP)
		return type_of_kind(kind);
	struct type *map = type_map(arena, false);
	for (size_t i = 0; value_is(properties, VALUE_MAP) && i < properties->map.count; i++)
		type_put(arena, map, value_text(properties->map.entries[i].key),
			 schema_type(arena, properties->map.entries[i].value));
	return map;
}

/* --- what steps give */

static const struct type *resolve(void *context, const char *name);

static void tell_nobody(void *context, enum type_fault fault, struct span at, const char *message, const char *hint)
{
	(void)context;
	(void)fault;
	(void)at;
	(void)message;
	(void)hint;
}

static const struct type *quiet_type(const struct lint *lint, const struct place *place, const struct type *result,
				     const struct template *template)
{
	struct scope scope = {.lint = lint, .place = place, .result = result, .silent = true};
	struct type_check check = {.arena = lint->arena, .resolve = resolve, .tell = tell_nobody, .context = &scope};
	return template_type(template, &check);
}

static const struct type *field_of(const struct type *map, const char *name)
{
	for (size_t i = 0; i < map->fields_count; i++)
		if (strcmp(map->fields[i].name, name) == 0)
			return map->fields[i].type;
	return &type_any;
}

/* By the manifest. A pattern in `with` (regex) adds outputs of its own; core.set gives what it is given. */
static const struct type *result_type(const struct lint *lint, const struct place *place)
{
	const struct action *action = place->action;
	const struct step *step = place->step;
	if (!action)
		return &type_any;
	if (strcmp(action->name, "core.set") == 0)
		return step->with ? field_of(quiet_type(lint, place, NULL, step->with), "values") : &type_any;
	if (!value_is(action->outputs, VALUE_MAP) || !action->outputs->map.count)
		return &type_any;
	struct type *map = type_map(lint->arena, !value_get(step->with_value, "regex"));
	map->closed_by = action->name;
	for (size_t i = 0; i < action->outputs->map.count; i++)
		type_put(lint->arena, map, value_text(action->outputs->map.entries[i].key),
			 schema_type(lint->arena, action->outputs->map.entries[i].value));
	return map;
}

static const struct type *outputs_type(const struct lint *lint, const struct place *place)
{
	const struct step *step = place->step;
	struct type *map = type_map(lint->arena, true);
	if (step->form == STEP_CALL && step->callee) {
		map->closed_by = step->callee->name;
		for (size_t i = 0; i < step->callee->outputs_count; i++)
			type_put(lint->arena, map, step->callee->outputs[i].name, &type_any);
		return map;
	}
	if (step->form != STEP_ACTION)
		return &type_any;
	const struct type *result = result_type(lint, place);
	if (!step->outputs_count)
		return result;
	for (size_t i = 0; i < step->outputs_count; i++)
		type_put(lint->arena, map, step->outputs[i].name, quiet_type(lint, place, result, step->outputs[i].value));
	return map;
}

static const struct type *step_type(const struct lint *lint, const struct place *place)
{
	struct type *map = type_map(lint->arena, false);
	type_put(lint->arena, map, "outcome", type_of_kind(VALUE_STRING));
	if (!place->step->foreach)
		type_put(lint->arena, map, "outputs", outputs_type(lint, place));
	type_put(lint->arena, map, "each", type_list(lint->arena, NULL));
	return map;
}

/* --- names */

static const struct type *named_step(const struct lint *lint, const char *id)
{
	for (size_t i = 0; i < lint->places_count; i++)
		if (lint->places[i]->step->id && strcmp(lint->places[i]->step->id, id) == 0) {
			if (!lint->places[i]->type)
				lint->places[i]->type = step_type(lint, lint->places[i]);
			return lint->places[i]->type;
		}
	return NULL;
}

static const struct type *item_type(const struct scope *scope, const struct place *place)
{
	const struct type *list = quiet_type(scope->lint, place->parent, NULL, place->step->foreach);
	return list->kind == VALUE_LIST && list->items ? list->items : &type_any;
}

static const struct type *resolve_root(const struct scope *scope, const char *name)
{
	if (strcmp(name, "inputs") == 0)
		return scope->lint->inputs;
	if (strcmp(name, "objectives") == 0)
		return objectives_type(scope->lint);
	if (strcmp(name, "run") == 0)
		return run_type(scope->lint);
	if (strcmp(name, "host") == 0)
		return host_type(scope->lint->arena);
	return strcmp(name, "result") == 0 && scope->result ? scope->result : NULL;
}

static const struct type *resolve(void *context, const char *name)
{
	const struct scope *scope = context;
	if (strncmp(name, "steps.", strlen("steps.")) == 0)
		return named_step(scope->lint, name + strlen("steps."));
	if (strncmp(name, "secrets.", strlen("secrets.")) == 0)
		return strchr(name + strlen("secrets."), '.') ? NULL : type_of_kind(VALUE_STRING);
	for (const struct place *place = scope->place; place; place = place->parent)
		if (place->step->foreach && strcmp(place->step->as, name) == 0)
			return item_type(scope, place);
	return resolve_root(scope, name);
}

/* --- telling */

static void tell(void *context, enum type_fault fault, struct span at, const char *message, const char *hint)
{
	const struct scope *scope = context;
	static const char *const rules[] = {[TYPE_MISMATCH] = "lint/type", [TYPE_NO_FIELD] = "lint/unknown-output"};
	struct diagnostic *diagnostic = lint_tell(scope->lint, rules[fault], at, "%s", message);
	if (hint)
		diagnostic_hint(scope->lint->diagnostics, diagnostic, "%s", hint);
}

static const struct type *check_template(struct scope *scope, const struct template *template)
{
	struct type_check check = {.arena = scope->lint->arena, .resolve = resolve, .tell = tell, .context = scope};
	return template_type(template, &check);
}

/* --- what stands where */

static bool is_one_of(const struct type *type, const enum value_type *kinds, size_t count)
{
	bool good = type->kind == VALUE_UNKNOWN;
	for (size_t i = 0; i < count; i++)
		good |= type->kind == kinds[i];
	return good;
}

static void must_be(struct scope *scope, const struct type *type, const enum value_type *kinds, size_t count,
		    const struct value *at, const char *what)
{
	if (!is_one_of(type, kinds, count))
		lint_tell(scope->lint, "lint/type", at ? at->at : step_span(scope->place->step), "%s, and this is %s", what,
			  type_shown(scope->lint->arena, type));
}

/* What the action's schema says of the input; VALUE_UNKNOWN: anything, or too much to say here. */
static bool schema_admits(const struct value *schema, const struct type *type)
{
	const struct value *word = value_get(schema, "type");
	if (!value_text(word) || type->kind == VALUE_UNKNOWN || type->kind == VALUE_DURATION || type->kind == VALUE_TIMESTAMP ||
	    type->nullable || type->kind == VALUE_NULL || value_get_bool(schema, "host", false))
		return true;
	if (value_is_text(word, "number"))
		return type->kind == VALUE_INT || type->kind == VALUE_UINT || type->kind == VALUE_DOUBLE;
	for (size_t i = 0; i < COUNT_OF(schema_words); i++)
		if (value_is_text(word, schema_words[i].name))
			return type->kind == schema_words[i].kind ||
			       (schema_words[i].kind == VALUE_INT && type->kind == VALUE_UINT);
	return true;
}

static bool is_template(const struct value *value)
{
	return value_is(value, VALUE_STRING) && template_has(value->string.data, value->string.length);
}

static void check_inputs(struct scope *scope, const struct type *with)
{
	const struct action *action = scope->place->action;
	const struct value *written = scope->place->step->with_value;
	for (size_t i = 0; action && value_is(written, VALUE_MAP) && i < written->map.count; i++) {
		const char *name = value_text(written->map.entries[i].key);
		const struct value *value = written->map.entries[i].value, *schema = value_get(action->inputs, name);
		const struct type *type = field_of(with, name);
		if (!schema || !is_template(value) || schema_admits(schema, type))
			continue;
		lint_tell(scope->lint, "lint/type", value->at, "`%s` of %s is a value of type %s, and this is %s", name,
			  action->name, value_get_text(schema, "type"), type_shown(scope->lint->arena, type));
	}
}

static bool input_admits(const struct input *input, const struct type *type)
{
	static const struct {
		enum input_type input;
		enum value_type kinds[2];
	} table[] = {{INPUT_STRING, {VALUE_STRING, VALUE_STRING}},
		     {INPUT_INTEGER, {VALUE_INT, VALUE_UINT}},
		     {INPUT_BOOLEAN, {VALUE_BOOL, VALUE_BOOL}},
		     {INPUT_LIST, {VALUE_LIST, VALUE_LIST}},
		     {INPUT_MAP, {VALUE_MAP, VALUE_MAP}},
		     {INPUT_HOST, {VALUE_MAP, VALUE_STRING}},
		     {INPUT_DURATION, {VALUE_DURATION, VALUE_STRING}}};
	for (size_t i = 0; i < COUNT_OF(table); i++)
		if (table[i].input == input->type)
			return type->nullable || is_one_of(type, table[i].kinds, 2);
	return true;
}

static void check_call(struct scope *scope, const struct type *with)
{
	const struct runbook *callee = scope->place->step->callee;
	const struct value *written = scope->place->step->with_value;
	for (size_t i = 0; callee && i < callee->inputs_count; i++) {
		const struct input *input = &callee->inputs[i];
		const struct value *value = value_get(written, input->name);
		const struct type *type = field_of(with, input->name);
		if (!is_template(value) || input_admits(input, type))
			continue;
		lint_tell(scope->lint, "lint/type", value->at, "the input '%s' of %s is a %s, and this is %s", input->name,
			  callee->name, input_type_name(input->type), type_shown(scope->lint->arena, type));
	}
}

static void check_with(struct scope *scope)
{
	const struct step *step = scope->place->step;
	if (!step->with)
		return;
	const struct type *type = check_template(scope, step->with);
	if (step->form == STEP_CALL)
		check_call(scope, type);
	else
		check_inputs(scope, type);
}

static void check_hosts(struct scope *scope)
{
	static const enum value_type hosts[] = {VALUE_STRING, VALUE_MAP}, texts[] = {VALUE_STRING};
	const struct step *step = scope->place->step;
	if (step->host)
		must_be(scope, check_template(scope, step->host), hosts, 2, NULL, "`host` is an id, or a host");
	if (step->via)
		must_be(scope, check_template(scope, step->via), hosts, 2, NULL, "`via` is an id, or a host");
	if (step->user)
		must_be(scope, check_template(scope, step->user), texts, 1, NULL, "`user` is a name");
}

static void check_foreach(const struct lint *lint, const struct place *place)
{
	static const enum value_type lists[] = {VALUE_LIST};
	struct scope outer = {.lint = lint, .place = place->parent}, own = {.lint = lint, .place = place};
	if (place->step->foreach)
		must_be(&own, check_template(&outer, place->step->foreach), lists, 1, NULL, "`foreach` goes over a list");
}

static void check_step(const struct lint *lint, const struct place *place)
{
	const struct step *step = place->step;
	struct scope scope = {.lint = lint, .place = place};
	check_foreach(lint, place);
	if (step->name)
		check_template(&scope, step->name);
	if (step->condition)
		check_template(&scope, step->condition);
	check_hosts(&scope);
	check_with(&scope);
	scope.result = result_type(lint, place);
	const struct template *after[] = {step->until, step->expect, step->hint};
	for (size_t i = 0; i < COUNT_OF(after); i++)
		if (after[i])
			check_template(&scope, after[i]);
	for (size_t i = 0; i < step->outputs_count; i++)
		if (step->outputs[i].value)
			check_template(&scope, step->outputs[i].value);
}

void lint_types(const struct lint *lint)
{
	struct lint own = *lint;
	struct scope scope = {.lint = &own};
	own.inputs = inputs_type(lint);
	for (size_t i = 0; i < lint->places_count; i++)
		check_step(&own, lint->places[i]);
	for (size_t i = 0; i < lint->runbook->outputs_count; i++)
		if (lint->runbook->outputs[i].value)
			check_template(&scope, lint->runbook->outputs[i].value);
}
