/*
 * process.h - run a local program: argument vector in, output and exit out. Never a shell.
 *
 * The child gets exactly the descriptors 0, 1, 2, a session of its own and the environment that is given.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "engine/base/buffer.h"
#include "engine/base/error.h"

struct process {
	pid_t pid;  /* -1 when there is none */
	int pidfd;  /* readable when the child has ended */
	int input;  /* write end, non-blocking; -1 when closed */
	int output; /* read end of its stdout, non-blocking; -1 at its end */
	int errors; /* read end of its stderr, non-blocking; -1 at its end */
};

struct process_exit {
	int code;   /* exit code, or -1 if it ended by a signal */
	int signal; /* 0 if it exited */
};

/* environment: NULL-terminated NAME=value, or NULL for this process's own. Program is looked up in PATH. */
int process_start(const char *const *argv, const char *const *environment, struct process *ret_process, struct error *err);
/* Waits in the event loop until it ends; ERROR_TIMEOUT leaves it running. */
int process_wait(struct process *process, int64_t deadline, struct process_exit *ret_exit, struct error *err);
void process_kill(struct process *process, int signal_number); /* the child's whole process group */
void process_free(struct process *process);		       /* closes; kills a child that still runs */
