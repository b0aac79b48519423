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
/* Of a runbook of that name in that file. NULL: it comes from no file, or its name has no first part. */
struct lint_set *lint_set_of(struct lint_sets *sets, const char *path, const char *runbook, const struct plugins *plugins);

/* The services that a runbook starts, in its order (orders.c). */
struct lint_started {
	const char **services;
	size_t count;
};
void lint_started_of(struct arena *arena, const struct runbook *runbook, const struct plugins *plugins,
		     struct lint_started *ret_started);
/* What the runbook in that file starts is known already (copied): it is not read again. */
void lint_sets_know(struct lint_sets *sets, const char *path, const struct lint_started *started);
/* From now on orders of services are compared with those of the other runbooks of this set; what is not known of them is read.
 */
void lint_set_compare(struct lint_sets *sets, struct lint_set *set, const struct plugins *plugins);
/* Would lint_runbook find another order? */
bool lint_set_differs(const struct lint_set *set, const struct lint_started *started);

/* inventory and set may be NULL: then hosts, or the other runbooks of the set, are not looked at. */
void lint_runbook(const struct runbook *runbook, const struct plugins *plugins, const struct inventory *inventory,
		  const struct lint_set *set, struct diagnostics *diagnostics);
void lint_inventory(const struct inventory *inventory, struct diagnostics *diagnostics);
