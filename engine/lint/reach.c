/*
 * reach.c - what is never read, never decided, never reached.
 */
#include <string.h>

#include "engine/base/memory.h"
#include "engine/base/table.h"
#include "engine/lint/way.h"

struct reads {
	struct table inputs; /* names that are read */
	bool all;	     /* `inputs` as a whole is */
};

static void note_name(void *context, const char *const *parts, size_t count, struct span at)
{
	struct reads *reads = context;
	(void)at;
	if (strcmp(parts[0], "inputs") != 0)
		return;
	if (count > 1)
		table_put(&reads->inputs, parts[1], reads);
	else
		reads->all = true;
}

static void note_template(void *context, const struct template *template, const char *what)
{
	(void)what;
	template_visit_names(template, note_name, context);
}

void lint_unused_inputs(const struct lint *lint)
{
	struct reads reads = {0};
	for (size_t i = 0; i < lint->places_count; i++)
		step_templates(lint->places[i]->step, note_template, &reads);
	for (size_t i = 0; i < lint->runbook->outputs_count; i++)
		note_template(&reads, lint->runbook->outputs[i].value, "outputs");
	for (size_t i = 0; !reads.all && i < lint->runbook->inputs_count; i++) {
		const struct input *input = &lint->runbook->inputs[i];
		if (table_get(&reads.inputs, input->name))
			continue;
		struct diagnostic *diagnostic =
			lint_tell(lint, "lint/unused-input", input->at, "nothing reads the input '%s'", input->name);
		diagnostic_hint(lint->diagnostics, diagnostic, "read inputs.%s where it is meant, or delete it", input->name);
	}
	table_free(&reads.inputs);
}

struct names_count {
	size_t count;
	struct span at;
};

static void count_name(void *context, const char *const *parts, size_t count, struct span at)
{
	struct names_count *names = context;
	(void)parts;
	(void)count;
	names->at = at;
	names->count++;
}

static void check_condition(const struct lint *lint, const struct step *step, const struct template *condition, const char *key)
{
	struct names_count names = {0};
	const struct value *value = NULL;
	if (!condition)
		return;
	template_visit_names(condition, count_name, &names);
	if (names.count)
		return;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	if (template_evaluate(condition, NULL, lint->arena, &value, NULL, &err) < 0 || !value_is(value, VALUE_BOOL))
		return; /* lint/type tells */
	struct span at = value->at.source ? value->at : step_span(step);
	struct diagnostic *diagnostic = lint_tell(lint, "lint/constant-condition", at, "`%s` is always %s: it reads nothing",
						  key, value->boolean ? "true" : "false");
	diagnostic_hint(lint->diagnostics, diagnostic, "names are written bare, such as inputs.dns; else delete it");
}

void lint_conditions(const struct lint *lint)
{
	for (size_t i = 0; i < lint->places_count; i++) {
		const struct step *step = lint->places[i]->step;
		check_condition(lint, step, step->condition, "if");
		check_condition(lint, step, step->until, "until");
		check_condition(lint, step, step->expect, "expect");
	}
}

static bool can_fail(const struct lint *lint, const struct block *block)
{
	for (size_t i = 0; i < block->count; i++) {
		const struct step *step = &block->steps[i];
		const struct action *action = step->uses ? plugins_find(lint->plugins, step->uses, NULL) : NULL;
		if (step->form == STEP_CALL || step->expect || step->until || can_fail(lint, &step->finally))
			return true;
		if (step->form == STEP_GROUP ? can_fail(lint, &step->steps) : !action || !(action->roles & ROLE_NOTE))
			return true;
	}
	return false;
}

void lint_rescues(const struct lint *lint)
{
	for (size_t i = 0; i < lint->places_count; i++) {
		const struct step *step = lint->places[i]->step;
		if (!step->rescue.count || can_fail(lint, &step->steps))
			continue;
		struct diagnostic *diagnostic = lint_tell(lint, "lint/unreachable-rescue", step_span(&step->rescue.steps[0]),
							  "this rescue is never reached: nothing in its group can fail");
		diagnostic_hint(lint->diagnostics, diagnostic, "put it on the group whose steps can fail, or delete it");
	}
}
