/*
 * process_message.c - values of a call into messages, fields of answers into observations.
 */
#include "engine/plugin/process_message.h"

#include <string.h>

#include "engine/base/memory.h"
#include "engine/base/utf8.h"
#include "engine/plugin/call_names.h"
#include "engine/plugin/manifest.h"
#include "engine/plugin/protocol.h"
#include "engine/plugin/redact.h"

#define REASON_LIMIT ((size_t)1000)

static const struct value *text_or_null(struct arena *arena, const char *text)
{
	return text ? value_string(arena, text) : value_null();
}

/* --- inputs --- */

static const struct value *marked(struct arena *arena, const struct value *secret)
{
	struct value *mark = value_map(arena);
	const struct value *text = call_text(arena, secret);
	struct value *open = text ? value_string_n(arena, text->string.data, text->string.length) : value_string(arena, "");
	value_put(arena, mark, "secret", open);
	return mark;
}

/* A copy in which each secret text stands marked, in clear. */
static const struct value *with_secrets(struct arena *arena, const struct value *value, bool tainted)
{
	tainted = tainted || value->secret;
	if (value->type == VALUE_LIST) {
		struct value *list = value_list(arena);
		for (size_t i = 0; i < value->list.count; i++)
			value_append(arena, list, with_secrets(arena, value->list.items[i], tainted));
		return list;
	}
	if (value->type == VALUE_MAP) {
		struct value *map = value_map(arena);
		for (size_t i = 0; i < value->map.count; i++)
			value_put_key(arena, map, value->map.entries[i].key,
				      with_secrets(arena, value->map.entries[i].value, tainted));
		return map;
	}
	return tainted && value->type != VALUE_NULL ? marked(arena, value) : value;
}

static int secret_refused(const struct call *call, const char *input, struct error *err)
{
	error_set(err, ERROR_INVALID, "%s: the input '%s' is secret and may not be", call->action->name, input);
	return error_hint(err, "the manifest lists the inputs that may be: `secrets: [%s]`", input);
}

static const char *host_id(const struct value *value)
{
	return value->type == VALUE_MAP ? value_get_text(value, "id") : value_text(value);
}

static int add_host(struct arena *arena, const struct call *call, const char *input, const struct value *value,
		    struct value *hosts, struct error *err)
{
	const char *id = host_id(value);
	const struct host *host = id ? inventory_host(call->inventory, id) : NULL;
	if (!host)
		return error_set(err, ERROR_INVALID, "%s: the input '%s' names '%s', which is no host of the inventory",
				 call->action->name, input, id ? id : value_type_name(value->type));
	value_put(arena, hosts, id, host->value ? host->value : value_map(arena));
	return 0;
}

/* Of an input that names hosts the plugin sees the ids. */
static int host_input(struct arena *arena, const struct call *call, const char *input, const struct value *value,
		      struct value *hosts, const struct value **ret_value, struct error *err)
{
	if (value->type != VALUE_LIST) {
		*ret_value = value_string(arena, host_id(value));
		return value->type == VALUE_NULL ? 0 : add_host(arena, call, input, value, hosts, err);
	}
	struct value *ids = value_list(arena);
	for (size_t i = 0; i < value->list.count; i++) {
		if (add_host(arena, call, input, value->list.items[i], hosts, err) < 0)
			return -1;
		value_append(arena, ids, value_string(arena, host_id(value->list.items[i])));
	}
	*ret_value = ids;
	return 0;
}

/* Both ends of a replication set. */
static void add_ends(struct arena *arena, const struct call *call, const struct value *set, struct value *hosts)
{
	static const char *const ends[] = {"source", "target"};
	for (size_t i = 0; i < COUNT_OF(ends); i++) {
		const char *id = value_get_text(set, ends[i]);
		const struct host *host = id ? inventory_host(call->inventory, id) : NULL;
		if (host)
			value_put(arena, hosts, id, host->value ? host->value : value_map(arena));
	}
}

static int put_input(struct arena *arena, const struct call *call, const char *name, const struct value *value,
		     struct value *inputs, struct value *hosts, struct error *err)
{
	const struct action *action = call->action;
	bool may_be_secret = action_input_may_be_secret(action, name);
	if (value_is_secret(value) && !may_be_secret)
		return secret_refused(call, name, err);
	if (manifest_has(action->hosts, name) && host_input(arena, call, name, value, hosts, &value, err) < 0)
		return -1;
	if (manifest_has(action->replicas, name))
		add_ends(arena, call, value, hosts);
	/* What may be secret looks the same whether it is or not. */
	bool text = value->type != VALUE_MAP && value->type != VALUE_LIST;
	value_put(arena, inputs, name, with_secrets(arena, value, may_be_secret && text));
	return 0;
}

