/*
 * inbox_test.c - requests from another process, in order, each handled once.
 */
#include "engine/journal/inbox.h"

#include "engine/base/clock.h"
#include "engine/base/loop.h"
#include "tests/unit/journal/run_fixture.h"

#include <poll.h>

#define REQUESTS 20

static const struct value *request_for(struct arena *arena, const char *what, const char *step)
{
	struct value *request = value_map(arena);
	value_put(arena, request, "request", value_string(arena, what));
	value_put(arena, request, "step", value_string(arena, step));
	return request;
}

static void send_to(struct run_store *store, const char *run, const char *what, const char *step)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct error err = ERROR_NONE;
	assert_good(inbox_send(store, run, request_for(arena, what, step), &err), &err);
}

static struct inbox *open_inbox(struct run *run)
{
	struct error err = ERROR_NONE;
	struct inbox *inbox;
	assert_good(inbox_open(run, &inbox, &err), &err);
	return inbox;
}

static void expect_step(struct inbox *inbox, const char *step)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	const struct value *request = inbox_next(inbox, arena);
	assert_non_null(request);
	assert_string_equal(value_get_text(request, "step"), step);
}

static void expect_none(struct inbox *inbox)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	assert_null(inbox_next(inbox, arena));
}

static void requests_come_in_order_and_go_when_done(void **state)
{
	(void)state;
	SCRATCH *folder = scratch_new();
	struct run_store *store = store_in(folder);
	struct run *run = opened_run(store);
	send_to(store, "latest", "answer", "1"); /* before anybody listens */
	struct inbox *inbox = open_inbox(run);
	send_to(store, run->id, "skip", "2");
	expect_step(inbox, "1");
	expect_step(inbox, "1"); /* not done yet: it is still the next */
	inbox_done(inbox);
	inbox_done(inbox); /* nothing is shown: nothing is deleted */
	expect_step(inbox, "2");
	inbox_close(inbox);
	inbox = open_inbox(run); /* not done before the end: a resumed engine finds it again */
	expect_step(inbox, "2");
	inbox_done(inbox);
	expect_none(inbox);
	inbox_close(inbox);
	run_close(run);
	run_store_close(store);
}

static void send_many(const char *folder)
{
	struct run_store *store = store_in(folder);
	for (unsigned i = 0; i < REQUESTS; i++) {
		CLEANUP_FREE char *step = memory_printf("%u", i);
		send_to(store, "latest", "answer", step);
	}
	run_store_close(store);
}

static void they_come_from_another_process(void **state)
{
	(void)state;
	SCRATCH *folder = scratch_new();
	struct run_store *store = store_in(folder);
	struct run *run = opened_run(store);
	struct inbox *inbox = open_inbox(run);
	pid_t sender = child_start(NULL, "send", folder);
	unsigned received = 0;
	while (received < REQUESTS) {
		assert_int_equal(loop_wait_fd(inbox_fd(inbox), POLLIN, clock_boottime() + 120 * NSEC_PER_SEC, NULL),
				 LOOP_READY);
		CLEANUP_ARENA struct arena *arena = arena_new();
		for (const struct value *request; (request = inbox_next(inbox, arena)); inbox_done(inbox), received++) {
			CLEANUP_FREE char *step = memory_printf("%u", received);
			assert_string_equal(value_get_text(request, "step"), step);
		}
	}
	assert_int_equal(child_wait(sender), 0);
	expect_none(inbox);
	inbox_close(inbox);
	run_close(run);
	run_store_close(store);
}

static void without_an_engine_there_is_nobody_to_ask(void **state)
{
	(void)state;
	SCRATCH *folder = scratch_new();
	struct run_store *store = store_in(folder);
	struct error err = ERROR_NONE;
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct run *run = opened_run(store);
	CLEANUP_FREE char *message = memory_printf("no process is working on run %s", run->id);
	run_close(run);
	assert_int_equal(inbox_send(store, "latest", request_for(arena, "cancel", "1"), &err), -1);
	assert_error(&err, ERROR_NOT_FOUND, message);
	assert_int_equal(inbox_send(store, "1999", request_for(arena, "cancel", "1"), &err), -1);
	assert_error(&err, ERROR_NOT_FOUND, "there is no run '1999'");
	assert_int_equal(inbox_send(store, "latest", value_map(arena), &err), -1);
	assert_error(&err, ERROR_INVALID, "a request is a map");
	run_store_close(store);
}

static void put_file(struct run *run, const char *name, const char *text)
{
	CLEANUP_FREE char *path = memory_printf("%s/inbox/%s", run->folder, name);
	assert_int_equal(file_write_durable(path, text, strlen(text), 0600, NULL), 0);
}

static void what_is_no_request_is_set_aside(void **state)
{
	(void)state;
	SCRATCH *folder = scratch_new();
	struct run_store *store = store_in(folder);
	struct run *run = opened_run(store);
	struct inbox *inbox = open_inbox(run);
	put_file(run, "01-bad.json", "{");
	put_file(run, "02-odd.json", "[1]");
	put_file(run, "03-unfinished.json.AbCdEf", "{\"request\":\"cancel\",\"step\":\"9\"}");
	CLEANUP_FREE char *link = file_join(run->folder, "inbox/04-link.json"),
			  *fifo = file_join(run->folder, "inbox/05-fifo.json");
	CLEANUP_FREE char *directory = file_join(run->folder, "inbox/06-folder.json");
	assert_int_equal(symlink("01-bad.rejected", link), 0);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(mkdir(directory, 0700), 0);
	send_to(store, run->id, "cancel", "7");
	expect_step(inbox, "7");
	inbox_done(inbox);
	expect_none(inbox);
	static const char *const set_aside[] = {"01-bad", "02-odd", "04-link", "05-fifo", "06-folder"};
	for (size_t i = 0; i < COUNT_OF(set_aside); i++) {
		CLEANUP_FREE char *rejected = memory_printf("%s/inbox/%s.rejected", run->folder, set_aside[i]);
		CLEANUP_FREE char *note = memory_printf("%s/inbox/%s.note", run->folder, set_aside[i]);
		assert_true(file_exists(rejected) && file_exists(note));
	}
	CLEANUP_FREE char *note = file_join(run->folder, "inbox/02-odd.note"), *text = NULL;
	size_t length;
	assert_int_equal(file_read(note, 1000, &text, &length, NULL), 0);
	assert_string_equal(text, "a request is a map that says what is asked for as \"request\"\n");
	inbox_close(inbox);
	run_close(run);
	run_store_close(store);
}

int main(int argc, char **argv)
{
	if (argc == 4) {
		send_many(argv[3]);
		return 0;
	}
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_come_in_order_and_go_when_done),
		cmocka_unit_test(they_come_from_another_process),
		cmocka_unit_test(without_an_engine_there_is_nobody_to_ask),
		cmocka_unit_test(what_is_no_request_is_set_aside),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
