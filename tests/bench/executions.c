/*
 * executions.c - INVENTORY HOST FOLDER COUNT RUN: writes what a run of COUNT steps `mark.set` executes on HOST, exactly as the
 * engine sends it (with the scope around each apply), for the bare loops. The engine's own code makes it, so that both sides do
 * the same.
 */
#include <stdio.h>
#include <stdlib.h>

#include "engine/base/memory.h"
#include "engine/connection/quote.h"
#include "engine/connection/scope.h"
#include "engine/connection/wrap.h"

static void fail(struct error *err)
{
	fprintf(stderr, "%s\n", error_text(err));
	exit(1);
}

static void write_argv(const char *const *argv)
{
	for (size_t i = 0; argv[i]; i++) {
		fputs(argv[i], stdout);
		putchar('\0');
	}
	putchar('\0');
}

static void write_execution(struct connection *connection, const char *const *argv, const char *scope)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_BUFFER struct buffer line = {0};
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct command command = {.argv = argv, .scope = scope};
	struct wrapped wrapped;
	if (wrap_command(arena, connection, &command, &wrapped, &err) < 0)
		fail(&err);
	if (connection->host->transport == TRANSPORT_LOCAL) {
		write_argv(wrapped.argv);
	} else {
		if (quote_for(connection->host, wrapped.argv, NULL, &line, &err) < 0)
			fail(&err);
		write_argv((const char *const[]){buffer_text(&line), NULL});
	}
	wrapped_free(&wrapped);
}

static void write_step(struct connection *connection, const char *folder, const char *run, int number)
{
	CLEANUP_FREE char *path = memory_printf("%s/%d", folder, number);
	CLEANUP_FREE char *key = memory_printf("%d", number);
	CLEANUP_FREE char *scope = scope_name(run, key, 1, 1);
	const char *const observe[] = {"stat", "--format=size=%s", "--", path, NULL};
	const char *const apply[] = {"touch", "--", path, NULL};
	write_execution(connection, observe, NULL);
	write_execution(connection, apply, scope);
	write_execution(connection, observe, NULL);
}

int main(int argc, char **argv)
{
	struct diagnostics diagnostics;
	struct inventory *inventory;
	const struct greeting *greeting;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	CLEANUP_ARENA struct arena *arena = arena_new();
	if (argc != 6) {
		fputs("usage: executions INVENTORY HOST FOLDER COUNT RUN\n", stderr);
		return 2;
	}
	diagnostics_init(&diagnostics, arena);
	const struct host *host = NULL;
	if (inventory_read(arena, &tree_of_files, argv[1], &inventory, &diagnostics) == 0)
		host = inventory_host(inventory, argv[2]);
	if (!host) {
		fputs("the inventory cannot be read, or has no such host\n", stderr);
		return 1;
	}
	struct connections *connections = connections_new(inventory);
	struct connection *connection = connections_get(connections, host, NULL);
	if (connection_greet(connection, clock_boottime() + 10 * NSEC_PER_SEC, &greeting, &err) < 0)
		fail(&err);
	for (int i = 1; i <= atoi(argv[4]); i++)
		write_step(connection, argv[3], argv[5], i);
	connections_free(connections);
	return 0;
}
