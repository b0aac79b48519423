/*
 * attempt.c - one attempt of an action step, before it is performed: who it is about, where it runs, with which inputs, how
 * much time it has; and what it has seen. How often there is one, and what becomes of it, is step.c's.
 */
#include <string.h>

#include "engine/execute/interpreter.h"

/* --- who and where --- */

static const struct host *host_from(const struct interpreter *interpreter, const struct value *value, struct error *err)
{
	const char *id = value->type == VALUE_MAP ? value_get_text(value, "id") : value_text(value);
	const struct host *host = id ? inventory_host(interpreter->execution->inventory, id) : NULL;
	if (!host) {
		error_set(err, ERROR_INVALID, "'%s' is no host of the inventory", id ? id : value_type_name(value->type));
		error_hint(err, "use a host's id, or an input of type host");
	}
	return host;
}

static int evaluate(struct interpreter *interpreter, const struct frame *frame, const struct template *template,
		    struct arena *arena, const struct value **ret_value, struct error *err)
{
	struct names names;
	names_init(&names, interpreter, frame, NULL);
	return template_evaluate(template, &names.activation, arena, ret_value, NULL, err);
}

/* What everybody may see: where a secret cannot be kept. */
static int evaluate_open(struct interpreter *interpreter, const struct frame *frame, const struct template *template,
			 struct arena *arena, const struct value **ret_value, struct error *err)
{
	if (evaluate(interpreter, frame, template, arena, ret_value, err) < 0)
		return -1;
	return value_is_secret(*ret_value) ? error_set(err, ERROR_INVALID, "a secret may not stand here") : 0;
}

int frame_resolve(struct interpreter *interpreter, const struct step *step, struct frame *frame, struct error *err)
{
	const struct value *value;
	if (step->host) {
		if (evaluate_open(interpreter, frame, step->host, interpreter->arena, &value, err) < 0)
			return error_wrap(err, "host");
		frame->host_unknown = value->type == VALUE_UNKNOWN;
		frame->host = frame->host_unknown ? NULL : host_from(interpreter, value, err);
		if (!frame->host && !frame->host_unknown)
			return error_wrap(err, "host");
	}
	if (step->user) {
		if (evaluate_open(interpreter, frame, step->user, interpreter->arena, &value, err) < 0 ||
		    text_evaluate(interpreter, frame, step->user, NULL, interpreter->arena, &frame->user, err) < 0)
			return error_wrap(err, "user");
	}
	return 0;
}

struct connection *call_connection(const struct call *call)
{
	const struct host *host = call->executor ? call->executor : action_controller();
	return connections_get(call->connections, host, call->executor ? call->user : NULL);
}

static int resolve_executor(struct interpreter *interpreter, struct attempt *attempt, struct error *err)
{
	const char *id = NULL;
	const struct value *value;
	struct call *call = &attempt->call;
	call->executor = call->subject;
	if (attempt->step->via) {
		if (evaluate_open(interpreter, attempt->frame, attempt->step->via, attempt->arena, &value, err) < 0)
			return error_wrap(err, "via");
		id = value->type == VALUE_MAP ? value_get_text(value, "id") : value_text(value);
	} else if (action_via(attempt->arena, call, &id, err) < 0) {
		return error_wrap(err, "%s: via", attempt->action->name);
	}
	if (!id)
		return 0;
	if (strcmp(id, "controller") == 0) {
		call->executor = NULL;
		return 0;
	}
	call->executor = inventory_host(interpreter->execution->inventory, id);
	if (call->executor)
		return 0;
	error_set(err, ERROR_INVALID, "via: '%s' is no host of the inventory", id);
	return error_hint(err, "add it to the inventory: it is the device or host through which this is done");
}

/* --- preparing one attempt --- */

static int check_inputs(struct attempt *attempt, struct error *err)
{
	struct diagnostics found;
	diagnostics_init(&found, attempt->arena);
	struct schema_options options = {.path = "with"};
	if (schema_check(attempt->action->inputs_schema, attempt->call.inputs, &options, &found))
		return 0;
	error_set(err, ERROR_INVALID, "%s: %s", attempt->action->name,
		  found.count ? found.items[0].message : "its inputs do not fit");
	if (found.count && found.items[0].hint)
		error_hint(err, "%s", found.items[0].hint);
	return -1;
}

/* A check of the runbook finds those that are named where they are used; this finds those that came another way. */
static int check_secrets(const struct attempt *attempt, const struct value *with, struct error *err)
{
	const struct action *action = attempt->action;
	if (with->secret)
		return error_set(err, ERROR_INVALID, "the inputs of %s are secret as a whole", action->name);
	for (size_t i = 0; value_is(with, VALUE_MAP) && i < with->map.count; i++) {
		const struct value_entry *entry = &with->map.entries[i];
		if (!value_is_secret(entry->value) || action_input_may_be_secret(action, value_text(entry->key)))
			continue;
		error_set(err, ERROR_INVALID, "a secret may not stand in `%s` of %s: others could read it there",
			  value_text(entry->key), action->name);
		if (action->secrets && action->secrets[0])
			return error_hint(err, "%s takes a secret in `%s`", action->name, action->secrets[0]);
		return error_hint(err, "%s takes no secrets", action->name);
	}
	return 0;
}

static int prepare_inputs(struct interpreter *interpreter, struct attempt *attempt, struct error *err)
{
	static const struct value empty = {.type = VALUE_MAP};
	const struct value *with = &empty;
	if (attempt->step->with && evaluate(interpreter, attempt->frame, attempt->step->with, attempt->arena, &with, err) < 0)
		return error_wrap(err, "with");
	if (check_secrets(attempt, with, err) < 0)
		return -1;
	attempt->call.inputs = action_inputs(attempt->arena, attempt->action, with);
	return check_inputs(attempt, err) < 0 ? -1 : action_name_sets(attempt->arena, &attempt->call, err);
}

