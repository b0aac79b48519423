/*
 * step.c - one action step: its attempts, what each comes to, what of it others see. How an attempt is prepared is attempt.c's;
 * what it does is state.c's, task.c's, probe.c's and gate.c's.
 */
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/memory.h"
#include "engine/execute/approval.h"

#define LEAVE_TIME (15 * NSEC_PER_SEC) /* for ending what still runs of a run that is given up */

/* --- what an attempt comes to --- */

/* Outputs are kept by the journal, and a resume takes them from there: a secret is in no journal. */
int output_is_open(const char *name, const struct value *value, struct error *err)
{
	if (!value_is_secret(value))
		return 0;
	error_set(err, ERROR_INVALID, "the output '%s' is secret, and outputs are kept in the journal", name);
	return error_hint(err, "leave it out; where it is needed, write secrets.NAME again");
}

static int apply_outputs(struct interpreter *interpreter, struct attempt *attempt, struct error *err)
{
	const struct step *step = attempt->step;
	const struct value *result = attempt_result(attempt);
	attempt->outputs = result;
	if (!step->outputs_count)
		return 0;
	struct value *outputs = value_map(attempt->arena);
	struct names names;
	names_init(&names, interpreter, attempt->frame, result);
	for (size_t i = 0; i < step->outputs_count; i++) {
		const struct value *value;
		if (template_evaluate(step->outputs[i].value, &names.activation, attempt->arena, &value, NULL, err) < 0)
			return error_wrap(err, "output '%s'", step->outputs[i].name);
		if (output_is_open(step->outputs[i].name, value, err) < 0)
			return -1;
		value_put(attempt->arena, outputs, step->outputs[i].name, value);
	}
	attempt->outputs = outputs;
	return 0;
}

/* What the author said to do about it goes before what the engine would say. */
static void add_hint(struct interpreter *interpreter, struct attempt *attempt)
{
	const char *hint;
	if (!attempt->step->hint || attempt->error.code == ERROR_OK)
		return;
	if (text_evaluate(interpreter, attempt->frame, attempt->step->hint, attempt_result(attempt), attempt->arena, &hint,
			  NULL) < 0)
		return;
	free(attempt->error.hint);
	attempt->error.hint = memory_strdup(hint);
}

static enum outcome conclude(struct interpreter *interpreter, struct attempt *attempt, enum outcome outcome)
{
	struct error err = ERROR_NONE;
	if (outcome_is_good(outcome) && outcome != OUTCOME_SKIPPED &&
	    (attempt_expect(interpreter, attempt, &err) < 0 || apply_outputs(interpreter, attempt, &err) < 0))
		outcome = attempt_fail(attempt, &err);
	if (outcome == OUTCOME_FAILED)
		add_hint(interpreter, attempt);
	if (outcome == OUTCOME_SKIPPED && !attempt->reason)
		attempt->reason = control_skip_reason(interpreter, attempt->key);
	return outcome;
}

/* --- attempts --- */

static const struct {
	enum action_kind kind;
	enum outcome (*perform)(struct interpreter *interpreter, struct attempt *attempt);
} performers[] = {
	{ACTION_STATE, state_perform},
	{ACTION_TASK, task_perform},
	{ACTION_PROBE, probe_perform},
};

static enum outcome perform(struct interpreter *interpreter, struct attempt *attempt)
{
	struct error err = ERROR_NONE;
	if (attempt_prepare(interpreter, attempt, &err) < 0)
		return attempt_fail(attempt, &err);
	bool begun = history_get(interpreter->history, "step_started", attempt->key, attempt->number);
	if (!begun && machine_now(interpreter) >= attempt->frame->deadline) {
		error_set(&err, ERROR_TIMEOUT, "not begun: the time of its group is up");
		return attempt_fail(attempt, &err);
	}
	if (!begun && record_started(interpreter, attempt) < 0)
		return OUTCOME_STOPPED;
	if (action_is_intrinsic(attempt->action))
		return intrinsic_perform(interpreter, attempt);
	for (size_t i = 0; i < COUNT_OF(performers); i++)
		if (performers[i].kind == attempt->action->kind)
			return performers[i].perform(interpreter, attempt);
	error_set(&err, ERROR_INVALID, "%s cannot be performed", attempt->action->name);
	return attempt_fail(attempt, &err);
}

