/*
 * task.c - something to do that has nothing to observe: judged by exit code and patterns. With `unless` or `verify` it has: then it is looked at
 * before, or after, like a wish. A task in doubt (begun, and nobody knows how it ended) is never repeated by itself: a person decides.
 */
#include <string.h>

#include "engine/base/fault.h"
#include "engine/base/memory.h"
#include "engine/connection/scope.h"
#include "engine/execute/interpreter.h"

struct task {
	struct interpreter *interpreter;
	struct attempt *attempt;
	char *scope; /* owned */
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

/* 1: it holds, 0: it does not (or cannot be told), -1: failed. */
static int look(struct task *task)
{
	struct attempt *attempt = task->attempt;
	struct observation observed;
	struct error err = ERROR_NONE;
	if (attempt_observe(task->interpreter, attempt, attempt->deadline, &observed, &err) < 0) {
		attempt_fail(attempt, &err);
		return -1;
	}
	const struct value *holds = observed.kind == OBSERVED_STATE ? value_get(observed.state, "holds") : NULL;
	return value_is(holds, VALUE_BOOL) && holds->boolean;
}

static void set_outputs(struct attempt *attempt, const struct evidence *evidence, const struct value *captured)
{
	struct value *outputs = value_map(attempt->arena);
	value_put(attempt->arena, outputs, "exit", value_int(attempt->arena, evidence->exit_code));
	value_put(attempt->arena, outputs, "stdout", value_string(attempt->arena, evidence->output));
	value_put(attempt->arena, outputs, "stderr", value_string(attempt->arena, evidence->errors));
	for (size_t i = 0; captured && i < captured->map.count; i++)
		value_put(attempt->arena, outputs, value_text(captured->map.entries[i].key), captured->map.entries[i].value);
	attempt->outputs = outputs;
}

static enum outcome verify(struct task *task)
{
	struct error err = ERROR_NONE;
	if (!wants_verify(task->attempt))
		return OUTCOME_CHANGED;
	int holds = look(task);
	if (holds < 0)
		return OUTCOME_FAILED;
	if (holds)
		return OUTCOME_CHANGED;
	error_set(&err, ERROR_FAILED, "it ended well, but `verify` does not hold");
	return attempt_fail(task->attempt, &err);
}

/* --- in doubt --- */

static enum outcome ask(struct task *task, const char *why, const char **ret_answer)
{
	static const char *const choices[] = {"done", "again", "stop"};
	struct attempt *attempt = task->attempt;
	const char *message = arena_printf(attempt->arena, "'%s' was begun and it is not known how it ended (%s). Is it done, shall it be "
							   "done again, or stop?", attempt->name, why);
	return gate_ask(task->interpreter, attempt, "doubt", message, choices, COUNT_OF(choices), true, ret_answer);
}

static enum outcome apply(struct task *task);

static enum outcome in_doubt(struct task *task, const char *why)
{
	struct attempt *attempt = task->attempt;
	const char *answer;
	int holds = can_look(attempt) ? look(task) : 0;
	if (holds < 0)
		return OUTCOME_FAILED;
	if (holds) {
		attempt->reason = "found done after an interruption";
		return OUTCOME_CHANGED;
	}
	if (can_look(attempt) || action_repeatable(attempt->arena, &attempt->call))
		return apply(task);
	enum outcome asked = ask(task, why, &answer);
	if (asked != OUTCOME_OK)
		return asked;
	if (strcmp(answer, "again") == 0)
		return apply(task);
	if (strcmp(answer, "done") == 0) {
		attempt->reason = "an operator says that it is done";
		return OUTCOME_CHANGED;
	}
	struct error err = ERROR_NONE;
	error_set(&err, ERROR_CANCELLED, "in doubt (%s), and the operator chose to stop", why);
	return attempt_fail(attempt, &err);
}

/* Time is up: end everything that it started. What was ended is known to have failed. */
static enum outcome end_by_timeout(struct task *task, struct error *why)
{
	struct attempt *attempt = task->attempt;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	int64_t late = clock_boottime() + 30 * NSEC_PER_SEC;
	if (scope_end(call_connection(&attempt->call), task->scope, late, &err) < 0) {
		error_clear(why);
		return in_doubt(task, error_text(&err));
	}
	error_wrap(why, "time is up; everything that it had started was ended");
	return attempt_fail(attempt, why);
}

static enum outcome apply(struct task *task)
{
	struct attempt *attempt = task->attempt;
	struct evidence evidence = {0};
	const struct value *captured = NULL;
	struct error err = ERROR_NONE;
	if (record_intent(task->interpreter, attempt, task->scope, NULL) < 0)
		return OUTCOME_STOPPED;
	if (fault_hit("apply.before"))
		return OUTCOME_STOPPED;
	int64_t until = machine_to_boottime(task->interpreter, attempt->deadline);
	enum apply_result result =
		action_apply(attempt->arena, &attempt->call, NULL, task->scope, until, &evidence, &captured, &err);
	fault_hit("apply.after");
	attempt_note_evidence(attempt, &evidence);
	if (result == APPLY_DONE || result == APPLY_FAILED)
		set_outputs(attempt, &evidence, captured);
	if (result == APPLY_DONE)
		return verify(task);
	if (result == APPLY_UNKNOWN && err.code == ERROR_TIMEOUT)
		return end_by_timeout(task, &err);
	if (result != APPLY_UNKNOWN)
		return attempt_fail(attempt, &err);
	const char *why = arena_strdup(attempt->arena, error_text(&err));
	error_clear(&err);
	return in_doubt(task, why);
}

/* --- resume --- */

static enum outcome wait_until_ended(struct task *task)
{
	struct attempt *attempt = task->attempt;
	struct error err = ERROR_NONE;
	int64_t until = machine_to_boottime(task->interpreter, attempt->deadline);
	if (scope_wait(call_connection(&attempt->call), task->scope, until, &err) == 0)
		return OUTCOME_OK;
	if (err.code == ERROR_TIMEOUT)
		return end_by_timeout(task, &err);
	error_move(&attempt->error, &err);
	error_hint(&attempt->error, "it was begun and may still run there; when the host answers again: standin resume");
	return OUTCOME_UNKNOWN;
}

enum outcome task_perform(struct interpreter *interpreter, struct attempt *attempt)
{
	struct task task = {.interpreter = interpreter, .attempt = attempt};
	task.scope = scope_name(value_get_text(interpreter->run_value, "id"), attempt->key, attempt->number);
	enum outcome outcome = OUTCOME_OK;
	int holds = 0;
	if (history_get(interpreter->history, "intent", attempt->key, attempt->number)) {
		outcome = wait_until_ended(&task);
		if (outcome == OUTCOME_OK)
			outcome = in_doubt(&task, "the engine was interrupted");
	} else {
		holds = can_look(attempt) ? look(&task) : 0;
		outcome = holds < 0 ? OUTCOME_FAILED : holds ? OUTCOME_OK : apply(&task);
	}
	free(task.scope);
	return outcome;
}
