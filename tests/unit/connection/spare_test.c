/*
 * spare_test.c - the texts for spares, read by real shells as sshd would start them.
 */
#include "engine/connection/spare.h"

#include <unistd.h>

#include "engine/connection/scope.h"
#include "support.h"

static const char *const shells[] = {"/bin/bash", "/bin/sh"};

/* What a spare prints that leads its session and is given `input`. */
static void assert_spare(const char *shell, const char *input, int exit_code, const char *output)
{
	CLEANUP_BUFFER struct buffer text = {0};
	struct host host = make_host("here", TRANSPORT_LOCAL);
	struct connections *connections = connections_new(NULL);
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct command_result result;
	spare_shell(&text);
	struct command command = {.argv = ARGV("setsid", "-w", shell, "-c", text.data),
				  .input = input,
				  .input_length = strlen(input),
				  .deadline = in_seconds(60)};
	if (connection_run(connections_get(connections, &host, NULL), &command, &result, &err) < 0)
		fail_msg("%s", err.message);
	assert_string_equal(result.output.data, output);
	assert_int_equal(result.exit_code, exit_code);
	command_result_free(&result);
	connections_free(connections);
}

static void assert_line(const struct request *request, const char *line, int exit_code, const char *output)
{
	for (size_t i = 0; i < COUNT_OF(shells); i++) {
		CLEANUP_BUFFER struct buffer text = {0};
		assert_true(spare_line(&text, request, line));
		assert_spare(shells[i], text.data, exit_code, output);
		text.data[--text.length] = '\0'; /* the end of the line did not arrive */
		assert_spare(shells[i], text.data, 1, "");
	}
}

static void test_lines(void **state)
{
	(void)state;
	struct request plain = {0};
	assert_line(&plain, "exec printf '%s|' 'a\n\nb' '\n' '\\n' \"x\"", 0, ".a\n\nb|\n|\\n|x|");
	assert_line(&plain, "exec sh -c 'cat; exit 3'", 3, ".");
	assert_spare(shells[0], "", 1, "");
}

static void test_scopes(void **state)
{
	(void)state;
	CLEANUP_FREE char *folder = memory_printf("/tmp/standin-spare-%d", (int)getpid());
	CLEANUP_FREE char *file = memory_printf("%s/one.scope", folder);
	struct request scoped = {.begin = ARGV(folder, "one", "printf", "%s|", "a'\nb", "$HOME", "")};
	assert_line(&scoped, "exec false", 0, ".a'\nb|$HOME||");
	assert_int_equal(access(file, R_OK), 0);
	assert_int_equal(unlink(file) | rmdir(folder), 0);
}

/* A shell reads a line byte by byte: what is long takes the plain way. */
static void test_long(void **state)
{
	(void)state;
	struct request plain = {0};
	char line[4200];
	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	CLEANUP_BUFFER struct buffer text = {0};
	assert_false(spare_line(&text, &plain, line));
}

/* spare_shell puts them into single quotes as they are. */
static void test_no_single_quote(void **state)
{
	(void)state;
	assert_null(strchr(scope_functions, '\''));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_scopes),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_no_single_quote),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
