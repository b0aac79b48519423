/*
 * host_work.c - doing one request of a plugin on a host: run, upload, download.
 *
 * The engine's own machine is never among a call's hosts: what a plugin does there it does itself, confined.
 */
#include <string.h>

#include "engine/base/base64.h"
#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "engine/base/utf8.h"
#include "engine/plugin/host_request.h"

#define FILE_LIMIT     ((size_t)256 * 1024 * 1024) /* bytes of a file of the plugin's */
#define SCOPE_RETRY    (100 * NSEC_PER_MSEC)
#define SCOPE_PATIENCE (5 * NSEC_PER_SEC) /* systemd may need a moment to forget the unit of the command before */

static struct connection *connection_to(const struct host_request *request)
{
	const struct call *call = request->exchange->call;
	return connections_get(call->connections, request->host, request->host == call->executor ? call->user : NULL);
}

static const struct value *field(const struct host_request *request, const char *name)
{
	const struct value *value = value_get(request->message.fields, name);
	return value_is(value, VALUE_NULL) ? NULL : value;
}

static bool wants_base64(const struct host_request *request)
{
	return value_is_text(field(request, "encoding"), "base64");
}

/* Bytes of a host as the plugin wants them. */
static const struct value *encoded(const struct host_request *request, const char *data, size_t length)
{
	CLEANUP_BUFFER struct buffer out = {0};
	if (wants_base64(request))
		base64_encode(&out, data, length);
	else
		utf8_append_repaired(&out, data, length);
	return value_string_n(request->arena, buffer_text(&out), out.length);
}

static int64_t deadline_of(const struct host_request *request)
{
	const struct value *timeout = field(request, "timeout");
	double seconds = !timeout ? -1 : timeout->type == VALUE_INT ? (double)timeout->integer : timeout->real;
	int64_t now = clock_boottime(), latest = request->exchange->deadline;
	if (seconds < 0 || seconds > 1e8)
		return latest;
	int64_t own = now + (int64_t)(seconds * (double)NSEC_PER_SEC);
	return own < latest ? own : latest;
}

/* What decides about a whole run, whatever the plugin makes of it. */
static void keep_final(struct host_request *request, const struct error *err)
{
	struct error *final = &request->exchange->final;
	if ((err->code != ERROR_IDENTITY && err->code != ERROR_REFUSED) || final->code != ERROR_OK)
		return;
	error_set(final, err->code, "%s", error_text(err));
	if (err->hint)
		error_hint(final, "%s", err->hint);
}

static void not_done(struct host_request *request, const char *what, struct error *err, bool started)
{
	keep_final(request, err);
	exchange_note(request->exchange, "%s: %s", what, error_text(err));
	host_refuse(request, err, started);
	error_clear(err);
}

/* --- run --- */

static int check_open(const struct worker *worker, const char *const *texts, const char *what, struct error *err)
{
	for (size_t i = 0; texts && texts[i]; i++)
		if (redaction_finds(&worker->secrets, texts[i], strlen(texts[i]))) {
			error_set(err, ERROR_INVALID, "there is a secret in `%s`", what);
			return error_hint(err, "others can read arguments and environment: pass it by `stdin`");
		}
	return 0;
}

static int read_input(struct host_request *request, struct command *command, struct error *err)
{
	const struct value *text = field(request, "stdin"), *coded = field(request, "stdin_base64");
	if (text && coded)
		return error_set(err, ERROR_INVALID, "`stdin` and `stdin_base64` at once");
	if (coded) {
		CLEANUP_BUFFER struct buffer bytes = {0};
		if (base64_decode(&bytes, coded->string.data, coded->string.length) < 0)
			return error_set(err, ERROR_INVALID, "`stdin_base64` is no base64");
		text = value_string_n(request->arena, buffer_text(&bytes), bytes.length);
	}
	if (text) {
		command->input = text->string.data;
		command->input_length = text->string.length;
	}
	return 0;
}

static void stream(void *context, bool is_stderr, const char *data, size_t length)
{
	struct host_request *request = context;
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct host_request piece = *request;
	piece.arena = arena;
	struct value *output = host_answer(&piece, "output");
	value_put(arena, output, "stream", value_string(arena, is_stderr ? "stderr" : "stdout"));
	value_put(arena, output, "data", encoded(&piece, data, length));
	worker_send(request->worker, output);
}

