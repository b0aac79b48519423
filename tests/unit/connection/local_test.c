/*
 * local_test.c - the local and command drivers, scopes by session, sudo, files: all on this machine.
 */
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/file.h"
#include "engine/base/loop.h"
#include "support.h"

struct world {
	struct host host;
	struct connections *connections;
	struct connection *here;
};

static int set_up(void **state)
{
	struct world *world = memory_alloc(sizeof(*world));
	world->host = make_host("here", TRANSPORT_LOCAL);
	world->connections = connections_new(NULL);
	world->here = connections_get(world->connections, &world->host, NULL);
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;
	connections_free(world->connections);
	free(world);
	return 0;
}

static void test_exits(void **state)
{
	struct world *world = *state;
	assert_output(world->here, ARGV("echo", "a b", ""), 0, "a b \n");
	assert_output(world->here, SH("exit 7"), 7, "");
	assert_output(world->here, SH("echo out; echo err >&2; exit 255"), 255, "out\n");
	struct command_result result = run_ok(world->here, SH("kill -TERM $$"));
	assert_int_equal(result.exit_code, -1);
	assert_string_equal(result.signal, "TERM");
	command_result_free(&result);
	result = run_ok(world->here, ARGV("no-such-program-here"));
	assert_int_equal(result.exit_code, 127);
	assert_string_equal(result.errors.data, "no-such-program-here: not found\n");
	command_result_free(&result);
}

static void test_environment(void **state)
{
	struct world *world = *state;
	struct command command = {
		.argv = SH("echo \"$A|$B\""), .environment = ARGV("A=x y", "B="), .deadline = in_seconds(120)};
	struct command_result result;
	assert_int_equal(connection_run(world->here, &command, &result, NULL), 0);
	assert_string_equal(result.output.data, "x y|\n");
	command_result_free(&result);
	/* A program whose name looks like an assignment is still a program. */
	command.argv = ARGV("a=b");
	assert_int_equal(connection_run(world->here, &command, &result, NULL), 0);
	assert_int_equal(result.exit_code, 127);
	command_result_free(&result);
}

static void test_secrets_stay_out_of_the_environment(void **state)
{
	(void)state;
	struct secret secrets[] = {{.name = "s", .env = "STANDIN_TEST_SECRET"}};
	struct inventory inventory = {.secrets = secrets, .secrets_count = 1};
	struct host host = make_host("here", TRANSPORT_LOCAL);
	setenv("STANDIN_TEST_SECRET", "hidden", 1);
	struct connections *connections = connections_new(&inventory);
	assert_output(connections_get(connections, &host, NULL), SH("echo \"[$STANDIN_TEST_SECRET]\""), 0, "[]\n");
	connections_free(connections);
	unsetenv("STANDIN_TEST_SECRET");
}

static void test_large_both_ways(void **state)
{
	struct world *world = *state;
	assert_large_passes(world->here, (size_t)8 << 20);
}

static void test_gibibyte_is_bounded(void **state)
{
	struct world *world = *state;
	struct rusage before, after;
	getrusage(RUSAGE_SELF, &before);
	struct command_result result = run_ok(world->here, ARGV("head", "-c", "1073741824", "/dev/zero"));
	getrusage(RUSAGE_SELF, &after);
	assert_int_equal(result.output.total, (uint64_t)1 << 30);
	assert_int_equal(result.output.length, CAPTURE_LIMIT);
	assert_string_equal(result.output.digest, "49bc20df15e412a64472421e13fe86ff1c5165e18b2afccf160d4dc19fe68a14");
	assert_true(after.ru_maxrss - before.ru_maxrss < 8 * 1024);
	command_result_free(&result);
}

struct heard {
	struct buffer output, errors;
};

static void hear(void *context, bool is_stderr, const char *data, size_t length)
{
	struct heard *heard = context;
	buffer_append(is_stderr ? &heard->errors : &heard->output, data, length);
}

static void test_on_output(void **state)
{
	struct world *world = *state;
	struct heard heard = {0};
	struct command command = {
		.argv = SH("echo 1; echo 2 >&2"), .deadline = in_seconds(120), .on_output = hear, .context = &heard};
	struct command_result result;
	assert_int_equal(connection_run(world->here, &command, &result, NULL), 0);
	assert_string_equal(heard.output.data, "1\n");
	assert_string_equal(heard.errors.data, "2\n");
	buffer_free(&heard.output);
	buffer_free(&heard.errors);
	command_result_free(&result);
}

