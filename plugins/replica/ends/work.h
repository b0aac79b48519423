/*
 * work.h - one call about both ends of a set: what was seen there, commands of the agent, the agent's own way to a host.
 */
#pragma once

#include "plugins/replica/ends/look.h"

struct work {
	struct standin_call *call;
	const json_t *set;
	struct seen seen[ENDS];
	char *certificates[ENDS]; /* as they are, or as enrolling made them */
	json_t *failure;	  /* what apply answers, or NULL */
};

void work_free(struct work *work);
#define CLEANUP_WORK __attribute__((cleanup(work_free)))

/* Of the set that the call names. -1: *ret_answer (new reference) is the observation. */
int look_at_both(struct standin_call *call, struct work *work, json_t **ret_answer);
/* The same of another set, which is borrowed. */
int look_at_both_of(struct standin_call *call, const json_t *set, struct work *work, json_t **ret_answer);

const char *set_name(const struct work *work);
const char *address_of(const struct work *work, enum end end); /* under which the other end finds it */
bool is_promoted(const struct work *work);		       /* the target was */

/* The command of a verb of the agent (set: NULL: none); new reference. */
json_t *agent_argv(const char *verb, const char *set);
/* Runs argv (taken) there. False: work->failure says why, beginning with what. Its stdout goes to *ret_said (malloc'ed; may be
 * NULL). */
bool run(struct work *work, enum end end, json_t *argv, const char *input, const char *what, char **ret_said);

/* The program that is put on hosts, beside this one: its sha256, or NULL: it cannot be read. */
extern const char *agent_digest;
int agent_read(void);			      /* finds it; 0 */
bool deploy(struct work *work, enum end end); /* puts the agent on a host, if it is not there, and sees that it is the same */
bool enrol(struct work *work, enum end end);
