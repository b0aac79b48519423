/*
 * spare.c - what a spare is given ahead, so that its line is short: a newline, which a line cannot hold, and the functions of
 * scopes. Nothing of it is exported, so no command sees it.
 */
#include "engine/connection/spare.h"

#include "engine/connection/quote.h"
#include "engine/connection/scope.h"

#define LINE_LIMIT ((size_t)4096)

/* A shell that is no leader could not be a scope: its place is taken by the plain way. */
static const char WAIT[] = "leader || exit\n"
			   "newline=\"\n\"\n"
			   "IFS= read -r line && eval \"$line\"";

void spare_shell(struct buffer *out)
{
	buffer_printf(out, "[ -n \"$BASH_VERSION\" ] || exec sh -c '%s%s'\n", scope_functions, WAIT);
	buffer_printf(out, "%s%s", scope_functions, WAIT);
}

/* Newlines stand in single quotes: nothing else needs or has them. */
static void add_as_line(struct buffer *out, const char *text)
{
	for (const char *c = text; *c; c++) {
		if (*c == '\n')
			buffer_add(out, "'\"$newline\"'");
		else
			buffer_add_char(out, *c);
	}
}

bool spare_line(struct buffer *out, const struct request *request, const char *line)
{
	CLEANUP_BUFFER struct buffer begin = {0};
	if (request->begin) {
		buffer_add(&begin, "begin ");
		quote_posix(&begin, request->begin);
	}
	buffer_add(out, "printf .; ");
	add_as_line(out, request->begin ? begin.data : line);
	buffer_add_char(out, '\n');
	return out->length <= LINE_LIMIT;
}
