/*
 * ssh_test.c - commands, scopes and files by the ssh driver, on a real sshd that is killed and frozen. Logging in is
 * ssh_login_test.c's.
 */
#include <sys/resource.h>
#include <sys/stat.h>

#include "sshd.h"

#ifdef __SANITIZE_ADDRESS__
#define MEMORY_LIMIT (400 * 1024) /* KiB; freed memory is kept for a while */
#else
#define MEMORY_LIMIT (16 * 1024)
#endif

static void test_commands(void **state)
{
	struct world *world = *state;
	forget(world);
	assert_output(world->here, ARGV("printf", "%s|", "a b", "", "'", "$x", "a\nb", "\\n", "\xc3\xa4"), 0,
		      "a b||'|$x|a\nb|\\n|\xc3\xa4|");
	assert_output(world->here, SH("echo out; echo err >&2; exit 7"), 7, "out\n");
	assert_output(world->here, ARGV("cat"), 0, ""); /* its stdin ends */
	struct command_result result = run_ok(world->here, SH("kill -TERM $$"));
	assert_int_equal(result.exit_code, -1);
	assert_string_equal(result.signal, "TERM");
	command_result_free(&result);
	result = run_ok(world->here, ARGV("no-such-program-here"));
	assert_int_equal(result.exit_code, 127);
	command_result_free(&result);
	struct command command = {
		.argv = SH("echo \"$A|$B\""), .environment = ARGV("A=x'y", "B="), .deadline = in_seconds(120)};
	assert_int_equal(connection_run(world->here, &command, &result, NULL), 0);
	assert_string_equal(result.output.data, "x'y|\n");
	command_result_free(&result);
}

static void test_greeting(void **state)
{
	struct world *world = *state;
	const struct greeting *greeting = NULL;
	forget(world);
	assert_int_equal(connection_greet(world->here, in_seconds(120), &greeting, NULL), 0);
	assert_string_equal(greeting->boot_id, clock_boot_id());
	assert_int_equal(greeting->root, getuid() == 0);
}

static void test_stdin_and_large_output(void **state)
{
	struct world *world = *state;
	struct rusage before, after;
	assert_large_passes(world->here, (size_t)5 << 20);
	getrusage(RUSAGE_SELF, &before);
	struct command_result result = run_ok(world->here, SH("head -c 100000000 /dev/zero; head -c 100000 /dev/zero >&2"));
	getrusage(RUSAGE_SELF, &after);
	assert_int_equal(result.output.total, 100000000);
	assert_int_equal(result.errors.total, 100000);
	assert_int_equal(result.output.length, CAPTURE_LIMIT);
	assert_true(after.ru_maxrss - before.ru_maxrss < MEMORY_LIMIT);
	command_result_free(&result);
}

/* Commands get shells that were started before them (ssh_channel.c); nothing but their speed may show it. */
static void test_spares(void **state)
{
	struct world *world = *state;
	const struct greeting *greeting;
	struct command killed = {.argv = SH("kill -KILL $$"), .deadline = in_seconds(120)};
	struct command_result result;
	CLEANUP_FREE char *log = memory_printf("%s/spares", world->folder);
	forget(world);
	CLEANUP_ERROR struct error err = ERROR_NONE;
	result = run_ok(world->here, SH("env | sort")); /* before the greeting: without a spare */
	assert_int_equal(connection_greet(world->here, in_seconds(120), &greeting, &err), 0);
	for (int i = 0; i < 8; i++)
		assert_output(world->here, SH("cat; sleep 0.1; printf '%s\n' \"a b\n\\c'\"; exit 3"), 3, "a b\n\\c'\n");
	assert_output(world->here, SH("until [ $(pgrep -c -P $PPID) -ge 3 ]; do sleep 0.02; done; echo waiting"), 0,
		      "waiting\n");
	assert_output(world->here, SH("env | sort"), 0, result.output.data);
	command_result_free(&result);
	assert_int_equal(connection_run(world->here, &killed, &result, &err), 0);
	assert_string_equal(result.signal, "KILL");
	command_result_free(&result);
	/* Once each, although all that wait are killed between. */
	for (int i = 0; i < 4; i++) {
		assert_output(world->here, ARGV("sh", "-c", "echo x >>\"$1\"", "sh", log), 0, "");
		assert_output(world->here, SH("sleep 0.1; for p in $(pgrep -P $PPID); do [ $p = $$ ] || kill -KILL $p; done"),
			      0, "");
	}
	assert_output(world->here, ARGV("cat", log), 0, "x\nx\nx\nx\n");
	assert_output(world->here, ARGV("no-such-program"), 127, "");
}

