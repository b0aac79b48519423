/*
 * limit.h - the work of a call in a process of its own, which ends in time whatever library it waits in.
 *
 * Kerberos, SASL and the resolver have no time limit that a caller could set. A controller that drops what it is asked would
 * hold them for minutes. It knows nothing of directories; what the work is at, the work tells.
 */
#pragma once

#include "engine/plugin/standin_plugin.h"

#define LIMIT_TIME 20 /* seconds for one call, all in all, if the engine does not give it less */

/* The work's answer; if it does not come in time, the answer that is true then: an observation could not be made, an apply
 * failed, or, once it was writing, is unknown. */
json_t *limit_call(struct standin_call *call, json_t *(*work)(struct standin_call *call));

/* For the work: "asking dc1 for ...", told if that is where time ends. */
void limit_doing(const char *format, ...) __attribute__((format(printf, 1, 2)));
void limit_writing(void); /* from now on it may have happened */
