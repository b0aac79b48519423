/*
 * plan_row.c - one step instance of a plan: what was observed, what earlier planned steps will have made of it, what would be
 * done.
 *
 * Nothing here can apply: it calls action_observe and nothing else that runs a command.
 */
#include <string.h>

#include "engine/base/memory.h"
#include "engine/execute/approval.h"

struct row {
	struct interpreter *interpreter;
	struct attempt attempt;
	struct value *value; /* in the attempt's arena, until the plan takes a copy */
	const char *verdict;
	const char *why;
	bool planned; /* an earlier planned step had a hand in `before` */
	bool blind;   /* the object itself cannot be observed now */
	const struct value *changes;
};

#define OBSERVE_TIMEOUT (20 * NSEC_PER_SEC)

static void put(struct row *row, const char *key, const struct value *value)
{
	value_put(row->attempt.arena, row->value, key, value ? value : value_null());
}

static void put_text(struct row *row, const char *key, const char *text)
{
	put(row, key, text ? value_string(row->attempt.arena, text) : NULL);
}

static const char *kind_names[] = {
	[ACTION_STATE] = "state", [ACTION_TASK] = "task", [ACTION_PROBE] = "probe", [ACTION_GATE] = "gate"};
static const char *effect_names[] = {
	[EFFECT_READ] = "read", [EFFECT_REVERSIBLE] = "reversible", [EFFECT_IRREVERSIBLE] = "irreversible"};

static void put_place(struct row *row, const struct step *step, const struct frame *frame, const char *key, const char *form)
{
	put_text(row, "step", key);
	put(row, "depth", value_int(row->attempt.arena, frame->depth));
	put_text(row, "block", frame->block);
	put_text(row, "row", form);
	put_text(row, "name", NULL);
	put(row, "contingent", value_bool(frame->contingent));
	put_text(row, "condition", step->condition_text);
	if (step->retry.attempts > 1) {
		struct value *retry = value_map(row->attempt.arena);
		value_put(row->attempt.arena, retry, "attempts", value_int(row->attempt.arena, step->retry.attempts));
		value_put(row->attempt.arena, retry, "delay", value_int(row->attempt.arena, step->retry.delay));
		put(row, "retry", retry);
	}
	if (step->timeout)
		put(row, "timeout", value_int(row->attempt.arena, step->timeout));
	if (step->parallel)
		put(row, "max_concurrent", value_int(row->attempt.arena, step->max_concurrent));
}

/* --- observing --- */

static bool may_observe(const struct row *row)
{
	return row->interpreter->power == POWER_OBSERVE && !row->attempt.frame->host_unknown;
}

static struct observation observe_now(struct row *row)
{
	struct observation observed = observation_unobservable("offline");
	struct error err = ERROR_NONE;
	if (row->attempt.frame->host_unknown)
		return observation_unobservable("which host it will be cannot be known now");
	if (!may_observe(row))
		return observed;
	int64_t deadline = clock_boottime() + OBSERVE_TIMEOUT;
	if (action_observe(row->attempt.arena, &row->attempt.call, deadline, &observed, NULL, &err) < 0) {
		observed = observation_unobservable(arena_strdup(row->attempt.arena, error_text(&err)));
		error_clear(&err);
	}
	return observed;
}

static bool object_is_known(const struct row *row)
{
	return row->attempt.object && strcmp(row->attempt.object, "?") != 0;
}

/* An object that an earlier step will have made has more attributes than that step wishes for. */
static void view_missing(struct attempt *attempt)
{
	if (attempt->before.kind != OBSERVED_STATE || !value_is(attempt->desired, VALUE_MAP))
		return;
	struct value *state = (struct value *)value_copy(attempt->arena, attempt->before.state);
	for (size_t i = 0; i < attempt->desired->map.count; i++)
		if (!value_get_key(state, attempt->desired->map.entries[i].key))
			value_put_key(attempt->arena, state, attempt->desired->map.entries[i].key, value_unknown());
	attempt->before.state = state;
}

static void view_before(struct row *row)
{
	struct attempt *attempt = &row->attempt;
	struct observation observed = observe_now(row);
	attempt->has_before = true;
	attempt->before = observed;
	row->blind = observed.kind == OBSERVED_UNOBSERVABLE;
	if (object_is_known(row))
		attempt->before =
			overlay_view(row->interpreter->overlay, attempt->arena, attempt->object, &observed, &row->planned);
	if (row->planned)
		view_missing(attempt);
}

/* --- the overlay --- */

