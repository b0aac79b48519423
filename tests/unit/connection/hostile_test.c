/*
 * hostile_test.c - hundreds of hostile values through the quoting for PowerShell and cmd.exe, read back by parsers of their
 * own.
 *
 * No windows is needed: what a shell and CommandLineToArgvW make of a line is written down here from their documentation. How
 * values arrive through real POSIX shells, ssh and sudo is tested by tests/cli/hostile.bats.
 */
#include "engine/connection/quote.h"

#include "engine/base/base64.h"
#include "engine/base/utf8.h"
#include "support.h"

#define GENERATED   1500
#define PIECES_MOST 14

static const char *const pieces[] = {
	"'",
	"\"",
	"`",
	"$",
	"\\",
	"%",
	"^",
	"&",
	"|",
	";",
	"<",
	">",
	"(",
	")",
	"[",
	"]",
	"{",
	"}",
	"*",
	"?",
	"~",
	"!",
	"#",
	"=",
	"-",
	"+",
	"@",
	",",
	".",
	":",
	" ",
	"\t",
	"\n",
	"\r",
	"/",
	"a",
	"Z",
	"0",
	"ä",
	"€",
	"😀",
	"‘",
	"’",
	"‚",
	"‛",
	"“",
	"”",
	"„",
	"＂",
	"\x01",
	"\x1b",
	"\x7f",
	"\xc2\x85",
	"\xe2\x80\xae",
	"\xef\xbb\xbf",
	"$(calc)",
	"%PATH%",
	"!x!",
	"\\\"",
	"\"\"",
	"''",
	"`n",
	"--%",
	"$env:PATH",
	"\"\\",
	"\\\\",
	"&calc&",
	"|calc",
	">x",
	"-EncodedCommand",
	"/c",
	"rem ",
	"CON",
	"^\n",
	"%%",
};

static const char *const fixed[] = {
	"",	   " ",
	"plain",   "a b",
	"\\",	   "\\\\",
	"a\\",	   "a b\\",
	"a b\\\\", "\"",
	"\"\"",	   "a\"b",
	"a\\\"b",  "a\\\\\"b",
	"\\\" x",  "'",
	"''",	   "it's",
	"’",	   "’’",
	"'’",	   "’'",
	"$x",	   "$(Get-Date)",
	"@(1)",	   "`",
	"`n",	   "%PATH%",
	"%",	   "!x!",
	"^&",	   "& calc",
	"\n",	   "\r\n",
	"\t",	   "\v",
	"\f",	   "C:\\Program Files\\x\\",
	"--",	   "-x",
	"/?",	   "\x1a",
	"a=b",	   "a,b;c",
	"<>|",	   "(x)",
	"]]>",	   "\xef\xbf\xbf",
};

static uint32_t chance = 20260301;

static uint32_t next(uint32_t below)
{
	chance = chance * 1664525u + 1013904223u;
	return (chance >> 8) % below;
}

static char *value_at(size_t index)
{
	struct buffer text = {0};
	if (index < COUNT_OF(fixed))
		return memory_strdup(fixed[index]);
	for (uint32_t i = 1 + next(PIECES_MOST); i; i--)
		buffer_add(&text, pieces[next(COUNT_OF(pieces))]);
	return buffer_take(&text);
}

/* --- what a program makes of its command line: CommandLineToArgvW, behind the program's name --- */

static size_t split(const char *line, char **ret_arguments, size_t most)
{
	size_t count = 0;
	while (*line) {
		struct buffer text = {0};
		bool quoted = false;
		line += strspn(line, " \t");
		if (!*line)
			break;
		while (*line && (quoted || !strchr(" \t", *line))) {
			size_t backslashes = strspn(line, "\\");
			line += backslashes;
			bool quote = *line == '"';
			for (size_t i = 0; i < (quote ? backslashes / 2 : backslashes); i++)
				buffer_add_char(&text, '\\');
			if (quote && backslashes % 2)
				buffer_add_char(&text, '"');
			else if (quote && quoted && line[1] == '"') /* the other rule for a quote in quotes */
				buffer_add_char(&text, *line++);
			else if (quote)
				quoted = !quoted;
			else if (!backslashes)
				buffer_add_char(&text, *line);
			line += quote || !backslashes;
		}
		assert_false(quoted);
		assert_true(count < most);
		buffer_add(&text, "");
		ret_arguments[count++] = text.data ? buffer_take(&text) : memory_strdup("");
	}
	return count;
}