static void test_without_scope_ends_with_its_caller(void **state)
{
	struct world *world = *state;
	CLEANUP_FREE char *script = memory_printf("sleep %1$s & echo begun; sleep %1$s", unique_seconds());
	struct begun begun = {.connection = world->here, .command = {.argv = SH(script)}};
	run_until_begun(&begun, ERROR_CANCELLED, "here: cancelled while the command ran");
	await_processes(unique_seconds(), 0, 0);
}

static enum scope_state find(struct connection *connection, const char *name)
{
	enum scope_state found = SCOPE_NONE;
	struct error err = ERROR_NONE;
	if (scope_find(connection, name, in_seconds(120), &found, &err) < 0)
		fail_msg("%s", error_text(&err));
	return found;
}

static void end(struct connection *connection, const char *name)
{
	struct error err = ERROR_NONE;
	if (scope_end(connection, name, in_seconds(120), &err) < 0)
		fail_msg("%s", error_text(&err));
	assert_int_equal(find(connection, name), SCOPE_NONE);
}

static void test_scope_passes_everything_through(void **state)
{
	struct world *world = *state;
	CLEANUP_FREE char *name = unique_scope("passage");
	struct command command = {.argv = ARGV("sh", "-c", "printf '%s|' \"$@\"; cat; echo no >&2; exit 9", "sh", "", "$HOME",
					       "%h", "a\nb", "\\n", "'", "\xc3\xa4"),
				  .input = "line\n",
				  .input_length = 5,
				  .scope = name,
				  .deadline = in_seconds(120)};
	struct command_result result;
	assert_int_equal(connection_run(world->here, &command, &result, NULL), 0);
	assert_string_equal(result.output.data, "|$HOME|%h|a\nb|\\n|'|\xc3\xa4|line\n");
	assert_string_equal(result.errors.data, "no\n");
	assert_int_equal(result.exit_code, 9);
	command_result_free(&result);
	assert_int_equal(find(world->here, name), SCOPE_NONE);
	command.argv = SH("kill -INT $$");
	assert_int_equal(connection_run(world->here, &command, &result, NULL), 0);
	assert_string_equal(result.signal, "INT");
	command_result_free(&result);
	command.argv = ARGV("no-such-program-here");
	assert_int_equal(connection_run(world->here, &command, &result, NULL), 0);
	assert_int_equal(result.exit_code, 127);
	command_result_free(&result);
}

static void test_scope_end_by_another(void **state)
{
	struct world *world = *state;
	/* Children, a grandchild in a session of its own, all deaf to TERM. */
	CLEANUP_FREE char *family = memory_printf(
		"trap '' TERM; setsid sh -c 'sleep %1$s; :' & (sleep %1$s & sleep %1$s) & echo begun; sleep %1$s; :",
		unique_seconds());
	CLEANUP_FREE char *name = unique_scope("family");
	struct begun begun = {.connection = world->here, .command = {.argv = SH(family), .scope = name}};
	run_until_begun(&begun, ERROR_CANCELLED, "here: cancelled while the command ran");
	await_processes(unique_seconds(), 4, INT_MAX); /* they begin in the background */
	/* Another engine finds and ends it. */
	struct connections *others = connections_new(NULL);
	struct connection *other = connections_get(others, &world->host, NULL);
	assert_int_equal(find(other, name), SCOPE_RUNNING);
	struct error err = ERROR_NONE;
	assert_int_equal(scope_wait(other, name, in_seconds(1), &err), -1);
	assert_int_equal(err.code, ERROR_TIMEOUT);
	error_clear(&err);
	struct command command = {.argv = ARGV("true"), .scope = name, .deadline = in_seconds(120)};
	assert_run_fails(other, &command, ERROR_CONFLICT, false, "still runs");
	end(other, name);
	assert_int_equal(count_processes(unique_seconds()), 0);
	end(other, name);
	end(other, "standin-t-never-was-1");
	connections_free(others);
}

