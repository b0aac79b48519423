/*
 * journal_tail.c - following a journal that another process writes.
 *
 * inotify says when to look; a slow poll beside it makes sure that nothing is missed where inotify is silent (network file
 * systems) or has run out of instances. An incomplete last line is never kept: it is read again, because a resume may have cut
 * it meanwhile.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "engine/base/arena.h"
#include "engine/base/loop.h"
#include "engine/base/memory.h"
#include "engine/journal/journal.h"
#include "engine/journal/journal_read.h"
#include "engine/journal/journal_scan.h"

#define POLL_WITH_NOTICE    (1000 * NSEC_PER_MSEC)
#define POLL_WITHOUT_NOTICE (50 * NSEC_PER_MSEC)

struct journal_tail {
	int fd;
	int notice; /* inotify; -1: none, poll only */
	struct journal_scan scan;
	struct arena *arena; /* of the record returned last */
};

int journal_tail_open(const char *path, struct journal_tail **ret_tail, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_set_errno(err, errno, "cannot open %s", path);
	struct journal_tail *tail = memory_alloc(sizeof(*tail));
	tail->fd = fd;
	tail->notice = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (tail->notice >= 0 && inotify_add_watch(tail->notice, path, IN_MODIFY) < 0) {
		close(tail->notice);
		tail->notice = -1;
	}
	journal_scan_begin(&tail->scan, fd);
	*ret_tail = tail;
	return 0;
}

void journal_tail_close(struct journal_tail *tail)
{
	if (!tail)
		return;
	journal_scan_free(&tail->scan);
	arena_free(tail->arena);
	closep(&tail->notice);
	close(tail->fd);
	free(tail);
}

static void drain_notices(const struct journal_tail *tail)
{
	char events[4096];
	while (tail->notice >= 0 && read(tail->notice, events, sizeof(events)) > 0) {
	}
}

/* As journal_scan_next. Bytes that were read while a resume cut and rewrote them may be of both: only what is wrong twice is
 * wrong. Notices are drained before the second look: what comes after it ends the next wait. */
static int scan_next(struct journal_tail *tail, struct journal_scan_line *ret_line, struct error *err)
{
	int more = journal_scan_next(&tail->scan, ret_line, NULL);
	if (more > 0)
		return more;
	drain_notices(tail);
	journal_scan_again(&tail->scan);
	return journal_scan_next(&tail->scan, ret_line, err);
}

/* 1: look again; 0: the deadline has come; -1: cancelled. */
static int wait_for_more(struct journal_tail *tail, int64_t deadline, struct error *err)
{
	int64_t now = clock_boottime();
	if (deadline <= now)
		return 0;
	int64_t poll_again = now + (tail->notice >= 0 ? POLL_WITH_NOTICE : POLL_WITHOUT_NOTICE);
	if (poll_again > deadline)
		poll_again = deadline;
	enum loop_wake wake = tail->notice >= 0 ? loop_wait_fd(tail->notice, POLLIN, poll_again, NULL) : loop_sleep(poll_again);
	if (wake == LOOP_CANCELLED)
		return error_set(err, ERROR_CANCELLED, "following the journal was cancelled");
	return 1;
}

int journal_tail_next(struct journal_tail *tail, int64_t deadline, const struct value **ret_record, struct error *err)
{
	struct journal_scan_line line;
	for (;;) {
		int more = scan_next(tail, &line, err);
		if (more == 0)
			more = wait_for_more(tail, deadline, err);
		else if (more > 0)
			break;
		if (more <= 0)
			return more;
	}
	arena_free(tail->arena);
	tail->arena = arena_new();
	return journal_read_line(tail->arena, &tail->scan, &line, ret_record, err) < 0 ? -1 : 1;
}
