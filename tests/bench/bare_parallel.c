/*
 * bare_parallel.c - EXECUTIONS JOURNAL COPY PORT USER KEY THREADS: the same with a libssh2 session for each step, THREADS of
 * them at once. The journal has one writer at a time, as in Standin: an apply comes after an intent was synced.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/bare_session.h"

#define STEP_EXECUTIONS 3 /* observe, apply, observe */

struct work {
	struct bare bare;
	int port;
	const char *user, *key;
	pthread_mutex_t lock; /* of what follows, and of the journal */
	size_t next;	      /* execution that no thread has taken */
};

static const struct execution *take_step(struct work *work)
{
	pthread_mutex_lock(&work->lock);
	const struct execution *step = work->next < work->bare.count ? &work->bare.executions[work->next] : NULL;
	work->next += STEP_EXECUTIONS;
	pthread_mutex_unlock(&work->lock);
	return step;
}

static void write_intent(struct work *work)
{
	enum bare_line line;
	pthread_mutex_lock(&work->lock);
	while ((line = bare_write_line(&work->bare)) != LINE_INTENT && line != LINE_NONE) {
	}
	pthread_mutex_unlock(&work->lock);
}

static void *work_on(void *argument)
{
	struct work *work = argument;
	const struct execution *step;
	while ((step = take_step(work))) {
		LIBSSH2_SESSION *session = session_log_in(work->port, work->user, work->key);
		session_run(session, &step[0]);
		write_intent(work);
		session_run(session, &step[1]);
		session_run(session, &step[2]);
		session_end(session);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	struct work work = {.lock = PTHREAD_MUTEX_INITIALIZER};
	if (argc != 8 || atoi(argv[7]) < 1) {
		fputs("usage: bare_parallel EXECUTIONS JOURNAL COPY PORT USER KEY THREADS\n", stderr);
		return 2;
	}
	if (libssh2_init(0) != 0)
		bare_fail("libssh2");
	bare_open(&work.bare, argv + 1);
	work.port = atoi(argv[4]);
	work.user = argv[5];
	work.key = argv[6];
	size_t count = (size_t)atoi(argv[7]);
	pthread_t *threads = calloc(count, sizeof(*threads));
	for (size_t i = 0; i < count; i++)
		if (!threads || pthread_create(&threads[i], NULL, work_on, &work) != 0)
			bare_fail("threads");
	for (size_t i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	while (bare_write_line(&work.bare) != LINE_NONE) {
	}
	free(threads);
	return 0;
}