static void test_scope_leader_gone(void **state)
{
	struct world *world = *state;
	CLEANUP_FREE char *script = memory_printf("sleep %s >/dev/null 2>&1 & exit 3", unique_seconds());
	CLEANUP_FREE char *name = unique_scope("orphan");
	struct command command = {.argv = SH(script), .scope = name, .deadline = in_seconds(120)};
	struct command_result result;
	assert_int_equal(connection_run(world->here, &command, &result, NULL), 0);
	assert_int_equal(result.exit_code, 3);
	command_result_free(&result);
	assert_int_equal(find(world->here, name), SCOPE_RUNNING);
	end(world->here, name);
	assert_int_equal(count_processes(unique_seconds()), 0);
}

/* A pid file whose pid now belongs to somebody else: neither found nor killed. */
static void test_scope_reused_pid(void **state)
{
	struct world *world = *state;
	CLEANUP_FREE char *text = memory_printf("%d 12345\n", (int)getpid());
	CLEANUP_FREE char *name = unique_scope("reused");
	CLEANUP_FREE char *folder =
		getuid() ? memory_printf("/tmp/standin-%u", (unsigned)getuid()) : memory_strdup("/run/standin");
	CLEANUP_FREE char *path = memory_printf("%s/%s.scope", folder, name);
	assert_int_equal(file_make_folders(folder, 0700, NULL), 0);
	assert_int_equal(file_write_durable(path, text, strlen(text), 0600, NULL), 0);
	assert_int_equal(find(world->here, name), SCOPE_NONE);
	end(world->here, name);
	assert_false(file_exists(path));
}

struct late {
	struct connection *connection;
	const char *name, *log;
	int64_t delay;
};

static void run_late(void *argument)
{
	struct late *late = argument;
	struct command command = {.argv = ARGV("sh", "-c", "echo b >>\"$1\"; sleep 0.03; echo e >>\"$1\"", "sh", late->log),
				  .scope = late->name,
				  .deadline = in_seconds(120)};
	struct command_result result;
	loop_sleep(clock_boottime() + late->delay);
	connection_run(late->connection, &command, &result, NULL);
	command_result_free(&result);
}

/* Whoever has waited for a scope may rely on it: what had not begun never does, what had begun has ended. */
static void test_scope_is_closed(void **state)
{
	struct world *world = *state;
	for (int i = 0; i < 40; i++) { /* either may be first */
		CLEANUP_FREE char *what = memory_printf("late%d", i);
		CLEANUP_FREE char *name = unique_scope(what);
		CLEANUP_FREE char *log = memory_printf("/tmp/%s.log", name);
		struct late late = {world->here, name, log, i % 8 * NSEC_PER_MSEC};
		assert_int_equal(file_write_durable(log, "", 0, 0600, NULL), 0);
		struct fiber *fiber = fiber_start(run_late, &late);
		loop_sleep(clock_boottime() + i / 8 * 2 * NSEC_PER_MSEC);
		assert_int_equal(scope_wait(world->here, name, in_seconds(120), NULL), 0);
		struct stat now, later;
		assert_int_equal(stat(log, &now), 0);
		assert_true(now.st_size == 0 || now.st_size == 4);
		while (fiber_join(fiber, CLOCK_FOREVER) != LOOP_READY) {
		}
		assert_int_equal(stat(log, &later), 0);
		assert_int_equal(later.st_size, now.st_size);
		unlink(log);
	}
	CLEANUP_FREE char *name = unique_scope("closed");
	struct command command = {.argv = ARGV("true"), .scope = name, .deadline = in_seconds(120)};
	end(world->here, name);
	assert_run_fails(world->here, &command, ERROR_CONFLICT, false, "is closed");
}

static void test_scope_wait_for_end(void **state)
{
	struct world *world = *state;
	CLEANUP_FREE char *name = unique_scope("wait"), *end_file = memory_printf("/tmp/%s.end", name);
	CLEANUP_FREE char *script = memory_printf("until [ -e %1$s ]; do sleep 0.02; done; rm %1$s", end_file);
	struct command command = {.argv = SH(script), .scope = name, .deadline = in_seconds(1)};
	assert_run_fails(world->here, &command, ERROR_TIMEOUT, true, "did not end in time");
	assert_int_equal(file_write_durable(end_file, "", 0, 0600, NULL), 0);
	assert_int_equal(scope_wait(world->here, name, in_seconds(120), NULL), 0);
}

