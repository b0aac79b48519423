/*
 * ssh_session.c - sharing one libssh2 session, and noticing that its other end is gone.
 *
 * A silent session is asked (keepalive@openssh.com) after 5 s; no byte in the 10 s that follow means that it is dead. Only
 * fibers that wait for something ask: an idle session is not kept alive, it is found dead when it is next used.
 */
#include "engine/connection/ssh_session.h"

#include <errno.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "engine/base/memory.h"

#define SILENCE	   (5 * NSEC_PER_SEC)
#define PATIENCE   (10 * NSEC_PER_SEC)
#define FREE_TRIES 100 /* one is enough on a socket that is shut */

static ssize_t receive(libssh2_socket_t socket, void *buffer, size_t length, int flags, void **abstract)
{
	struct ssh_session *session = *abstract;
	ssize_t count = recv(socket, buffer, length, flags);
	if (count < 0)
		return -errno;
	session->received += (uint64_t)count;
	session->asked = 0;
	session->heard = clock_boottime();
	return count;
}

struct ssh_session *ssh_session_new(int socket)
{
	static bool initialized;
	if (!initialized && libssh2_init(0) != 0)
		abort();
	initialized = true;
	struct ssh_session *session = memory_alloc(sizeof(*session));
	session->socket = socket;
	session->heard = clock_boottime();
	session->libssh2 = libssh2_session_init_ex(NULL, NULL, NULL, session);
	if (!session->libssh2)
		abort(); /* out of memory */
	/* The pointer types differ by design of libssh2's interface. */
	union {
		ssize_t (*function)(libssh2_socket_t, void *, size_t, int, void **);
		void *pointer;
	} callback = {.function = receive};
	libssh2_session_callback_set(session->libssh2, LIBSSH2_CALLBACK_RECV, callback.pointer);
	libssh2_session_set_blocking(session->libssh2, 0);
	libssh2_keepalive_config(session->libssh2, 1, 1);
	return session;
}

static void free_session(struct ssh_session *session)
{
	if (!session->dead && session->established) /* a courtesy: sshd logs it as an orderly end */
		libssh2_session_disconnect(session->libssh2, "done");
	shutdown(session->socket, SHUT_RDWR); /* nothing that follows can wait */
	for (int i = 0; i < FREE_TRIES && libssh2_session_free(session->libssh2) == LIBSSH2_ERROR_EAGAIN; i++) {
	}
	close(session->socket);
	free(session->why);
	free(session);
}

void ssh_session_take(struct ssh_session *session)
{
	if (session->users++)
		return;
	session->heard = clock_boottime(); /* silence counts only while somebody listens */
	session->asked = 0;
}

void ssh_session_leave(struct ssh_session *session)
{
	if (--session->users == 0 && session->retired)
		free_session(session);
}

void ssh_session_retire(struct ssh_session *session)
{
	session->retired = true;
	if (session->users == 0)
		free_session(session);
}

void ssh_session_die(struct ssh_session *session, const char *why)
{
	if (session->dead)
		return;
	session->dead = true;
	session->why = memory_strdup(why);
	shutdown(session->socket, SHUT_RDWR);
	loop_signal(&session->progress);
}

bool ssh_session_usable(struct ssh_session *session)
{
	char byte;
	if (session->dead || session->retired)
		return false;
	ssize_t count = recv(session->socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
	return count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR));
}

const char *session_complaint(struct ssh_session *session)
{
	char *text = NULL;
	libssh2_session_last_error(session->libssh2, &text, NULL, 0);
	return text && text[0] ? text : "no reason given";
}

static int dead_error(const struct ssh_session *session, struct error *err)
{
	error_set(err, ERROR_CONNECTION, "the connection was lost: %s", session->why);
	return error_hint(err, "what the host has done since is not known; observe it once it answers again");
}

static int waiting_ended(const struct ssh_session *session, enum loop_wake wake, struct error *err)
{
	if (session->dead)
		return dead_error(session, err);
	if (wake == LOOP_CANCELLED)
		return error_set(err, ERROR_CANCELLED, "cancelled while waiting for the host");
	return error_set(err, ERROR_TIMEOUT, session->established ? "the command did not end in time" : "no answer in time");
}

/* A keepalive must fit into the socket's buffer as a whole: half of one could not be completed by anybody. */
static void ask(struct ssh_session *session)
{
	struct pollfd socket = {.fd = session->socket, .events = POLLOUT};
	int next = 0;
	if (session->sending.holder || poll(&socket, 1, 0) <= 0 || libssh2_keepalive_send(session->libssh2, &next) == 0)
		session->asked = clock_boottime(); /* a full buffer is unanswered data as well */
	else
		ssh_session_die(session, "it cannot be written to");
}

/* On a slow line our own data may be under way for long, and the keepalive behind it: what the other kernel takes is a sign of
 * life. */
static bool is_draining(struct ssh_session *session)
{
	struct tcp_info info = {0};
	socklen_t size = sizeof(info);
	int unsent = 0;
	if (ioctl(session->socket, SIOCOUTQ, &unsent) < 0 || unsent == 0 ||
	    getsockopt(session->socket, IPPROTO_TCP, TCP_INFO, &info, &size) < 0 || info.tcpi_bytes_acked <= session->acked)
		return false;
	session->acked = info.tcpi_bytes_acked;
	return true;
}

