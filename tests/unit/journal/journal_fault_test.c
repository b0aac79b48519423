/*
 * journal_fault_test.c - death at every point, full disks, a sync that fails: what is on disk can always be gone on with.
 */
#include "tests/unit/journal/journal_fixture.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>

#define APPENDS 9 /* in the child; every third is an intent */

static const char *const kinds[] = {"step_started", "intent", "step_finished"};

/* ---------------------------------------------------------------------------------------------------------- in the child */

static int append(struct journal *journal, unsigned number, struct error *err)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	return journal_append(journal, kinds[number % 3], fields_with(arena, "step", "1"), JOURNAL_SYNC, err);
}

static void scenario_append(const char *folder)
{
	struct error err = ERROR_NONE;
	struct journal *journal = create_in(folder);
	for (unsigned i = 0; i < APPENDS; i++)
		assert_good(append(journal, i, &err), &err);
	journal_close(journal);
}

/* The third append fails, and whatever comes after it is refused. */
static void scenario_third_fails(const char *folder)
{
	struct error err = ERROR_NONE;
	struct journal *journal = create_in(folder);
	assert_good(append(journal, 0, &err), &err);
	assert_good(append(journal, 1, &err), &err);
	assert_int_equal(append(journal, 2, &err), -1);
	assert_int_equal(err.code, ERROR_IO);
	assert_non_null(err.hint);
	for (unsigned i = 0; i < 3; i++) {
		error_clear(&err);
		assert_int_equal(append(journal, i, &err), -1);
		assert_error(&err, ERROR_IO, "takes no more records since it failed: cannot");
	}
	assert_int_equal(journal_reserve(journal, 1, &err), -1);
	assert_error(&err, ERROR_IO, "takes no more records");
	assert_int_equal(journal_sequence(journal), 2);
	journal_close(journal);
}

static void scenario_reserve_fails(const char *folder)
{
	struct error err = ERROR_NONE;
	struct journal *journal = create_in(folder);
	assert_int_equal(journal_reserve(journal, 8 * 1024 * 1024, &err), -1);
	assert_string_equal(err.hint, "free space on this file system, then go on");
	assert_error(&err, ERROR_IO, "cannot reserve 8388608 bytes for");
	assert_good(append(journal, 0, &err), &err); /* stopping at a step boundary leaves the journal good */
	assert_good(journal_reserve(journal, 8 * 1024 * 1024, &err), &err);
	journal_close(journal);
}

static const struct {
	const char *name;
	void (*run)(const char *folder);
} scenarios[] = {
	{"append", scenario_append},
	{"third_fails", scenario_third_fails},
	{"reserve_fails", scenario_reserve_fails},
};

/* --------------------------------------------------------------------------------------------------------- in the parent */

static void check_goes_on(const char *folder, uint64_t records)
{
	CLEANUP_FREE char *path = journal_in(folder);
	struct error err = ERROR_NONE;
	struct journal *journal;
	struct journal_torn torn;
	struct seen seen = {0};
	assert_good(journal_open(path, &journal, &torn, &err), &err);
	assert_int_equal(journal_sequence(journal), records);
	assert_int_equal(torn.bytes, 0);
	assert_good(append(journal, 0, &err), &err);
	journal_close(journal);
	assert_good(journal_read(path, see, &seen, NULL, &err), &err);
	assert_int_equal(seen.records, records + 1);
}

static void killed_at(const char *point, unsigned hit, uint64_t records)
{
	SCRATCH *folder = scratch_new();
	CLEANUP_FREE char *fault = memory_printf("%s:%u:kill", point, hit);
	assert_int_equal(child_run(fault, "append", folder), -SIGKILL);
	check_goes_on(folder, records);
}

static void killed_around_any_append_it_goes_on(void **state)
{
	(void)state;
	for (unsigned n = 1; n <= APPENDS; n++) {
		killed_at("journal.before", n, n - 1);
		killed_at("write", n, n - 1);
		killed_at("sync", n, n);
		killed_at("journal.after", n, n);
	}
}

static void killed_at_a_kind_it_goes_on(void **state)
{
	(void)state;
	for (unsigned n = 1; n <= APPENDS / 3; n++) {
		killed_at("journal.before.intent", n, n * 3 - 2);
		killed_at("journal.after.intent", n, n * 3 - 1);
		killed_at("journal.after.step_finished", n, n * 3);
	}
}

static void failed_at(const char *point, unsigned hit, int errnum, uint64_t records)
{
	SCRATCH *folder = scratch_new();
	CLEANUP_FREE char *fault = memory_printf("%s:%u:%d", point, hit, errnum);
	assert_int_equal(child_run(fault, "third_fails", folder), 0);
	check_goes_on(folder, records);
}

static void a_full_disk_stops_the_journal_at_a_record(void **state)
{
	(void)state;
	failed_at("write", 3, ENOSPC, 2);
	failed_at("journal.before", 3, ENOSPC, 2);
	failed_at("journal.before.step_finished", 1, ENOSPC, 2);
	failed_at("journal.after", 3, ENOSPC, 3);
}

