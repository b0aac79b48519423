/*
 * run_verify_test.c - the index, and every way in which runs and index can fail to agree.
 */
#include "engine/journal/run_verify.h"
#include "tests/unit/journal/run_fixture.h"

#include <signal.h>

struct reports {
	char text[4096]; /* one line a report: "ID RECORDS PROBLEM" */
};

static void collect(void *context, const struct run_verdict *verdict)
{
	struct reports *reports = context;
	size_t length = strlen(reports->text);
	bool index = strcmp(verdict->id, CHECKPOINT_INDEX) == 0;
	snprintf(reports->text + length, sizeof(reports->text) - length, "%s %llu %s\n", verdict->id,
		 (unsigned long long)verdict->records,
		 verdict->problem	   ? verdict->problem
		 : verdict->tail && !index ? verdict->tail
					   : "-");
}

static int verify(struct run_store *store, const char *id, struct reports *reports, struct error *err)
{
	return run_store_verify(store, &(struct run_verify_options){.id = id}, collect, reports, err);
}

static void expect_reports(struct run_store *store, const char *id, const char *expected)
{
	struct error err = ERROR_NONE;
	struct reports reports = {""};
	assert_good(verify(store, id, &reports, &err), &err);
	assert_string_equal(reports.text, expected);
}

/* Asserts what is said of one run, which is asked for by its whole id. */
static void expect_problem(struct run_store *store, const char *id, unsigned records, const char *problem)
{
	CLEANUP_FREE char *expected = memory_printf("%s %u %s\n", id, records, problem);
	expect_reports(store, id, expected);
}

struct fixture {
	char *folder; /* owned */
	struct run_store *store;
	char *closed; /* owned; id of a run with 3 records */
	char *open;   /* owned; id of a run with 1 record */
};

static int set_up(void **state)
{
	struct fixture *fixture = memory_alloc(sizeof(*fixture));
	fixture->folder = scratch_new();
	fixture->store = store_in(fixture->folder);
	struct run *run = opened_run(fixture->store);
	fixture->closed = memory_strdup(run->id);
	finish_run(run);
	run = opened_run(fixture->store);
	fixture->open = memory_strdup(run->id);
	run_close(run);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	run_store_close(fixture->store);
	scratch_free(&fixture->folder);
	free(fixture->closed);
	free(fixture->open);
	free(fixture);
	return 0;
}

/* Cut the file behind its first `records` lines. */
static void cut(const char *path, unsigned records)
{
	CLEANUP_FREE char *text = NULL;
	size_t length;
	assert_int_equal(file_read(path, FILE_NO_LIMIT, &text, &length, NULL), 0);
	const char *end = text;
	for (unsigned i = 0; i < records; i++)
		end = strchr(end, '\n') + 1;
	assert_int_equal(truncate(path, end - text), 0);
}

static void damage(const char *path, const char *at)
{
	CLEANUP_FREE char *text = NULL;
	size_t length;
	assert_int_equal(file_read(path, FILE_NO_LIMIT, &text, &length, NULL), 0);
	char *byte = strstr(text, at);
	assert_non_null(byte);
	*byte ^= 1;
	assert_int_equal(file_write_durable(path, text, length, 0600, NULL), 0);
}

/* A journal of as many records that verifies by itself. */
static void replace_journal(const char *path, unsigned records)
{
	struct error err = ERROR_NONE;
	struct journal *journal;
	assert_int_equal(unlink(path), 0);
	assert_good(journal_create(path, &journal, &err), &err);
	for (unsigned i = 0; i < records; i++)
		assert_good(journal_append(journal, i == 2 ? "run_finished" : "note", NULL, JOURNAL_SYNC, &err), &err);
	journal_close(journal);
}

static void what_is_whole_verifies(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP_FREE char *expected =
		memory_printf("%s 1 %s\n%s 3 -\nindex 3 -\n", fixture->open, RUN_TAIL_UNPROVEN, fixture->closed);
	expect_reports(fixture->store, NULL, expected);
	expect_problem(fixture->store, fixture->closed, 3, "-");
	expect_problem(fixture->store, fixture->open, 1, RUN_TAIL_UNPROVEN);
	struct error err = ERROR_NONE;
	struct reports reports = {""};
	assert_int_equal(verify(fixture->store, "19990101", &reports, &err), -1);
	assert_error(&err, ERROR_NOT_FOUND, "there is no run '19990101'");
}

