/*
 * process_test.c - process plugins that behave badly: whatever they do is an observation that is none, or an apply of which
 * nothing is known; the engine goes on, in bounded memory. Those that behave: process_protocol_test.c. Confinement:
 * process_confined_test.c.
 */
#include "tests/unit/plugin/process_fixture.h"

#include <sys/resource.h>

static const struct {
	const char *mode;
	const char *observed; /* a part of it */
} misbehaviours[] = {
	{"wrong_id", "unobservable: the plugin bad was ended: it broke the protocol: `observation` for 2, which was not asked "
		     "or is answered"},
	{"not_json", "unobservable: the plugin bad was ended: it broke the protocol: not JSON: line 1"},
	{"not_object", "it broke the protocol: a line that is no object with `message`"},
	{"deep", "it broke the protocol: not JSON"},
	{"unknown_message", "it broke the protocol: an unknown message `launch`"},
	{"wrong_shape", "it broke the protocol: `observation`: `id` is not a whole number, not negative"},
	{"wrong_answer", "it broke the protocol: `applied` where `observation` was asked for"},
	{"wrong_types", "unobservable: bad.wish: what it said breaks the schema of its outputs: "},
	{"two_states", "unobservable: bad.wish: it said neither a state nor absent nor unobservable, or several of them"},
	{"no_state", "unobservable: bad.wish: it said neither a state nor absent nor unobservable, or several of them"},
	{"early", "it broke the protocol: `observation` while a request of that call is open"},
	{"same_request", "it broke the protocol: `run` with the id 1, which is open already"},
	{"foreign_call", "it broke the protocol: `run` for 99, which is not open"},
	{"second_welcome", "it broke the protocol: a second `welcome`"},
	{"closes", "unobservable: the plugin bad was ended: it closed its output"},
	{"exits", "unobservable: the plugin bad was ended: it exited with code 3"},
	{"dies", "unobservable: the plugin bad was ended: it died of the signal KILL; it said: something broke \\x1b[31mhere"},
	{"flood_line", "it broke the protocol: a line longer than 1048576 bytes"},
	{"flood_messages", "it broke the protocol: more than 100000 messages without an answer"},
	{"greedy", "it broke the protocol: more than 16 open requests"},
	{"deaf", "it does not read what it is sent"},
	{"dies_at_start", "unobservable: the plugin bad could not be started: it exited with code 3"},
	{"goes_at_once", "it exited with code 0"},
	{"wrong_version", "could not be started: it broke the protocol: it speaks version 2, this engine speaks 1"},
	{"early_answer", "could not be started: it broke the protocol: `observation` before `welcome`"},
};

static void none_is_believed(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(misbehaviours); i++) {
		CLEANUP_PROCESS struct process_fixture p;
		process_open(&p, misbehaviours[i].mode, false);
		const char *observed = process_observed(&p, NULL, soon());
		if (strncmp(observed, "unobservable", 12) != 0 || !strstr(observed, misbehaviours[i].observed))
			fail_msg("%s: %s", misbehaviours[i].mode, observed);
	}
}

static const struct {
	const char *mode;
	const char *applied; /* a part of it */
} applies[] = {
	{"dies", "unknown: the plugin bad was ended: it died of the signal KILL"},
	{"exits", "unknown: the plugin bad was ended: it exited with code 3"},
	{"not_json", "unknown: the plugin bad was ended: it broke the protocol"},
	{"wrong_answer",
	 "unknown: the plugin bad was ended: it broke the protocol: `observation` where `applied` was asked for"},
	{"no_verdict", "unknown: bad.task: the plugin says neither done nor failed nor unknown"},
	{"unsure", "unknown: bad.task: line went down"},
	{"fails", "failed: bad.task: no disk / add one"},
	{"wrong_types", "failed: bad.task: it ended well, but what it said breaks the schema of its outputs"},
	{"undeclared", "done {\"text\":\"t\"}"},
	{"dies_at_start", "refused: the plugin bad could not be started"},
};

static void what_is_not_known_is_unknown(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(applies); i++) {
		CLEANUP_PROCESS struct process_fixture p;
		process_open(&p, applies[i].mode, false);
		const char *applied = process_applied(&p, "bad.task", NULL, "standin-process-test", soon());
		if (strncmp(applied, applies[i].applied, strlen(applies[i].applied)) != 0)
			fail_msg("%s: %s", applies[i].mode, applied);
	}
}

static void a_flood_is_not_kept(void **state)
{
	CLEANUP_PROCESS struct process_fixture p;
	struct rusage before, after;
	(void)state;
	getrusage(RUSAGE_SELF, &before);
	process_open(&p, "flood_line", false);
	for (int i = 0; i < 3; i++)
		process_observed(&p, NULL, soon());
	getrusage(RUSAGE_SELF, &after);
	assert_true(after.ru_maxrss - before.ru_maxrss < 64 * 1024); /* KiB */
}

