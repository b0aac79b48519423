/*
 * capability.h - the privileges that an end of a set needs (capabilities(7)), and which of them a process lacks.
 */
#pragma once

#include <sys/types.h>

#include "engine/base/buffer.h"
#include "plugins/replica/agent/set.h"

/* "CAP_CHOWN CAP_FOWNER ...", as systemd writes them. */
void capability_needed(enum set_role role, struct buffer *out);
/* Calls lacks() for each that process pid does not have, with what will be missing. */
void capability_missing(enum set_role role, pid_t pid, void (*lacks)(void *argument, const char *name, const char *what),
			void *argument);