static int read_command(struct host_request *request, struct command *command, struct error *err)
{
	const struct exchange *exchange = request->exchange;
	*command = (struct command){.deadline = deadline_of(request)};
	if (!message_argv(request->arena, field(request, "argv"), &command->argv))
		return error_set(err, ERROR_INVALID, "`argv` names no program");
	if (!message_environment(request->arena, field(request, "env"), &command->environment))
		return error_set(err, ERROR_INVALID, "`env` is no object of texts");
	if (check_open(request->worker, command->argv, "argv", err) < 0 ||
	    check_open(request->worker, command->environment, "env", err) < 0 || read_input(request, command, err) < 0)
		return -1;
	command->no_become = !value_get_bool(request->message.fields, "become", true);
	if (exchange->applies && value_get_bool(request->message.fields, "scope", true))
		command->scope = exchange->scope;
	if (value_get_bool(request->message.fields, "stream", false)) {
		command->on_output = stream;
		command->context = request;
	}
	return 0;
}

static int remember_scope(struct exchange *exchange, const struct host *host, struct error *err)
{
	const struct call *call = exchange->call;
	for (size_t i = 0; i < exchange->scoped_count; i++)
		if (exchange->scoped[i].host == host)
			return 0;
	if (call->on_scope && call->on_scope(call->context, host, err) < 0)
		return -1;
	struct scoped_host *place = arena_grow(exchange->arena, &exchange->scoped, &exchange->scoped_count,
					       &exchange->scoped_capacity, sizeof(*place));
	place->host = host;
	return 0;
}

static int run_when_free(struct host_request *request, const struct command *command, struct command_result *result,
			 struct error *err)
{
	int64_t patience = clock_boottime() + SCOPE_PATIENCE;
	for (;;) {
		int outcome = connection_run(connection_to(request), command, result, err);
		bool taken = outcome < 0 && err->code == ERROR_CONFLICT && !result->started;
		if (!taken || clock_boottime() > patience || loop_sleep(clock_boottime() + SCOPE_RETRY) == LOOP_CANCELLED)
			return outcome;
		command_result_free(result);
		error_clear(err);
	}
}

static int run_in_scope(struct host_request *request, const struct command *command, struct command_result *result,
			struct error *err)
{
	struct exchange *exchange = request->exchange;
	if (fiber_lock_take(&exchange->in_scope, command->deadline) != LOOP_READY)
		return error_set(err, ERROR_CANCELLED, "cancelled before the command was started");
	int outcome = remember_scope(exchange, request->host, err);
	if (outcome == 0)
		outcome = run_when_free(request, command, result, err);
	fiber_lock_release(&exchange->in_scope);
	return outcome;
}

static void put_stream(struct host_request *request, struct value *answer, const char *name, const struct capture *capture)
{
	const char *total = arena_printf(request->arena, "%s_total", name);
	value_put(request->arena, answer, name, encoded(request, capture->data ? capture->data : "", capture->length));
	value_put(request->arena, answer, total, value_int(request->arena, (int64_t)capture->total));
}

static const char *command_text(const struct host_request *request, const struct command *command)
{
	CLEANUP_FREE char *text = connection_command_text(request->host, command);
	const char *clean = worker_clean_text(request->arena, request->worker, text, strlen(text));
	return arena_printf(request->arena, "%s$ %s%s", request->host->id, clean,
			    command->input ? arena_printf(request->arena, "  # stdin: %zu bytes", command->input_length) : "");
}

static void ran(struct host_request *request, const char *text, const struct command_result *result)
{
	struct value *answer = host_answer(request, "ran");
	char elapsed[DURATION_TEXT_SIZE];
	duration_format(result->elapsed, elapsed);
	value_put(request->arena, answer, "exit", value_int(request->arena, result->exit_code));
	value_put(request->arena, answer, "signal",
		  result->signal[0] ? value_string(request->arena, result->signal) : value_null());
	put_stream(request, answer, "stdout", &result->output);
	put_stream(request, answer, "stderr", &result->errors);
	if (result->signal[0])
		exchange_note(request->exchange, "%s: signal %s, %s", text, result->signal, elapsed);
	else
		exchange_note(request->exchange, "%s: exit %d, %s", text, result->exit_code, elapsed);
	worker_send(request->worker, answer);
}

