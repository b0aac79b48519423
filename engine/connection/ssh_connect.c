/*
 * ssh_connect.c - from a host's address to a connected TCP socket, without blocking the loop.
 *
 * Numeric addresses are parsed here. Names are asked of `getent ahosts` in a process of its own: it knows all that the system's
 * resolver knows (hosts file, DNS, sssd), and getaddrinfo would block every other host's commands while a DNS server is down.
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "engine/base/memory.h"
#include "engine/connection/pipes.h"
#include "engine/connection/ssh_session.h"

#define ADDRESSES_LIMIT 16

struct address {
	struct sockaddr_storage data;
	socklen_t length;
};

struct addresses {
	struct address items[ADDRESSES_LIMIT];
	size_t count;
};

static bool add_numeric(struct addresses *addresses, const char *text, int port)
{
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	char service[16];
	snprintf(service, sizeof(service), "%d", port);
	if (addresses->count == ADDRESSES_LIMIT || getaddrinfo(text, service, &hints, &found) != 0)
		return false;
	struct address *address = &addresses->items[addresses->count++];
	memcpy(&address->data, found->ai_addr, found->ai_addrlen);
	address->length = found->ai_addrlen;
	freeaddrinfo(found);
	return true;
}

static int look_up(const char *name, int port, int64_t deadline, struct addresses *addresses, struct error *err)
{
	struct request request = {.argv = (const char *const[]){"getent", "ahosts", "--", name, NULL}, .deadline = deadline};
	struct command_result result = {0};
	int outcome = pipes_run(request.argv, NULL, &request, &result, err);
	char *save = NULL;
	for (char *line = outcome == 0 ? strtok_r(result.output.data, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save)) {
		if (!strstr(line, " STREAM"))
			continue;
		line[strcspn(line, " ")] = '\0';
		add_numeric(addresses, line, port);
	}
	command_result_free(&result);
	if (outcome < 0)
		return error_wrap(err, "looking up %s", name);
	if (addresses->count)
		return 0;
	error_set(err, ERROR_CONNECTION, "the name %s has no address", name);
	return error_hint(err, "write the management address into the inventory: in a disaster names may not resolve");
}

static int connect_one(const struct address *address, int64_t deadline, int *ret_socket, enum loop_wake *ret_wake)
{
	CLEANUP_CLOSE int fd = socket(address->data.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	*ret_wake = LOOP_READY;
	if (fd < 0)
		return errno;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	if (connect(fd, (const struct sockaddr *)&address->data, address->length) < 0 && errno != EINPROGRESS)
		return errno;
	*ret_wake = loop_wait_fd(fd, POLLOUT, deadline, NULL);
	if (*ret_wake != LOOP_READY)
		return ETIMEDOUT;
	int problem = 0;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &(socklen_t){sizeof(problem)}) < 0)
		return errno;
	if (!problem)
		*ret_socket = take_fd(fd);
	return problem;
}

static int explain(const struct host *host, int problem, struct error *err)
{
	if (problem == ETIMEDOUT) {
		error_set(err, ERROR_CONNECTION, "no answer from %s port %d", host->address, host->port);
		return error_hint(err, "is the host switched on, and reachable from this machine?");
	}
	error_set(err, ERROR_CONNECTION, "cannot connect to %s port %d: %s", host->address, host->port, strerror(problem));
	if (problem == ECONNREFUSED)
		return error_hint(err, "the machine answers, but nothing listens there: is sshd running, is the port right?");
	return error_hint(err, "check the address in the inventory and the route to it");
}

int ssh_connect(const struct host *host, int64_t deadline, int *ret_socket, struct error *err)
{
	struct addresses addresses = {0};
	int problem = EHOSTUNREACH;
	if (!host->address)
		return error_set(err, ERROR_INVALID, "the inventory gives no address to connect to");
	if (!add_numeric(&addresses, host->address, host->port) &&
	    look_up(host->address, host->port, deadline, &addresses, err) < 0)
		return -1;
	for (size_t i = 0; i < addresses.count; i++) {
		enum loop_wake wake;
		int64_t share = (deadline - clock_boottime()) / (int64_t)(addresses.count - i);
		problem = connect_one(&addresses.items[i], clock_boottime() + share, ret_socket, &wake);
		if (!problem)
			return 0;
		if (wake == LOOP_CANCELLED)
			return error_set(err, ERROR_CANCELLED, "cancelled while connecting");
	}
	return explain(host, problem, err);
}
