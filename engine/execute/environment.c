/*
 * environment.c - what names mean in expressions, at a place in the walk.
 */
#include <string.h>

#include "engine/base/memory.h"
#include "engine/execute/interpreter.h"

static const struct value *secret_value(const struct names *names, const char *name, struct arena *arena)
{
	if (names->interpreter->power == POWER_PURE)
		return value_taint(arena, value_unknown());
	CLEANUP_ERROR struct error err = ERROR_NONE;
	const struct value *secret;
	if (secret_read(arena, names->interpreter->execution->inventory, name, &secret, &err) == 0)
		return secret;
	struct value *failed = value_new(arena, VALUE_ERROR);
	failed->string.data = arena_strdup(arena, error_text(&err));
	failed->string.length = strlen(failed->string.data);
	return failed;
}

static const struct value *host_value_by_id(const struct names *names, const char *id, struct arena *arena)
{
	(void)arena;
	const struct host *host = inventory_host(names->interpreter->execution->inventory, id);
	return host ? host->value : NULL;
}

static const struct value *not_run(const struct interpreter *interpreter, const char *id, struct arena *arena)
{
	if (interpreter->power != POWER_APPLY)
		return value_unknown();
	struct value *failed = value_new(arena, VALUE_ERROR);
	failed->string.data = arena_printf(arena, "step '%s' has not run", id);
	failed->string.length = strlen(failed->string.data);
	return failed;
}

static const struct value *step_value(const struct names *names, const char *id, struct arena *arena)
{
	for (const struct scope *scope = names->frame->scope; scope; scope = scope->outer) {
		const struct value *value = table_get(&scope->steps, id);
		if (value)
			return value;
	}
	return runbook_step(names->frame->invocation->runbook, id) ? not_run(names->interpreter, id, arena) : NULL;
}

/* Maps that are looked into, not built: steps.ID, hosts.ID, secrets.NAME. */
static const struct {
	const char *prefix;
	const struct value *(*get)(const struct names *names, const char *rest, struct arena *arena);
} families[] = {
	{"steps.", step_value},
	{"hosts.", host_value_by_id},
	{"secrets.", secret_value},
};

static const struct value *subject(const struct names *names)
{
	if (names->frame->host_unknown)
		return value_unknown();
	return names->frame->host ? names->frame->host->value : value_null();
}

static const struct value *evidence(const struct names *names)
{
	const struct value *all = names->interpreter->execution->evidence;
	const struct value *own = value_get(all, names->frame->invocation->runbook->name);
	return own ? own : value_unknown();
}

static const struct value *root_value(const struct names *names, const char *name)
{
	const struct invocation *invocation = names->frame->invocation;
	if (strcmp(name, "inputs") == 0)
		return invocation->inputs;
	if (strcmp(name, "objectives") == 0)
		return invocation->runbook->objectives;
	if (strcmp(name, "evidence") == 0)
		return evidence(names);
	if (strcmp(name, "run") == 0)
		return invocation->run_value ? invocation->run_value : names->interpreter->run_value;
	if (strcmp(name, "host") == 0)
		return subject(names);
	return strcmp(name, "result") == 0 ? names->result : NULL;
}

static const struct value *resolve(void *context, const char *name, struct arena *arena)
{
	const struct names *names = context;
	for (size_t i = 0; i < COUNT_OF(families); i++) {
		size_t length = strlen(families[i].prefix);
		if (strncmp(name, families[i].prefix, length) == 0)
			return strchr(name + length, '.') ? NULL : families[i].get(names, name + length, arena);
	}
	for (const struct frame *frame = names->frame; frame; frame = frame->outer)
		if (frame->as && strcmp(frame->as, name) == 0)
			return frame->item;
	return root_value(names, name);
}

void names_init(struct names *names, struct interpreter *interpreter, const struct frame *frame, const struct value *result)
{
	*names = (struct names){.interpreter = interpreter, .frame = frame, .result = result};
	names->activation = (struct activation){.resolve = resolve, .context = names};
}

static struct value *step_entry(struct interpreter *interpreter, enum outcome outcome, const struct value *outputs)
{
	struct value *entry = value_map(interpreter->arena);
	value_put(interpreter->arena, entry, "outcome", value_string(interpreter->arena, outcome_name(outcome)));
	value_put(interpreter->arena, entry, "outputs",
		  outputs ? value_copy(interpreter->arena, outputs) : value_map(interpreter->arena));
	return entry;
}