static void assert_arguments(const char *line, const char *const *argv)
{
	char *found[8];
	size_t count = split(line, found, COUNT_OF(found));
	for (size_t i = 0; i < count; i++) {
		assert_non_null(argv[i]);
		assert_string_equal(found[i], argv[i]);
		free(found[i]);
	}
	assert_null(argv[count]);
}

/* --- what PowerShell makes of the script --- */

/* Bytes of the single quote at text, also of those that PowerShell takes for one; 0: none. */
static size_t single_quote(const char *text)
{
	static const char *const quotes[] = {"'", "\xe2\x80\x98", "\xe2\x80\x99", "\xe2\x80\x9a", "\xe2\x80\x9b"};
	for (size_t i = 0; i < COUNT_OF(quotes); i++)
		if (strncmp(text, quotes[i], strlen(quotes[i])) == 0)
			return strlen(quotes[i]);
	return 0;
}

static char *literal(const char **at)
{
	struct buffer text = {0};
	assert_int_equal(**at, '\'');
	for (const char *c = *at + 1;;) {
		size_t quote = single_quote(c);
		assert_true(*c);
		if (quote && !single_quote(c + quote)) {
			*at = c + quote;
			return text.data ? buffer_take(&text) : memory_strdup("");
		}
		c += quote; /* of two the second one counts */
		size_t size = quote ? single_quote(c) : 1;
		buffer_append(&text, c, size);
		c += size;
	}
}

static void expect(const char **at, const char *text)
{
	if (strncmp(*at, text, strlen(text)) != 0)
		fail_msg("\"%s\" does not go on with \"%s\"", *at, text);
	*at += strlen(text);
}

static void expect_literal(const char **at, const char *text)
{
	CLEANUP_FREE char *found = literal(at);
	assert_string_equal(found, text);
}