/* A step without a name is called by its action and what is behind the host in its object's key: "service.start dovecot". */
static void prepare_name(struct interpreter *interpreter, struct attempt *attempt)
{
	const struct step *step = attempt->step;
	const struct host *subject = attempt->call.subject;
	const char *kind_end = attempt->object ? strchr(attempt->object, '/') : NULL;
	size_t length = subject ? strlen(subject->id) : 0;
	attempt->name = step->uses;
	if (step->name) {
		if (text_evaluate(interpreter, attempt->frame, step->name, NULL, attempt->arena, &attempt->name, NULL) < 0)
			attempt->name = step->uses;
	} else if (kind_end && length && strncmp(kind_end + 1, subject->id, length) == 0 && kind_end[1 + length] == '/') {
		const char *rest = kind_end + length + 1; /* with its slash: that of a path */
		attempt->name = arena_printf(attempt->arena, "%s %s", step->uses, strchr(rest + 1, '/') ? rest : rest + 1);
	}
}

int attempt_prepare(struct interpreter *interpreter, struct attempt *attempt, struct error *err)
{
	const struct value *object;
	struct call *call = &attempt->call;
	call->action = attempt->action;
	call->inventory = interpreter->execution->inventory;
	call->connections = interpreter->connections;
	call->processes = interpreter->processes;
	call->subject = attempt->frame->host;
	call->user = attempt->frame->user;
	call->run_id = value_get_text(interpreter->run_value, "id");
	prepare_name(interpreter, attempt);
	if (prepare_inputs(interpreter, attempt, err) < 0 || resolve_executor(interpreter, attempt, err) < 0)
		return -1;
	if (action_object(attempt->arena, call, &object, err) < 0 ||
	    action_desired(attempt->arena, call, &attempt->desired, err) < 0)
		return error_wrap(err, "%s", attempt->action->name);
	attempt->object = object ? (value_text(object) ? value_text(object) : "?") : NULL;
	prepare_name(interpreter, attempt);
	return 0;
}

static void attempt_begin(struct interpreter *interpreter, struct attempt *attempt)
{
	const struct value *started = history_get(interpreter->history, "step_started", attempt->key, attempt->number);
	int64_t now = machine_now(interpreter);
	int64_t timeout = attempt->step->timeout ? attempt->step->timeout : attempt->action->timeout;
	const int64_t grace =
		timeout < 10 * NSEC_PER_SEC ? timeout : 10 * NSEC_PER_SEC; /* after a resume there is time to look */
	attempt->started = started ? history_machine(started) : now;
	attempt->deadline = attempt->started + timeout;
	if (attempt->deadline < now + grace)
		attempt->deadline = now + grace;
	if (attempt->deadline > attempt->frame->deadline)
		attempt->deadline = attempt->frame->deadline;
}

struct attempt attempt_new(struct interpreter *interpreter, const struct step *step, const struct frame *frame, const char *key,
			   unsigned number)
{
	struct attempt attempt = {.step = step, .frame = frame, .key = key, .number = number, .arena = arena_new()};
	attempt.action = plugins_find(interpreter->execution->plugins, step->uses, NULL);
	attempt.name = step->uses;
	attempt_begin(interpreter, &attempt);
	return attempt;
}

void attempt_free(struct attempt *attempt)
{
	error_clear(&attempt->error);
	arena_free(attempt->arena);
}

enum outcome attempt_fail(struct attempt *attempt, struct error *err)
{
	error_move(&attempt->error, err);
	return OUTCOME_FAILED;
}

/* --- evidence and results --- */

static const struct value *evidence_value(struct arena *arena, const struct evidence *evidence)
{
	struct value *value = value_map(arena);
	value_put(arena, value, "command", value_string(arena, evidence->command));
	value_put(arena, value, "exit", value_int(arena, evidence->exit_code));
	if (evidence->signal)
		value_put(arena, value, "signal", value_string(arena, evidence->signal));
	value_put(arena, value, "stdout", value_string(arena, evidence->output));
	value_put(arena, value, "stderr", value_string(arena, evidence->errors));
	value_put(arena, value, "elapsed", value_int(arena, evidence->elapsed));
	return value;
}

void attempt_note_evidence(struct attempt *attempt, const struct evidence *evidence)
{
	if (!evidence->command)
		return;
	if (!attempt->evidence)
		attempt->evidence = value_list(attempt->arena);
	value_append(attempt->arena, attempt->evidence, evidence_value(attempt->arena, evidence));
}

int attempt_observe(struct interpreter *interpreter, struct attempt *attempt, int64_t deadline,
		    struct observation *ret_observation, struct error *err)
{
	struct evidence evidence = {0};
	int64_t until = machine_to_boottime(interpreter, deadline);
	if (action_observe(attempt->arena, &attempt->call, until, ret_observation, &evidence, err) < 0)
		return -1;
	if (ret_observation->kind == OBSERVED_UNOBSERVABLE && !ret_observation->lost_contact)
		attempt_note_evidence(attempt, &evidence);
	return 0;
}

const struct value *attempt_result(struct attempt *attempt)
{
	if (attempt->outputs)
		return attempt->outputs;
	if (attempt->has_after && attempt->after.kind == OBSERVED_STATE)
		return attempt->after.state;
	return value_map(attempt->arena);
}
