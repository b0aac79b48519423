/*
 * local.c - driver: the machine on which the engine runs.
 */
#include "engine/connection/pipes.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/memory.h"

static int local_open(struct connection *connection, int64_t deadline, struct error *err)
{
	const struct passwd *self = connection->user ? getpwuid(geteuid()) : NULL;
	(void)deadline;
	if (connection->user && (!self || strcmp(self->pw_name, connection->user) != 0)) {
		error_set(err, ERROR_INVALID, "commands on this machine cannot run as %s", connection->user);
		return error_hint(err, "use become with become_user, or connect by ssh");
	}
	if (!connection->state) {
		connection->state = pipes_environment(connection->inventory);
		connection->opened++;
	}
	return 0;
}

static int local_run(struct connection *connection, const struct request *request, struct command_result *result,
		     struct error *err)
{
	if (local_open(connection, request->deadline, err) < 0)
		return -1;
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
