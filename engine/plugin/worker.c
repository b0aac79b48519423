/*
 * worker.c - the pump of one process, and its end.
 *
 * Everything that comes is bounded before it is looked at: a line by its length, all of it by bytes and messages since the last
 * answer. A worker is never asked to stop nicely when it broke a rule: its whole session is killed, and that ends what it did
 * alone.
 */
#include "engine/plugin/worker.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "engine/base/json.h"
#include "engine/base/memory.h"
#include "engine/plugin/confine.h"

#define CHUNK	      ((size_t)64 * 1024)
#define SAID_LIMIT    ((size_t)4096)
#define EXCERPT_LIMIT ((size_t)400)
#define LAST_WORDS    (500 * NSEC_PER_MSEC) /* between the end of its output and that of the process */

void worker_send(struct worker *worker, const struct value *message)
{
	if (worker->over)
		return;
	json_format(&worker->outgoing, message, JSON_COMPACT);
	buffer_add_char(&worker->outgoing, '\n');
	if (worker->outgoing.length > PROTOCOL_BACKLOG_LIMIT)
		worker_fail(worker, "it does not read what it is sent");
	loop_signal(&worker->stir);
}

/* The end of its stderr, on one line. */
static const char *worker_last_words(struct arena *arena, const struct worker *worker)
{
	const struct buffer *said = &worker->said;
	size_t length = said->length;
	while (length && strchr(" \n", said->data[length - 1]))
		length--;
	size_t start = length > EXCERPT_LIMIT ? length - EXCERPT_LIMIT : 0;
	CLEANUP_BUFFER struct buffer open = {0};
	redact(&worker->secrets, buffer_text(said) + start, length - start, said->length >= SAID_LIMIT || start, false, &open);
	return worker_clean_text(arena, worker, buffer_text(&open), open.length);
}

static void wipe(struct buffer *buffer)
{
	if (buffer->data)
		explicit_bzero(buffer->data, buffer->capacity);
	buffer_free(buffer);
}

void worker_fail(struct worker *worker, const char *format, ...)
{
	va_list args;
	if (worker->over)
		return;
	va_start(args, format);
	CLEANUP_BUFFER struct buffer why = {0};
	buffer_vprintf(&why, format, args);
	va_end(args);
	worker->over = true;
	if (!worker->ending) {
		CLEANUP_ARENA struct arena *arena = arena_new();
		const char *said = worker_last_words(arena, worker);
		worker->why = memory_printf("%s%s%s", worker_clean_text(arena, worker, buffer_text(&why), why.length),
					    *said ? "; it said: " : "", said);
		processes_note(worker->processes, "the plugin %s was ended: %s", worker->program->plugin, worker->why);
	}
	process_kill(&worker->process, SIGKILL);
	wipe(&worker->outgoing);
	exchanges_fail(worker);
	loop_signal(&worker->changed);
	loop_signal(&worker->stir);
}

/* --- what it says --- */

static int hear_line(struct worker *worker, const char *line, size_t length)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct message message;
	if (message_parse(arena, line, length, &message, &err) == 0 && exchange_hear(worker, &message, &err) == 0)
		return 0;
	worker_fail(worker, "it broke the protocol: %s", error_text(&err));
	return -1;
}

static void hear(struct worker *worker, const char *data, size_t length)
{
	struct buffer *line = &worker->line;
	while (length && !worker->over) {
		const char *end = memchr(data, '\n', length);
		size_t part = end ? (size_t)(end - data) : length;
		if (line->length + part >= PROTOCOL_LINE_LIMIT) {
			worker_fail(worker, "it broke the protocol: a line longer than %zu bytes", PROTOCOL_LINE_LIMIT);
			return;
		}
		buffer_append(line, data, part);
		if (!end)
			return;
		if (++worker->messages > PROTOCOL_MESSAGES_LIMIT)
			worker_fail(worker, "it broke the protocol: more than %d messages without an answer",
				    PROTOCOL_MESSAGES_LIMIT);
		else if (hear_line(worker, buffer_text(line), line->length) < 0)
			return;
		buffer_reset(line);
		data += part + 1;
		length -= part + 1;
	}
}

static void close_stream(struct worker *worker, int *fd)
{
	if (*fd < 0)
		return;
	epoll_ctl(worker->epoll, EPOLL_CTL_DEL, *fd, NULL);
	close(take_fd(*fd));
}

