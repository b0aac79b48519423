/*
 * runbook.h - a runbook as a typed model: what README.md describes, with every expression compiled.
 *
 * Everything lives in the arena that it was read into. The model says what was written; whether an action exists and takes
 * those inputs is checked above (plan/check.h), because this layer knows no plugins.
 */
#pragma once

#include "engine/base/error.h"
#include "engine/document/diagnostic.h"
#include "engine/document/tree.h"
#include "engine/expression/template.h"
#include "engine/runbook/inventory.h"

enum step_form { STEP_ACTION, STEP_GROUP, STEP_CALL };

struct retry {
	unsigned attempts; /* all tries together; 1: no retry */
	int64_t delay;	   /* nanoseconds before the second try */
	double backoff;	   /* the delay is multiplied by it each time */
	int64_t max_delay; /* CLOCK_FOREVER: no bound */
};

struct step;
struct runbook;

struct block {
	struct step *steps;
	size_t count;
};

struct output {
	const char *name;
	struct template *value;
};

struct step {
	const char *key; /* its place: "3.1", "preflight.1", "3.rescue.1"; instances add rounds and attempts */
	const char *id;	 /* NULL: cannot be referred to */
	struct span id_at;
	enum step_form form;
	struct template *name; /* NULL: not given */
	const char *uses;      /* action's full name; NULL for a group */
	struct span uses_at;
	const struct value *with_value; /* as written, or NULL */
	struct template *with;		/* NULL: none */
	struct template *condition;	/* `if`; NULL: none */
	const char *condition_text;
	struct template *host;	  /* NULL: inherited */
	struct template *via;	  /* NULL: the action's */
	struct template *user;	  /* NULL: inherited */
	struct template *foreach; /* NULL: none */
	const char *as;		  /* name of the item */
	struct span as_at;	  /* of `foreach` if `as` was not written */
	struct retry retry;
	struct template *until;
	struct template *expect;
	const char *expect_text;
	struct template *hint;
	int64_t timeout; /* nanoseconds; 0: the action's (a step), none (a group) */
	int64_t poll;	 /* nanoseconds; 0: the action's */
	struct output *outputs;
	size_t outputs_count;
	struct block steps; /* of a group */
	struct block rescue;
	struct block finally;
	bool parallel; /* its steps, and their rounds, at once */
	unsigned max_concurrent;
	const char *call;	      /* path of another runbook as written, or NULL */
	struct runbook *callee;	      /* of a call */
	const struct value *silences; /* `lint.ignore`: a list of {rule, reason}, or NULL */
	bool misshapen;		      /* something is wrong with its keys: what seems to be missing may have been meant */
	struct span at;
};

enum input_type {
	INPUT_STRING,
	INPUT_INTEGER,
	INPUT_NUMBER,
	INPUT_BOOLEAN,
	INPUT_DURATION,
	INPUT_LIST,
	INPUT_MAP,
	INPUT_HOST,
	INPUT_SECRET,
};

struct input {
	const char *name;
	enum input_type type;
	enum input_type items;		   /* of a list */
	const struct value *default_value; /* NULL: must be given */
	bool optional;			   /* null when not given */
	const struct value *allowed;	   /* `enum`: a list, or NULL */
	const char *pattern;		   /* or NULL */
	struct span pattern_at;
	const char *description; /* or NULL */
	struct span at;
};

struct evidence_source { /* an earlier run that this one rests on */
	const char *name;
	const char *runbook; /* its name */
	const char *run;     /* "latest", or an id */
	bool optional;	     /* null where there is none */
	struct span at;
};

struct runbook {
	const char *name;
	const char *kind;
	const char *summary; /* or NULL */
	int64_t rto;	     /* nanoseconds; 0: none */
	int64_t rpo;
	const struct value *objectives; /* {rto: duration, rpo: duration}, as expressions see it */
	const char **locks;		/* sorted; those of all that it calls included */
	size_t locks_count, locks_capacity;
	struct input *inputs;
	size_t inputs_count;
	struct block preflight;
	struct block steps;
	struct block finally;
	struct output *outputs;
	size_t outputs_count;
	struct evidence_source *evidence;
	size_t evidence_count;
	struct runbook **called; /* every runbook that it calls, and those that they call; each once */
	size_t called_count, called_capacity;
	const struct value *silences; /* as a step's, for what stands in no step */
	const struct source *source;
	const struct value *document;
	bool misshapen; /* its shape is wrong, and that was told: for further checks only */
};

#define CALL_DEPTH_LIMIT 16

/* Reads, checks shape, names and defaults, builds. -1: errors among the diagnostics; *ret_runbook is NULL if there is no map to
 * read, else what there is of it, for further checks, so that all that is wrong can be told at once. inventory may be NULL:
 * then hosts and secrets are not checked. */
int runbook_read(struct arena *arena, const char *path, const struct inventory *inventory, struct runbook **ret_runbook,
		 struct diagnostics *diagnostics);
/* As runbook_read, from a text of this tree (NULL: of files); what it calls is read out of the same one. */
int runbook_from_source(struct arena *arena, const struct source *source, const struct inventory *inventory,
			const struct tree *tree, struct runbook **ret_runbook, struct diagnostics *diagnostics);

/* Calls visit for every step in every block of this runbook (not of those it calls), outer before inner. visit returns false to
 * stop. */
void runbook_visit(const struct runbook *runbook, bool (*visit)(void *context, const struct step *step, unsigned depth),
		   void *context);
const struct step *runbook_step(const struct runbook *runbook, const char *key_or_id); /* NULL: none */

/* The inputs of a run: what was given (name -> value, strings from a command line are converted by type), else defaults. Hosts
 * become the inventory's entries, durations durations, secrets their tainted value. All problems as diagnostics. */
int runbook_inputs(struct arena *arena, const struct runbook *runbook, const struct inventory *inventory,
		   const struct value *given, const struct value **ret_inputs, struct diagnostics *diagnostics);

/* Do the defaults have their declared types? Secrets are not read; hosts and secrets are checked with an inventory only. */
void runbook_check_defaults(struct arena *arena, const struct runbook *runbook, const struct inventory *inventory,
			    struct diagnostics *diagnostics);

const char *input_type_name(enum input_type type);