/* The same command in a scope, in a new session (without a spare) and where spares wait. */
static void assert_same_in_scope(struct world *world, const char *const *argv)
{
	const struct greeting *greeting;
	struct command_result results[2];
	CLEANUP_ERROR struct error err = ERROR_NONE;
	CLEANUP_FREE char *name = unique_scope("spare");
	struct command command = {.argv = argv, .scope = name, .environment = ARGV("A=b 'c'"), .deadline = in_seconds(120)};
	for (int i = 0; i < 2; i++) {
		forget(world);
		assert_int_equal(connection_greet(world->here, in_seconds(120), &greeting, &err), 0);
		for (int warm = 0; warm < 6 * i; warm++)
			assert_output(world->here, SH("sleep 0.05"), 0, "");
		if (connection_run(world->here, &command, &results[i], &err) < 0)
			fail_msg("%s", err.message);
	}
	assert_int_equal(results[0].exit_code, results[1].exit_code);
	assert_string_equal(results[0].signal, results[1].signal);
	assert_string_equal(results[0].output.data, results[1].output.data);
	assert_string_equal(results[0].errors.data, results[1].errors.data);
	command_result_free(&results[0]);
	command_result_free(&results[1]);
}

static void test_scopes_in_spares(void **state)
{
	struct world *world = *state;
	assert_same_in_scope(world, SH("cat; env | grep -v ^SSH_C | sort; echo err >&2; exit 3"));
	assert_same_in_scope(world,
			     ARGV("printf", "%s|", "", " ", "a'b\n\"$(x)`", "-n", "\nline\n", "\xc3\xa4\xff", "$1 $@ $0"));
	assert_same_in_scope(world, SH("kill -TERM $$"));
	assert_same_in_scope(world, SH("ps -o sid= -p $$ | grep -qw $$ && echo leads its session"));
	assert_same_in_scope(world, ARGV("no-such-program"));
	assert_same_in_scope(world, ARGV("/dev/null"));
}

static void kill_all(void *argument)
{
	stop_sshd(argument);
}

static void test_lost_in_mid_command(void **state)
{
	struct world *world = *state;
	struct command command = {.argv = ARGV("true"), .deadline = in_seconds(120)};
	struct begun begun = {
		.connection = world->here, .command = {.argv = SH("echo begun; sleep 2")}, .then = kill_all, .argument = world};
	run_until_begun(&begun, ERROR_CONNECTION, "mail1: the connection was lost");
	assert_run_fails(world->here, &command, ERROR_CONNECTION, false, "cannot connect");
	start_sshd(world);
	assert_output(world->here, ARGV("echo", "back"), 0, "back\n");
	/* Found dead before the command: opened again without a word. */
	assert_int_equal(signal_sessions(world, SIGKILL), 1);
	assert_output(world->here, ARGV("echo", "again"), 0, "again\n");
	signal_sessions(world, SIGKILL);
	usleep(50000);
	assert_output(world->here, ARGV("echo", "again"), 0, "again\n");
	connection_close(world->here);
	assert_output(world->here, ARGV("echo", "new"), 0, "new\n");
}

static void freeze(void *argument)
{
	signal_sessions(argument, SIGSTOP);
}

static void test_frozen(void **state)
{
	struct world *world = *state;
	forget(world);
	struct begun begun = {
		.connection = world->here, .command = {.argv = SH("echo begun; sleep 40")}, .then = freeze, .argument = world};
	run_until_begun(&begun, ERROR_CONNECTION, "nothing was heard from the host for 15 s");
	assert_int_equal(signal_sessions(world, SIGKILL), 1);
	assert_output(world->here, ARGV("true"), 0, "");
}

struct crowd {
	struct world *world;
	int running, most, done;
};

static void count_running(void *context, bool is_stderr, const char *data, size_t length)
{
	struct crowd *crowd = context;
	(void)is_stderr;
	(void)length;
	crowd->running += data[0] == 's' ? 1 : data[0] == 'e' ? -1 : 0;
	if (crowd->running > crowd->most)
		crowd->most = crowd->running;
}

static void run_one_of_many(void *argument)
{
	struct crowd *crowd = argument;
	struct command command = {.argv = SH("echo s; sleep 0.2; yes x | head -c 300000; cat; sleep 0.1; echo e"),
				  .input = "e\n",
				  .input_length = 2,
				  .deadline = in_seconds(120),
				  .on_output = count_running,
				  .context = crowd};
	struct command_result result;
	struct error err = ERROR_NONE;
	if (connection_run(crowd->world->here, &command, &result, &err) < 0)
		print_error("%s\n", error_text(&err)); /* an assertion would leave the fiber's stack */
	else
		crowd->done += result.output.total == 300006;
	error_clear(&err);
	command_result_free(&result);
}

