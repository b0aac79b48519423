/*
 * gate.c - waiting for a person, and the intrinsic actions of `core` that need no host.
 */
#include "engine/execute/approval.h"

#include <poll.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/base/process.h"

/* What people have said about it meanwhile: STOPPED, CANCELLED, SKIPPED; OK: nothing. */
static enum outcome calls_off(const struct interpreter *interpreter, const struct attempt *attempt)
{
	if (control_stopping(interpreter))
		return OUTCOME_STOPPED;
	if (control_cancelled(interpreter) && !attempt->frame->finishing)
		return OUTCOME_CANCELLED;
	return control_skip_reason(interpreter, attempt->key) ? OUTCOME_SKIPPED : OUTCOME_OK;
}

enum outcome attempt_wait(struct interpreter *interpreter, struct attempt *attempt, int64_t nanoseconds)
{
	int64_t until = clock_boottime() + nanoseconds;
	int64_t latest = machine_to_boottime(interpreter, attempt->deadline);
	for (;;) {
		enum outcome called_off = calls_off(interpreter, attempt);
		if (called_off != OUTCOME_OK)
			return called_off;
		if (loop_wait_signal(control_changed(interpreter), until < latest ? until : latest) == LOOP_TIMEOUT)
			return OUTCOME_OK;
	}
}

enum outcome attempt_pause(struct interpreter *interpreter, struct attempt *attempt)
{
	int64_t until = clock_boottime() + (attempt->step->poll ? attempt->step->poll : attempt->action->poll);
	for (;;) {
		if (control_stopping(interpreter))
			return OUTCOME_STOPPED;
		if (control_skip_reason(interpreter, attempt->key))
			return OUTCOME_SKIPPED;
		if (loop_wait_signal(control_changed(interpreter), until) == LOOP_TIMEOUT)
			return OUTCOME_OK;
	}
}

/* --- asking --- */

/* What is left of the time to approve. */
static const struct value *remaining(const struct attempt *attempt)
{
	const struct approval *approval = attempt->approval;
	if (!approval || !approval->expires)
		return value_null();
	int64_t left = approval->expires - clock_wall();
	return value_int(attempt->arena, left > 0 ? left : 0);
}

static int record_waiting(struct interpreter *interpreter, struct attempt *attempt, const char *gate, const char *message,
			  const char *const *choices, size_t count)
{
	struct arena *arena = attempt->arena;
	struct value *fields = record_fields(interpreter, arena, attempt->key);
	struct value *list = value_list(arena);
	for (size_t i = 0; i < count; i++)
		value_append(arena, list, value_string(arena, choices[i]));
	value_put(arena, fields, "gate", value_string(arena, gate));
	value_put(arena, fields, "name", value_string(arena, attempt->name));
	value_put(arena, fields, "message", value_string(arena, message));
	value_put(arena, fields, "choices", list);
	value_put(arena, fields, "deadline", remaining(attempt));
	if (attempt->approval)
		value_put(arena, fields, "approval", attempt->approval->document);
	return record(interpreter, "waiting", fields, JOURNAL_SYNC);
}

static int record_answered(struct interpreter *interpreter, struct attempt *attempt, const char *answer, int64_t waited)
{
	struct value *fields = record_fields(interpreter, attempt->arena, attempt->key);
	value_put(attempt->arena, fields, "answer", value_string(attempt->arena, answer));
	value_put(attempt->arena, fields, "by", attempt->answered_by);
	value_put(attempt->arena, fields, "waited", value_int(attempt->arena, waited));
	return record(interpreter, "answered", fields, JOURNAL_SYNC);
}

/* Each instance gets it once: who prepared an answer has foreseen one question, not that it is asked again and again. */
static const char *prepared_answer(struct interpreter *interpreter, const struct attempt *attempt)
{
	const struct value *answers = interpreter->execution->answers;
	const char *answer = value_get_text(answers, attempt->key);
	if (!answer && attempt->step->id)
		answer = value_get_text(answers, attempt->step->id);
	if (!answer || table_get(&interpreter->answered, attempt->key))
		return NULL;
	if (attempt->approval && strcmp(answer, "approve") == 0)
		return NULL; /* only signatures say that */
	table_put(&interpreter->answered, attempt->key, answer);
	return answer;
}

