/*
 * workers.c - forks, one pipe a worker, a counter in shared memory from which each takes its next few items.
 */
#include "engine/base/workers.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/base/fault.h"
#include "engine/base/memory.h"

#define WORKERS_LIMIT	8
#define BATCH		((size_t)8) /* items that a worker takes at once: neighbours have much in common */
#define READ_SIZE	65536
#define WORTH_A_PROCESS (2 * BATCH) /* items for each; a fork costs about as much as one or two */

struct frame {
	uint64_t item;
	uint64_t length;
};

struct worker {
	pid_t pid;
	int pipe; /* -1: it has ended */
	struct buffer input;
};

struct result {
	char *data;
	size_t length;
};

struct pool {
	const struct workers *workers;
	size_t count;
	atomic_size_t *next; /* shared */
	struct worker items[WORKERS_LIMIT];
	unsigned started;
	struct result *results; /* of items that came before their turn */
	size_t accepted;
	int status; /* of a worker that did not end well */
};

static void work_here(const struct workers *workers, size_t item)
{
	CLEANUP_BUFFER struct buffer out = {0};
	workers->work(workers->context, item, &out);
	workers->accept(workers->context, item, buffer_text(&out), out.length);
}

/* ------------------------------------------------------------------------------------------------------------- the worker */

static void write_all(int pipe, const char *data, size_t length)
{
	while (length) {
		ssize_t written = write(pipe, data, length);
		if (written < 0 && errno != EINTR)
			_exit(1); /* nobody reads it */
		data += written > 0 ? written : 0;
		length -= written > 0 ? (size_t)written : 0;
	}
}

static _Noreturn void be_worker(const struct pool *pool, int pipe)
{
	CLEANUP_BUFFER struct buffer out = {0}, whole = {0};
	for (size_t item; (item = atomic_fetch_add(pool->next, BATCH)) < pool->count;) {
		size_t end = item + BATCH < pool->count ? item + BATCH : pool->count;
		buffer_reset(&whole);
		if (fault_hit("worker"))
			_exit(1);
		for (; item < end; item++) {
			buffer_reset(&out);
			pool->workers->work(pool->workers->context, item, &out);
			struct frame frame = {item, out.length};
			buffer_append(&whole, &frame, sizeof(frame));
			buffer_append(&whole, out.data, out.length);
		}
		write_all(pipe, whole.data, whole.length);
	}
	_exit(0);
}

/* -1: there is no process to be had. */
static int start(struct pool *pool)
{
	int ends[2];
	struct worker *worker = &pool->items[pool->started];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	pid_t pid = fork();
	if (pid == 0) {
		for (unsigned i = 0; i < pool->started; i++)
			close(pool->items[i].pipe);
		close(ends[0]);
		be_worker(pool, ends[1]);
	}
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return -1;
	}
	*worker = (struct worker){.pid = pid, .pipe = ends[0]};
	pool->started++;
	return 0;
}

/* ------------------------------------------------------------------------------------------------------------ this process */

static void accept_due(struct pool *pool)
{
	const struct workers *workers = pool->workers;
	for (; pool->accepted < pool->count && pool->results[pool->accepted].data; pool->accepted++) {
		struct result *result = &pool->results[pool->accepted];
		workers->accept(workers->context, pool->accepted, result->data, result->length);
		free(take(result->data));
	}
}

static void keep_results(struct pool *pool, struct buffer *input)
{
	struct frame frame;
	size_t used = 0;
	while (input->length - used >= sizeof(frame)) {
		memcpy(&frame, input->data + used, sizeof(frame));
		if (input->length - used - sizeof(frame) < frame.length)
			break;
		struct result *result = &pool->results[frame.item];
		result->length = frame.length;
		result->data = memory_alloc(frame.length + 1);
		memcpy(result->data, input->data + used + sizeof(frame), frame.length);
		used += sizeof(frame) + frame.length;
	}
	buffer_consume(input, used);
}

static void end(struct pool *pool, struct worker *worker)
{
	int status = 0;
	close(worker->pipe);
	worker->pipe = -1;
	while (waitpid(worker->pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (status)
		pool->status = status;
	buffer_free(&worker->input);
}

static void read_some(struct pool *pool, struct worker *worker)
{
	char data[READ_SIZE];
	ssize_t length = read(worker->pipe, data, sizeof(data));
	if (length < 0 && errno == EINTR)
		return;
	if (length <= 0) {
		end(pool, worker);
		return;
	}
	buffer_append(&worker->input, data, (size_t)length);
	keep_results(pool, &worker->input);
	accept_due(pool);
}

static bool wait_for_some(struct pool *pool)
{
	struct pollfd fds[WORKERS_LIMIT];
	bool any = false;
	for (unsigned i = 0; i < pool->started; i++) {
		fds[i] = (struct pollfd){.fd = pool->items[i].pipe, .events = POLLIN};
		any = any || fds[i].fd >= 0;
	}
	if (!any || (poll(fds, pool->started, -1) < 0 && errno != EINTR))
		return false;
	for (unsigned i = 0; i < pool->started; i++)
		if (fds[i].revents)
			read_some(pool, &pool->items[i]);
	return true;
}

static int tell_lost(const struct pool *pool, struct error *err)
{
	if (WIFSIGNALED(pool->status))
		error_set(err, ERROR_IO, "the process that looked at it was ended by signal %d (%s)", WTERMSIG(pool->status),
			  strsignal(WTERMSIG(pool->status)));
	else
		error_set(err, ERROR_IO, "the process that looked at it ended with %d before it was done",
			  WEXITSTATUS(pool->status));
	return error_hint(err, "nothing is known of it, nor of what follows; if memory ran out, give fewer at once");
}

static int map_with(struct pool *pool, unsigned processes, struct error *err)
{
	pool->results = memory_alloc(pool->count * sizeof(*pool->results));
	while (pool->started < processes && start(pool) == 0)
		continue;
	while (wait_for_some(pool))
		continue;
	for (; !pool->started && pool->accepted < pool->count; pool->accepted++) /* no process could be had */
		work_here(pool->workers, pool->accepted);
	for (size_t i = pool->accepted; i < pool->count; i++)
		free(pool->results[i].data);
	free(pool->results);
	return pool->accepted < pool->count ? tell_lost(pool, err) : 0;
}

static unsigned processes_for(const struct workers *workers, size_t count)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	size_t wanted = count / WORTH_A_PROCESS, limit = workers->limit ? workers->limit : (size_t)(cpus > 0 ? cpus : 1);
	wanted = wanted < limit ? wanted : limit;
	return (unsigned)(wanted < WORKERS_LIMIT ? wanted : WORKERS_LIMIT);
}

int workers_map(const struct workers *workers, size_t count, size_t *ret_accepted, struct error *err)
{
	unsigned processes = processes_for(workers, count);
	struct pool pool = {.workers = workers, .count = count};
	int result = 0;
	if (count)
		work_here(workers, pool.accepted++);
	void *shared = processes < 2
			       ? MAP_FAILED
			       : mmap(NULL, sizeof(*pool.next), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED) {
		for (; pool.accepted < count; pool.accepted++)
			work_here(workers, pool.accepted);
	} else {
		pool.next = shared;
		atomic_init(pool.next, pool.accepted);
		result = map_with(&pool, processes, err);
		munmap(shared, sizeof(*pool.next));
	}
	*ret_accepted = pool.accepted;
	return result;
}
