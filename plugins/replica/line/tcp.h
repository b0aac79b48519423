/*
 * tcp.h - TCP sockets for channels. Descriptors do not block, and are the caller's.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/error.h"

/* Tries all addresses that the name has. deadline: boottime nanoseconds. ERROR_CONNECTION, ERROR_TIMEOUT. */
int tcp_connect(const char *address, unsigned port, int64_t deadline, int *ret_socket, struct error *err);
int tcp_listen(unsigned port, int *ret_socket, struct error *err); /* on all addresses of the host */
/* The next connection; 0 and *ret_socket -1 if there is none. */
int tcp_accept(int listener, int *ret_socket, struct error *err);
/* Does it come from this address? Never from one that is a name: who accepts connections does not wait for a name server. */
bool tcp_is_from(int socket, const char *address);