static const struct value *state_of(struct arena *arena, const struct observation *observation)
{
	if (!observation || observation->kind == OBSERVED_UNOBSERVABLE)
		return value_null();
	if (observation->kind == OBSERVED_ABSENT)
		return value_string(arena, "absent");
	return value_copy(arena, observation->state);
}

void steps_put(struct interpreter *interpreter, const struct step *step, const struct frame *frame, enum outcome outcome,
	       const struct value *outputs, const struct observation *before, const struct observation *after)
{
	if (!step->id)
		return;
	struct value *entry = step_entry(interpreter, outcome, outputs);
	value_put(interpreter->arena, entry, "before", state_of(interpreter->arena, before));
	value_put(interpreter->arena, entry, "after", state_of(interpreter->arena, after));
	table_put(&frame->scope->steps, step->id, entry);
}

void steps_put_unknown(const struct step *step, const struct frame *frame)
{
	if (step->id)
		table_put(&frame->scope->steps, step->id, value_unknown());
}

const struct value *steps_round(struct interpreter *interpreter, const struct step *step, const struct scope *scope)
{
	const struct value *value = step->id ? table_get(&scope->steps, step->id) : NULL;
	return value || !step->id ? value : not_run(interpreter, step->id, interpreter->arena);
}

void scope_close(struct scope *scope, struct scope *outer)
{
	for (size_t i = 0; i < scope->steps.capacity; i++)
		if (scope->steps.slots[i].key)
			table_put(&outer->steps, scope->steps.slots[i].key, scope->steps.slots[i].value);
	table_free(&scope->steps);
}

void steps_put_rounds(struct interpreter *interpreter, const struct step *step, const struct frame *frame,
		      const struct value *rounds)
{
	if (!step->id)
		return;
	struct value *entry = value_map(interpreter->arena);
	value_put(interpreter->arena, entry, "each", rounds);
	table_put(&frame->scope->steps, step->id, entry);
}

int condition_test(struct interpreter *interpreter, const struct frame *frame, const struct template *condition,
		   const struct value *result, enum truth *ret_truth, struct error *err)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct names names;
	const struct value *value;
	names_init(&names, interpreter, frame, result);
	if (template_evaluate(condition, &names.activation, arena, &value, NULL, err) < 0)
		return -1;
	if (value->type == VALUE_UNKNOWN)
		*ret_truth = TRUTH_UNKNOWN;
	else if (value->type == VALUE_BOOL)
		*ret_truth = value->boolean ? TRUTH_TRUE : TRUTH_FALSE;
	else
		return error_set(err, ERROR_INVALID, "a condition must be true or false, this is a %s",
				 value_type_name(value->type));
	return 0;
}

int text_evaluate(struct interpreter *interpreter, const struct frame *frame, const struct template *template,
		  const struct value *result, struct arena *arena, const char **ret_text, struct error *err)
{
	struct names names;
	const struct value *value;
	names_init(&names, interpreter, frame, result);
	if (template_show(template, &names.activation, arena, &value, err) < 0)
		return -1;
	if (value_is_secret(value))
		*ret_text = "•••";
	else if (value->type == VALUE_UNKNOWN)
		*ret_text = "?";
	else if (value->type == VALUE_STRING)
		*ret_text = value->string.data;
	else
		return error_set(err, ERROR_INVALID, "expected text, this is a %s", value_type_name(value->type));
	return 0;
}

void machine_branches(struct interpreter *interpreter, int started, int asking)
{
	interpreter->branches += (unsigned)started;
	interpreter->asking += (unsigned)asking;
	bool idle = interpreter->asking && interpreter->asking == interpreter->branches;
	if (idle && interpreter->idle_since < 0) {
		interpreter->idle_since = clock_boottime();
	} else if (!idle && interpreter->idle_since >= 0) {
		interpreter->waited += clock_boottime() - interpreter->idle_since;
		interpreter->idle_since = -1;
	}
}

int64_t machine_now(const struct interpreter *interpreter)
{
	return interpreter->machine_base + clock_boottime() - interpreter->process_start - interpreter->waited;
}

int64_t machine_to_boottime(const struct interpreter *interpreter, int64_t machine)
{
	if (machine == CLOCK_FOREVER)
		return CLOCK_FOREVER;
	return clock_boottime() + (machine - machine_now(interpreter));
}
