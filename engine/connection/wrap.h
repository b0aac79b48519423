/*
 * wrap.h - what is put around a command's argument vector: environment, scope, sudo; from the inside out:
 *
 *     sudo -n -u USER --   systemd-run --scope ... --   env NAME=value   argv
 *     [become.c            [scope.c                     [wrap.c
 *
 * With a sudo password, stdin is the password, a line with a random mark, then the command's own input. A small script between
 * sudo and the command reads up to the mark: whether sudo asked or not, the command never sees the password.
 */
#pragma once

#include "engine/connection/driver.h"

struct words { /* an argument vector that grows; the strings are borrowed or of the arena */
	struct arena *arena;
	const char **items;
	size_t count;
	size_t capacity;
};

void words_add(struct words *words, const char *word); /* NULL ends the vector: always the last one */
void words_add_all(struct words *words, const char *const *vector);

struct wrapped {
	const char *const *argv;
	const char *const *begin; /* as in a request */
	struct buffer prelude;	  /* to be written to stdin before the command's input; holds the password */
};

/* The greeting must be known if the command has a scope or becomes somebody. */
int wrap_command(struct arena *arena, const struct connection *connection, const struct command *command,
		 struct wrapped *ret_wrapped, struct error *err);
void wrapped_free(struct wrapped *wrapped); /* wipes the password */

bool become_applies(const struct connection *connection, const struct command *command);
int become_add(struct words *words, const struct connection *connection, struct buffer *prelude, struct error *err);
void become_add_for_people(struct words *words, const struct host *host); /* sudo as a person would type it */
const char *become_user(const struct host *host);
/* sudo did not let us: its own words, and what to do. */
int become_refused(const struct connection *connection, const struct command_result *result, struct error *err);

bool scope_name_valid(const char *name);
/* Where in the words FOLDER of `begin FOLDER NAME COMMAND` stands (scope_functions); 0: it is systemd that makes the scope. */
size_t scope_add(struct words *words, const struct connection *connection, const char *name);
/* A wrapper said that it could not even start the command (and not: the command ended with 1). */
bool wrap_failed(const struct command *command, const struct command_result *result);
