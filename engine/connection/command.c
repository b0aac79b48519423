/*
 * command.c - driver: an argument vector of the operator's put before each command (nsenter, virsh, a console's client).
 *
 * Whatever the prefix is, it has to pass on arguments, stdin, both output streams and the exit code; the greeting checks that
 * it does.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/connection/pipes.h"

static int command_open(struct connection *connection, int64_t deadline, struct error *err)
{
	(void)deadline;
	if (!connection->host->prefix || !connection->host->prefix[0])
		return error_set(err, ERROR_INVALID, "the connection by command has no prefix");
	if (!connection->state) {
		connection->state = pipes_environment(connection->inventory);
		connection->opened++;
	}
	return 0;
}

static size_t count_of(const char *const *argv)
{
	size_t count = 0;
	while (argv[count])
		count++;
	return count;
}

static int command_run(struct connection *connection, const struct request *request, struct command_result *result,
		       struct error *err)
{
	if (command_open(connection, request->deadline, err) < 0)
		return -1;
	const char *const *prefix = connection->host->prefix;
	size_t before = count_of(prefix), behind = count_of(request->argv);
	CLEANUP_FREE const char **argv = memory_alloc((before + behind + 1) * sizeof(*argv));
	memcpy(argv, prefix, before * sizeof(*argv));
	memcpy(argv + before, request->argv, behind * sizeof(*argv));
	int outcome = pipes_run(argv, connection->state, request, result, err);
	if (outcome < 0 && !result->started && err && err->code == ERROR_NOT_FOUND)
		err->code = ERROR_CONNECTION; /* it is the way to the host that is missing here */
	return outcome;
}

static void command_close(struct connection *connection)
{
	connection->opened++; /* there is no session; the greeting will be learnt anew */
}

static void command_release(struct connection *connection)
{
	free(take(connection->state));
}

const struct connection_driver driver_command = {
	.name = "command",
	.open = command_open,
	.run = command_run,
	.close = command_close,
	.release = command_release,
};
