/*
 * pipes.c - process.h plus an epoll descriptor, so that one fiber can wait for stdin, stdout and stderr together.
 *
 * It is over when both output streams are at their end *and* the process has ended: a command whose background child keeps
 * stdout open lasts as long as that child, exactly as over ssh.
 */
#include "engine/connection/pipes.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>

#include "engine/base/memory.h"
#include "engine/base/process.h"
#include "engine/connection/capture.h"

extern char **environ;

#define CHUNK		((size_t)64 * 1024)
#define ABANDONED_LIMIT 256

struct pump {
	const struct request *request;
	struct process process;
	int epoll;
	size_t written; /* of the input */
	struct capture_writer output;
	struct capture_writer errors;
};

/* Children that were left running in their scope: reaped when they have ended, so that no zombie keeps their pid. */
static int abandoned[ABANDONED_LIMIT];
static size_t abandoned_count;

static void reap_abandoned(void)
{
	for (size_t i = 0; i < abandoned_count;) {
		siginfo_t info = {0};
		if (waitid(P_PIDFD, (id_t)abandoned[i], &info, WEXITED | WNOHANG) == 0 && !info.si_pid) {
			i++;
			continue;
		}
		close(abandoned[i]);
		abandoned[i] = abandoned[--abandoned_count];
	}
}

static void abandon(struct process *process)
{
	if (abandoned_count < ABANDONED_LIMIT)
		abandoned[abandoned_count++] = take_fd(process->pidfd);
	process->pid = -1; /* process_free only closes */
}

static void close_stream(struct pump *pump, int *fd)
{
	if (*fd < 0)
		return;
	epoll_ctl(pump->epoll, EPOLL_CTL_DEL, *fd, NULL);
	close(*fd);
	*fd = -1;
}

static void watch(struct pump *pump, int *fd, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = fd};
	if (*fd >= 0)
		epoll_ctl(pump->epoll, EPOLL_CTL_ADD, *fd, &event);
}

static void feed_input(struct pump *pump)
{
	const struct request *request = pump->request;
	while (pump->written < request->input_length) {
		ssize_t count =
			write(pump->process.input, request->input + pump->written, request->input_length - pump->written);
		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0 && errno == EAGAIN)
			return;
		if (count < 0)
			break; /* it does not want to read all: not an error */
		pump->written += (size_t)count;
	}
	close_stream(pump, &pump->process.input);
}

static void drain(struct pump *pump, int *fd)
{
	static char chunk[CHUNK]; /* not used across a wait */
	bool is_stderr = fd == &pump->process.errors;
	ssize_t count = read(*fd, chunk, CHUNK);
	if (count < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (count <= 0) {
		close_stream(pump, fd);
		return;
	}
	capture_write(is_stderr ? &pump->errors : &pump->output, chunk, (size_t)count);
	if (pump->request->on_output)
		pump->request->on_output(pump->request->context, is_stderr, chunk, (size_t)count);
}

static int gave_up(enum loop_wake wake, struct error *err)
{
	if (wake == LOOP_TIMEOUT)
		return error_set(err, ERROR_TIMEOUT, "the command did not end in time");
	return error_set(err, ERROR_CANCELLED, "cancelled while the command ran");
}

static int pump_streams(struct pump *pump, struct error *err)
{
	struct process *process = &pump->process;
	while (process->output >= 0 || process->errors >= 0) {
		enum loop_wake wake = loop_wait_fd(pump->epoll, POLLIN, pump->request->deadline, NULL);
		if (wake != LOOP_READY)
			return gave_up(wake, err);
		struct epoll_event events[3];
		int count = epoll_wait(pump->epoll, events, COUNT_OF(events), 0);
		for (int i = 0; i < count; i++) {
			int *fd = events[i].data.ptr;
			if (fd == &process->input)
				feed_input(pump);
			else
				drain(pump, fd);
		}
	}
	return 0;
}

static int run_to_end(struct pump *pump, struct command_result *result, struct error *err)
{
	pump->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (pump->epoll < 0)
		return error_set_errno(err, errno, "cannot watch a process");
	watch(pump, &pump->process.output, EPOLLIN);
	watch(pump, &pump->process.errors, EPOLLIN);
	feed_input(pump);
	watch(pump, &pump->process.input, EPOLLOUT);
	if (pump_streams(pump, err) < 0)
		return -1;
	struct process_exit ended;
	struct error why = ERROR_NONE;
	if (process_wait(&pump->process, pump->request->deadline, &ended, &why) < 0) {
		int code = why.code;
		error_clear(&why);
		return gave_up(code == ERROR_TIMEOUT ? LOOP_TIMEOUT : LOOP_CANCELLED, err);
	}
	result->exit_code = ended.code;
	const char *name = ended.signal ? sigabbrev_np(ended.signal) : "";
	snprintf(result->signal, sizeof(result->signal), "%s", name ? name : "UNKNOWN");
	return 0;
}

int pipes_run(const char *const *argv, const char *const *environment, const struct request *request,
	      struct command_result *result, struct error *err)
{
	struct pump pump = {.request = request, .epoll = -1};
	capture_start(&pump.output, &result->output);
	capture_start(&pump.errors, &result->errors);
	result->exit_code = -1;
	reap_abandoned();
	int outcome = process_start(argv, environment, &pump.process, err);
	if (outcome == 0) {
		result->started = true;
		outcome = run_to_end(&pump, result, err);
		if (outcome < 0 && request->survives && pump.process.pid > 0)
			abandon(&pump.process);
		process_free(&pump.process);
	}
	if (pump.epoll >= 0)
		close(pump.epoll);
	capture_finish(&pump.output);
	capture_finish(&pump.errors);
	return outcome;
}

static bool is_secret(const struct inventory *inventory, const char *entry)
{
	size_t length = strcspn(entry, "=");
	for (size_t i = 0; inventory && i < inventory->secrets_count; i++) {
		const char *name = inventory->secrets[i].env;
		if (name && strlen(name) == length && strncmp(name, entry, length) == 0)
			return true;
	}
	return false;
}

const char **pipes_environment(const struct inventory *inventory)
{
	size_t count = 0;
	while (environ[count])
		count++;
	const char **kept = memory_alloc((count + 1) * sizeof(*kept));
	size_t length = 0;
	for (size_t i = 0; i < count; i++)
		if (!is_secret(inventory, environ[i]))
			kept[length++] = environ[i];
	return kept;
}

void pipes_not_found(const char *program, struct command_result *result)
{
	struct capture_writer writer;
	CLEANUP_FREE char *text = memory_printf("%s: not found\n", program);
	command_result_free(result);
	capture_start(&writer, &result->output);
	capture_finish(&writer);
	capture_start(&writer, &result->errors);
	capture_write(&writer, text, strlen(text));
	capture_finish(&writer);
	result->started = true;
	result->exit_code = 127;
}
