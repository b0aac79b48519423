/*
 * quiesce.c - stop, watch, start.
 */
#include "plugins/replica/source/quiesce.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/file.h"
#include "engine/base/memory.h"

#define COMMAND_LIMIT (64u * 1024)
#define COMMAND_WORDS 1024
#define TRIES	      3 /* of start */

struct quiesced {
	pid_t watchdog;
	int line; /* to the watchdog: closed, it starts again */
};

enum { STARTED = 0, NOT_STARTED = 1, STARTED_LATE = 2 }; /* how a watchdog ends */

/* --- commands --- */

static pid_t begin_command(const char *const *command)
{
	pid_t pid = fork();
	if (pid != 0)
		return pid;
	int nothing = open("/dev/null", O_RDWR);
	dup2(nothing, STDIN_FILENO);
	dup2(STDERR_FILENO, STDOUT_FILENO); /* stdout may be the line to the other end */
	setpgid(0, 0);
	signal(SIGPIPE, SIG_DFL);
	umask(022);
	execvp(command[0], (char *const *)command);
	_exit(127);
}

/* Its status as of waitpid; -1: it could not be started, or was killed at the deadline. */
static int run_command(const char *const *command, int64_t deadline)
{
	int status;
	pid_t pid = begin_command(command);
	if (pid < 0)
		return -1;
	for (;;) {
		pid_t ended = waitpid(pid, &status, WNOHANG);
		if (ended == pid)
			return status;
		if (ended < 0 && errno != EINTR)
			return -1;
		if (clock_boottime() > deadline) {
			kill(-pid, SIGKILL);
			waitpid(pid, &status, 0);
			return -1;
		}
		poll(NULL, 0, 5);
	}
}

/* --- the mark --- */

static char *mark_path(const char *state)
{
	return file_join(state, "quiesced");
}

static int start_again(const char *const *start, const char *mark)
{
	for (int try = 0; try < TRIES; try++)
		if (run_command(start, clock_boottime() + 60 * NSEC_PER_SEC) == 0)
			return unlink(mark);
	return -1;
}

static int not_started(struct error *err)
{
	error_set(err, ERROR_FAILED, "what was quiesced could not be started again: its command failed %d times", TRIES);
	return error_hint(err, "run it by hand now; it is tried again before the next cycle");
}

int quiesce_recover(const char *state, struct error *err)
{
	const char *start[COMMAND_WORDS + 1] = {NULL};
	CLEANUP_FREE char *mark = mark_path(state), *words = NULL;
	size_t length, count = 0;
	if (!file_exists(mark))
		return 0;
	if (file_read(mark, COMMAND_LIMIT, &words, &length, err) < 0)
		return -1;
	for (char *word = words; word < words + length && count < COMMAND_WORDS; word += strlen(word) + 1)
		start[count++] = word;
	return !count || start_again(start, mark) < 0 ? not_started(err) : 0;
}

/* --- the watchdog --- */

/* Nothing of this agent's is kept open by it: the other end must see when the agent is gone. */
static void leave_all(int line)
{
	int nothing = open("/dev/null", O_RDWR);
	dup2(nothing, STDIN_FILENO);
	dup2(nothing, STDOUT_FILENO);
	if (line != 3)
		dup2(line, 3);
	closefrom(4);
}

static void watch(const struct quiesce *quiesce, const char *mark, int line, int64_t limit)
{
	const int64_t deadline = clock_boottime() + limit;
	static const int ignored[] = {SIGTERM, SIGINT, SIGHUP, SIGPIPE};
	for (size_t i = 0; i < COUNT_OF(ignored); i++)
		signal(ignored[i], SIG_IGN);
	setsid();
	leave_all(line);
	struct pollfd end = {.fd = 3, .events = POLLIN};
	int ended;
	do {
		int64_t left = deadline - clock_boottime();
		ended = left <= 0 ? 0 : poll(&end, 1, left / NSEC_PER_MSEC > 60000 ? 60000 : (int)(left / NSEC_PER_MSEC) + 1);
	} while (ended <= 0 && clock_boottime() < deadline);
	int result = start_again(quiesce->start, mark);
	_exit(result < 0 ? NOT_STARTED : ended > 0 ? STARTED : STARTED_LATE);
}

static int start_watchdog(const struct quiesce *quiesce, const char *mark, int64_t limit, struct quiesced *ret_quiesced,
			  struct error *err)
{
	int line[2];
	if (pipe2(line, O_CLOEXEC) < 0)
		return error_set_errno(err, errno, "cannot make a pipe");
	pid_t pid = fork();
	if (pid == 0)
		watch(quiesce, mark, line[0], limit);
	close(line[0]);
	if (pid < 0) {
		close(line[1]);
		return error_set_errno(err, errno, "cannot start a watchdog");
	}
	*ret_quiesced = (struct quiesced){.watchdog = pid, .line = line[1]};
	return 0;
}

static const char *last_word(const char *const *command) /* of sh -c ... it is the command itself */
{
	while (command[1])
		command++;
	return command[0];
}

/* The words of the command, each with its NUL. */
static int write_mark(const char *mark, const char *const *start, struct error *err)
{
	CLEANUP_BUFFER struct buffer words = {0};
	for (size_t i = 0; start[i]; i++)
		buffer_append(&words, start[i], strlen(start[i]) + 1);
	return file_write_durable(mark, words.data, words.length, 0600, err);
}

int quiesce_begin(const struct quiesce *quiesce, const char *state, struct quiesced **ret_quiesced, struct error *err)
{
	CLEANUP_FREE char *mark = mark_path(state);
	struct quiesced quiesced;
	const int64_t limit = quiesce->limit ? quiesce->limit : 60 * NSEC_PER_SEC;
	*ret_quiesced = NULL;
	if (!quiesce->stop)
		return 0;
	if (!quiesce->start)
		return error_set(err, ERROR_INVALID, "a command that quiesces needs one that starts again");
	if (write_mark(mark, quiesce->start, err) < 0 || start_watchdog(quiesce, mark, limit, &quiesced, err) < 0)
		return -1;
	*ret_quiesced = memory_alloc(sizeof(**ret_quiesced));
	**ret_quiesced = quiesced;
	int status = run_command(quiesce->stop, clock_boottime() + limit);
	if (status == 0)
		return 0;
	quiesce_end(take(*ret_quiesced), NULL);
	if (status > 0 && WIFEXITED(status))
		return error_set(err, ERROR_FAILED, "quiescing ended with %d: %s", WEXITSTATUS(status),
				 last_word(quiesce->stop));
	return error_set(err, ERROR_FAILED, "quiescing took too long, or was killed: %s", last_word(quiesce->stop));
}

int quiesce_end(struct quiesced *quiesced, struct error *err)
{
	int status = 0;
	if (!quiesced)
		return 0;
	close(quiesced->line);
	while (waitpid(quiesced->watchdog, &status, 0) < 0 && errno == EINTR)
		;
	free(quiesced);
	if (WIFEXITED(status) && WEXITSTATUS(status) == STARTED)
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == STARTED_LATE) {
		error_set(err, ERROR_TIMEOUT,
			  "the limit for being quiesced has passed: what writes to the source was started again");
		return error_hint(err,
				  "give it more time (--quiesce-limit), or take a snapshot meanwhile (--consistency snapshot)");
	}
	return not_started(err);
}