static void test_scope_names(void **state)
{
	(void)state;
	char longest[300];
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	CLEANUP_FREE char *plain = scope_name("r1", "mount", 2, 17);
	CLEANUP_FREE char *one = scope_name("r1", "a/b", 1, 9);
	CLEANUP_FREE char *two = scope_name("r1", "a b", 1, 9);
	CLEANUP_FREE char *cut = scope_name("r1", longest, 1, 9);
	assert_string_equal(plain, "standin-r1-mount-2.17");
	assert_true(strlen(one) <= 120 && strlen(cut) == 120);
	assert_string_not_equal(one, two);
	assert_int_equal(strncmp(one, "standin-r1-a_b-1.9-", 19), 0);
}

struct crowd {
	struct world *world;
	const char *script;
	int running, most, done;
	struct signal_point changed;
};

/* Each says s when it begins and e when it ends. */
static void note_start(void *context, bool is_stderr, const char *data, size_t length)
{
	struct crowd *crowd = context;
	(void)is_stderr;
	for (size_t i = 0; i < length; i++) {
		crowd->running += data[i] == 's' ? 1 : data[i] == 'e' ? -1 : 0;
		if (crowd->running > crowd->most)
			crowd->most = crowd->running;
	}
	loop_signal(&crowd->changed);
}

static void run_one_of_many(void *argument)
{
	struct crowd *crowd = argument;
	struct command command = {
		.argv = SH(crowd->script), .deadline = in_seconds(120), .on_output = note_start, .context = crowd};
	struct command_result result;
	crowd->done += connection_run(crowd->world->here, &command, &result, NULL) == 0;
	command_result_free(&result);
}

static void test_queue(void **state)
{
	CLEANUP_FREE char *name = unique_scope("queue"), *go = memory_printf("/tmp/%s.go", name);
	CLEANUP_FREE char *script = memory_printf("echo s; until [ -e %s ]; do sleep 0.02; done; echo e", go);
	struct crowd crowd = {.world = *state, .script = script};
	struct fiber *fibers[20];
	for (size_t i = 0; i < COUNT_OF(fibers); i++)
		fibers[i] = fiber_start(run_one_of_many, &crowd);
	while (crowd.running < CONNECTION_CHANNELS)
		assert_int_equal(loop_wait_signal(&crowd.changed, in_seconds(120)), LOOP_READY);
	struct command late = {.argv = ARGV("true"), .deadline = in_seconds(0.01)};
	assert_run_fails(crowd.world->here, &late, ERROR_TIMEOUT, false, "here: time ran out while 8 other commands ran there");
	assert_int_equal(file_write_durable(go, "", 0, 0600, NULL), 0);
	for (size_t i = 0; i < COUNT_OF(fibers); i++)
		assert_int_equal(fiber_join(fibers[i], in_seconds(120)), LOOP_READY);
	unlink(go);
	assert_int_equal(crowd.done, 20);
	assert_int_equal(crowd.most, CONNECTION_CHANNELS);
}

static void test_not_as_somebody_else(void **state)
{
	struct world *world = *state;
	struct command command = {.argv = ARGV("true"), .deadline = in_seconds(120)};
	struct connection *other = connections_get(world->connections, &world->host, "no-such-user");
	assert_ptr_equal(other, connections_get(world->connections, &world->host, "no-such-user"));
	assert_run_fails(other, &command, ERROR_INVALID, false, "here: commands on this machine cannot run as no-such-user");
}

static void test_greeting(void **state)
{
	struct world *world = *state;
	const struct greeting *greeting = NULL;
	assert_int_equal(connection_greet(world->here, in_seconds(120), &greeting, NULL), 0);
	assert_string_equal(greeting->boot_id, clock_boot_id());
	char name[256];
	gethostname(name, sizeof(name));
	assert_string_equal(greeting->hostname, name);
	assert_int_equal(greeting->root, getuid() == 0);
	assert_int_equal(greeting->systemd, access("/run/systemd/system", F_OK) == 0);
}

