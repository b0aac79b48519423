/*
 * pipes.h - run a local program and pump its three pipes at once: for the local and command drivers, and for name lookup.
 */
#pragma once

#include "engine/connection/driver.h"

/* As connection_run. ERROR_NOT_FOUND: argv[0] is not installed here (result->started is false). */
int pipes_run(const char *const *argv, const char *const *environment, const struct request *request,
	      struct command_result *result, struct error *err);

/* This process's environment without the secrets that the inventory takes from it. Free the array, not the strings. */
const char **pipes_environment(const struct inventory *inventory);

/* A result that says "there is no such program", as a shell says it: exit code 127. */
void pipes_not_found(const char *program, struct command_result *result);
