/*
 * way.c - laying a runbook out: places, the way, effects.
 */
#include "engine/lint/way.h"

#include <string.h>

#include "engine/base/memory.h"
#include "engine/lint/rules.h"

struct diagnostic *lint_tell(const struct lint *lint, const char *rule, struct span at, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	const char *message = arena_vprintf(lint->arena, format, args);
	va_end(args);
	const struct rule *row = rules_find(rule);
	return diagnostics_add(lint->diagnostics, row ? row->severity : SEVERITY_ERROR, rule, at, "%s", message);
}

struct span step_span(const struct step *step)
{
	if (step->uses_at.source)
		return step->uses_at;
	return (struct span){step->at.source, step->at.offset, 1};
}

bool has_role(const struct way_step *way_step, enum action_role role)
{
	return way_step->action && (way_step->action->roles & role);
}

static const struct value *resolve_inputs(void *context, const char *name, struct arena *arena)
{
	(void)arena;
	return strcmp(name, "inputs") == 0 ? context : NULL;
}

/* With what is written; an expression among the inputs counts as its text, so it chooses no special effect. */
enum action_effect effect_of(const struct lint *lint, const struct step *step, const struct action *action)
{
	static const char *const words[] = {[EFFECT_READ] = "read", [EFFECT_REVERSIBLE] = "reversible"};
	const struct value *inputs = action_inputs(lint->arena, action, step->with_value), *effect;
	struct activation activation = {.resolve = resolve_inputs, .context = (void *)inputs};
	if (!action->effect)
		return action->kind == ACTION_PROBE || action->kind == ACTION_GATE ? EFFECT_READ : EFFECT_REVERSIBLE;
	if (template_evaluate(action->effect, &activation, lint->arena, &effect, NULL, NULL) < 0)
		return EFFECT_IRREVERSIBLE;
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (value_is_text(effect, words[i]))
			return (enum action_effect)i;
	return EFFECT_IRREVERSIBLE;
}

void step_templates(const struct step *step, template_function *function, void *context)
{
	const struct {
		const struct template *template;
		const char *what;
	} all[] = {{step->foreach, "foreach"}, {step->name, "name"}, {step->condition, "if"}, {step->host, "host"},
		   {step->via, "via"},	       {step->user, "user"}, {step->with, "with"},    {step->until, "until"},
		   {step->expect, "expect"},   {step->hint, "hint"}};
	for (size_t i = 0; i < COUNT_OF(all); i++)
		if (all[i].template)
			function(context, all[i].template, all[i].what);
	for (size_t i = 0; i < step->outputs_count; i++)
		if (step->outputs[i].value)
			function(context, step->outputs[i].value, "outputs");
}

static const struct action *action_of(const struct lint *lint, const struct step *step)
{
	return step->form == STEP_ACTION && step->uses ? plugins_find(lint->plugins, step->uses, NULL) : NULL;
}

static void lay_out_block(struct lint *lint, const struct block *block, const struct place *parent, enum stretch stretch)
{
	for (size_t i = 0; i < block->count; i++) {
		const struct step *step = &block->steps[i];
		struct place **slot = arena_grow(lint->arena, &lint->places, &lint->places_count, &lint->places_capacity,
						 sizeof(*lint->places));
		struct place *place = ARENA_NEW(lint->arena, struct place);
		*place = (struct place){.step = step, .action = action_of(lint, step), .parent = parent, .stretch = stretch};
		*slot = place;
		lay_out_block(lint, &step->steps, place, stretch);
		lay_out_block(lint, &step->rescue, place, IN_RESCUE);
		lay_out_block(lint, &step->finally, place, IN_FINALLY);
	}
}

/* shown: the step that calls, NULL in the runbook itself. Calls go in no circle, and not deep: the runbook was valid. */
static void follow(struct lint *lint, const struct block *block, const struct step *shown, bool preflight)
{
	for (size_t i = 0; i < block->count; i++) {
		const struct step *step = &block->steps[i];
		if (step->form == STEP_ACTION) {
			struct way_step *slot =
				arena_grow(lint->arena, &lint->way, &lint->way_count, &lint->way_capacity, sizeof(*lint->way));
			*slot = (struct way_step){.step = step,
						  .action = action_of(lint, step),
						  .shown = shown ? shown : step,
						  .preflight = preflight};
		}
		if (step->form == STEP_CALL && step->callee) {
			follow(lint, &step->callee->preflight, shown ? shown : step, true);
			follow(lint, &step->callee->steps, shown ? shown : step, preflight);
		}
		follow(lint, &step->steps, shown, preflight);
	}
}

void way_lay_out(struct lint *lint)
{
	lay_out_block(lint, &lint->runbook->preflight, NULL, IN_PREFLIGHT);
	lay_out_block(lint, &lint->runbook->steps, NULL, IN_STEPS);
	lay_out_block(lint, &lint->runbook->finally, NULL, IN_FINALLY);
	follow(lint, &lint->runbook->preflight, NULL, true);
	follow(lint, &lint->runbook->steps, NULL, false);
}
