/*
 * outcome.c - outcomes and their names.
 */
#include "engine/execute/outcome.h"

#include <string.h>

static const char *const names[] = {
	[OUTCOME_OK] = "ok",	       [OUTCOME_CHANGED] = "changed", [OUTCOME_SKIPPED] = "skipped",
	[OUTCOME_FAILED] = "failed",   [OUTCOME_UNKNOWN] = "unknown", [OUTCOME_CANCELLED] = "cancelled",
	[OUTCOME_STOPPED] = "stopped",
};

const char *outcome_name(enum outcome outcome)
{
	return names[outcome];
}

enum outcome outcome_from_name(const char *name)
{
	for (int i = 0; name && i < OUTCOME_COUNT; i++)
		if (strcmp(names[i], name) == 0)
			return (enum outcome)i;
	return OUTCOME_UNKNOWN;
}
