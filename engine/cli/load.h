/*
 * load.h - from paths to an execution: inventory, plugins, runbook and inputs, read, checked, bound.
 */
#pragma once

#include "engine/cli/cli.h"
#include "engine/document/diagnostic.h"
#include "engine/execute/execute.h"
#include "engine/library/version.h"

struct loaded {
	struct arena *arena;
	struct diagnostics diagnostics;
	struct version *version; /* what the runbook's name stands for; NULL: nothing was named, files are meant */
	struct inventory *inventory;
	const char *inventory_path;
	char *inventory_text; /* in the arena */
	size_t inventory_length;
	struct plugins *plugins;
	struct runbook *runbook;
	struct execution execution;
};

void loaded_init(struct loaded *loaded);
void loaded_free(struct loaded *loaded);

/* Each fills its part; problems go to the diagnostics (-1). A runbook is named as library/version.h says. */
int load_version(struct loaded *loaded, const char *name);
int load_inventory(struct loaded *loaded, const struct options *options, const char *runbook_path, bool required);
int load_plugins(struct loaded *loaded, const struct options *options);
int load_runbook(struct loaded *loaded, const char *name);
int load_runbook_source(struct loaded *loaded, const struct source *source); /* one that was made, not read */
int load_inputs(struct loaded *loaded, const struct value *given);
/* All of these for one runbook, then the execution. Prints the diagnostics to stderr. 0, or an exit code. */
int load_all(struct loaded *loaded, const struct options *options, const char *runbook_path);

/* run.c: shows what was loaded and asks, unless the options say not to; then executes it. An exit code. */
int run_loaded(struct loaded *loaded, const struct options *options);
/* plan.c: the plan with how long it is likely to take. */
const struct value *plan_with_forecast(struct loaded *loaded, const struct options *options, const struct value *plan);
/* permit.c: what the policy of the repository says of it. 0, or an exit code (the reasons are told); what it grants is put to
 * what will be journaled. */
int permit_run(struct loaded *loaded, const struct options *options);
/* The same before a plan: the reasons are only warnings. */
void permit_plan(struct loaded *loaded, const struct options *options);

void print_diagnostics(FILE *out, struct diagnostics *diagnostics);
const struct value *operator_value(struct arena *arena);

/* claims.c: takes the runbook's locks, in its name. They are let go by run_unlock_all. */
int claims_take(struct run *run, const struct runbook *runbook, struct error *err);
/* Those that the run's run_opened record tells (NULL: none); so run_unlock_all will let them go. ended: the run has, and what
 * is another's by now stays with it. */
int claims_retake(struct run *run, const struct value *opened, bool ended, struct error *err);

/* Put everything that is executed into the run directory; and read it back, to resume. */
int store_execution(const struct loaded *loaded, struct run *run, struct error *err);
/* amended: {path, sha256} of the runbook that an earlier resume went on with, or NULL. amend_path: of one to go on with from
 * now, or NULL. */
int load_stored(struct loaded *loaded, struct run *run, const struct value *amended, const char *amend_path, struct error *err);
