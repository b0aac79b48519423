/*
 * way.h - inside of this folder: a runbook laid out for lints. Every step with its action and where it stands; and the way, the
 * actions in the order in which they are done when nothing fails, those of called runbooks included.
 */
#pragma once

#include "engine/lint/lint.h"

struct type; /* engine/expression/types.h */

enum stretch { IN_PREFLIGHT, IN_STEPS, IN_RESCUE, IN_FINALLY };

struct place {
	const struct step *step;
	const struct action *action; /* NULL: a group, a call, or not known */
	const struct place *parent;  /* the group around it, or NULL */
	enum stretch stretch;	     /* the innermost block that it stands in */
	const struct type *type;     /* types.c: of steps.ID; NULL: not asked for yet */
};

struct way_step {
	const struct step *step;
	const struct action *action;
	const struct step *shown; /* where to tell of it: in a called runbook, the step that calls */
	bool preflight;
};

struct lint {
	const struct runbook *runbook;
	const struct plugins *plugins;
	const struct inventory *inventory; /* or NULL */
	const struct lint_set *set;	   /* or NULL */
	struct diagnostics *diagnostics;
	struct arena *arena;
	struct place **places; /* outer before inner, in the order of writing */
	size_t places_count, places_capacity;
	struct way_step *way; /* without rescue and finally */
	size_t way_count, way_capacity;
	const struct type *inputs; /* types.c: of `inputs` */
};

void way_lay_out(struct lint *lint);

/* The rule's severity; the place is where `uses`, `group` or `call` stands if at.source is NULL. */
struct diagnostic *lint_tell(const struct lint *lint, const char *rule, struct span at, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
struct span step_span(const struct step *step); /* the action's name; of a group the first character of the step */
bool has_role(const struct way_step *way_step, enum action_role role);
enum action_effect effect_of(const struct lint *lint, const struct step *step, const struct action *action);

/* Every template of a step's own keys; what: "with", "if", ... */
typedef void template_function(void *context, const struct template *template, const char *what);
void step_templates(const struct step *step, template_function *function, void *context);

/* The lints, one function each (lint.c has the table). */
void lint_order(const struct lint *lint);	  /* order.c: fence, delete, promote, before what rests on them */
void lint_gate(const struct lint *lint);	  /* order.c */
void lint_client_check(const struct lint *lint);  /* order.c */
void lint_time(const struct lint *lint);	  /* time.c */
void lint_unused_inputs(const struct lint *lint); /* reach.c */
void lint_conditions(const struct lint *lint);	  /* reach.c */
void lint_rescues(const struct lint *lint);	  /* reach.c */
void lint_skipped(const struct lint *lint);	  /* skipped.c */
void lint_clear_secrets(const struct lint *lint); /* clear.c */
void lint_failback(const struct lint *lint);	  /* set.c */
void lint_services(const struct lint *lint);	  /* set.c */
void lint_types(const struct lint *lint);	  /* types.c */
