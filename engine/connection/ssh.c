/*
 * ssh.c - driver: one session per host and user, opened when it is needed and again when it was lost.
 *
 * The session in use can be *retired*: commands that run in it stay, new ones get a new session. That happens when the server
 * opens no more channels (commands left running after a timeout keep theirs), and by connection_close.
 */
#include <string.h>

#include "engine/base/memory.h"
#include "engine/connection/quote.h"
#include "engine/connection/ssh_session.h"

#define LINE_LIMIT	((size_t)32000) /* libssh2 sends a request in one packet */
#define ABANDONED_LIMIT 8		/* sshd's MaxSessions is 10 */

struct ssh {
	struct ssh_session *current; /* NULL: none */
	struct fiber_lock connecting;
	struct fiber *stocking; /* starts spares in the session it was started for; NULL: none since the last join */
	char *first_key;	/* trusted on first use; holds for as long as the engine runs */
};

static struct ssh *state_of(struct connection *connection)
{
	if (!connection->state)
		connection->state = memory_alloc(sizeof(struct ssh));
	return connection->state;
}

/* A spare counts as a command: the server's limit is the same for both. One more for every second command, so that a host of
 * which little is asked is not made to start shells for nothing. */
static bool wants_spare(const struct ssh_session *session)
{
	return !session->dead && !session->retired && !session->spares_refused && session->spare_count < SSH_SPARES &&
	       session->spare_count < session->commands / 2 &&
	       session->spare_count + session->running + session->abandoned < CONNECTION_CHANNELS;
}

static void stock(void *argument)
{
	struct ssh_session *session = argument;
	CLEANUP_ERROR struct error ignored = ERROR_NONE; /* whoever runs a command meets it, and has somebody to tell */
	while (wants_spare(session) && ssh_channel_spare(session, &ignored) == 0) {
	}
	ssh_session_leave(session);
}

/* What runs is not delayed: spares are started while others wait. Only behind a greeting is the login shell known. */
static void start_stocking(struct connection *connection, struct ssh *ssh, struct ssh_session *session)
{
	if (connection->host->platform == PLATFORM_WINDOWS || connection->greeted != connection->opened ||
	    !wants_spare(session))
		return;
	if (ssh->stocking && !fiber_done(ssh->stocking))
		return;
	if (ssh->stocking)
		fiber_join(ssh->stocking, CLOCK_FOREVER);
	ssh_session_take(session);
	ssh->stocking = fiber_start(stock, session);
}

static void end_stocking(struct ssh *ssh)
{
	if (!ssh->stocking)
		return;
	fiber_cancel(ssh->stocking);
	while (fiber_join(ssh->stocking, CLOCK_FOREVER) != LOOP_READY) {
	}
	ssh->stocking = NULL;
}

static void drop_current(struct ssh *ssh)
{
	if (ssh->current)
		ssh_session_retire(take(ssh->current));
}

static ssize_t call_handshake(struct ssh_session *session, void *argument)
{
	(void)argument;
	return libssh2_session_handshake(session->libssh2, session->socket);
}

static int handshake(struct ssh_session *session, const struct host *host, int64_t deadline, struct error *err)
{
	ssize_t value = 0;
	ssh_identity_prefer(session, host);
	if (session_call(session, call_handshake, NULL, deadline, &value, err) < 0)
		return error_wrap(err, "no ssh session with %s port %d", host->address, host->port);
	if (value == 0)
		return 0;
	error_set(err, ERROR_CONNECTION, "no ssh session with %s port %d: %s", host->address, host->port,
		  session_complaint(session));
	return error_hint(err, "libssh2 1.10 needs an Ed25519 or ECDSA host key and an aes-ctr cipher on that host");
}

/* Deadlines: the command's own gives ERROR_TIMEOUT, the shorter one for connecting says that the host cannot be reached. */
static int judge_time(int64_t deadline, struct error *err)
{
	if (err && err->code == ERROR_TIMEOUT && clock_boottime() < deadline)
		err->code = ERROR_CONNECTION;
	return -1;
}

static int connect_session(struct connection *connection, struct ssh *ssh, int64_t deadline, struct error *err)
{
	const struct host *host = connection->host;
	int64_t until = clock_boottime() + host->connect_timeout;
	int socket = -1;
	until = until < deadline ? until : deadline;
	if (ssh_connect(host, until, &socket, err) < 0) {
		if (err && err->code == ERROR_CONNECTION && clock_boottime() >= deadline)
			err->code = ERROR_TIMEOUT;
		return judge_time(deadline, err);
	}
	struct ssh_session *session = ssh_session_new(socket);
	ssh_session_take(session);
	if (handshake(session, host, until, err) < 0 || ssh_identity_check(session, connection, &ssh->first_key, err) < 0 ||
	    ssh_authenticate(session, connection, until, err) < 0) {
		ssh_session_retire(session);
		ssh_session_leave(session);
		return judge_time(deadline, err);
	}
	session->established = true;
	ssh_session_leave(session);
	ssh->current = session;
	connection->opened++;
	return 0;
}

