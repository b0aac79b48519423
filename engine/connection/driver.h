/*
 * driver.h - inside of the connection layer: what a way to a host has to be able to do, and what a connection is made of.
 *
 *     connection.c --(argv as wrapped by wrap.c)--> driver: local | ssh | command
 *
 * A driver moves bytes: it knows nothing of sudo, scopes or greetings. Not for other layers.
 */
#pragma once

#include <sys/types.h>

#include "engine/base/loop.h"
#include "engine/connection/connection.h"

/* What a driver is asked to run. Everything is borrowed for the time of the call. */
struct request {
	const char *const *argv;  /* NULL-terminated */
	const char *const *begin; /* the end of argv, where a shell with scope_functions may do `begin` with it; else NULL */
	const char *const *environment; /* only what needs no program to set it (windows); NULL elsewhere: see wrap.c */
	const char *input;
	size_t input_length;
	int64_t deadline;
	bool survives; /* it stands in a scope: when the caller gives up, leave it running */
	void (*on_output)(void *context, bool is_stderr, const char *data, size_t length);
	void *context;
};

struct connection_driver {
	const char *name;
	/* Ready to take a command. Raises connection->opened whenever it had to make a new session. */
	int (*open)(struct connection *connection, int64_t deadline, struct error *err);
	/* As connection_run; opens by itself. Captures are finished in any case. */
	int (*run)(struct connection *connection, const struct request *request, struct command_result *result,
		   struct error *err);
	void (*close)(struct connection *connection);	/* forget the session; commands in it may go on */
	void (*release)(struct connection *connection); /* free connection->state; nothing runs any more */
};

extern const struct connection_driver driver_local, driver_ssh, driver_command;

struct slot_waiter {
	struct slot_waiter *next;
	struct signal_point turn;
	bool granted;
};

struct connection {
	struct connection *next; /* in its set */
	const struct inventory *inventory;
	const struct host *host;
	char *user; /* owned; NULL: the driver's default */
	const struct connection_driver *driver;
	void *state;	 /* owned by the driver; NULL: nothing is open */
	unsigned opened; /* sessions made so far */

	unsigned running;	     /* commands at work */
	struct slot_waiter *waiting; /* first come, first served */

	struct fiber_lock greeting_lock;
	struct greeting greeting;
	unsigned greeted; /* the value of opened that the greeting was learnt in; 0: none yet */
	bool plain_root;  /* the connection's own user is root already: no sudo needed to become root */
	uid_t uid;	  /* commands run as (after become) */
};

/* Learn the greeting unless it is known for the present session. The caller holds a slot. */
int greeting_learn(struct connection *connection, int64_t deadline, struct error *err);

/* The part of connection_run behind the queue: greets if need be, wraps, runs, judges. Scopes are found and ended by it
 * directly: they must not wait behind the commands that they are about to end. */
int connection_run_now(struct connection *connection, const struct command *command, struct command_result *result,
		       struct error *err);
/* The same without greeting: what greets. */
int connection_run_bare(struct connection *connection, const struct command *command, struct command_result *result,
			struct error *err);