/* The time for an answer has passed. */
static void judge_silence(struct ssh_session *session, int64_t now)
{
	if (!is_draining(session)) {
		ssh_session_die(session, "nothing was heard from the host for 15 s");
		return;
	}
	session->heard = now;
	session->asked = 0;
}

/* One wait, cut short where something has to be done about silence. */
static enum loop_wake wait_once(struct ssh_session *session, short events, struct signal_point *point, int64_t deadline)
{
	int64_t next = session->asked ? session->asked + PATIENCE : session->heard + SILENCE;
	if (!session->established)
		next = CLOCK_FOREVER;
	enum loop_wake wake = loop_wait_either(session->socket, events, point, next < deadline ? next : deadline, NULL);
	if (wake != LOOP_TIMEOUT || session->dead)
		return wake;
	int64_t now = clock_boottime();
	if (now >= deadline)
		return LOOP_TIMEOUT;
	if (session->asked && now >= session->asked + PATIENCE)
		judge_silence(session, now);
	else if (session->established && !session->asked && now >= session->heard + SILENCE)
		ask(session);
	return LOOP_READY;
}

int session_wait(struct ssh_session *session, uint64_t seen, int64_t deadline, struct error *err)
{
	while (session->received == seen && !session->dead) {
		uint64_t asked_at = session->received;
		enum loop_wake wake = wait_once(session, POLLIN, &session->progress, deadline);
		if (wake != LOOP_READY)
			return waiting_ended(session, wake, err);
		struct pollfd socket = {.fd = session->socket, .events = POLLIN};
		if (session->received == asked_at && poll(&socket, 1, 0) > 0)
			return 0; /* readable: the caller's next call reads it */
	}
	return session->dead ? dead_error(session, err) : 0;
}

static bool is_fatal(ssize_t value)
{
	switch (value) {
	case LIBSSH2_ERROR_SOCKET_NONE:
	case LIBSSH2_ERROR_SOCKET_SEND:
	case LIBSSH2_ERROR_SOCKET_RECV:
	case LIBSSH2_ERROR_SOCKET_DISCONNECT:
	case LIBSSH2_ERROR_SOCKET_TIMEOUT:
	case LIBSSH2_ERROR_TIMEOUT:
	case LIBSSH2_ERROR_BAD_SOCKET:
	case LIBSSH2_ERROR_BAD_USE:
	case LIBSSH2_ERROR_PROTO:
	case LIBSSH2_ERROR_INVALID_MAC:
	case LIBSSH2_ERROR_DECRYPT:
	case LIBSSH2_ERROR_ENCRYPT:
	case LIBSSH2_ERROR_KEX_FAILURE:
	case LIBSSH2_ERROR_KEY_EXCHANGE_FAILURE:
	case LIBSSH2_ERROR_OUT_OF_BOUNDARY:
		return true;
	default:
		return false;
	}
}

/* With the lock held: call, and go on calling while half a packet is unsent. A deadline or a cancellation has to wait for that.
 */
static ssize_t call_until_sent(struct ssh_session *session, ssh_call call, void *argument, bool *cancelled)
{
	for (;;) {
		uint64_t before = session->received;
		ssize_t value = call(session, argument);
		if (session->received != before)
			loop_signal(&session->progress);
		int directions = libssh2_session_block_directions(session->libssh2);
		if (value != LIBSSH2_ERROR_EAGAIN || !(directions & LIBSSH2_SESSION_BLOCK_OUTBOUND))
			return value;
		short events = (short)(POLLOUT | (directions & LIBSSH2_SESSION_BLOCK_INBOUND ? POLLIN : 0));
		if (wait_once(session, events, NULL, session->heard + SILENCE + PATIENCE) == LOOP_CANCELLED)
			*cancelled = true;
		if (clock_boottime() >= session->heard + SILENCE + PATIENCE)
			judge_silence(session, clock_boottime());
		if (session->dead)
			return LIBSSH2_ERROR_SOCKET_DISCONNECT;
	}
}

int session_try(struct ssh_session *session, ssh_call call, void *argument, int64_t deadline, ssize_t *ret_value,
		struct error *err)
{
	bool cancelled = false;
	*ret_value = 0;
	enum loop_wake wake = fiber_lock_take(&session->sending, deadline);
	if (wake != LOOP_READY)
		return waiting_ended(session, wake, err);
	ssize_t value = session->dead ? LIBSSH2_ERROR_SOCKET_DISCONNECT : call_until_sent(session, call, argument, &cancelled);
	fiber_lock_release(&session->sending);
	if (cancelled)
		fiber_cancel(fiber_current()); /* its next wait will tell */
	if (!session->dead && is_fatal(value))
		ssh_session_die(session, session_complaint(session));
	if (session->dead)
		return dead_error(session, err);
	*ret_value = value;
	return 0;
}

int session_call(struct ssh_session *session, ssh_call call, void *argument, int64_t deadline, ssize_t *ret_value,
		 struct error *err)
{
	for (;;) {
		uint64_t seen = session->received;
		if (session_try(session, call, argument, deadline, ret_value, err) < 0)
			return -1;
		if (*ret_value != LIBSSH2_ERROR_EAGAIN)
			return 0;
		if (session_wait(session, seen, deadline, err) < 0)
			return -1;
	}
}
