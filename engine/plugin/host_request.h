/*
 * host_request.h - what a plugin asks the engine to do on a host, read and allowed or refused. Not for others than host_*.c.
 */
#pragma once

#include "engine/plugin/worker.h"

/* One request at work: a fiber of its own, that ends with worker_send of the answer. */
struct host_request {
	struct host_request *next;
	struct worker *worker;
	struct exchange *exchange;
	struct arena *arena; /* its own */
	struct message message;
	const struct host *host;
	struct fiber *fiber;
	bool done;
};

/* host_work.c: does it, sends the answer. */
void host_request_work(struct host_request *request);

/* An answer with its `id`, to be filled. */
struct value *host_answer(struct host_request *request, const char *name);
/* Instead of the answer. Takes nothing from err. */
void host_refuse(struct host_request *request, const struct error *err, bool started);
