/*
 * connection.c - connections by host and user, the queue before each, and one command's way through it.
 */
#include "engine/connection/connection.h"

#include <signal.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/connection/driver.h"
#include "engine/connection/quote.h"
#include "engine/connection/wrap.h"

struct connections {
	const struct inventory *inventory;
	struct connection *first;
};

static const struct connection_driver *const drivers[] = {
	[TRANSPORT_LOCAL] = &driver_local,
	[TRANSPORT_SSH] = &driver_ssh,
	[TRANSPORT_COMMAND] = &driver_command,
};

struct connections *connections_new(const struct inventory *inventory)
{
	struct connections *connections = memory_alloc(sizeof(*connections));
	connections->inventory = inventory;
	signal(SIGPIPE, SIG_IGN); /* a command that does not read its stdin is no reason to die */
	return connections;
}

void connections_free(struct connections *connections)
{
	while (connections && connections->first) {
		struct connection *connection = connections->first;
		connections->first = connection->next;
		connection->driver->release(connection);
		free(connection->user);
		free(connection);
	}
	free(connections);
}

struct connection *connections_get(struct connections *connections, const struct host *host, const char *user)
{
	if (!user)
		user = host->user;
	for (struct connection *it = connections->first; it; it = it->next)
		if (strcmp(it->host->id, host->id) == 0 && strcmp(it->user ? it->user : "", user ? user : "") == 0)
			return it;
	struct connection *connection = memory_alloc(sizeof(*connection));
	connection->next = connections->first;
	connection->inventory = connections->inventory;
	connection->host = host;
	connection->user = memory_strdup(user);
	connection->driver = drivers[host->transport];
	connections->first = connection;
	return connection;
}

static int not_in_time(enum loop_wake wake, struct error *err)
{
	if (wake == LOOP_TIMEOUT)
		return error_set(err, ERROR_TIMEOUT, "time ran out while %d other commands ran there", CONNECTION_CHANNELS);
	return error_set(err, ERROR_CANCELLED, "cancelled before the command was started");
}

static void slot_leave_queue(struct connection *connection, const struct slot_waiter *waiter)
{
	struct slot_waiter **place = &connection->waiting;
	while (*place && *place != waiter)
		place = &(*place)->next;
	if (*place)
		*place = waiter->next;
}

static void slot_release(struct connection *connection)
{
	struct slot_waiter *next = connection->waiting;
	if (!next) {
		connection->running--;
		return;
	}
	connection->waiting = next->next; /* the slot goes to the longest waiting, still counted as running */
	next->granted = true;
	loop_signal(&next->turn);
}

static int slot_take(struct connection *connection, int64_t deadline, struct error *err)
{
	if (connection->running < CONNECTION_CHANNELS) {
		connection->running++;
		return 0;
	}
	struct slot_waiter waiter = {0};
	struct slot_waiter **end = &connection->waiting;
	while (*end)
		end = &(*end)->next;
	*end = &waiter;
	enum loop_wake wake = loop_wait_signal(&waiter.turn, deadline);
	if (waiter.granted && wake == LOOP_READY)
		return 0;
	if (waiter.granted)
		slot_release(connection);
	else
		slot_leave_queue(connection, &waiter);
	return not_in_time(wake, err);
}

static int judge_wrapper(const struct command *command, struct command_result *result, struct error *err)
{
	if (!wrap_failed(command, result))
		return 0;
	result->started = false;
	const char *text = result->errors.data;
	bool taken = strstr(text, "already loaded") || strstr(text, "still runs") || strstr(text, "is closed");
	error_set(err, taken ? ERROR_CONFLICT : ERROR_CONNECTION, "the scope %s could not be made: %.*s", command->scope,
		  (int)strcspn(text, "\n"), text);
	return error_hint(err, taken ? "wait for the earlier command of that name, or end it"
				     : "look at the state of systemd on that host (systemctl is-system-running)");
}

