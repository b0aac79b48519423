/*
 * group.c - groups, and calls of other runbooks (a group with names of its own): attempts, rescue, finally; what a failure
 * means for the rest.
 */
#include <string.h>

#include "engine/base/memory.h"
#include "engine/execute/interpreter.h"

struct group {
	const struct step *step;
	struct frame frame; /* the group's own: host, deadline, depth resolved */
	struct frame inner; /* what its blocks inherit: the same, or (a call) a new set of names */
	const struct block *steps, *rescue, *finally;
	const char *key;
	const char *name;
	const char *instance; /* key, with #N in a later attempt */
	int64_t started;
	int64_t outer_deadline;	     /* of what it stands in */
	const struct value *outputs; /* of a call, or NULL */
};

static struct frame block_frame(struct interpreter *interpreter, const struct group *group, const char *block_name)
{
	struct frame frame = group->inner;
	frame.depth++;
	frame.rescuable |= group->rescue->count > 0;
	frame.repeatable |= group->rescue->count > 0 || group->step->retry.attempts > 1;
	frame.prefix = block_name ? arena_printf(interpreter->arena, "%s.%s", group->instance, block_name) : group->instance;
	if (block_name)
		frame.block = block_name;
	return frame;
}

/* What puts things right still has time when the group's own is up. */
static struct frame mending_frame(struct interpreter *interpreter, const struct group *group, const char *block_name)
{
	struct frame frame = block_frame(interpreter, group, block_name);
	frame.deadline = group->outer_deadline;
	return frame;
}

static enum outcome walk_steps(struct interpreter *interpreter, const struct group *group, const struct frame *frame)
{
	const struct step *step = group->step;
	return step->parallel ? parallel_walk(interpreter, group->steps, frame, step->max_concurrent)
			      : walk_block(interpreter, group->steps, frame);
}

static enum outcome group_rescue(struct interpreter *interpreter, const struct group *group)
{
	struct frame rescue = mending_frame(interpreter, group, "rescue");
	interpreter->conflict = false;
	enum outcome outcome = walk_block(interpreter, group->rescue, &rescue);
	if (!outcome_is_good(outcome))
		return outcome;
	struct frame again = mending_frame(interpreter, group, NULL);
	again.after_rescue = true;
	again.prefix = arena_printf(interpreter->arena, "%s.rescued", group->instance);
	return walk_steps(interpreter, group, &again);
}

/* In the `finally` of a called runbook `run` is that call: its runbook, its outcome. */
static void tell_outcome(struct interpreter *interpreter, struct invocation *invocation, enum outcome outcome)
{
	struct value *run = (struct value *)value_copy(interpreter->arena, interpreter->run_value);
	value_put(interpreter->arena, run, "runbook", value_string(interpreter->arena, invocation->runbook->name));
	value_put(interpreter->arena, run, "kind", value_string(interpreter->arena, invocation->runbook->kind));
	value_put(interpreter->arena, run, "outcome", value_string(interpreter->arena, outcome_name(outcome)));
	invocation->run_value = run;
}

static enum outcome group_finally(struct interpreter *interpreter, const struct group *group, enum outcome outcome)
{
	if (outcome == OUTCOME_STOPPED || !group->finally->count)
		return outcome;
	struct frame finally = mending_frame(interpreter, group, "finally");
	if (group->step->form == STEP_CALL)
		tell_outcome(interpreter, group->inner.invocation, outcome);
	finally.finishing = true;
	enum outcome ended = walk_block(interpreter, group->finally, &finally);
	return outcome_is_good(outcome) || ended == OUTCOME_STOPPED ? outcome_worse(outcome, ended) : outcome;
}

static enum outcome group_attempts(struct interpreter *interpreter, struct group *group)
{
	for (unsigned number = 1;; number++) {
		if (number > 1)
			group->instance = arena_printf(interpreter->arena, "%s#%u", group->key, number);
		if (record_group(interpreter, "group_started", group->key, group->name, number, group->frame.depth, OUTCOME_OK,
				 -1) < 0)
			return OUTCOME_STOPPED;
		struct frame frame = block_frame(interpreter, group, NULL);
		enum outcome outcome = walk_steps(interpreter, group, &frame);
		if (outcome != OUTCOME_FAILED || !retry_allowed(interpreter, group->step, &group->frame, number))
			return outcome;
		enum outcome pause = retry_pause(interpreter, group->step, &group->frame, group->key, number + 1,
						 "a step of the group failed");
		if (pause != OUTCOME_OK)
			return pause;
	}
}

static void plan_whole_group(struct interpreter *interpreter, const struct group *group)
{
	plan_group(interpreter, group->step, &group->frame, group->key, group->name, group->frame.maybe ? "maybe" : "group",
		   group->frame.why_maybe);
	struct frame frame = block_frame(interpreter, group, NULL);
	walk_steps(interpreter, group, &frame);
	struct frame rescue = block_frame(interpreter, group, "rescue");
	rescue.contingent = true;
	walk_block(interpreter, group->rescue, &rescue);
	struct frame finally = block_frame(interpreter, group, "finally");
	walk_block(interpreter, group->finally, &finally);
}

