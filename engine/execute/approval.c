/*
 * approval.c - what is asked of approvers. Whether an answer counts: approval_judge.c.
 */
#include "engine/execute/approval.h"

#include <string.h>

#include "engine/base/file.h"
#include "engine/base/hash.h"
#include "engine/base/json.h"
#include "engine/base/memory.h"

#define SIGNERS "/etc/standin/allowed_signers"
#define REVOKED "/etc/standin/revoked_keys"

static bool is_given(const struct value *value)
{
	return value && value->type != VALUE_NULL;
}

bool approval_wanted(const struct value *inputs)
{
	return is_given(value_get(inputs, "from"));
}

const char *approval_terms(struct arena *arena, const struct value *inputs)
{
	const struct value *from = value_get(inputs, "from");
	const char *timeout = value_get_text(inputs, "timeout");
	CLEANUP_BUFFER struct buffer text = {0};
	buffer_printf(&text, "%lld of ", (long long)value_get_int(inputs, "min", 1));
	for (size_t i = 0; value_is(from, VALUE_LIST) && i < from->list.count; i++)
		buffer_printf(&text, "%s%s", i ? ", " : "",
			      value_text(from->list.items[i]) ? value_text(from->list.items[i]) : "?");
	buffer_add(&text, value_is(from, VALUE_LIST) ? "" : "?");
	buffer_add(&text, value_get_bool(inputs, "not_requester", false) ? "; not who asks for it" : "");
	if (timeout)
		buffer_printf(&text, "; within %s", timeout);
	return arena_strdup(arena, buffer_text(&text));
}

/* --- gates --- */

static const struct step *gate_in(const struct block *block)
{
	const struct step *gate = NULL;
	for (size_t i = 0; i < block->count && !gate; i++)
		gate = approval_gate(&block->steps[i]);
	return gate;
}

const struct step *approval_gate(const struct step *step)
{
	if (step->uses && strcmp(step->uses, "core.approve") == 0)
		return is_given(value_get(step->with_value, "from")) ? step : NULL;
	const struct block *blocks[] = {&step->steps,
					&step->rescue,
					&step->finally,
					step->callee ? &step->callee->preflight : NULL,
					step->callee ? &step->callee->steps : NULL,
					step->callee ? &step->callee->finally : NULL};
	const struct step *gate = NULL;
	for (size_t i = 0; i < COUNT_OF(blocks) && !gate; i++)
		gate = blocks[i] ? gate_in(blocks[i]) : NULL;
	return gate;
}

struct search {
	const struct step *until, *gate;
};

static bool search_step(void *context, const struct step *step, unsigned depth)
{
	struct search *search = context;
	(void)depth;
	if (step == search->until)
		return false;
	bool own = step->form != STEP_GROUP &&
		   strncmp(step->key, "preflight", strlen("preflight")) != 0; /* its steps are visited */
	search->gate = own ? approval_gate(step) : NULL;
	return !search->gate;
}

const char *execute_gate_before(const struct runbook *runbook, const char *from)
{
	struct search search = {.until = runbook_step(runbook, from)};
	runbook_visit(runbook, search_step, &search);
	return search.gate ? search.gate->key : NULL;
}

int approval_check_amended(const struct interpreter *interpreter, struct error *err)
{
	const struct history *history = interpreter->history;
	for (size_t i = 0; i < history->gates_count; i++) {
		CLEANUP_FREE char *plain = plain_key(value_get_text(history->gates[i], "step"));
		CLEANUP_FREE char *place = key_without_rounds(plain);
		const struct step *step = runbook_step(interpreter->execution->runbook, place);
		if (step && approval_gate(step) == step)
			continue;
		error_set(err, ERROR_CONFLICT, "step %s has asked for signatures, and is no such step in the amended runbook",
			  place);
		return error_hint(err, "leave the gate where it is: what comes after it has to be approved as it is now");
	}
	return 0;
}

/* --- the document --- */

static const struct value *digest_of(struct arena *arena, const struct value *value)
{
	char digest[HASH_HEX_SIZE];
	if (!is_given(value))
		return value_null();
	const char *text = json_text(arena, value);
	hash_hex(text, strlen(text), digest);
	return value_string(arena, digest);
}

