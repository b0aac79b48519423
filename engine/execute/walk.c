/*
 * walk.c - blocks, rounds and groups: what comes after what, and what a failure means for the rest.
 */
#include <string.h>

#include "engine/base/memory.h"
#include "engine/execute/interpreter.h"

static enum outcome worse(enum outcome total, enum outcome next)
{
	/* changed outweighs ok, skipped counts as nothing; everything else is worse than both */
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
	steps_put(interpreter, step, frame, OUTCOME_FAILED, NULL, NULL, NULL);
	bool journaled = history_get(interpreter->history, "step_finished", key, 1);
	int written = journaled ? 0 : record_finished(interpreter, &attempt, OUTCOME_FAILED);
	error_clear(&attempt.error);
	interpreter->counts[OUTCOME_FAILED]++;
	return written < 0 ? OUTCOME_STOPPED : OUTCOME_FAILED;
}

/* --- groups --- */

struct group {
	const struct step *step;
	const struct frame *outer;
	struct frame frame; /* the group's own: host, deadline, depth resolved */
	const char *key;
	const char *name;
	const char *instance; /* key, with #N in a later attempt */
	int64_t started;
};

static struct frame block_frame(struct interpreter *interpreter, const struct group *group, const char *block_name)
{
	struct frame frame = group->frame;
	frame.outer = &group->frame;
	frame.as = NULL;
	frame.depth++;
	frame.prefix = block_name ? arena_printf(interpreter->arena, "%s.%s", group->instance, block_name) : group->instance;
	if (block_name)
		frame.block = block_name;
	return frame;
}

/* What puts things right still has time when the group's own is up. */
static struct frame mending_frame(struct interpreter *interpreter, const struct group *group, const char *block_name)
{
	struct frame frame = block_frame(interpreter, group, block_name);
	frame.deadline = group->outer->deadline;
	return frame;
}

static enum outcome group_rescue(struct interpreter *interpreter, const struct group *group)
{
	struct frame rescue = mending_frame(interpreter, group, "rescue");
	interpreter->conflict = false;
	enum outcome outcome = walk_block(interpreter, &group->step->rescue, &rescue);
	if (!outcome_is_good(outcome))
		return outcome;
	struct frame again = mending_frame(interpreter, group, NULL);
	again.after_rescue = true;
	again.prefix = arena_printf(interpreter->arena, "%s.rescued", group->instance);
	return walk_block(interpreter, &group->step->steps, &again);
}

static enum outcome group_finally(struct interpreter *interpreter, const struct group *group, enum outcome outcome)
{
	if (outcome == OUTCOME_STOPPED || !group->step->finally.count)
		return outcome;
	struct frame finally = mending_frame(interpreter, group, "finally");
	finally.finishing = true;
	enum outcome ended = walk_block(interpreter, &group->step->finally, &finally);
	return outcome_is_good(outcome) || ended == OUTCOME_STOPPED ? worse(outcome, ended) : outcome;
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
	return history_get(interpreter->history, step->form == STEP_GROUP ? "group_started" : "step_started", key, number) ||
	       history_get(interpreter->history, "step_finished", key, number);
}

enum outcome retry_pause(struct interpreter *interpreter, const struct step *step, const struct frame *frame, const char *key, unsigned next,
			 const char *why)
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

static enum outcome group_attempts(struct interpreter *interpreter, struct group *group)
{
	for (unsigned number = 1;; number++) {
		if (number > 1)
			group->instance = arena_printf(interpreter->arena, "%s#%u", group->key, number);
		if (record_group(interpreter, "group_started", group->key, group->name, number, group->frame.depth, OUTCOME_OK, -1) < 0)
			return OUTCOME_STOPPED;
		struct frame frame = block_frame(interpreter, group, NULL);
		enum outcome outcome = walk_block(interpreter, &group->step->steps, &frame);
		if (outcome != OUTCOME_FAILED || !retry_allowed(interpreter, group->step, &group->frame, number))
			return outcome;
		enum outcome pause =
			retry_pause(interpreter, group->step, &group->frame, group->key, number + 1, "a step of the group failed");
		if (pause != OUTCOME_OK)
			return pause;
	}
}

static void plan_whole_group(struct interpreter *interpreter, const struct group *group)
{
	const struct step *step = group->step;
	plan_group(interpreter, step, &group->frame, group->key, group->name, group->frame.maybe ? "maybe" : "group",
		   group->frame.why_maybe);
	struct frame frame = block_frame(interpreter, group, NULL);
	walk_block(interpreter, &step->steps, &frame);
	struct frame rescue = block_frame(interpreter, group, "rescue");
	rescue.contingent = true;
	walk_block(interpreter, &step->rescue, &rescue);
	struct frame finally = block_frame(interpreter, group, "finally");
	walk_block(interpreter, &step->finally, &finally);
}

static int64_t group_start_time(struct interpreter *interpreter, const char *key)
{
	const struct value *started = history_get(interpreter->history, "group_started", key, 1);
	return started ? history_machine(started) : machine_now(interpreter);
}