/* Its output has ended, so it is about to end, or may as well. */
static void mourn(struct worker *worker)
{
	struct process_exit ended;
	close_stream(worker, &worker->process.output);
	enum loop_wake wake = loop_wait_fd(worker->process.pidfd, POLLIN, clock_boottime() + LAST_WORDS, NULL);
	process_kill(&worker->process, SIGKILL); /* its children, while its number is still its own */
	if (worker->over)
		return;
	if (wake != LOOP_READY || process_wait(&worker->process, CLOCK_FOREVER, &ended, NULL) < 0)
		worker_fail(worker, "it closed its output");
	else if (ended.signal)
		worker_fail(worker, "it died of the signal %s", sigabbrev_np(ended.signal) ? sigabbrev_np(ended.signal) : "?");
	else
		worker_fail(worker, "it exited with code %d", ended.code);
}

/* Bytes that came; 0: nothing now, -1: the end. */
static ssize_t receive(int fd, char *chunk)
{
	ssize_t count = read(fd, chunk, CHUNK);
	if (count < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	return count > 0 ? count : -1;
}

static void read_output(struct worker *worker)
{
	static char chunk[CHUNK]; /* hear() does not wait */
	ssize_t count = receive(worker->process.output, chunk);
	if (count < 0) {
		mourn(worker);
		return;
	}
	worker->bytes += (size_t)count;
	if (worker->bytes > PROTOCOL_BYTES_LIMIT)
		worker_fail(worker, "it broke the protocol: more than %zu bytes without an answer", PROTOCOL_BYTES_LIMIT);
	else
		hear(worker, chunk, (size_t)count);
}

static void read_errors(struct worker *worker)
{
	static char chunk[CHUNK];
	ssize_t count = receive(worker->process.errors, chunk);
	if (count < 0) {
		close_stream(worker, &worker->process.errors);
		return;
	}
	buffer_append(&worker->said, chunk, (size_t)count);
	if (worker->said.length > SAID_LIMIT)
		buffer_consume(&worker->said, worker->said.length - SAID_LIMIT);
}

static void write_input(struct worker *worker)
{
	struct buffer *outgoing = &worker->outgoing;
	size_t written = 0;
	while (written < outgoing->length) {
		ssize_t count = write(worker->process.input, outgoing->data + written, outgoing->length - written);
		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0) {
			if (errno != EAGAIN) { /* it has closed its stdin; its output tells why */
				wipe(outgoing);
				return;
			}
			break;
		}
		written += (size_t)count;
	}
	if (written == outgoing->length)
		wipe(outgoing); /* there may have been a secret in it */
	else
		buffer_consume(outgoing, written);
}

/* --- the pump --- */

static void watch(struct worker *worker, int *fd, uint32_t events, int operation)
{
	struct epoll_event event = {.events = events, .data.ptr = fd};
	if (*fd >= 0)
		epoll_ctl(worker->epoll, operation, *fd, &event);
}

static void arm_input(struct worker *worker)
{
	bool wants = worker->outgoing.length > 0 && worker->process.input >= 0;
	if (wants == worker->waits_to_write)
		return;
	worker->waits_to_write = wants;
	watch(worker, &worker->process.input, wants ? EPOLLOUT : 0, EPOLL_CTL_MOD);
}

static void attend(struct worker *worker)
{
	struct epoll_event events[3];
	int count = epoll_wait(worker->epoll, events, COUNT_OF(events), 0);
	for (int i = 0; i < count && !worker->over; i++) {
		int *fd = events[i].data.ptr;
		if (*fd < 0)
			continue;
		if (fd == &worker->process.input && (events[i].events & EPOLLOUT))
			write_input(worker);
		else if (fd == &worker->process.input)
			close_stream(worker, fd); /* nobody reads it any more */
		else if (fd == &worker->process.output)
			read_output(worker);
		else
			read_errors(worker);
	}
}

static void pump(void *argument)
{
	struct worker *worker = argument;
	watch(worker, &worker->process.errors, EPOLLIN, EPOLL_CTL_ADD);
	watch(worker, &worker->process.output, EPOLLIN, EPOLL_CTL_ADD);
	watch(worker, &worker->process.input, 0, EPOLL_CTL_ADD);
	while (!worker->over) {
		host_requests_reap(worker);
		arm_input(worker);
		if (worker->ending && !worker->outgoing.length)
			close_stream(worker, &worker->process.input);
		if (loop_wait_either(worker->epoll, POLLIN, &worker->stir, CLOCK_FOREVER, NULL) == LOOP_READY)
			attend(worker);
	}
}