static const char *chosen(const char *answer, const char *const *choices, size_t count)
{
	for (size_t i = 0; answer && i < count; i++)
		if (strcmp(choices[i], answer) == 0)
			return choices[i];
	return NULL;
}

static bool is_approved(const struct attempt *attempt)
{
	return attempt->approval && attempt->approval->count >= attempt->approval->least;
}

static const struct value *approvers(const struct attempt *attempt)
{
	CLEANUP_BUFFER struct buffer names = {0};
	struct value *by = value_map(attempt->arena);
	for (size_t i = 0; i < attempt->approval->count; i++)
		buffer_printf(&names, "%s%s", i ? ", " : "", value_get_text(attempt->approval->given[i], "principal"));
	value_put(attempt->arena, by, "user", value_string(attempt->arena, buffer_text(&names)));
	return by;
}

/* Boottime at which the time to approve is over. */
static int64_t approval_deadline(const struct attempt *attempt)
{
	const struct approval *approval = attempt->approval;
	return approval && approval->expires ? clock_boottime() + approval->expires - clock_wall() : CLOCK_FOREVER;
}

static enum outcome expired(struct attempt *attempt)
{
	const struct approval *approval = attempt->approval;
	struct error err = ERROR_NONE;
	error_set(&err, ERROR_TIMEOUT, "not approved in time: %zu of %zu had approved by %s", approval->count, approval->least,
		  value_get_text(approval->document, "expires"));
	return attempt_fail(attempt, &err);
}

static enum outcome wait_for_answer(struct interpreter *interpreter, struct attempt *attempt, const char **ret_answer)
{
	for (;;) {
		*ret_answer = control_take_answer(interpreter, attempt->key, &attempt->answered_by);
		if (*ret_answer)
			return OUTCOME_OK;
		enum outcome called_off = calls_off(interpreter, attempt);
		if (called_off != OUTCOME_OK)
			return called_off;
		if (is_approved(attempt)) {
			*ret_answer = "approve";
			attempt->answered_by = approvers(attempt);
			return OUTCOME_OK;
		}
		int64_t deadline = approval_deadline(attempt);
		if (clock_boottime() >= deadline)
			return expired(attempt);
		loop_wait_signal(control_changed(interpreter), deadline);
	}
}

static enum outcome closed(struct attempt *attempt, const char *message)
{
	struct error err = ERROR_NONE;
	error_set(&err, ERROR_CANCELLED, "%s", message);
	error_hint(&err, "nobody can be asked here: resume on a terminal, or with --answer %s=...", attempt->key);
	error_move(&attempt->error, &err);
	return OUTCOME_STOPPED;
}

enum outcome gate_ask(struct interpreter *interpreter, struct attempt *attempt, const char *gate, const char *message,
		      const char *const *choices, size_t count, bool closed_without_terminal, const char **ret_answer)
{
	const struct value *answered = history_take_answer(interpreter->history, attempt->key);
	attempt->answered_by = value_get(answered, "by");
	*ret_answer = chosen(value_get_text(answered, "answer"), choices, count);
	if (*ret_answer && !(attempt->approval && strcmp(*ret_answer, "approve") == 0 && !is_approved(attempt)))
		return OUTCOME_OK;
	if (record_waiting(interpreter, attempt, gate, message, choices, count) < 0)
		return OUTCOME_STOPPED;
	const char *answer = chosen(prepared_answer(interpreter, attempt), choices, count);
	attempt->answered_by = interpreter->execution->operator;
	if (!answer && closed_without_terminal && !interpreter->execution->terminal)
		return closed(attempt, message);
	int64_t waited_before = interpreter->waited;
	enum outcome outcome = OUTCOME_OK;
	control_waits_for(interpreter, attempt, choices, count);
	machine_branches(interpreter, 0, 1);
	if (!answer)
		outcome = wait_for_answer(interpreter, attempt, &answer);
	machine_branches(interpreter, 0, -1);
	control_waits_no_more(interpreter, attempt->key);
	int64_t waited = interpreter->waited - waited_before;
	if (outcome != OUTCOME_OK)
		return outcome;
	*ret_answer = chosen(answer, choices, count);
	return record_answered(interpreter, attempt, *ret_answer, waited) < 0 ? OUTCOME_STOPPED : OUTCOME_OK;
}

