/*
 * run_lock_test.c - one run at a time: between processes, after a kill, after an end.
 */
#include "tests/unit/journal/run_fixture.h"

#include <signal.h>

#include "engine/base/clock.h"

#define RACERS 20

/* ---------------------------------------------------------------------------------------------------------- in the child */

/* Waits for the start signal (the folder's file "go"), tries once. Winners hold the lock until "stop" appears. Exit: 0 won, 1
 * locked. */
static int scenario_race(const char *folder)
{
	CLEANUP_FREE char *go = file_join(folder, "go"), *stop = file_join(folder, "stop");
	struct error err = ERROR_NONE;
	struct run_store *store = store_in(folder);
	struct run *run = opened_run(store);
	while (!file_exists(go))
		usleep(1000);
	int result = lock_as(run, "mail", &err);
	if (result < 0 && err.code == ERROR_LOCKED && strstr(error_text(&err), "lock 'mail' is held by run 2"))
		return 1;
	assert_good(result, &err);
	while (!file_exists(stop))
		usleep(1000);
	return 0;
}

/* Takes the lock, says so by the file "held", works until it is killed. */
static int scenario_hold(const char *folder)
{
	CLEANUP_FREE char *held = file_join(folder, "held");
	struct error err = ERROR_NONE;
	struct run *run = opened_run(store_in(folder));
	assert_good(lock_as(run, "mail", &err), &err);
	assert_good(file_write_durable(held, run->id, strlen(run->id), 0600, &err), &err);
	pause();
	return 0;
}

/* Ends its run, but dies before it gives its locks back. */
static int scenario_end_without_unlock(const char *folder)
{
	struct error err = ERROR_NONE;
	struct run *run = opened_run(store_in(folder));
	assert_good(lock_as(run, "mail", &err), &err);
	record(run, "run_finished");
	kill(getpid(), SIGKILL);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(const char *folder);
} scenarios[] = {
	{"race", scenario_race},
	{"hold", scenario_hold},
	{"end_without_unlock", scenario_end_without_unlock},
};

/* --------------------------------------------------------------------------------------------------------- in the parent */