static void lay_touches(struct row *row)
{
	const struct value *patterns;
	struct overlay *overlay = row->interpreter->overlay;
	if (action_touches(row->attempt.arena, &row->attempt.call, &patterns, NULL) < 0 || !value_is(patterns, VALUE_LIST))
		return;
	for (size_t i = 0; i < patterns->list.count; i++)
		overlay_touch(overlay, value_text(patterns->list.items[i]) ? value_text(patterns->list.items[i]) : "*");
}

/* Unless it says less, a task may change everything on its host. */
static void lay_task(struct row *row)
{
	const struct call *call = &row->attempt.call;
	const struct value *patterns = NULL;
	struct arena *arena = row->attempt.arena;
	if (action_touches(arena, call, &patterns, NULL) == 0 && value_is(patterns, VALUE_LIST)) {
		lay_touches(row);
		return;
	}
	const struct host *hosts[] = {call->subject, call->executor};
	for (size_t i = 0; i < COUNT_OF(hosts); i++) {
		if (!hosts[i])
			continue;
		overlay_touch(row->interpreter->overlay, arena_printf(arena, "*/%s", hosts[i]->id));
		overlay_touch(row->interpreter->overlay, arena_printf(arena, "*/%s/*", hosts[i]->id));
	}
}

static void lay_state(struct row *row)
{
	struct attempt *attempt = &row->attempt;
	struct overlay *overlay = row->interpreter->overlay;
	const struct value *leaves;
	if (attempt->frame->contingent || strcmp(row->verdict, "ok") == 0 || !attempt->object)
		return;
	if (!object_is_known(row)) {
		const char *head; /* any object of that kind */
		size_t length = template_head(attempt->action->object, &head);
		overlay_touch(overlay, arena_printf(attempt->arena, "%.*s*", (int)length, head));
	} else if (attempt->frame->maybe) {
		overlay_touch(overlay, attempt->object);
	} else {
		if (attempt->desired)
			overlay_lay(overlay, attempt->object, attempt->desired);
		if (action_leaves(attempt->arena, &attempt->call, &leaves, NULL) == 0 && value_is(leaves, VALUE_MAP))
			overlay_lay(overlay, attempt->object, leaves);
		overlay_blur(overlay, attempt->object, attempt->action->outputs);
	}
	lay_touches(row);
}

/* --- verdicts --- */

static void judge_state(struct row *row)
{
	struct attempt *attempt = &row->attempt;
	const char *token = NULL;
	struct error err = ERROR_NONE;
	view_before(row);
	if (action_event(attempt->arena, &attempt->call, &token, &err) < 0)
		error_clear(&err);
	enum wish_match match = attempt->desired ? wish_match(attempt->desired, &attempt->before) : WISH_DIFFERS;
	bool unseen = attempt->before.kind == OBSERVED_UNOBSERVABLE;
	row->verdict = token ? "event" : match == WISH_HOLDS ? "ok" : match == WISH_DIFFERS ? "change" : "maybe";
	if (match == WISH_UNKNOWN && !token && unseen && row->blind && object_is_known(row))
		row->verdict = "unknown";
	if (unseen)
		row->why = attempt->before.why;
	else if (match == WISH_UNKNOWN)
		row->why = value_has_unknown(attempt->desired) ? "what is wished cannot be known now"
							       : "an earlier step may change it";
	if (!attempt->desired)
		return;
	row->changes = wish_changes(attempt->arena, attempt->desired, &attempt->before);
	attempt->after = wish_after(attempt->arena, attempt->desired, &attempt->before);
	attempt->has_after = true;
}

static bool task_holds_already(struct row *row)
{
	const struct value *unless = value_get(row->attempt.call.inputs, "unless");
	const struct value *verify = value_get(row->attempt.call.inputs, "verify");
	bool can_look = (unless && unless->type != VALUE_NULL) || (verify && verify->type != VALUE_NULL);
	if (!can_look || !overlay_is_empty(row->interpreter->overlay))
		return false;
	struct observation observed = observe_now(row);
	return observed.kind == OBSERVED_STATE && value_get_bool(observed.state, "holds", false);
}

