/*
 * check.c - steps against actions.
 */
#include "engine/plan/check.h"

#include <string.h>

#include "engine/base/memory.h"

struct check {
	const struct runbook *runbook;
	const struct plugins *plugins;
	struct diagnostics *diagnostics;
};

static void check_inputs(const struct check *check, const struct step *step, const struct action *action)
{
	static const struct value empty = {.type = VALUE_MAP};
	if (step->misshapen && !step->with_value)
		return; /* it may stand under the key that is wrong */
	struct value placed = step->with_value ? *step->with_value : empty;
	if (!placed.at.source)
		placed.at = step->uses_at;
	struct schema_options options = {.templates = true, .path = "with"};
	schema_check(action->inputs_schema, &placed, &options, check->diagnostics);
}

struct secret_search {
	const struct check *check;
	const char *place; /* where it would stand */
	const char *why;
	const char *hint;
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
							"a secret may not stand in %s: %s", search->place, search->why);
	diagnostic_hint(check->diagnostics, diagnostic, "%s", search->hint);
}

static const char *secrets_hint(struct arena *arena, const struct action *action)
{
	if (action->secrets && action->secrets[0])
		return arena_printf(arena, "%s takes a secret in `%s`", action->name, action->secrets[0]);
	return arena_printf(arena, "%s takes no secrets", action->name);
}

static void check_secrets(const struct check *check, const struct step *step, const struct action *action)
{
	CLEANUP_ARENA struct arena *arena = arena_new(); /* nothing of it is kept: diagnostics copy */
	for (size_t i = 0; value_is(step->with_value, VALUE_MAP) && i < step->with_value->map.count; i++) {
		const struct value_entry *entry = &step->with_value->map.entries[i];
		struct template *template = NULL;
		if (action_input_may_be_secret(action, value_text(entry->key)) ||
		    template_compile(arena, entry->value, &template, NULL, NULL) < 0 || template_is_constant(template))
			continue;
		struct secret_search search = {.check = check,
					       .place = arena_printf(arena, "`%s` of %s", value_text(entry->key), action->name),
					       .why = "others could read it there",
					       .hint = secrets_hint(arena, action)};
		template_visit_names(template, find_secret, &search);
	}
}

/* What everybody may read: names of hosts and users, and what the journal keeps. */
static void check_open(const struct check *check, const struct template *template, const char *place, const char *why,
		       const char *hint)
{
	struct secret_search search = {.check = check, .place = place, .why = why, .hint = hint};
	if (template)
		template_visit_names(template, find_secret, &search);
}

static void check_outputs(const struct check *check, const struct output *outputs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check_open(check, outputs[i].value, "an output", "outputs are kept in the journal",
			   "leave it out; where it is needed, write secrets.NAME again");
}

static void check_open_places(const struct check *check, const struct step *step)
{
	static const char why[] = "others could read it there";
	static const char hint[] = "secrets are for an action's `stdin`, or an input that takes one";
	check_open(check, step->host, "`host`", why, hint);
	check_open(check, step->via, "`via`", why, hint);
	check_open(check, step->user, "`user`", why, hint);
	check_outputs(check, step->outputs, step->outputs_count);
}

/* Does the callee declare that input as a secret one? */
static void check_call(const struct check *check, const struct step *step)
{
	CLEANUP_ARENA struct arena *arena = arena_new(); /* nothing of it is kept: diagnostics copy */
	for (size_t i = 0; value_is(step->with_value, VALUE_MAP) && i < step->with_value->map.count; i++) {
		const struct value_entry *entry = &step->with_value->map.entries[i];
		struct template *template = NULL;
		const char *place = arena_printf(arena, "`%s` of %s", value_text(entry->key), step->callee->name);
		if (!is_secret_input(step->callee, value_text(entry->key)) &&
		    template_compile(arena, entry->value, &template, NULL, NULL) == 0)
			check_open(check, template, place, "that input is not declared to be one",
				   "declare it there so: type: secret; then it is shown nowhere");
	}
}

static bool is_preflight(const struct step *step)
{
	return strncmp(step->key, "preflight.", strlen("preflight.")) == 0;
}

static void check_place(const struct check *check, const struct step *step, const struct action *action)
{
	if (is_preflight(step) && (action->kind == ACTION_STATE || action->kind == ACTION_TASK)) {
		struct diagnostic *diagnostic =
			diagnostics_add(check->diagnostics, SEVERITY_ERROR, "check/preflight-applies", step->uses_at,
					"%s changes things; a preflight only observes", action->name);
		diagnostic_hint(check->diagnostics, diagnostic, "move it to `steps`");
	}
	if (step->until && action->kind == ACTION_STATE) {
		struct diagnostic *diagnostic = diagnostics_add(
			check->diagnostics, SEVERITY_ERROR, "check/until", step->uses_at,
			"`until` is for probes and tasks; %s waits for its desired state by itself", action->name);
		diagnostic_hint(check->diagnostics, diagnostic, "use `timeout` to say how long it may wait");
	}
	if (step->until && action->kind == ACTION_GATE)
		diagnostic_hint(check->diagnostics,
				diagnostics_add(check->diagnostics, SEVERITY_ERROR, "check/until", step->uses_at,
						"`until` is for probes and tasks; %s gives nothing to look at again",
						action->name),
				"put it on a step that looks, such as host.reachable or core.run");
}

/* What only a shell would understand, in a vector that none reads. ';' is left out: find -exec has it. */
static void check_no_shell(const struct check *check, const struct step *step, const struct action *action)
{
	static const char *const words[] = {"|", "||", "&&", ">", ">>", "<", "2>&1", "&"};
	const struct value *run = value_get(step->with_value, "run");
	if (strcmp(action->name, "core.run") != 0 || !value_is(run, VALUE_LIST))
		return;
	for (size_t i = 0; i < run->list.count; i++)
		for (size_t k = 0; k < COUNT_OF(words); k++)
			if (value_is_text(run->list.items[i], words[k]))
				diagnostic_hint(check->diagnostics,
						diagnostics_add(check->diagnostics, SEVERITY_WARNING, "check/no-shell",
								run->list.items[i]->at,
								"no shell reads this: the program gets '%s' as an argument",
								words[k]),
						"core.script has a shell: with: {script: ...}");
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
	check_no_shell(check, step, action);
	check_place(check, step, action);
	if (!has_host)
		check_subject(check, step, action);
}

static void check_block(const struct check *check, const struct block *block, bool has_host)
{
	for (size_t i = 0; i < block->count; i++) {
		const struct step *step = &block->steps[i];
		bool inside = has_host || step->host || step->misshapen;
		check_open_places(check, step);
		if (step->form == STEP_ACTION && step->uses)
			check_action(check, step, inside);
		if (step->form == STEP_CALL && step->callee)
			check_call(check, step);
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
	check_outputs(&check, runbook->outputs, runbook->outputs_count);
	for (size_t i = 0; i < runbook->called_count; i++)
		runbook_check(runbook->called[i], plugins, diagnostics);
}
