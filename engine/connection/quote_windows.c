/*
 * quote_windows.c - an argument vector for a windows host whose sshd starts cmd.exe (or PowerShell).
 *
 * What goes over the line is `powershell.exe ... -EncodedCommand BASE64`: nothing in it means anything to cmd.exe. The script
 * inside starts the program by System.Diagnostics.Process with one argument string, quoted here for CommandLineToArgvW.
 * PowerShell's own way (`& prog args`) loses empty arguments and inner quotes, differently in each version. Batch files are
 * refused: cmd.exe would parse again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/base/base64.h"
#include "engine/base/utf8.h"
#include "engine/connection/quote.h"

#define LINE_LIMIT ((size_t)8000) /* cmd.exe takes 8191 characters */

/* In single quotes; PowerShell takes typographic ones for quotes as well. */
static void add_literal(struct buffer *out, const char *text)
{
	buffer_add_char(out, '\'');
	for (const char *c = text; *c; c++) {
		bool typographic = strncmp(c, "\xe2\x80\x98", 3) == 0 || strncmp(c, "\xe2\x80\x99", 3) == 0 ||
				   strncmp(c, "\xe2\x80\x9a", 3) == 0 || strncmp(c, "\xe2\x80\x9b", 3) == 0;
		if (typographic)
			buffer_append(out, c, 3);
		else if (*c == '\'')
			buffer_add_char(out, '\'');
		buffer_append(out, c, typographic ? 3 : 1);
		c += typographic ? 2 : 0;
	}
	buffer_add_char(out, '\'');
}

/* The rules of CommandLineToArgvW: backslashes count only before a double quote. */
static void add_argument(struct buffer *out, const char *argument)
{
	if (out->length)
		buffer_add_char(out, ' ');
	if (argument[0] && !strpbrk(argument, " \t\n\v\"")) {
		buffer_add(out, argument);
		return;
	}
	buffer_add_char(out, '"');
	size_t backslashes = 0;
	for (const char *c = argument; *c; c++) {
		for (size_t i = 0; *c == '"' && i <= backslashes; i++)
			buffer_add_char(out, '\\');
		backslashes = *c == '\\' ? backslashes + 1 : 0;
		buffer_add_char(out, *c);
	}
	while (backslashes--)
		buffer_add_char(out, '\\');
	buffer_add_char(out, '"');
}

static int check(const char *const *argv, const char *const *environment, struct error *err)
{
	static const char *const batch[] = {".bat", ".cmd"};
	size_t length = strlen(argv[0]);
	for (size_t i = 0; i < sizeof(batch) / sizeof(batch[0]); i++)
		if (length >= 4 && strcasecmp(argv[0] + length - 4, batch[i]) == 0) {
			error_set(err, ERROR_INVALID, "batch files cannot be run safely: %s", argv[0]);
			return error_hint(
				err,
				"cmd.exe would parse their arguments again; run the program itself, or a PowerShell script");
		}
	if (strpbrk(argv[0], "\""))
		return error_set(err, ERROR_INVALID, "a program's name cannot hold a double quote on windows");
	for (size_t i = 0; argv[i]; i++)
		if (!utf8_valid(argv[i], strlen(argv[i])))
			return error_set(err, ERROR_INVALID, "argument %zu is not UTF-8, as windows needs it", i);
	for (size_t i = 0; environment && environment[i]; i++)
		if (!utf8_valid(environment[i], strlen(environment[i])) || strcspn(environment[i], "=") == 0)
			return error_set(err, ERROR_INVALID, "environment entry %zu is not NAME=value in UTF-8", i + 1);
	return 0;
}

static void add_script(struct buffer *script, const char *const *argv, const char *const *environment)
{
	CLEANUP_BUFFER struct buffer arguments = {0};
	for (size_t i = 1; argv[i]; i++)
		add_argument(&arguments, argv[i]);
	for (size_t i = 0; environment && environment[i]; i++) {
		CLEANUP_BUFFER struct buffer name = {0};
		buffer_append(&name, environment[i], strcspn(environment[i], "="));
		buffer_add(script, "[Environment]::SetEnvironmentVariable(");
		add_literal(script, name.data);
		buffer_add(script, ",");
		add_literal(script, strchr(environment[i], '=') + 1);
		buffer_add(script, ");");
	}
	buffer_add(script, "$i=New-Object Diagnostics.ProcessStartInfo;$i.UseShellExecute=$false;$i.FileName=");
	add_literal(script, argv[0]);
	buffer_add(script, ";$i.Arguments=");
	add_literal(script, buffer_text(&arguments));
	buffer_add(script,
		   ";try{$p=[Diagnostics.Process]::Start($i)}catch{[Console]::Error.WriteLine($_.Exception.Message);exit 127}"
		   "$p.WaitForExit();exit $p.ExitCode");
}

static void add_utf16(struct buffer *out, const char *text, size_t length)
{
	for (size_t at = 0; at < length;) {
		uint32_t code = 0;
		at += utf8_decode(text + at, length - at, &code);
		uint16_t units[2] = {(uint16_t)code, 0};
		if (code >= 0x10000) {
			units[0] = (uint16_t)(0xd800 + ((code - 0x10000) >> 10));
			units[1] = (uint16_t)(0xdc00 + ((code - 0x10000) & 0x3ff));
		}
		for (size_t i = 0; i < (code >= 0x10000 ? 2u : 1u); i++) {
			buffer_add_char(out, (char)(units[i] & 0xff));
			buffer_add_char(out, (char)(units[i] >> 8));
		}
	}
}

