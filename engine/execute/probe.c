/*
 * probe.c - looking without wishing: observed once, or (`until`) again and again until a condition holds.
 */
#include "engine/base/json.h"
#include "engine/execute/interpreter.h"

static enum outcome look_once(struct interpreter *interpreter, struct attempt *attempt, struct error *err)
{
	if (attempt_observe(interpreter, attempt, attempt->deadline, &attempt->after, err) < 0)
		return OUTCOME_FAILED;
	attempt->has_after = true;
	if (attempt->after.kind == OBSERVED_STATE)
		return OUTCOME_OK;
	if (attempt->after.kind == OBSERVED_ABSENT)
		error_set(err, ERROR_NOT_FOUND, "%s is not there", attempt->object ? attempt->object : "what was looked for");
	else
		error_set(err, attempt->after.lost_contact ? ERROR_CONNECTION : ERROR_FAILED, "%s",
			  attempt->after.why ? attempt->after.why : "it cannot be observed");
	return OUTCOME_FAILED;
}

/* Time is up. err: why it could not be observed the last time, or nothing. */
static enum outcome never_true(struct attempt *attempt, const struct value *last, struct error *err)
{
	if (last) {
		error_clear(err);
		error_set(err, ERROR_TIMEOUT, "`until` did not come true; last observed %s", json_text(attempt->arena, last));
	}
	return attempt_fail(attempt, err);
}

enum outcome probe_perform(struct interpreter *interpreter, struct attempt *attempt)
{
	const struct template *until = attempt->step->until;
	int64_t poll = attempt->step->poll ? attempt->step->poll : attempt->action->poll;
	const struct value *last = NULL; /* what was seen last */
	for (;;) {
		struct error err = ERROR_NONE;
		enum truth truth = TRUTH_FALSE;
		enum outcome outcome = look_once(interpreter, attempt, &err);
		if (!until)
			return outcome == OUTCOME_OK ? outcome : attempt_fail(attempt, &err);
		if (outcome == OUTCOME_OK &&
		    condition_test(interpreter, attempt->frame, until, attempt->after.state, &truth, &err) < 0)
			return attempt_fail(attempt, &err);
		if (truth == TRUTH_TRUE)
			return OUTCOME_OK;
		if (outcome == OUTCOME_OK)
			last = attempt->after.state;
		if (machine_now(interpreter) >= attempt->deadline)
			return never_true(attempt, last, &err);
		error_clear(&err);
		outcome = attempt_wait(interpreter, attempt, poll);
		if (outcome != OUTCOME_OK)
			return outcome;
	}
}
