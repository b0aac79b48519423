/*
 * loop.h - the one event loop, and fibers that wait in it.
 *
 * A fiber is a function with a stack of its own that runs until it waits; then another one runs. There is one thread. Code that
 * waits for a process, a host or a person reads from top to bottom, and yet nothing blocks the others:
 *
 *     fiber A: loop_wait_fd(fd) ----.                         .---- ... goes on
 *     fiber B:                       '-- runs -- loop_sleep --'
 *     loop:                                        poll()
 *
 * Every wait takes a deadline (boottime nanoseconds, CLOCK_FOREVER for none) and can end early because the fiber was
 * cancelled. State shared between fibers is safe except across a wait. Wait only in a fiber or in the main stack, which counts
 * as one.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/clock.h"

struct fiber;

enum loop_wake {
	LOOP_READY,	/* what was waited for has happened */
	LOOP_TIMEOUT,	/* the deadline has come */
	LOOP_CANCELLED, /* fiber_cancel was called on the waiting fiber: clean up and return */
};

/* Start function(argument) as a fiber; it first runs when the caller waits, after those started before it. Free with
 * fiber_join. */
struct fiber *fiber_start(void (*function)(void *argument), void *argument);
enum loop_wake fiber_join(struct fiber *fiber, int64_t deadline); /* LOOP_READY: it has ended and is freed */
void fiber_cancel(struct fiber *fiber); /* its present wait (or else its next) returns LOOP_CANCELLED, once */
bool fiber_done(const struct fiber *fiber);
struct fiber *fiber_current(void);

/* events: POLLIN, POLLOUT. Several fibers may wait for one descriptor. */
enum loop_wake loop_wait_fd(int fd, short events, int64_t deadline, short *ret_events);
enum loop_wake loop_sleep(int64_t deadline);
void loop_yield(void); /* let the others run once */

/* A condition to wait on: signalled by another fiber. Zero-initialized; must outlive its waiters. */
struct signal_point {
	unsigned waiting; /* fibers that wait on it */
};
enum loop_wake loop_wait_signal(struct signal_point *point, int64_t deadline);
void loop_signal(struct signal_point *point); /* wakes all that wait on it */
/* Wait for whichever comes first: descriptor or signal. */
enum loop_wake loop_wait_either(int fd, short events, struct signal_point *point, int64_t deadline, short *ret_events);

/* Mutual exclusion across waits. Zero-initialized. First come, first served is not promised. */
struct fiber_lock {
	struct fiber *holder;
	struct signal_point released;
};
enum loop_wake fiber_lock_take(struct fiber_lock *lock, int64_t deadline);
void fiber_lock_release(struct fiber_lock *lock);

/* POSIX signals as something to wait for: after loop_watch_signal(SIGINT) the signal no longer has its default effect; its
 * arrival signals loop_signals, and loop_take_signal(SIGINT) says how often it came since the last take. */
void loop_watch_signal(int signal_number);
int loop_take_signal(int signal_number);
extern struct signal_point loop_signals; /* signalled when a watched POSIX signal has arrived */
