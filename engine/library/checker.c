/*
 * checker.c - one program at a time, fed and heard by fibers, so that neither side waits for the other for ever.
 */
#include "engine/library/checker.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/loop.h"
#include "engine/base/memory.h"
#include "engine/base/process.h"

#define TIMEOUT	     (30 * NSEC_PER_SEC)
#define OUTPUT_LIMIT ((size_t)64 * 1024) /* the rest is read and dropped */

struct stream {
	int fd;
	struct buffer *out;
	const char *input;
	size_t length;
};

static void feed(void *context)
{
	struct stream *stream = context;
	size_t sent = 0;
	while (sent < stream->length) {
		ssize_t wrote = write(stream->fd, stream->input + sent, stream->length - sent);
		if (wrote > 0)
			sent += (size_t)wrote;
		else if (wrote < 0 && errno != EAGAIN && errno != EINTR)
			return; /* it has heard enough */
		else if (loop_wait_fd(stream->fd, POLLOUT, CLOCK_FOREVER, NULL) != LOOP_READY)
			return;
	}
	close(stream->fd);
	stream->fd = -1;
}

static void hear(void *context)
{
	struct stream *stream = context;
	char block[4096];
	for (;;) {
		ssize_t got = read(stream->fd, block, sizeof(block));
		if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
			return;
		if (got > 0 && stream->out->length < OUTPUT_LIMIT)
			buffer_append(stream->out, block, (size_t)got);
		if (got < 0 && loop_wait_fd(stream->fd, POLLIN, CLOCK_FOREVER, NULL) != LOOP_READY)
			return;
	}
}

static void end(struct fiber *fiber)
{
	while (fiber_join(fiber, CLOCK_FOREVER) != LOOP_READY) {
	}
}

static int attend(struct process *process, const void *input, size_t length, struct checked *checked, struct error *err)
{
	struct stream in = {.fd = take_fd(process->input), .input = input, .length = length};
	struct stream out = {.fd = process->output, .out = &checked->output};
	struct stream errors = {.fd = process->errors, .out = &checked->errors};
	struct process_exit ended = {0};
	struct fiber *feeding = fiber_start(feed, &in), *hearing = fiber_start(hear, &out), *other = fiber_start(hear, &errors);
	int result = process_wait(process, clock_boottime() + TIMEOUT, &ended, err);
	if (result < 0)
		process_kill(process, SIGKILL);
	fiber_cancel(feeding);
	end(feeding);
	end(hearing); /* to the last byte: it has ended, and it leaves nobody behind */
	end(other);
	if (in.fd >= 0)
		close(in.fd);
	checked->code = ended.code;
	return result;
}

int checker_run(const char *const *argv, const char *home, const void *input, size_t length, struct checked *ret_checked,
		struct error *err)
{
	struct process process;
	const char *path = getenv("PATH");
	CLEANUP_FREE char *path_variable = memory_printf("PATH=%s", path ? path : "/usr/bin:/bin");
	CLEANUP_FREE char *home_variable = memory_printf("HOME=%s", home);
	const char *const environment[] = {path_variable, home_variable, "LC_ALL=C", "TZ=UTC", NULL};
	*ret_checked = (struct checked){0};
	if (process_start(argv, environment, &process, err) < 0)
		return -1;
	int result = attend(&process, input, length, ret_checked, err);
	process_free(&process);
	return result < 0 ? error_wrap(err, "%s", argv[0]) : 0;
}

void checked_free(struct checked *checked)
{
	buffer_free(&checked->output);
	buffer_free(&checked->errors);
}
