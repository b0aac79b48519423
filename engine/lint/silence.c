/*
 * silence.c - which findings the author of a runbook has looked at and admitted.
 */
#include "engine/lint/silence.h"

#include <string.h>

#include "engine/base/memory.h"
#include "engine/lint/rules.h"

struct silence {
	const struct step *step; /* NULL: the runbook's */
	const struct value *rule;
	const char *reason;
	bool used;
};

struct silences {
	const struct runbook *runbook;
	struct diagnostics *diagnostics;
	struct silence *items;
	size_t count, capacity;
};

static void collect(struct silences *silences, const struct step *step, const struct value *list)
{
	for (size_t i = 0; value_is(list, VALUE_LIST) && i < list->list.count; i++) {
		const struct value *rule = value_get(list->list.items[i], "rule");
		if (!value_text(rule))
			continue; /* its schema has told */
		struct silence *slot = arena_grow(silences->diagnostics->arena, &silences->items, &silences->count,
						  &silences->capacity, sizeof(*silences->items));
		*slot = (struct silence){.step = step, .rule = rule, .reason = value_get_text(list->list.items[i], "reason")};
	}
}

static bool collect_step(void *context, const struct step *step, unsigned depth)
{
	(void)depth;
	collect(context, step, step->silences);
	return true;
}

static bool covers(const struct span *outer, const struct span *at)
{
	return at->source == outer->source && at->offset >= outer->offset && at->offset < outer->offset + outer->length;
}

struct place {
	const struct span *at;
	const struct step *innermost;
};

static bool find_innermost(void *context, const struct step *step, unsigned depth)
{
	struct place *place = context;
	(void)depth;
	if (covers(&step->at, place->at)) /* outer ones come first */
		place->innermost = step;
	return true;
}

static const struct silence *silence_for(struct silences *silences, const struct diagnostic *diagnostic)
{
	const struct rule *rule = rules_find(diagnostic->rule);
	struct place place = {.at = &diagnostic->at};
	if (!rule || !rule_can_be_silenced(rule) || !diagnostic->at.source ||
	    diagnostic->at.source != silences->runbook->source)
		return NULL;
	runbook_visit(silences->runbook, find_innermost, &place);
	for (size_t i = 0; i < silences->count; i++) {
		struct silence *silence = &silences->items[i];
		if (silence->step != place.innermost || !value_is_text(silence->rule, diagnostic->rule))
			continue;
		silence->used = true;
		return silence;
	}
	return NULL;
}

static void tell_unknown(const struct silences *silences, const struct silence *silence)
{
	const char *id = value_text(silence->rule);
	struct diagnostic *diagnostic =
		diagnostics_add(silences->diagnostics, SEVERITY_ERROR, "lint/unknown-silence", silence->rule->at,
				rules_find(id) ? "the rule '%s' cannot be silenced" : "there is no rule '%s'", id);
	if (rules_find(id))
		diagnostic_hint(silences->diagnostics, diagnostic, "mend what it finds: standin explain %s", id);
	else if (rules_suggest(id))
		diagnostic_hint(silences->diagnostics, diagnostic, "did you mean '%s'?", rules_suggest(id));
	else
		diagnostic_hint(silences->diagnostics, diagnostic, "`standin explain lint` lists those that can be silenced");
}

static void tell(const struct silences *silences, const struct silence *silence, bool linted)
{
	const struct rule *rule = rules_find(value_text(silence->rule));
	if (!rule || !rule_can_be_silenced(rule)) {
		tell_unknown(silences, silence);
		return;
	}
	if (!linted)
		return;
	struct diagnostic *diagnostic =
		diagnostics_add(silences->diagnostics, SEVERITY_WARNING, "lint/unused-silence", silence->rule->at,
				"%s is not found here, so there is nothing to silence", rule->id);
	diagnostic_hint(silences->diagnostics, diagnostic,
			silence->step ? "delete it; a silence is for its own step only, not for those inside of it"
				      : "delete it; a silence of the runbook is for what stands in no step");
}

void silences_apply(const struct runbook *runbook, bool linted, struct diagnostics *diagnostics,
		    struct silenced_list *ret_silenced)
{
	struct silences silences = {.runbook = runbook, .diagnostics = diagnostics};
	size_t kept = 0;
	*ret_silenced = (struct silenced_list){0};
	collect(&silences, NULL, runbook->silences);
	runbook_visit(runbook, collect_step, &silences);
	if (!silences.count)
		return;
	for (size_t i = 0; i < diagnostics->count; i++) {
		const struct silence *silence = silence_for(&silences, &diagnostics->items[i]);
		if (!silence) {
			diagnostics->items[kept++] = diagnostics->items[i];
			continue;
		}
		struct silenced *slot = arena_grow(diagnostics->arena, &ret_silenced->items, &ret_silenced->count,
						   &ret_silenced->capacity, sizeof(*ret_silenced->items));
		*slot = (struct silenced){.diagnostic = diagnostics->items[i], .reason = silence->reason};
		diagnostics->errors -= diagnostics->items[i].severity == SEVERITY_ERROR;
	}
	diagnostics->count = kept;
	for (size_t i = 0; i < silences.count; i++)
		if (!silences.items[i].used)
			tell(&silences, &silences.items[i], linted);
}