static void test_command_driver(void **state)
{
	(void)state;
	struct host host = make_host("box", TRANSPORT_COMMAND);
	host.prefix = ARGV("env", "INSIDE=yes");
	struct connections *connections = connections_new(NULL);
	struct connection *box = connections_get(connections, &host, NULL);
	assert_output(box, SH("echo $INSIDE"), 0, "yes\n");
	const struct greeting *greeting = NULL;
	assert_int_equal(connection_greet(box, in_seconds(120), &greeting, NULL), 0);
	host.prefix = ARGV("no-such-prefix");
	struct command command = {.argv = ARGV("true"), .deadline = in_seconds(120)};
	assert_run_fails(box, &command, ERROR_CONNECTION, false, "box: cannot run no-such-prefix");
	host.prefix = ARGV("sh", "-c", "eval \"$*\"", "sh"); /* splices its arguments */
	struct error err = ERROR_NONE;
	assert_int_equal(connection_greet(box, in_seconds(120), &greeting, &err), -1);
	assert_int_equal(err.code, ERROR_CONNECTION);
	error_clear(&err);
	connections_free(connections);
}

static void test_files(void **state)
{
	struct world *world = *state;
	char folder[] = "/tmp/standin-local-test-XXXXXX";
	assert_non_null(mkdtemp(folder));
	CLEANUP_FREE char *path = file_join(folder, "a 'file'");
	CLEANUP_FREE char *missing = file_join(folder, "missing/x");
	char content[70000];
	for (size_t i = 0; i < sizeof(content); i++)
		content[i] = (char)i;
	struct error err = ERROR_NONE;
	assert_int_equal(connection_upload(world->here, content, sizeof(content), path, 0640, in_seconds(120), NULL), 0);
	struct stat info;
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 07777, 0640);
	CLEANUP_FREE char *back = NULL;
	size_t length = 0;
	assert_int_equal(connection_download(world->here, path, 70000, in_seconds(120), &back, &length, NULL), 0);
	assert_int_equal(length, sizeof(content));
	assert_memory_equal(back, content, length);
	assert_int_equal(connection_download(world->here, path, 69999, in_seconds(120), &back, &length, &err), -1);
	assert_int_equal(err.code, ERROR_LIMIT);
	error_clear(&err);
	assert_int_equal(connection_download(world->here, missing, 10, in_seconds(120), &back, &length, &err), -1);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
	error_clear(&err);
	assert_int_equal(connection_upload(world->here, "x", 1, missing, 0600, in_seconds(120), &err), -1);
	assert_int_equal(err.code, ERROR_IO);
	error_clear(&err);
	assert_int_equal(connection_upload(world->here, "x", 1, "relative", 0600, in_seconds(120), &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	error_clear(&err);
	assert_int_equal(file_remove_tree(folder, NULL), 0);
}

static void test_command_text(void **state)
{
	(void)state;
	struct host host = make_host("m", TRANSPORT_SSH);
	struct command command = {.argv = ARGV("systemctl", "start", "--", "a b"), .environment = ARGV("A=1 2")};
	CLEANUP_FREE char *plain = connection_command_text(&host, &command);
	assert_string_equal(plain, "env 'A=1 2' systemctl start -- 'a b'");
	host.become = true;
	command.environment = NULL;
	CLEANUP_FREE char *sudo = connection_command_text(&host, &command);
	assert_string_equal(sudo, "sudo -n -u root -- systemctl start -- 'a b'");
	host.platform = PLATFORM_WINDOWS;
	CLEANUP_FREE char *windows = connection_command_text(&host, &command);
	assert_string_equal(windows, "& 'systemctl' 'start' '--' 'a b'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_exits, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_environment, set_up, tear_down),
		cmocka_unit_test(test_secrets_stay_out_of_the_environment),
		cmocka_unit_test_setup_teardown(test_large_both_ways, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_gibibyte_is_bounded, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_on_output, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_without_scope_ends_with_its_caller, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_scope_passes_everything_through, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_scope_end_by_another, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_scope_leader_gone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_scope_reused_pid, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_scope_is_closed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_scope_wait_for_end, set_up, tear_down),
		cmocka_unit_test(test_scope_names),
		cmocka_unit_test_setup_teardown(test_queue, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_not_as_somebody_else, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_greeting, set_up, tear_down),
		cmocka_unit_test(test_command_driver),
		cmocka_unit_test_setup_teardown(test_files, set_up, tear_down),
		cmocka_unit_test(test_command_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
