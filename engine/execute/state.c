/*
 * state.c - a wish about an object: observe, compare, apply, observe until it holds or time is up.
 *
 *     before --holds--------------------------------------------> ok
 *        |
 *     intent (on disk) --> apply in a scope --> observe --holds--> changed
 *        ^                                        |  ^
 *        |                                        '--'  transient, lost contact, not yet: until the deadline
 *   resume: an intent without an outcome          |
 *   is observed first, and only applied           '--> end the scope, look once more --> failed, or unknown
 *   again from the state it started from
 */
#include <string.h>

#include "engine/base/fault.h"
#include "engine/base/json.h"
#include "engine/base/memory.h"
#include "engine/execute/interpreter.h"

struct wish {
	struct interpreter *interpreter;
	struct attempt *attempt;
	const char *token;	      /* of an event wish: the attribute that must change; else NULL */
	const struct value *baseline; /* its value in this step instance's first intent */
	struct scopes scopes;
	enum apply_result result; /* of the last apply */
	struct error apply_error; /* why it was not APPLY_DONE */
};

static bool time_is_up(const struct wish *wish)
{
	return machine_now(wish->interpreter) >= wish->attempt->deadline;
}

static bool reached(const struct wish *wish, const struct observation *observed)
{
	const struct attempt *attempt = wish->attempt;
	if (wish->token) {
		const struct value *now = observed->kind == OBSERVED_STATE ? value_get(observed->state, wish->token) : NULL;
		if (!now || now->type == VALUE_NULL || (wish->baseline && value_equal(now, wish->baseline)))
			return false;
	}
	return !attempt->desired || wish_match(attempt->desired, observed) == WISH_HOLDS;
}

static bool known(const struct observation *observed)
{
	return observed->kind != OBSERVED_UNOBSERVABLE;
}

static enum outcome no_contact(struct attempt *attempt, const struct observation *observed)
{
	struct error err = ERROR_NONE;
	error_set(&err, observed->lost_contact ? ERROR_CONNECTION : ERROR_FAILED, "%s cannot be observed: %s",
		  attempt->object ? attempt->object : attempt->name, observed->why ? observed->why : "no answer");
	error_hint(&err, "nothing was applied in this step");
	return attempt_fail(attempt, &err);
}

/* Look until the state is known and does not pass by itself. */
static enum outcome observe_before(struct wish *wish, struct observation *ret_observed)
{
	struct attempt *attempt = wish->attempt;
	const char *why = NULL; /* of the first look; the last one may only have had too little time */
	for (;;) {
		struct error err = ERROR_NONE;
		if (attempt_observe(wish->interpreter, attempt, attempt->deadline, ret_observed, &err) < 0)
			return attempt_fail(attempt, &err);
		if (known(ret_observed) && !ret_observed->transient)
			return OUTCOME_OK;
		if (!known(ret_observed) && !ret_observed->lost_contact)
			return no_contact(attempt, ret_observed);
		if (!known(ret_observed))
			ret_observed->why = why = why ? why : ret_observed->why;
		if (time_is_up(wish))
			return known(ret_observed) ? OUTCOME_OK : no_contact(attempt, ret_observed);
		enum outcome pause = attempt_pause(wish->interpreter, attempt);
		if (pause != OUTCOME_OK)
			return pause;
	}
}

/* --- the plan that the run is held to --- */

static enum outcome check_prediction(struct wish *wish)
{
	struct attempt *attempt = wish->attempt;
	const struct value *row = table_get(&wish->interpreter->predicted, attempt->key);
	const char *attribute;
	if (!value_is(value_get(row, "before"), VALUE_MAP) || attempt->number > 1)
		return OUTCOME_OK;
	struct observation expected = observation_from_value(value_get(row, "before"));
	if (wish_same(attempt->action, &expected, &attempt->before, &attribute) != WISH_DIFFERS)
		return OUTCOME_OK;
	struct error err = ERROR_NONE;
	error_set(&err, ERROR_CONFLICT, "changed by another: the plan says %s, observed is %s (%s)",
		  json_text(attempt->arena, observation_value(attempt->arena, &expected)),
		  json_text(attempt->arena, observation_value(attempt->arena, &attempt->before)), attribute);
	error_hint(&err, "nothing was applied in this step; make a new plan");
	return attempt_fail(attempt, &err);
}