static void a_deleted_run_is_missed(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP_FREE char *folder = memory_printf("%s/runs/%s", run_store_path(fixture->store), fixture->closed);
	CLEANUP_FREE char *expected = memory_printf("%s 1 %s\n%s 0 its directory is gone\nindex 3 -\n", fixture->open,
						    RUN_TAIL_UNPROVEN, fixture->closed);
	assert_int_equal(file_remove_tree(folder, NULL), 0);
	expect_reports(fixture->store, NULL, expected);
	expect_problem(fixture->store, fixture->closed, 0, "its directory is gone");
}

static void a_replaced_journal_is_found(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP_FREE char *closed = run_journal_path(fixture->store, fixture->closed);
	CLEANUP_FREE char *open = run_journal_path(fixture->store, fixture->open);
	static const char problem[] = "it is not the journal that the index knows: another one stands in its place";
	replace_journal(closed, 3);
	replace_journal(open, 5);
	expect_problem(fixture->store, fixture->closed, 3, problem);
	expect_problem(fixture->store, fixture->open, 5, problem);
}

static void a_journal_cut_at_a_record_is_found(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP_FREE char *closed = run_journal_path(fixture->store, fixture->closed);
	CLEANUP_FREE char *open = run_journal_path(fixture->store, fixture->open);
	cut(closed, 2);
	expect_problem(fixture->store, fixture->closed, 2, "records are missing: it has 2, and had 3 when it was closed");
	cut(closed, 0);
	expect_problem(fixture->store, fixture->closed, 0, "records are missing: it has 0, and had 3 when it was closed");
	cut(open, 0);
	expect_problem(fixture->store, fixture->open, 0, "records are missing: it has 0, and had 1 when it was opened");
	unlink(open);
	struct reports reports = {""};
	assert_int_equal(verify(fixture->store, fixture->open, &reports, NULL), 0);
	assert_non_null(strstr(reports.text, "cannot open its journal: No such file or directory"));
}

static void a_journal_that_goes_on_after_its_end_is_found(void **state)
{
	struct fixture *fixture = *state;
	struct error err = ERROR_NONE;
	struct run *run;
	assert_good(run_open(fixture->store, fixture->closed, &run, NULL, &err), &err);
	record(run, "note");
	run_close(run);
	expect_problem(fixture->store, fixture->closed, 4, "it goes on after it was closed: 4 records, 3 when it was closed");
}

static void another_end_is_found(void **state)
{
	struct fixture *fixture = *state;
	struct error err = ERROR_NONE;
	struct run *run;
	CLEANUP_FREE char *path = run_journal_path(fixture->store, fixture->closed);
	cut(path, 2);
	assert_good(run_open(fixture->store, fixture->closed, &run, NULL, &err), &err);
	record(run, "run_finished");
	run_close(run);
	expect_problem(fixture->store, fixture->closed, 3, "its last record is not the one with which it was closed");
}

static void a_damaged_record_is_named(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP_FREE char *path = run_journal_path(fixture->store, fixture->closed);
	damage(path, "note");
	expect_problem(fixture->store, fixture->closed, 1, "record 2: its hash does not match its content");
}

static void a_run_that_the_index_does_not_know_is_found(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP_FREE char *index = file_join(run_store_path(fixture->store), "index.jsonl");
	struct run *begun = run_in(fixture->store), *unbegun = run_in(fixture->store);
	record(begun, "run_opened");
	expect_problem(fixture->store, begun->id, 1, "it is not in the index");
	expect_problem(fixture->store, unbegun->id, 0, "-");
	cut(index, 2);
	expect_problem(fixture->store, fixture->open, 1, "it is not in the index");
	expect_problem(fixture->store, fixture->closed, 3, "-");
	run_close(begun);
	run_close(unbegun);
}