static enum outcome group_walk(struct interpreter *interpreter, const struct step *step, const struct frame *frame, const char *key)
{
	struct error err = ERROR_NONE;
	struct group group = {.step = step, .outer = frame, .frame = *frame, .key = key, .instance = key, .name = "group"};
	group.frame.outer = frame;
	group.frame.as = NULL;
	if (frame_resolve(interpreter, step, &group.frame, &err) < 0 ||
	    (step->name && text_evaluate(interpreter, &group.frame, step->name, NULL, interpreter->arena, &group.name, &err) < 0))
		return walk_fail(interpreter, step, frame, key, &err);
	if (interpreter->power != POWER_APPLY) {
		plan_whole_group(interpreter, &group);
		return OUTCOME_OK;
	}
	group.started = group_start_time(interpreter, key);
	if (step->timeout && group.started + step->timeout < group.frame.deadline)
		group.frame.deadline = group.started + step->timeout;
	enum outcome outcome = group_attempts(interpreter, &group);
	if (outcome == OUTCOME_FAILED && step->rescue.count)
		outcome = group_rescue(interpreter, &group);
	outcome = group_finally(interpreter, &group, outcome);
	if (outcome != OUTCOME_STOPPED && record_group(interpreter, "group_finished", key, group.name, 1, group.frame.depth, outcome,
						       machine_now(interpreter) - group.started) < 0)
		return OUTCOME_STOPPED;
	steps_put(interpreter, step, frame, outcome, NULL, NULL, NULL);
	return outcome;
}

/* --- one round of a step --- */

/* --from leaves out the steps before it. Preflight and finally are never left out. */
static bool before_from(struct interpreter *interpreter, const struct step *step, const struct frame *frame)
{
	const char *from = interpreter->execution->from;
	if (!from || interpreter->from_reached || strcmp(frame->block, "steps") != 0)
		return false;
	const struct step *start = runbook_step(interpreter->execution->runbook, from);
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
	steps_put(interpreter, step, frame, OUTCOME_SKIPPED, NULL, NULL, NULL);
	interpreter->counts[OUTCOME_SKIPPED]++;
	if (interpreter->power != POWER_APPLY)
		plan_skip(interpreter, step, frame, key, reason);
	else if (record_skipped(interpreter, step, frame, key, 1, reason) < 0)
		return OUTCOME_STOPPED;
	return OUTCOME_SKIPPED;
}

static enum outcome walk_round(struct interpreter *interpreter, const struct step *step, const struct frame *outer, const char *key)
{
	struct frame frame = *outer;
	struct error err = ERROR_NONE;
	enum truth truth = TRUTH_TRUE;
	if (before_from(interpreter, step, &frame))
		return skip(interpreter, step, &frame, key, "the run starts at a later step");
	if (interpreter->power == POWER_APPLY && control_skip_reason(interpreter, key) && !attempt_begun(interpreter, step, key, 1))
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
	return step->form == STEP_GROUP ? group_walk(interpreter, step, &frame, key) : step_walk(interpreter, step, &frame, key);
}

/* A cancel ends the walk before the next step. On resume, what was begun before it is walked once more, so that the `finally` of its groups is. */
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

static int evaluate_list(struct interpreter *interpreter, const struct step *step, const struct frame *frame, const char *key,
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
	return 0;
}

static struct frame round_frame(const struct frame *outer, const struct step *step, const struct value *item)
{
	struct frame frame = *outer;
	frame.outer = outer;
	frame.as = step->as;
	frame.item = item;
	return frame;
}

static enum outcome walk_unknown_rounds(struct interpreter *interpreter, const struct step *step, const struct frame *frame, const char *key)
{
	struct frame round = round_frame(frame, step, value_unknown());
	round.maybe = true;
	round.why_maybe = "the list cannot be known now";
	return walk_round(interpreter, step, &round, arena_printf(interpreter->arena, "%s[?]", key));
}

static enum outcome walk_rounds(struct interpreter *interpreter, const struct step *step, const struct frame *frame, const char *key)
{
	struct error err = ERROR_NONE;
	const struct value *items = value_unknown();
	if (evaluate_list(interpreter, step, frame, key, &items, &err) < 0)
		return walk_fail(interpreter, step, frame, key, &err);
	if (items->type == VALUE_UNKNOWN)
		return walk_unknown_rounds(interpreter, step, frame, key);
	if (interpreter->power == POWER_APPLY && record_list(interpreter, key, items) < 0)
		return OUTCOME_STOPPED;
	enum outcome total = OUTCOME_OK;
	struct value *each = value_list(interpreter->arena);
	for (size_t i = 0; i < items->list.count && outcome_is_good(total); i++) {
		struct frame round = round_frame(frame, step, items->list.items[i]);
		if (step->id)
			table_put(&interpreter->steps, step->id, NULL);
		const char *instance = arena_printf(interpreter->arena, "%s[%zu]", key, i);
		enum outcome outcome = interrupted(interpreter, frame, instance);
		if (outcome == OUTCOME_OK)
			outcome = walk_round(interpreter, step, &round, instance);
		total = worse(total, outcome);
		if (outcome >= OUTCOME_CANCELLED)
			break;
		const struct value *entry = step->id ? table_get(&interpreter->steps, step->id) : NULL;
		if (step->id)
			value_append(interpreter->arena, each, entry ? entry : value_unknown());
	}
	steps_put_rounds(interpreter, step, each);
	return total;
}


enum outcome walk_block(struct interpreter *interpreter, const struct block *block, const struct frame *frame)
{
	enum outcome total = OUTCOME_OK;
	for (size_t i = 0; i < block->count && outcome_is_good(total); i++) {
		const struct step *step = &block->steps[i];
		const char *key = arena_printf(interpreter->arena, "%s%s%zu", frame->prefix, *frame->prefix ? "." : "", i + 1);
		enum outcome outcome = interrupted(interpreter, frame, key);
		if (outcome == OUTCOME_OK)
			outcome = step->foreach ? walk_rounds(interpreter, step, frame, key) : walk_round(interpreter, step, frame, key);
		total = worse(total, outcome);
	}
	return total;
}