/* Somebody else works on the object: trying again would overwrite what they did. */
static void note_conflict(struct interpreter *interpreter, const char *error_code)
{
	if (error_code && strcmp(error_code, error_code_name(ERROR_CONFLICT)) == 0)
		interpreter->conflict = true;
}

/* Take an outcome that is journaled already. */
static enum outcome replay(struct interpreter *interpreter, const struct step *step, const struct frame *frame, const char *key,
			   const struct value *finished)
{
	enum outcome outcome = outcome_from_name(value_get_text(finished, "outcome"));
	const struct value *outputs = value_get(finished, "outputs");
	struct error err = ERROR_NONE;
	if (secrets_know_again(interpreter, step, &err) < 0)
		return stop_now(interpreter, &err);
	struct observation before = observation_from_value(value_get(finished, "before"));
	struct observation after = observation_from_value(value_get(finished, "after"));
	record_remember(interpreter, frame, key, finished);
	note_conflict(interpreter, value_get_text(value_get(finished, "error"), "code"));
	steps_put(interpreter, step, frame, outcome, value_is(outputs, VALUE_MAP) ? outputs : NULL, &before, &after);
	return outcome;
}

/* UNKNOWN is never an ending: somebody has to look first, so the run stops until it is resumed. */
static bool must_stop(const struct interpreter *interpreter, const struct attempt *attempt, enum outcome outcome)
{
	bool torn_away = control_stopping(interpreter) && outcome == OUTCOME_FAILED && attempt->error.code == ERROR_CANCELLED;
	return outcome == OUTCOME_STOPPED || outcome == OUTCOME_UNKNOWN || torn_away;
}

static enum outcome perform_new(struct interpreter *interpreter, const struct step *step, const struct frame *frame,
				const char *key, unsigned number, const char **ret_reason)
{
	struct error full = ERROR_NONE;
	if (journal_reserve(interpreter->journal, STEP_RESERVE, &full) < 0) {
		error_wrap(&full, "stopped before step %s", key);
		return stop_now(interpreter, &full);
	}
	struct attempt attempt = attempt_new(interpreter, step, frame, key, number);
	enum outcome outcome = conclude(interpreter, &attempt, perform(interpreter, &attempt));
	*ret_reason = arena_strdup(interpreter->arena, error_text(&attempt.error));
	note_conflict(interpreter, error_code_name(attempt.error.code));
	if (must_stop(interpreter, &attempt, outcome)) {
		struct error err = ERROR_NONE;
		error_move(&err, &attempt.error);
		if (err.code == ERROR_OK)
			error_set(&err, ERROR_CANCELLED, "stopped in step %s", key);
		outcome = stop_now(interpreter, &err);
	} else {
		steps_put(interpreter, step, frame, outcome, attempt.outputs, attempt.has_before ? &attempt.before : NULL,
			  attempt.has_after ? &attempt.after : NULL);
		if (record_finished(interpreter, &attempt, outcome) < 0)
			outcome = OUTCOME_STOPPED;
	}
	attempt_free(&attempt);
	return outcome;
}

/* Left out by a person instead of being tried again. */
static enum outcome skip_attempt(struct interpreter *interpreter, const struct step *step, const struct frame *frame,
				 const char *key, unsigned number)
{
	const char *reason = control_skip_reason(interpreter, key);
	steps_put(interpreter, step, frame, OUTCOME_SKIPPED, NULL, NULL, NULL);
	return record_skipped(interpreter, step, frame, key, number, reason) < 0 ? OUTCOME_STOPPED : OUTCOME_SKIPPED;
}

