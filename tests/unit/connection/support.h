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
#include <unistd.h>

#include "engine/base/hash.h"
#include "engine/base/loop.h"
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
	struct command command = {.argv = argv, .deadline = in_seconds(120)};
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

/* What goes in comes out, whatever its length; of what is kept only head and tail are left. */
static inline void assert_large_passes(struct connection *connection, size_t size)
{
	CLEANUP_FREE char *data = memory_alloc(size);
	char digest[HASH_HEX_SIZE];
	for (size_t i = 0; i < size; i++)
		data[i] = (char)(i * 31 + i / 4096);
	hash_hex(data, size, digest);
	struct command command = {.argv = ARGV("cat"), .input = data, .input_length = size, .deadline = in_seconds(120)};
	struct command_result result;
	assert_int_equal(connection_run(connection, &command, &result, NULL), 0);
	assert_int_equal(result.output.total, size);
	assert_string_equal(result.output.digest, digest);
	assert_int_equal(result.output.length, CAPTURE_LIMIT);
	assert_memory_equal(result.output.data, data, result.output.head);
	command_result_free(&result);
	command.argv = SH("exec <&-; echo closed"); /* does not read it */
	assert_int_equal(connection_run(connection, &command, &result, NULL), 0);
	assert_int_equal(result.exit_code, 0);
	assert_string_equal(result.output.data, "closed\n");
	command_result_free(&result);
}

/* Names and sleeps of this very process: the same test may run twice at once on one machine. */
static inline char *unique_scope(const char *what)
{
	return memory_printf("standin-t%d-%s-1", (int)getpid(), what);
}

static inline const char *unique_seconds(void)
{
	static char text[32];
	snprintf(text, sizeof(text), "1%d.5", (int)getpid());
	return text;
}

/* Runs a command that says something when it has begun, until then; it is cancelled and left running, or the test does
 * something to it. */
struct begun {
	struct connection *connection;
	struct command command;
	void (*then)(void *argument); /* NULL: cancel */
	void *argument;
	struct command_result result;
	struct error err;
	int outcome;
	struct signal_point heard;
	bool has_begun;
};

static inline void begun_hear(void *context, bool is_stderr, const char *data, size_t length)
{
	struct begun *begun = context;
	(void)is_stderr;
	(void)data;
	(void)length;
	begun->has_begun = true;
	loop_signal(&begun->heard);
}

static inline void begun_run(void *argument)
{
	struct begun *begun = argument;
	begun->command.on_output = begun_hear;
	begun->command.context = begun;
	begun->command.deadline = in_seconds(120);
	begun->outcome = connection_run(begun->connection, &begun->command, &begun->result, &begun->err);
}

static inline void run_until_begun(struct begun *begun, enum error_code code, const char *text)
{
	struct fiber *fiber = fiber_start(begun_run, begun);
	while (!begun->has_begun && !fiber_done(fiber))
		assert_int_equal(loop_wait_signal(&begun->heard, in_seconds(120)), LOOP_READY);
	if (begun->then)
		begun->then(begun->argument);
	else
		fiber_cancel(fiber);
	assert_int_equal(fiber_join(fiber, in_seconds(120)), LOOP_READY);
	assert_int_equal(begun->outcome, -1);
	if (!strstr(error_text(&begun->err), text))
		fail_msg("\"%s\" does not say \"%s\"", error_text(&begun->err), text);
	assert_string_equal(error_code_name(begun->err.code), error_code_name(code));
	assert_true(begun->result.started);
	command_result_free(&begun->result);
	error_clear(&begun->err);
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

/* Until there are so many; the limit only ends a test that has failed anyway. */
static inline void await_processes(const char *text, int least, int most)
{
	int64_t limit = in_seconds(120);
	int count;
	for (count = count_processes(text); (count < least || count > most) && clock_boottime() < limit;
	     count = count_processes(text))
		loop_sleep(in_seconds(0.05));
	if (count < least || count > most)
		fail_msg("%d processes with %s", count, text);
}