/* --- intrinsic actions --- */

static const char *input_text(const struct attempt *attempt, const char *name)
{
	return value_get_text(attempt->call.inputs, name);
}

static const char *const *read_choices(const struct attempt *attempt, size_t *ret_count)
{
	static const char *const usual[] = {"continue", "stop"};
	const struct value *list = value_get(attempt->call.inputs, "choices");
	*ret_count = COUNT_OF(usual);
	if (!value_is(list, VALUE_LIST) || !list->list.count)
		return usual;
	const char **choices = arena_alloc(attempt->arena, list->list.count * sizeof(*choices));
	*ret_count = list->list.count;
	for (size_t i = 0; i < list->list.count; i++)
		choices[i] = value_text(list->list.items[i]);
	return choices;
}

static void put_answer(struct attempt *attempt, const char *answer)
{
	struct value *outputs = value_map(attempt->arena);
	const char *user = value_get_text(attempt->answered_by, "user");
	value_put(attempt->arena, outputs, "answer", value_string(attempt->arena, answer));
	value_put(attempt->arena, outputs, "by", value_string(attempt->arena, user ? user : "?"));
	attempt->outputs = outputs;
}

static enum outcome prompt(struct interpreter *interpreter, struct attempt *attempt)
{
	size_t count;
	const char *answer;
	const char *const *choices = read_choices(attempt, &count);
	enum outcome outcome =
		gate_ask(interpreter, attempt, "prompt", input_text(attempt, "message"), choices, count, false, &answer);
	if (outcome != OUTCOME_OK)
		return outcome;
	put_answer(attempt, answer);
	if (strcmp(answer, "stop") != 0)
		return OUTCOME_OK;
	struct error err = ERROR_NONE;
	error_set(&err, ERROR_CANCELLED, "the operator answered: stop");
	return attempt_fail(attempt, &err);
}

/* A file that is missing on the controller is no reason to give the run up: it stops, and goes on when the file is there. */
static enum outcome cannot_ask(struct attempt *attempt, struct error *err)
{
	bool missing = err->code == ERROR_NOT_FOUND;
	attempt_fail(attempt, err);
	return missing ? OUTCOME_STOPPED : OUTCOME_FAILED;
}

static enum outcome approve(struct interpreter *interpreter, struct attempt *attempt)
{
	static const char *const choices[] = {"approve", "reject"};
	const char *answer;
	struct error err = ERROR_NONE;
	if (approval_wanted(attempt->call.inputs)) {
		if (approval_prepare(interpreter, attempt, &attempt->approval, &err) < 0)
			return cannot_ask(attempt, &err);
		if (approval_recall(interpreter, attempt->approval) < 0)
			return OUTCOME_STOPPED;
	}
	enum outcome outcome = gate_ask(interpreter, attempt, "approve", input_text(attempt, "message"), choices,
					COUNT_OF(choices), false, &answer);
	if (attempt->approval)
		attempt->approval->closed = true;
	if (outcome != OUTCOME_OK)
		return outcome;
	put_answer(attempt, answer);
	if (strcmp(answer, "approve") == 0)
		return OUTCOME_OK;
	error_set(&err, ERROR_CANCELLED, "it was not approved");
	return attempt_fail(attempt, &err);
}

static enum outcome wait_a_while(struct interpreter *interpreter, struct attempt *attempt)
{
	const struct value *input = value_get(attempt->call.inputs, "duration");
	int64_t duration = 0;
	struct error err = ERROR_NONE;
	if (value_is(input, VALUE_DURATION))
		duration = value_nanoseconds(input);
	else if (value_text(input) && duration_parse(value_text(input), &duration, &err) < 0)
		return attempt_fail(attempt, &err);
	attempt->deadline = CLOCK_FOREVER;
	int64_t passed = machine_now(interpreter) - attempt->started;
	return passed >= duration ? OUTCOME_OK : attempt_wait(interpreter, attempt, duration - passed);
}

