/*
 * look.h - what is there at one end of a replication set: one command a host, which changes nothing.
 */
#pragma once

#include "engine/plugin/standin_plugin.h"
#include "plugins/replica/ends/wanted.h"

#define AGENT_FOLDER "/usr/local/lib/standin"
#define AGENT_PATH   AGENT_FOLDER "/standin-agent"

struct seen {
	const char *host;  /* its id, borrowed from the call */
	char *agent;	   /* sha256 of the program there; NULL: there is none */
	char *certificate; /* PEM; NULL: it is not enrolled */
	json_t *set;	   /* its set.json, or NULL */
	json_t *status;	   /* what the agent says of the set, or NULL */
	json_t *restored;  /* restore.h's mark, or NULL */
	json_t *copy;	   /* the same, of a restore elsewhere */
};

void seen_free(struct seen *seen);
json_t *look_argv(const char *set); /* the command; new reference */
/* 0; -1: it could not be looked at, *ret_answer (new reference) says why, as an observation. */
int look(struct standin_call *call, const json_t *set, enum end end, struct seen *ret_seen, json_t **ret_answer);

const char *seen_state(const struct seen *seen); /* the agent's word for the set's state; "none" */
json_int_t seen_term(const struct seen *seen);	 /* the highest that this end knows; 0: none */
bool seen_running(const struct seen *seen);