/* The run is given up: what was begun stays as it is, but nothing goes on behind the back of whoever comes next. */
static enum outcome leave_attempt(struct interpreter *interpreter, const struct step *step, const struct frame *frame,
				  const char *key, unsigned number)
{
	if (!history_get(interpreter->history, "intent", key, number))
		return OUTCOME_CANCELLED;
	struct attempt attempt = attempt_new(interpreter, step, frame, key, number);
	struct scopes scopes;
	struct error err = ERROR_NONE;
	int ended = attempt_prepare(interpreter, &attempt, &err);
	scopes_init(&scopes, interpreter, &attempt);
	if (ended == 0)
		ended = scopes_end(&scopes, clock_boottime() + LEAVE_TIME, &err);
	if (ended < 0)
		record_note(interpreter, key, arena_printf(attempt.arena, "it may still run: %s", error_text(&err)));
	error_clear(&err);
	scopes_free(&scopes);
	attempt_free(&attempt);
	return OUTCOME_CANCELLED;
}

/* A gate that was passed has to be passed again if what was approved is no longer what is executed (resume --amend). */
static bool is_outdated(struct interpreter *interpreter, const struct step *step, const char *key, const struct value *finished)
{
	if (!finished || strcmp(step->uses, "core.approve") != 0 || interpreter->execution->abandoning ||
	    !value_is_text(value_get(finished, "outcome"), outcome_name(OUTCOME_OK)))
		return false;
	const char *changed = approval_outdated(interpreter, key);
	if (!changed)
		return false;
	record_note(
		interpreter, key,
		arena_printf(interpreter->arena, "what was approved does not hold any more: %s since it was given", changed));
	return true;
}

static enum outcome attempts_walk(struct interpreter *interpreter, const struct step *step, const struct frame *frame,
				  const char *key)
{
	for (unsigned number = 1;; number++) {
		const char *reason = NULL;
		const struct value *finished = history_get(interpreter->history, "step_finished", key, number);
		if (is_outdated(interpreter, step, key, finished))
			finished = NULL;
		if (!finished && interpreter->execution->abandoning && !frame->finishing)
			return leave_attempt(interpreter, step, frame, key, number);
		enum outcome outcome = finished ? replay(interpreter, step, frame, key, finished)
						: perform_new(interpreter, step, frame, key, number, &reason);
		if (outcome != OUTCOME_FAILED || !retry_allowed(interpreter, step, frame, number))
			return outcome;
		enum outcome pause = retry_pause(interpreter, step, frame, key, number + 1, reason);
		if (pause == OUTCOME_SKIPPED)
			return skip_attempt(interpreter, step, frame, key, number + 1);
		if (pause != OUTCOME_OK)
			return pause;
	}
}

bool failed_before_rescue(const struct interpreter *interpreter, const struct attempt *attempt)
{
	CLEANUP_FREE char *plain = plain_key(attempt->key);
	const struct value *finished = table_get(&interpreter->done, plain);
	return attempt->frame->after_rescue && value_is_text(value_get(finished, "outcome"), outcome_name(OUTCOME_FAILED));
}

/* After a rescue: what had ended well stays as it is. */
static bool ended_well(struct interpreter *interpreter, const struct step *step, const struct frame *frame, const char *key,
		       enum outcome *ret_outcome)
{
	CLEANUP_FREE char *plain = plain_key(key);
	const struct value *finished = table_get(&interpreter->done, plain);
	if (!frame->after_rescue || !finished || strstr(key, ".rescued") == NULL)
		return false;
	enum outcome outcome = outcome_from_name(value_get_text(finished, "outcome"));
	if (!outcome_is_good(outcome))
		return false;
	*ret_outcome = replay(interpreter, step, frame, key, finished);
	return true;
}

enum outcome step_walk(struct interpreter *interpreter, const struct step *step, const struct frame *outer, const char *key)
{
	struct error err = ERROR_NONE;
	struct frame frame = *outer;
	enum outcome outcome;
	if (ended_well(interpreter, step, outer, key, &outcome))
		return outcome;
	if (frame_resolve(interpreter, step, &frame, &err) < 0) {
		if (interpreter->power == POWER_APPLY)
			return walk_fail(interpreter, step, outer, key, &err);
		plan_group(interpreter, step, outer, key, step->uses, "unknown", error_text(&err));
		error_clear(&err);
		return OUTCOME_OK;
	}
	if (interpreter->power != POWER_APPLY)
		return plan_action(interpreter, step, &frame, key);
	outcome = attempts_walk(interpreter, step, &frame, key);
	if (outcome != OUTCOME_STOPPED)
		walk_count(interpreter, &frame, key, outcome);
	return outcome;
}
