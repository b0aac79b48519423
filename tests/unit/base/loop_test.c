/*
 * loop_test.c - fibers: who runs when, what a wait returns, signals, and a thousand at once. Nothing here is timed: a deadline
 * either lies in the past or an hour ahead.
 */
#include "tests/unit/base/scratch.h"

#include <poll.h>

#include "engine/base/buffer.h"
#include "engine/base/loop.h"

static struct buffer trace; /* what happened, in order */

static int reset(void **state)
{
	(void)state;
	buffer_free(&trace);
	return 0;
}

static int64_t far(void)
{
	return clock_boottime() + 3600 * NSEC_PER_SEC;
}

static struct fiber *start(void (*function)(void *name), const char *name)
{
	return fiber_start(function, (void *)name);
}

static void say_twice(void *name)
{
	buffer_printf(&trace, "%s1 ", (const char *)name);
	loop_yield();
	buffer_printf(&trace, "%s2 ", (const char *)name);
}

static void fibers_begin_in_order_and_take_turns(void **state)
{
	(void)state;
	struct fiber *a = start(say_twice, "a"), *b = start(say_twice, "b"), *c = start(say_twice, "c");
	buffer_add(&trace, "main ");
	assert_false(fiber_done(a));
	assert_int_equal(fiber_join(a, far()), LOOP_READY);
	assert_int_equal(fiber_join(b, far()), LOOP_READY);
	assert_int_equal(fiber_join(c, far()), LOOP_READY);
	assert_string_equal(buffer_text(&trace), "main a1 b1 c1 a2 b2 c2 ");
}

static void start_inner(void *name)
{
	struct fiber *inner = fiber_start(say_twice, name);
	buffer_add(&trace, "outer ");
	assert_int_equal(fiber_join(inner, far()), LOOP_READY);
	buffer_add(&trace, "end ");
}

static void a_fiber_may_start_fibers(void **state)
{
	(void)state;
	struct fiber *outer = start(start_inner, "i");
	assert_int_equal(fiber_join(outer, CLOCK_FOREVER), LOOP_READY);
	assert_string_equal(buffer_text(&trace), "outer i1 i2 end ");
}

static const char *const wakes[] = {[LOOP_READY] = "ready", [LOOP_TIMEOUT] = "timeout", [LOOP_CANCELLED] = "cancelled"};

static void sleep_twice(void *unused)
{
	(void)unused;
	buffer_printf(&trace, "%s ", wakes[loop_sleep(CLOCK_FOREVER)]);
	buffer_printf(&trace, "%s ", wakes[loop_sleep(0)]);
}

static void cancelling_ends_one_wait(void **state)
{
	(void)state;
	struct fiber *fiber = fiber_start(sleep_twice, NULL);
	loop_yield();
	assert_string_equal(buffer_text(&trace), "");
	fiber_cancel(fiber);
	assert_int_equal(fiber_join(fiber, far()), LOOP_READY);
	assert_string_equal(buffer_text(&trace), "cancelled timeout ");
}

static void cancelling_before_it_waits_ends_its_next_wait(void **state)
{
	(void)state;
	struct fiber *fiber = fiber_start(sleep_twice, NULL);
	fiber_cancel(fiber);
	assert_int_equal(fiber_join(fiber, far()), LOOP_READY);
	assert_string_equal(buffer_text(&trace), "cancelled timeout ");
	fiber = start(say_twice, "x");
	while (!fiber_done(fiber))
		loop_yield();
	fiber_cancel(fiber); /* too late: nothing happens */
	assert_int_equal(fiber_join(fiber, far()), LOOP_READY);
}

struct joiner {
	struct fiber *other;
	enum loop_wake wake;
};

static void join_other(void *context)
{
	struct joiner *joiner = context;
	joiner->wake = fiber_join(joiner->other, CLOCK_FOREVER);
}

static void a_join_can_time_out_and_be_cancelled(void **state)
{
	(void)state;
	struct joiner joiner = {.other = fiber_start(sleep_twice, NULL)};
	assert_int_equal(fiber_join(joiner.other, 0), LOOP_TIMEOUT);
	assert_false(fiber_done(joiner.other));
	struct fiber *waiting = fiber_start(join_other, &joiner);
	loop_yield();
	fiber_cancel(waiting);
	assert_int_equal(fiber_join(waiting, far()), LOOP_READY);
	assert_int_equal(joiner.wake, LOOP_CANCELLED);
	fiber_cancel(joiner.other);
	assert_int_equal(fiber_join(joiner.other, far()), LOOP_READY);
}

static void deadlines(void **state)
{
	(void)state;
	int ends[2];
	short events = 7;
	assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	assert_int_equal(loop_sleep(clock_boottime() + NSEC_PER_MSEC), LOOP_TIMEOUT);
	assert_int_equal(loop_wait_fd(ends[0], POLLIN, 0, &events), LOOP_TIMEOUT);
	assert_int_equal(events, 0);
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_int_equal(loop_wait_fd(ends[0], POLLIN, 0, &events), LOOP_READY); /* late, but it is there */
	assert_int_equal(events, POLLIN);
	close(ends[1]);
	assert_int_equal(loop_wait_fd(ends[0], POLLIN, CLOCK_FOREVER, &events), LOOP_READY);
	assert_true(events & POLLHUP);
	close(ends[0]);
}

