/*
 * bare_session.c - log in by libssh2, blocking; run a line in a channel of its own.
 */
#include "tests/bench/bare_session.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void refuse(LIBSSH2_SESSION *session, const char *what) __attribute__((noreturn));
static void refuse(LIBSSH2_SESSION *session, const char *what)
{
	char *text = NULL;
	libssh2_session_last_error(session, &text, NULL, 0);
	fprintf(stderr, "%s: %s\n", what, text ? text : "");
	exit(1);
}

void session_run(void *context, const struct execution *execution)
{
	char data[16384];
	LIBSSH2_SESSION *session = context;
	LIBSSH2_CHANNEL *channel = libssh2_channel_open_session(session);
	if (!channel || libssh2_channel_exec(channel, execution->argv[0]) < 0 || libssh2_channel_send_eof(channel) < 0)
		refuse(session, "exec");
	while (libssh2_channel_read(channel, data, sizeof(data)) > 0) {
	}
	while (libssh2_channel_read_stderr(channel, data, sizeof(data)) > 0) {
	}
	if (libssh2_channel_close(channel) < 0 || libssh2_channel_wait_closed(channel) < 0)
		refuse(session, "close");
	libssh2_channel_get_exit_status(channel);
	libssh2_channel_free(channel);
}

LIBSSH2_SESSION *session_log_in(int port, const char *user, const char *key)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		bare_fail("connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	LIBSSH2_SESSION *session = libssh2_session_init();
	if (!session)
		bare_fail("libssh2");
	if (libssh2_session_handshake(session, fd) < 0 || libssh2_userauth_publickey_fromfile(session, user, NULL, key, "") < 0)
		refuse(session, "log in");
	return session;
}

void session_end(LIBSSH2_SESSION *session)
{
	libssh2_session_disconnect(session, "done");
	libssh2_session_free(session);
}
