/*
 * spare.h - the texts for a shell that is started ahead of its command: what it is started with, and the one line by which it
 * later turns into the command. ssh_channel.c has the channels for them.
 *
 * bash, the login shell of most users, takes the line itself; any other login shell becomes the host's sh first.
 */
#pragma once

#include "engine/base/buffer.h"
#include "engine/connection/driver.h"

#define SPARE_MARK ((size_t)1) /* bytes of stdout that say that the command was begun */

/* For the login shell: waits for a line, then does it. A line without its end (the connection was lost) is not done. */
void spare_shell(struct buffer *out);
/* The line that does what `line` would have done as the login shell's command. False: it is too long to be read byte by byte,
 * which is how a shell reads a line. */
bool spare_line(struct buffer *out, const struct request *request, const char *line);