struct reader {
	int fd;
	char name;
};

static void read_one(void *context)
{
	struct reader *reader = context;
	char byte = '-';
	for (;;) {
		enum loop_wake wake = loop_wait_fd(reader->fd, POLLIN, CLOCK_FOREVER, NULL);
		if (wake != LOOP_READY || read(reader->fd, &byte, 1) == 1)
			break;
	}
	buffer_printf(&trace, "%c%c ", reader->name, byte);
}

static void two_may_wait_for_one_descriptor(void **state)
{
	(void)state;
	int ends[2];
	assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	struct reader readers[] = {{ends[0], 'a'}, {ends[0], 'b'}};
	struct fiber *a = fiber_start(read_one, &readers[0]), *b = fiber_start(read_one, &readers[1]);
	loop_yield();
	assert_int_equal(write(ends[1], "1", 1), 1);
	assert_int_equal(fiber_join(a, far()), LOOP_READY);
	assert_string_equal(buffer_text(&trace), "a1 ");
	assert_false(fiber_done(b));
	assert_int_equal(write(ends[1], "2", 1), 1);
	assert_int_equal(fiber_join(b, far()), LOOP_READY);
	assert_string_equal(buffer_text(&trace), "a1 b2 ");
	close(ends[0]);
	close(ends[1]);
}

static struct signal_point point;

static void wait_for_point(void *name)
{
	enum loop_wake wake = loop_wait_signal(&point, CLOCK_FOREVER);
	buffer_printf(&trace, "%s:%s ", (const char *)name, wakes[wake]);
}

static void a_signal_wakes_all_that_wait(void **state)
{
	(void)state;
	struct fiber *a = start(wait_for_point, "a"), *b = start(wait_for_point, "b");
	loop_signal(&point); /* nobody waits yet: it is not kept */
	loop_yield();
	assert_int_equal(point.waiting, 2);
	fiber_cancel(a);
	loop_signal(&point);
	assert_int_equal(point.waiting, 0);
	assert_int_equal(fiber_join(a, far()), LOOP_READY);
	assert_int_equal(fiber_join(b, far()), LOOP_READY);
	assert_string_equal(buffer_text(&trace), "a:cancelled b:ready ");
	assert_int_equal(loop_wait_signal(&point, 0), LOOP_TIMEOUT);
	assert_int_equal(point.waiting, 0);
}

static int either_pipe[2];

static void wait_for_either(void *unused)
{
	short events = 0;
	(void)unused;
	enum loop_wake wake = loop_wait_either(either_pipe[0], POLLIN, &point, CLOCK_FOREVER, &events);
	buffer_printf(&trace, "%s:%d ", wakes[wake], events);
}

static void whichever_comes_first(void **state)
{
	(void)state;
	assert_int_equal(pipe2(either_pipe, O_CLOEXEC | O_NONBLOCK), 0);
	struct fiber *fiber = fiber_start(wait_for_either, NULL);
	loop_yield();
	loop_signal(&point);
	assert_int_equal(fiber_join(fiber, far()), LOOP_READY);
	assert_int_equal(write(either_pipe[1], "x", 1), 1);
	fiber = fiber_start(wait_for_either, NULL);
	assert_int_equal(fiber_join(fiber, far()), LOOP_READY);
	assert_string_equal(buffer_text(&trace), "ready:0 ready:1 ");
	assert_int_equal(point.waiting, 0);
	close(either_pipe[0]);
	close(either_pipe[1]);
}

static struct fiber_lock lock;

static void under_lock(void *name)
{
	assert_int_equal(fiber_lock_take(&lock, CLOCK_FOREVER), LOOP_READY);
	buffer_printf(&trace, "%s( ", (const char *)name);
	loop_yield();
	loop_yield();
	buffer_printf(&trace, ")%s ", (const char *)name);
	fiber_lock_release(&lock);
}

static void a_lock_has_one_holder(void **state)
{
	(void)state;
	struct fiber *a = start(under_lock, "a"), *b = start(under_lock, "b");
	loop_yield();
	assert_ptr_equal(lock.holder, a);
	assert_int_equal(fiber_lock_take(&lock, 0), LOOP_TIMEOUT);
	assert_int_equal(fiber_join(a, far()), LOOP_READY);
	assert_int_equal(fiber_join(b, far()), LOOP_READY);
	assert_string_equal(buffer_text(&trace), "a( )a b( )b ");
	assert_null(lock.holder);
}

static void wait_for_signals(void *unused)
{
	(void)unused;
	while (!loop_take_signal(SIGUSR1))
		if (loop_wait_signal(&loop_signals, CLOCK_FOREVER) == LOOP_CANCELLED)
			return;
	buffer_add(&trace, "usr1 ");
}

