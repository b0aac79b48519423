/*
 * exchange.c - a call and its answer; and what else the plugin says, by one table.
 *
 * Who asks waits until the answer is there, the worker is over, or the deadline has come: then the plugin gets a short grace to
 * answer to `cancel`, and is ended if it does not: killing it ends what it did alone. What it had begun on hosts is ended
 * before anybody returns.
 */
#include <stdarg.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/base/utf8.h"
#include "engine/plugin/worker.h"

#define GRACE	   (2 * NSEC_PER_SEC)
#define TEXT_LIMIT ((size_t)1000) /* bytes of one line of evidence, of one reason */

/* --- without secrets --- */

static const struct value *clean_text(struct arena *arena, const struct worker *worker, const struct value *text)
{
	CLEANUP_BUFFER struct buffer out = {0};
	redact(&worker->secrets, text->string.data, text->string.length, false, false, &out);
	return value_string_n(arena, buffer_text(&out), out.length);
}

const struct value *worker_clean(struct arena *arena, const struct worker *worker, const struct value *value)
{
	if (value->type == VALUE_STRING)
		return clean_text(arena, worker, value);
	if (value->type == VALUE_LIST) {
		struct value *list = value_list(arena);
		for (size_t i = 0; i < value->list.count; i++)
			value_append(arena, list, worker_clean(arena, worker, value->list.items[i]));
		return list;
	}
	if (value->type == VALUE_MAP) {
		struct value *map = value_map(arena);
		for (size_t i = 0; i < value->map.count; i++)
			value_put_key(arena, map, clean_text(arena, worker, value->map.entries[i].key),
				      worker_clean(arena, worker, value->map.entries[i].value));
		return map;
	}
	return value_copy(arena, value);
}

const char *worker_clean_text(struct arena *arena, const struct worker *worker, const char *text, size_t length)
{
	CLEANUP_BUFFER struct buffer open = {0};
	CLEANUP_BUFFER struct buffer out = {0};
	redact(&worker->secrets, text, length, false, false, &open);
	size_t kept = open.length < TEXT_LIMIT ? open.length : TEXT_LIMIT;
	utf8_append_printable(&out, buffer_text(&open), kept, false);
	if (kept < open.length)
		buffer_add(&out, "...");
	return arena_strndup(arena, buffer_text(&out), out.length);
}

void exchange_note(struct exchange *exchange, const char *format, ...)
{
	va_list args;
	CLEANUP_BUFFER struct buffer line = {0};
	if (exchange->did_cut)
		return;
	va_start(args, format);
	buffer_vprintf(&line, format, args);
	va_end(args);
	exchange->did_cut = exchange->did.length + line.length > DID_LIMIT;
	buffer_printf(&exchange->did, "%s\n", exchange->did_cut ? "[... more than is kept]" : buffer_text(&line));
}

/* --- hearing --- */

struct exchange *exchange_find(struct worker *worker, int64_t id)
{
	struct exchange *exchange = worker->exchanges;
	while (exchange && exchange->id != id)
		exchange = exchange->next;
	return exchange && !exchange->answer.shown ? exchange : NULL;
}

static int hear_welcome(struct worker *worker, const struct message *message, struct error *err)
{
	int64_t protocol = value_get_int(message->fields, "protocol", 0);
	if (worker->welcomed)
		return error_set(err, ERROR_INVALID, "a second `welcome`");
	if (protocol != PROTOCOL_VERSION)
		return error_set(err, ERROR_INVALID, "it speaks version %lld, this engine speaks %d", (long long)protocol,
				 PROTOCOL_VERSION);
	worker->welcomed = true;
	worker->describes = value_get_bool(message->fields, "describes", false);
	loop_signal(&worker->changed);
	return 0;
}

static int hear_answer(struct worker *worker, const struct message *message, struct error *err)
{
	const char *name = message_name(message->kind);
	struct exchange *exchange = exchange_find(worker, message->id);
	if (!exchange)
		return error_set(err, ERROR_INVALID, "`%s` for %lld, which was not asked or is answered", name,
				 (long long)message->id);
	if (exchange->answer_kind != message->kind)
		return error_set(err, ERROR_INVALID, "`%s` where `%s` was asked for", name,
				 message_name(exchange->answer_kind));
	if (host_requests_open(worker, exchange))
		return error_set(err, ERROR_INVALID, "`%s` while a request of that call is open", name);
	exchange->answer = (struct process_answer){.heard = value_copy(exchange->arena, message->fields),
						   .shown = worker_clean(exchange->arena, worker, message->fields)};
	worker->bytes = worker->messages = 0;
	loop_signal(&exchange->answered);
	return 0;
}

static int hear_progress(struct worker *worker, const struct message *message, struct error *err)
{
	const struct exchange *exchange = exchange_find(worker, message->call);
	if (!exchange)
		return error_set(err, ERROR_INVALID, "`progress` for %lld, which is not open", (long long)message->call);
	if (exchange->call->on_progress) {
		CLEANUP_ARENA struct arena *arena = arena_new();
		exchange->call->on_progress(exchange->call->context, worker_clean(arena, worker, message->fields));
	}
	return 0;
}