int quote_windows(const char *const *argv, const char *const *environment, struct buffer *out, struct error *err)
{
	CLEANUP_BUFFER struct buffer script = {0};
	CLEANUP_BUFFER struct buffer wide = {0};
	CLEANUP_BUFFER struct buffer encoded = {0};
	if (check(argv, environment, err) < 0)
		return -1;
	add_script(&script, argv, environment);
	add_utf16(&wide, script.data, script.length);
	base64_encode(&encoded, wide.data, wide.length);
	if (encoded.length > LINE_LIMIT) {
		error_set(err, ERROR_INVALID, "the command is too long for windows (%zu bytes before encoding)", script.length);
		return error_hint(err, "pass long values by stdin");
	}
	buffer_printf(out, "powershell.exe -NoLogo -NoProfile -NonInteractive -InputFormat None -EncodedCommand %s",
		      encoded.data);
	return 0;
}

/* --- cmd.exe ---
 *
 * Between double quotes cmd.exe leaves & | < > ( ) ^ and space alone; what follows it does not leave alone there, or not
 * always. Nothing is escaped with ^: whether that is read once or twice depends on what starts the line.
 */

static const struct {
	const char *characters;
	const char *why;
} unsafe[] = {
	{"%", "cmd.exe puts variables there, in quotes as well, and has no escape for it on a command line"},
	{"!", "cmd.exe puts variables there when delayed expansion is on"},
	{"\"", "cmd.exe and the program do not agree on where quotes end"},
	{"\n\r", "cmd.exe ends the command there"},
};

static const char *why_unsafe(unsigned char c)
{
	for (size_t i = 0; i < sizeof(unsafe) / sizeof(unsafe[0]); i++)
		if (strchr(unsafe[i].characters, c))
			return unsafe[i].why;
	if (c != '\t' && (c < 0x20 || c == 0x7f))
		return "cmd.exe takes control characters for keys or drops them";
	return c >= 0x80 ? "a code page may turn it into another character, even into a quote" : NULL;
}

static bool is_plain(const char *text)
{
	return text[0] && text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./\\:+@")] == '\0';
}

/* Without its ending cmd.exe would look for a batch file of that name, too; with a quote first it may take the line's quotes
 * for its own. */
static int check_program(const char *name, struct error *err)
{
	size_t length = strlen(name);
	bool program = length > 4 && (strcasecmp(name + length - 4, ".exe") == 0 || strcasecmp(name + length - 4, ".com") == 0);
	if (program && is_plain(name) && !strchr("-/@", name[0]))
		return 0;
	error_set(err, ERROR_INVALID, "cmd.exe cannot be told for certain to run %s", name);
	return error_hint(
		err, "name a program that ends in .exe or .com, without spaces; a batch file would parse its arguments again");
}

static int check_argument(const char *argument, size_t index, struct error *err)
{
	for (const char *c = argument; *c; c++) {
		const char *why = why_unsafe((unsigned char)*c);
		if (!why)
			continue;
		char what[8];
		if (*c > ' ' && *c < 0x7f)
			snprintf(what, sizeof(what), "'%c'", *c);
		else
			snprintf(what, sizeof(what), "0x%02x", (unsigned char)*c);
		error_set(err, ERROR_INVALID, "argument %zu cannot be passed through cmd.exe: %s at byte %zu", index, what,
			  (size_t)(c - argument));
		return error_hint(err, "%s; pass it by stdin, or use PowerShell", why);
	}
	return 0;
}

static void add_cmd_word(struct buffer *out, const char *argument)
{
	if (is_plain(argument)) {
		buffer_add(out, argument);
		return;
	}
	buffer_add_char(out, '"');
	buffer_add(out, argument);
	for (size_t at = strlen(argument); at && argument[at - 1] == '\\'; at--)
		buffer_add_char(out, '\\');
	buffer_add_char(out, '"');
}

int quote_cmd(const char *const *argv, struct buffer *out, struct error *err)
{
	CLEANUP_BUFFER struct buffer line = {0};
	if (!argv[0] || check_program(argv[0], err) < 0)
		return argv[0] ? -1 : error_set(err, ERROR_INVALID, "the command is empty");
	buffer_add(&line, argv[0]);
	for (size_t i = 1; argv[i]; i++) {
		if (check_argument(argv[i], i, err) < 0)
			return -1;
		buffer_add_char(&line, ' ');
		add_cmd_word(&line, argv[i]);
	}
	if (line.length > LINE_LIMIT) {
		error_set(err, ERROR_INVALID, "the command is too long for cmd.exe (%zu bytes)", line.length);
		return error_hint(err, "pass long values by stdin");
	}
	buffer_append(out, line.data, line.length);
	return 0;
}

/* --- for people --- */

static void powershell_for_people(struct buffer *out, const char *const *argv, const char *const *environment)
{
	for (size_t i = 0; environment && environment[i]; i++) {
		size_t name = strcspn(environment[i], "=");
		buffer_printf(out, "$env:%.*s = ", (int)name, environment[i]);
		add_literal(out, environment[i] + name + 1);
		buffer_add(out, "; ");
	}
	buffer_add_char(out, '&');
	for (size_t i = 0; argv[i]; i++) {
		buffer_add_char(out, ' ');
		add_literal(out, argv[i]);
	}
}

void quote_windows_for_people(struct buffer *out, const struct host *host, const char *const *argv,
			      const char *const *environment)
{
	if (host->shell == SHELL_POWERSHELL) {
		powershell_for_people(out, argv, environment);
		return;
	}
	for (size_t i = 0; argv[i]; i++) {
		if (i)
			buffer_add_char(out, ' ');
		add_cmd_word(out, argv[i]);
	}
}
