/*
 * task.c - something to do that has nothing to observe: judged by exit code and patterns. With `unless` or `verify` it has:
 * then it is looked at before, or after, like a wish. A task in doubt (begun, and nobody knows how it ended) is never repeated
 * by itself: a person decides.
 */
#include <string.h>

#include "engine/base/fault.h"
#include "engine/base/json.h"
#include "engine/base/memory.h"
#include "engine/execute/interpreter.h"

#define LATE (30 * NSEC_PER_SEC) /* for what has to be done when time is up */

struct task {
	struct interpreter *interpreter;
	struct attempt *attempt;
	struct scopes scopes;
};

static bool can_look(const struct attempt *attempt)
{
	const struct value *unless = value_get(attempt->call.inputs, "unless");
	const struct value *verify = value_get(attempt->call.inputs, "verify");
	return (unless && unless->type != VALUE_NULL) || (verify && verify->type != VALUE_NULL);
}

static bool wants_verify(const struct attempt *attempt)
{
	const struct value *verify = value_get(attempt->call.inputs, "verify");
	return verify && verify->type != VALUE_NULL;
}

enum look { LOOK_HOLDS, LOOK_DIFFERS, LOOK_LOST, LOOK_BROKEN, LOOK_FAILED };

/* Once. LOOK_LOST: no contact; LOOK_BROKEN: the look itself does not work (both with *ret_why); LOOK_FAILED: the attempt's
 * error is set. */
static enum look look_once(struct task *task, const char **ret_why)
{
	struct attempt *attempt = task->attempt;
	struct observation observed;
	struct error err = ERROR_NONE;
	if (attempt_observe(task->interpreter, attempt, attempt->deadline, &observed, &err) < 0) {
		attempt_fail(attempt, &err);
		return LOOK_FAILED;
	}
	*ret_why = observed.why ? observed.why : "it cannot be observed";
	if (observed.kind != OBSERVED_STATE)
		return observed.lost_contact ? LOOK_LOST : LOOK_BROKEN;
	return value_get_bool(observed.state, "holds", false) ? LOOK_HOLDS : LOOK_DIFFERS;
}

/* Until there is contact, or time is up. LOOK_LOST: *ret_pause says whether a person ended the waiting (STOPPED, SKIPPED) or
 * time is up (OK). */
static enum look look(struct task *task, const char **ret_why, enum outcome *ret_pause)
{
	struct attempt *attempt = task->attempt;
	*ret_pause = OUTCOME_OK;
	for (;;) {
		enum look seen = look_once(task, ret_why);
		if (seen != LOOK_LOST || machine_now(task->interpreter) >= attempt->deadline)
			return seen;
		*ret_pause = attempt_pause(task->interpreter, attempt);
		if (*ret_pause != OUTCOME_OK)
			return LOOK_LOST;
	}
}

static enum outcome remains_unknown(struct attempt *attempt, const char *why)
{
	struct error err = ERROR_NONE;
	error_set(&err, ERROR_CONNECTION, "it was begun, and it is not known how it ended: %s", why);
	error_hint(&err, "it may still run there; when the host answers again: standin resume");
	error_move(&attempt->error, &err);
	return OUTCOME_UNKNOWN;
}

static void set_outputs(struct attempt *attempt, const struct evidence *evidence, const struct value *captured)
{
	struct value *outputs = value_map(attempt->arena);
	value_put(attempt->arena, outputs, "exit", value_int(attempt->arena, evidence->exit_code));
	value_put(attempt->arena, outputs, "stdout",
		  evidence->output_value ? evidence->output_value : value_string(attempt->arena, evidence->output));
	value_put(attempt->arena, outputs, "stderr",
		  evidence->errors_value ? evidence->errors_value : value_string(attempt->arena, evidence->errors));
	for (size_t i = 0; captured && i < captured->map.count; i++)
		value_put(attempt->arena, outputs, value_text(captured->map.entries[i].key), captured->map.entries[i].value);
	attempt->outputs = outputs;
}

static const char *how_it_ended(const struct attempt *attempt)
{
	return attempt->reason ? attempt->reason : "it ended well";
}

