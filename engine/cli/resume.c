/*
 * resume.c - standin resume: go on with a run that was interrupted.
 */
#include <string.h>

#include "engine/base/memory.h"
#include "engine/cli/session.h"
#include "engine/execute/forecast.h"

static int relock(const struct loaded *loaded, struct run *run, struct error *err)
{
	struct value *claim = value_map(loaded->arena);
	char opened[CLOCK_TEXT_SIZE];
	clock_format_wall(clock_wall(), opened);
	value_put(loaded->arena, claim, "run", value_string(loaded->arena, run->id));
	value_put(loaded->arena, claim, "runbook", value_string(loaded->arena, loaded->runbook->name));
	value_put(loaded->arena, claim, "opened", value_string(loaded->arena, opened));
	value_put(loaded->arena, claim, "operator", loaded->execution.operator);
	for (size_t i = 0; i < loaded->runbook->locks_count; i++)
		if (run_lock(run, loaded->runbook->locks[i], claim, err) < 0)
			return -1;
	return 0;
}

/* What the journal says before anything is loaded. */
struct before_resume {
	struct arena *arena;
	const char *outcome; /* it is finished; else NULL */
	const struct value *locks;
	const struct value *amended; /* {path, sha256}: the runbook of the last resume --amend; else NULL */
};

static bool look_back(void *context, const struct value *record)
{
	struct before_resume *before = context;
	const char *kind = value_get_text(record, "kind"), *outcome = value_get_text(record, "outcome");
	if (strcmp(kind, "run_opened") == 0)
		before->locks = value_copy(before->arena, value_get(record, "locks"));
	else if (strcmp(kind, "resumed") == 0 && value_is(value_get(record, "amended"), VALUE_MAP))
		before->amended = value_copy(before->arena, value_get(record, "amended"));
	else if (strcmp(kind, "run_finished") == 0 || strcmp(kind, "abandoned") == 0)
		before->outcome = arena_strdup(before->arena, outcome ? outcome : "abandoned");
	return true;
}

static int close_finished(const struct before_resume *before, struct run *run, struct error *err)
{
	for (size_t i = 0; value_is(before->locks, VALUE_LIST) && i < before->locks->list.count; i++) {
		struct value *claim = value_map(before->arena);
		value_put(before->arena, claim, "run", value_string(before->arena, run->id));
		if (run_lock(run, value_text(before->locks->list.items[i]), claim, err) < 0)
			error_clear(err); /* another run has it by now: a claim of a run that has ended is void */
	}
	if (run_unlock_all(run, err) < 0)
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

static int go_on(struct loaded *loaded, struct run *run, const struct before_resume *before, const struct journal_torn *torn,
		 const struct options *options, bool json)
{
	struct error err = ERROR_NONE;
	enum outcome outcome;
	if (load_stored(loaded, run, before->amended, options_get(options, "amend"), &err) < 0) {
		print_diagnostics(stderr, &loaded->diagnostics);
		return tell_error(&err);
	}
	if (relock(loaded, run, &err) < 0)
		return tell_error(&err);
	const struct value *forecast = forecast_load(loaded->arena, run->store, loaded->runbook->name);
	struct session *session = session_new(json, options_has(options, "verbose"), forecast);
	struct execute_listener listener = session_listener(session);
	session_start(session);
	int result = execute_resume(&loaded->execution, run, torn, &listener, &outcome, &err);
	session_end(session);
	session_free(session);
	if (result < 0)
		return tell_error(&err);
	if (outcome == OUTCOME_STOPPED)
		tell_error(&err);
	error_clear(&err);
	return exit_code_for(outcome);
}

static int open_and_go_on(struct loaded *loaded, struct run_store *store, const struct options *options, bool json)
{
	struct error err = ERROR_NONE;
	struct journal_torn torn = {0};
	struct run *run;
	const char *id = options->arguments_count ? options->arguments[0] : "latest";
	if (run_open(store, id, &run, &torn, &err) < 0)
		return tell_error(&err);
	struct before_resume before = {.arena = loaded->arena};
	CLEANUP_FREE char *path = run_journal_path(store, run->id);
	int result;
	if (journal_read(path, look_back, &before, NULL, &err) < 0)
		result = tell_error(&err);
	else
		result = before.outcome ? end_finished(&before, store, run) : go_on(loaded, run, &before, &torn, options, json);
	run_close(run);
	return result;
}

static int run(const struct verb *verb, int argc, char **argv)
{
	struct options options;
	struct loaded loaded;
	struct run_store *store;
	struct error err = ERROR_NONE;
	bool json;
	int early = options_parse(verb, argc, argv, &options);
	if (early)
		return early - 1;
	if (options_json(&options, &json) < 0)
		return EXIT_INVALID;
	loaded_init(&loaded);
	if (options_pairs(&options, "answer", loaded.arena, &loaded.execution.answers) < 0) {
		loaded_free(&loaded);
		return EXIT_INVALID;
	}
	int result;
	if (run_store_open(options_get(&options, "state"), &store, &err) < 0) {
		result = tell_error(&err);
	} else {
		result = open_and_go_on(&loaded, store, &options, json);
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
		    {"verbose", 'v', NULL, "show commands and outputs of every step"}},
	.examples = "  standin resume                       # the latest run\n"
		    "  standin resume 20260301-031245-7f3a19c4 --answer 4.2=done\n",
	.least = 0,
	.most = 1,
	.run = run,
};
