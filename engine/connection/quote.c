/*
 * quote.c - quoting for POSIX shells, and the choice by host. Windows: quote_windows.c.
 */
#include "engine/connection/quote.h"

#include <ctype.h>
#include <string.h>

static bool is_plain(const char *word)
{
	for (const char *c = word; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("_-./:,+@%", *c))
			return false;
	return word[0] != '\0';
}

static void quote_word(struct buffer *out, const char *word)
{
	if (is_plain(word)) {
		buffer_add(out, word);
		return;
	}
	buffer_add_char(out, '\'');
	for (const char *c = word; *c; c++) {
		if (*c == '\'')
			buffer_add(out, "'\\''");
		else
			buffer_add_char(out, *c);
	}
	buffer_add_char(out, '\'');
}

void quote_posix(struct buffer *out, const char *const *argv)
{
	for (size_t i = 0; argv[i]; i++) {
		if (i)
			buffer_add_char(out, ' ');
		quote_word(out, argv[i]);
	}
}

static int quote_cmd_only(const char *const *argv, const char *const *environment, struct buffer *out, struct error *err)
{
	if (!environment || !environment[0])
		return quote_cmd(argv, out, err);
	error_set(err, ERROR_INVALID, "cmd.exe cannot be given variables for a command (%.*s)",
		  (int)strcspn(environment[0], "="), environment[0]);
	return error_hint(err, "pass values as arguments; or let PowerShell start commands on that host (no `shell: cmd`)");
}

int quote_for(const struct host *host, const char *const *argv, const char *const *environment, struct buffer *out,
	      struct error *err)
{
	if (!argv[0] || !argv[0][0])
		return error_set(err, ERROR_INVALID, "the command is empty");
	if (host->platform == PLATFORM_WINDOWS)
		return (host->shell == SHELL_CMD ? quote_cmd_only : quote_windows)(argv, environment, out, err);
	if (argv[0][0] == '-')
		return error_set(err, ERROR_INVALID, "a program's name must not begin with a dash: %s", argv[0]);
	buffer_add(out, "exec "); /* the program itself: no builtin, keyword, alias or assignment, and no shell that stays */
	quote_posix(out, argv);
	return 0;
}
