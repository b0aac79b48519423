/*
 * pieces.c - a ring of pieces. Three numbers say all: which piece is the oldest (taken), which is the next that nobody reads
 * yet (claimed), and how many were wanted.
 */
#include "plugins/replica/tree/pieces.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/base/memory.h"

#define THREADS_MOST 3u				 /* besides the one who asks: the line or the disk is the limit then */
#define LARGE	     (4 * (uint64_t)PIECE_BYTES) /* a smaller file is read before a thread would have woken */

struct slot {
	struct piece piece;
	bool done;
};

struct pieces {
	uint64_t seed;
	int fd;
	bool alone;	    /* no thread is to be woken for this file */
	struct digest zero; /* of a block */
	struct slot slots[PIECES_AHEAD];
	pthread_t threads[THREADS_MOST];
	unsigned thread_count;
	pthread_mutex_t lock; /* of all below, and of slots[].done */
	pthread_cond_t work, done;
	uint64_t taken, claimed, wanted;
	bool quit;
};

static struct slot *slot_of(struct pieces *pieces, uint64_t number)
{
	return &pieces->slots[number % PIECES_AHEAD];
}

/* --- one piece --- */

static void digest_hole(const struct pieces *pieces, struct piece *piece)
{
	piece->got = piece->length;
	for (size_t at = 0; at < piece->length; at += DIGEST_BLOCK) {
		size_t some = piece->length - at < DIGEST_BLOCK ? piece->length - at : DIGEST_BLOCK;
		piece->digests[piece->count++] = some == DIGEST_BLOCK ? pieces->zero : digest_zeros(pieces->seed, some);
	}
}

static void read_piece(int fd, struct piece *piece)
{
	while (piece->got < piece->length) {
		ssize_t got =
			pread(fd, piece->bytes + piece->got, piece->length - piece->got, (off_t)(piece->offset + piece->got));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			piece->failed = errno;
		if (got <= 0)
			return;
		piece->got += (size_t)got;
	}
}

static void make(const struct pieces *pieces, struct piece *piece)
{
	piece->got = 0;
	piece->count = 0;
	piece->failed = 0;
	if (!piece->there) {
		digest_hole(pieces, piece);
		return;
	}
	read_piece(pieces->fd, piece);
	for (size_t at = 0; at < piece->got; at += DIGEST_BLOCK) {
		size_t some = piece->got - at < DIGEST_BLOCK ? piece->got - at : DIGEST_BLOCK;
		piece->digests[piece->count++] = digest_bytes(pieces->seed, piece->bytes + at, some);
	}
}

/* With the lock, which is not held while it is made: claims the next one. */
static void make_next(struct pieces *pieces)
{
	struct slot *slot = slot_of(pieces, pieces->claimed++);
	pthread_mutex_unlock(&pieces->lock);
	make(pieces, &slot->piece);
	pthread_mutex_lock(&pieces->lock);
	slot->done = true;
}

/* --- the threads --- */

static void *run_thread(void *argument)
{
	struct pieces *pieces = argument;
	pthread_mutex_lock(&pieces->lock);
	while (!pieces->quit) {
		if (pieces->claimed == pieces->wanted) {
			pthread_cond_wait(&pieces->work, &pieces->lock);
			continue;
		}
		make_next(pieces);
		pthread_cond_signal(&pieces->done);
	}
	pthread_mutex_unlock(&pieces->lock);
	return NULL;
}

/* One fewer than there are processors, but one. Signals are the main thread's. */
static void start_threads(struct pieces *pieces)
{
	cpu_set_t processors;
	sigset_t all, before;
	unsigned count = sched_getaffinity(0, sizeof(processors), &processors) < 0 ? 2 : (unsigned)CPU_COUNT(&processors);
	count = count < 2 ? 1 : count - 1 < THREADS_MOST ? count - 1 : THREADS_MOST;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (pieces->thread_count < count &&
	       pthread_create(&pieces->threads[pieces->thread_count], NULL, run_thread, pieces) == 0)
		pieces->thread_count++; /* with fewer it is slower, with none as well */
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

struct pieces *pieces_new(uint64_t seed)
{
	struct pieces *pieces = memory_alloc(sizeof(*pieces));
	pieces->seed = seed;
	pieces->fd = -1;
	pieces->zero = digest_zeros(seed, DIGEST_BLOCK);
	pthread_mutex_init(&pieces->lock, NULL);
	pthread_cond_init(&pieces->work, NULL);
	pthread_cond_init(&pieces->done, NULL);
	return pieces;
}

void pieces_free(struct pieces *pieces)
{
	if (!pieces)
		return;
	pthread_mutex_lock(&pieces->lock);
	pieces->quit = true;
	pthread_cond_broadcast(&pieces->work);
	pthread_mutex_unlock(&pieces->lock);
	for (unsigned i = 0; i < pieces->thread_count; i++)
		pthread_join(pieces->threads[i], NULL);
	for (unsigned i = 0; i < PIECES_AHEAD; i++)
		free(pieces->slots[i].piece.bytes);
	pthread_cond_destroy(&pieces->work);
	pthread_cond_destroy(&pieces->done);
	pthread_mutex_destroy(&pieces->lock);
	free(pieces);
}

/* --- who asks --- */

/* With the lock: until number is complete. */
static void complete(struct pieces *pieces, uint64_t number)
{
	while (!slot_of(pieces, number)->done)
		if (pieces->claimed < pieces->wanted)
			make_next(pieces);
		else
			pthread_cond_wait(&pieces->done, &pieces->lock);
}

void pieces_begin(struct pieces *pieces, int fd, uint64_t size)
{
	pthread_mutex_lock(&pieces->lock);
	uint64_t under_way = pieces->claimed;
	pieces->wanted = pieces->claimed; /* nobody begins another one */
	for (uint64_t number = pieces->taken; number < under_way; number++)
		complete(pieces, number);
	pieces->taken = pieces->wanted;
	pieces->fd = fd;
	pieces->alone = size < LARGE;
	pthread_mutex_unlock(&pieces->lock);
	if (pieces->alone)
		return;
	posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	if (!pieces->thread_count)
		start_threads(pieces);
}

struct piece *pieces_next(struct pieces *pieces)
{
	/* The piece that was taken last is still being looked at. Both numbers are changed by this thread alone. */
	if (pieces->wanted - pieces->taken >= (pieces->alone ? 1 : PIECES_AHEAD - 1))
		return NULL;
	struct slot *slot = slot_of(pieces, pieces->wanted);
	if (!slot->piece.bytes)
		slot->piece.bytes = memory_alloc(PIECE_BYTES);
	slot->done = false;
	return &slot->piece;
}

void pieces_want(struct pieces *pieces)
{
	pthread_mutex_lock(&pieces->lock);
	pieces->wanted++;
	pthread_mutex_unlock(&pieces->lock);
	if (!pieces->alone)
		pthread_cond_signal(&pieces->work);
}

struct piece *pieces_take(struct pieces *pieces)
{
	pthread_mutex_lock(&pieces->lock);
	uint64_t number = pieces->taken;
	bool any = number < pieces->wanted;
	if (any) {
		complete(pieces, number);
		pieces->taken++;
	}
	pthread_mutex_unlock(&pieces->lock);
	return any ? &slot_of(pieces, number)->piece : NULL;
}