/* Everything that the run executes, by digest. */
static const struct value *content_of(struct arena *arena, const struct interpreter *interpreter)
{
	const struct execution *execution = interpreter->execution;
	const struct value *skipped = control_skipped(interpreter);
	struct value *content = (struct value *)value_copy(arena, execution->digests);
	value_put(arena, content, "evidence", digest_of(arena, execution->evidence));
	value_put(arena, content, "plan", digest_of(arena, execution->plan));
	value_put(arena, content, "from", execution->from ? value_string(arena, execution->from) : value_null());
	if (skipped->map.count)
		value_put(arena, content, "skipped", value_copy(arena, skipped));
	return content;
}

/* A host is its id: who approves knows it by that, and its other fields are in the inventory's digest. */
static const struct value *inputs_for_people(struct arena *arena, const struct value *inputs)
{
	struct value *map = value_map(arena);
	for (size_t i = 0; i < inputs->map.count; i++) {
		const struct value *value = inputs->map.entries[i].value;
		const struct value *id = value_is(value, VALUE_MAP) ? value_get(value, "id") : NULL;
		value_put_key(arena, map, inputs->map.entries[i].key, id ? id : value);
	}
	return map;
}

static const struct value *requester(const struct interpreter *interpreter)
{
	const struct value *opened = interpreter->history ? interpreter->history->opened : NULL;
	const struct value *operator= value_get(opened, "operator");
	return operator? operator: interpreter->execution->operator;
}

static const struct value *wall_value(struct arena *arena, int64_t wall)
{
	char text[CLOCK_TEXT_SIZE];
	if (!wall)
		return value_null();
	clock_format_wall(wall, text);
	return value_string(arena, text);
}

static const char *place_of(struct arena *arena, const char *key)
{
	CLEANUP_FREE char *plain = plain_key(key);
	return arena_strdup(arena, plain);
}

static const struct value *document_of(struct interpreter *interpreter, struct attempt *attempt,
				       const struct approval *approval, int64_t requested)
{
	struct arena *arena = interpreter->arena;
	const struct execution *execution = interpreter->execution;
	const struct value *who = requester(interpreter), *parsed = value_null();
	struct value *document = value_map(arena), *by = value_map(arena);
	value_put(arena, by, "user", value_get(who, "user"));
	value_put(arena, by, "host", value_get(who, "host"));
	value_put(arena, document, "standin_approval", value_int(arena, 1));
	value_put(arena, document, "run", value_string(arena, interpreter->run->id));
	value_put(arena, document, "runbook", value_string(arena, execution->runbook->name));
	value_put(arena, document, "step", value_string(arena, attempt->key));
	value_put(arena, document, "place", value_string(arena, place_of(arena, attempt->key)));
	value_put(arena, document, "name", value_string(arena, attempt->name));
	value_put(arena, document, "message", value_get(attempt->call.inputs, "message"));
	value_put(arena, document, "requester", by);
	value_put(arena, document, "requested", wall_value(arena, requested));
	value_put(arena, document, "expires", wall_value(arena, approval->expires));
	value_put(arena, document, "from", approval->from);
	value_put(arena, document, "min", value_int(arena, (int64_t)approval->least));
	value_put(arena, document, "not_requester", value_bool(approval->not_requester));
	value_put(arena, document, "inputs", inputs_for_people(arena, execution->inputs));
	value_put(arena, document, "content", content_of(arena, interpreter));
	/* as it reads in a file: what has a type there only (a duration) is text here too */
	const char *text = json_text(arena, document);
	json_parse(arena, text, strlen(text), &parsed, NULL);
	return parsed;
}

/* --- the terms --- */

static int read_timeout(const struct value *inputs, int64_t *ret_timeout, struct error *err)
{
	const struct value *timeout = value_get(inputs, "timeout");
	*ret_timeout = 0;
	if (value_is(timeout, VALUE_DURATION))
		*ret_timeout = value_nanoseconds(timeout);
	else if (value_text(timeout))
		return duration_parse(value_text(timeout), ret_timeout, err);
	return 0;
}

/* Relative to the runbook, wherever standin was called. */
static const char *path_of(struct interpreter *interpreter, const char *path)
{
	const char *runbook = interpreter->execution->runbook->source->name, *slash = strrchr(runbook, '/');
	if (*path == '/' || !slash)
		return arena_strdup(interpreter->arena, path);
	return arena_printf(interpreter->arena, "%.*s/%s", (int)(slash - runbook), runbook, path);
}

