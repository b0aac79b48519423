/*
 * limit.c - fork, wait for the answer on a pipe, kill. What the work is at stands in a page that both see.
 */
#include "plugins/ad/limit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/base/buffer.h"
#include "engine/base/memory.h"

static struct progress {
	bool writing;
	char doing[200];
} * progress; /* of the call that is at work; this process has one at a time */

void limit_doing(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	if (progress)
		vsnprintf(progress->doing, sizeof(progress->doing), format, args);
	va_end(args);
}

void limit_writing(void)
{
	if (progress)
		progress->writing = true;
}

/* --- the answer that is true without one --- */

static json_t *no_answer(const struct standin_call *call, const char *why)
{
	static const char hint[] =
		"is the domain controller up, is it on this network, does nothing on the way drop what it is asked?";
	const char *asked = json_string_value(json_object_get(call->message, "message"));
	CLEANUP_BUFFER struct buffer text = {0};
	buffer_printf(&text, "%s, %s", progress->doing[0] ? progress->doing : "the directory", why);
	if (!asked || strcmp(asked, "apply") != 0) {
		buffer_printf(&text, "; %s", hint);
		return standin_unreachable(buffer_text(&text));
	}
	return progress->writing ? standin_unknown(buffer_text(&text)) : standin_failed(buffer_text(&text), hint);
}

/* --- two processes --- */

static void answer_and_end(struct standin_call *call, json_t *(*work)(struct standin_call *call), int pipe)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	json_t *answer = work(call);
	char *text = answer ? json_dumps(answer, JSON_COMPACT) : NULL;
	size_t length = text ? strlen(text) : 0;
	for (size_t done = 0; done < length;) {
		ssize_t written = write(pipe, text + done, length - done);
		if (written < 0 && errno != EINTR)
			_exit(1);
		done += written > 0 ? (size_t)written : 0;
	}
	_exit(0); /* nothing of the process that it came from is flushed or run */
}

static int milliseconds_left(const struct timespec *end)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	long left = (end->tv_sec - now.tv_sec) * 1000 + (end->tv_nsec - now.tv_nsec) / 1000000;
	return left > 0 ? (int)left : 0;
}

/* Seconds: never longer than the call itself has, or the engine would end the whole program. */
static int time_for(const struct standin_call *call)
{
	const json_t *left = json_object_get(call->message, "time_left");
	double seconds = left ? json_number_value(left) : LIMIT_TIME;
	return seconds > LIMIT_TIME ? LIMIT_TIME : seconds < 1 ? 1 : (int)seconds;
}

/* false: time is up. */
static bool read_all(int pipe, int seconds, struct buffer *text)
{
	struct timespec end;
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += seconds;
	for (;;) {
		char bytes[4096];
		struct pollfd ready = {.fd = pipe, .events = POLLIN};
		int left = milliseconds_left(&end);
		if (left == 0)
			return false;
		if (poll(&ready, 1, left) < 1)
			continue;
		ssize_t length = read(pipe, bytes, sizeof(bytes));
		if (length == 0)
			return true;
		if (length > 0)
			buffer_append(text, bytes, (size_t)length);
	}
}

static json_t *await(const struct standin_call *call, pid_t child, int pipe)
{
	CLEANUP_BUFFER struct buffer text = {0};
	CLEANUP_BUFFER struct buffer why = {0};
	int status = 0, seconds = time_for(call);
	bool whole = read_all(pipe, seconds, &text);
	if (!whole)
		kill(child, SIGKILL);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	json_t *answer = whole ? json_loadb(text.data ? text.data : "", text.length, 0, NULL) : NULL;
	if (whole)
		buffer_printf(&why, "and then it ended without a word (%s %d)", WIFSIGNALED(status) ? "signal" : "exit",
			      WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	else
		buffer_printf(&why, "and no answer within %d seconds", seconds);
	return answer ? answer : no_answer(call, buffer_text(&why));
}

json_t *limit_call(struct standin_call *call, json_t *(*work)(struct standin_call *call))
{
	int ends[2];
	if (!progress)
		progress = mmap(NULL, sizeof(*progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (progress == MAP_FAILED || pipe2(ends, O_CLOEXEC) < 0) {
		perror("a call cannot be given a process of its own");
		exit(71);
	}
	*progress = (struct progress){0};
	pid_t child = fork();
	if (child == 0) {
		close(ends[0]);
		answer_and_end(call, work, ends[1]);
	}
	close(ends[1]);
	json_t *answer = child > 0 ? await(call, child, ends[0]) : no_answer(call, "no process for it on this machine");
	close(ends[0]);
	return answer;
}
