/*
 * ahead.c - a ring of slots. Three numbers say all: which is the oldest (taken), which is the next that nobody works on yet
 * (claimed), and how many were wanted.
 */
#include "plugins/replica/tree/ahead.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>

#include "engine/base/memory.h"

#define THREADS_MOST 3u /* besides the one who takes: the line or the disk is the limit then */

struct ahead {
	void (*work)(void *argument, unsigned slot);
	void *argument;
	bool alone;
	pthread_t threads[THREADS_MOST];
	unsigned thread_count;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t work_there, work_done;
	uint64_t taken, claimed, wanted;
	bool done[AHEAD_SLOTS];
	bool quit;
};

/* With the lock, which is not held while it is done: claims the next one. */
static void work_on_next(struct ahead *ahead)
{
	unsigned slot = (unsigned)(ahead->claimed++ % AHEAD_SLOTS);
	pthread_mutex_unlock(&ahead->lock);
	ahead->work(ahead->argument, slot);
	pthread_mutex_lock(&ahead->lock);
	ahead->done[slot] = true;
}

/* --- the threads --- */

static void *run_thread(void *argument)
{
	struct ahead *ahead = argument;
	pthread_mutex_lock(&ahead->lock);
	while (!ahead->quit) {
		if (ahead->claimed == ahead->wanted) {
			pthread_cond_wait(&ahead->work_there, &ahead->lock);
			continue;
		}
		work_on_next(ahead);
		pthread_cond_signal(&ahead->work_done);
	}
	pthread_mutex_unlock(&ahead->lock);
	return NULL;
}

/* One fewer than there are processors, but one. Signals are the main thread's. */
static void start_threads(struct ahead *ahead)
{
	cpu_set_t processors;
	sigset_t all, before;
	unsigned count = sched_getaffinity(0, sizeof(processors), &processors) < 0 ? 2 : (unsigned)CPU_COUNT(&processors);
	count = count < 2 ? 1 : count - 1 < THREADS_MOST ? count - 1 : THREADS_MOST;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (ahead->thread_count < count &&
	       pthread_create(&ahead->threads[ahead->thread_count], NULL, run_thread, ahead) == 0)
		ahead->thread_count++; /* with fewer it is slower, with none as well */
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

struct ahead *ahead_new(void (*work)(void *argument, unsigned slot), void *argument)
{
	struct ahead *ahead = memory_alloc(sizeof(*ahead));
	ahead->work = work;
	ahead->argument = argument;
	ahead->alone = true;
	pthread_mutex_init(&ahead->lock, NULL);
	pthread_cond_init(&ahead->work_there, NULL);
	pthread_cond_init(&ahead->work_done, NULL);
	return ahead;
}

void ahead_free(struct ahead *ahead)
{
	if (!ahead)
		return;
	pthread_mutex_lock(&ahead->lock);
	ahead->quit = true;
	pthread_cond_broadcast(&ahead->work_there);
	pthread_mutex_unlock(&ahead->lock);
	for (unsigned i = 0; i < ahead->thread_count; i++)
		pthread_join(ahead->threads[i], NULL);
	pthread_cond_destroy(&ahead->work_there);
	pthread_cond_destroy(&ahead->work_done);
	pthread_mutex_destroy(&ahead->lock);
	free(ahead);
}

/* --- who takes --- */

/* With the lock: until number is done. */
static void complete(struct ahead *ahead, uint64_t number)
{
	while (!ahead->done[number % AHEAD_SLOTS])
		if (ahead->claimed < ahead->wanted)
			work_on_next(ahead);
		else
			pthread_cond_wait(&ahead->work_done, &ahead->lock);
}

void ahead_begin(struct ahead *ahead, bool alone)
{
	pthread_mutex_lock(&ahead->lock);
	ahead->wanted = ahead->claimed; /* nobody begins another one */
	for (; ahead->taken < ahead->wanted; ahead->taken++)
		complete(ahead, ahead->taken);
	ahead->alone = alone;
	pthread_mutex_unlock(&ahead->lock);
	if (!alone && !ahead->thread_count)
		start_threads(ahead);
}

int ahead_next(struct ahead *ahead)
{
	/* The one that was taken last is still being looked at. Both numbers are changed by this thread alone. */
	if (ahead->wanted - ahead->taken >= (ahead->alone ? 1 : AHEAD_SLOTS - 1))
		return -1;
	ahead->done[ahead->wanted % AHEAD_SLOTS] = false;
	return (int)(ahead->wanted % AHEAD_SLOTS);
}

void ahead_want(struct ahead *ahead)
{
	pthread_mutex_lock(&ahead->lock);
	ahead->wanted++;
	pthread_mutex_unlock(&ahead->lock);
	if (!ahead->alone)
		pthread_cond_signal(&ahead->work_there);
}

int ahead_take(struct ahead *ahead)
{
	pthread_mutex_lock(&ahead->lock);
	int slot = -1;
	if (ahead->taken < ahead->wanted) {
		complete(ahead, ahead->taken);
		slot = (int)(ahead->taken++ % AHEAD_SLOTS);
	}
	pthread_mutex_unlock(&ahead->lock);
	return slot;
}
