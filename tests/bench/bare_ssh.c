/*
 * bare_ssh.c - EXECUTIONS JOURNAL COPY PORT USER KEY: the same over one libssh2 session to 127.0.0.1, blocking, one channel
 * after the other.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/bare_session.h"

int main(int argc, char **argv)
{
	if (argc != 7) {
		fputs("usage: bare_ssh EXECUTIONS JOURNAL COPY PORT USER KEY\n", stderr);
		return 2;
	}
	if (libssh2_init(0) != 0)
		bare_fail("libssh2");
	LIBSSH2_SESSION *session = session_log_in(atoi(argv[4]), argv[5], argv[6]);
	bare_replay(argv + 1, session_run, session);
	session_end(session);
	return 0;
}
