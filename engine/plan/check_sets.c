/*
 * check_sets.c - steps against the replication sets that are there.
 */
#include <string.h>

#include "engine/plan/check.h"
#include "engine/runbook/replica.h"

struct check {
	const struct plugins *plugins;
	const struct inventory *inventory;
	struct diagnostics *diagnostics;
};

/* What an expression gives is known when it is evaluated. */
static void check_name(const struct check *check, const struct value *name)
{
	if (!value_text(name) || strstr(value_text(name), "${{") || inventory_replica(check->inventory, value_text(name)))
		return;
	struct diagnostic *diagnostic = diagnostics_add(check->diagnostics, SEVERITY_ERROR, "check/replica", name->at,
							"there is no replication set '%s'", value_text(name));
	diagnostic_hint(check->diagnostics, diagnostic, "%s",
			replica_advice(check->diagnostics->arena, check->inventory, value_text(name)));
}

static bool check_step(void *context, const struct step *step, unsigned depth)
{
	(void)depth;
	const struct check *check = context;
	const struct action *action = step->uses ? plugins_find(check->plugins, step->uses, NULL) : NULL;
	for (size_t i = 0; action && action->replicas && action->replicas[i]; i++)
		check_name(check, value_get(step->with_value, action->replicas[i]));
	return true;
}

void runbook_check_sets(const struct runbook *runbook, const struct plugins *plugins, const struct inventory *inventory,
			struct diagnostics *diagnostics)
{
	struct check check = {.plugins = plugins, .inventory = inventory, .diagnostics = diagnostics};
	if (!inventory)
		return;
	runbook_visit(runbook, check_step, &check);
	for (size_t i = 0; i < runbook->called_count; i++)
		runbook_check_sets(runbook->called[i], plugins, inventory, diagnostics);
}
