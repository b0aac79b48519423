/*
 * tcp.c - connecting with a deadline, listening, and who is there.
 */
#include "plugins/replica/line/tcp.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"

#define BACKLOG 16

static int look_up(const char *address, unsigned port, int flags, struct addrinfo **ret_list, struct error *err)
{
	const struct addrinfo wanted = {.ai_socktype = SOCK_STREAM, .ai_flags = flags};
	char service[8];
	snprintf(service, sizeof(service), "%u", port);
	int code = getaddrinfo(address, service, &wanted, ret_list);
	if (code)
		return error_set(err, ERROR_CONNECTION, "cannot find the address of %s: %s", address, gai_strerror(code));
	return 0;
}

static int set_option(int socket, int level, int option, int value)
{
	return setsockopt(socket, level, option, &value, sizeof(value));
}

/* 0, or an errno. */
static int connect_one(int socket, const struct addrinfo *to, int64_t deadline)
{
	if (connect(socket, to->ai_addr, to->ai_addrlen) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return errno;
	for (;;) {
		struct pollfd fd = {.fd = socket, .events = POLLOUT};
		int64_t left = deadline - clock_boottime();
		int ready = left > 0 ? poll(&fd, 1, (int)(left / NSEC_PER_MSEC + 1)) : 0;
		if (ready < 0 && errno == EINTR)
			continue;
		if (ready <= 0)
			return ready ? errno : ETIMEDOUT;
		int result = 0;
		socklen_t length = sizeof(result);
		getsockopt(socket, SOL_SOCKET, SO_ERROR, &result, &length);
		return result;
	}
}

int tcp_connect(const char *address, unsigned port, int64_t deadline, int *ret_socket, struct error *err)
{
	struct addrinfo *list;
	if (look_up(address, port, 0, &list, err) < 0)
		return -1;
	int result = ENOENT;
	for (const struct addrinfo *at = list; at && result; at = at->ai_next) {
		CLEANUP_CLOSE int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		result = fd < 0 ? errno : connect_one(fd, at, deadline);
		if (!result)
			*ret_socket = take_fd(fd);
	}
	freeaddrinfo(list);
	if (!result)
		return 0;
	error_set(err, result == ETIMEDOUT ? ERROR_TIMEOUT : ERROR_CONNECTION, "cannot connect to %s port %u: %s", address,
		  port, strerror(result));
	return result == ECONNREFUSED ? error_hint(err, "is the target's agent running? `standin-agent status` there tells")
				      : -1;
}

int tcp_listen(unsigned port, int *ret_socket, struct error *err)
{
	struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port), .sin6_addr = IN6ADDR_ANY_INIT};
	struct sockaddr_in any4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	CLEANUP_CLOSE int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool six = fd >= 0; /* a kernel without IPv6 */
	if (six)
		set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
	else
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return error_set_errno(err, errno, "cannot make a socket");
	set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	const struct sockaddr *at = six ? (const struct sockaddr *)&any : (const struct sockaddr *)&any4;
	if (bind(fd, at, six ? sizeof(any) : sizeof(any4)) < 0 || listen(fd, BACKLOG) < 0)
		return error_set_errno(err, errno, "cannot listen on port %u", port);
	*ret_socket = take_fd(fd);
	return 0;
}

int tcp_accept(int listener, int *ret_socket, struct error *err)
{
	*ret_socket = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (*ret_socket >= 0 || errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
		return 0;
	return error_set_errno(err, errno, "cannot accept a connection");
}

/* IPv4 as IPv6 shows it. */
static struct in6_addr address_of(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET6)
		return ((const struct sockaddr_in6 *)address)->sin6_addr;
	struct in6_addr mapped = {.s6_addr = {[10] = 0xff, [11] = 0xff}};
	memcpy(&mapped.s6_addr[12], &((const struct sockaddr_in *)address)->sin_addr, 4);
	return mapped;
}

bool tcp_is_from(int socket, const char *address)
{
	struct sockaddr_storage from = {0};
	socklen_t length = sizeof(from);
	struct addrinfo *list;
	if (getpeername(socket, (struct sockaddr *)&from, &length) < 0 || look_up(address, 0, AI_NUMERICHOST, &list, NULL) < 0)
		return false;
	struct in6_addr is = address_of((const struct sockaddr *)&from);
	bool found = false;
	for (const struct addrinfo *at = list; at && !found; at = at->ai_next) {
		struct in6_addr one = address_of(at->ai_addr);
		found = memcmp(&one, &is, sizeof(is)) == 0;
	}
	freeaddrinfo(list);
	return found;
}
