/*
 * skipped.c - outputs of a step that may not have been done: it, or a group around it, has an `if`, or it stands in a rescue.
 * The reader is fine inside of the same group, under the same `if`, or if it asks first.
 */
#include <string.h>

#include "engine/base/memory.h"
#include "engine/lint/way.h"

struct reader {
	const struct lint *lint;
	const struct place *place;	 /* NULL: the runbook's outputs */
	const struct template *template; /* that reads */
};

static const struct place *place_of(const struct lint *lint, const char *id)
{
	for (size_t i = 0; i < lint->places_count; i++)
		if (lint->places[i]->step->id && strcmp(lint->places[i]->step->id, id) == 0)
			return lint->places[i];
	return NULL;
}

static bool is_inside(const struct place *place, const struct place *outer)
{
	for (; place; place = place->parent)
		if (place == outer)
			return true;
	return false;
}

static bool same_condition(const struct place *place, const char *condition)
{
	for (; place; place = place->parent)
		if (place->step->condition_text && strcmp(place->step->condition_text, condition) == 0)
			return true;
	return false;
}

struct asks {
	const char *id;
	bool outcome; /* steps.ID.outcome is read */
	size_t names; /* of steps.ID at all */
};

static void note_ask(void *context, const char *const *parts, size_t count, struct span at)
{
	struct asks *asks = context;
	(void)at;
	if (count < 2 || strcmp(parts[0], "steps") != 0 || strcmp(parts[1], asks->id) != 0)
		return;
	asks->names++;
	asks->outcome |= count > 2 && strcmp(parts[2], "outcome") == 0;
}

/* Does a condition that the reader stands under speak of the step, or the reader itself of its outcome? has(...) is seen as a
 * further name of the same step. */
static bool asks_first(const struct reader *reader, const char *id)
{
	struct asks own = {.id = id};
	template_visit_names(reader->template, note_ask, &own);
	if (own.outcome || own.names > 1)
		return true;
	for (const struct place *place = reader->place; place; place = place->parent) {
		struct asks asks = {.id = id};
		if (place->step->condition && place->step->condition != reader->template)
			template_visit_names(place->step->condition, note_ask, &asks);
		if (asks.names)
			return true;
	}
	return false;
}

/* Why the step may not have been done from where the reader stands, or NULL. */
static const char *reason_for(const struct reader *reader, const struct place *read)
{
	for (const struct place *at = read; at; at = at->parent) {
		if (at->step->condition && !is_inside(reader->place, at) &&
		    !(at->step->condition_text && same_condition(reader->place, at->step->condition_text)))
			return at == read ? "it has an `if`" : "a group around it has an `if`";
		if (at->stretch == IN_RESCUE &&
		    !(reader->place && is_inside(reader->place, at->parent) && reader->place->stretch != IN_STEPS))
			return "it stands in a rescue";
	}
	return NULL;
}

static void check_name(void *context, const char *const *parts, size_t count, struct span at)
{
	const struct reader *reader = context;
	if (count < 4 || strcmp(parts[0], "steps") != 0 || strcmp(parts[2], "outputs") != 0)
		return;
	const struct place *read = place_of(reader->lint, parts[1]);
	const char *why = read ? reason_for(reader, read) : NULL;
	if (!why || asks_first(reader, parts[1]))
		return;
	struct diagnostic *diagnostic =
		lint_tell(reader->lint, "lint/maybe-skipped", at,
			  "the step '%s' may not have been done (%s); then it has no outputs", parts[1], why);
	diagnostic_hint(reader->lint->diagnostics, diagnostic,
			"give this step the same `if`, or ask first: steps.%s.outcome != \"skipped\" ? ... : ...", parts[1]);
}

static void check_template(void *context, const struct template *template, const char *what)
{
	struct reader reader = *(struct reader *)context;
	(void)what;
	reader.template = template;
	template_visit_names(template, check_name, &reader);
}

void lint_skipped(const struct lint *lint)
{
	for (size_t i = 0; i < lint->places_count; i++) {
		struct reader reader = {.lint = lint, .place = lint->places[i]};
		step_templates(lint->places[i]->step, check_template, &reader);
	}
	for (size_t i = 0; i < lint->runbook->outputs_count; i++) {
		struct reader reader = {.lint = lint};
		check_template(&reader, lint->runbook->outputs[i].value, "outputs");
	}
}
