/*
 * walk.c - blocks and rounds: what comes after what. Groups and calls are group.c's, what is done at once is parallel.c's.
 */
#include <string.h>

#include "engine/base/memory.h"
#include "engine/execute/interpreter.h"

/* changed outweighs ok, skipped counts as nothing; everything else is worse than both */
enum outcome outcome_worse(enum outcome total, enum outcome next)
{
	if (next == OUTCOME_SKIPPED)
		return total;
	return next > total ? next : total;
}

enum outcome walk_fail(struct interpreter *interpreter, const struct step *step, const struct frame *frame, const char *key,
		       struct error *err)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct attempt attempt = {.step = step, .frame = frame, .key = key, .number = 1, .arena = arena};
	static const struct action nothing = {.name = "group", .plugin = "core"};
	const struct action *action = step->uses ? plugins_find(interpreter->execution->plugins, step->uses, NULL) : NULL;
	attempt.action = action ? action : &nothing;
	attempt.name = step->uses ? step->uses : "group";
	attempt.started = machine_now(interpreter);
	if (interpreter->power != POWER_APPLY) {
		plan_group(interpreter, step, frame, key, attempt.name, "unknown", error_text(err));
		error_clear(err);
		return OUTCOME_OK;
	}
	error_move(&attempt.error, err);
	int written = record_finished(interpreter, &attempt, OUTCOME_FAILED);
	error_clear(&attempt.error);
	interpreter->counts[OUTCOME_FAILED]++;
	return written < 0 ? OUTCOME_STOPPED : OUTCOME_FAILED;
}

/* --- one round of a step --- */

static bool before_from(struct interpreter *interpreter, const struct step *step, const struct frame *frame)
{
	const char *from = interpreter->execution->from;
	if (!from || interpreter->from_reached)
		return false;
	const struct step *start = runbook_step(interpreter->execution->runbook, from);
	if (frame->invocation != interpreter->invocations)
		return false; /* inside a call: it has begun */
	size_t length = strlen(step->key);
	/* the step itself, or a group that it stands in */
	bool leads_there = strncmp(start->key, step->key, length) == 0 && (start->key[length] == '\0' || start->key[length] == '.');
	if (start == step)
		interpreter->from_reached = true;
	return !leads_there;
}

static enum outcome skip(struct interpreter *interpreter, const struct step *step, const struct frame *frame, const char *key,
			 const char *reason)
{
	static const struct value *none;
	steps_put(interpreter, step, frame, OUTCOME_SKIPPED, none, NULL, NULL);
	interpreter->counts[OUTCOME_SKIPPED]++;
	if (interpreter->power != POWER_APPLY)
		plan_skip(interpreter, step, frame, key, reason);
	else if (record_skipped(interpreter, step, frame, key, reason) < 0)
		return OUTCOME_STOPPED;
	return OUTCOME_SKIPPED;
}

enum outcome walk_round(struct interpreter *interpreter, const struct step *step, const struct frame *outer, const char *key)
{
	struct frame frame = *outer;
	struct error err = ERROR_NONE;
	enum truth truth = TRUTH_TRUE;
	if (before_from(interpreter, step, &frame) && strncmp(key, "preflight", strlen("preflight")) != 0)
		return skip(interpreter, step, &frame, key, "the run starts at a later step");
	if (step->condition && condition_test(interpreter, &frame, step->condition, NULL, &truth, &err) < 0) {
		error_wrap(&err, "if");
		return walk_fail(interpreter, step, &frame, key, &err);
	}
	if (truth == TRUTH_FALSE)
		return skip(interpreter, step, &frame, key,
			    arena_printf(interpreter->arena, "if: %s", step->condition_text ? step->condition_text : "false"));
	if (truth == TRUTH_UNKNOWN) {
		frame.maybe = true;
		frame.why_maybe = arena_printf(interpreter->arena, "if: %s cannot be known now", step->condition_text);
	}
	return step->form == STEP_ACTION ? step_walk(interpreter, step, &frame, key) : group_walk(interpreter, step, &frame, key);
}

/* --- rounds of a foreach --- */

