/*
 * capability.h - the privileges that an end of a set needs (capabilities(7)), and which of them a process lacks.
 */
#pragma once

#include <sys/types.h>

#include "engine/base/arena.h"
#include "engine/base/buffer.h"
#include "plugins/replica/agent/set.h"

/* "CAP_CHOWN CAP_FOWNER ...", as systemd writes them. */
void capability_needed(enum set_role role, struct buffer *out);
/* [{"privilege": "CAP_CHOWN", "without": "owners"}...]: those that process pid does not have, and what is missing without them.
 * None of a process that is none (0), or cannot be looked at. */
const struct value *capability_lacks(struct arena *arena, enum set_role role, pid_t pid);