static void test_many_at_once(void **state)
{
	struct crowd crowd = {.world = *state};
	struct fiber *fibers[20];
	forget(crowd.world);
	for (size_t i = 0; i < COUNT_OF(fibers); i++)
		fibers[i] = fiber_start(run_one_of_many, &crowd);
	for (size_t i = 0; i < COUNT_OF(fibers); i++)
		assert_int_equal(fiber_join(fibers[i], in_seconds(120)), LOOP_READY);
	assert_int_equal(crowd.done, 20);
	assert_int_equal(signal_sessions(crowd.world, 0), 1); /* one connection served all */
}

static void test_scopes(void **state)
{
	struct world *world = *state;
	enum scope_state found = SCOPE_NONE;
	CLEANUP_FREE char *name = unique_scope("ssh-family");
	CLEANUP_FREE char *family =
		memory_printf("trap '' TERM; setsid sleep %1$s & echo begun; sleep %1$s; :", unique_seconds());
	struct command command = {0};
	forget(world);
	struct begun begun = {.connection = world->here, .command = {.argv = SH(family), .scope = name}};
	run_until_begun(&begun, ERROR_CANCELLED, "mail1: cancelled while waiting for the host");
	assert_true(count_processes(unique_seconds()) >= 2);
	forget(world);
	assert_int_equal(scope_find(world->here, name, in_seconds(120), &found, NULL), 0);
	assert_int_equal(found, SCOPE_RUNNING);
	assert_int_equal(scope_end(world->here, name, in_seconds(120), NULL), 0);
	assert_int_equal(count_processes(unique_seconds()), 0);
	CLEANUP_FREE char *another = unique_scope("ssh-cat"); /* the first is closed */
	command.scope = another;
	command.argv = SH("cat; kill -KILL $$");
	command.input = "in";
	command.input_length = 2;
	command.deadline = in_seconds(120);
	struct command_result result;
	assert_int_equal(connection_run(world->here, &command, &result, NULL), 0);
	assert_string_equal(result.output.data, "in");
	assert_string_equal(result.signal, "KILL");
	command_result_free(&result);
}

/* Commands that were left running keep their place at the server, which allows ten. */
static void test_many_left_running(void **state)
{
	struct world *world = *state;
	forget(world);
	for (int i = 0; i < 13; i++) {
		struct begun begun = {.connection = world->here, .command = {.argv = SH("echo begun; exec sleep 5")}};
		run_until_begun(&begun, ERROR_CANCELLED, "cancelled");
	}
	assert_output(world->here, ARGV("echo", "fine"), 0, "fine\n");
}

static void test_server_takes_one_session(void **state)
{
	struct world *world = *state;
	stop_sshd(world);
	world->config = "MaxSessions 2\n";
	start_sshd(world);
	test_many_left_running(state);
	struct crowd crowd = {.world = world};
	struct fiber *fibers[8];
	for (size_t i = 0; i < COUNT_OF(fibers); i++)
		fibers[i] = fiber_start(run_one_of_many, &crowd);
	for (size_t i = 0; i < COUNT_OF(fibers); i++)
		assert_int_equal(fiber_join(fibers[i], in_seconds(120)), LOOP_READY);
	assert_int_equal(crowd.done, 8);
	stop_sshd(world);
	world->config = NULL;
	start_sshd(world);
}

static void test_files(void **state)
{
	struct world *world = *state;
	CLEANUP_FREE char *path = file_join(world->folder, "sent");
	CLEANUP_FREE char *back = NULL;
	size_t length = 0, size = (size_t)3 << 20;
	CLEANUP_FREE char *data = memory_alloc(size);
	for (size_t i = 0; i < size; i++)
		data[i] = (char)(i ^ (i >> 8));
	forget(world);
	assert_int_equal(connection_upload(world->here, data, size, path, 0600, in_seconds(120), NULL), 0);
	assert_int_equal(connection_download(world->here, path, size, in_seconds(120), &back, &length, NULL), 0);
	assert_int_equal(length, size);
	assert_memory_equal(back, data, size);
}

static void test_too_long(void **state)
{
	struct world *world = *state;
	CLEANUP_FREE char *longest = memory_alloc(40001);
	memset(longest, 'x', 40000);
	struct command command = {.argv = ARGV("echo", longest), .deadline = in_seconds(120)};
	assert_run_fails(world->here, &command, ERROR_LIMIT, false, "at most 32000");
	longest[31000] = '\0';
	struct command_result result = run_ok(world->here, ARGV("echo", longest));
	assert_int_equal(result.output.total, 31001);
	command_result_free(&result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_greeting),
		cmocka_unit_test(test_stdin_and_large_output),
		cmocka_unit_test(test_many_at_once),
		cmocka_unit_test(test_scopes),
		cmocka_unit_test(test_many_left_running),
		cmocka_unit_test(test_server_takes_one_session),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_spares),
		cmocka_unit_test(test_scopes_in_spares),
		cmocka_unit_test(test_lost_in_mid_command),
		cmocka_unit_test(test_frozen),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