static int64_t group_start_time(struct interpreter *interpreter, const char *key)
{
	const struct value *started = history_get(interpreter->history, "group_started", key, 1);
	return started ? history_machine(started) : machine_now(interpreter);
}

/* --- calls --- */

struct invocation *invocation_new(struct interpreter *interpreter, const struct runbook *runbook, const struct value *inputs)
{
	struct invocation *invocation = ARENA_NEW(interpreter->arena, struct invocation), **last = &interpreter->invocations;
	*invocation = (struct invocation){.runbook = runbook, .inputs = inputs};
	while (*last)
		last = &(*last)->next;
	*last = invocation;
	return invocation;
}

static int call_inputs(struct interpreter *interpreter, const struct step *step, const struct frame *frame,
		       const struct value **ret_inputs, struct error *err)
{
	static const struct value nothing = {.type = VALUE_MAP};
	const struct value *given = &nothing;
	struct names names;
	struct diagnostics found;
	names_init(&names, interpreter, frame, NULL);
	if (step->with && template_evaluate(step->with, &names.activation, interpreter->arena, &given, NULL, err) < 0)
		return error_wrap(err, "with");
	diagnostics_init(&found, interpreter->arena);
	if (runbook_inputs(interpreter->arena, step->callee, interpreter->execution->inventory, given, ret_inputs, &found) == 0)
		return 0;
	error_set(err, ERROR_INVALID, "%s: %s", step->callee->name, found.items[0].message);
	return found.items[0].hint ? error_hint(err, "%s", found.items[0].hint) : -1;
}

static struct frame callee_frame(const struct frame *frame, struct invocation *invocation)
{
	struct frame inner = *frame;
	inner.outer = NULL;
	inner.as = NULL;
	inner.host = NULL;
	inner.host_unknown = false;
	inner.user = NULL;
	inner.invocation = invocation;
	inner.scope = &invocation->scope;
	return inner;
}

/* The invocation of this instance of a call, with its preflight done. */
static enum outcome call_begin(struct interpreter *interpreter, const struct step *step, const struct frame *frame,
			       const char *key, struct invocation **ret_invocation, struct error *err)
{
	struct invocation *invocation = table_get(&interpreter->calls, key);
	const struct value *inputs = value_null();
	if (!invocation) {
		if (call_inputs(interpreter, step, frame, &inputs, err) < 0)
			return OUTCOME_FAILED;
		invocation = invocation_new(interpreter, step->callee, inputs);
		table_put(&interpreter->calls, key, invocation);
	}
	*ret_invocation = invocation;
	if (invocation->preflighted)
		return OUTCOME_OK;
	invocation->preflighted = true;
	struct frame preflight = callee_frame(frame, invocation);
	preflight.prefix = arena_printf(interpreter->arena, "%s.preflight", key);
	preflight.block = "preflight";
	enum outcome outcome = walk_block(interpreter, &step->callee->preflight, &preflight);
	if (outcome == OUTCOME_FAILED)
		error_set(err, ERROR_FAILED, "a preflight of %s failed", step->callee->name);
	return outcome;
}

static enum outcome preflight_call(struct interpreter *interpreter, const struct step *step, const struct frame *frame,
				   const char *key)
{
	struct invocation *invocation = NULL;
	enum truth truth = TRUTH_TRUE;
	struct error err = ERROR_NONE;
	bool known = !step->condition || condition_test(interpreter, frame, step->condition, NULL, &truth, &err) == 0;
	const struct value *inputs = value_null();
	if (!known || truth != TRUTH_TRUE || call_inputs(interpreter, step, frame, &inputs, &err) < 0 ||
	    value_has_unknown(inputs)) {
		error_clear(&err); /* what it needs is known when its turn comes */
		return OUTCOME_OK;
	}
	enum outcome outcome = call_begin(interpreter, step, frame, key, &invocation, &err);
	error_clear(&err);
	if (!outcome_is_good(outcome))
		return outcome;
	struct frame inner = callee_frame(frame, invocation);
	inner.prefix = key;
	return group_preflight_calls(interpreter, &inner);
}

static enum outcome preflight_block(struct interpreter *interpreter, const struct block *block, const struct frame *frame)
{
	enum outcome total = OUTCOME_OK;
	for (size_t i = 0; i < block->count && outcome_is_good(total); i++) {
		const struct step *step = &block->steps[i];
		struct frame inner = *frame;
		inner.prefix = arena_printf(interpreter->arena, "%s%s%zu", frame->prefix, *frame->prefix ? "." : "", i + 1);
		if (step->foreach)
			continue; /* its rounds are known when its turn comes */
		if (step->form == STEP_CALL)
			total = outcome_worse(total, preflight_call(interpreter, step, frame, inner.prefix));
		else if (step->form == STEP_GROUP)
			total = outcome_worse(total, preflight_block(interpreter, &step->steps, &inner));
	}
	return total;
}

