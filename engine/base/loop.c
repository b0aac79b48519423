/*
 * loop.c - fibers on ucontext stacks, scheduled by whoever waits.
 *
 * There is no scheduler stack: a fiber that waits looks for another one that is ready and switches to it; when there is none,
 * it calls poll() itself until somebody (perhaps it) is. The main stack is the first fiber.
 */
#include "engine/base/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "engine/base/memory.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#define STACK_SIZE ((size_t)2048 * 1024)
#else
#define STACK_SIZE ((size_t)512 * 1024)
#endif
#define SIGNALS_LIMIT 65
#define TURNS_LIMIT   64 /* turns of fibers that are ready, before the kernel is asked who else may go on */

enum fiber_state { FIBER_READY, FIBER_WAITING, FIBER_DONE };

struct fiber {
	struct fiber *next; /* ring of all fibers that are not freed */
	ucontext_t context;
	void *stack; /* NULL for the main stack */
	void (*function)(void *argument);
	void *argument;
	enum fiber_state state;
	bool cancelled; /* and not yet told */
	/* what a waiting fiber waits for */
	int fd; /* -1: none */
	short events;
	short revents;
	struct signal_point *point; /* NULL: none */
	int64_t deadline;
	enum loop_wake wake;
	struct signal_point ended;
	void *fake_stack; /* the address sanitizer's */
	const void *stack_bottom;
	size_t stack_size;
};

static struct fiber main_fiber = {.next = &main_fiber, .fd = -1};
static struct fiber *current = &main_fiber;
static struct fiber *leaving; /* whom the sanitizer has to be told about after a switch */

struct signal_point loop_signals;
static volatile sig_atomic_t signal_counts[SIGNALS_LIMIT];
static int signal_pipe[2] = {-1, -1};

static void finish_switch(void)
{
#ifdef __SANITIZE_ADDRESS__
	const void *bottom;
	size_t size;
	__sanitizer_finish_switch_fiber(current->fake_stack, &bottom, &size);
	if (leaving && !leaving->stack) {
		leaving->stack_bottom = bottom;
		leaving->stack_size = size;
	}
#endif
	leaving = NULL;
}

static void switch_to(struct fiber *next)
{
	struct fiber *from = current;
	if (next == from)
		return;
	current = next;
	leaving = from;
#ifdef __SANITIZE_ADDRESS__
	__sanitizer_start_switch_fiber(from->state == FIBER_DONE ? NULL : &from->fake_stack, next->stack_bottom,
				       next->stack_size);
#endif
	swapcontext(&from->context, &next->context);
	finish_switch();
}

static void wake(struct fiber *fiber, enum loop_wake reason)
{
	if (fiber->state != FIBER_WAITING)
		return;
	if (fiber->point)
		fiber->point->waiting--;
	fiber->point = NULL;
	fiber->state = FIBER_READY;
	fiber->wake = reason;
}

static void drain_signal_pipe(void)
{
	char bytes[64];
	while (read(signal_pipe[0], bytes, sizeof(bytes)) > 0) {
	}
	loop_signal(&loop_signals);
}

static int poll_timeout(int64_t nearest)
{
	if (nearest == CLOCK_FOREVER)
		return -1;
	int64_t rest = nearest - clock_boottime();
	if (rest <= 0)
		return 0;
	int64_t milliseconds = (rest + NSEC_PER_MSEC - 1) / NSEC_PER_MSEC;
	return milliseconds > 3600000 ? 3600000 : (int)milliseconds;
}

/* Ask the kernel who may go on; block only if nobody is ready. */
static void poll_waiting(bool block)
{
	static struct pollfd *polled;
	static struct fiber **owners;
	static size_t capacity;
	size_t count = 0;
	int64_t nearest = CLOCK_FOREVER;
	struct fiber *fiber = current;
	do {
		if (count + 2 > capacity) {
			capacity = capacity ? capacity * 2 : 16;
			polled = memory_resize(polled, capacity * sizeof(*polled));
			owners = memory_resize(owners, capacity * sizeof(struct fiber *));
		}
		if (fiber->state == FIBER_WAITING) {
			if (fiber->fd >= 0) {
				polled[count] = (struct pollfd){.fd = fiber->fd, .events = fiber->events};
				owners[count++] = fiber;
			}
			if (fiber->deadline < nearest)
				nearest = fiber->deadline;
		}
		fiber = fiber->next;
	} while (fiber != current);
	size_t fibers_count = count;
	if (signal_pipe[0] >= 0)
		polled[count++] = (struct pollfd){.fd = signal_pipe[0], .events = POLLIN};
	int ready = poll(polled, count, block ? poll_timeout(nearest) : 0);
	if (ready < 0 && errno != EINTR && errno != EAGAIN)
		abort();
	for (size_t i = 0; ready > 0 && i < fibers_count; i++) {
		if (!polled[i].revents)
			continue;
		owners[i]->revents = polled[i].revents;
		wake(owners[i], LOOP_READY);
	}
	if (ready > 0 && count > fibers_count && polled[fibers_count].revents)
		drain_signal_pipe();
	if (nearest == CLOCK_FOREVER)
		return;
	int64_t now = clock_boottime();
	fiber = current;
	do {
		if (fiber->state == FIBER_WAITING && fiber->deadline <= now)
			wake(fiber, LOOP_TIMEOUT);
		fiber = fiber->next;
	} while (fiber != current);
}

static struct fiber *next_ready(void)
{
	struct fiber *fiber = current;
	do {
		fiber = fiber->next;
		if (fiber->state == FIBER_READY)
			return fiber;
	} while (fiber != current);
	return NULL;
}