static void put_own_hosts(struct arena *arena, const struct call *call, struct value *hosts)
{
	const struct host *own[] = {call->subject, call->executor};
	for (size_t i = 0; i < COUNT_OF(own); i++)
		if (own[i])
			value_put(arena, hosts, own[i]->id, own[i]->value ? own[i]->value : value_map(arena));
}

static int put_wish(struct arena *arena, const struct call *call, struct value *message, struct error *err)
{
	const struct value *object, *desired;
	if (action_object(arena, call, &object, err) < 0 || action_desired(arena, call, &desired, err) < 0)
		return -1;
	value_put(arena, message, "object", object ? object : value_null());
	value_put(arena, message, "desired", desired ? desired : value_null());
	return 0;
}

static const char *unknown_input(const struct value *inputs)
{
	for (size_t i = 0; inputs && i < inputs->map.count; i++)
		if (value_has_unknown(inputs->map.entries[i].value))
			return value_text(inputs->map.entries[i].key);
	return NULL;
}

static const char *short_name(const struct action *action)
{
	const char *dot = strchr(action->name, '.');
	return dot ? dot + 1 : action->name;
}

int process_message(struct arena *arena, const struct call *call, const char *name, int64_t deadline,
		    struct value **ret_message, const struct value **ret_hosts, const char **ret_unknown, struct error *err)
{
	struct value *message = value_map(arena), *inputs = value_map(arena), *hosts = value_map(arena);
	*ret_unknown = unknown_input(call->inputs);
	if (*ret_unknown)
		return 0;
	put_own_hosts(arena, call, hosts);
	for (size_t i = 0; call->inputs && i < call->inputs->map.count; i++) {
		const struct value_entry *entry = &call->inputs->map.entries[i];
		if (put_input(arena, call, value_text(entry->key), entry->value, inputs, hosts, err) < 0)
			return -1;
	}
	int64_t left = deadline == CLOCK_FOREVER ? 0 : deadline - clock_boottime();
	value_put(arena, message, "message", value_string(arena, name));
	value_put(arena, message, "action", value_string(arena, short_name(call->action)));
	value_put(arena, message, "run", text_or_null(arena, call->run_id));
	value_put(arena, message, "host", text_or_null(arena, call->subject ? call->subject->id : NULL));
	value_put(arena, message, "via", value_string(arena, call_executor(call)->id));
	value_put(arena, message, "hosts", hosts);
	value_put(arena, message, "inputs", inputs);
	value_put(arena, message, "time_left", value_double(arena, left > 0 ? (double)left / (double)NSEC_PER_SEC : 0));
	if (put_wish(arena, call, message, err) < 0)
		return -1;
	*ret_message = message;
	*ret_hosts = hosts;
	return 0;
}

const struct value *process_before(struct arena *arena, const struct observation *before)
{
	struct value *value = value_map(arena);
	if (!before || before->kind == OBSERVED_UNOBSERVABLE)
		return value_null();
	if (before->kind == OBSERVED_ABSENT)
		value_put(arena, value, "absent", value_bool(true));
	else
		value_put(arena, value, "state", before->state);
	return value;
}

/* --- answers --- */

static const char *printable(struct arena *arena, const struct value *text)
{
	CLEANUP_BUFFER struct buffer out = {0};
	if (!value_is(text, VALUE_STRING))
		return NULL;
	utf8_append_printable(&out, text->string.data, text->string.length, false);
	if (out.length <= REASON_LIMIT)
		return arena_strndup(arena, buffer_text(&out), out.length);
	size_t kept = REASON_LIMIT;
	while (kept > 0 && ((unsigned char)out.data[kept] & 0xc0) == 0x80)
		kept--;
	return arena_printf(arena, "%.*s...", (int)kept, out.data);
}

static bool is_given(const struct value *answer, const char *name)
{
	const struct value *value = value_get(answer, name);
	return value && value->type != VALUE_NULL && !(value->type == VALUE_BOOL && !value->boolean);
}

/* A map of the answer's, with its secrets tainted. */
static const struct value *values_of(struct arena *arena, const struct process_answer *said, const char *name)
{
	const struct value *heard = value_get(said->heard, name);
	return value_is(heard, VALUE_MAP) ? taint_attributes(arena, heard, value_get(said->shown, name)) : value_map(arena);
}

/* The declared attributes of state, or NULL with *ret_why. */
static const struct value *fitting(struct arena *arena, const struct action *action, const struct value *state,
				   const char **ret_why)
{
	const struct schema_options options = {.path = "outputs"};
	struct value *kept = value_map(arena);
	struct diagnostics diagnostics;
	for (size_t i = 0; i < state->map.count; i++) {
		const char *name = value_text(state->map.entries[i].key);
		if (value_get(action->outputs, name) && state->map.entries[i].value->type != VALUE_NULL)
			value_put(arena, kept, name, state->map.entries[i].value);
	}
	diagnostics_init(&diagnostics, arena);
	if (!action->outputs_schema || schema_check(action->outputs_schema, kept, &options, &diagnostics))
		return kept;
	*ret_why = arena_printf(arena, "what it said breaks the schema of its outputs: %s",
				diagnostics.count ? diagnostics.items[0].message : "?");
	return NULL;
}