/* What belongs to no call is dropped: it says nothing about the run. */
static int hear_log(struct worker *worker, const struct message *message, struct error *err)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct exchange *exchange = message->call < 0 ? NULL : exchange_find(worker, message->call);
	const struct value *text = value_get(message->fields, "text"), *level = value_get(message->fields, "level");
	(void)err;
	if (!exchange)
		return 0;
	exchange_note(exchange, "%s: %s",
		      value_text(level) ? worker_clean_text(arena, worker, level->string.data, level->string.length) : "info",
		      worker_clean_text(arena, worker, text->string.data, text->string.length));
	return 0;
}

static int (*const hearers[MESSAGE_KINDS])(struct worker *worker, const struct message *message, struct error *err) = {
	[MESSAGE_WELCOME] = hear_welcome,
	[MESSAGE_OBSERVATION] = hear_answer,
	[MESSAGE_APPLIED] = hear_answer,
	[MESSAGE_DIAGNOSIS] = hear_answer,
	[MESSAGE_DESCRIPTION] = hear_answer,
	[MESSAGE_PROGRESS] = hear_progress,
	[MESSAGE_LOG] = hear_log,
	[MESSAGE_RUN] = host_request_start,
	[MESSAGE_UPLOAD] = host_request_start,
	[MESSAGE_DOWNLOAD] = host_request_start,
};

int exchange_hear(struct worker *worker, const struct message *message, struct error *err)
{
	if (!worker->welcomed && message->kind != MESSAGE_WELCOME && message->kind != MESSAGE_LOG)
		return error_set(err, ERROR_INVALID, "`%s` before `welcome`", message_name(message->kind));
	return hearers[message->kind](worker, message, err);
}

void exchanges_fail(struct worker *worker)
{
	for (struct exchange *exchange = worker->exchanges; exchange; exchange = exchange->next) {
		if (exchange->answer.shown)
			continue;
		exchange->why = arena_printf(exchange->arena, "the plugin %s was ended: %s", worker->program->plugin,
					     worker->why ? worker->why : "the run ends");
		loop_signal(&exchange->answered);
	}
}

/* --- asking --- */

static void enter(struct exchange *exchange, struct worker *worker)
{
	exchange->worker = worker;
	exchange->id = ++worker->last_id;
	exchange->next = worker->exchanges;
	worker->exchanges = exchange;
	if (exchange->call->inputs)
		redaction_add(worker->secrets_arena, &worker->secrets, exchange->call->inputs);
	redaction_add_known(worker->secrets_arena, &worker->secrets, exchange->call->inventory);
}

static void leave(struct exchange *exchange)
{
	struct exchange **place = &exchange->worker->exchanges;
	while (*place != exchange)
		place = &(*place)->next;
	*place = exchange->next;
}

static void send_cancel(struct exchange *exchange)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct value *cancel = value_map(arena);
	value_put(arena, cancel, "message", value_string(arena, "cancel"));
	value_put(arena, cancel, "id", value_int(arena, exchange->id));
	worker_send(exchange->worker, cancel);
}

static bool is_open(const struct exchange *exchange)
{
	return !exchange->answer.shown && !exchange->why;
}

/* READY: answered or never to be. */
static enum loop_wake await(struct exchange *exchange, int64_t deadline)
{
	enum loop_wake wake = LOOP_READY;
	while (is_open(exchange) && wake == LOOP_READY)
		wake = loop_wait_signal(&exchange->answered, deadline);
	return is_open(exchange) ? wake : LOOP_READY;
}

/* Out of time, or nobody wants it any more: what it asked for on hosts first, so that it can answer. */
static void call_back(struct exchange *exchange, const char *request)
{
	exchange->recalled = true;
	host_requests_end(exchange->worker, exchange);
	if (is_open(exchange))
		send_cancel(exchange);
	int64_t latest = clock_boottime() + GRACE;
	while (is_open(exchange) && clock_boottime() < latest)
		await(exchange, latest);
	if (is_open(exchange))
		worker_fail(exchange->worker, "it did not answer to `%s` in time, nor to `cancel`", request);
}

int exchange_ask(struct exchange *exchange, struct value *message, bool *ret_asked, struct error *err)
{
	struct worker *worker;
	const char *request = value_get_text(message, "message");
	*ret_asked = false;
	if (processes_worker(exchange->call->processes, exchange->call->action->program, exchange->deadline, &worker, err) < 0)
		return -1;
	*ret_asked = true;
	enter(exchange, worker);
	value_put(exchange->arena, message, "id", value_int(exchange->arena, exchange->id));
	worker_send(worker, message);
	enum loop_wake wake = await(exchange, exchange->deadline);
	if (wake != LOOP_READY)
		call_back(exchange, request);
	host_requests_end(worker, exchange);
	leave(exchange);
	worker_release(worker);
	if (exchange->final.code != ERROR_OK) {
		error_move(err, &exchange->final);
		return -1;
	}
	if (wake == LOOP_CANCELLED)
		return error_set(err, ERROR_CANCELLED, "cancelled while the plugin %s worked", exchange->call->action->plugin);
	if (exchange->answer.shown)
		return 0;
	return error_set(err, wake == LOOP_TIMEOUT ? ERROR_TIMEOUT : ERROR_CONNECTION, "%s", exchange->why);
}