static int run_wrapped(struct connection *connection, const struct command *command, const struct wrapped *wrapped,
		       struct command_result *result, struct error *err)
{
	struct buffer input = {0};
	struct request request = {
		.argv = wrapped->argv,
		.begin = wrapped->begin,
		.environment = connection->host->platform == PLATFORM_WINDOWS ? command->environment : NULL,
		.input = command->input,
		.input_length = command->input ? command->input_length : 0,
		.deadline = command->deadline,
		.survives = command->scope != NULL,
		.on_output = command->on_output,
		.context = command->context,
	};
	if (wrapped->prelude.length) {
		buffer_append(&input, wrapped->prelude.data, wrapped->prelude.length);
		buffer_append(&input, request.input, request.input_length);
		request.input = input.data;
		request.input_length = input.length;
	}
	int outcome = connection->driver->run(connection, &request, result, err);
	if (input.data)
		explicit_bzero(input.data, input.capacity);
	buffer_free(&input);
	return outcome < 0 ? -1 : judge_wrapper(command, result, err);
}

int connection_run_bare(struct connection *connection, const struct command *command, struct command_result *result,
			struct error *err)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct wrapped wrapped;
	*result = (struct command_result){.exit_code = -1};
	if (wrap_command(arena, connection, command, &wrapped, err) < 0)
		return -1;
	int outcome = run_wrapped(connection, command, &wrapped, result, err);
	wrapped_free(&wrapped);
	return outcome;
}

int connection_run_now(struct connection *connection, const struct command *command, struct command_result *result,
		       struct error *err)
{
	*result = (struct command_result){.exit_code = -1};
	bool wrapped = command->scope || (connection->host->become && !command->no_become);
	if (wrapped && greeting_learn(connection, command->deadline, err) < 0)
		return -1;
	return connection_run_bare(connection, command, result, err);
}

int connection_run(struct connection *connection, const struct command *command, struct command_result *ret_result,
		   struct error *err)
{
	int64_t began = clock_boottime();
	*ret_result = (struct command_result){.exit_code = -1};
	int outcome = slot_take(connection, command->deadline, err);
	if (outcome == 0) {
		outcome = connection_run_now(connection, command, ret_result, err);
		slot_release(connection);
	}
	ret_result->elapsed = clock_boottime() - began;
	return outcome < 0 ? error_wrap(err, "%s", connection->host->id) : 0;
}

void command_result_free(struct command_result *result)
{
	free(result->output.data);
	free(result->errors.data);
	*result = (struct command_result){.exit_code = -1};
}

int connection_greet(struct connection *connection, int64_t deadline, const struct greeting **ret_greeting, struct error *err)
{
	int outcome = slot_take(connection, deadline, err);
	if (outcome == 0) {
		if (connection->driver == &driver_command)
			connection->greeted = 0; /* nothing would tell that the host was booted anew */
		outcome = greeting_learn(connection, deadline, err);
		slot_release(connection);
	}
	if (outcome < 0)
		return error_wrap(err, "%s", connection->host->id);
	*ret_greeting = &connection->greeting;
	return 0;
}

void connection_close(struct connection *connection)
{
	connection->driver->close(connection);
	connection->greeted = 0;
}

char *connection_command_text(const struct host *host, const struct command *command)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct buffer text = {0};
	struct words words = {.arena = arena};
	if (host->platform == PLATFORM_WINDOWS) {
		quote_windows_for_people(&text, host, command->argv, command->environment);
		return buffer_take(&text);
	}
	if (host->become && !command->no_become)
		become_add_for_people(&words, host);
	if (command->environment) {
		words_add(&words, "env");
		words_add_all(&words, command->environment);
	}
	words_add_all(&words, command->argv);
	words_add(&words, NULL);
	quote_posix(&text, words.items);
	return buffer_take(&text);
}

int connection_check_command(const struct host *host, const struct command *command, struct error *err)
{
	CLEANUP_BUFFER struct buffer line = {0};
	if (host->platform != PLATFORM_WINDOWS || host->transport != TRANSPORT_SSH)
		return 0;
	return quote_for(host, command->argv, command->environment, &line, err);
}