static int64_t shortly(void)
{
	return clock_boottime() + 2 * NSEC_PER_SEC;
}

static void one_that_hangs_is_ended(void **state)
{
	CLEANUP_PROCESS struct process_fixture p;
	(void)state;
	process_open(&p, "hang", false);
	process_start(&p);
	assert_part(process_observed(&p, NULL, shortly()),
		    "unobservable: the plugin bad was ended: it did not answer to `observe` in time, nor to `cancel`");
	process_start(&p);
	assert_part(process_applied(&p, "bad.task", NULL, "standin-process-test", shortly()),
		    "unknown: the plugin bad was ended: it did not answer to `apply` in time");
	assert_part(buffer_text(&p.notes), "the plugin bad was ended: it did not answer to `observe` in time");
}

static void one_that_is_slow_answers_to_cancel(void **state)
{
	CLEANUP_PROCESS struct process_fixture p;
	(void)state;
	process_open(&p, "slow", false);
	process_start(&p);
	assert_string_equal(process_observed(&p, NULL, shortly()), "unobservable: bad.wish: cut short");
	assert_string_equal(process_applied(&p, "bad.task", NULL, "standin-process-test", shortly()),
			    "unknown: bad.task: cut short");
	assert_null(strstr(buffer_text(&p.notes), "was ended"));
}

static void mute_is_not_waited_for_beyond_the_deadline(void **state)
{
	CLEANUP_PROCESS struct process_fixture p;
	(void)state;
	process_open(&p, "mute", false);
	assert_part(process_observed(&p, NULL, shortly()), "could not be started: it did not answer to `hello` in time");
}

static void it_is_started_anew_but_not_for_ever(void **state)
{
	CLEANUP_PROCESS struct process_fixture p;
	(void)state;
	process_open(&p, "exits", false);
	for (int i = 0; i < PROCESS_STARTS; i++)
		assert_part(process_observed(&p, NULL, soon()), "was ended: it exited with code 3");
	assert_string_equal(process_observed(&p, NULL, soon()),
			    "unobservable: the plugin bad has ended 4 times and is not started again: it exited with code 3");
}

static void after_its_death_the_next_call_is_answered(void **state)
{
	CLEANUP_PROCESS struct process_fixture p;
	char folder[] = "/tmp/standin-process-test-XXXXXX";
	(void)state;
	assert_non_null(mkdtemp(folder));
	process_open(&p, "dies_once", false);
	const char *path = arena_printf(p.f.arena, "%s/died", folder);
	const struct value *with = json(p.f.arena, arena_printf(p.f.arena, "{\"path\": \"%s\"}", path));
	assert_part(process_observed(&p, with, soon()), "it died of the signal SEGV");
	assert_string_equal(process_observed(&p, with, soon()), "{\"text\":\"alive\"}");
	file_remove_tree(folder, NULL);
}

static void a_second_answer_ends_it_but_the_first_counts(void **state)
{
	CLEANUP_PROCESS struct process_fixture p;
	(void)state;
	process_open(&p, "twice", false);
	assert_string_equal(process_observed(&p, NULL, soon()), "{\"text\":\"a\"}");
	for (int64_t limit = soon(); !p.notes.length && clock_boottime() < limit;)
		loop_sleep(clock_boottime() + 20 * NSEC_PER_MSEC);
	assert_part(buffer_text(&p.notes), "it broke the protocol: `observation` for 1, which was not asked or is answered");
	assert_string_equal(process_observed(&p, NULL, soon()), "{\"text\":\"a\"}");
}

/* Gone, or only not reaped yet by who has inherited it. */
static bool is_dead(pid_t pid)
{
	CLEANUP_FREE char *path = memory_printf("/proc/%d/stat", (int)pid);
	CLEANUP_FREE char *text = NULL;
	size_t length;
	if (file_read(path, 4096, &text, &length, NULL) < 0)
		return true;
	const char *state = strrchr(text, ')');
	return state && state[1] == ' ' && strchr("ZX", state[2]);
}

static void await_death(pid_t pid)
{
	for (int64_t limit = soon(); !is_dead(pid) && clock_boottime() < limit;)
		loop_sleep(clock_boottime() + 20 * NSEC_PER_MSEC);
	assert_true(is_dead(pid));
}

static void its_children_end_with_it(void **state)
{
	CLEANUP_PROCESS struct process_fixture p;
	(void)state;
	process_open(&p, "leaves_child", false);
	const struct value *said = json(p.f.arena, process_observed(&p, NULL, soon()));
	pid_t child = (pid_t)value_get_int(said, "number", 0);
	assert_true(child > 0);
	assert_false(is_dead(child));
	plugin_processes_free(take(p.processes));
	await_death(child);
}

