/*
 * quote_test.c - hostile values through real shells, and through env.
 */
#include "engine/connection/quote.h"

#include "engine/base/base64.h"
#include "support.h"

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
	assert_int_equal(quote_for(PLATFORM_LINUX, argv, &line, &err), 0);
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
	assert_int_equal(quote_for(PLATFORM_LINUX, ARGV("echo", "-e", "a\\tb"), &line, NULL), 0);
	assert_string_equal(line.data, "exec echo -e 'a\\tb'");
	buffer_reset(&line);
	quote_posix(&line, ARGV("systemctl", "start", "--", "a b"));
	assert_string_equal(line.data, "systemctl start -- 'a b'");
	assert_int_equal(quote_for(PLATFORM_LINUX, ARGV(""), &line, NULL), -1);
	assert_int_equal(quote_for(PLATFORM_LINUX, ARGV("-x"), &line, NULL), -1);
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
		assert_int_equal(quote_for(PLATFORM_WINDOWS, ARGV("prog.exe", cases[i].argument), &line, NULL), 0);
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
	assert_int_equal(quote_for(PLATFORM_WINDOWS, ARGV("x.exe", "\xff"), &line, &err), -1);
	assert_string_equal(err.message, "argument 1 is not UTF-8, as windows needs it");
	error_clear(&err);
	assert_int_equal(quote_for(PLATFORM_WINDOWS, ARGV("C:\\x.CMD", "a"), &line, &err), -1);
	assert_string_equal(err.message, "batch files cannot be run safely: C:\\x.CMD");
	error_clear(&err);
	assert_int_equal(quote_for(PLATFORM_WINDOWS, ARGV("x.exe", longest), &line, &err), -1);
	assert_non_null(strstr(err.message, "too long for windows"));
	error_clear(&err);
	assert_int_equal(line.length, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_through_shells),	    cmocka_unit_test(test_through_env),
		cmocka_unit_test(test_program_not_builtin), cmocka_unit_test(test_windows),
		cmocka_unit_test(test_windows_refuses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
