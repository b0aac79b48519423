/*
 * style.c - what the terminal behind a file can show. The one place of report/ that looks at the environment.
 */
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "engine/report/report.h"

static bool is_set(const char *name)
{
	const char *value = getenv(name);
	return value && *value;
}

static bool wants_colour(bool terminal)
{
	const char *term = getenv("TERM"), *force = getenv("CLICOLOR_FORCE");
	if (is_set("NO_COLOR"))
		return false;
	if (force && *force && strcmp(force, "0") != 0)
		return true;
	return terminal && term && *term && strcmp(term, "dumb") != 0;
}

struct report_style report_style_for(FILE *file)
{
	struct report_style style = {0};
	const char *term = getenv("TERM");
	struct winsize size = {0};
	int fd = fileno(file);
	bool terminal = fd >= 0 && isatty(fd);
	style.colour = wants_colour(terminal);
	style.terminal = terminal && term && *term && strcmp(term, "dumb") != 0;
	style.unicode = terminal && strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	if (terminal && ioctl(fd, TIOCGWINSZ, &size) == 0)
		style.width = size.ws_col;
	return style;
}
