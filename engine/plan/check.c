/*
 * check.c - steps against actions.
 */
#include "engine/plan/check.h"

#include <string.h>

struct check {
	const struct runbook *runbook;
	const struct plugins *plugins;
	struct diagnostics *diagnostics;
};

static void check_inputs(const struct check *check, const struct step *step, const struct action *action)
{
	static const struct value empty = {.type = VALUE_MAP};
	struct value placed = step->with_value ? *step->with_value : empty;
	if (!placed.at.source)
		placed.at = step->uses_at;
	struct schema_options options = {.templates = true, .path = "with"};
	schema_check(action->inputs_schema, &placed, &options, check->diagnostics);
}

static bool is_preflight(const struct step *step)
{
	return strncmp(step->key, "preflight.", strlen("preflight.")) == 0;
}

static void check_place(const struct check *check, const struct step *step, const struct action *action)
{
	if (is_preflight(step) && (action->kind == ACTION_STATE || action->kind == ACTION_TASK)) {
		struct diagnostic *diagnostic = diagnostics_add(check->diagnostics, SEVERITY_ERROR, "check/preflight-applies",
								step->uses_at, "%s changes things; a preflight only observes",
								action->name);
		diagnostic_hint(check->diagnostics, diagnostic, "move it to `steps`");
	}
	if (step->until && action->kind == ACTION_STATE) {
		struct diagnostic *diagnostic = diagnostics_add(check->diagnostics, SEVERITY_ERROR, "check/until", step->uses_at,
								"`until` is for probes and tasks; %s waits for its desired state by itself",
								action->name);
		diagnostic_hint(check->diagnostics, diagnostic, "use `timeout` to say how long it may wait");
	}
}

static bool check_step(void *context, const struct step *step, unsigned depth)
{
	(void)depth;
	const struct check *check = context;
	if (step->form != STEP_ACTION)
		return true;
	const char *nearest = NULL;
	const struct action *action = plugins_find(check->plugins, step->uses, &nearest);
	if (!action) {
		struct diagnostic *diagnostic = diagnostics_add(check->diagnostics, SEVERITY_ERROR, "check/unknown-action",
								step->uses_at, "there is no action '%s'", step->uses);
		if (nearest)
			diagnostic_hint(check->diagnostics, diagnostic, "did you mean '%s'?", nearest);
		else
			diagnostic_hint(check->diagnostics, diagnostic, "`standin actions` lists what is there");
		return true;
	}
	check_inputs(check, step, action);
	check_place(check, step, action);
	return true;
}

void runbook_check(const struct runbook *runbook, const struct plugins *plugins, struct diagnostics *diagnostics)
{
	struct check check = {.runbook = runbook, .plugins = plugins, .diagnostics = diagnostics};
	runbook_visit(runbook, check_step, &check);
	for (size_t i = 0; i < runbook->called_count; i++) {
		check.runbook = runbook->called[i];
		runbook_visit(check.runbook, check_step, &check);
	}
}
