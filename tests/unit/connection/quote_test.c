/*
 * quote_test.c - hostile values through real shells, and through env.
 */
#include "engine/connection/quote.h"

#include "engine/base/base64.h"
#include "support.h"

static const struct host linux_host = {.platform = PLATFORM_LINUX}, windows_host = {.platform = PLATFORM_WINDOWS},
			 cmd_host = {.platform = PLATFORM_WINDOWS, .shell = SHELL_CMD};

static const char *const hostile[] = {
	"plain", "",   " ",	"a b",	"'",	"''",	"a'b",	"\"",	    "\\",  "\\'",  "a\\", "$HOME", "$(id)", "`id`",
	"!x",	 "*",  "~root", "a\nb", "\n",	"a\tb", "#x",	"a;b",	    "a&b", "a|b",  "<x",  ">x",	   "{a,b}", "[a]",
	"a=b",	 "-n", "--",	"%s%h", "\x01", "\x7f", "\xff", "\xc3\xa4", "if",  "\r\n", "^",	  "a  b",  "\\n",   "?",
};

static void collect_argv(const char **argv, const char *first, const char *second, const char *third)
{
	size_t count = 0;
	for (const char *const *it = (const char *const[]){first, second, third, NULL}; *it; it++)
		argv[count++] = *it;
	for (size_t i = 0; i < COUNT_OF(hostile); i++)
		argv[count++] = hostile[i];
	argv[count] = NULL;
}

/* What printf '%s|' makes of all hostile values. */
static char *expected(void)
{
	struct buffer text = {0};
	for (size_t i = 0; i < COUNT_OF(hostile); i++)
		buffer_printf(&text, "%s|", hostile[i]);
	return buffer_take(&text);
}

static void assert_shell_prints(const char *shell, const char *line, const char *text)
{
	struct host host = make_host("here", TRANSPORT_LOCAL);
	struct connections *connections = connections_new(NULL);
	assert_output(connections_get(connections, &host, NULL), ARGV(shell, "-c", line), 0, text);
	connections_free(connections);
}

static void test_through_shells(void **state)
{
	(void)state;
	const char *argv[COUNT_OF(hostile) + 4];
	CLEANUP_FREE char *text = expected();
	CLEANUP_BUFFER struct buffer line = {0};
	struct error err = ERROR_NONE;
	collect_argv(argv, "printf", "%s|", NULL);
	assert_int_equal(quote_for(&linux_host, argv, NULL, &line, &err), 0);
	assert_shell_prints("/bin/sh", line.data, text);
	assert_shell_prints("/bin/bash", line.data, text);
	buffer_reset(&line);
	quote_posix(&line, argv);
	assert_shell_prints("/bin/sh", line.data, text);
}

static void test_through_env(void **state)
{
	(void)state;
	struct host host = make_host("here", TRANSPORT_LOCAL);
	struct connections *connections = connections_new(NULL);
	for (size_t i = 0; i < COUNT_OF(hostile); i++) {
		CLEANUP_FREE char *entry = memory_printf("VALUE=%s", hostile[i]);
		struct command command = {
			.argv = SH("printf %s \"$VALUE\""), .environment = ARGV(entry), .deadline = in_seconds(10)};
		struct command_result result;
		assert_int_equal(connection_run(connections_get(connections, &host, NULL), &command, &result, NULL), 0);
		assert_string_equal(result.output.data, hostile[i]);
		command_result_free(&result);
	}
	connections_free(connections);
}

static void test_program_not_builtin(void **state)
{
	(void)state;
	CLEANUP_BUFFER struct buffer line = {0};
	assert_int_equal(quote_for(&linux_host, ARGV("echo", "-e", "a\\tb"), NULL, &line, NULL), 0);
	assert_string_equal(line.data, "exec echo -e 'a\\tb'");
	buffer_reset(&line);
	quote_posix(&line, ARGV("systemctl", "start", "--", "a b"));
	assert_string_equal(line.data, "systemctl start -- 'a b'");
	assert_int_equal(quote_for(&linux_host, ARGV(""), NULL, &line, NULL), -1);
	assert_int_equal(quote_for(&linux_host, ARGV("-x"), NULL, &line, NULL), -1);
}

/* The script that PowerShell would get, back from base64 and UTF-16 (ASCII only here). */
static char *decode(const char *line)
{
	CLEANUP_BUFFER struct buffer wide = {0};
	struct buffer text = {0};
	const char *encoded = strstr(line, "-EncodedCommand ") + strlen("-EncodedCommand ");
	assert_int_equal(base64_decode(&wide, encoded, strlen(encoded)), 0);
	assert_int_equal(wide.length % 2, 0);
	for (size_t i = 0; i < wide.length; i += 2)
		buffer_add_char(&text, wide.data[i + 1] ? '?' : wide.data[i]);
	return buffer_take(&text);
}