/* --- after an apply --- */

static enum outcome not_reached(struct wish *wish, const char *what)
{
	struct attempt *attempt = wish->attempt;
	struct error err = ERROR_NONE;
	const struct value *seen = attempt->has_after ? observation_value(attempt->arena, &attempt->after) : value_null();
	int64_t deadline = clock_boottime() + 10 * NSEC_PER_SEC;
	const char *told = action_diagnose(attempt->arena, &attempt->call, &attempt->before, deadline);
	error_set(&err, ERROR_TIMEOUT, "%s: wished %s, observed %s", what,
		  attempt->desired ? json_text(attempt->arena, attempt->desired) : wish->token,
		  json_text(attempt->arena, seen));
	if (wish->apply_error.code != ERROR_OK)
		error_wrap(&err, "%s", error_text(&wish->apply_error));
	if (*told) {
		char *message = memory_printf("%s\n%s", error_text(&err), told);
		free(err.message);
		err.message = message;
	}
	if (wish->apply_error.hint)
		error_hint(&err, "%s", wish->apply_error.hint);
	if (wish->result == APPLY_FAILED)
		err.code = ERROR_FAILED;
	return attempt_fail(attempt, &err);
}

static enum outcome remains_unknown(struct wish *wish, const struct observation *observed)
{
	struct attempt *attempt = wish->attempt;
	struct error err = ERROR_NONE;
	error_set(&err, ERROR_CONNECTION, "it is not known whether this was done: %s",
		  observed->why ? observed->why : "no answer");
	error_hint(&err, "it was begun and may have happened; when the host answers again: standin resume");
	error_move(&attempt->error, &err);
	return OUTCOME_UNKNOWN;
}

/* Waiting does not help: it is not that host that answers, or it does not let us look. */
static bool shut_out(const struct error *err)
{
	return err->code == ERROR_IDENTITY || err->code == ERROR_REFUSED;
}

/* After an apply: what has become of it is not known, and nothing more is sent. */
static enum outcome cannot_look(struct wish *wish, struct error *err)
{
	if (!shut_out(err))
		return attempt_fail(wish->attempt, err);
	error_move(&wish->attempt->error, err);
	error_wrap(&wish->attempt->error, "it is not known whether this was done");
	return OUTCOME_UNKNOWN;
}

/* Out of time: end whatever still runs there, by another channel, and look a last time. */
static enum outcome run_out(struct wish *wish)
{
	struct attempt *attempt = wish->attempt;
	struct observation observed = observation_unobservable("no answer");
	int64_t late = clock_boottime() + 15 * NSEC_PER_SEC;
	CLEANUP_ERROR struct error ignored = ERROR_NONE;
	struct error err = ERROR_NONE;
	if (wish->result == APPLY_UNKNOWN)
		scopes_end(&wish->scopes, late, &ignored);
	attempt->deadline = machine_now(wish->interpreter) + 15 * NSEC_PER_SEC;
	if (attempt_observe(wish->interpreter, attempt, attempt->deadline, &observed, &err) < 0)
		return cannot_look(wish, &err);
	if (!known(&observed))
		return remains_unknown(wish, &observed);
	attempt->after = observed;
	attempt->has_after = true;
	return reached(wish, &observed) ? OUTCOME_CHANGED : not_reached(wish, "time is up");
}

/* It holds: does it go on holding? OK: not for long enough yet. */
static enum outcome check_stable(struct wish *wish, int64_t *held_since)
{
	int64_t now = machine_now(wish->interpreter);
	if (*held_since < 0)
		*held_since = now;
	return now - *held_since >= wish->attempt->action->stable_for ? OUTCOME_CHANGED : OUTCOME_OK;
}

