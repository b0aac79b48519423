/*
 * agent.h - the program's verbs. Only the files agent*.c print; each verb prints one line of JSON on stdout, but for `explain`,
 * and the `verify` that is given a command.
 */
#pragma once

#include "engine/base/error.h"
#include "plugins/replica/agent/options.h"

struct value;

/* Each is the whole of a verb: the exit code. */
typedef int agent_verb(const struct options *options);

agent_verb agent_pipe_sync, agent_pipe_verify, agent_explain, agent_serve; /* agent_pipe.c */
agent_verb agent_store_status, agent_recover, agent_store_promote, agent_store_points, agent_points, agent_promote, agent_adopt,
	agent_release;										/* agent_store.c */
agent_verb agent_enroll, agent_define, agent_pause, agent_resume, agent_disconnect, agent_drop; /* agent_set.c */
agent_verb agent_sync, agent_verify;								/* agent_work.c */
agent_verb agent_status, agent_history;								/* agent_status.c */
agent_verb agent_start, agent_stop;								/* agent_unit.c */
agent_verb agent_run;										/* agent_run.c */

int agent_fail(const struct error *err);    /* prints it on stderr; 1 */
int agent_print(const struct value *value); /* one line; 0 */