static void posix_signals_can_be_waited_for(void **state)
{
	(void)state;
	loop_watch_signal(SIGUSR1);
	assert_int_equal(loop_take_signal(SIGUSR1), 0);
	struct fiber *fiber = fiber_start(wait_for_signals, NULL);
	loop_yield();
	assert_int_equal(kill(getpid(), SIGUSR1), 0);
	assert_int_equal(fiber_join(fiber, far()), LOOP_READY);
	assert_string_equal(buffer_text(&trace), "usr1 ");
	raise(SIGUSR1);
	raise(SIGUSR1);
	assert_int_equal(loop_take_signal(SIGUSR1), 2);
	assert_int_equal(loop_take_signal(SIGUSR1), 0);
}

#define ROUNDS_LIMIT 100000

struct pair {
	struct signal_point turn[2];
	int rounds, next;
	bool over;
};

static void play(void *argument)
{
	struct pair *pair = argument;
	int me = pair->next++;
	while (!pair->over && pair->rounds++ < ROUNDS_LIMIT) {
		loop_signal(&pair->turn[!me]);
		loop_wait_signal(&pair->turn[me], CLOCK_FOREVER);
	}
	loop_signal(&pair->turn[!me]);
}

static void end_when_readable(void *argument)
{
	struct pair *pair = argument;
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_int_equal(loop_wait_fd(ends[0], POLLIN, far(), NULL), LOOP_READY);
	assert_int_equal(loop_sleep(0), LOOP_TIMEOUT);
	pair->over = true;
	close(ends[0]);
	close(ends[1]);
}

/* Two that only wake each other are always ready: who waits for the kernel has a turn all the same. */
static void nobody_is_kept_out(void **state)
{
	(void)state;
	struct pair pair = {0};
	struct fiber *fibers[] = {fiber_start(end_when_readable, &pair), fiber_start(play, &pair), fiber_start(play, &pair)};
	for (size_t i = 0; i < COUNT_OF(fibers); i++)
		assert_int_equal(fiber_join(fibers[i], far()), LOOP_READY);
	assert_true(pair.rounds < ROUNDS_LIMIT);
}

static void raise_one(void *unused)
{
	(void)unused;
	raise(SIGUSR2);
}

/* A signal interrupts poll itself, where nothing else is to come. */
static void a_signal_wakes_who_else_sleeps_forever(void **state)
{
	(void)state;
	loop_watch_signal(SIGUSR2);
	struct fiber *fiber = fiber_start(raise_one, NULL);
	while (!loop_take_signal(SIGUSR2))
		assert_int_equal(loop_wait_signal(&loop_signals, CLOCK_FOREVER), LOOP_READY);
	assert_int_equal(fiber_join(fiber, far()), LOOP_READY);
}

#define MANY 1000

static void count_down(void *number)
{
	int *left = number;
	char deep[16 * 1024]; /* a stack of its own */
	memset(deep, *left, sizeof(deep));
	while (*left > 0) {
		--*left;
		loop_yield();
	}
	assert_int_equal(deep[sizeof(deep) - 1], deep[0]);
}

static void a_thousand_fibers(void **state)
{
	(void)state;
	static struct fiber *fibers[MANY];
	static int numbers[MANY];
	for (int i = 0; i < MANY; i++) {
		numbers[i] = i % 10 + 1;
		fibers[i] = fiber_start(count_down, &numbers[i]);
	}
	for (int i = 0; i < MANY; i++) {
		assert_int_equal(fiber_join(fibers[(i * 7) % MANY], far()), LOOP_READY);
		assert_int_equal(numbers[(i * 7) % MANY], 0);
	}
}

static void the_main_stack_is_a_fiber(void **state)
{
	(void)state;
	assert_non_null(fiber_current());
	assert_ptr_equal(fiber_current(), fiber_current());
	fiber_cancel(fiber_current());
	assert_int_equal(loop_sleep(CLOCK_FOREVER), LOOP_CANCELLED);
	assert_int_equal(loop_sleep(0), LOOP_TIMEOUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(fibers_begin_in_order_and_take_turns, reset),
		cmocka_unit_test_teardown(a_fiber_may_start_fibers, reset),
		cmocka_unit_test_teardown(cancelling_ends_one_wait, reset),
		cmocka_unit_test_teardown(cancelling_before_it_waits_ends_its_next_wait, reset),
		cmocka_unit_test_teardown(a_join_can_time_out_and_be_cancelled, reset),
		cmocka_unit_test_teardown(deadlines, reset),
		cmocka_unit_test_teardown(two_may_wait_for_one_descriptor, reset),
		cmocka_unit_test_teardown(a_signal_wakes_all_that_wait, reset),
		cmocka_unit_test_teardown(whichever_comes_first, reset),
		cmocka_unit_test_teardown(a_lock_has_one_holder, reset),
		cmocka_unit_test_teardown(posix_signals_can_be_waited_for, reset),
		cmocka_unit_test_teardown(a_signal_wakes_who_else_sleeps_forever, reset),
		cmocka_unit_test_teardown(nobody_is_kept_out, reset),
		cmocka_unit_test_teardown(a_thousand_fibers, reset),
		cmocka_unit_test_teardown(the_main_stack_is_a_fiber, reset),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