static enum outcome judge(struct wish *wish, const struct observation *observed, int64_t *held_since)
{
	if (!known(observed)) {
		*held_since = -1;
		return wish->result == APPLY_FAILED && !observed->lost_contact ? not_reached(wish, "it failed") : OUTCOME_OK;
	}
	wish->attempt->after = *observed;
	wish->attempt->has_after = true;
	if (reached(wish, observed))
		return check_stable(wish, held_since);
	bool fell = *held_since >= 0;
	*held_since = -1;
	if (observed->fatal)
		return not_reached(wish, fell ? "it came up and went down again" : "it failed");
	if (wish->result == APPLY_FAILED && !observed->transient)
		return not_reached(wish, "it failed");
	return OUTCOME_OK;
}

/* Observe until it holds, stably, or cannot any more. */
static enum outcome settle(struct wish *wish)
{
	struct attempt *attempt = wish->attempt;
	int64_t held_since = -1;
	for (;;) {
		struct observation observed;
		struct error err = ERROR_NONE;
		if (attempt_observe(wish->interpreter, attempt, attempt->deadline, &observed, &err) < 0)
			return cannot_look(wish, &err);
		enum outcome outcome = judge(wish, &observed, &held_since);
		if (outcome != OUTCOME_OK)
			return outcome;
		if (held_since < 0 && time_is_up(wish))
			return run_out(wish);
		outcome = attempt_pause(wish->interpreter, attempt);
		if (outcome != OUTCOME_OK)
			return outcome;
	}
}

/* Two steps that change one object at once would undo each other. */
static bool hold_object(struct wish *wish)
{
	struct attempt *attempt = wish->attempt;
	struct error err = ERROR_NONE;
	const char *holder = attempt->object ? table_get(&wish->interpreter->busy, attempt->object) : NULL;
	if (!holder || strcmp(holder, attempt->key) == 0) {
		if (attempt->object)
			table_put(&wish->interpreter->busy, attempt->object, attempt->key);
		return true;
	}
	error_set(&err, ERROR_CONFLICT, "step %s changes %s at the same time", holder, attempt->object);
	error_hint(&err, "parallel steps must not touch the same object: put these two one after the other");
	attempt_fail(attempt, &err);
	return false;
}

static void release_object(const struct wish *wish)
{
	const char *object = wish->attempt->object;
	if (object && table_get(&wish->interpreter->busy, object) == (const void *)wish->attempt->key)
		table_put(&wish->interpreter->busy, object, NULL);
}

static enum outcome apply(struct wish *wish)
{
	struct attempt *attempt = wish->attempt;
	struct evidence evidence = {0};
	const struct value *outputs = NULL;
	if (!hold_object(wish))
		return OUTCOME_FAILED;
	if (scopes_intend(&wish->scopes, wish->baseline) < 0)
		return OUTCOME_STOPPED;
	error_clear(&wish->apply_error);
	int64_t until = machine_to_boottime(wish->interpreter, attempt->deadline);
	if (fault_hit("apply.before"))
		return OUTCOME_STOPPED;
	wish->result = action_apply(attempt->arena, &attempt->call, &attempt->before, wish->scopes.name, until, &evidence,
				    &outputs, &wish->apply_error);
	fault_hit("apply.after");
	attempt_note_evidence(attempt, &evidence);
	if (wish->result == APPLY_REFUSED)
		return attempt_fail(attempt, &wish->apply_error);
	if (wish->result == APPLY_UNKNOWN && control_stopping(wish->interpreter))
		return OUTCOME_STOPPED;
	return settle(wish);
}

/* --- resume: an intent without an outcome --- */

/* Every wished attribute is either as it was or as it is wished: the work of our own half-done apply, or none. */
static bool between(const struct attempt *attempt, const struct observation *before, const struct observation *now)
{
	if (!value_is(attempt->desired, VALUE_MAP) || before->kind != now->kind || now->kind != OBSERVED_STATE)
		return before->kind == now->kind || now->kind == OBSERVED_ABSENT || before->kind == OBSERVED_ABSENT;
	for (size_t i = 0; i < attempt->desired->map.count; i++) {
		const struct value_entry *entry = &attempt->desired->map.entries[i];
		const struct value *was = value_get_key(before->state, entry->key), *is = value_get_key(now->state, entry->key);
		bool as_was = was == is || (was && is && value_equal(was, is));
		if (!as_was && !(is && value_equal(is, entry->value)))
			return false;
	}
	return true;
}

