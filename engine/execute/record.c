/*
 * record.c - what the interpreter writes into the journal (journal/README.md lists the fields).
 */
#include <string.h>

#include "engine/base/memory.h"
#include "engine/execute/interpreter.h"

enum outcome stop_now(struct interpreter *interpreter, struct error *err)
{
	if (interpreter->stop.code == ERROR_OK)
		error_move(&interpreter->stop, err);
	else
		error_clear(err);
	return OUTCOME_STOPPED;
}

int record(struct interpreter *interpreter, const char *kind, struct value *fields, enum journal_durability durability)
{
	struct error err = ERROR_NONE;
	if (journal_append(interpreter->journal, kind, fields, durability, &err) == 0)
		return 0;
	error_wrap(&err, "the journal cannot be written, so nothing more is done");
	stop_now(interpreter, &err);
	return -1;
}

struct value *record_fields(struct interpreter *interpreter, struct arena *arena, const char *key)
{
	(void)interpreter;
	struct value *fields = value_map(arena);
	value_put(arena, fields, "step", value_string(arena, key));
	return fields;
}

static const struct value *text_or_null(struct arena *arena, const char *text)
{
	return text ? value_string(arena, text) : value_null();
}

static const char *kind_name(enum action_kind kind)
{
	static const char *const names[] = {
		[ACTION_STATE] = "state", [ACTION_TASK] = "task", [ACTION_PROBE] = "probe", [ACTION_GATE] = "gate"};
	return names[kind];
}

int record_started(struct interpreter *interpreter, const struct attempt *attempt)
{
	struct arena *arena = attempt->arena;
	struct value *fields = record_fields(interpreter, arena, attempt->key);
	const struct call *call = &attempt->call;
	value_put(arena, fields, "name", value_string(arena, attempt->name));
	value_put(arena, fields, "uses", value_string(arena, attempt->action->name));
	value_put(arena, fields, "host", text_or_null(arena, call->subject ? call->subject->id : NULL));
	value_put(arena, fields, "via", text_or_null(arena, call->executor ? call->executor->id : NULL));
	value_put(arena, fields, "attempt", value_int(arena, attempt->number));
	value_put(arena, fields, "attempts", value_int(arena, attempt->step->retry.attempts));
	value_put(arena, fields, "kind_of_action", value_string(arena, kind_name(attempt->action->kind)));
	value_put(arena, fields, "depth", value_int(arena, attempt->frame->depth));
	return record(interpreter, "step_started", fields, JOURNAL_BUFFERED);
}

static const char *effect_name(struct attempt *attempt)
{
	static const char *const names[] = {
		[EFFECT_READ] = "read", [EFFECT_REVERSIBLE] = "reversible", [EFFECT_IRREVERSIBLE] = "irreversible"};
	enum action_effect effect;
	bool known;
	if (action_effect(attempt->arena, &attempt->call, &effect, &known, NULL) < 0 || !known)
		return "?";
	return names[effect];
}

int record_intent(struct interpreter *interpreter, const struct attempt *attempt, const struct scopes *scopes,
		  const struct value *baseline)
{
	struct arena *arena = attempt->arena;
	struct value *fields = record_fields(interpreter, arena, attempt->key);
	const struct value *commands;
	if (action_command_texts(arena, &attempt->call, PART_APPLY, attempt->has_before ? &attempt->before : NULL, &commands,
				 NULL) < 0)
		commands = value_list(arena);
	value_put(arena, fields, "attempt", value_int(arena, attempt->number));
	value_put(arena, fields, "object", text_or_null(arena, attempt->object));
	value_put(arena, fields, "effect", value_string(arena, effect_name((struct attempt *)attempt)));
	value_put(arena, fields, "before", attempt->has_before ? observation_value(arena, &attempt->before) : value_null());
	value_put(arena, fields, "desired", attempt->desired ? attempt->desired : value_null());
	value_put(arena, fields, "commands", commands);
	value_put(arena, fields, "scope", value_string(arena, scopes->name));
	value_put(arena, fields, "hosts", scopes->hosts);
	value_put(arena, fields, "baseline", baseline ? baseline : value_null());
	return record(interpreter, "intent", fields, JOURNAL_SYNC);
}

int record_scope(struct interpreter *interpreter, const struct attempt *attempt, const struct value *hosts)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct value *fields = record_fields(interpreter, arena, attempt->key);
	value_put(arena, fields, "attempt", value_int(arena, attempt->number));
	value_put(arena, fields, "hosts", hosts);
	return record(interpreter, "scope", fields, JOURNAL_SYNC);
}

static const struct value *error_value(struct arena *arena, const struct error *err)
{
	if (err->code == ERROR_OK)
		return value_null();
	struct value *value = value_map(arena);
	value_put(arena, value, "code", value_string(arena, error_code_name(err->code)));
	value_put(arena, value, "message", value_string(arena, error_text(err)));
	value_put(arena, value, "hint", text_or_null(arena, err->hint));
	return value;
}

