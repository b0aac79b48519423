/*
 * lint.c - the table of lints, and one walk over a runbook for all of them.
 */
#include "engine/lint/lint.h"

#include "engine/lint/rules.h"

void lint_runbook(const struct runbook *runbook, const struct plugins *plugins, const struct inventory *inventory,
		  const struct lint_set *set, struct diagnostics *diagnostics)
{
	(void)runbook;
	(void)plugins;
	(void)inventory;
	(void)set;
	(void)diagnostics;
}
void lint_inventory(const struct inventory *inventory, struct diagnostics *diagnostics)
{
	(void)inventory;
	(void)diagnostics;
}
struct lint_sets *lint_sets_new(struct arena *arena)
{
	(void)arena;
	return NULL;
}
void lint_sets_free(struct lint_sets *sets)
{
	(void)sets;
}
const struct lint_set *lint_set_of(struct lint_sets *sets, const struct runbook *runbook, const struct plugins *plugins)
{
	(void)sets;
	(void)runbook;
	(void)plugins;
	return NULL;
}
