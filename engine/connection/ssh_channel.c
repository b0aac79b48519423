/*
 * ssh_channel.c - one command in one channel:
 *
 *     -> CHANNEL_OPEN  <- CONFIRMATION  -> exec  <- SUCCESS  -> stdin, EOF  <- stdout, stderr, EOF, exit-status, CLOSE  ->
 * CLOSE
 *
 * Two round trips. `started` becomes true with the first byte of the exec request: from there on only the host knows. The exit
 * status is trusted once the host's CLOSE is there, for libssh2 cannot tell "0" from "not yet".
 *
 * Most of that time the host spends on starting a shell. So *spares* are started ahead, while something else is waited for: a
 * channel each, with a shell (spare.h) that reads the command from its stdin and turns into it. Streams, exit code and signal
 * are the command's own, as without; a spare is used once. What has a stdin of its own, or is long, goes the plain way.
 */
#include <stdio.h>
#include <string.h>

#include "engine/connection/capture.h"
#include "engine/connection/spare.h"
#include "engine/connection/ssh_session.h"

#define CHUNK	    ((size_t)64 * 1024)
#define STDIN_CHUNK ((size_t)32 * 1024)

struct channel {
	struct ssh_session *session;
	LIBSSH2_CHANNEL *libssh2;
	const struct request *request;
	const char *line;
	const char *input; /* what is written to it: the request's input, or the line for a spare */
	size_t input_length;
	size_t written; /* of the input */
	bool unwanted;	/* the other end takes no more of it */
	bool eof_sent;
	struct capture_writer output;
	struct capture_writer errors;
	size_t unmarked; /* bytes of the mark that are still to come */
	int stream;	 /* of the present read: 0 or SSH_EXTENDED_DATA_STDERR */
};

static char chunk[CHUNK]; /* filled by a read and used up before the next wait */

static ssize_t call_open(struct ssh_session *session, void *argument)
{
	struct channel *channel = argument;
	channel->libssh2 = libssh2_channel_open_session(session->libssh2);
	return channel->libssh2 ? 0 : libssh2_session_last_errno(session->libssh2);
}

static ssize_t call_exec(struct ssh_session *session, void *argument)
{
	struct channel *channel = argument;
	(void)session;
	return libssh2_channel_process_startup(channel->libssh2, "exec", 4, channel->line, (unsigned)strlen(channel->line));
}

static ssize_t call_write(struct ssh_session *session, void *argument)
{
	struct channel *channel = argument;
	size_t left = channel->input_length - channel->written;
	(void)session;
	return libssh2_channel_write_ex(channel->libssh2, 0, channel->input + channel->written,
					left < STDIN_CHUNK ? left : STDIN_CHUNK);
}

static ssize_t call_send_eof(struct ssh_session *session, void *argument)
{
	struct channel *channel = argument;
	(void)session;
	return libssh2_channel_send_eof(channel->libssh2);
}

static ssize_t call_read(struct ssh_session *session, void *argument)
{
	struct channel *channel = argument;
	(void)session;
	return libssh2_channel_read_ex(channel->libssh2, channel->stream, chunk, CHUNK);
}

static ssize_t call_wait_closed(struct ssh_session *session, void *argument)
{
	struct channel *channel = argument;
	(void)session;
	return libssh2_channel_wait_closed(channel->libssh2);
}

static ssize_t call_free(struct ssh_session *session, void *argument)
{
	struct channel *channel = argument;
	(void)session;
	return libssh2_channel_free(channel->libssh2);
}

static ssize_t call_close(struct ssh_session *session, void *argument)
{
	struct channel *channel = argument;
	(void)session;
	return libssh2_channel_close(channel->libssh2);
}

