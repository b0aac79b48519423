/*
 * outcome.h - how a step, a group or a run ended.
 */
#pragma once

enum outcome {
	OUTCOME_OK, /* it was already so */
	OUTCOME_CHANGED,
	OUTCOME_SKIPPED,
	OUTCOME_FAILED,
	OUTCOME_UNKNOWN, /* something may have happened, and nobody could look */
	OUTCOME_CANCELLED,
	OUTCOME_STOPPED, /* not an ending: the engine has to stop here and now, resumably. Never journaled */
};

#define OUTCOME_COUNT OUTCOME_STOPPED /* of those that are journaled */

const char *outcome_name(enum outcome outcome);
enum outcome outcome_from_name(const char *name); /* OUTCOME_UNKNOWN for what it does not know */
static inline int outcome_is_good(enum outcome outcome)
{
	return outcome <= OUTCOME_SKIPPED;
}
