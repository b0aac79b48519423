/*
 * words.h - how a verdict of a plan and an outcome of a run look: sign, colour, word. Internal to report/.
 */
#pragma once

#include "engine/report/page.h"

struct verdict_look {
	const char *name; /* as in a plan's row; "create" and "remove" are a change whose before or after is absent */
	char sign;
	enum ink ink;
	const char *legend; /* what the sign stands for */
	const char *count;  /* key in the plan's counts, or NULL */
	const char *phrase; /* in the summary, after the number */
};

extern const struct verdict_look verdict_looks[];
extern const size_t verdict_looks_count;
const struct verdict_look *verdict_look(const char *name); /* never NULL: a word not known here looks like "unknown" */

struct outcome_look {
	const char *name;
	char sign;
	enum ink ink;
};

const struct outcome_look *outcome_look(const char *name); /* never NULL: NULL or "" look like "running" */
/* "5 changed, 1 failed" from a counts map; nothing for zeros; "nothing" if all are. */
void outcome_counts(struct page *page, const struct value *counts);
