/*
 * walk.c - blocks, rounds and retries: what comes after what. Groups and calls are group.c's, what is done at once is
 * parallel.c's.
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

/* A step that is done again, in a later attempt of its group or after a rescue, counts as it ended then. */
void walk_count(struct interpreter *interpreter, const struct frame *frame, const char *key, enum outcome outcome)
{
	interpreter->counts[outcome]++;
	if (!frame->repeatable)
		return;
	CLEANUP_FREE char *plain = plain_key(key);
	const char *before = table_get(&interpreter->counted, plain);
	if (before)
		interpreter->counts[outcome_from_name(before)]--;
	table_put(&interpreter->counted, plain, outcome_name(outcome));
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
		bool perhaps = frame->maybe || frame->contingent; /* else a run would not get further */
		plan_group(interpreter, step, frame, key, attempt.name, perhaps ? "unknown" : "fail", error_text(err));
		error_clear(err);
		return OUTCOME_OK;
	}
	error_move(&attempt.error, err);
	steps_put(interpreter, step, frame, OUTCOME_FAILED, NULL, NULL, NULL);
	bool journaled = history_get(interpreter->history, "step_finished", key, 1);
	int written = journaled ? 0 : record_finished(interpreter, &attempt, OUTCOME_FAILED);
	error_clear(&attempt.error);
	walk_count(interpreter, frame, key, OUTCOME_FAILED);
	return written < 0 ? OUTCOME_STOPPED : OUTCOME_FAILED;
}

/* --- retry --- */

static int64_t retry_delay(const struct retry *retry, unsigned failed_attempts)
{
	double delay = (double)retry->delay;
	for (unsigned i = 1; i < failed_attempts; i++)
		delay *= retry->backoff;
	return delay > (double)retry->max_delay ? retry->max_delay : (int64_t)delay;
}

bool retry_allowed(const struct interpreter *interpreter, const struct step *step, const struct frame *frame, unsigned number)
{
	return number < step->retry.attempts && !interpreter->conflict && machine_now(interpreter) < frame->deadline;
}

static bool attempt_begun(const struct interpreter *interpreter, const struct step *step, const char *key, unsigned number)
{
	return history_get(interpreter->history, step->form != STEP_ACTION ? "group_started" : "step_started", key, number) ||
	       history_get(interpreter->history, "step_finished", key, number);
}

enum outcome retry_pause(struct interpreter *interpreter, const struct step *step, const struct frame *frame, const char *key,
			 unsigned next, const char *why)
{
	int64_t delay = retry_delay(&step->retry, next - 1);
	const struct value *journaled = history_get(interpreter->history, "retry", key, next);
	if (attempt_begun(interpreter, step, key, next))
		return OUTCOME_OK;
	if (record_retry(interpreter, key, next, step->retry.attempts, delay, why) < 0)
		return OUTCOME_STOPPED;
	if (journaled) /* what is left of it */
		delay -= machine_now(interpreter) - history_machine(journaled);
	struct attempt attempt = {.step = step, .frame = frame, .key = key, .deadline = frame->deadline};
	return attempt_wait(interpreter, &attempt, delay);
}

/* --- one round of a step --- */

/* --from leaves out the steps before it. Preflight and finally are never left out. */
static bool before_from(struct interpreter *interpreter, const struct step *step, const struct frame *frame)
{
	const char *from = interpreter->execution->from;
	if (!from || interpreter->from_reached || strcmp(frame->block, "steps") != 0 ||
	    frame->invocation != interpreter->invocations)
		return false;
	const struct step *start = runbook_step(interpreter->execution->runbook, from);
	size_t length = strlen(step->key);
	/* the step itself, or a group that it stands in */
	bool leads_there =
		strncmp(start->key, step->key, length) == 0 && (start->key[length] == '\0' || start->key[length] == '.');
	if (start == step)
		interpreter->from_reached = true;
	return !leads_there;
}

static enum outcome skip(struct interpreter *interpreter, const struct step *step, const struct frame *frame, const char *key,
			 const char *reason)
{
	steps_put(interpreter, step, frame, OUTCOME_SKIPPED, NULL, NULL, NULL);
	walk_count(interpreter, frame, key, OUTCOME_SKIPPED);
	if (interpreter->power != POWER_APPLY)
		plan_skip(interpreter, step, frame, key, reason);
	else if (record_skipped(interpreter, step, frame, key, 1, reason) < 0)
		return OUTCOME_STOPPED;
	return OUTCOME_SKIPPED;
}

enum outcome walk_round(struct interpreter *interpreter, const struct step *step, const struct frame *outer, const char *key)
{
	struct frame frame = *outer;
	struct error err = ERROR_NONE;
	enum truth truth = TRUTH_TRUE;
	if (before_from(interpreter, step, &frame))
		return skip(interpreter, step, &frame, key, "the run starts at a later step");
	if (interpreter->power == POWER_APPLY && control_skip_reason(interpreter, key) &&
	    !attempt_begun(interpreter, step, key, 1))
		return skip(interpreter, step, &frame, key, control_skip_reason(interpreter, key));
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
	return step->form == STEP_ACTION ? step_walk(interpreter, step, &frame, key)
					 : group_walk(interpreter, step, &frame, key);
}

/* A cancel ends the walk before the next step. On resume, what was begun before it is walked once more, so that the `finally`
 * of its groups is. */
