/*
 * since.h - which runbooks are not what they were at a revision: they, what they call, their inventory, or a plugin that they
 * use. For `validate --changed-since`.
 */
#pragma once

#include "engine/base/table.h"
#include "engine/cli/load.h"

struct since {
	const char *rev;	       /* borrowed; NULL: everything counts as changed */
	struct repository *repository; /* that rev was looked up in; most files are of one */
	char commit[COMMIT_HEX_SIZE];
	struct table known; /* name of a file that was read -> what was found of it */
};

/* 1: something is different, or was not there; 0: all is the same; -1: it cannot be told (among the diagnostics).
 * name: as it was given; loaded: what was read by it, with or without errors. */
int since_changed(struct since *since, struct loaded *loaded, const char *name);
void since_free(struct since *since);

#define OPTION_CHANGED_SINCE                                                                                                   \
	{                                                                                                                      \
		"changed-since", 0, "REV", "only what is not as at REV: it, what it calls, its inventory, a plugin it uses"    \
	}
