/*
 * bare_ssh.c - EXECUTIONS JOURNAL COPY PORT USER KEY: the same over one libssh2 session to 127.0.0.1, blocking, one channel
 * after the other.
 */
#include <arpa/inet.h>
#include <libssh2.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/bare.h"

static void refuse(LIBSSH2_SESSION *session, const char *what) __attribute__((noreturn));
static void refuse(LIBSSH2_SESSION *session, const char *what)
{
	char *text = NULL;
	libssh2_session_last_error(session, &text, NULL, 0);
	fprintf(stderr, "%s: %s\n", what, text ? text : "");
	exit(1);
}

/* The only argument is the line for the shell at the other end. */
static void run(void *context, const struct execution *execution)
{
	static char data[65536];
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

static LIBSSH2_SESSION *log_in(int port, const char *user, const char *key)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		bare_fail("connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	if (libssh2_init(0) != 0)
		bare_fail("libssh2");
	LIBSSH2_SESSION *session = libssh2_session_init();
	if (!session)
		bare_fail("libssh2");
	if (libssh2_session_handshake(session, fd) < 0 || libssh2_userauth_publickey_fromfile(session, user, NULL, key, "") < 0)
		refuse(session, "log in");
	return session;
}

int main(int argc, char **argv)
{
	if (argc != 7) {
		fputs("usage: bare_ssh EXECUTIONS JOURNAL COPY PORT USER KEY\n", stderr);
		return 2;
	}
	LIBSSH2_SESSION *session = log_in(atoi(argv[4]), argv[5], argv[6]);
	bare_replay(argv + 1, run, session);
	libssh2_session_disconnect(session, "done");
	libssh2_session_free(session);
	return 0;
}