static enum outcome interrupted(const struct interpreter *interpreter, const struct frame *frame, const char *key)
{
	if (interpreter->power != POWER_APPLY)
		return OUTCOME_OK;
	if (control_stopping(interpreter))
		return OUTCOME_STOPPED;
	bool cancelled = control_cancelled(interpreter) && !frame->finishing && !history_has_begun(interpreter->history, key);
	return cancelled ? OUTCOME_CANCELLED : OUTCOME_OK;
}

/* --- rounds of a foreach --- */

/* What was made of a secret as a whole is secret piece by piece. */
static const struct value *taint_items(struct arena *arena, const struct value *items)
{
	if (items->type != VALUE_LIST || !items->secret)
		return items;
	struct value *list = value_list(arena);
	for (size_t i = 0; i < items->list.count; i++)
		value_append(arena, list, value_taint(arena, items->list.items[i]));
	return list;
}

int walk_list(struct interpreter *interpreter, const struct step *step, const struct frame *frame, const char *key,
	      const struct value **ret_items, struct error *err)
{
	const struct value *journaled = history_get(interpreter->history, "list", key, 0);
	struct names names;
	const struct value *items;
	if (journaled && !value_is_secret(value_get(journaled, "items"))) { /* a secret list has to be made anew */
		*ret_items = value_get(journaled, "items");
		return 0;
	}
	names_init(&names, interpreter, frame, NULL);
	if (template_evaluate(step->foreach, &names.activation, interpreter->arena, &items, NULL, err) < 0)
		return error_wrap(err, "foreach");
	if (items->type != VALUE_LIST && items->type != VALUE_UNKNOWN)
		return error_set(err, ERROR_INVALID, "foreach: expected a list, this is a %s", value_type_name(items->type));
	*ret_items = taint_items(interpreter->arena, items);
	if (items->type == VALUE_LIST && interpreter->power == POWER_APPLY && record_list(interpreter, key, items) < 0)
		return error_set(err, ERROR_IO, "the journal cannot be written");
	return 0;
}

struct frame walk_round_frame(const struct frame *outer, const struct step *step, const struct value *item, struct scope *scope)
{
	struct frame frame = *outer;
	frame.outer = outer;
	frame.as = step->as;
	frame.item = item;
	frame.scope = scope;
	scope->outer = outer->scope;
	return frame;
}

static enum outcome walk_unknown_rounds(struct interpreter *interpreter, const struct step *step, const struct frame *frame,
					const char *key)
{
	struct scope scope = {0};
	struct frame round = walk_round_frame(frame, step, value_unknown(), &scope);
	round.maybe = true;
	round.why_maybe = "the list cannot be known now";
	enum outcome outcome = walk_round(interpreter, step, &round, arena_printf(interpreter->arena, "%s[?]", key));
	scope_close(&scope, frame->scope);
	steps_put_unknown(step, frame);
	return outcome;
}

static enum outcome walk_rounds(struct interpreter *interpreter, const struct step *step, const struct frame *frame,
				const char *key)
{
	struct error err = ERROR_NONE;
	const struct value *items = value_unknown();
	if (walk_list(interpreter, step, frame, key, &items, &err) < 0)
		return interpreter->stop.code ? stop_now(interpreter, &err) : walk_fail(interpreter, step, frame, key, &err);
	if (items->type == VALUE_UNKNOWN)
		return walk_unknown_rounds(interpreter, step, frame, key);
	enum outcome total = OUTCOME_OK;
	struct value *each = value_list(interpreter->arena);
	struct scope ended = {0};
	for (size_t i = 0; i < items->list.count && outcome_is_good(total); i++) {
		struct scope scope = {0};
		struct frame round = walk_round_frame(frame, step, items->list.items[i], &scope);
		const char *instance = arena_printf(interpreter->arena, "%s[%zu]", key, i);
		enum outcome outcome = interrupted(interpreter, frame, instance);
		if (outcome == OUTCOME_OK)
			outcome = walk_round(interpreter, step, &round, instance);
		total = outcome_worse(total, outcome);
		if (step->id && outcome < OUTCOME_CANCELLED)
			value_append(interpreter->arena, each, steps_round(interpreter, step, &scope));
		scope_close(&scope, &ended);
		if (outcome >= OUTCOME_CANCELLED)
			break;
	}
	scope_close(&ended, frame->scope);
	steps_put_rounds(interpreter, step, frame, each);
	return total;
}

enum outcome walk_step(struct interpreter *interpreter, const struct step *step, const struct frame *frame, const char *key)
{
	return step->foreach ? walk_rounds(interpreter, step, frame, key) : walk_round(interpreter, step, frame, key);
}

enum outcome walk_block(struct interpreter *interpreter, const struct block *block, const struct frame *frame)
{
	enum outcome total = OUTCOME_OK;
	for (size_t i = 0; i < block->count && outcome_is_good(total); i++) {
		const struct step *step = &block->steps[i];
		const char *key = arena_printf(interpreter->arena, "%s%s%zu", frame->prefix, *frame->prefix ? "." : "", i + 1);
		enum outcome outcome = interrupted(interpreter, frame, key);
		if (outcome == OUTCOME_OK)
			outcome = walk_step(interpreter, step, frame, key);
		total = outcome_worse(total, outcome);
	}
	return total;
}