/* ssh-keygen reads files: what the run keeps by content is put into its folder. */
static int place_file(struct interpreter *interpreter, const char *name, const struct source *source, const char **ret_path,
		      const char **ret_name, struct error *err)
{
	*ret_path = *ret_name = NULL;
	if (!source)
		return 0;
	*ret_path = arena_printf(interpreter->arena, "%s/%s", interpreter->run->folder, name);
	*ret_name = source->name;
	return file_write_durable(*ret_path, source->text, source->length, 0600, err);
}

static int place_policy(struct interpreter *interpreter, struct approval *approval, struct error *err)
{
	const struct execution *execution = interpreter->execution;
	if (place_file(interpreter, "approvers", execution->approvers, &approval->signers, &approval->signers_name, err) < 0)
		return -1;
	return place_file(interpreter, "revoked", execution->revoked, &approval->revoked, &approval->revoked_name, err);
}

static void read_files(struct interpreter *interpreter, const struct value *inputs, struct approval *approval)
{
	const char *signers = value_get_text(inputs, "signers"), *revoked = value_get_text(inputs, "revoked");
	approval->signers = signers ? path_of(interpreter, signers) : SIGNERS;
	approval->revoked = revoked ? path_of(interpreter, revoked) : file_exists(REVOKED) ? REVOKED : NULL;
	approval->signers_name = approval->signers;
	approval->revoked_name = approval->revoked;
}

static int check_files(const struct approval *approval, struct error *err)
{
	const char *missing = !file_exists(approval->signers)			     ? approval->signers
			      : approval->revoked && !file_exists(approval->revoked) ? approval->revoked
										     : NULL;
	if (!missing)
		return 0;
	error_set(err, ERROR_NOT_FOUND, "who may sign cannot be told: there is no %s", missing);
	return error_hint(err, "write it in the form of ssh-keygen's ALLOWED SIGNERS, or name another as `signers`");
}

static int check_count(const struct value *inputs, struct error *err)
{
	const struct value *from = value_get(inputs, "from");
	long long least = value_get_int(inputs, "min", 1);
	if (!value_is(from, VALUE_LIST) || least <= (long long)from->list.count)
		return 0;
	return error_set(err, ERROR_INVALID, "%lld approvals are wanted, but only %zu persons may approve", least,
			 from->list.count);
}

static int check_requester(const struct value *who, bool not_requester, struct error *err)
{
	if (!not_requester || !value_is_text(value_get(who, "user"), "root"))
		return 0;
	error_set(err, ERROR_INVALID, "who asks may not approve, but it cannot be told who asks: the run was started as root");
	return error_hint(err, "start it as yourself, or by sudo, which keeps your name");
}

static bool is_true(const struct value *value)
{
	return value_is(value, VALUE_BOOL) && value->boolean;
}

/* The first gate that the run certainly comes to and at which who asks may not approve. */
static const struct step *sure_gate(const struct block *block)
{
	const struct step *gate = NULL;
	for (size_t i = 0; i < block->count && !gate; i++) {
		const struct step *step = &block->steps[i];
		if (step->condition || step->foreach)
			continue;
		if (approval_gate(step) == step)
			gate = is_true(value_get(step->with_value, "not_requester")) ? step : NULL;
		else
			gate = sure_gate(&step->steps);
		if (!gate && step->callee)
			gate = sure_gate(&step->callee->preflight);
		if (!gate && step->callee)
			gate = sure_gate(&step->callee->steps);
	}
	return gate;
}

int execute_check_gates(const struct execution *execution, struct error *err)
{
	const struct step *gate = sure_gate(&execution->runbook->preflight);
	if (!gate)
		gate = sure_gate(&execution->runbook->steps);
	return check_requester(execution->operator, gate != NULL, err);
}

static void ask_anew(struct interpreter *interpreter, struct attempt *attempt, struct approval *approval, int64_t timeout)
{
	int64_t now = clock_wall();
	approval->expires = timeout ? now + timeout : 0;
	approval->document = document_of(interpreter, attempt, approval, now);
	approval->text = json_text(interpreter->arena, approval->document);
}

