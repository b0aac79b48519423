/*
 * workers_test.c - whoever does the work, what comes out is the same and in the same order; a worker that dies is told.
 */
#include "tests/unit/base/scratch.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/base/workers.h"

#define ITEMS 200
#define LARGE (128 * 1024) /* more than a pipe holds */

struct job {
	pid_t here;
	size_t deadly; /* item that kills its worker; 0: none */
	unsigned elsewhere;
	struct buffer seen;
};

static void work(void *context, size_t item, struct buffer *out)
{
	const struct job *job = context;
	if (job->deadly && item == job->deadly)
		kill(getpid(), SIGKILL);
	buffer_add_char(out, getpid() == job->here ? 'h' : 'w');
	buffer_printf(out, "%zu", item);
	for (size_t i = 0; item == 150 && i < LARGE; i++)
		buffer_add_char(out, 'x');
}

static void accept(void *context, size_t item, const char *data, size_t length)
{
	struct job *job = context;
	assert_int_equal(getpid(), job->here);
	assert_int_equal(strtoul(data + 1, NULL, 10), item);
	job->elsewhere += data[0] == 'w';
	buffer_append(&job->seen, data + 1, length - 1);
	buffer_add_char(&job->seen, '\n');
}

static int map(struct job *job, size_t count, unsigned limit, size_t *ret_accepted, struct error *err)
{
	const struct workers workers = {.work = work, .accept = accept, .context = job, .limit = limit};
	job->here = getpid();
	return workers_map(&workers, count, ret_accepted, err);
}

static void results_come_in_order_from_however_many(void **state)
{
	struct job alone = {0};
	size_t accepted;
	(void)state;
	assert_int_equal(map(&alone, ITEMS, 1, &accepted, NULL), 0);
	assert_int_equal(alone.elsewhere, 0);
	assert_true(alone.seen.length > LARGE);
	for (unsigned limit = 2; limit <= 8; limit++) {
		struct job job = {0};
		assert_int_equal(map(&job, ITEMS, limit, &accepted, NULL), 0);
		assert_int_equal(accepted, ITEMS);
		assert_int_equal(job.elsewhere, ITEMS - 1); /* the first one is worked on here */
		assert_string_equal(job.seen.data, alone.seen.data);
		buffer_free(&job.seen);
	}
	buffer_free(&alone.seen);
}

static void few_items_need_no_process(void **state)
{
	size_t accepted;
	(void)state;
	for (size_t count = 0; count < 20; count++) {
		struct job job = {0};
		assert_int_equal(map(&job, count, 8, &accepted, NULL), 0);
		assert_int_equal(accepted, count);
		assert_int_equal(job.elsewhere, 0);
		buffer_free(&job.seen);
	}
}

static void a_worker_that_dies_is_told(void **state)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct job job = {.deadly = 100};
	size_t accepted;
	(void)state;
	assert_int_equal(map(&job, ITEMS, 4, &accepted, &err), -1);
	assert_true(accepted <= job.deadly);
	assert_string_equal(error_text(&err), "the process that looked at it was ended by signal 9 (Killed)");
	buffer_free(&job.seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(results_come_in_order_from_however_many),
		cmocka_unit_test(few_items_need_no_process),
		cmocka_unit_test(a_worker_that_dies_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
