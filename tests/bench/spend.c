/*
 * spend.c - FILE COMMAND [ARG...]: runs it and writes one line to FILE: seconds on the wall, processor seconds, KiB of its
 * largest process, its exit code. A small program does this and not the script, because a child's peak memory counts what its
 * parent was when it was made.
 */
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static double seconds(struct timespec from, struct timespec to)
{
	return (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
}

static double of(struct timeval time)
{
	return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

int main(int argc, char **argv)
{
	struct timespec from, to;
	struct rusage usage;
	pid_t pid;
	int status;
	FILE *file = argc > 2 ? fopen(argv[1], "we") : NULL;
	if (!file) {
		fputs("usage: spend FILE COMMAND [ARG...]\n", stderr);
		return 2;
	}
	clock_gettime(CLOCK_MONOTONIC, &from);
	int problem = posix_spawnp(&pid, argv[2], NULL, NULL, argv + 2, environ);
	if (problem) {
		fprintf(stderr, "%s: %s\n", argv[2], strerror(problem));
		return 127;
	}
	if (wait4(pid, &status, 0, &usage) != pid)
		return 1;
	clock_gettime(CLOCK_MONOTONIC, &to);
	fprintf(file, "%.6f %.6f %ld %d\n", seconds(from, to), of(usage.ru_utime) + of(usage.ru_stime), usage.ru_maxrss,
		WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return fclose(file) == 0 ? 0 : 1;
}