static void one_that_does_not_leave_is_ended(void **state)
{
	CLEANUP_PROCESS struct process_fixture p;
	(void)state;
	process_open(&p, "never_leaves", false);
	const struct value *said = json(p.f.arena, process_observed(&p, NULL, soon()));
	pid_t process = (pid_t)value_get_int(said, "number", 0);
	assert_true(process > 0);
	assert_false(is_dead(process));
	plugin_processes_free(take(p.processes)); /* comes back, although the process would stay for an hour */
	assert_true(is_dead(process));
}

static void a_secret_does_not_come_back(void **state)
{
	static const char canary[] = "c4n4ry-53cr3t";
	CLEANUP_PROCESS struct process_fixture p;
	struct evidence evidence = {0};
	(void)state;
	process_open(&p, "leaks", false);
	struct value *with = value_map(p.f.arena);
	value_put(p.f.arena, with, "password", secret(p.f.arena, canary));
	assert_string_equal(process_observed(&p, with, soon()), "{\"text\":\"•••\"}");
	assert_string_equal(process_applied(&p, "bad.wish", with, "standin-process-test", soon()),
			    "failed: bad.wish: no ••• / not •••");
	struct call call = process_call(&p, "bad.wish", with);
	assert_string_equal(action_diagnose(p.f.arena, &call, NULL, soon()), "see •••");
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct observation o;
	assert_int_equal(action_observe(p.f.arena, &call, soon(), &o, &evidence, &err), 0);
	assert_string_equal(evidence.output, "•••: it is •••\n");
	assert_null(strstr(evidence.command, canary));
}

static void not_even_when_it_dies(void **state)
{
	CLEANUP_PROCESS struct process_fixture p;
	(void)state;
	process_open(&p, "dies_with_secret", false);
	struct value *with = value_map(p.f.arena);
	value_put(p.f.arena, with, "password", secret(p.f.arena, "c4n4ry-53cr3t"));
	assert_string_equal(process_observed(&p, with, soon()),
			    "unobservable: the plugin bad was ended: it exited with code 9; it said: the password was •••");
	assert_null(strstr(buffer_text(&p.notes), "c4n4ry"));
}

static void where_none_is_declared_it_is_refused(void **state)
{
	CLEANUP_PROCESS struct process_fixture p;
	(void)state;
	process_open(&p, "says_call", false);
	struct value *with = value_map(p.f.arena);
	value_put(p.f.arena, with, "path", secret(p.f.arena, "c4n4ry-53cr3t"));
	assert_string_equal(process_observed(&p, with, soon()), "error: bad.wish: the input 'path' is secret and may not be");
	assert_string_equal(process_applied(&p, "bad.wish", with, "standin-process-test", soon()),
			    "refused: bad.wish: the input 'path' is secret and may not be / the manifest lists the inputs that "
			    "may be: `secrets: [path]`");
}

static void a_changed_program_is_not_started(void **state)
{
	CLEANUP_PROCESS struct process_fixture p;
	char digest[HASH_HEX_SIZE];
	(void)state;
	process_open(&p, "absent", false);
	struct plugin_program *program = p.f.plugins->items[0].program;
	assert_int_equal(program_digest(program, digest, NULL), 0);
	program->digest = digest;
	assert_string_equal(process_observed(&p, NULL, soon()), "absent");
	plugin_processes_free(p.processes);
	p.processes = plugin_processes_new(NULL, NULL);
	digest[0] = digest[0] == '0' ? '1' : '0';
	assert_part(process_observed(&p, NULL, soon()), "is not the one that the run began with");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(none_is_believed),
		cmocka_unit_test(what_is_not_known_is_unknown),
		cmocka_unit_test(a_flood_is_not_kept),
		cmocka_unit_test(one_that_hangs_is_ended),
		cmocka_unit_test(one_that_is_slow_answers_to_cancel),
		cmocka_unit_test(mute_is_not_waited_for_beyond_the_deadline),
		cmocka_unit_test(it_is_started_anew_but_not_for_ever),
		cmocka_unit_test(after_its_death_the_next_call_is_answered),
		cmocka_unit_test(a_second_answer_ends_it_but_the_first_counts),
		cmocka_unit_test(its_children_end_with_it),
		cmocka_unit_test(one_that_does_not_leave_is_ended),
		cmocka_unit_test(a_secret_does_not_come_back),
		cmocka_unit_test(not_even_when_it_dies),
		cmocka_unit_test(where_none_is_declared_it_is_refused),
		cmocka_unit_test(a_changed_program_is_not_started),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