static enum outcome changed_by_another(struct attempt *attempt, const struct observation *before, const struct observation *now)
{
	struct error err = ERROR_NONE;
	error_set(&err, ERROR_CONFLICT, "changed by another: it was %s, wished is %s, now it is %s",
		  json_text(attempt->arena, observation_value(attempt->arena, before)),
		  json_text(attempt->arena, attempt->desired),
		  json_text(attempt->arena, observation_value(attempt->arena, now)));
	error_hint(&err, "find out who else works on it; then run again");
	return attempt_fail(attempt, &err);
}

/* What is wished held a secret before (or the token did): the journal has not kept it, so it cannot be told any more whether
 * somebody else has changed it. */
static bool before_is_lost(const struct wish *wish)
{
	const struct attempt *attempt = wish->attempt;
	if (value_has_lost(wish->baseline))
		return true;
	for (size_t i = 0; value_is(attempt->desired, VALUE_MAP) && i < attempt->desired->map.count; i++)
		if (value_has_lost(value_get_key(attempt->before.state, attempt->desired->map.entries[i].key)))
			return true;
	return false;
}

/* What an operator chose who was not for looking again. */
static enum outcome follow(struct wish *wish, const char *answer, const char *why)
{
	struct error err = ERROR_NONE;
	if (strcmp(answer, "apply") == 0)
		return apply(wish);
	error_set(&err, ERROR_CANCELLED, "%s, and the operator chose to stop", why);
	return attempt_fail(wish->attempt, &err);
}

static enum outcome ask_about_lost(struct wish *wish, const struct observation *now)
{
	static const char *const choices[] = {"apply", "stop"};
	static const char why[] = "what it was before held a secret, which no journal keeps";
	struct attempt *attempt = wish->attempt;
	const char *answer;
	const char *message =
		arena_printf(attempt->arena,
			     "'%s' was begun; %s, so it cannot be told whether somebody else has changed it since. "
			     "Now it is %s. Apply it, or stop?",
			     attempt->name, why, json_text(attempt->arena, observation_value(attempt->arena, now)));
	enum outcome asked = gate_ask(wish->interpreter, attempt, "lost", message, choices, COUNT_OF(choices), true, &answer);
	return asked == OUTCOME_OK ? follow(wish, answer, why) : asked;
}

static enum outcome wait_for_scope(struct wish *wish)
{
	struct attempt *attempt = wish->attempt;
	for (;;) {
		CLEANUP_ERROR struct error err = ERROR_NONE;
		int64_t until = machine_to_boottime(wish->interpreter, attempt->deadline);
		if (scopes_wait(&wish->scopes, until, &err) == 0)
			return OUTCOME_OK;
		if (shut_out(&err))
			return cannot_look(wish, &err);
		if (time_is_up(wish)) {
			wish->result = APPLY_UNKNOWN;
			return run_out(wish);
		}
		enum outcome pause = attempt_pause(wish->interpreter, attempt);
		if (pause != OUTCOME_OK)
			return pause;
	}
}

static enum outcome resume(struct wish *wish, const struct value *intent)
{
	struct attempt *attempt = wish->attempt;
	struct observation now = observation_unobservable("no answer");
	wish->result = APPLY_UNKNOWN;
	attempt->before = observation_from_value(value_get(intent, "before"));
	attempt->has_before = true;
	enum outcome outcome = wait_for_scope(wish);
	if (outcome == OUTCOME_OK)
		outcome = observe_before(wish, &now);
	if (outcome == OUTCOME_FAILED && shut_out(&attempt->error)) {
		struct error err = ERROR_NONE;
		error_move(&err, &attempt->error);
		return cannot_look(wish, &err);
	}
	if (outcome == OUTCOME_FAILED && !known(&now)) {
		error_clear(&attempt->error);
		return remains_unknown(wish, &now);
	}
	if (outcome != OUTCOME_OK)
		return outcome;
	attempt->after = now;
	attempt->has_after = true;
	if (!value_has_lost(wish->baseline) && reached(wish, &now)) {
		attempt->reason = "found done after an interruption";
		return OUTCOME_CHANGED;
	}
	if (before_is_lost(wish))
		return ask_about_lost(wish, &now);
	if (attempt->desired && !between(attempt, &attempt->before, &now))
		return changed_by_another(attempt, &attempt->before, &now);
	return apply(wish);
}

