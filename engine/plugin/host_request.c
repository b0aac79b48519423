/*
 * host_request.c - the requests that are open: which call each is for, whether it may be asked, its fiber, its end.
 *
 * A plugin never sees a credential: it names a host, and only one that its call is about.
 */
#include "engine/plugin/host_request.h"

#include <string.h>

#include "engine/base/memory.h"

#define PATIENCE (50 * NSEC_PER_MSEC) /* between two cancels of a fiber that waits again */

struct value *host_answer(struct host_request *request, const char *name)
{
	struct value *answer = value_map(request->arena);
	value_put(request->arena, answer, "message", value_string(request->arena, name));
	value_put(request->arena, answer, "id", value_int(request->arena, request->message.id));
	return answer;
}

void host_refuse(struct host_request *request, const struct error *err, bool started)
{
	struct arena *arena = request->arena;
	struct value *answer = host_answer(request, "error");
	value_put(arena, answer, "code", value_string(arena, error_code_name(err->code)));
	value_put(arena, answer, "text", value_string(arena, error_text(err)));
	value_put(arena, answer, "started", value_bool(started));
	worker_send(request->worker, answer);
}

static void work(void *argument)
{
	struct host_request *request = argument;
	host_request_work(request);
	request->done = true;
	loop_signal(&request->worker->stir);
}

static void request_free(struct host_request *request)
{
	while (fiber_join(request->fiber, CLOCK_FOREVER) != LOOP_READY)
		;
	arena_free(request->arena);
	free(request);
}

void host_requests_reap(struct worker *worker)
{
	for (struct host_request **place = &worker->requests; *place;) {
		struct host_request *request = *place;
		if (!request->done || !fiber_done(request->fiber)) {
			place = &request->next;
			continue;
		}
		*place = request->next;
		worker->requests_count--;
		request_free(request);
	}
}

bool host_requests_open(const struct worker *worker, const struct exchange *exchange)
{
	for (const struct host_request *request = worker->requests; request; request = request->next)
		if (!request->done && (!exchange || request->exchange == exchange))
			return true;
	return false;
}

/* What a fiber waits for next after it was cancelled (a lock, a clean end) may need another cancel. */
void host_requests_end(struct worker *worker, const struct exchange *exchange)
{
	while (host_requests_open(worker, exchange)) {
		for (struct host_request *request = worker->requests; request; request = request->next)
			if (!request->done && (!exchange || request->exchange == exchange))
				fiber_cancel(request->fiber);
		loop_sleep(clock_boottime() + PATIENCE);
	}
	host_requests_reap(worker);
}

/* --- may it? --- */

static const struct host *host_named(const struct exchange *exchange, const char *id)
{
	const struct call *call = exchange->call;
	if (!value_get(exchange->hosts, id))
		return NULL;
	if (call->subject && strcmp(call->subject->id, id) == 0)
		return call->subject;
	if (call->executor && strcmp(call->executor->id, id) == 0)
		return call->executor;
	return inventory_host(call->inventory, id);
}

static int allow(struct host_request *request, struct error *err)
{
	const struct exchange *exchange = request->exchange;
	const char *id = value_get_text(request->message.fields, "host");
	if (!exchange->may_ask)
		return error_set(err, ERROR_INVALID, "nothing may be asked for while a call is described");
	if (!exchange->call->connections)
		return error_set(err, ERROR_CONNECTION, "nothing is run on %s: working offline", id);
	if (request->message.kind == MESSAGE_UPLOAD && !exchange->applies)
		return error_set(err, ERROR_INVALID, "a file may only be written within an apply");
	request->host = host_named(exchange, id);
	if (!request->host)
		return error_set(err, ERROR_INVALID, "the host '%.80s' is not one of this call's", id);
	return 0;
}

static bool id_is_open(const struct worker *worker, int64_t id)
{
	for (const struct host_request *request = worker->requests; request; request = request->next)
		if (!request->done && request->message.id == id)
			return true;
	return false;
}

int host_request_start(struct worker *worker, const struct message *message, struct error *err)
{
	struct exchange *exchange = exchange_find(worker, message->call);
	CLEANUP_ERROR struct error refusal = ERROR_NONE;
	host_requests_reap(worker);
	if (!exchange)
		return error_set(err, ERROR_INVALID, "`%s` for %lld, which is not open", message_name(message->kind),
				 (long long)message->call);
	if (id_is_open(worker, message->id))
		return error_set(err, ERROR_INVALID, "`%s` with the id %lld, which is open already",
				 message_name(message->kind), (long long)message->id);
	if (worker->requests_count >= PROTOCOL_OPEN_LIMIT)
		return error_set(err, ERROR_LIMIT, "more than %d open requests", PROTOCOL_OPEN_LIMIT);
	struct host_request *request = memory_alloc(sizeof(*request));
	*request = (struct host_request){.worker = worker, .exchange = exchange, .arena = arena_new(), .message = *message};
	request->message.fields = value_copy(request->arena, message->fields);
	if (allow(request, &refusal) < 0) {
		host_refuse(request, &refusal, false);
		arena_free(request->arena);
		free(request);
		return 0;
	}
	request->next = worker->requests;
	worker->requests = request;
	worker->requests_count++;
	request->fiber = fiber_start(work, request);
	return 0;
}