static char *script_of(const char *line)
{
	static const char start[] = "powershell.exe -NoLogo -NoProfile -NonInteractive -InputFormat None -EncodedCommand ";
	CLEANUP_BUFFER struct buffer wide = {0};
	struct buffer text = {0};
	assert_int_equal(strncmp(line, start, strlen(start)), 0);
	line += strlen(start);
	assert_int_equal(line[strspn(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")], '\0');
	assert_int_equal(base64_decode(&wide, line, strlen(line)), 0);
	assert_int_equal(wide.length % 2, 0);
	for (size_t i = 0; i < wide.length; i += 2) {
		char bytes[4];
		uint32_t code = (uint8_t)wide.data[i] | (uint32_t)(uint8_t)wide.data[i + 1] << 8;
		if (code >= 0xd800 && code < 0xdc00) {
			i += 2;
			uint32_t low = (uint8_t)wide.data[i] | (uint32_t)(uint8_t)wide.data[i + 1] << 8;
			code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
		}
		buffer_append(&text, bytes, utf8_encode(code, bytes));
	}
	return buffer_take(&text);
}

static void assert_powershell(const char *value, const char *other)
{
	const char *const argv[] = {"C:\\it's\\prog.exe", value, "between", other, NULL};
	CLEANUP_FREE char *entry = memory_printf("VALUE=%s", value);
	CLEANUP_BUFFER struct buffer line = {0};
	assert_int_equal(quote_windows(argv, ARGV(entry), &line, NULL), 0);
	CLEANUP_FREE char *script = script_of(line.data);
	const char *at = script;
	expect(&at, "[Environment]::SetEnvironmentVariable(");
	expect_literal(&at, "VALUE");
	expect(&at, ",");
	expect_literal(&at, value);
	expect(&at, ");$i=New-Object Diagnostics.ProcessStartInfo;$i.UseShellExecute=$false;$i.FileName=");
	expect_literal(&at, argv[0]);
	expect(&at, ";$i.Arguments=");
	CLEANUP_FREE char *arguments = literal(&at);
	assert_arguments(arguments, argv + 1);
	expect(&at, ";try{$p=[Diagnostics.Process]::Start($i)}catch{[Console]::Error.WriteLine($_.Exception.Message);exit 127}"
		    "$p.WaitForExit();exit $p.ExitCode");
	assert_string_equal(at, "");
}

static void test_powershell(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(fixed) + GENERATED; i++) {
		CLEANUP_FREE char *value = value_at(i);
		CLEANUP_FREE char *other = value_at(COUNT_OF(fixed) + i);
		assert_powershell(value, other);
	}
}

/* --- cmd.exe --- */

/* Nothing outside of quotes means anything to it, and nothing in them does that it looks for there. */
static void assert_inert(const char *line)
{
	bool quoted = false;
	for (const char *c = line; *c; c++) {
		if (*c == '"')
			quoted = !quoted;
		assert_null(strchr("%!\r\n", *c));
		assert_true((unsigned char)*c < 0x80 && ((unsigned char)*c >= 0x20 || *c == '\t'));
		if (!quoted && strchr("&|<>()^,;=*?~`'[]{}#$", *c))
			fail_msg("%c stands outside of quotes: %s", *c, line);
	}
	assert_false(quoted);
}

static bool must_be_refused(const char *value)
{
	for (const char *c = value; *c; c++)
		if (strchr("%!\"\r\n", *c) || ((unsigned char)*c < 0x20 && *c != '\t') || (unsigned char)*c >= 0x7f)
			return true;
	return false;
}

static void test_cmd(void **state)
{
	(void)state;
	size_t passed = 0, refused = 0;
	for (size_t i = 0; i < COUNT_OF(fixed) + GENERATED; i++) {
		CLEANUP_FREE char *value = value_at(i);
		CLEANUP_BUFFER struct buffer line = {0};
		CLEANUP_ERROR struct error err = ERROR_NONE;
		const char *const argv[] = {"prog.exe", value, "x y", NULL};
		int result = quote_cmd(argv, &line, &err);
		assert_int_equal(result, must_be_refused(value) ? -1 : 0);
		refused += result < 0;
		passed += result == 0;
		if (result < 0) {
			assert_int_equal(line.length, 0);
			assert_non_null(err.hint);
			continue;
		}
		assert_inert(line.data);
		const char *at = line.data;
		expect(&at, "prog.exe ");
		assert_arguments(at, argv + 1);
	}
	assert_true(passed > 100 && refused > 100);
}

static const struct {
	const char *argument;
	const char *hint;
} refusals[] = {
	{"%PATH%", "cmd.exe puts variables there, in quotes as well, and has no escape for it on a command line"},
	{"50%", "cmd.exe puts variables there, in quotes as well, and has no escape for it on a command line"},
	{"!x!", "cmd.exe puts variables there when delayed expansion is on"},
	{"a\"b", "cmd.exe and the program do not agree on where quotes end"},
	{"a\nb", "cmd.exe ends the command there"},
	{"a\rb", "cmd.exe ends the command there"},
	{"\x1a", "cmd.exe takes control characters for keys or drops them"},
	{"\x7f", "cmd.exe takes control characters for keys or drops them"},
	{"＂", "a code page may turn it into another character, even into a quote"},
};

static void test_cmd_says_why(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(refusals); i++) {
		CLEANUP_BUFFER struct buffer line = {0};
		CLEANUP_ERROR struct error err = ERROR_NONE;
		CLEANUP_FREE char *hint = memory_printf("%s; pass it by stdin, or use PowerShell", refusals[i].hint);
		assert_int_equal(quote_cmd(ARGV("x.exe", refusals[i].argument), &line, &err), -1);
		assert_non_null(strstr(error_text(&err), "argument 1 cannot be passed through cmd.exe: "));
		assert_string_equal(err.hint, hint);
	}
}

static void test_cmd_program(void **state)
{
	static const char *const refused[] = {"x.bat",	"x.CMD",   "x",	      "echo",	 "a b.exe", "-x.exe", "/x.exe",
					      "@x.exe", "x&y.exe", "%x%.exe", "\"x.exe", ".exe",    ""};
	static const char *const taken[] = {"sc.exe", "C:\\Windows\\System32\\sc.EXE", "more.com", "net-x_1.exe"};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(refused); i++) {
		CLEANUP_BUFFER struct buffer line = {0};
		CLEANUP_ERROR struct error err = ERROR_NONE;
		assert_int_equal(quote_cmd(ARGV(refused[i], "a"), &line, &err), -1);
		assert_non_null(err.hint);
	}
	for (size_t i = 0; i < COUNT_OF(taken); i++) {
		CLEANUP_BUFFER struct buffer line = {0};
		CLEANUP_FREE char *expected = memory_printf("%s a \"a b\\\\\" \"\" \"x&y^|(z)\"", taken[i]);
		assert_int_equal(quote_cmd(ARGV(taken[i], "a", "a b\\", "", "x&y^|(z)"), &line, NULL), 0);
		assert_string_equal(line.data, expected);
	}
	CLEANUP_BUFFER struct buffer line = {0};
	CLEANUP_FREE char *longest = memory_alloc(9000);
	memset(longest, 'x', 8999);
	longest[8999] = '\0';
	assert_int_equal(quote_cmd(ARGV("x.exe", longest), &line, NULL), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_powershell),
		cmocka_unit_test(test_cmd),
		cmocka_unit_test(test_cmd_says_why),
		cmocka_unit_test(test_cmd_program),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
