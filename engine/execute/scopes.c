/*
 * scopes.c - the named scope of one attempt's apply: on which hosts it may run, waiting for it there, ending it there.
 *
 * Which hosts these are is taken from what was journaled before anything was applied, not from the step as it is now: an
 * amended runbook may send it elsewhere, a process plugin decides while it works. A host is journaled before the first command
 * runs on it: with the intent where the manifest tells, else by a record of its own.
 */
#include <string.h>

#include "engine/base/memory.h"
#include "engine/connection/scope.h"
#include "engine/execute/interpreter.h"

static struct value *add_host(struct arena *arena, const struct value *hosts, const char *id)
{
	struct value *longer = value_list(arena);
	for (size_t i = 0; hosts && i < hosts->list.count; i++)
		value_append(arena, longer, hosts->list.items[i]);
	value_append(arena, longer, value_string(arena, id));
	return longer;
}

/* A process plugin is about to run something on one more host. */
static int note_host(void *context, const struct host *host, struct error *err)
{
	struct scopes *scopes = context;
	scopes->hosts = add_host(scopes->attempt->arena, scopes->hosts, host->id);
	if (record_scope(scopes->interpreter, scopes->attempt, scopes->hosts) == 0)
		return 0;
	return error_set(err, ERROR_IO, "the journal cannot be written");
}

/* NULL: nothing was intended yet. */
static const struct value *journaled_hosts(const struct scopes *scopes)
{
	const struct attempt *attempt = scopes->attempt;
	const struct history *history = scopes->interpreter->history;
	const struct value *later = history_get(history, "scope", attempt->key, attempt->number);
	const struct value *intent = history_get(history, "intent", attempt->key, attempt->number);
	return later ? value_get(later, "hosts") : intent ? value_get(intent, "hosts") : NULL;
}

static const char *journaled_name(const struct scopes *scopes)
{
	const struct attempt *attempt = scopes->attempt;
	const struct value *intent = history_get(scopes->interpreter->history, "intent", attempt->key, attempt->number);
	return intent ? value_get_text(intent, "scope") : NULL;
}

void scopes_init(struct scopes *scopes, struct interpreter *interpreter, struct attempt *attempt)
{
	*scopes = (struct scopes){.interpreter = interpreter, .attempt = attempt};
	scopes->name = memory_strdup(journaled_name(scopes));
	scopes->hosts = journaled_hosts(scopes);
	attempt->call.on_scope = note_host;
	attempt->call.context = scopes;
}

void scopes_free(struct scopes *scopes)
{
	free(scopes->name);
}

int scopes_intend(struct scopes *scopes, const struct value *baseline)
{
	struct attempt *attempt = scopes->attempt;
	const struct host *host = action_apply_host(attempt->arena, &attempt->call);
	const char *run = value_get_text(scopes->interpreter->run_value, "id");
	free(scopes->name);
	scopes->name = scope_name(run, attempt->key, attempt->number, journal_sequence(scopes->interpreter->journal) + 1);
	scopes->hosts = host ? add_host(attempt->arena, NULL, host->id) : value_list(attempt->arena);
	return record_intent(scopes->interpreter, attempt, scopes, baseline);
}

static struct connection *connection_to(const struct scopes *scopes, const char *id)
{
	const struct call *call = &scopes->attempt->call;
	const struct host *host = strcmp(id, CONTROLLER_ID) == 0 ? action_controller() : inventory_host(call->inventory, id);
	return host ? connections_get(call->connections, host, host == call->executor ? call->user : NULL) : NULL;
}

int scopes_wait(const struct scopes *scopes, int64_t deadline, struct error *err)
{
	for (size_t i = 0; i < scopes->hosts->list.count; i++) {
		struct connection *connection = connection_to(scopes, value_text(scopes->hosts->list.items[i]));
		if (connection && scope_wait(connection, scopes->name, deadline, err) < 0)
			return -1;
	}
	return 0;
}

int scopes_end(const struct scopes *scopes, int64_t deadline, struct error *err)
{
	int result = 0;
	for (size_t i = 0; i < scopes->hosts->list.count; i++) {
		struct connection *connection = connection_to(scopes, value_text(scopes->hosts->list.items[i]));
		struct error why = ERROR_NONE;
		if (!connection || scope_end(connection, scopes->name, deadline, &why) == 0)
			continue;
		if (result == 0)
			error_move(err, &why);
		error_clear(&why);
		result = -1;
	}
	return result;
}
