/*
 * ssh_session.h - inside of the ssh driver: one libssh2 session shared by the fibers that have a channel in it.
 *
 * libssh2 is not reentrant, but it keeps state between calls that return EAGAIN. Three rules make sharing safe; session_try is
 * the only place that calls libssh2 after the session stands, and keeps them:
 *   1. A call that has sent half a packet is repeated, with the same arguments, before anybody else calls (lock: sending).
 *   2. Opening a channel is a state of the whole session: one at a time (lock: opening, taken by whoever opens).
 *   3. Any call may read packets that belong to other channels: after each call that read something, all waiting fibers look
 * again (signal: progress), and nobody goes to wait who has not looked since the last byte (counter: received).
 */
#pragma once

#include <libssh2.h>

#include "engine/connection/driver.h"

#define SSH_SPARES 3 /* shells that wait for their command, at most */

struct ssh_session {
	LIBSSH2_SESSION *libssh2;
	int socket;
	unsigned users;	    /* fibers that hold it */
	unsigned abandoned; /* channels whose command was left running: they count against the server's limit */
	unsigned commands;  /* begun so far in this session */
	unsigned running;   /* channels with a command in them */
	LIBSSH2_CHANNEL *spares[SSH_SPARES]; /* the oldest first; see ssh_channel.c */
	unsigned spare_count;
	bool spares_refused; /* the server opens no channel for them */
	bool served;	     /* it has opened a channel */
	bool established;    /* authenticated: keepalives may be sent */
	bool dead;	     /* no call may be made but freeing */
	bool retired;	     /* takes no new commands; freed when the last user leaves */
	char *why;	     /* of dead; owned */

	struct fiber_lock sending;
	struct fiber_lock opening;
	struct signal_point progress;
	uint64_t received; /* bytes */
	int64_t heard;	   /* when the last byte came */
	uint64_t acked;	   /* bytes that the other kernel had taken when last looked at */
	int64_t asked;	   /* when a keepalive was sent that has not been followed by a byte yet; 0: none */
};

struct ssh_session *ssh_session_new(int socket); /* takes the socket */
void ssh_session_take(struct ssh_session *session);
void ssh_session_leave(struct ssh_session *session); /* frees a retired or dead one with its last user */
void ssh_session_retire(struct ssh_session *session);
void ssh_session_die(struct ssh_session *session, const char *why);
bool ssh_session_usable(struct ssh_session *session); /* asks the socket, not the host */

typedef ssize_t (*ssh_call)(struct ssh_session *session, void *argument);

/* Call once; repeated only while half a packet is unsent. LIBSSH2_ERROR_EAGAIN: something has to come in first. Other negative
 * values are libssh2's. -1 with *err and *ret_value = 0: the session is dead, or the deadline came while another fiber was
 * sending. */
int session_try(struct ssh_session *session, ssh_call call, void *argument, int64_t deadline, ssize_t *ret_value,
		struct error *err);
/* The same, waiting until it is done. */
int session_call(struct ssh_session *session, ssh_call call, void *argument, int64_t deadline, ssize_t *ret_value,
		 struct error *err);
/* Wait until something came in since `seen` (a value of session->received). */
int session_wait(struct ssh_session *session, uint64_t seen, int64_t deadline, struct error *err);
/* What libssh2 says of its last error. */
const char *session_complaint(struct ssh_session *session);

/* ssh_connect.c: a TCP connection to the host; -1 as connection_run. */
int ssh_connect(const struct host *host, int64_t deadline, int *ret_socket, struct error *err);
/* ssh_identity.c: is it the host that was asked for? *first_key (owned by the caller): what was trusted on first use, or NULL.
 */
void ssh_identity_prefer(struct ssh_session *session, const struct host *host);
int ssh_identity_check(struct ssh_session *session, const struct connection *connection, char **first_key, struct error *err);
/* ssh_auth.c: log in. */
int ssh_authenticate(struct ssh_session *session, const struct connection *connection, int64_t deadline, struct error *err);
const char *ssh_user(const struct connection *connection);
/* ssh_channel.c: one command on a session that stands. *ret_refused: the server takes no more channels on this session. */
int ssh_channel_run(struct ssh_session *session, const char *line, const struct request *request, struct command_result *result,
		    bool *ret_refused, struct error *err);
/* Start one more shell that waits for its command. Only where the login shell is known to be a POSIX shell. */
int ssh_channel_spare(struct ssh_session *session, struct error *err);