enum outcome group_preflight_calls(struct interpreter *interpreter, const struct frame *frame)
{
	return preflight_block(interpreter, &frame->invocation->runbook->steps, frame);
}

static int call_outputs(struct interpreter *interpreter, struct group *group, struct error *err)
{
	const struct runbook *callee = group->step->callee;
	struct value *outputs = value_map(interpreter->arena);
	struct names names;
	names_init(&names, interpreter, &group->inner, NULL);
	for (size_t i = 0; i < callee->outputs_count; i++) {
		const struct value *value;
		if (template_evaluate(callee->outputs[i].value, &names.activation, interpreter->arena, &value, NULL, err) < 0)
			return error_wrap(err, "output '%s' of %s", callee->outputs[i].name, callee->name);
		if (output_is_open(callee->outputs[i].name, value, err) < 0)
			return error_wrap(err, "%s", callee->name);
		value_put(interpreter->arena, outputs, callee->outputs[i].name, value);
	}
	group->outputs = outputs;
	return 0;
}

/* Into another runbook: names, inputs and blocks are its own. */
static enum outcome enter_call(struct interpreter *interpreter, struct group *group, struct error *err)
{
	const struct runbook *callee = group->step->callee;
	struct invocation *invocation = NULL;
	enum outcome outcome = call_begin(interpreter, group->step, &group->frame, group->key, &invocation, err);
	if (!outcome_is_good(outcome))
		return outcome;
	group->inner = callee_frame(&group->frame, invocation);
	group->steps = &callee->steps;
	group->finally = &callee->finally;
	if (!group->step->name)
		group->name = callee->name;
	return OUTCOME_OK;
}

/* --- both --- */

static void group_init(struct group *group, const struct step *step, const struct frame *frame, const char *key)
{
	*group = (struct group){.step = step, .frame = *frame, .key = key, .instance = key, .name = "group"};
	group->frame.outer = frame;
	group->outer_deadline = frame->deadline;
	group->frame.as = NULL;
	group->steps = &step->steps;
	group->rescue = &step->rescue;
	group->finally = &step->finally;
}

static enum outcome group_enter(struct interpreter *interpreter, struct group *group, struct error *err)
{
	const struct step *step = group->step;
	if (frame_resolve(interpreter, step, &group->frame, err) < 0 ||
	    (step->name &&
	     text_evaluate(interpreter, &group->frame, step->name, NULL, interpreter->arena, &group->name, err) < 0))
		return OUTCOME_FAILED;
	group->started = group_start_time(interpreter, group->key);
	if (step->timeout && group->started + step->timeout < group->frame.deadline)
		group->frame.deadline = group->started + step->timeout;
	group->inner = group->frame;
	group->inner.outer = &group->frame;
	return step->form == STEP_CALL ? enter_call(interpreter, group, err) : OUTCOME_OK;
}

static enum outcome group_leave(struct interpreter *interpreter, struct group *group, enum outcome outcome)
{
	struct error err = ERROR_NONE;
	if (group->step->form == STEP_CALL && outcome_is_good(outcome) && call_outputs(interpreter, group, &err) < 0)
		outcome = walk_fail(interpreter, group->step, &group->frame, group->key, &err);
	if (outcome != OUTCOME_STOPPED &&
	    record_group(interpreter, "group_finished", group->key, group->name, 1, group->frame.depth, outcome,
			 machine_now(interpreter) - group->started) < 0)
		return OUTCOME_STOPPED;
	return outcome;
}

enum outcome group_walk(struct interpreter *interpreter, const struct step *step, const struct frame *frame, const char *key)
{
	struct error err = ERROR_NONE;
	struct group group;
	group_init(&group, step, frame, key);
	enum outcome outcome = group_enter(interpreter, &group, &err);
	if (outcome == OUTCOME_FAILED)
		return walk_fail(interpreter, step, frame, key, &err);
	if (!outcome_is_good(outcome))
		return outcome;
	if (interpreter->power != POWER_APPLY) {
		plan_whole_group(interpreter, &group);
		if (step->form == STEP_CALL && call_outputs(interpreter, &group, &err) == 0)
			steps_put(interpreter, step, frame, OUTCOME_OK, group.outputs, NULL, NULL);
		error_clear(&err);
		return OUTCOME_OK;
	}
	outcome = group_attempts(interpreter, &group);
	if (outcome == OUTCOME_FAILED && group.rescue->count)
		outcome = group_rescue(interpreter, &group);
	outcome = group_leave(interpreter, &group, group_finally(interpreter, &group, outcome));
	steps_put(interpreter, step, frame, outcome, group.outputs, NULL, NULL);
	return outcome;
}