/* Run others until the current fiber is ready again and it is its turn. */
static void schedule(void)
{
	static unsigned turns;
	struct fiber *next;
	if (++turns % TURNS_LIMIT == 0) /* who only wake each other must not keep out the rest */
		poll_waiting(false);
	while (!(next = next_ready()))
		poll_waiting(true);
	switch_to(next);
}

static enum loop_wake wait_for(int fd, short events, struct signal_point *point, int64_t deadline, short *ret_events)
{
	struct fiber *self = current;
	if (self->cancelled) {
		self->cancelled = false;
		return LOOP_CANCELLED;
	}
	self->fd = fd;
	self->events = events;
	self->revents = 0;
	self->point = point;
	self->deadline = deadline;
	self->state = FIBER_WAITING;
	if (point)
		point->waiting++;
	schedule();
	self->fd = -1;
	if (ret_events)
		*ret_events = self->revents;
	return self->wake;
}

static void fiber_main(void)
{
	finish_switch();
	current->function(current->argument);
	current->state = FIBER_DONE;
	loop_signal(&current->ended);
	schedule();
	abort(); /* a fiber that has ended is never switched to */
}

/* Before the current one, which is the end of the ring: fibers begin in the order in which they were started. */
static void join_ring(struct fiber *fiber)
{
	struct fiber *last = current;
	while (last->next != current)
		last = last->next;
	last->next = fiber;
	fiber->next = current;
}

struct fiber *fiber_start(void (*function)(void *argument), void *argument)
{
	struct fiber *fiber = memory_alloc(sizeof(*fiber));
	long page = sysconf(_SC_PAGESIZE);
	fiber->stack =
		mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
	if (fiber->stack == MAP_FAILED || mprotect(fiber->stack, (size_t)page, PROT_NONE) < 0)
		abort();
	fiber->stack_bottom = fiber->stack;
	fiber->stack_size = STACK_SIZE;
	fiber->function = function;
	fiber->argument = argument;
	fiber->fd = -1;
	getcontext(&fiber->context);
	fiber->context.uc_stack.ss_sp = fiber->stack;
	fiber->context.uc_stack.ss_size = STACK_SIZE;
	makecontext(&fiber->context, fiber_main, 0);
	join_ring(fiber);
	return fiber;
}

static void fiber_free(struct fiber *fiber)
{
	struct fiber *previous = fiber;
	while (previous->next != fiber)
		previous = previous->next;
	previous->next = fiber->next;
	munmap(fiber->stack, STACK_SIZE);
	free(fiber);
}

enum loop_wake fiber_join(struct fiber *fiber, int64_t deadline)
{
	while (fiber->state != FIBER_DONE) {
		enum loop_wake wake_reason = loop_wait_signal(&fiber->ended, deadline);
		if (wake_reason != LOOP_READY)
			return wake_reason;
	}
	fiber_free(fiber);
	return LOOP_READY;
}

void fiber_cancel(struct fiber *fiber)
{
	if (fiber->state == FIBER_WAITING)
		wake(fiber, LOOP_CANCELLED);
	else if (fiber->state == FIBER_READY)
		fiber->cancelled = true;
}

bool fiber_done(const struct fiber *fiber)
{
	return fiber->state == FIBER_DONE;
}

struct fiber *fiber_current(void)
{
	return current;
}

enum loop_wake loop_wait_fd(int fd, short events, int64_t deadline, short *ret_events)
{
	return wait_for(fd, events, NULL, deadline, ret_events);
}

enum loop_wake loop_sleep(int64_t deadline)
{
	return wait_for(-1, 0, NULL, deadline, NULL);
}

void loop_yield(void)
{
	poll_waiting(false);
	schedule(); /* the current fiber is still ready: it comes last in the ring */
}

enum loop_wake loop_wait_signal(struct signal_point *point, int64_t deadline)
{
	return wait_for(-1, 0, point, deadline, NULL);
}

enum loop_wake loop_wait_either(int fd, short events, struct signal_point *point, int64_t deadline, short *ret_events)
{
	return wait_for(fd, events, point, deadline, ret_events);
}

void loop_signal(struct signal_point *point)
{
	struct fiber *fiber = current;
	while (point->waiting) {
		if (fiber->state == FIBER_WAITING && fiber->point == point)
			wake(fiber, LOOP_READY);
		fiber = fiber->next;
	}
}

enum loop_wake fiber_lock_take(struct fiber_lock *lock, int64_t deadline)
{
	while (lock->holder) {
		enum loop_wake wake_reason = loop_wait_signal(&lock->released, deadline);
		if (wake_reason != LOOP_READY)
			return wake_reason;
	}
	lock->holder = current;
	return LOOP_READY;
}

void fiber_lock_release(struct fiber_lock *lock)
{
	lock->holder = NULL;
	loop_signal(&lock->released);
}

static void on_signal(int signal_number)
{
	int saved = errno;
	signal_counts[signal_number]++;
	if (write(signal_pipe[1], "", 1) < 0) {
		/* a full pipe has been noticed already */
	}
	errno = saved;
}

void loop_watch_signal(int signal_number)
{
	if (signal_pipe[0] < 0 && pipe2(signal_pipe, O_CLOEXEC | O_NONBLOCK) < 0)
		abort();
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	sigaction(signal_number, &action, NULL);
}

int loop_take_signal(int signal_number)
{
	int count = signal_counts[signal_number];
	signal_counts[signal_number] = 0;
	return count;
}