static enum outcome verify(struct task *task)
{
	const char *why;
	enum outcome pause;
	struct error err = ERROR_NONE;
	if (!wants_verify(task->attempt))
		return OUTCOME_CHANGED;
	switch (look(task, &why, &pause)) {
	case LOOK_HOLDS:
		return OUTCOME_CHANGED;
	case LOOK_DIFFERS:
		error_set(&err, ERROR_FAILED, "%s, but `verify` does not hold", how_it_ended(task->attempt));
		return attempt_fail(task->attempt, &err);
	case LOOK_LOST:
		return pause != OUTCOME_OK ? pause : remains_unknown(task->attempt, why);
	case LOOK_BROKEN:
		error_set(&err, ERROR_FAILED, "%s, but `verify` does not work: %s", how_it_ended(task->attempt), why);
		return attempt_fail(task->attempt, &err);
	case LOOK_FAILED:
		break;
	}
	return OUTCOME_FAILED;
}

/* --- doing it --- */

static enum outcome in_doubt(struct task *task, const char *why);

/* Time is up: end everything that it started. What was ended is known to have failed, unless the step says that this may be:
 * then it is judged by `verify`, if it has one. Takes why. */
static enum outcome end_by_timeout(struct task *task, struct error *why)
{
	struct attempt *attempt = task->attempt;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	int64_t late = clock_boottime() + LATE;
	if (scopes_end(&task->scopes, late, &err) < 0) {
		error_clear(why);
		return remains_unknown(attempt, error_text(&err));
	}
	if (value_is_text(value_get(attempt->call.inputs, "on_timeout"), "done")) {
		error_clear(why);
		attempt->reason = "time was up; everything that it had started was ended";
		attempt->deadline = machine_now(task->interpreter) + LATE; /* there is time to look */
		return verify(task);
	}
	error_wrap(why, "time is up; everything that it had started was ended");
	return attempt_fail(attempt, why);
}

/* It was begun and may still run: no second one before it has ended. OK: it has. */
static enum outcome wait_until_ended(struct task *task)
{
	struct attempt *attempt = task->attempt;
	for (;;) {
		CLEANUP_ERROR struct error err = ERROR_NONE;
		int64_t until = machine_to_boottime(task->interpreter, attempt->deadline);
		if (scopes_wait(&task->scopes, until, &err) == 0)
			return OUTCOME_OK;
		if (err.code == ERROR_TIMEOUT)
			return end_by_timeout(task, &err);
		if (err.code != ERROR_CONNECTION || machine_now(task->interpreter) >= attempt->deadline)
			return control_stopping(task->interpreter) ? OUTCOME_STOPPED
								   : remains_unknown(attempt, error_text(&err));
		enum outcome pause = attempt_pause(task->interpreter, attempt);
		if (pause != OUTCOME_OK)
			return pause;
	}
}

static enum outcome lost(struct task *task, const char *why)
{
	if (control_stopping(task->interpreter))
		return OUTCOME_STOPPED;
	enum outcome outcome = wait_until_ended(task);
	return outcome == OUTCOME_OK ? in_doubt(task, why) : outcome;
}

static enum outcome apply_once(struct task *task)
{
	struct attempt *attempt = task->attempt;
	struct evidence evidence = {0};
	const struct value *captured = NULL;
	struct error err = ERROR_NONE;
	if (scopes_intend(&task->scopes, NULL) < 0)
		return OUTCOME_STOPPED;
	if (fault_hit("apply.before"))
		return OUTCOME_STOPPED;
	int64_t until = machine_to_boottime(task->interpreter, attempt->deadline);
	enum apply_result result =
		action_apply(attempt->arena, &attempt->call, NULL, task->scopes.name, until, &evidence, &captured, &err);
	fault_hit("apply.after");
	attempt_note_evidence(attempt, &evidence);
	bool timed_out = result == APPLY_UNKNOWN && err.code == ERROR_TIMEOUT;
	if (result == APPLY_DONE || result == APPLY_FAILED || timed_out)
		set_outputs(attempt, &evidence, captured);
	if (result == APPLY_DONE)
		return verify(task);
	if (timed_out)
		return end_by_timeout(task, &err);
	if (result != APPLY_UNKNOWN)
		return attempt_fail(attempt, &err);
	const char *why = arena_strdup(attempt->arena, error_text(&err));
	error_clear(&err);
	return lost(task, why);
}

