/*
 * prepare.h - a command of a manifest with the values of a call: argument vector, environment, stdin, host.
 */
#pragma once

#include "engine/plugin/call_names.h"
#include "engine/plugin/command.h"

struct prepared {
	const struct host *host;   /* where it runs; never NULL */
	struct command command;	   /* scope and deadline are the caller's; argv NULL: `run` is null, there is nothing to run */
	const struct value *input; /* its stdin as text, or NULL */
	bool secret_input;
	const char *unknown; /* which key holds what is not known: it cannot be run; NULL: all is known */
};

/* before may be NULL. -1: ERROR_INVALID. */
int command_prepare(struct arena *arena, const struct call *call, const struct action_command *command,
		    const struct observation *before, struct prepared *ret_prepared, struct error *err);

/* Only where it runs. -1: ERROR_INVALID. */
int command_host(struct arena *arena, const struct call *call, const struct action_command *command,
		 const struct host **ret_host, struct error *err);

/* As a person would type it on that host, unknown parts as ?. */
const char *prepared_text(struct arena *arena, const struct prepared *prepared);
