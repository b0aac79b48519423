/*
 * step_list.h - the steps of a runbook's document one by one, outer before inner, as they were written.
 */
#pragma once

#include <stdbool.h>

#include "engine/base/value.h"

struct listed_step {
	const char *key;	    /* as in plans: "3.1", "finally.2", "3.rescue.1" */
	const char *block;	    /* "steps", "preflight", "rescue", "finally" */
	const char *id;		    /* or NULL */
	const char *form;	    /* "step", "group", "call" */
	const char *name;	    /* or NULL; of a group its text */
	const char *what;	    /* the action, the runbook that is called, or NULL */
	const struct value *step;   /* as written */
	struct listed_step *parent; /* or NULL */
	struct listed_step *pair;   /* of the other list, or NULL */
	bool moved;
	unsigned depth;
};

struct step_list {
	struct listed_step *items; /* in the arena; stays where it is */
	size_t count;
};

extern const char *const runbook_blocks[]; /* keys of a runbook that hold steps, in order; NULL-terminated */
extern const char *const step_blocks[];	   /* the same of a step */

/* document: NULL or no map: no steps. */
void step_list_make(struct arena *arena, const struct value *document, struct step_list *ret_list);
