/*
 * worker.h - one running process of a plugin: lines in and out, its death, and the calls that wait for it.
 *
 *     call (a fiber)  --exchange_ask--> outgoing --.
 *                                                  pump (one fiber) --+--> exchange: answered, wakes that fiber
 *     stdin, stdout, stderr, pidfd  <--------------'                  +--> host request: a fiber that answers by worker_send
 *                                                                     '--> progress, log
 *
 * The pump is the only one that reads and writes. When it ends the worker is over: every open exchange is told why and answers
 * its caller; whoever lets go last frees it.
 */
#pragma once

#include "engine/base/loop.h"
#include "engine/plugin/action.h"
#include "engine/plugin/launch.h"
#include "engine/plugin/process_message.h"
#include "engine/plugin/processes.h"
#include "engine/plugin/protocol.h"
#include "engine/plugin/redact.h"

#define DID_LIMIT (16 * 1024) /* bytes kept of what a call did and logged */

struct scoped_host {
	const struct host *host;
};

/* A call of the engine's that is not answered yet. Lives on the stack of the fiber that asks. */
struct exchange {
	struct exchange *next;
	struct worker *worker; /* NULL: not asked yet */
	struct arena *arena;   /* of the caller; the answer is put there */
	const struct call *call;
	const struct value *hosts; /* what it may ask for: id -> entry */
	enum message_kind answer_kind;
	bool may_ask;	   /* of hosts */
	bool applies;	   /* may change them */
	const char *scope; /* of commands that apply, or NULL */
	int64_t deadline;
	/* what it comes to */
	int64_t id;
	struct process_answer answer; /* shown NULL: none yet */
	const char *why;	      /* it will not come, or NULL */
	bool recalled;		      /* its time was up, or it was cancelled: what it asked for was broken off */
	struct error final;	      /* a host was another one than it should be: no answer of the plugin counts */
	struct buffer did;	      /* what was run on hosts, what was logged: for the journal */
	bool did_cut;
	struct signal_point answered;
	struct fiber_lock in_scope; /* commands in one scope come one after the other */
	struct scoped_host *scoped; /* the hosts on which the scope was used */
	size_t scoped_count;
	size_t scoped_capacity;
};

struct host_request;

struct worker {
	const struct plugin_program *program;
	struct plugin_processes *processes;
	struct process process;
	struct private_folder folder;
	unsigned users; /* fibers that hold it */
	bool over;	/* nothing is sent or heard any more */
	char *why;	/* it is over; owned; NULL: it was asked to end */
	bool ending;	/* goodbye was said */

	struct fiber *pump;
	int epoll;
	struct signal_point stir; /* the pump has something new to do */
	struct buffer outgoing;
	bool waits_to_write;
	struct buffer line; /* what came behind the last newline */
	struct buffer said; /* the end of its stderr */
	uint64_t bytes;	    /* since its last answer */
	unsigned messages;  /* since its last answer */

	bool welcomed;
	bool describes;
	struct signal_point changed; /* it was welcomed, or is over */
	int64_t last_id;
	struct exchange *exchanges;
	struct host_request *requests;
	unsigned requests_count;
	struct arena *secrets_arena;
	struct redaction secrets; /* of all calls so far: what it says is never shown with one of them in it */
};

/* Starts and greets it; the caller is its one user. */
int worker_start(struct plugin_processes *processes, const struct plugin_program *program, int64_t deadline,
		 struct worker **ret_worker, unsigned *ret_unconfined, struct error *err);
void worker_release(struct worker *worker); /* one user less; frees what is over and has none */
/* No value in it may be tainted: what is secret and meant for the plugin stands marked (process_message.h). */
void worker_send(struct worker *worker, const struct value *message);
void worker_fail(struct worker *worker, const char *format, ...) __attribute__((format(printf, 2, 3)));
void worker_end(struct worker *worker, int64_t deadline); /* goodbye; at the deadline by force */

/* The one that runs the program, started if need be. The caller releases it. */
int processes_worker(struct plugin_processes *processes, const struct plugin_program *program, int64_t deadline,
		     struct worker **ret_worker, struct error *err);
void processes_note(struct plugin_processes *processes, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* exchange.c. Sends message (its `message` and fields; `id` is added) and waits for the answer; at the deadline cancels, then
 * ends the process. 0: the answer is there. -1: ERROR_TIMEOUT, ERROR_CANCELLED, ERROR_CONNECTION (the process died),
 * ERROR_IDENTITY (of a host); or, with *ret_asked false, why no process could be asked. */
int exchange_ask(struct exchange *exchange, struct value *message, bool *ret_asked, struct error *err);
/* Something that the plugin said. -1: it breaks the protocol. */
int exchange_hear(struct worker *worker, const struct message *message, struct error *err);
/* One line into `did`. */
void exchange_note(struct exchange *exchange, const char *format, ...) __attribute__((format(printf, 2, 3)));
void exchanges_fail(struct worker *worker); /* it is over */
struct exchange *exchange_find(struct worker *worker, int64_t id);

/* A copy without the secrets that this process was ever given; and a text so, on one line, printable, bounded. */
const struct value *worker_clean(struct arena *arena, const struct worker *worker, const struct value *value);
const char *worker_clean_text(struct arena *arena, const struct worker *worker, const char *text, size_t length);

/* host_request.c */
int host_request_start(struct worker *worker, const struct message *message, struct error *err);
void host_requests_reap(struct worker *worker); /* those that are done */
/* Cancels and waits until they have ended; exchange NULL: all. */
void host_requests_end(struct worker *worker, const struct exchange *exchange);
bool host_requests_open(const struct worker *worker, const struct exchange *exchange);