static int open_channel(struct channel *channel, bool *ret_refused, struct error *err)
{
	struct ssh_session *session = channel->session;
	ssize_t value = 0;
	enum loop_wake wake = fiber_lock_take(&session->opening, channel->request->deadline);
	if (wake == LOOP_TIMEOUT)
		return error_set(err, ERROR_TIMEOUT, "time ran out before the command could be started");
	if (wake == LOOP_CANCELLED)
		return error_set(err, ERROR_CANCELLED, "cancelled before the command was started");
	int outcome = session_call(session, call_open, channel, channel->request->deadline, &value, err);
	fiber_lock_release(&session->opening);
	if (outcome < 0)
		return -1;
	session->served |= value == 0;
	if (value == 0)
		return 0;
	*ret_refused = true;
	error_set(err, ERROR_CONNECTION, "the host opens no channel: %s", session_complaint(session));
	return error_hint(err, "see MaxSessions in its sshd_config");
}

static int execute(struct channel *channel, bool *ret_started, struct error *err)
{
	ssize_t value = 0;
	*ret_started = true;
	if (session_call(channel->session, call_exec, channel, channel->request->deadline, &value, err) < 0)
		return -1;
	if (value == 0)
		return 0;
	*ret_started = false;
	error_set(err, ERROR_CONNECTION, "the host refuses to run commands: %s", session_complaint(channel->session));
	return error_hint(err, "see ForceCommand and the options in authorized_keys on that host");
}

/* As much of stdin as the other end takes now. */
static int feed(struct channel *channel, struct error *err)
{
	int64_t deadline = channel->request->deadline;
	ssize_t value = 1;
	while (channel->written < channel->input_length && !channel->unwanted && value > 0) {
		if (session_try(channel->session, call_write, channel, deadline, &value, err) < 0)
			return -1;
		if (value > 0)
			channel->written += (size_t)value;
	}
	channel->unwanted |= value < 0 && value != LIBSSH2_ERROR_EAGAIN; /* it is closing */
	if ((channel->written < channel->input_length && !channel->unwanted) || channel->eof_sent)
		return 0;
	channel->eof_sent = true;
	return session_call(channel->session, call_send_eof, channel, deadline, &value, err);
}

static void take_output(struct channel *channel, bool is_stderr, const char *data, size_t length)
{
	if (!length)
		return;
	capture_write(is_stderr ? &channel->errors : &channel->output, data, length);
	if (channel->request->on_output)
		channel->request->on_output(channel->request->context, is_stderr, data, length);
}

static int drain(struct channel *channel, int stream, struct error *err)
{
	bool is_stderr = stream != 0;
	for (;;) {
		ssize_t count = 0;
		channel->stream = stream;
		if (session_try(channel->session, call_read, channel, channel->request->deadline, &count, err) < 0)
			return -1;
		if (count <= 0)
			return 0;
		size_t skipped = is_stderr ? 0 : channel->unmarked;
		channel->unmarked -= skipped;
		take_output(channel, is_stderr, chunk + skipped, (size_t)count - skipped);
	}
}

static int converse(struct channel *channel, struct error *err)
{
	for (;;) {
		uint64_t seen = channel->session->received;
		if (feed(channel, err) < 0 || drain(channel, 0, err) < 0 || drain(channel, SSH_EXTENDED_DATA_STDERR, err) < 0)
			return -1;
		ssize_t value = LIBSSH2_ERROR_EAGAIN;
		if (libssh2_channel_eof(channel->libssh2) == 1 &&
		    session_try(channel->session, call_wait_closed, channel, channel->request->deadline, &value, err) < 0)
			return -1;
		if (value == 0)
			return 0;
		if (session_wait(channel->session, seen, channel->request->deadline, err) < 0)
			return -1;
	}
}

static void take_exit(const struct channel *channel, struct command_result *result)
{
	char *name = NULL;
	result->signal[0] = '\0';
	result->exit_code = libssh2_channel_get_exit_status(channel->libssh2);
	libssh2_channel_get_exit_signal(channel->libssh2, &name, NULL, NULL, NULL, NULL, NULL);
	if (!name)
		return;
	snprintf(result->signal, sizeof(result->signal), "%.*s", (int)strcspn(name, "@"), name);
	result->exit_code = -1;
	libssh2_free(channel->session->libssh2, name);
}