void record_remember(struct interpreter *interpreter, const struct frame *frame, const char *key, const struct value *finished)
{
	if (!frame->rescuable)
		return;
	CLEANUP_FREE char *plain = plain_key(key);
	table_put(&interpreter->done, plain, value_copy(interpreter->arena, finished));
}

int record_finished(struct interpreter *interpreter, const struct attempt *attempt, enum outcome outcome)
{
	struct arena *arena = attempt->arena;
	struct value *fields = record_fields(interpreter, arena, attempt->key);
	const struct value *started = history_get(interpreter->history, "step_started", attempt->key, attempt->number);
	int64_t begin = started ? history_machine(started) : attempt->started;
	value_put(arena, fields, "name", value_string(arena, attempt->name));
	value_put(arena, fields, "attempt", value_int(arena, attempt->number));
	value_put(arena, fields, "object", text_or_null(arena, attempt->object));
	value_put(arena, fields, "outcome", value_string(arena, outcome_name(outcome)));
	value_put(arena, fields, "reason", text_or_null(arena, attempt->reason));
	value_put(arena, fields, "before", attempt->has_before ? observation_value(arena, &attempt->before) : value_null());
	value_put(arena, fields, "after", attempt->has_after ? observation_value(arena, &attempt->after) : value_null());
	value_put(arena, fields, "outputs", attempt->outputs ? attempt->outputs : value_null());
	value_put(arena, fields, "error", error_value(arena, &attempt->error));
	value_put(arena, fields, "evidence", attempt->evidence ? attempt->evidence : value_list(arena));
	value_put(arena, fields, "elapsed", value_int(arena, machine_now(interpreter) - begin));
	record_remember(interpreter, attempt->frame, attempt->key, fields);
	return record(interpreter, "step_finished", fields, JOURNAL_BUFFERED);
}

int record_skipped(struct interpreter *interpreter, const struct step *step, const struct frame *frame, const char *key,
		   unsigned number, const char *reason)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	if (history_get(interpreter->history, "step_finished", key, number))
		return 0;
	struct value *fields = record_fields(interpreter, arena, key);
	const char *name = step->uses ? step->uses : "group";
	if (step->name && text_evaluate(interpreter, frame, step->name, NULL, arena, &name, NULL) < 0)
		name = step->uses ? step->uses : "group";
	value_put(arena, fields, "name", value_string(arena, name));
	value_put(arena, fields, "attempt", value_int(arena, number));
	value_put(arena, fields, "outcome", value_string(arena, outcome_name(OUTCOME_SKIPPED)));
	value_put(arena, fields, "reason", value_string(arena, reason));
	value_put(arena, fields, "elapsed", value_int(arena, 0));
	record_remember(interpreter, frame, key, fields);
	return record(interpreter, "step_finished", fields, JOURNAL_BUFFERED);
}

int record_group(struct interpreter *interpreter, const char *kind, const char *key, const char *name, unsigned number,
		 unsigned depth, enum outcome outcome, int64_t elapsed)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	if (history_get(interpreter->history, kind, key, number))
		return 0;
	struct value *fields = record_fields(interpreter, arena, key);
	value_put(arena, fields, "name", value_string(arena, name));
	value_put(arena, fields, "attempt", value_int(arena, number));
	value_put(arena, fields, "depth", value_int(arena, depth));
	if (elapsed >= 0) {
		value_put(arena, fields, "outcome", value_string(arena, outcome_name(outcome)));
		value_put(arena, fields, "elapsed", value_int(arena, elapsed));
	}
	return record(interpreter, kind, fields, JOURNAL_BUFFERED);
}

int record_retry(struct interpreter *interpreter, const char *key, unsigned next, unsigned attempts, int64_t delay,
		 const char *reason)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	if (history_get(interpreter->history, "retry", key, next))
		return 0;
	struct value *fields = record_fields(interpreter, arena, key);
	value_put(arena, fields, "attempt", value_int(arena, next));
	value_put(arena, fields, "attempts", value_int(arena, attempts));
	value_put(arena, fields, "delay", value_int(arena, delay));
	value_put(arena, fields, "reason", text_or_null(arena, reason));
	return record(interpreter, "retry", fields, JOURNAL_BUFFERED);
}

int record_list(struct interpreter *interpreter, const char *key, const struct value *items)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	if (history_get(interpreter->history, "list", key, 0))
		return 0;
	struct value *fields = record_fields(interpreter, arena, key);
	value_put(arena, fields, "items", items);
	return record(interpreter, "list", fields, JOURNAL_BUFFERED);
}

int record_note(struct interpreter *interpreter, const char *key, const char *text)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct value *fields = value_map(arena);
	value_put(arena, fields, "text", value_string(arena, text));
	value_put(arena, fields, "step", text_or_null(arena, key));
	return record(interpreter, "note", fields, JOURNAL_BUFFERED);
}