int walk_list(struct interpreter *interpreter, const struct step *step, const struct frame *frame, const char *key,
	      const struct value **ret_items, struct error *err)
{
	const struct value *journaled = history_get(interpreter->history, "list", key, 0);
	struct names names;
	const struct value *items;
	if (journaled && !value_is_secret(journaled)) {
		*ret_items = value_get(journaled, "items");
		return 0;
	}
	names_init(&names, interpreter, frame, NULL);
	if (template_evaluate(step->foreach, &names.activation, interpreter->arena, &items, NULL, err) < 0)
		return error_wrap(err, "foreach");
	if (items->type != VALUE_LIST && items->type != VALUE_UNKNOWN)
		return error_set(err, ERROR_INVALID, "foreach: expected a list, this is a %s", value_type_name(items->type));
	*ret_items = items;
	if (items->type == VALUE_LIST && interpreter->power == POWER_APPLY && record_list(interpreter, key, items) < 0)
		return error_set(err, ERROR_IO, "the journal cannot be written");
	return 0;
}

struct frame walk_round_frame(const struct frame *outer, const struct step *step, const struct value *item)
{
	struct frame frame = *outer;
	frame.outer = outer;
	frame.as = step->as;
	frame.item = item;
	return frame;
}

static enum outcome walk_unknown_rounds(struct interpreter *interpreter, const struct step *step, const struct frame *frame, const char *key)
{
	struct frame round = walk_round_frame(frame, step, value_unknown());
	round.maybe = true;
	round.why_maybe = "the list cannot be known now";
	return walk_round(interpreter, step, &round, arena_printf(interpreter->arena, "%s[?]", key));
}

static enum outcome walk_rounds(struct interpreter *interpreter, const struct step *step, const struct frame *frame, const char *key)
{
	struct error err = ERROR_NONE;
	const struct value *items = value_unknown();
	if (walk_list(interpreter, step, frame, key, &items, &err) < 0)
		return interpreter->stop.code ? stop_now(interpreter, &err) : walk_fail(interpreter, step, frame, key, &err);
	if (items->type == VALUE_UNKNOWN)
		return walk_unknown_rounds(interpreter, step, frame, key);
	enum outcome total = OUTCOME_OK;
	struct value *each = value_list(interpreter->arena);
	for (size_t i = 0; i < items->list.count && outcome_is_good(total); i++) {
		struct frame round = walk_round_frame(frame, step, items->list.items[i]);
		total = outcome_worse(total, walk_round(interpreter, step, &round, arena_printf(interpreter->arena, "%s[%zu]", key, i)));
		const struct value *entry = step->id ? table_get(&frame->invocation->steps, step->id) : NULL;
		if (entry)
			value_append(interpreter->arena, each, entry);
	}
	steps_put_rounds(interpreter, step, frame, each);
	return total;
}

enum outcome walk_step(struct interpreter *interpreter, const struct step *step, const struct frame *frame, const char *key)
{
	return step->foreach ? walk_rounds(interpreter, step, frame, key) : walk_round(interpreter, step, frame, key);
}

static enum outcome interrupted(const struct interpreter *interpreter, const struct frame *frame)
{
	if (interpreter->power != POWER_APPLY)
		return OUTCOME_OK;
	if (control_stopping(interpreter))
		return OUTCOME_STOPPED;
	return control_cancelled(interpreter) && !frame->finishing ? OUTCOME_CANCELLED : OUTCOME_OK;
}

enum outcome walk_block(struct interpreter *interpreter, const struct block *block, const struct frame *frame)
{
	enum outcome total = OUTCOME_OK;
	for (size_t i = 0; i < block->count && outcome_is_good(total); i++) {
		const struct step *step = &block->steps[i];
		const char *key = arena_printf(interpreter->arena, "%s%s%zu", frame->prefix, *frame->prefix ? "." : "", i + 1);
		enum outcome outcome = interrupted(interpreter, frame);
		if (outcome == OUTCOME_OK)
			outcome = walk_step(interpreter, step, frame, key);
		total = outcome_worse(total, outcome);
	}
	return total;
}