/* The host has closed already: our CLOSE is sent, nothing is waited for. */
static void free_channel(struct channel *channel)
{
	ssize_t value;
	struct error ignored = ERROR_NONE;
	session_try(channel->session, call_free, channel, CLOCK_FOREVER, &value, &ignored);
	error_clear(&ignored);
}

/* The command goes on there. The channel is closed from here; libssh2 keeps it until the session is freed. */
static void abandon_channel(struct channel *channel)
{
	ssize_t value;
	struct error ignored = ERROR_NONE;
	channel->session->abandoned++;
	if (!channel->session->dead)
		session_try(channel->session, call_close, channel, CLOCK_FOREVER, &value, &ignored);
	error_clear(&ignored);
}

int ssh_channel_spare(struct ssh_session *session, struct error *err)
{
	const struct request patient = {.deadline = CLOCK_FOREVER}; /* a silent host ends the session */
	CLEANUP_BUFFER struct buffer shell = {0};
	bool started;
	spare_shell(&shell);
	struct channel channel = {.session = session, .request = &patient, .line = shell.data};
	if (open_channel(&channel, &session->spares_refused, err) < 0)
		return -1;
	if (execute(&channel, &started, err) < 0) {
		session->spares_refused = true;
		abandon_channel(&channel);
		return -1;
	}
	session->spares[session->spare_count++] = channel.libssh2;
	return 0;
}

/* The oldest that still waits becomes the channel's. */
static bool take_spare(struct channel *channel)
{
	struct ssh_session *session = channel->session;
	while (session->spare_count) {
		channel->libssh2 = session->spares[0];
		session->spare_count--;
		memmove(session->spares, session->spares + 1, session->spare_count * sizeof(session->spares[0]));
		if (!libssh2_channel_eof(channel->libssh2))
			return true;
		free_channel(channel);
	}
	return false;
}

/* If the spare's shell was gone before it had read, the command was not started, and the plain way is open. */
static int run_in_spare(struct channel *channel, const struct buffer *line, struct command_result *result, struct error *err)
{
	channel->input = line->data;
	channel->input_length = line->length;
	channel->unmarked = SPARE_MARK;
	result->started = true;
	int outcome = converse(channel, err);
	result->started = outcome == 0 ? !channel->unmarked : channel->written > 0;
	return outcome;
}

static int run_plainly(struct channel *channel, struct command_result *result, bool *ret_refused, struct error *err)
{
	channel->input = channel->request->input;
	channel->input_length = channel->request->input_length;
	channel->written = channel->unmarked = 0;
	channel->unwanted = channel->eof_sent = false;
	if (open_channel(channel, ret_refused, err) < 0)
		return -1;
	return execute(channel, &result->started, err) < 0 ? -1 : converse(channel, err);
}

static void finish(struct channel *channel, int outcome, struct command_result *result)
{
	if (outcome == 0) {
		take_exit(channel, result);
		free_channel(channel);
	} else if (channel->libssh2) {
		abandon_channel(channel);
	}
	channel->libssh2 = NULL;
}

int ssh_channel_run(struct ssh_session *session, const char *line, const struct request *request, struct command_result *result,
		    bool *ret_refused, struct error *err)
{
	CLEANUP_BUFFER struct buffer short_line = {0};
	struct channel channel = {.session = session, .request = request, .line = line};
	int outcome = 0;
	session->commands++;
	session->running++;
	capture_start(&channel.output, &result->output);
	capture_start(&channel.errors, &result->errors);
	if (!request->input_length && spare_line(&short_line, request, line) && take_spare(&channel)) {
		outcome = run_in_spare(&channel, &short_line, result, err);
		finish(&channel, outcome, result);
	}
	if (outcome == 0 && !result->started) {
		outcome = run_plainly(&channel, result, ret_refused, err);
		finish(&channel, outcome, result);
	}
	capture_finish(&channel.output);
	capture_finish(&channel.errors);
	session->running--;
	return outcome;
}