static enum outcome set(struct interpreter *interpreter, struct attempt *attempt)
{
	(void)interpreter;
	const struct value *values = value_get(attempt->call.inputs, "values");
	attempt->outputs = value_is(values, VALUE_MAP) ? values : attempt->call.inputs;
	return OUTCOME_OK;
}

static bool holds(const struct value *claim)
{
	if (value_is(claim, VALUE_BOOL))
		return claim->boolean;
	if (!value_is(claim, VALUE_LIST))
		return false;
	for (size_t i = 0; i < claim->list.count; i++)
		if (!holds(claim->list.items[i]))
			return false;
	return true;
}

static enum outcome assert_that(struct interpreter *interpreter, struct attempt *attempt)
{
	(void)interpreter;
	struct error err = ERROR_NONE;
	if (holds(value_get(attempt->call.inputs, "that")))
		return OUTCOME_OK;
	const char *message = input_text(attempt, "message");
	error_set(&err, ERROR_FAILED, "%s", message ? message : "the assertion does not hold");
	return attempt_fail(attempt, &err);
}

static enum outcome say(struct interpreter *interpreter, struct attempt *attempt)
{
	const char *message = input_text(attempt, "message");
	return record_note(interpreter, attempt->key, message ? message : "") < 0 ? OUTCOME_STOPPED : OUTCOME_OK;
}

static const char *const *notify_command(const struct attempt *attempt)
{
	const struct value *list = value_get(attempt->call.inputs, "command");
	if (!value_is(list, VALUE_LIST) || !list->list.count)
		return NULL;
	const char **argv = arena_alloc(attempt->arena, (list->list.count + 1) * sizeof(*argv));
	for (size_t i = 0; i < list->list.count; i++)
		argv[i] = value_text(list->list.items[i]);
	return argv;
}

/* Tell somebody: the message goes to the command's stdin. At least once: told twice is better than not at all. */
static enum outcome notify(struct interpreter *interpreter, struct attempt *attempt)
{
	const char *const *argv = notify_command(attempt);
	const char *message = input_text(attempt, "message");
	struct error err = ERROR_NONE;
	struct command_result result = {0};
	enum outcome outcome = say(interpreter, attempt);
	if (!argv || outcome != OUTCOME_OK)
		return outcome;
	struct command command = {.argv = argv,
				  .input = message,
				  .input_length = strlen(message),
				  .deadline = machine_to_boottime(interpreter, attempt->deadline)};
	int ran = connection_run(call_connection(&attempt->call), &command, &result, &err);
	if (ran == 0 && result.exit_code != 0)
		ran = error_set(&err, ERROR_FAILED, "%s ended with exit code %d: %s", argv[0], result.exit_code,
				result.errors.data ? result.errors.data : "");
	command_result_free(&result);
	return ran < 0 ? attempt_fail(attempt, &err) : OUTCOME_CHANGED;
}

static const struct {
	const char *name;
	enum outcome (*perform)(struct interpreter *interpreter, struct attempt *attempt);
} intrinsics[] = {
	{"core.set", set},	   {"core.assert", assert_that}, {"core.wait", wait_a_while}, {"core.prompt", prompt},
	{"core.approve", approve}, {"core.notify", notify},	 {"core.log", say},
};

bool action_is_intrinsic(const struct action *action)
{
	for (size_t i = 0; i < COUNT_OF(intrinsics); i++)
		if (strcmp(intrinsics[i].name, action->name) == 0)
			return true;
	return false;
}

enum outcome intrinsic_perform(struct interpreter *interpreter, struct attempt *attempt)
{
	for (size_t i = 0; i < COUNT_OF(intrinsics); i++)
		if (strcmp(intrinsics[i].name, attempt->action->name) == 0)
			return intrinsics[i].perform(interpreter, attempt);
	return OUTCOME_FAILED;
}
