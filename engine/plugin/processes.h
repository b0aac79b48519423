/*
 * processes.h - the processes of process plugins: one per plugin and run, started at the first call, ended with the run.
 *
 * One that dies, hangs, floods or breaks the protocol is ended; the next call starts it anew, PROCESS_STARTS times in all.
 * What is said to them and what they say is protocol.h's; calls go through action.h as those of any other action.
 */
#pragma once

#include "engine/base/error.h"

#define PROCESS_STARTS 4

struct plugin_processes;

/* note (may be NULL) hears what people should know: what could not be confined, that one has died. */
struct plugin_processes *plugin_processes_new(void (*note)(void *context, const char *text), void *context);
/* Says goodbye, waits two seconds, ends what is left. Only when no fiber is in a call. NULL is fine. */
void plugin_processes_free(struct plugin_processes *processes);
