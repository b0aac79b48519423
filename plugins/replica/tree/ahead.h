/*
 * ahead.h - work of which the results are wanted in order, done ahead by a few threads. The one who wants them takes part when
 * it has to wait, so on a single processor nothing is lost, and little is gained.
 */
#pragma once

#include <stdbool.h>

#define AHEAD_SLOTS 8u

struct ahead;

/* work is called with the number of a slot, 0..AHEAD_SLOTS-1, from any thread, never twice at once for one slot. */
struct ahead *ahead_new(void (*work)(void *argument, unsigned slot), void *argument);
void ahead_free(struct ahead *ahead); /* NULL is fine; waits for what is under way */
/* alone: what is wanted from now on is done by the one who takes it. Waits for what is under way; the rest is forgotten. */
void ahead_begin(struct ahead *ahead, bool alone);
/* A slot that is to be filled in, and then wanted; -1: as many are wanted as may be. */
int ahead_next(struct ahead *ahead);
void ahead_want(struct ahead *ahead);
/* The slot that was wanted first and is done; it is the caller's until the next take or begin. -1: none is wanted. */
int ahead_take(struct ahead *ahead);
