/*
 * journal_tail_test.c - following what another process writes.
 */
#include "tests/unit/journal/journal_fixture.h"

#include "engine/base/clock.h"
#include "engine/base/loop.h"

#define RECORDS 200
#define SOON	(clock_boottime() + 120 * NSEC_PER_SEC)

static void append(struct journal *journal, const char *kind)
{
	struct error err = ERROR_NONE;
	assert_good(journal_append(journal, kind, NULL, JOURNAL_BUFFERED, &err), &err);
}

static void expect_next(struct journal_tail *tail, int64_t sequence, const char *kind)
{
	struct error err = ERROR_NONE;
	const struct value *record;
	int got = journal_tail_next(tail, SOON, &record, &err);
	assert_good(got, &err);
	assert_int_equal(got, 1);
	assert_int_equal(value_get_int(record, "seq", 0), sequence);
	assert_string_equal(value_get_text(record, "kind"), kind);
}

static void expect_nothing(struct journal_tail *tail, int64_t deadline)
{
	struct error err = ERROR_NONE;
	const struct value *record;
	assert_int_equal(journal_tail_next(tail, deadline, &record, &err), 0);
}

static struct journal_tail *open_tail(const char *folder)
{
	CLEANUP_FREE char *path = journal_in(folder);
	struct error err = ERROR_NONE;
	struct journal_tail *tail;
	assert_good(journal_tail_open(path, &tail, &err), &err);
	return tail;
}

static void write_slowly(const char *folder)
{
	CLEANUP_FREE char *path = journal_in(folder);
	struct error err = ERROR_NONE;
	struct journal *journal;
	assert_good(journal_open(path, &journal, NULL, &err), &err);
	for (unsigned i = 0; i < RECORDS; i++) {
		append(journal, "note");
		if (i % 20 == 0)
			loop_sleep(clock_boottime() + 5 * NSEC_PER_MSEC);
	}
	append(journal, "run_finished");
	journal_close(journal);
}

static void it_follows_another_process(void **state)
{
	(void)state;
	SCRATCH *folder = scratch_new();
	struct journal *journal = create_in(folder);
	append(journal, "run_opened");
	journal_close(journal);
	struct journal_tail *tail = open_tail(folder);
	expect_next(tail, 1, "run_opened");
	expect_nothing(tail, 0);
	pid_t writer = child_start(NULL, "write", folder);
	for (unsigned i = 0; i < RECORDS; i++)
		expect_next(tail, i + 2, "note");
	expect_next(tail, RECORDS + 2, "run_finished");
	expect_nothing(tail, clock_boottime() + 10 * NSEC_PER_MSEC);
	assert_int_equal(child_wait(writer), 0);
	journal_tail_close(tail);
}

static void append_later(void *journal)
{
	loop_sleep(clock_boottime() + 30 * NSEC_PER_MSEC);
	append(journal, "note");
}

static void waiting_lets_other_fibers_run(void **state)
{
	(void)state;
	SCRATCH *folder = scratch_new();
	struct journal *journal = create_in(folder);
	struct journal_tail *tail = open_tail(folder);
	struct fiber *writer = fiber_start(append_later, journal);
	expect_next(tail, 1, "note");
	fiber_join(writer, CLOCK_FOREVER);
	journal_tail_close(tail);
	journal_close(journal);
}

static void an_incomplete_line_waits_until_it_is_whole(void **state)
{
	(void)state;
	SCRATCH *folder = scratch_new();
	CLEANUP_FREE char *path = journal_in(folder), *text = NULL;
	size_t length;
	struct journal *journal = create_in(folder);
	append(journal, "run_opened");
	append(journal, "note");
	journal_close(journal);
	assert_int_equal(file_read(path, FILE_NO_LIMIT, &text, &length, NULL), 0);
	size_t first = (size_t)(strchr(text, '\n') + 1 - text);
	assert_int_equal(truncate(path, (off_t)first + 50), 0);
	struct journal_tail *tail = open_tail(folder);
	expect_next(tail, 1, "run_opened");
	expect_nothing(tail, clock_boottime() + 10 * NSEC_PER_MSEC);
	CLEANUP_CLOSE int fd = open(path, O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, text + first + 50, length - first - 50), length - first - 50);
	expect_next(tail, 2, "note");
	journal_tail_close(tail);
}

/* What the reader saw of a torn line is gone after a resume; another record stands there. */
static void a_cut_tail_is_forgotten(void **state)
{
	(void)state;
	SCRATCH *folder = scratch_new();
	CLEANUP_FREE char *path = journal_in(folder);
	struct error err = ERROR_NONE;
	struct journal_torn torn;
	struct journal *journal = create_in(folder);
	append(journal, "run_opened");
	journal_close(journal);
	CLEANUP_CLOSE int fd = open(path, O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, "{\"seq\":2,\"prev\":\"ffff", 21), 21);
	struct journal_tail *tail = open_tail(folder);
	expect_next(tail, 1, "run_opened");
	expect_nothing(tail, 0);
	assert_good(journal_open(path, &journal, &torn, &err), &err);
	assert_int_equal(torn.bytes, 21);
	append(journal, "resumed");
	expect_next(tail, 2, "resumed");
	journal_close(journal);
	journal_tail_close(tail);
}

static void damage_is_an_error(void **state)
{
	(void)state;
	SCRATCH *folder = scratch_new();
	CLEANUP_FREE char *path = journal_in(folder);
	struct error err = ERROR_NONE;
	const struct value *record;
	struct journal *journal = create_in(folder);
	append(journal, "run_opened");
	journal_close(journal);
	CLEANUP_CLOSE int fd = open(path, O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, "{}\n", 3), 3);
	struct journal_tail *tail = open_tail(folder);
	expect_next(tail, 1, "run_opened");
	assert_int_equal(journal_tail_next(tail, SOON, &record, &err), -1);
	assert_error(&err, ERROR_CORRUPT, "record 2: it does not have the form of a record");
	journal_tail_close(tail);
	unlink(path);
	assert_int_equal(journal_tail_open(path, &tail, &err), -1);
	assert_error(&err, ERROR_NOT_FOUND, "cannot open");
}

static void wait_for_cancel(void *tail)
{
	struct error err = ERROR_NONE;
	const struct value *record;
	assert_int_equal(journal_tail_next(tail, CLOCK_FOREVER, &record, &err), -1);
	assert_error(&err, ERROR_CANCELLED, "cancelled");
}

static void a_wait_can_be_cancelled(void **state)
{
	(void)state;
	SCRATCH *folder = scratch_new();
	journal_close(create_in(folder));
	struct journal_tail *tail = open_tail(folder);
	struct fiber *reader = fiber_start(wait_for_cancel, tail);
	loop_sleep(clock_boottime() + 5 * NSEC_PER_MSEC);
	fiber_cancel(reader);
	fiber_join(reader, CLOCK_FOREVER);
	journal_tail_close(tail);
}

int main(int argc, char **argv)
{
	if (argc == 4) {
		write_slowly(argv[3]);
		return 0;
	}
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_follows_another_process),
		cmocka_unit_test(waiting_lets_other_fibers_run),
		cmocka_unit_test(an_incomplete_line_waits_until_it_is_whole),
		cmocka_unit_test(a_cut_tail_is_forgotten),
		cmocka_unit_test(damage_is_an_error),
		cmocka_unit_test(a_wait_can_be_cancelled),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
