/*
 * local.c - driver: the machine on which the engine runs.
 */
#include "engine/connection/pipes.h"

#include <stdlib.h>

#include "engine/base/memory.h"

static int local_open(struct connection *connection, int64_t deadline, struct error *err)
{
	(void)deadline;
	(void)err;
	if (!connection->state) {
		connection->state = pipes_environment(connection->inventory);
		connection->opened++;
	}
	return 0;
}

static int local_run(struct connection *connection, const struct request *request, struct command_result *result,
		     struct error *err)
{
	local_open(connection, request->deadline, err);
	struct error why = ERROR_NONE;
	if (pipes_run(request->argv, connection->state, request, result, &why) == 0)
		return 0;
	if (why.code != ERROR_NOT_FOUND) {
		error_move(err, &why);
		return -1;
	}
	error_clear(&why);
	pipes_not_found(request->argv[0], result);
	return 0;
}

static void local_close(struct connection *connection)
{
	connection->opened++; /* there is no session; the greeting will be learnt anew */
}

static void local_release(struct connection *connection)
{
	free(take(connection->state));
}

const struct connection_driver driver_local = {
	.name = "local",
	.open = local_open,
	.run = local_run,
	.close = local_close,
	.release = local_release,
};
