/*
 * process_test.c - local programs: what they get, what they give, how they end.
 */
#include "tests/unit/base/scratch.h"

#include <errno.h>
#include <poll.h>

#include "engine/base/loop.h"
#include "engine/base/process.h"

static int64_t soon(void)
{
	return clock_boottime() + 60 * NSEC_PER_SEC;
}

static void read_all(int *fd, struct buffer *out)
{
	char block[512];
	for (;;) {
		ssize_t got = read(*fd, block, sizeof(block));
		if (got > 0)
			buffer_append(out, block, (size_t)got);
		else if (got == 0)
			return;
		else if (errno == EAGAIN)
			assert_int_equal(loop_wait_fd(*fd, POLLIN, soon(), NULL), LOOP_READY);
		else
			fail_msg("%s", strerror(errno));
	}
}

/* Runs sh -c script with input; what it prints goes to out. */
static struct process_exit run(const char *script, const char *const *environment, const char *input, struct buffer *out,
			       struct buffer *errors)
{
	const char *const argv[] = {"sh", "-c", script, "sh", "one two", "", "*", NULL};
	struct process process;
	struct process_exit end;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	if (process_start(argv, environment, &process, &err) < 0)
		fail_msg("%s", error_text(&err));
	assert_int_equal(write(process.input, input, strlen(input)), (ssize_t)strlen(input));
	close(process.input);
	process.input = -1;
	read_all(&process.output, out);
	read_all(&process.errors, errors);
	assert_int_equal(process_wait(&process, soon(), &end, &err), 0);
	process_free(&process);
	return end;
}

static const char *const own_environment[] = {"PATH=/usr/bin:/bin", "NAME=mail1", NULL};

static const struct {
	const char *script, *input, *output, *errors;
	int code, signal;
} scripts[] = {
	{"exit 0", "", "", "", 0, 0},
	{"exit 7", "", "", "", 7, 0},
	{"kill -TERM $$", "", "", "", -1, SIGTERM},
	{"cat; echo bad >&2", "hello", "hello", "bad\n", 0, 0},
	{"printf '%s|' \"$@\"", "", "one two||*|", "", 0, 0}, /* arguments are not words for a shell */
	{"echo $NAME $HOME", "", "mail1\n", "", 0, 0},
	{"ls /proc/self/fd | grep -v 3 | tr '\\n' ' '", "", "0 1 2 ", "", 0, 0}, /* 3 is ls reading the folder */
	{"test $(ps -o sid= -p $$) = $$ && echo leader", "", "leader\n", "", 0, 0},
	{"grep SigBlk /proc/self/status", "", "SigBlk:\t0000000000000000\n", "", 0, 0},
	{"kill -PIPE $$", "", "", "", -1, SIGPIPE}, /* not ignored, though the parent ignores it */
};

static void what_a_child_gets_and_gives(void **state)
{
	(void)state;
	int leaked = open("/dev/null", O_RDONLY); /* NOLINT: not closed on exec, and yet no child may have it */
	sigset_t blocked;
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	for (size_t i = 0; i < COUNT_OF(scripts); i++) {
		CLEANUP_BUFFER struct buffer out = {0}, errors = {0};
		struct process_exit end = run(scripts[i].script, own_environment, scripts[i].input, &out, &errors);
		assert_string_equal(buffer_text(&out), scripts[i].output);
		assert_string_equal(buffer_text(&errors), scripts[i].errors);
		assert_int_equal(end.code, scripts[i].code);
		assert_int_equal(end.signal, scripts[i].signal);
	}
	sigprocmask(SIG_UNBLOCK, &blocked, NULL);
	close(leaked);
}

static void without_an_environment_its_own(void **state)
{
	(void)state;
	CLEANUP_BUFFER struct buffer out = {0}, errors = {0};
	setenv("STANDIN_TEST_NAME", "mine", 1);
	run("echo $STANDIN_TEST_NAME", NULL, "", &out, &errors);
	assert_string_equal(buffer_text(&out), "mine\n");
}

static void a_program_that_is_not_there(void **state)
{
	(void)state;
	const char *const argv[] = {"no-such-program", NULL};
	struct process process = {.pid = 7};
	CLEANUP_ERROR struct error err = ERROR_NONE;
	assert_int_equal(process_start(argv, NULL, &process, &err), -1);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
	assert_string_equal(error_text(&err), "cannot run no-such-program: No such file or directory");
	assert_string_equal(err.hint, "is it installed, and in PATH?");
	assert_int_equal(process.pid, 7);
}

static void waiting_can_time_out(void **state)
{
	(void)state;
	const char *const argv[] = {"sleep", "600", NULL};
	struct process process;
	struct process_exit end;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	assert_int_equal(process_start(argv, NULL, &process, &err), 0);
	assert_int_equal(process_wait(&process, 0, &end, &err), -1);
	assert_int_equal(err.code, ERROR_TIMEOUT);
	assert_int_equal(kill(process.pid, 0), 0); /* it still runs */
	process_kill(&process, SIGTERM);
	assert_int_equal(process_wait(&process, soon(), &end, &err), 0);
	assert_int_equal(end.code, -1);
	assert_int_equal(end.signal, SIGTERM);
	process_kill(&process, SIGTERM); /* nothing is there to kill any more */
	process_free(&process);
	process_free(&process);
}

/* A pipe that every process of the group holds: it ends when all of them have. */
static void killing_takes_the_whole_group(void **state)
{
	(void)state;
	const char *const argv[] = {"sh", "-c", "sleep 600 & sleep 600 & echo; wait", NULL};
	struct process process;
	CLEANUP_BUFFER struct buffer out = {0};
	assert_int_equal(process_start(argv, NULL, &process, NULL), 0);
	int output = take_fd(process.output);
	assert_int_equal(loop_wait_fd(output, POLLIN, soon(), NULL), LOOP_READY);
	process_free(&process);
	read_all(&output, &out);
	assert_string_equal(buffer_text(&out), "\n");
	close(output);
	assert_int_equal(process.pid, -1);
	assert_int_equal(process.pidfd, -1);
}

static int open_descriptors(void)
{
	int count = 0;
	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void no_descriptor_is_left_open(void **state)
{
	(void)state;
	const char *const argv[] = {"true", NULL}, *const missing[] = {"no-such-program", NULL};
	int before = open_descriptors();
	for (int i = 0; i < 10; i++) {
		struct process process;
		assert_int_equal(process_start(argv, NULL, &process, NULL), 0);
		process_free(&process);
		assert_int_equal(process_start(missing, NULL, &process, NULL), -1);
	}
	assert_int_equal(open_descriptors(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_child_gets_and_gives),	 cmocka_unit_test(without_an_environment_its_own),
		cmocka_unit_test(a_program_that_is_not_there),	 cmocka_unit_test(waiting_can_time_out),
		cmocka_unit_test(killing_takes_the_whole_group), cmocka_unit_test(no_descriptor_is_left_open),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