static void judge_probe(struct row *row)
{
	struct attempt *attempt = &row->attempt;
	bool first = overlay_is_empty(row->interpreter->overlay);
	row->verdict = "probe";
	attempt->after = observation_unobservable("an earlier step may change it");
	attempt->has_after = true;
	if (first)
		attempt->after = observe_now(row);
	if (attempt->after.kind != OBSERVED_STATE) {
		row->why = attempt->after.why;
		if (first && may_observe(row) && !attempt->step->until && !attempt->frame->contingent)
			row->verdict = "fail"; /* now, and a run would not get further */
		return;
	}
	enum truth truth = TRUTH_TRUE;
	struct error err = ERROR_NONE;
	if (attempt->step->expect &&
	    condition_test(row->interpreter, attempt->frame, attempt->step->expect, attempt->after.state, &truth, &err) < 0) {
		row->verdict = "fail";
		row->why = arena_strdup(attempt->arena, error_text(&err));
	} else if (truth == TRUTH_FALSE) {
		row->verdict = "fail";
		row->why = arena_printf(attempt->arena, "expected %s", attempt->step->expect_text);
	}
	error_clear(&err);
}

static const struct value *intrinsic_outputs(const struct row *row)
{
	const struct value *values = value_get(row->attempt.call.inputs, "values");
	return strcmp(row->attempt.action->name, "core.set") == 0 && value_is(values, VALUE_MAP) ? values : NULL;
}

static void judge_intrinsic(struct row *row)
{
	const struct value *outputs = intrinsic_outputs(row);
	row->verdict = "probe";
	if (!outputs)
		return;
	row->attempt.after = (struct observation){.kind = OBSERVED_STATE, .state = outputs};
	row->attempt.has_after = true;
}

/* Signatures that could not be checked would be found out about too late. */
static void judge_gate(struct row *row)
{
	const struct attempt *attempt = &row->attempt;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	row->verdict = "gate";
	if (row->interpreter->power == POWER_PURE || strcmp(attempt->action->name, "core.approve") != 0 ||
	    !approval_wanted(attempt->call.inputs) || approval_check(row->interpreter, attempt->call.inputs, &err) == 0)
		return;
	row->verdict = "fail";
	row->why = arena_strdup(attempt->arena, error_text(&err));
}

static void judge(struct row *row)
{
	switch (row->attempt.action->kind) {
	case ACTION_STATE:
		judge_state(row);
		break;
	case ACTION_TASK:
		row->verdict = task_holds_already(row) ? "ok" : "run";
		break;
	case ACTION_PROBE:
		if (action_is_intrinsic(row->attempt.action))
			judge_intrinsic(row);
		else
			judge_probe(row);
		break;
	case ACTION_GATE:
		judge_gate(row);
		break;
	}
	if (row->attempt.frame->maybe && strcmp(row->verdict, "ok") != 0) {
		row->verdict = "maybe";
		row->why = row->attempt.frame->why_maybe;
	}
}

static void lay(struct row *row)
{
	if (row->attempt.action->kind == ACTION_STATE)
		lay_state(row);
	else if (row->attempt.action->kind == ACTION_TASK && strcmp(row->verdict, "ok") != 0 && !row->attempt.frame->contingent)
		lay_task(row);
}

/* --- the row --- */

/* A command that cannot be made or sent as it is: a run would not get past it. */
static void put_commands(struct row *row, const char *key, enum action_part part)
{
	struct attempt *attempt = &row->attempt;
	const struct value *texts = NULL;
	struct error err = ERROR_NONE;
	if (!action_is_intrinsic(attempt->action) &&
	    action_command_texts(attempt->arena, &attempt->call, part, attempt->has_before ? &attempt->before : NULL, &texts,
				 &err) < 0) {
		if (strcmp(row->verdict, "ok") != 0) {
			row->verdict = "fail";
			row->why = err.hint ? arena_printf(attempt->arena, "%s; %s", error_text(&err), err.hint)
					    : arena_strdup(attempt->arena, error_text(&err));
		}
		error_clear(&err);
	}
	put(row, key, texts ? texts : value_list(attempt->arena));
}

static void put_volatile(struct row *row)
{
	const struct attempt *attempt = &row->attempt;
	struct value *names = value_list(row->attempt.arena);
	const struct observation *seen = attempt->has_before ? &attempt->before : &attempt->after;
	if ((attempt->has_before || attempt->has_after) && seen->kind == OBSERVED_STATE)
		for (size_t i = 0; i < seen->state->map.count; i++) {
			const struct value *name = seen->state->map.entries[i].key;
			if (action_is_volatile(attempt->action, value_text(name)))
				value_append(row->attempt.arena, names, value_string(row->attempt.arena, value_text(name)));
		}
	put(row, "volatile", names);
}