static void touch(const char *folder, const char *name)
{
	CLEANUP_FREE char *path = file_join(folder, name);
	close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static char *wait_for_holder(const char *folder)
{
	CLEANUP_FREE char *held = file_join(folder, "held");
	for (unsigned i = 0; i < 20000 && !file_exists(held); i++)
		usleep(1000);
	char *id;
	size_t length;
	assert_int_equal(file_read(held, 100, &id, &length, NULL), 0);
	return id;
}

static void exactly_one_of_twenty_wins(void **state)
{
	(void)state;
	SCRATCH *folder = scratch_new();
	for (size_t i = 0; i < RACERS; i++)
		child_start(NULL, "race", folder);
	usleep(300 * 1000);
	touch(folder, "go");
	unsigned lost = 0, won = 0;
	for (unsigned i = 0; i < RACERS - 1; i++) {
		int status;
		assert_true(waitpid(-1, &status, 0) > 0);
		assert_true(WIFEXITED(status));
		lost += WEXITSTATUS(status) == 1;
	}
	assert_int_equal(lost, RACERS - 1);
	touch(folder, "stop");
	int status;
	assert_true(waitpid(-1, &status, 0) > 0);
	won += WIFEXITED(status) && WEXITSTATUS(status) == 0;
	assert_int_equal(won, 1);
}

static void the_message_names_run_operator_and_process(void **state)
{
	(void)state;
	SCRATCH *folder = scratch_new();
	struct run_store *store = store_in(folder);
	struct error err = ERROR_NONE;
	pid_t holder = child_start(NULL, "hold", folder);
	CLEANUP_FREE char *id = wait_for_holder(folder);
	struct run *run = run_in(store);
	assert_int_equal(lock_as(run, "mail", &err), -1);
	char host[64] = "";
	gethostname(host, sizeof(host) - 1);
	CLEANUP_FREE char *message =
		memory_printf("lock 'mail' is held by run %s (mail/failover, started by anna at 2026-03-01 03:12:45 on ctl, "
			      "pid %d on %s is working on it)",
			      id, (int)holder, host);
	CLEANUP_FREE char *hint = memory_printf("watch it: standin attach %s", id);
	assert_string_equal(error_text(&err), message);
	assert_string_equal(err.hint, hint);
	assert_error(&err, ERROR_LOCKED, NULL);
	struct run *other;
	assert_int_equal(run_open(store, id, &other, NULL, &err), -1);
	CLEANUP_FREE char *working = memory_printf("run %s: pid %d on %s is working on it", id, (int)holder, host);
	assert_string_equal(error_text(&err), working);
	assert_error(&err, ERROR_LOCKED, NULL);
	kill(holder, SIGKILL);
	assert_int_equal(child_wait(holder), -SIGKILL);
	run_close(run);
	run_store_close(store);
}

static void of_today_only_the_time_is_said(void **state)
{
	(void)state;
	SCRATCH *folder = scratch_new();
	struct run_store *store = store_in(folder);
	struct error err = ERROR_NONE;
	struct run *run = run_in(store), *other = run_in(store);
	CLEANUP_ARENA struct arena *arena = arena_new();
	char now[CLOCK_TEXT_SIZE];
	clock_format_wall(clock_wall(), now);
	assert_good(run_lock(run, "mail", claim_of(arena, run, now), &err), &err);
	now[19] = '\0';
	CLEANUP_FREE char *expected = memory_printf("started by anna at %s on ctl", now + 11);
	assert_int_equal(lock_as(other, "mail", &err), -1);
	assert_error(&err, ERROR_LOCKED, expected);
	run_close(run);
	run_close(other);
	run_store_close(store);
}

static void a_claim_survives_the_kill_of_its_holder(void **state)
{
	(void)state;
	SCRATCH *folder = scratch_new();
	struct run_store *store = store_in(folder);
	struct error err = ERROR_NONE;
	pid_t holder = child_start(NULL, "hold", folder);
	CLEANUP_FREE char *id = wait_for_holder(folder);
	kill(holder, SIGKILL);
	assert_int_equal(child_wait(holder), -SIGKILL);
	assert_false(run_is_active(store, id));
	struct run *other = opened_run(store), *run;
	CLEANUP_FREE char *hint =
		memory_printf("it was interrupted: standin resume %s, or standin abandon %s --reason ...", id, id);
	assert_int_equal(lock_as(other, "mail", &err), -1);
	assert_string_equal(err.hint, hint);
	assert_error(&err, ERROR_LOCKED, "on ctl, no process is working on it)");
	/* Only the run itself may go on: here it is abandoned. */
	assert_good(run_open(store, id, &run, NULL, &err), &err);
	assert_good(lock_as(run, "mail", &err), &err);
	record(run, "abandoned");
	assert_good(run_index_closed(run, "abandoned", &err), &err);
	assert_good(run_unlock_all(run, &err), &err);
	run_close(run);
	assert_good(lock_as(other, "mail", &err), &err);
	run_close(other);
	run_store_close(store);
}

static void closing_without_unlocking_keeps_the_claim(void **state)
{
	(void)state;
	SCRATCH *folder = scratch_new();
	struct run_store *store = store_in(folder);
	struct error err = ERROR_NONE;
	struct run *run = opened_run(store), *other = opened_run(store);
	assert_good(lock_as(run, "mail", &err), &err);
	assert_good(lock_as(run, "mail", &err), &err); /* twice is once */
	assert_int_equal(run->named_locks_count, 1);
	run_close(run);
	assert_int_equal(lock_as(other, "mail", &err), -1);
	assert_error(&err, ERROR_LOCKED, "no process is working on it");
	assert_good(lock_as(other, "other", &err), &err);
	run_close(other);
	run_store_close(store);
}

static void the_claim_of_an_ended_run_is_void(void **state)
{
	(void)state;
	SCRATCH *folder = scratch_new();
	struct run_store *store = store_in(folder);
	struct error err = ERROR_NONE;
	assert_int_equal(child_run(NULL, "end_without_unlock", folder), -SIGKILL);
	struct run *run = opened_run(store);
	assert_good(lock_as(run, "mail", &err), &err);
	finish_run(run);
	run_store_close(store);
}

static void write_lock(struct run_store *store, const char *text)
{
	CLEANUP_FREE char *path = file_join(run_store_path(store), "locks/mail");
	assert_int_equal(file_write_durable(path, text, strlen(text), 0600, NULL), 0);
}

static void odd_claims(void **state)
{
	(void)state;
	SCRATCH *folder = scratch_new();
	struct run_store *store = store_in(folder);
	struct error err = ERROR_NONE;
	struct run *run = opened_run(store);
	write_lock(store, "{\"run\":\"20260301-031245-7f3a\"}\n"); /* its directory is gone */
	assert_int_equal(lock_as(run, "mail", &err), -1);
	assert_non_null(strstr(err.hint, "the directory of that run is gone"));
	assert_error(&err, ERROR_LOCKED,
		     "held by run 20260301-031245-7f3a (an unknown runbook, started by someone at an unknown time");
	write_lock(store, "nonsense\n");
	assert_int_equal(lock_as(run, "mail", &err), -1);
	assert_error(&err, ERROR_CORRUPT, "the claim of lock 'mail' cannot be read");
	write_lock(store, "{\"run\":\"20260301-0312"); /* never completed: nobody has acted on it */
	assert_good(lock_as(run, "mail", &err), &err);
	CLEANUP_ARENA struct arena *arena = arena_new();
	assert_int_equal(run_lock(run, "x", value_map(arena), &err), -1);
	assert_error(&err, ERROR_INVALID, "does not name its own run");
	run_close(run);
	run_store_close(store);
}

static void names_cannot_leave_the_folder(void **state)
{
	(void)state;
	SCRATCH *folder = scratch_new();
	struct run_store *store = store_in(folder);
	struct error err = ERROR_NONE;
	struct run *run = opened_run(store);
	static const char *const files[][2] = {{"../../x", "locks/%2E.%2F..%2Fx"},
					       {".", "locks/%2E"},
					       {"mail/a b", "locks/mail%2Fa%20b"},
					       {"mail-1.de_x", "locks/mail-1.de_x"}};
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		CLEANUP_FREE char *path = file_join(run_store_path(store), files[i][1]);
		assert_good(lock_as(run, files[i][0], &err), &err);
		assert_true(file_exists(path));
	}
	assert_int_equal(lock_as(run, "", &err), -1);
	assert_error(&err, ERROR_INVALID, "it is empty");
	char name[300] = "";
	memset(name, 'x', sizeof(name) - 1);
	assert_int_equal(lock_as(run, name, &err), -1);
	assert_error(&err, ERROR_INVALID, "too long");
	finish_run(run);
	run_store_close(store);
}

int main(int argc, char **argv)
{
	for (size_t i = 0; argc == 4 && i < COUNT_OF(scenarios); i++)
		if (strcmp(argv[2], scenarios[i].name) == 0)
			_exit(scenarios[i].run(argv[3]));
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exactly_one_of_twenty_wins),
		cmocka_unit_test(the_message_names_run_operator_and_process),
		cmocka_unit_test(of_today_only_the_time_is_said),
		cmocka_unit_test(a_claim_survives_the_kill_of_its_holder),
		cmocka_unit_test(closing_without_unlocking_keeps_the_claim),
		cmocka_unit_test(the_claim_of_an_ended_run_is_void),
		cmocka_unit_test(odd_claims),
		cmocka_unit_test(names_cannot_leave_the_folder),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