static void unobservable(struct arena *arena, const struct call *call, const char *why, struct observation *observation)
{
	*observation = (struct observation){.kind = OBSERVED_UNOBSERVABLE,
					    .why = arena_printf(arena, "%s: %s", call->action->name, why)};
}

void process_read_observation(struct arena *arena, const struct call *call, const struct process_answer *said,
			      struct observation *ret_observation)
{
	const struct value *answer = said->shown;
	bool state = is_given(answer, "state"), absent = is_given(answer, "absent"), blind = is_given(answer, "unobservable");
	const char *why = "it said neither a state nor absent nor unobservable, or several of them";
	if (state + absent + blind != 1) {
		unobservable(arena, call, why, ret_observation);
		return;
	}
	if (blind) {
		unobservable(arena, call, printable(arena, value_get(answer, "unobservable")), ret_observation);
		ret_observation->lost_contact = value_get_bool(answer, "unreachable", false);
		return;
	}
	*ret_observation = (struct observation){.kind = OBSERVED_ABSENT};
	if (state) {
		ret_observation->kind = OBSERVED_STATE;
		ret_observation->state = fitting(arena, call->action, values_of(arena, said, "state"), &why);
		if (!ret_observation->state) {
			unobservable(arena, call, why, ret_observation);
			return;
		}
	}
	ret_observation->transient = value_get_bool(answer, "transient", false);
	ret_observation->fatal = value_get_bool(answer, "fatal", false);
}

static const struct {
	const char *word;
	enum apply_result result;
	enum error_code code;
} results[] = {
	{"done", APPLY_DONE, ERROR_OK},
	{"failed", APPLY_FAILED, ERROR_FAILED},
	{"unknown", APPLY_UNKNOWN, ERROR_CONNECTION},
};

static enum apply_result read_outputs(struct arena *arena, const struct call *call, const struct process_answer *said,
				      const struct value **ret_outputs, struct error *err)
{
	const struct value *outputs = values_of(arena, said, "outputs");
	const char *why = NULL;
	if (call->action->kind != ACTION_TASK || !ret_outputs)
		return APPLY_DONE;
	*ret_outputs = fitting(arena, call->action, outputs, &why);
	if (*ret_outputs)
		return APPLY_DONE;
	error_set(err, ERROR_FAILED, "%s: it ended well, but %s", call->action->name, why);
	return APPLY_FAILED;
}

enum apply_result process_read_applied(struct arena *arena, const struct call *call, const struct process_answer *said,
				       const struct value **ret_outputs, struct error *err)
{
	const struct value *answer = said->shown;
	const struct value *error = value_get(answer, "error");
	const char *text = printable(arena, value_get(error, "message")), *hint = printable(arena, value_get(error, "hint"));
	for (size_t i = 0; i < COUNT_OF(results); i++) {
		if (!value_is_text(value_get(answer, "result"), results[i].word))
			continue;
		if (results[i].result == APPLY_DONE)
			return read_outputs(arena, call, said, ret_outputs, err);
		error_set(err, results[i].code, "%s: %s", call->action->name, text ? text : "the plugin does not say why");
		if (hint)
			error_hint(err, "%s", hint);
		return results[i].result;
	}
	error_set(err, ERROR_CONNECTION, "%s: the plugin says neither done nor failed nor unknown", call->action->name);
	return APPLY_UNKNOWN;
}

static const struct host *described_host(const struct call *call, const char *id)
{
	if (call->subject && strcmp(call->subject->id, id) == 0)
		return call->subject;
	return call->executor && strcmp(call->executor->id, id) == 0 ? call->executor : inventory_host(call->inventory, id);
}

static bool describe_one(struct arena *arena, const struct call *call, const struct value *entry, struct value *texts)
{
	struct command command = {0};
	const char *id = value_get_text(entry, "host");
	const struct host *host = id ? described_host(call, id) : NULL;
	if (!host || !message_argv(arena, value_get(entry, "argv"), &command.argv) ||
	    !message_environment(arena, value_get(entry, "env"), &command.environment))
		return false;
	CLEANUP_FREE char *text = connection_command_text(host, &command);
	const char *where = host == call_executor(call) ? "" : arena_printf(arena, "  # on %s", id);
	const char *input = value_get_bool(entry, "stdin", false) ? "  # stdin: ?" : "";
	value_append(arena, texts, value_printf(arena, "%s%s%s", text, where, input));
	return true;
}

bool process_read_description(struct arena *arena, const struct call *call, const struct value *answer, struct value *texts)
{
	const struct value *commands = value_get(answer, "commands");
	for (size_t i = 0; i < commands->list.count; i++)
		if (!describe_one(arena, call, commands->list.items[i], texts))
			return false;
	return true;
}