static void a_run_that_only_a_resume_could_close_verifies(void **state)
{
	struct fixture *fixture = *state;
	struct error err = ERROR_NONE;
	assert_int_equal(child_run("journal.before.run_opened:2:kill", "runs", fixture->folder), -SIGKILL); /* the index's */
	struct run *run;
	assert_good(run_open(fixture->store, "latest", &run, NULL, &err), &err);
	CLEANUP_FREE char *id = memory_strdup(run->id);
	expect_problem(fixture->store, id, 1, "it is not in the index");
	finish_run(run);
	expect_problem(fixture->store, id, 3, "-");
}

static void a_damaged_index_is_reported_and_not_written_to(void **state)
{
	struct fixture *fixture = *state;
	struct error err = ERROR_NONE;
	CLEANUP_FREE char *index = file_join(run_store_path(fixture->store), "index.jsonl");
	damage(index, "run_closed");
	CLEANUP_FREE char *expected = memory_printf("%s 1 the index does not verify and cannot vouch for it\n"
						    "%s 3 the index does not verify and cannot vouch for it\n"
						    "index 1 record 2: its hash does not match its content\n",
						    fixture->open, fixture->closed);
	expect_reports(fixture->store, NULL, expected);
	struct run *run = run_in(fixture->store);
	assert_int_equal(run_index_opened(run, NULL, &err), -1);
	assert_non_null(strstr(err.hint, "move it aside"));
	assert_error(&err, ERROR_CORRUPT, "the index of runs: record 2: its hash");
	run_close(run);
}

static void many_processes_append_to_one_index(void **state)
{
	struct fixture *fixture = *state;
	pid_t children[6];
	for (size_t i = 0; i < COUNT_OF(children); i++)
		children[i] = child_start(NULL, "runs", fixture->folder);
	for (size_t i = 0; i < COUNT_OF(children); i++)
		assert_int_equal(child_wait(children[i]), 0);
	struct reports reports = {""};
	assert_int_equal(verify(fixture->store, NULL, &reports, NULL), 0);
	assert_non_null(strstr(reports.text, "index 63 -\n")); /* 3 and 6 x 5 x 2 */
	assert_null(strstr(reports.text, "not in the index"));
}

static void a_kill_while_the_index_is_written_loses_nothing(void **state)
{
	struct fixture *fixture = *state;
	/* Appends of a child: run_opened to the journal, run_opened to the index, note, run_finished, run_closed to the index.
	 */
	static const char *const points[] = {"journal.before.run_closed", "journal.after.run_closed", "journal.before.note"};
	for (size_t i = 0; i < COUNT_OF(points); i++) {
		CLEANUP_FREE char *fault = memory_printf("%s:1:kill", points[i]);
		assert_int_equal(child_run(fault, "runs", fixture->folder), -SIGKILL);
		assert_int_equal(child_run(NULL, "runs", fixture->folder), 0);
	}
	struct reports reports = {""};
	assert_int_equal(verify(fixture->store, NULL, &reports, NULL), 0);
	assert_non_null(strstr(reports.text, "index 37 -\n")); /* 3, then 3 x 10, and of the killed 1, 2 and 1 */
}

static void make_runs(const char *folder)
{
	struct run_store *store = store_in(folder);
	for (unsigned i = 0; i < 5; i++)
		finish_run(opened_run(store));
	run_store_close(store);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(int argc, char **argv)
{
	if (argc == 4) {
		make_runs(argv[3]);
		return 0;
	}
	const struct CMUnitTest tests[] = {
		WITH_FIXTURE(what_is_whole_verifies),
		WITH_FIXTURE(a_deleted_run_is_missed),
		WITH_FIXTURE(a_replaced_journal_is_found),
		WITH_FIXTURE(a_journal_cut_at_a_record_is_found),
		WITH_FIXTURE(a_journal_that_goes_on_after_its_end_is_found),
		WITH_FIXTURE(another_end_is_found),
		WITH_FIXTURE(a_damaged_record_is_named),
		WITH_FIXTURE(a_run_that_the_index_does_not_know_is_found),
		WITH_FIXTURE(a_run_that_only_a_resume_could_close_verifies),
		WITH_FIXTURE(a_damaged_index_is_reported_and_not_written_to),
		WITH_FIXTURE(many_processes_append_to_one_index),
		WITH_FIXTURE(a_kill_while_the_index_is_written_loses_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
