/*
 * process.c - posix_spawn with pipes, a session and a pidfd.
 */
#include "engine/base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/base/loop.h"
#include "engine/base/memory.h"

extern char **environ;

static int spawn(const char *const *argv, const char *const *environment, const int fds[3], pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	for (int i = 0; i < 3; i++)
		posix_spawn_file_actions_adddup2(&actions, fds[i], i);
	posix_spawn_file_actions_addclosefrom_np(&actions, 3);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	int result = posix_spawnp(ret_pid, argv[0], &actions, &attributes, (char *const *)argv,
				  environment ? (char *const *)environment : environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return result;
}

static void set_nonblocking(int fd)
{
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

int process_start(const char *const *argv, const char *const *environment, struct process *ret_process, struct error *err)
{
	int pipes[3][2] = {{-1, -1}, {-1, -1}, {-1, -1}};
	struct process process = {.pid = -1, .pidfd = -1, .input = -1, .output = -1, .errors = -1};
	int problem = 0;
	for (int i = 0; i < 3 && !problem; i++)
		problem = pipe2(pipes[i], O_CLOEXEC) < 0 ? errno : 0;
	if (!problem)
		problem = spawn(argv, environment, (int[3]){pipes[0][0], pipes[1][1], pipes[2][1]}, &process.pid);
	if (problem)
		process.pid = -1;
	if (!problem) {
		process.pidfd = pidfd_open(process.pid, 0);
		if (process.pidfd < 0)
			problem = errno;
	}
	process.input = take_fd(pipes[0][1]);
	process.output = take_fd(pipes[1][0]);
	process.errors = take_fd(pipes[2][0]);
	for (int i = 0; i < 3; i++)
		for (int end = 0; end < 2; end++)
			if (pipes[i][end] >= 0)
				close(pipes[i][end]);
	if (problem) {
		process_free(&process);
		error_set_errno(err, problem, "cannot run %s", argv[0]);
		return problem == ENOENT ? error_hint(err, "is it installed, and in PATH?") : -1;
	}
	set_nonblocking(process.input);
	set_nonblocking(process.output);
	set_nonblocking(process.errors);
	*ret_process = process;
	return 0;
}

static void reap(struct process *process, struct process_exit *ret_exit)
{
	siginfo_t info = {0};
	while (waitid(P_PIDFD, (id_t)process->pidfd, &info, WEXITED) < 0 && errno == EINTR) {
	}
	bool exited = info.si_code == CLD_EXITED;
	*ret_exit = (struct process_exit){.code = exited ? info.si_status : -1, .signal = exited ? 0 : info.si_status};
	process->pid = -1;
}

int process_wait(struct process *process, int64_t deadline, struct process_exit *ret_exit, struct error *err)
{
	switch (loop_wait_fd(process->pidfd, POLLIN, deadline, NULL)) {
	case LOOP_READY:
		reap(process, ret_exit);
		return 0;
	case LOOP_TIMEOUT:
		return error_set(err, ERROR_TIMEOUT, "the process did not end in time");
	default:
		return error_set(err, ERROR_CANCELLED, "cancelled while waiting for a process");
	}
}

void process_kill(struct process *process, int signal_number)
{
	if (process->pid > 0)
		kill(-process->pid, signal_number);
}

void process_free(struct process *process)
{
	if (process->pid > 0) {
		struct process_exit ignored;
		process_kill(process, SIGKILL);
		kill(process->pid, SIGKILL);
		reap(process, &ignored);
	}
	int *fds[] = {&process->pidfd, &process->input, &process->output, &process->errors};
	for (size_t i = 0; i < COUNT_OF(fds); i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
}
