/*
 * wrap.c - puts the parts around a command together.
 */
#include "engine/connection/wrap.h"

#include <string.h>

#include "engine/base/memory.h"

void words_add(struct words *words, const char *word)
{
	*(const char **)arena_grow(words->arena, &words->items, &words->count, &words->capacity, sizeof(word)) = word;
}

void words_add_all(struct words *words, const char *const *vector)
{
	for (size_t i = 0; vector && vector[i]; i++)
		words_add(words, vector[i]);
}

static void add_command(struct words *words, const struct command *command)
{
	if (command->environment) {
		words_add(words, "env");
		words_add(words, "--");
		words_add_all(words, command->environment);
	}
	/* env and sudo would take a program called a=b for an assignment. */
	if (strchr(command->argv[0], '='))
		words_add_all(words, (const char *const[]){"sh", "-c", "exec \"$@\"", "sh", NULL});
	words_add_all(words, command->argv);
	words_add(words, NULL);
}

static int check_command(const struct connection *connection, const struct command *command, struct error *err)
{
	if (!command->argv || !command->argv[0] || !command->argv[0][0])
		return error_set(err, ERROR_INVALID, "the command is empty");
	if (command->scope && command->no_become && become_applies(connection, &(struct command){0}))
		return error_set(err, ERROR_INVALID,
				 "a command in a scope cannot leave out become: its scope would not be found again");
	if (command->scope && !scope_name_valid(command->scope))
		return error_set(err, ERROR_INVALID, "\"%s\" cannot be a scope's name", command->scope);
	for (size_t i = 0; command->environment && command->environment[i]; i++)
		if (!strchr(command->environment[i], '=') || command->environment[i][0] == '=')
			return error_set(err, ERROR_INVALID, "environment entry %zu is not NAME=value", i + 1);
	return 0;
}

int wrap_command(struct arena *arena, const struct connection *connection, const struct command *command,
		 struct wrapped *ret_wrapped, struct error *err)
{
	struct words words = {.arena = arena};
	struct wrapped wrapped = {0};
	if (check_command(connection, command, err) < 0)
		return -1;
	if (connection->host->platform == PLATFORM_WINDOWS) {
		*ret_wrapped = (struct wrapped){.argv = command->argv};
		return 0;
	}
	if (become_applies(connection, command) && become_add(&words, connection, &wrapped.prelude, err) < 0) {
		wrapped_free(&wrapped);
		return -1;
	}
	bool first = words.count == 0;
	size_t begin = command->scope ? scope_add(&words, connection, command->scope) : 0;
	add_command(&words, command);
	wrapped.argv = words.items;
	wrapped.begin = first && begin ? words.items + begin : NULL;
	*ret_wrapped = wrapped;
	return 0;
}

void wrapped_free(struct wrapped *wrapped)
{
	if (wrapped->prelude.data)
		explicit_bzero(wrapped->prelude.data, wrapped->prelude.capacity);
	buffer_free(&wrapped->prelude);
}

bool wrap_failed(const struct command *command, const struct command_result *result)
{
	static const char *const complaints[] = {
		"Failed to start transient scope unit:",
		"Failed to create bus connection:",
		"Failed to connect to bus:",
		"System has not been booted with systemd",
		"standin: no scope:",
	};
	if (!command->scope || result->exit_code != 1 || result->output.total)
		return false;
	for (size_t i = 0; i < COUNT_OF(complaints); i++)
		if (strncmp(result->errors.data, complaints[i], strlen(complaints[i])) == 0)
			return true;
	return false;
}
