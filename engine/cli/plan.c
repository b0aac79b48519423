/*
 * plan.c - standin plan: what a run would do, told before it is done.
 */
#include "engine/cli/load.h"
#include "engine/execute/forecast.h"
#include "engine/report/report.h"

static void print_plan(const struct value *plan, bool verbose)
{
	CLEANUP_BUFFER struct buffer text = {0};
	struct report_style style = report_style_for(stdout);
	style.verbose = verbose;
	report_plan(&text, plan, &style);
	fputs(buffer_text(&text), stdout);
}

/* Offline nothing is known of earlier runs either. Where there is no store, nothing has run: a plan does not make one. */
const struct value *plan_with_forecast(struct loaded *loaded, const struct options *options, const struct value *plan)
{
	struct run_store *store;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	const char *state = options_get(options, "state");
	struct forecast *forecast, none = {0};
	if (options_has(options, "offline"))
		return plan;
	if (!run_store_exists(state) || run_store_open(state, &store, &err) < 0)
		return forecast_plan(loaded->arena, &none, plan);
	forecast = forecast_load(loaded->arena, store, loaded->runbook->name, false);
	plan = forecast_plan(loaded->arena, forecast, plan);
	forecast_free(forecast);
	run_store_close(store);
	return plan;
}

static bool has_failed(const struct value *plan)
{
	return value_get_int(value_get(plan, "counts"), "fail", 0) > 0;
}

static int plan_loaded(struct loaded *loaded, const struct options *options)
{
	struct error err = ERROR_NONE;
	const struct value *plan;
	if (execute_plan(loaded->arena, &loaded->execution, options_has(options, "offline"), &plan, &err) < 0)
		return tell_error(&err);
	plan = plan_with_forecast(loaded, options, plan);
	if (options->json)
		print_value(plan);
	else
		print_plan(plan, options_has(options, "verbose"));
	return has_failed(plan) ? EXIT_FAILED : EXIT_FINE;
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
		permit_plan(&loaded, &options);
	if (result == 0)
		result = plan_loaded(&loaded, &options);
	loaded_free(&loaded);
	return result;
}

const struct verb verb_plan = {
	.name = "plan",
	.usage = "RUNBOOK [options]",
	.summary = "show what a run would do; change nothing",
	.description = "Observes the hosts read-only and shows each step: what is, what would be, the exact commands, and what "
		       "cannot be known\n"
		       "now. A later step is shown in the world that earlier ones will have made. How long each step "
		       "is likely to take is told from earlier runs that ended well\n"
		       "(median and 90th percentile; `?` where no run says), and whether the whole stays within the RTO. "
		       "Exit code 1 when a step would fail now." NAMES_OF_RUNBOOKS,
	.options = {OPTION_INPUT,
		    OPTION_INVENTORY,
		    OPTION_PLUGINS,
		    OPTION_STATE,
		    OPTION_OUTPUT,
		    OPTION_ALLOW_DIRTY,
		    {"offline", 0, NULL, "observe nothing: what is not known is shown as ?"},
		    {"verbose", 'v', NULL, "also the commands of observations, and of what is already so"}},
	.examples = "  standin plan runbooks/mail/failover.yaml\n"
		    "  standin plan failover.yaml --offline\n"
		    "  standin plan failover.yaml@v1.2                  # as it is in that tag\n"
		    "  standin plan failover.yaml -o json > plan.json   # have it reviewed, then:\n"
		    "  standin run failover.yaml --plan plan.json\n",
	.least = 1,
	.most = 1,
	.run = run,
};
