/*
 * words.c - see words.h. The signs are ASCII and differ without colour.
 */
#include "engine/report/words.h"

#include <string.h>

#include "engine/base/memory.h"

const struct verdict_look verdict_looks[] = {
	{"change", '~', INK_WARN, "will be changed", "change", "to change"},
	{"create", '+', INK_GOOD, "will be created", NULL, NULL},
	{"remove", '-', INK_BAD, "will be removed", NULL, NULL},
	{"event", '*', INK_WARN, "will happen in any case", "event", "to happen in any case"},
	{"run", '>', INK_ACT, "a task that will run", "run", "to run"},
	{"ok", '=', INK_DIM, "already so", "ok", "already so"},
	{"probe", '.', INK_PLAIN, "only looks", "probe", "to look at"},
	{"gate", '@', INK_ACT, "waits for a person or a condition", "gate", "to wait for"},
	{"skip", '/', INK_DIM, "will be skipped", "skip", "to skip"},
	{"maybe", '?', INK_WARN, "depends on what is not known yet", "maybe", "may be needed"},
	{"unknown", '?', INK_WARN, "depends on what is not known yet", "unknown", "cannot be known"},
	{"fail", 'x', INK_BAD, "would fail now", "fail", "would fail now"},
};
const size_t verdict_looks_count = COUNT_OF(verdict_looks);

const struct verdict_look *verdict_look(const char *name)
{
	for (size_t i = 0; name && i < COUNT_OF(verdict_looks); i++)
		if (strcmp(verdict_looks[i].name, name) == 0)
			return &verdict_looks[i];
	return verdict_look("unknown");
}

static const struct outcome_look outcomes[] = {
	{"changed", '~', INK_GOOD},   {"ok", '=', INK_DIM},	  {"skipped", '/', INK_DIM},
	{"failed", 'x', INK_BAD},     {"unknown", '?', INK_WARN}, {"cancelled", 'c', INK_WARN},
	{"abandoned", 'a', INK_WARN}, {"running", '>', INK_ACT},  {"unfinished", '!', INK_WARN},
};

const struct outcome_look *outcome_look(const char *name)
{
	for (size_t i = 0; name && i < COUNT_OF(outcomes); i++)
		if (strcmp(outcomes[i].name, name) == 0)
			return &outcomes[i];
	return outcome_look(name && *name ? "unknown" : "running");
}

void outcome_counts(struct page *page, const struct value *counts)
{
	size_t kinds = 0, told = 0;
	for (size_t i = 0; i < COUNT_OF(outcomes); i++)
		kinds += value_get_int(counts, outcomes[i].name, 0) > 0;
	for (size_t i = 0; i < COUNT_OF(outcomes); i++) {
		int64_t count = value_get_int(counts, outcomes[i].name, 0);
		if (count <= 0)
			continue;
		page_putf(page, outcomes[i].ink, "%lld %s%s", (long long)count, outcomes[i].name, ++told < kinds ? ", " : "");
	}
	if (!kinds)
		page_put(page, INK_PLAIN, "nothing was done");
}
