/*
 * lint.h - what is right by the language and would still go wrong: types of expressions, outputs that are not there, and the
 * order that procedures for disasters have learned (fence, delete, take the name, promote, mount, start, let a client check).
 *
 * Which action does what of this is said by its manifest (`role`), not here. A runbook is linted only if it is valid. Every
 * diagnostic names a rule of rules.yaml and has its severity.
 */
#pragma once

#include "engine/plugin/plugins.h"
#include "engine/runbook/runbook.h"

/* The runbooks of one folder whose names have the same first part ("mail/failover", "mail/failback"): set.c. Each folder is
 * read once. */
struct lint_sets;
struct lint_set;
struct lint_sets *lint_sets_new(struct arena *arena);
void lint_sets_free(struct lint_sets *sets); /* not the arena */
/* NULL: the runbook comes from no file, or has no first part. */
const struct lint_set *lint_set_of(struct lint_sets *sets, const struct runbook *runbook, const struct plugins *plugins);

/* inventory and set may be NULL: then hosts, or the other runbooks of the set, are not looked at. */
void lint_runbook(const struct runbook *runbook, const struct plugins *plugins, const struct inventory *inventory,
		  const struct lint_set *set, struct diagnostics *diagnostics);
void lint_inventory(const struct inventory *inventory, struct diagnostics *diagnostics);
