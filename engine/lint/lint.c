/*
 * lint.c - the table of lints.
 */
#include "engine/lint/lint.h"

#include "engine/base/memory.h"
#include "engine/lint/way.h"

static void (*const lints[])(const struct lint *lint) = {
	lint_types, lint_unused_inputs, lint_conditions,   lint_rescues, lint_skipped,	lint_clear_secrets,
	lint_gate,  lint_order,		lint_client_check, lint_time,	 lint_failback, lint_services,
};

void lint_runbook(const struct runbook *runbook, const struct plugins *plugins, const struct inventory *inventory,
		  const struct lint_set *set, struct diagnostics *diagnostics)
{
	struct lint lint = {.runbook = runbook,
			    .plugins = plugins,
			    .inventory = inventory,
			    .set = set,
			    .diagnostics = diagnostics,
			    .arena = diagnostics->arena};
	way_lay_out(&lint);
	for (size_t i = 0; i < COUNT_OF(lints); i++)
		lints[i](&lint);
}