static void test_windows(void **state)
{
	(void)state;
	static const struct {
		const char *argument;
		const char *quoted;
	} cases[] = {
		{"a", "a"},
		{"", "\"\""},
		{"a b", "\"a b\""},
		{"a\\b", "a\\b"},
		{"a b\\", "\"a b\\\\\""},
		{"a\"b", "\"a\\\"b\""},
		{"a\\\"b", "\"a\\\\\\\"b\""},
		{"it's", "it''s"},
		{"$x`n", "$x`n"},
		{"\"\"", "\"\\\"\\\"\""},
		{"a\\\\b c", "\"a\\\\b c\""},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEANUP_BUFFER struct buffer line = {0};
		assert_int_equal(quote_for(&windows_host, ARGV("prog.exe", cases[i].argument), NULL, &line, NULL), 0);
		assert_int_equal(strncmp(line.data, "powershell.exe -No", 18), 0);
		CLEANUP_FREE char *script = decode(line.data);
		CLEANUP_FREE char *wanted = memory_printf("$i.Arguments='%s';", cases[i].quoted);
		if (!strstr(script, wanted))
			fail_msg("%s is not in %s", wanted, script);
	}
}

static void test_windows_refuses(void **state)
{
	(void)state;
	struct error err = ERROR_NONE;
	CLEANUP_BUFFER struct buffer line = {0};
	CLEANUP_FREE char *longest = memory_alloc(9000);
	memset(longest, 'x', 8999);
	assert_int_equal(quote_for(&windows_host, ARGV("x.exe", "\xff"), NULL, &line, &err), -1);
	assert_string_equal(err.message, "argument 1 is not UTF-8, as windows needs it");
	error_clear(&err);
	assert_int_equal(quote_for(&windows_host, ARGV("C:\\x.CMD", "a"), NULL, &line, &err), -1);
	assert_string_equal(err.message, "batch files cannot be run safely: C:\\x.CMD");
	error_clear(&err);
	assert_int_equal(quote_for(&windows_host, ARGV("x.exe", longest), NULL, &line, &err), -1);
	assert_non_null(strstr(err.message, "too long for windows"));
	error_clear(&err);
	assert_int_equal(line.length, 0);
}

/* A host without PowerShell: cmd.exe gets the line itself, or nothing is sent at all. */
static void test_cmd(void **state)
{
	(void)state;
	struct error err = ERROR_NONE;
	CLEANUP_BUFFER struct buffer line = {0};
	assert_int_equal(quote_for(&cmd_host, ARGV("sc.exe", "start", "a b\\"), NULL, &line, &err), 0);
	assert_string_equal(line.data, "sc.exe start \"a b\\\\\"");
	buffer_reset(&line);
	assert_int_equal(quote_for(&cmd_host, ARGV("sc.exe", "100%"), ARGV(NULL), &line, &err), -1);
	assert_string_equal(err.message, "argument 1 cannot be passed through cmd.exe: '%' at byte 3");
	error_clear(&err);
	assert_int_equal(quote_for(&cmd_host, ARGV("sc.exe"), ARGV("SECRET=x"), &line, &err), -1);
	assert_string_equal(err.message, "cmd.exe cannot be given variables for a command (SECRET)");
	assert_non_null(err.hint);
	error_clear(&err);
	assert_int_equal(line.length, 0);
}

static void test_windows_for_people(void **state)
{
	(void)state;
	CLEANUP_BUFFER struct buffer text = {0};
	quote_windows_for_people(&text, &windows_host, ARGV("sc.exe", "it's"), ARGV("A=1=2", "B="));
	assert_string_equal(text.data, "$env:A = '1=2'; $env:B = ''; & 'sc.exe' 'it''s'");
	buffer_reset(&text);
	quote_windows_for_people(&text, &cmd_host, ARGV("sc.exe", "a b", "c"), NULL);
	assert_string_equal(text.data, "sc.exe \"a b\" c");
}

/* What would be refused when it is sent is refused before; a way that sends no line is not asked. */
static void test_check(void **state)
{
	(void)state;
	struct host host = {.id = "old", .platform = PLATFORM_WINDOWS, .shell = SHELL_CMD, .transport = TRANSPORT_SSH};
	struct command command = {.argv = ARGV("x.exe", "%")};
	struct error err = ERROR_NONE;
	assert_int_equal(connection_check_command(&host, &command, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	error_clear(&err);
	host.transport = TRANSPORT_COMMAND;
	assert_int_equal(connection_check_command(&host, &command, NULL), 0);
	host = linux_host;
	assert_int_equal(connection_check_command(&host, &command, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_through_shells),	    cmocka_unit_test(test_through_env),
		cmocka_unit_test(test_program_not_builtin), cmocka_unit_test(test_windows),
		cmocka_unit_test(test_windows_refuses),	    cmocka_unit_test(test_cmd),
		cmocka_unit_test(test_windows_for_people),  cmocka_unit_test(test_check),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
