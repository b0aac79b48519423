/*
 * audit.c - standin audit verify: is the journal what was written.
 */
#include <string.h>

#include "engine/base/memory.h"
#include "engine/cli/cli.h"
#include "engine/journal/run_store.h"

struct tally {
	bool quiet;
	size_t runs;
	size_t damaged;
};

static void report(void *context, const char *id, uint64_t records, const char *problem)
{
	struct tally *tally = context;
	bool unproven = problem && strcmp(problem, RUN_TAIL_UNPROVEN) == 0;
	tally->runs++;
	if (problem && !unproven)
		tally->damaged++;
	print_safely(stdout, "%-24s %6llu records  %s\n", id, (unsigned long long)records, problem ? problem : "verified");
}

static int run(const struct verb *verb, int argc, char **argv)
{
	struct options options;
	struct run_store *store;
	struct error err = ERROR_NONE;
	struct tally tally = {0};
	CLEANUP_FREE char *id = NULL;
	int early = options_parse(verb, argc, argv, &options);
	if (early)
		return early - 1;
	if (run_store_open(options_get(&options, "state"), &store, &err) < 0)
		return tell_error(&err);
	int result = options.arguments_count ? run_find(store, options.arguments[0], &id, &err) : 0;
	if (result == 0)
		result = run_store_verify(store, id, report, &tally, &err);
	run_store_close(store);
	if (result < 0)
		return tell_error(&err);
	return tally.damaged ? EXIT_CORRUPT : EXIT_FINE;
}

const struct verb verb_audit_verify = {
	.name = "audit verify",
	.usage = "[RUN] [options]",
	.summary = "check the chains of the journals",
	.description = "Each record holds the hash of the one before; the index holds each run's first and last. A changed, "
		       "removed, swapped or added\n"
		       "record is found and named. Of a run that is not closed the newest records could have been cut off: "
		       "\"tail unproven\".",
	.options = {OPTION_STATE},
	.examples = "  standin audit verify                    # all runs and the index\n  standin audit verify "
		    "20260301-031245-7f3a19c4\n",
	.least = 0,
	.most = 1,
	.run = run,
};
