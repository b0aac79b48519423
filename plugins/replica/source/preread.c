/*
 * preread.c - a cycle to nowhere, in a thread of its own; the session's thread waits for the listing. Two cycles are never
 * under way at once: the one that compares begins when this one has ended.
 */
#include "plugins/replica/source/preread.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "engine/base/file.h"
#include "engine/base/memory.h"

struct preread {
	struct session *session;
	const char *path;   /* of the manifest that it writes */
	const char *blocks; /* where block lists are kept, or NULL */
	pthread_t thread;
	_Atomic bool stop; /* it is not wanted any more */
	int result;
	struct known *known; /* what it has read, if that was all */
};

/* The manifest of this work, which goes on; or one that is no more than that. */
static int create(struct preread *preread, struct cycle *cycle)
{
	struct session *session = preread->session;
	const struct identity *point = &session->welcome.point;
	if (identity_is_none(&session->work))
		return manifest_create(preread->path, point, session->welcome.seed, &cycle->next, NULL);
	if (unfinished_new(preread->path, &session->work, point, session->welcome.seed, &cycle->unfinished, NULL) < 0)
		return -1;
	const char *from = unfinished_from(cycle->unfinished);
	session->from_here = from ? memory_strdup(from) : NULL;
	cycle->next = unfinished_writer(cycle->unfinished);
	return 0;
}

static void end(struct preread *preread, struct cycle *cycle)
{
	const char *whole = preread->path;
	if (preread->result == 0)
		preread->result = cycle->unfinished ? unfinished_end(cycle->unfinished, &whole, NULL)
						    : manifest_finish(cycle->next, false, NULL);
	preread->known = preread->result == 0 ? known_open(whole) : NULL;
	if (cycle->unfinished)
		unfinished_free(cycle->unfinished);
	else
		manifest_free(cycle->next);
}

static void *read_tree(void *argument)
{
	struct preread *preread = argument;
	struct session *session = preread->session;
	const struct source *source = session->source;
	struct cycle cycle = {
		.tree = &session->tree,
		.rules = source->rules,
		.blocks = preread->blocks,
		.flags = CYCLE_PREREAD,
		.seed = session->welcome.seed,
		.stop = &preread->stop,
		.total = session->total,
		.events = {.progress = source->events.progress, .argument = source->events.argument},
	};
	preread->result = create(preread, &cycle);
	if (preread->result < 0)
		return NULL;
	preread->result = cycle_run(&cycle, NULL);
	end(preread, &cycle);
	session->total.files = cycle.count.files;
	session->total.bytes = cycle.count.bytes;
	session->read_before = cycle.count.before;
	return NULL;
}

/* Signals are the session's. */
static int start(struct preread *preread)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int failed = pthread_create(&preread->thread, NULL, read_tree, preread);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return failed ? -1 : 0;
}

int preread_listing(struct session *session, bool blocks, struct manifest_reader **ret_listing, struct known **ret_known,
		    struct error *err)
{
	CLEANUP_FREE char *path = file_join(session->source->state, "preread");
	struct preread preread = {.session = session, .path = path, .blocks = blocks ? session->blocks : NULL};
	bool started = start(&preread) == 0;
	int result = believe_listing(session, blocks, ret_listing, err);
	if (result < 0)
		preread.stop = true;
	if (started)
		pthread_join(preread.thread, NULL);
	if (result == 0)
		*ret_known = take(preread.known);
	known_close(preread.known);
	unlink(path); /* what goes on has other names, and stays (unfinished.h) */
	return result;
}
