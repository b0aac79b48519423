/*
 * process_message.h - a call as a message, and what its answers mean. Nothing here talks to a process.
 */
#pragma once

#include "engine/plugin/action.h"

/* The message NAME about this call, without its id; secrets as {"secret": "..."}, in clear. *ret_hosts: what it may ask for.
 * ERROR_INVALID: a secret where none is declared, an input that is no host, a template that fails. *ret_unknown: the input
 * whose value is not known (no message then), or NULL. */
int process_message(struct arena *arena, const struct call *call, const char *name, int64_t deadline,
		    struct value **ret_message, const struct value **ret_hosts, const char **ret_unknown, struct error *err);
const struct value *process_before(struct arena *arena, const struct observation *before);

/* What a plugin has answered, as it was heard and as it may be shown: texts come from the latter, values from the former. */
struct process_answer {
	const struct value *heard;
	const struct value *shown;
};

/* The parts of an `observation`; what does not fit the action's outputs is unobservable. */
void process_read_observation(struct arena *arena, const struct call *call, const struct process_answer *answer,
			      struct observation *ret_observation);
enum apply_result process_read_applied(struct arena *arena, const struct call *call, const struct process_answer *answer,
				       const struct value **ret_outputs, struct error *err);
/* Command lines of a `description`; false: it makes no sense. */
bool process_read_description(struct arena *arena, const struct call *call, const struct value *answer, struct value *texts);
