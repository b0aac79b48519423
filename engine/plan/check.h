/*
 * check.h - a runbook against the actions that are there: does each `uses` exist, does it take those inputs, may it stand where
 * it stands.
 */
#pragma once

#include "engine/plugin/plugins.h"
#include "engine/runbook/runbook.h"

/* Its own steps and those of every runbook that it calls. All problems as diagnostics. Afterwards plugins_find succeeds for
 * every step's `uses` (if there was no error). */
void runbook_check(const struct runbook *runbook, const struct plugins *plugins, struct diagnostics *diagnostics);
/* check_sets.c: the replication sets that steps name by a constant, among those of the inventory (NULL: nothing is checked). */
void runbook_check_sets(const struct runbook *runbook, const struct plugins *plugins, const struct inventory *inventory,
			struct diagnostics *diagnostics);
