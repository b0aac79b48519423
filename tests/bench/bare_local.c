/*
 * bare_local.c - EXECUTIONS JOURNAL COPY: what a run on the local host would cost if nothing but the host and the disk did any
 * work.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/bare.h"

extern char **environ;

static void read_both(struct pollfd streams[2])
{
	static char data[65536];
	for (int open = 2; open;) {
		if (poll(streams, 2, -1) < 0)
			bare_fail("poll");
		for (int i = 0; i < 2; i++) {
			if (!streams[i].revents || read(streams[i].fd, data, sizeof(data)) > 0)
				continue;
			close(streams[i].fd);
			streams[i].fd = -1;
			open--;
		}
	}
}

static void run(void *context, const struct execution *execution)
{
	int pipes[2][2], status;
	pid_t pid;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	(void)context;
	if (pipe2(pipes[0], O_CLOEXEC) < 0 || pipe2(pipes[1], O_CLOEXEC) < 0)
		bare_fail("pipe");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, pipes[0][1], 1);
	posix_spawn_file_actions_adddup2(&actions, pipes[1][1], 2);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes,
				 POSIX_SPAWN_SETSID); /* as the engine does: the scope is then made without one more process */
	errno = posix_spawnp(&pid, execution->argv[0], &actions, &attributes, (char *const *)execution->argv, environ);
	if (errno)
		bare_fail(execution->argv[0]);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	close(pipes[0][1]);
	close(pipes[1][1]);
	read_both((struct pollfd[]){{.fd = pipes[0][0], .events = POLLIN}, {.fd = pipes[1][0], .events = POLLIN}});
	if (waitpid(pid, &status, 0) != pid)
		bare_fail("waitpid");
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		fputs("usage: bare_local EXECUTIONS JOURNAL COPY\n", stderr);
		return 2;
	}
	bare_replay(argv + 1, run, NULL);
	return 0;
}