static void work_run(struct host_request *request)
{
	struct command command;
	struct command_result result = {0};
	struct error err = ERROR_NONE;
	if (read_command(request, &command, &err) < 0) {
		not_done(request, arena_printf(request->arena, "%s$ (refused)", request->host->id), &err, false);
		return;
	}
	const char *text = command_text(request, &command);
	int outcome = command.scope ? run_in_scope(request, &command, &result, &err)
				    : connection_run(connection_to(request), &command, &result, &err);
	if (outcome < 0)
		not_done(request, text, &err, result.started);
	else
		ran(request, text, &result);
	command_result_free(&result);
}

/* --- files --- */

static int read_own_file(struct host_request *request, const char *file, struct buffer *content, struct error *err)
{
	const struct plugin_program *program = request->worker->program;
	CLEANUP_FREE char *data = NULL;
	size_t length;
	if (!program_has_file(program, file))
		return error_set(err, ERROR_INVALID, "'%.80s' is not among the files that the manifest lists", file);
	if (file_read(program_path(request->arena, program, file), FILE_LIMIT, &data, &length, err) < 0 ||
	    program_check(program, err) < 0) /* after reading: what was read is what the run began with */
		return -1;
	buffer_append(content, data, length);
	return 0;
}

static int read_content(struct host_request *request, struct buffer *content, struct error *err)
{
	const struct value *text = field(request, "text"), *coded = field(request, "base64"), *file = field(request, "file");
	if (!!text + !!coded + !!file != 1)
		return error_set(err, ERROR_INVALID, "it takes one of `text`, `base64` and `file`");
	if (text)
		buffer_append(content, text->string.data, text->string.length);
	else if (file)
		return read_own_file(request, value_text(file), content, err);
	else if (base64_decode(content, coded->string.data, coded->string.length) < 0)
		return error_set(err, ERROR_INVALID, "`base64` is no base64");
	return 0;
}

static const char *clean_path(const struct host_request *request, const char *path)
{
	return worker_clean_text(request->arena, request->worker, path, strlen(path));
}

static void work_upload(struct host_request *request)
{
	CLEANUP_BUFFER struct buffer content = {0};
	struct error err = ERROR_NONE;
	const char *path = value_get_text(request->message.fields, "path");
	unsigned mode = (unsigned)value_get_int(request->message.fields, "mode", 0600) & 07777;
	const char *text = arena_printf(request->arena, "%s: write %s", request->host->id, clean_path(request, path));
	bool read = check_open(request->worker, (const char *const[]){path, NULL}, "path", &err) == 0 &&
		    read_content(request, &content, &err) == 0;
	if (!read || connection_upload(connection_to(request), buffer_text(&content), content.length, path, mode,
				       request->exchange->deadline, &err) < 0) {
		bool lost = err.code == ERROR_CONNECTION || err.code == ERROR_TIMEOUT || err.code == ERROR_CANCELLED;
		not_done(request, text, &err, lost);
		return;
	}
	exchange_note(request->exchange, "%s: %zu bytes, mode %04o", text, content.length, mode);
	worker_send(request->worker, host_answer(request, "uploaded"));
}

static void work_download(struct host_request *request)
{
	CLEANUP_FREE char *data = NULL;
	size_t length;
	struct error err = ERROR_NONE;
	const char *path = value_get_text(request->message.fields, "path");
	const char *text = arena_printf(request->arena, "%s: read %s", request->host->id, clean_path(request, path));
	int64_t limit = value_get_int(request->message.fields, "limit", (int64_t)DOWNLOAD_LIMIT);
	if (limit > (int64_t)DOWNLOAD_LIMIT)
		limit = (int64_t)DOWNLOAD_LIMIT;
	if (check_open(request->worker, (const char *const[]){path, NULL}, "path", &err) < 0 ||
	    connection_download(connection_to(request), path, (size_t)limit, request->exchange->deadline, &data, &length,
				&err) < 0) {
		not_done(request, text, &err, false);
		return;
	}
	struct value *answer = host_answer(request, "downloaded");
	value_put(request->arena, answer, "data", encoded(request, data, length));
	exchange_note(request->exchange, "%s: %zu bytes", text, length);
	worker_send(request->worker, answer);
}

static void (*const works[MESSAGE_KINDS])(struct host_request *request) = {
	[MESSAGE_RUN] = work_run,
	[MESSAGE_UPLOAD] = work_upload,
	[MESSAGE_DOWNLOAD] = work_download,
};

void host_request_work(struct host_request *request)
{
	works[request->message.kind](request);
}
