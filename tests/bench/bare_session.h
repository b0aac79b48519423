/*
 * bare_session.h - one libssh2 session to 127.0.0.1 and nothing around it. libssh2_init comes first. Failures end the program.
 */
#pragma once

#include <libssh2.h>

#include "tests/bench/bare.h"

LIBSSH2_SESSION *session_log_in(int port, const char *user, const char *key);
/* The execution's only argument is the line for the shell at the other end; context is the session. */
void session_run(void *context, const struct execution *execution);
void session_end(LIBSSH2_SESSION *session);