/* A session that can take a command, taken for the caller. */
static int acquire(struct connection *connection, int64_t deadline, struct ssh_session **ret_session, struct error *err)
{
	struct ssh *ssh = state_of(connection);
	enum loop_wake wake = fiber_lock_take(&ssh->connecting, deadline);
	if (wake == LOOP_TIMEOUT)
		return error_set(err, ERROR_TIMEOUT, "time ran out while connecting");
	if (wake == LOOP_CANCELLED)
		return error_set(err, ERROR_CANCELLED, "cancelled while connecting");
	if (ssh->current && (ssh->current->abandoned >= ABANDONED_LIMIT || !ssh_session_usable(ssh->current)))
		drop_current(ssh);
	int outcome = ssh->current ? 0 : connect_session(connection, ssh, deadline, err);
	if (outcome == 0) {
		ssh_session_take(ssh->current);
		*ret_session = ssh->current;
	}
	fiber_lock_release(&ssh->connecting);
	return outcome;
}

static int ssh_open(struct connection *connection, int64_t deadline, struct error *err)
{
	struct ssh_session *session = NULL;
	if (acquire(connection, deadline, &session, err) < 0)
		return -1;
	ssh_session_leave(session);
	return 0;
}

static int make_line(const struct connection *connection, const struct request *request, struct buffer *line, struct error *err)
{
	if (quote_for(connection->host, request->argv, request->environment, line, err) < 0)
		return -1;
	if (line->length <= LINE_LIMIT)
		return 0;
	error_set(err, ERROR_LIMIT, "the command is %zu bytes long; over ssh at most %zu are possible", line->length,
		  LINE_LIMIT);
	return error_hint(err, "pass long values by stdin");
}

enum retry { RETRY_NONE, RETRY_DEAD, RETRY_FULL };

/* *ret_retry: the command has certainly not been started, and why a new session may do. */
static int run_once(struct connection *connection, const char *line, const struct request *request,
		    struct command_result *result, enum retry *ret_retry, struct error *err)
{
	struct ssh *ssh = state_of(connection);
	struct ssh_session *session = NULL;
	bool refused = false;
	*ret_retry = RETRY_NONE;
	if (acquire(connection, request->deadline, &session, err) < 0)
		return -1;
	start_stocking(connection, ssh, session);
	int outcome = ssh_channel_run(session, line, request, result, &refused, err);
	if ((refused || session->dead) && ssh->current == session)
		drop_current(ssh);
	if (outcome < 0 && !result->started && session->dead)
		*ret_retry = RETRY_DEAD;
	else if (refused && session->served) /* one that never opened a channel never will */
		*ret_retry = RETRY_FULL;
	ssh_session_leave(session);
	return outcome;
}

/* A dead session is replaced once. A full one may be replaced by one that others fill meanwhile. */
static int ssh_run(struct connection *connection, const struct request *request, struct command_result *result,
		   struct error *err)
{
	CLEANUP_BUFFER struct buffer line = {0};
	bool died = false;
	if (make_line(connection, request, &line, err) < 0)
		return -1;
	for (int tries = 1;; tries++) {
		struct error why = ERROR_NONE;
		enum retry retry;
		if (run_once(connection, line.data, request, result, &retry, &why) == 0)
			return 0;
		if (retry == RETRY_NONE || (retry == RETRY_DEAD && died) || tries > 2 * CONNECTION_CHANNELS) {
			error_move(err, &why);
			return -1;
		}
		died = died || retry == RETRY_DEAD;
		error_clear(&why);
		command_result_free(result);
	}
}

static void ssh_close(struct connection *connection)
{
	drop_current(state_of(connection));
}

static void ssh_release(struct connection *connection)
{
	struct ssh *ssh = take(connection->state);
	if (!ssh)
		return;
	end_stocking(ssh);
	drop_current(ssh);
	free(ssh->first_key);
	free(ssh);
}

const struct connection_driver driver_ssh = {
	.name = "ssh",
	.open = ssh_open,
	.run = ssh_run,
	.close = ssh_close,
	.release = ssh_release,
};