/* `until`: done again every poll, as long as it ends well without giving what is waited for. */
static enum outcome apply(struct task *task)
{
	struct attempt *attempt = task->attempt;
	const struct template *until = attempt->step->until;
	for (;;) {
		enum truth truth;
		struct error err = ERROR_NONE;
		enum outcome outcome = apply_once(task);
		if (!until || !outcome_is_good(outcome))
			return outcome;
		if (condition_test(task->interpreter, attempt->frame, until, attempt_result(attempt), &truth, &err) < 0)
			return attempt_fail(attempt, &err);
		if (truth == TRUTH_TRUE)
			return outcome;
		if (machine_now(task->interpreter) >= attempt->deadline) {
			error_set(&err, ERROR_TIMEOUT, "`until` did not come true; the last result was %s",
				  json_text(attempt->arena, attempt_result(attempt)));
			return attempt_fail(attempt, &err);
		}
		outcome = attempt_wait(task->interpreter, attempt,
				       attempt->step->poll ? attempt->step->poll : attempt->action->poll);
		if (outcome != OUTCOME_OK)
			return outcome;
	}
}

/* --- in doubt --- */

/* known: the beginning of the question. */
static enum outcome ask(struct task *task, const char *known, const char *done)
{
	static const char *const choices[] = {"done", "again", "stop"};
	struct attempt *attempt = task->attempt;
	const char *answer;
	struct error err = ERROR_NONE;
	const char *message = arena_printf(attempt->arena, "%s. Is it done, shall it be done again, or stop?", known);
	enum outcome asked = gate_ask(task->interpreter, attempt, "doubt", message, choices, COUNT_OF(choices), true, &answer);
	if (asked != OUTCOME_OK)
		return asked;
	if (strcmp(answer, "again") == 0)
		return apply(task);
	if (strcmp(answer, "done") == 0) {
		attempt->reason = done;
		return OUTCOME_CHANGED;
	}
	error_set(&err, ERROR_CANCELLED, "%s, and the operator chose to stop", known);
	return attempt_fail(attempt, &err);
}

static enum outcome in_doubt(struct task *task, const char *why)
{
	struct attempt *attempt = task->attempt;
	const char *unseen = NULL;
	enum outcome pause = OUTCOME_OK;
	enum look seen = can_look(attempt) ? look(task, &unseen, &pause) : LOOK_BROKEN;
	if (seen == LOOK_FAILED)
		return OUTCOME_FAILED;
	if (seen == LOOK_LOST)
		return pause != OUTCOME_OK ? pause : remains_unknown(attempt, unseen);
	if (seen == LOOK_HOLDS) {
		attempt->reason = "found done after an interruption";
		return OUTCOME_CHANGED;
	}
	if (seen == LOOK_DIFFERS || action_repeatable(attempt->arena, &attempt->call))
		return apply(task);
	return ask(task,
		   arena_printf(attempt->arena, "'%s' was begun and it is not known how it ended (%s)", attempt->name,
				unseen ? unseen : why),
		   "an operator says that it is done");
}

/* It failed, and then a rescue ended well: it is not simply done again. */
static enum outcome after_rescue(struct task *task, enum look seen)
{
	struct attempt *attempt = task->attempt;
	if (seen == LOOK_HOLDS) {
		attempt->reason = "by hand";
		return OUTCOME_CHANGED;
	}
	return ask(task,
		   arena_printf(attempt->arena, "'%s' had failed, and cannot be looked at after the rescue", attempt->name),
		   "by hand");
}

static enum outcome begin(struct task *task)
{
	struct attempt *attempt = task->attempt;
	const char *why = NULL;
	enum outcome pause = OUTCOME_OK;
	struct error err = ERROR_NONE;
	enum look seen = can_look(attempt) ? look(task, &why, &pause) : LOOK_DIFFERS;
	if (pause != OUTCOME_OK)
		return pause;
	if (seen == LOOK_FAILED)
		return OUTCOME_FAILED;
	if (seen == LOOK_LOST || seen == LOOK_BROKEN) {
		error_set(&err, seen == LOOK_LOST ? ERROR_CONNECTION : ERROR_FAILED,
			  "it cannot be told whether it is done already: %s", why);
		error_hint(&err, "nothing was applied in this step");
		return attempt_fail(attempt, &err);
	}
	if (failed_before_rescue(task->interpreter, attempt))
		return after_rescue(task, seen);
	return seen == LOOK_HOLDS ? OUTCOME_OK : apply(task);
}

enum outcome task_perform(struct interpreter *interpreter, struct attempt *attempt)
{
	struct task task = {.interpreter = interpreter, .attempt = attempt};
	scopes_init(&task.scopes, interpreter, attempt);
	bool interrupted = history_get(interpreter->history, "intent", attempt->key, attempt->number);
	enum outcome outcome = interrupted ? lost(&task, "the engine was interrupted") : begin(&task);
	scopes_free(&task.scopes);
	return outcome;
}
