/*
 * support.h - what the connection tests share: hosts made by hand, and commands run and checked in one line.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/connection/connection.h"
#include "engine/connection/scope.h"

#define ARGV(...)  ((const char *const[]){__VA_ARGS__, NULL})
#define SH(script) ARGV("sh", "-c", script)

static inline int64_t in_seconds(double seconds)
{
	return clock_boottime() + (int64_t)(seconds * (double)NSEC_PER_SEC);
}

static inline struct host make_host(const char *id, enum host_transport transport)
{
	return (struct host){.id = id, .name = id, .transport = transport, .port = 22, .connect_timeout = 10 * NSEC_PER_SEC};
}

/* Runs and asserts that the exit is known. Free the result. */
static inline struct command_result run_ok(struct connection *connection, const char *const *argv)
{
	struct command command = {.argv = argv, .deadline = in_seconds(20)};
	struct command_result result;
	struct error err = ERROR_NONE;
	if (connection_run(connection, &command, &result, &err) < 0)
		fail_msg("%s [%s]", error_text(&err), error_code_name(err.code));
	assert_true(result.started);
	return result;
}

static inline void assert_output(struct connection *connection, const char *const *argv, int code, const char *output)
{
	struct command_result result = run_ok(connection, argv);
	if (result.exit_code != code)
		print_error("stderr: %s\n", result.errors.data);
	assert_string_equal(result.output.data, output);
	assert_int_equal(result.exit_code, code);
	command_result_free(&result);
}

/* Runs and asserts that it fails with that code and that the text occurs in the message. */
static inline void assert_run_fails(struct connection *connection, const struct command *command, enum error_code code,
				    bool started, const char *text)
{
	struct command_result result;
	struct error err = ERROR_NONE;
	assert_int_equal(connection_run(connection, command, &result, &err), -1);
	if (!strstr(error_text(&err), text))
		fail_msg("\"%s\" does not say \"%s\"", error_text(&err), text);
	assert_string_equal(error_code_name(err.code), error_code_name(code));
	assert_int_equal(result.started, started);
	command_result_free(&result);
	error_clear(&err);
}

/* How many processes have the text in their command line. */
static inline int count_processes(const char *text)
{
	/* Written so that it does not match its own command line. */
	CLEANUP_FREE char *script =
		memory_printf("grep -la -- '[%c]%s' /proc/[0-9]*/cmdline 2>/dev/null | wc -l", text[0], text + 1);
	FILE *pipe = popen(script, "r");
	int count = -1;
	assert_non_null(pipe);
	assert_int_equal(fscanf(pipe, "%d", &count), 1);
	pclose(pipe);
	return count;
}
