/*
 * connection.h - run a command on a host, whichever way leads there.
 *
 * One interface, three drivers (local, ssh, command). A connection is opened when it is first used and again after it was lost;
 * who uses it waits in the event loop. At most CONNECTION_CHANNELS commands run at once on one connection, the others queue.
 *
 * What a failure means matters more than that there was one. connection_run returns
 *    0  the command ended and its exit is known (which says nothing about success)
 *   -1  ERROR_CONNECTION, ERROR_IDENTITY, ERROR_REFUSED, ERROR_TIMEOUT, ERROR_CANCELLED: its exit is not known.
 * ret_result->started tells whether it may have had an effect: false = certainly never started; true = whatever it did is
 * unknown until somebody observes. ERROR_INVALID, ERROR_LIMIT (too long), ERROR_IO, ERROR_CONFLICT (a scope of that name still
 * runs): never started. A program that is not there is exit code 127 everywhere. A command lasts until its output streams are
 * closed, too: a child that it leaves behind with its stdout keeps it open, over ssh as locally.
 */
#pragma once

#include "engine/base/clock.h"
#include "engine/base/error.h"
#include "engine/base/value.h"
#include "engine/runbook/inventory.h"

#define CONNECTION_CHANNELS 8
#define CAPTURE_LIMIT	    (64 * 1024) /* bytes kept of one stream: half from its head, half from its tail */

struct connection;
struct connections; /* one per host and user, opened on demand */

struct connections *connections_new(const struct inventory *inventory);
void connections_free(struct connections *connections); /* closes all; only when no fiber uses one */
/* user: NULL for the inventory's. Borrowed, never NULL for a host of the inventory. */
struct connection *connections_get(struct connections *connections, const struct host *host, const char *user);

/* What stands at the other end; learnt by one command when a connection opens. */
struct greeting {
	char boot_id[64];
	char machine_id[64]; /* "" if the host has none */
	char hostname[256];
	bool systemd; /* transient units can be used for scopes */
	bool root;    /* commands run as root (after become) */
};

struct command {
	const char *const *argv;	/* NULL-terminated, exact: no shell on the way changes a byte */
	const char *const *environment; /* NAME=value for the command, or NULL; never secrets */
	const char *input;		/* its stdin, or NULL for none; the only way for secrets */
	size_t input_length;
	const char *scope; /* run inside a named scope (scope.h), or NULL */
	bool no_become;	   /* as the connection's own user even where the host says become */
	/* Boottime; at it the call returns ERROR_TIMEOUT (as ERROR_CANCELLED when its fiber is cancelled). A command in a scope
	 * goes on: scope_end ends it. One without cannot be found again: locally it is killed, over ssh its channel is closed.
	 */
	int64_t deadline;
	/* Called for each piece of output as it comes (may be NULL). */
	void (*on_output)(void *context, bool is_stderr, const char *data, size_t length);
	void *context;
};

/* One stream, bounded: head and tail are kept, the middle is only counted and digested. */
struct capture {
	char *data;	/* owned; head (and the tail behind it if cut), NUL-terminated, raw bytes; NULL if it was never begun */
	size_t length;	/* bytes in data */
	size_t head;	/* where the cut lies; == length if nothing was cut */
	uint64_t total; /* bytes that came */
	char digest[65]; /* SHA-256 of all that came */
};

struct command_result {
	bool started;
	int exit_code;	 /* 0..255 (Windows: 32 bits), or -1 if it ended by a signal */
	char signal[16]; /* "TERM", or "" */
	struct capture output;
	struct capture errors;
	int64_t elapsed; /* nanoseconds */
};

int connection_run(struct connection *connection, const struct command *command, struct command_result *ret_result,
		   struct error *err);
void command_result_free(struct command_result *result);

/* Opens if need be. The greeting is borrowed and changes when the connection is opened again. */
int connection_greet(struct connection *connection, int64_t deadline, const struct greeting **ret_greeting, struct error *err);

/* Forget the open session (a host is about to reboot): the next use opens a new one. */
void connection_close(struct connection *connection);

/* Whole files, by the same way as commands (so that become applies). Mode e.g. 0600. The remote file is replaced as a whole or
 * not at all. */
int connection_upload(struct connection *connection, const void *data, size_t length, const char *remote_path, unsigned mode,
		      int64_t deadline, struct error *err);
int connection_download(struct connection *connection, const char *remote_path, size_t limit, int64_t deadline, char **ret_data,
			size_t *ret_length, struct error *err);

/* The command line as a person would type it on that host (quoted for its shell; with sudo where it is used; without
 * the scope): what plans print. malloc'ed. */
char *connection_command_text(const struct host *host, const struct command *command);

/* Whether that host's shell can be told for certain to run exactly this command; what would be refused later is refused now,
 * without a connection. ERROR_INVALID: it cannot. */
int connection_check_command(const struct host *host, const struct command *command, struct error *err);