static void a_failed_sync_is_final(void **state)
{
	(void)state;
	failed_at("sync", 3, EIO, 3); /* here the record is in the file; on a real disk it may be or not */
}

static void a_failed_reservation_is_not(void **state)
{
	(void)state;
	SCRATCH *folder = scratch_new();
	/* Hits: by journal_create; by journal_reserve for 8 MiB. */
	assert_int_equal(child_run("journal.reserve:2:28", "reserve_fails", folder), 0);
	check_goes_on(folder, 1);
}

static void fill(const char *path, size_t leave)
{
	static const char block[4096];
	CLEANUP_CLOSE int fd = open(path, O_WRONLY | O_CREAT, 0600);
	off_t size = 0;
	for (ssize_t written; (written = write(fd, block, sizeof(block))) > 0;)
		size += written;
	assert_int_equal(errno, ENOSPC);
	assert_int_equal(ftruncate(fd, size - (off_t)leave), 0);
}

/* Records of 2 KiB until no more fits. Returns how many did. */
static unsigned append_until_full(struct journal *journal, struct error *err)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	char text[2048];
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	unsigned count = 0;
	while (journal_append(journal, "note", fields_with(arena, "text", text), JOURNAL_SYNC, err) == 0)
		count++;
	return count;
}

static void check_full_disk(const char *folder)
{
	CLEANUP_FREE char *path = journal_in(folder), *filler = file_join(folder, "filler");
	struct error err = ERROR_NONE;
	struct journal *journal;
	struct journal_torn torn;
	fill(filler, 128 * 1024);
	assert_good(journal_create(path, &journal, &err), &err);
	assert_good(journal_reserve(journal, 64 * 1024, &err), &err);
	CLEANUP_FREE char *second = file_join(folder, "second");
	fill(second, 0);
	assert_int_equal(journal_reserve(journal, 256 * 1024, &err), -1); /* met here, at the step boundary */
	assert_string_equal(err.hint, "free space on this file system, then go on");
	assert_error(&err, ERROR_IO, "cannot reserve 262144 bytes");
	unsigned count = append_until_full(journal, &err);
	assert_true(count >= 64 * 1024 / 2400); /* what was reserved was really there */
	assert_error(&err, ERROR_IO, "No space left on device");
	assert_int_equal(journal_append(journal, "note", NULL, JOURNAL_SYNC, &err), -1);
	assert_error(&err, ERROR_IO, "takes no more records");
	journal_close(journal);
	assert_good(journal_open(path, &journal, &torn, &err), &err);
	assert_int_equal(journal_sequence(journal), count);
	assert_int_equal(torn.bytes, 0);
	unlink(filler);
	assert_good(journal_reserve(journal, 256 * 1024, &err), &err);
	assert_good(append(journal, 1, &err), &err);
	journal_close(journal);
}

static int make_folder(void **state)
{
	*state = scratch_new();
	return 0;
}

/* Also after a failed assertion: no mount is left behind. */
static int unmount_folder(void **state)
{
	char *folder = *state;
	umount(folder);
	scratch_free(&folder);
	return 0;
}

static void a_small_disk_runs_full(void **state)
{
	if (mount("tmpfs", *state, "tmpfs", 0, "size=1m") < 0)
		skip_loudly("mounting a tmpfs is not allowed here: a really full disk is not tested");
	check_full_disk(*state);
}

/* ramfs knows no fallocate, and does not count its blocks. */
static void without_fallocate_it_still_works(void **state)
{
	if (mount("ramfs", *state, "ramfs", 0, NULL) < 0)
		skip_loudly("mounting a ramfs is not allowed here: file systems without fallocate are not tested");
	struct error err = ERROR_NONE;
	struct journal *journal = create_in(*state);
	for (unsigned i = 0; i < 5; i++)
		assert_good(append(journal, i, &err), &err);
	assert_good(journal_reserve(journal, 64 * 1024, &err), &err);
	journal_close(journal);
	check_goes_on(*state, 5);
}

int main(int argc, char **argv)
{
	for (size_t i = 0; argc == 4 && i < COUNT_OF(scenarios); i++) {
		if (strcmp(argv[2], scenarios[i].name) == 0) {
			scenarios[i].run(argv[3]);
			return 0;
		}
	}
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(killed_around_any_append_it_goes_on),
		cmocka_unit_test(killed_at_a_kind_it_goes_on),
		cmocka_unit_test(a_full_disk_stops_the_journal_at_a_record),
		cmocka_unit_test(a_failed_sync_is_final),
		cmocka_unit_test(a_failed_reservation_is_not),
		cmocka_unit_test_setup_teardown(a_small_disk_runs_full, make_folder, unmount_folder),
		cmocka_unit_test_setup_teardown(without_fallocate_it_still_works, make_folder, unmount_folder),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
