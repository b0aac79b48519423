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

struct secret_search {
	const struct check *check;
	const struct action *action;
	const char *input; /* of the action */
};

static bool is_secret_input(const struct runbook *runbook, const char *name)
{
	for (size_t i = 0; i < runbook->inputs_count; i++)
		if (strcmp(runbook->inputs[i].name, name) == 0)
			return runbook->inputs[i].type == INPUT_SECRET || runbook->inputs[i].items == INPUT_SECRET;
	return false;
}

static void find_secret(void *context, const char *const *parts, size_t count, struct span at)
{
	const struct secret_search *search = context;
	const struct check *check = search->check;
	bool secret = strcmp(parts[0], "secrets") == 0 ||
		      (count > 1 && strcmp(parts[0], "inputs") == 0 && is_secret_input(check->runbook, parts[1]));
	if (!secret)
		return;
	struct diagnostic *diagnostic = diagnostics_add(check->diagnostics, SEVERITY_ERROR, "check/secret", at,
							"a secret may not stand in `%s` of %s: others could read it there", search->input,
							search->action->name);
	const char *const *allowed = search->action->secrets;
	if (allowed && allowed[0])
		diagnostic_hint(check->diagnostics, diagnostic, "%s takes a secret in `%s`", search->action->name, allowed[0]);
	else
		diagnostic_hint(check->diagnostics, diagnostic, "%s takes no secrets", search->action->name);
}

static void check_secrets(const struct check *check, const struct step *step, const struct action *action)
{
	struct arena *arena = check->diagnostics->arena;
	for (size_t i = 0; value_is(step->with_value, VALUE_MAP) && i < step->with_value->map.count; i++) {
		const struct value_entry *entry = &step->with_value->map.entries[i];
		struct secret_search search = {.check = check, .action = action, .input = value_text(entry->key)};
		struct template *template = NULL;
		if (!action_input_may_be_secret(action, search.input) &&
		    template_compile(arena, entry->value, &template, NULL, NULL) == 0)
			template_visit_names(template, find_secret, &search);
	}
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

static void find_host(void *context, const char *const *parts, size_t count, struct span at)
{
	(void)count;
	(void)at;
	*(bool *)context |= strcmp(parts[0], "host") == 0;
}

/* Is it about a host? Then its object, or where it runs by itself, cannot be told without one. */
static void check_subject(const struct check *check, const struct step *step, const struct action *action)
{
	const struct template *parts[] = {action->object, action->desired, action->via, action->touches};
	bool wanted = false;
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (parts[i])
			template_visit_names(parts[i], find_host, &wanted);
	if (!wanted)
		return;
	struct diagnostic *diagnostic = diagnostics_add(check->diagnostics, SEVERITY_ERROR, "check/host", step->uses_at,
							"%s is about a host, and this step has none", action->name);
	diagnostic_hint(check->diagnostics, diagnostic, "add `host:` to the step, or to a group around it");
}

static void check_action(const struct check *check, const struct step *step, bool has_host)
{
	const char *nearest = NULL;
	const struct action *action = plugins_find(check->plugins, step->uses, &nearest);
	if (!action) {
		struct diagnostic *diagnostic = diagnostics_add(check->diagnostics, SEVERITY_ERROR, "check/unknown-action",
								step->uses_at, "there is no action '%s'", step->uses);
		if (nearest)
			diagnostic_hint(check->diagnostics, diagnostic, "did you mean '%s'?", nearest);
		else
			diagnostic_hint(check->diagnostics, diagnostic, "`standin actions` lists what is there");
		return;
	}
	check_inputs(check, step, action);
	check_secrets(check, step, action);
	check_place(check, step, action);
	if (!has_host)
		check_subject(check, step, action);
}

static void check_block(const struct check *check, const struct block *block, bool has_host)
{
	for (size_t i = 0; i < block->count; i++) {
		const struct step *step = &block->steps[i];
		bool inside = has_host || step->host;
		if (step->form == STEP_ACTION)
			check_action(check, step, inside);
		check_block(check, &step->steps, inside);
		check_block(check, &step->rescue, inside);
		check_block(check, &step->finally, inside);
	}
}

void runbook_check(const struct runbook *runbook, const struct plugins *plugins, struct diagnostics *diagnostics)
{
	struct check check = {.runbook = runbook, .plugins = plugins, .diagnostics = diagnostics};
	check_block(&check, &runbook->preflight, false);
	check_block(&check, &runbook->steps, false);
	check_block(&check, &runbook->finally, false);
	for (size_t i = 0; i < runbook->called_count; i++)
		runbook_check(runbook->called[i], plugins, diagnostics);
}