static void put_action(struct row *row)
{
	struct attempt *attempt = &row->attempt;
	const struct call *call = &attempt->call;
	enum action_effect effect = EFFECT_READ;
	bool known = true;
	if (action_effect(attempt->arena, call, &effect, &known, NULL) < 0)
		known = false;
	put_text(row, "name", attempt->name);
	put_text(row, "uses", attempt->action->name);
	put_text(row, "kind", kind_names[attempt->action->kind]);
	put_text(row, "host", call->subject ? call->subject->id : NULL);
	put_text(row, "via", call->executor ? call->executor->id : NULL);
	put_text(row, "object", attempt->object);
	put_text(row, "effect", known ? effect_names[effect] : "?");
	if (strcmp(attempt->action->name, "core.approve") == 0 && approval_wanted(call->inputs))
		put_text(row, "approval", approval_terms(attempt->arena, call->inputs));
}

static void finish(struct row *row)
{
	struct attempt *attempt = &row->attempt;
	struct arena *arena = attempt->arena;
	put_commands(row, "commands", PART_APPLY);
	put_commands(row, "observes", PART_OBSERVE);
	put_text(row, "verdict", row->verdict);
	put_text(row, "why", row->why);
	put(row, "before", attempt->has_before ? observation_value(arena, &attempt->before) : NULL);
	put(row, "before_planned", value_bool(row->planned));
	put(row, "after", attempt->has_after ? observation_value(arena, &attempt->after) : NULL);
	put(row, "changes", row->changes ? row->changes : value_list(arena));
	put_text(row, "note", row->changes ? action_note(arena, &attempt->call, &attempt->before) : NULL);
	put_volatile(row);
	plan_builder_add(row->interpreter->plan, row->value);
}

/* What later expressions see. */
static void publish(struct row *row)
{
	struct attempt *attempt = &row->attempt;
	const struct value *outputs = intrinsic_outputs(row);
	if (!outputs && attempt->has_after && attempt->after.kind == OBSERVED_STATE)
		outputs = attempt->after.state;
	bool certain = strcmp(row->verdict, "maybe") != 0 && strcmp(row->verdict, "unknown") != 0 && outputs;
	if (!certain || attempt->step->outputs_count) {
		steps_put_unknown(attempt->step, attempt->frame);
		return;
	}
	steps_put(row->interpreter, attempt->step, attempt->frame,
		  strcmp(row->verdict, "ok") == 0 ? OUTCOME_OK : OUTCOME_CHANGED, outputs,
		  attempt->has_before ? &attempt->before : NULL, attempt->has_after ? &attempt->after : NULL);
}

enum outcome plan_action(struct interpreter *interpreter, const struct step *step, const struct frame *frame, const char *key)
{
	struct error err = ERROR_NONE;
	struct row row = {.interpreter = interpreter};
	row.attempt = (struct attempt){.step = step, .frame = frame, .key = key, .number = 1, .arena = arena_new()};
	row.value = value_map(row.attempt.arena);
	row.attempt.action = plugins_find(interpreter->execution->plugins, step->uses, NULL);
	put_place(&row, step, frame, key, "step");
	if (attempt_prepare(interpreter, &row.attempt, &err) < 0) {
		row.verdict = "fail";
		row.why = arena_strdup(row.attempt.arena, error_text(&err));
		error_clear(&err);
		put_text(&row, "name", row.attempt.name);
		put_text(&row, "uses", step->uses);
		put_text(&row, "verdict", row.verdict);
		put_text(&row, "why", row.why);
		plan_builder_add(interpreter->plan, row.value);
	} else {
		judge(&row);
		put_action(&row);
		finish(&row);
		lay(&row);
		publish(&row);
	}
	attempt_free(&row.attempt);
	return OUTCOME_OK;
}

void plan_group(struct interpreter *interpreter, const struct step *step, const struct frame *frame, const char *key,
		const char *name, const char *verdict, const char *why)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct row row = {.interpreter = interpreter, .attempt = {.arena = arena}, .value = value_map(arena)};
	put_place(&row, step, frame, key, step->form == STEP_ACTION ? "step" : "group");
	put_text(&row, "name", name);
	put_text(&row, "uses", step->uses);
	put_text(&row, "host", frame->host ? frame->host->id : NULL);
	put_text(&row, "verdict", verdict);
	put_text(&row, "why", why);
	plan_builder_add(interpreter->plan, row.value);
}

void plan_skip(struct interpreter *interpreter, const struct step *step, const struct frame *frame, const char *key,
	       const char *why)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	const char *name = step->uses ? step->uses : "group";
	if (step->name && text_evaluate(interpreter, frame, step->name, NULL, arena, &name, NULL) < 0)
		name = step->uses ? step->uses : "group";
	/* its condition is told in any case */
	plan_group(interpreter, step, frame, key, name, "skip", step->condition && strncmp(why, "if: ", 4) == 0 ? NULL : why);
}