/* --- beginning and end --- */

static const struct value *limits_value(struct arena *arena)
{
	struct value *limits = value_map(arena);
	value_put(arena, limits, "line", value_int(arena, (int64_t)PROTOCOL_LINE_LIMIT));
	value_put(arena, limits, "requests", value_int(arena, PROTOCOL_OPEN_LIMIT));
	value_put(arena, limits, "bytes", value_int(arena, (int64_t)PROTOCOL_BYTES_LIMIT));
	value_put(arena, limits, "messages", value_int(arena, PROTOCOL_MESSAGES_LIMIT));
	value_put(arena, limits, "download", value_int(arena, (int64_t)DOWNLOAD_LIMIT));
	return limits;
}

static void send_hello(struct worker *worker, const struct value *unconfined)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct value *hello = value_map(arena), *protocols = value_list(arena);
	value_append(arena, protocols, value_int(arena, PROTOCOL_VERSION));
	value_put(arena, hello, "message", value_string(arena, "hello"));
	value_put(arena, hello, "protocols", protocols);
	value_put(arena, hello, "plugin", value_string(arena, worker->program->plugin));
	value_put(arena, hello, "limits", limits_value(arena));
	value_put(arena, hello, "unconfined", unconfined);
	worker_send(worker, hello);
}

static int await_welcome(struct worker *worker, int64_t deadline, struct error *err)
{
	while (!worker->welcomed && !worker->over) {
		enum loop_wake wake = loop_wait_signal(&worker->changed, deadline);
		if (wake == LOOP_TIMEOUT)
			worker_fail(worker, "it did not answer to `hello` in time");
		else if (wake == LOOP_CANCELLED)
			worker_fail(worker, "cancelled while it was started");
	}
	if (worker->welcomed && !worker->over)
		return 0;
	return error_set(err, ERROR_FAILED, "the plugin %s could not be started: %s", worker->program->plugin,
			 worker->why ? worker->why : "it ended");
}

static const struct value *unconfined_list(struct arena *arena, unsigned unconfined)
{
	struct value *list = value_list(arena);
	for (unsigned bit = 0; bit < UNCONFINED_BITS; bit++)
		if (unconfined & (1u << bit))
			value_append(arena, list, value_string(arena, unconfined_text((enum unconfined)(1u << bit))));
	return list;
}

int worker_start(struct plugin_processes *processes, const struct plugin_program *program, int64_t deadline,
		 struct worker **ret_worker, unsigned *ret_unconfined, struct error *err)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct launched launched;
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	if (epoll < 0)
		return error_set_errno(err, errno, "cannot watch a process");
	if (launch(program, deadline, &launched, err) < 0) {
		close(epoll);
		return -1;
	}
	struct worker *worker = memory_alloc(sizeof(*worker));
	*worker = (struct worker){.program = program,
				  .processes = processes,
				  .process = launched.process,
				  .folder = launched.folder,
				  .users = 1,
				  .epoll = epoll,
				  .secrets_arena = arena_new()};
	*ret_unconfined = launched.unconfined;
	send_hello(worker, unconfined_list(arena, launched.unconfined));
	worker->pump = fiber_start(pump, worker);
	if (await_welcome(worker, deadline, err) < 0) {
		worker_release(worker);
		return -1;
	}
	*ret_worker = worker;
	return 0;
}

void worker_release(struct worker *worker)
{
	if (--worker->users > 0)
		return;
	while (fiber_join(worker->pump, CLOCK_FOREVER) != LOOP_READY)
		;
	host_requests_end(worker, NULL);
	process_free(&worker->process);
	private_folder_remove(&worker->folder);
	free(worker->why);
	close(worker->epoll);
	wipe(&worker->outgoing);
	wipe(&worker->line);
	wipe(&worker->said);
	arena_free(worker->secrets_arena);
	free(worker);
}

void worker_end(struct worker *worker, int64_t deadline)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct value *goodbye = value_map(arena);
	value_put(arena, goodbye, "message", value_string(arena, "goodbye"));
	worker_send(worker, goodbye);
	worker->ending = true;
	loop_signal(&worker->stir);
	while (!worker->over && loop_wait_signal(&worker->changed, deadline) == LOOP_READY)
		;
	worker_fail(worker, "it was asked to end");
}