/* The times of the document that was journaled: everything else as it is now. */
static bool ask_again(struct interpreter *interpreter, struct attempt *attempt, struct approval *approval)
{
	const struct value *waiting = history_get(interpreter->history, "waiting", attempt->key, 0);
	const struct value *before = value_get(waiting, "approval");
	int64_t requested = 0, expires = 0;
	if (!value_is(before, VALUE_MAP) || clock_parse_wall(value_get_text(before, "requested"), &requested) < 0)
		return false;
	if (value_get_text(before, "expires") && clock_parse_wall(value_get_text(before, "expires"), &expires) < 0)
		return false;
	approval->expires = expires;
	approval->document = document_of(interpreter, attempt, approval, requested);
	approval->text = json_text(interpreter->arena, approval->document);
	return strcmp(approval->text, json_text(interpreter->arena, before)) == 0;
}

int approval_check(struct interpreter *interpreter, const struct value *inputs, struct error *err)
{
	struct approval approval = {0};
	if (check_count(inputs, err) < 0 ||
	    check_requester(requester(interpreter), value_get_bool(inputs, "not_requester", false), err) < 0)
		return -1;
	if (interpreter->execution->approvers)
		return 0;
	read_files(interpreter, inputs, &approval);
	return check_files(&approval, err);
}

int approval_prepare(struct interpreter *interpreter, struct attempt *attempt, struct approval **ret_approval,
		     struct error *err)
{
	struct approval *approval = ARENA_NEW(interpreter->arena, struct approval);
	const struct value *inputs = attempt->call.inputs;
	int64_t timeout;
	control_sign(interpreter);
	approval->step = arena_strdup(interpreter->arena, attempt->key);
	approval->from = value_copy(interpreter->arena, value_get(inputs, "from"));
	approval->least = (size_t)value_get_int(inputs, "min", 1);
	approval->not_requester = value_get_bool(inputs, "not_requester", false);
	if (interpreter->execution->approvers) {
		if (place_policy(interpreter, approval, err) < 0)
			return -1;
	} else {
		read_files(interpreter, inputs, approval);
	}
	if (read_timeout(inputs, &timeout, err) < 0 || check_count(inputs, err) < 0 ||
	    check_requester(requester(interpreter), approval->not_requester, err) < 0 || check_files(approval, err) < 0)
		return -1;
	if (!ask_again(interpreter, attempt, approval))
		ask_anew(interpreter, attempt, approval, timeout);
	*ret_approval = approval;
	return 0;
}

/* --- what has changed --- */

static const struct {
	const char *part, *said;
	bool several; /* a map from names */
} parts[] = {
	{"commit", "the commit has changed", false},
	{"runbook", "the runbook has changed", false},
	{"called", "the called runbook", true},
	{"inventory", "the inventory has changed", false},
	{"inputs", "the inputs have changed", false},
	{"plugins", "the plugin", true},
	{"evidence", "what it rests on (evidence) has changed", false},
	{"plan", "the plan has changed", false},
	{"from", "it begins at another step", false},
	{"skipped", "what is left out (skip) has changed", false},
};

static const char *name_of_change(const struct value *before, const struct value *now)
{
	for (size_t i = 0; now && value_is(now, VALUE_MAP) && i < now->map.count; i++) {
		const struct value *then = value_get_key(before, now->map.entries[i].key);
		if (!then || !value_equal(then, now->map.entries[i].value))
			return value_text(now->map.entries[i].key);
	}
	return before && value_is(before, VALUE_MAP) && before->map.count ? value_text(before->map.entries[0].key) : "?";
}

const char *approval_difference(struct arena *arena, const struct value *before, const struct value *now)
{
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		const struct value *then = value_get(before, parts[i].part), *is = value_get(now, parts[i].part);
		if ((!then && !is) || (then && is && value_equal(then, is)))
			continue;
		if (!parts[i].several)
			return parts[i].said;
		return arena_printf(arena, "%s %s has changed", parts[i].said, name_of_change(then, is));
	}
	return value_equal(before, now) ? NULL : "what it executes has changed";
}

const char *approval_outdated(struct interpreter *interpreter, const char *key)
{
	struct arena *arena = interpreter->arena;
	const struct value *waiting = history_get(interpreter->history, "waiting", key, 0);
	const struct value *before = value_get(value_get(waiting, "approval"), "content");
	return before ? approval_difference(arena, before, content_of(arena, interpreter)) : NULL;
}
