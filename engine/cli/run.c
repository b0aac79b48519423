/*
 * run.c - standin run: execute a runbook.
 */
#include <string.h>
#include <unistd.h>

#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "engine/cli/audit_setup.h"
#include "engine/cli/session.h"
#include "engine/plan/plan.h"
#include "engine/report/report.h"

/* A run that never began leaves nothing behind. */
static void discard(struct run *run)
{
	CLEANUP_ERROR struct error ignored = ERROR_NONE;
	run_unlock_all(run, &ignored);
	file_remove_tree(run->folder, NULL);
}

static int execute(struct loaded *loaded, struct run_store *store, const struct options *options)
{
	struct error err = ERROR_NONE;
	struct run *run;
	enum outcome outcome;
	struct audit_setup audit;
	if (audit_setup_load(store, &audit, &err) < 0)
		return tell_error(&err);
	if (run_create(store, &run, &err) < 0) {
		audit_setup_free(&audit);
		return tell_error(&err);
	}
	if (store_execution(loaded, run, &err) < 0 || claims_take(run, loaded->runbook, &err) < 0) {
		discard(run);
		run_close(run);
		audit_setup_free(&audit);
		return tell_error(&err);
	}
	audit_begin(&audit, run);
	struct session *session = session_begin(loaded, store, options);
	struct execute_listener listener = session_listener(session);
	int result = execute_run(&loaded->execution, run, &listener, &outcome, &err);
	run_close(run);
	audit_setup_free(&audit);
	return session_end(session, result, outcome, &err);
}

/* The saved plan must be what a plan made now would be. */
static int check_plan(struct loaded *loaded, const char *path, struct error *err)
{
	const struct value *saved, *now;
	if (plan_read(loaded->arena, path, &saved, err) < 0 ||
	    execute_plan(loaded->arena, &loaded->execution, false, &now, err) < 0 || plan_compare(saved, now, err) < 0)
		return -1;
	loaded->execution.plan = saved;
	return 0;
}

static int show_and_ask(struct loaded *loaded, const struct options *options, struct error *err)
{
	CLEANUP_BUFFER struct buffer text = {0};
	const struct value *plan;
	struct report_style style = report_style_for(stdout);
	if (!loaded->execution.terminal) {
		error_set(err, ERROR_INVALID, "nobody can be asked whether to go on");
		return error_hint(err, "look at `standin plan`, then run with --yes or --plan FILE");
	}
	if (execute_plan(loaded->arena, &loaded->execution, false, &plan, err) < 0)
		return -1;
	report_plan(&text, plan_with_forecast(loaded, options, plan), &style);
	fputs(buffer_text(&text), stdout);
	fflush(stdout);
	return session_confirm("Do this?") ? 0 : error_set(err, ERROR_CANCELLED, "nothing was done");
}

static int check_from(const struct loaded *loaded, struct error *err)
{
	const char *from = loaded->execution.from;
	const struct step *step = from ? runbook_step(loaded->runbook, from) : NULL;
	const char *gate = step ? execute_gate_before(loaded->runbook, from) : NULL;
	if (gate) {
		error_set(err, ERROR_INVALID, "--from: step %s before it wants signatures, and would be left out", gate);
		return error_hint(err, "begin at that step, or before it");
	}
	if (!from || (step && strspn(step->key, "0123456789.") == strlen(step->key)))
		return 0;
	error_set(err, ERROR_INVALID, step ? "--from: '%s' is none of the `steps`" : "--from: there is no step '%s'", from);
	return error_hint(err, "name it by its id or its place, such as 3.1 (standin plan shows them)");
}

static int prepare(struct loaded *loaded, const struct options *options, struct error *err)
{
	loaded->execution.from = options_get(options, "from");
	if (check_from(loaded, err) < 0 || execute_check_gates(&loaded->execution, err) < 0)
		return -1;
	if (options_has(options, "plan"))
		return check_plan(loaded, options_get(options, "plan"), err);
	return options_has(options, "yes") ? 0 : show_and_ask(loaded, options, err);
}

int run_loaded(struct loaded *loaded, const struct options *options)
{
	struct error err = ERROR_NONE;
	struct run_store *store;
	int permitted = loaded->version ? permit_run(loaded, options) : 0; /* what was made here is of no repository */
	if (permitted)
		return permitted;
	if (prepare(loaded, options, &err) < 0 || run_store_open(options_get(options, "state"), &store, &err) < 0)
		return tell_error(&err);
	int result = execute(loaded, store, options);
	run_store_close(store);
	return result;
}

static int run(const struct verb *verb, int argc, char **argv)
{
	struct options options;
	struct loaded loaded;
	int early = options_parse(verb, argc, argv, &options);
	if (early)
		return early - 1;
	loaded_init(&loaded);
	int result = load_all(&loaded, &options, options.arguments[0]);
	if (result == 0)
		result = run_loaded(&loaded, &options);
	loaded_free(&loaded);
	return result;
}

const struct verb verb_run = {
	.name = "run",
	.usage = "RUNBOOK [options]",
	.summary = "execute a runbook",
	.description = "Shows the plan and asks (on a terminal), then executes step by step. Everything is journaled before it "
		       "is done: after a crash\n"
		       "`standin resume` goes on. Ctrl-C once cancels (the step ends, finally runs), twice stops at once, "
		       "resumably. A terminal that goes\n"
		       "away does not stop the run: `standin attach` shows it again." NAMES_OF_RUNBOOKS,
	.options = {OPTION_INPUT,
		    OPTION_INVENTORY,
		    OPTION_PLUGINS,
		    OPTION_STATE,
		    OPTION_OUTPUT,
		    OPTION_ANSWER,
		    {"yes", 'y', NULL, "do not ask before the start (questions of steps are still asked)"},
		    {"plan", 0, "FILE", "hold the run to this saved plan: refuse if anything it rests on has changed"},
		    OPTION_ALLOW_DIRTY,
		    {"from", 0, "STEP", "begin at this step (key or id); earlier ones are skipped"},
		    {"verbose", 'v', NULL, "show commands and outputs of every step"}},
	.examples = "  standin run runbooks/mail/failover.yaml --input source=mail1\n"
		    "  standin run failover.yaml --plan plan.json\n"
		    "  standin run /srv/runbooks.git//mail/failover.yaml@main\n"
		    "  standin run failover.yaml --yes -o json          # a stream of the journal's records\n",
	.least = 1,
	.most = 1,
	.run = run,
};
