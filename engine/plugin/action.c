/*
 * action.c - what an action says about one call without running anything: its object, its wish, its effect, its command lines.
 */
#include "engine/plugin/action.h"

#include "engine/base/memory.h"
#include "engine/plugin/prepare.h"
#include "engine/plugin/process_call.h"

static int refuse(const struct call *call, const char *what, const char *why, struct error *err)
{
	return error_set(err, ERROR_INVALID, "%s, `%s`: %s", call->action->name, what, why);
}

/* A template of the action, or NULL if there is none or it gives null. */
static int optional(struct arena *arena, const struct call *call, const struct template *template, const char *what,
		    const struct value **ret_value, struct error *err)
{
	const struct call_names names = {.call = call};
	const struct value *value = NULL;
	if (template && call_evaluate_open(arena, &names, template, what, &value, err) < 0)
		return -1;
	*ret_value = value_is(value, VALUE_NULL) ? NULL : value;
	return 0;
}

int action_object(struct arena *arena, const struct call *call, const struct value **ret_key, struct error *err)
{
	const struct value *key;
	if (optional(arena, call, call->action->object, "object", &key, err) < 0)
		return -1;
	if (key && key->type != VALUE_STRING && key->type != VALUE_UNKNOWN)
		return refuse(call, "object", "an object's key must be text", err);
	*ret_key = key;
	return 0;
}

static int check_attributes(const struct call *call, const struct value *map, const char *what, struct error *err)
{
	for (size_t i = 0; i < map->map.count; i++) {
		const char *name = value_text(map->map.entries[i].key);
		if (!name || !value_get(call->action->outputs, name))
			return error_set(err, ERROR_INVALID, "%s, `%s`: '%s' is not among its outputs", call->action->name,
					 what, name ? name : "?");
	}
	return 0;
}

int action_desired(struct arena *arena, const struct call *call, const struct value **ret_desired, struct error *err)
{
	const struct value *desired;
	if (optional(arena, call, call->action->desired, "desired", &desired, err) < 0)
		return -1;
	if (desired && desired->type != VALUE_MAP && desired->type != VALUE_UNKNOWN && !value_is_text(desired, "absent"))
		return refuse(call, "desired", "neither a map of attributes nor absent", err);
	if (value_is(desired, VALUE_MAP) && check_attributes(call, desired, "desired", err) < 0)
		return -1;
	*ret_desired = desired;
	return 0;
}

int action_leaves(struct arena *arena, const struct call *call, const struct value **ret_attributes, struct error *err)
{
	const struct value *leaves;
	if (optional(arena, call, call->action->leaves, "leaves", &leaves, err) < 0)
		return -1;
	if (leaves && leaves->type != VALUE_MAP && leaves->type != VALUE_UNKNOWN)
		return refuse(call, "leaves", "not a map of attributes", err);
	*ret_attributes = leaves;
	return 0;
}

const char *action_note(struct arena *arena, const struct call *call, const struct observation *before)
{
	const struct call_names names = {.call = call, .before = before};
	const struct value *note = NULL;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	if (!call->action->note || call_evaluate_open(arena, &names, call->action->note, "note", &note, &err) < 0)
		return NULL;
	return value_text(note);
}

int action_touches(struct arena *arena, const struct call *call, const struct value **ret_patterns, struct error *err)
{
	const struct value *patterns;
	if (optional(arena, call, call->action->touches, "touches", &patterns, err) < 0)
		return -1;
	if (patterns && patterns->type != VALUE_LIST && patterns->type != VALUE_UNKNOWN)
		return refuse(call, "touches", "not a list of patterns", err);
	*ret_patterns = patterns;
	return 0;
}

int action_effect(struct arena *arena, const struct call *call, enum action_effect *ret_effect, bool *ret_known,
		  struct error *err)
{
	static const char *const effects[] = {
		[EFFECT_READ] = "read", [EFFECT_REVERSIBLE] = "reversible", [EFFECT_IRREVERSIBLE] = "irreversible"};
	const struct value *effect;
	if (optional(arena, call, call->action->effect, "effect", &effect, err) < 0)
		return -1;
	*ret_known = !value_is(effect, VALUE_UNKNOWN);
	*ret_effect = effect ? EFFECT_IRREVERSIBLE : EFFECT_READ; /* not known: the worst */
	if (!effect || !*ret_known)
		return 0;
	for (size_t i = 0; i < COUNT_OF(effects); i++) {
		*ret_effect = (enum action_effect)i;
		if (value_is_text(effect, effects[i]))
			return 0;
	}
	return refuse(call, "effect", "must be read, reversible or irreversible", err);
}

bool action_repeatable(struct arena *arena, const struct call *call)
{
	const struct value *repeatable;
	if (optional(arena, call, call->action->repeatable, "repeatable", &repeatable, NULL) < 0)
		return false;
	return value_is(repeatable, VALUE_BOOL) && repeatable->boolean;
}

int action_event(struct arena *arena, const struct call *call, const char **ret_token, struct error *err)
{
	const struct value *when;
	if (optional(arena, call, call->action->event_when, "event", &when, err) < 0)
		return -1;
	bool known = value_is(when, VALUE_BOOL);
	if (when && !known && when->type != VALUE_UNKNOWN)
		return refuse(call, "event", "`when` must be true or false", err);
	*ret_token = known && !when->boolean ? NULL : call->action->event_token;
	return 0;
}

int action_via(struct arena *arena, const struct call *call, const char **ret_host, struct error *err)
{
	const struct call_names names = {.call = call};
	*ret_host = NULL;
	return call->action->via ? call_host_id(arena, &names, call->action->via, ret_host, err) : 0;
}

int action_command_texts(struct arena *arena, const struct call *call, enum action_part part, const struct observation *before,
			 const struct value **ret_texts, struct error *err)
{
	const struct action_platform *platform = &call->action->platforms[call_executor(call)->platform];
	const struct action_command *command = part == PART_OBSERVE ? platform->observe : platform->apply;
	struct value *texts = value_list(arena);
	struct prepared prepared;
	*ret_texts = texts;
	if (call->action->program) {
		bool has = part == PART_APPLY ? call->action->kind != ACTION_PROBE : call->action->kind != ACTION_TASK;
		if (has)
			process_command_texts(arena, call, part, part == PART_APPLY ? before : NULL, texts);
		return 0;
	}
	if (command) {
		if (command_prepare(arena, call, command, part == PART_APPLY ? before : NULL, &prepared, err) < 0)
			return -1;
		if (prepared.command.argv)
			value_append(arena, texts, value_string(arena, prepared_text(arena, &prepared)));
	}
	return 0;
}