/* --- after a rescue: a person may have mended it by hand --- */

static enum outcome ask_about(struct wish *wish, bool *ret_look_again)
{
	static const char *const choices[] = {"again", "apply", "stop"};
	const char *answer;
	struct attempt *attempt = wish->attempt;
	const char *message =
		arena_printf(attempt->arena, "'%s' still does not hold: observed %s. Look again, apply it again, or stop?",
			     attempt->name, json_text(attempt->arena, observation_value(attempt->arena, &attempt->before)));
	enum outcome asked = gate_ask(wish->interpreter, attempt, "mended", message, choices, COUNT_OF(choices), true, &answer);
	*ret_look_again = asked == OUTCOME_OK && strcmp(answer, "again") == 0;
	if (asked != OUTCOME_OK || *ret_look_again)
		return asked;
	return follow(wish, answer, "it was not mended");
}

static enum outcome look_after_rescue(struct wish *wish)
{
	struct attempt *attempt = wish->attempt;
	for (;;) {
		if (reached(wish, &attempt->before)) {
			attempt->after = attempt->before;
			attempt->has_after = true;
			attempt->reason = "by hand";
			return OUTCOME_CHANGED;
		}
		bool again;
		enum outcome outcome = ask_about(wish, &again);
		if (!again)
			return outcome;
		outcome = observe_before(wish, &attempt->before);
		if (outcome != OUTCOME_OK)
			return outcome;
	}
}

static void keep_baseline(struct wish *wish, const struct value *token)
{
	struct interpreter *interpreter = wish->interpreter;
	if (!token)
		return;
	wish->baseline = value_copy(interpreter->arena, token);
	CLEANUP_FREE char *plain = plain_key(wish->attempt->key);
	table_put(&interpreter->baselines, plain, wish->baseline);
}

static enum outcome begin(struct wish *wish)
{
	struct attempt *attempt = wish->attempt;
	attempt->before = observation_unobservable("not observed");
	enum outcome outcome = observe_before(wish, &attempt->before);
	attempt->has_before = known(&attempt->before);
	if (outcome != OUTCOME_OK)
		return outcome;
	if (failed_before_rescue(wish->interpreter, attempt))
		return look_after_rescue(wish);
	outcome = check_prediction(wish);
	if (outcome != OUTCOME_OK)
		return outcome;
	bool has_baseline = wish->baseline;
	if (has_baseline == (wish->token != NULL) && reached(wish, &attempt->before)) {
		attempt->after = attempt->before;
		attempt->has_after = true;
		return wish->token ? OUTCOME_CHANGED : OUTCOME_OK;
	}
	if (wish->token && !has_baseline && attempt->before.kind == OBSERVED_STATE)
		keep_baseline(wish, value_get(attempt->before.state, wish->token));
	return apply(wish);
}

/* An event keeps the baseline of its first intent through every retry, its own and its groups': what has happened since has
 * happened. */
static void find_baseline(struct wish *wish)
{
	const struct interpreter *interpreter = wish->interpreter;
	CLEANUP_FREE char *plain = plain_key(wish->attempt->key);
	wish->baseline = table_get(&interpreter->baselines, plain);
	if (!wish->baseline && interpreter->history)
		wish->baseline = table_get(&interpreter->history->baselines, plain);
}

enum outcome state_perform(struct interpreter *interpreter, struct attempt *attempt)
{
	struct wish wish = {.interpreter = interpreter, .attempt = attempt};
	struct error err = ERROR_NONE;
	if (action_event(attempt->arena, &attempt->call, &wish.token, &err) < 0)
		return attempt_fail(attempt, &err);
	scopes_init(&wish.scopes, interpreter, attempt);
	const struct value *intent = history_get(interpreter->history, "intent", attempt->key, attempt->number);
	if (wish.token)
		find_baseline(&wish);
	enum outcome outcome = intent ? resume(&wish, intent) : begin(&wish);
	release_object(&wish);
	error_clear(&wish.apply_error);
	scopes_free(&wish.scopes);
	return outcome;
}
