/*
 * resume.c - standin resume: go on with a run that was interrupted.
 */
#include <string.h>

#include "engine/base/memory.h"
#include "engine/cli/audit_setup.h"
#include "engine/cli/session.h"

/* What the journal says before anything is loaded. */
struct before_resume {
	struct arena *arena;
	const char *outcome;	     /* it is finished; else NULL */
	const struct value *opened;  /* the run_opened record, or NULL */
	const struct value *amended; /* {path, sha256}: the runbook of the last resume --amend; else NULL */
};

static bool look_back(void *context, const struct value *record)
{
	struct before_resume *before = context;
	const char *kind = value_get_text(record, "kind"), *outcome = value_get_text(record, "outcome");
	if (strcmp(kind, "run_opened") == 0)
		before->opened = value_copy(before->arena, record);
	else if (strcmp(kind, "resumed") == 0 && value_is(value_get(record, "amended"), VALUE_MAP))
		before->amended = value_copy(before->arena, value_get(record, "amended"));
	else if (strcmp(kind, "run_finished") == 0 || strcmp(kind, "abandoned") == 0)
		before->outcome = arena_strdup(before->arena, outcome ? outcome : "abandoned");
	return true;
}

static int close_finished(const struct before_resume *before, struct run *run, struct error *err)
{
	if (claims_retake(run, before->opened, true, err) < 0 || run_unlock_all(run, err) < 0)
		return -1;
	return run_index_closed(run, before->outcome, err);
}

/* Killed between its last record and the release of its locks: only that is left to do. */
static int end_finished(const struct before_resume *before, struct run_store *store, struct run *run)
{
	struct error err = ERROR_NONE;
	int closed = run_index_has_closed(store, run->id, &err);
	if (closed == 0 && close_finished(before, run, &err) == 0) {
		print_safely(stdout, "run %s had finished (%s); it is closed now\n", run->id, before->outcome);
		return strcmp(before->outcome, "abandoned") == 0 ? EXIT_FINE
								 : exit_code_for(outcome_from_name(before->outcome));
	}
	if (closed <= 0)
		return tell_error(&err);
	error_set(&err, ERROR_INVALID, "run %s is finished (%s)", run->id, before->outcome);
	error_hint(&err,
		   "look at it with `standin show %s`; to do it again, start a new run: what already holds is left as it is",
		   run->id);
	return tell_error(&err);
}

/* An edited runbook is as any other: what the policy forbids does not come in here either. */
static int permit_amended(struct loaded *loaded, const struct options *options)
{
	int refused = permit_run(loaded, options);
	if (refused == 0 && loaded->execution.library)
		value_put(loaded->arena, (struct value *)loaded->execution.amended, "library", loaded->execution.library);
	return refused;
}

static int go_on(struct loaded *loaded, struct run *run, const struct before_resume *before, const struct journal_torn *torn,
		 const struct options *options)
{
	struct error err = ERROR_NONE;
	enum outcome outcome;
	if (load_stored(loaded, run, before->amended, options_get(options, "amend"), &err) < 0) {
		print_diagnostics(stderr, &loaded->diagnostics);
		return tell_error(&err);
	}
	int refused = options_has(options, "amend") ? permit_amended(loaded, options) : 0;
	if (refused)
		return refused;
	if (claims_take(run, loaded->runbook, &err) < 0)
		return tell_error(&err);
	struct session *session = session_begin(loaded, run->store, options);
	struct execute_listener listener = session_listener(session);
	int result = execute_resume(&loaded->execution, run, torn, &listener, &outcome, &err);
	return session_end(session, result, outcome, &err);
}

static int open_and_go_on(struct loaded *loaded, struct run_store *store, const struct options *options)
{
	struct error err = ERROR_NONE;
	struct journal_torn torn = {0};
	struct run *run;
	const char *id = options->arguments_count ? options->arguments[0] : "latest";
	struct audit_setup audit;
	if (audit_setup_load(store, &audit, &err) < 0)
		return tell_error(&err);
	if (run_open(store, id, &run, &torn, &err) < 0) {
		audit_setup_free(&audit);
		return tell_error(&err);
	}
	audit_begin(&audit, run);
	struct before_resume before = {.arena = loaded->arena};
	CLEANUP_FREE char *path = run_journal_path(store, run->id);
	int result;
	if (journal_read(path, look_back, &before, NULL, &err) < 0)
		result = tell_error(&err);
	else
		result = before.outcome ? end_finished(&before, store, run) : go_on(loaded, run, &before, &torn, options);
	run_close(run);
	audit_setup_free(&audit);
	return result;
}

static int run(const struct verb *verb, int argc, char **argv)
{
	struct options options;
	struct loaded loaded;
	struct run_store *store;
	struct error err = ERROR_NONE;
	int early = options_parse(verb, argc, argv, &options);
	if (early)
		return early - 1;
	loaded_init(&loaded);
	if (options_pairs(&options, "answer", loaded.arena, &loaded.execution.answers) < 0) {
		loaded_free(&loaded);
		return EXIT_INVALID;
	}
	int result;
	if (run_store_open_existing(options_get(&options, "state"), &store, &err) < 0) {
		result = tell_error(&err);
	} else {
		result = open_and_go_on(&loaded, store, &options);
		run_store_close(store);
	}
	loaded_free(&loaded);
	return result;
}

const struct verb verb_resume = {
	.name = "resume",
	.usage = "[RUN] [options]",
	.summary = "go on with an interrupted run",
	.description = "Walks the same runbook, inventory and plugins again (from the run directory: edits since make no "
		       "difference), taking what is\n"
		       "journaled as done. A step that was begun is observed first: what holds is not applied again. A task in "
		       "doubt is asked about.",
	.options = {OPTION_STATE,
		    OPTION_OUTPUT,
		    OPTION_ANSWER,
		    {"amend", 0, "RUNBOOK", "go on with this edited runbook instead; journaled"},
		    OPTION_ALLOW_DIRTY,
		    {"verbose", 'v', NULL, "show commands and outputs of every step"}},
	.examples = "  standin resume                       # the latest run\n"
		    "  standin resume 20260301-031245-7f3a19c4 --answer 4.2=done\n",
	.least = 0,
	.most = 1,
	.run = run,
};
