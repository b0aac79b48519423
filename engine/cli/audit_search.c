/*
 * audit_search.c - standin audit list, search and show: who did what to what, and when.
 */
#include <string.h>
#include <strings.h>
#include <time.h>

#include "engine/base/clock.h"
#include "engine/base/json.h"
#include "engine/base/memory.h"
#include "engine/base/period.h"
#include "engine/base/typed.h"
#include "engine/cli/cli.h"
#include "engine/journal/audit_search.h"

struct output {
	bool json;
	size_t count;	   /* of what was printed */
	size_t unreadable; /* journals that do not verify */
};

/* ---- what is looked for ---- */

static int parse_time(const struct options *options, const char *name, bool end, int64_t *ret_wall, struct error *err)
{
	const char *text = options_get(options, name);
	struct period period;
	if (!text)
		return 0;
	if (period_parse(text, clock_wall(), &period, err) < 0)
		return error_wrap(err, "--%s", name);
	*ret_wall = end ? period.end : period.begin;
	return 0;
}

/* Each of those that are given, with commas, is an outcome. */
static int check_outcomes(const char *given, bool of_run, struct error *err)
{
	static const char *const outcomes[] = {"ok",	  "changed",   "skipped",    "failed",
					       "unknown", "cancelled", "unfinished", "abandoned"};
	size_t count = COUNT_OF(outcomes) - !of_run; /* only runs are abandoned */
	for (const char *at = given; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
		CLEANUP_FREE char *one = memory_printf("%.*s", (int)strcspn(at, ","), at);
		bool known = false;
		for (size_t i = 0; i < count; i++)
			known |= strcasecmp(one, outcomes[i]) == 0;
		if (known)
			continue;
		error_set(err, ERROR_INVALID, "--outcome: '%s' is no outcome", one);
		return error_hint(err, "ok, changed, skipped, failed, unknown, cancelled, unfinished%s",
				  of_run ? ", abandoned" : "");
	}
	return 0;
}

static int read_filter(const struct options *options, struct audit_filter *ret_filter, struct error *err)
{
	*ret_filter = (struct audit_filter){.since = INT64_MIN,
					    .until = INT64_MAX,
					    .operator= options_get(options, "operator"),
					    .host = options_get(options, "host"),
					    .object = options_get(options, "object"),
					    .action = options_get(options, "action"),
					    .outcome = options_get(options, "outcome"),
					    .runbook = options_get(options, "runbook")};
	if (parse_time(options, "since", false, &ret_filter->since, err) < 0 ||
	    parse_time(options, "until", true, &ret_filter->until, err) < 0)
		return -1;
	if (ret_filter->since < ret_filter->until)
		return 0;
	error_set(err, ERROR_INVALID, "--since %s is after --until %s", options_get(options, "since"),
		  options_get(options, "until"));
	return error_hint(err, "nothing can lie between them");
}

/* ---- how it is told ---- */

/* As the clock here showed it, with its offset: what --since and --until mean. */
static void local_time(const char *wall, char ret_text[CLOCK_TEXT_SIZE])
{
	int64_t nanoseconds;
	struct tm tm;
	if (!wall || clock_parse_wall(wall, &nanoseconds) < 0) {
		snprintf(ret_text, CLOCK_TEXT_SIZE, "-");
		return;
	}
	time_t seconds = (time_t)(nanoseconds / NSEC_PER_SEC);
	strftime(ret_text, CLOCK_TEXT_SIZE, "%Y-%m-%d %H:%M:%S%z", localtime_r(&seconds, &tm));
}

static const char *text_or(const struct value *map, const char *key, const char *fallback)
{
	const char *text = value_get_text(map, key);
	return text ? text : fallback;
}

static void print_item(struct output *output, const struct value *item)
{
	CLEANUP_BUFFER struct buffer text = {0};
	json_format(&text, item, JSON_COMPACT);
	printf("%s\n  %s", output->count++ ? "," : "[", buffer_text(&text));
}

static void end_items(const struct output *output)
{
	if (output->json)
		puts(output->count ? "\n]" : "[]");
}

static void print_event(void *context, const struct value *event)
{
	struct output *output = context;
	char when[CLOCK_TEXT_SIZE];
	if (output->json) {
		print_item(output, event);
		return;
	}
	bool step = value_is_text(value_get(event, "kind"), "step");
	const char *what = step ? text_or(event, "name", "") : text_or(event, "text", text_or(event, "name", ""));
	local_time(value_get_text(event, "time"), when);
	if (!output->count++)
		printf("%-24s  %-16s  %-10s  %-10s  %-18s  %s\n", "TIME", "OPERATOR", "OUTCOME", "HOST", "ACTION",
		       "OBJECT, STEP, RUN AND RECORD");
	print_safely(stdout, "%-24s  %-16s  %-10s  %-10s  %-18s  %s%s%s  (%s %s#%lld)\n", when, text_or(event, "operator", "-"),
		     text_or(event, "outcome", "-"), text_or(event, "host", "-"),
		     step ? text_or(event, "action", "-") : text_or(event, "kind", "-"), text_or(event, "object", ""),
		     value_get_text(event, "object") ? "  " : "", what, text_or(event, "runbook", "?"),
		     text_or(event, "run", "?"), (long long)value_get_int(event, "record", 0));
}

static void print_run(void *context, const struct value *run)
{
	struct output *output = context;
	CLEANUP_BUFFER struct buffer hosts = {0};
	const struct value *list = value_get(run, "hosts");
	char when[CLOCK_TEXT_SIZE];
	if (output->json) {
		print_item(output, run);
		return;
	}
	for (size_t i = 0; i < list->list.count; i++)
		buffer_printf(&hosts, "%s%s", i ? ", " : "", value_text(list->list.items[i]));
	local_time(value_get_text(run, "started"), when);
	if (!output->count++)
		printf("%-24s  %-24s  %-20s  %-16s  %-10s  %6s  %s\n", "RUN", "STARTED", "RUNBOOK", "OPERATOR", "OUTCOME",
		       "EVENTS", "HOSTS");
	print_safely(stdout, "%-24s  %-24s  %-20s  %-16s  %-10s  %6lld  %s\n", text_or(run, "run", "?"), when,
		     text_or(run, "runbook", "-"), text_or(run, "operator", "-"), text_or(run, "outcome", "-"),
		     (long long)value_get_int(run, "events", 0), buffer_text(&hosts));
}

static void note_unreadable(void *context, const char *id, const struct error *err)
{
	struct output *output = context;
	output->unreadable++;
	print_safely(stderr, "standin: run %s is read up to where it does not verify: %s\n", id, error_text(err));
}

static int search(const struct options *options, const struct audit_filter *filter, const struct audit_visitor *visitor,
		  struct output *output)
{
	struct run_store *store;
	struct error err = ERROR_NONE;
	if (run_store_open_existing(options_get(options, "state"), &store, &err) < 0)
		return tell_error(&err);
	int result = audit_search(store, filter, visitor, &err);
	run_store_close(store);
	if (result < 0)
		return tell_error(&err);
	end_items(output);
	return output->unreadable ? EXIT_CORRUPT : EXIT_FINE;
}

static int run_search(const struct verb *verb, int argc, char **argv)
{
	struct options options;
	struct audit_filter filter;
	struct error err = ERROR_NONE;
	int early = options_parse(verb, argc, argv, &options);
	if (early)
		return early - 1;
	if (read_filter(&options, &filter, &err) < 0)
		return tell_error(&err);
	if (check_outcomes(filter.outcome, false, &err) < 0)
		return tell_error(&err);
	filter.text = options.arguments_count ? options.arguments[0] : NULL;
	struct output output = {.json = options.json};
	return search(&options, &filter,
		      &(struct audit_visitor){.event = print_event, .unreadable = note_unreadable, .context = &output},
		      &output);
}

static int run_list_runs(const struct verb *verb, int argc, char **argv)
{
	struct options options;
	struct audit_filter filter;
	struct error err = ERROR_NONE;
	int early = options_parse(verb, argc, argv, &options);
	if (early)
		return early - 1;
	if (read_filter(&options, &filter, &err) < 0)
		return tell_error(&err);
	if (check_outcomes(filter.outcome, true, &err) < 0)
		return tell_error(&err);
	filter.run_outcome = filter.outcome;
	filter.outcome = NULL;
	struct output output = {.json = options.json};
	return search(&options, &filter,
		      &(struct audit_visitor){.run = print_run, .unreadable = note_unreadable, .context = &output}, &output);
}

/* ---- audit show ---- */

struct showing {
	bool json;
	int64_t wanted; /* number of the record; 0: all */
	bool found;
};

/* What a record is about, apart from its kind and step. */
static const char *about(const struct value *record)
{
	static const char *const keys[] = {"name", "object", "runbook", "text", "message", "answer", "request", "reason"};
	for (size_t i = 0; i < COUNT_OF(keys); i++)
		if (value_get_text(record, keys[i]))
			return value_get_text(record, keys[i]);
	return "";
}

static bool show_record(void *context, const struct value *record)
{
	struct showing *showing = context;
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_BUFFER struct buffer text = {0};
	char when[CLOCK_TEXT_SIZE];
	int64_t number = value_get_int(record, "seq", 0);
	if (showing->wanted && number != showing->wanted)
		return true;
	showing->found = true;
	if (showing->json || showing->wanted) {
		json_format(&text, typed_mark(arena, record), showing->json ? JSON_COMPACT : JSON_INDENTED);
		puts(buffer_text(&text));
		return !showing->wanted;
	}
	const char *outcome = text_or(record, "outcome", ""), *what = about(record);
	local_time(value_get_text(record, "wall"), when);
	print_safely(stdout, "%6lld  %s  %-14s  %-12s%s%s%s%s\n", (long long)number, when, text_or(record, "kind", "?"),
		     text_or(record, "step", ""), *outcome ? "  " : "", outcome, *what ? "  " : "", what);
	return true;
}

static int show(struct run_store *store, const struct options *options, struct error *err)
{
	CLEANUP_FREE char *id = NULL;
	struct showing showing = {.json = options->json};
	char *end = NULL;
	const char *number = options->arguments_count > 1 ? options->arguments[1] : NULL;
	if (number)
		showing.wanted = strtoll(number, &end, 10);
	if (number && (*end || showing.wanted < 1))
		return error_set(err, ERROR_INVALID, "'%s' is no record's number", number);
	if (run_find(store, options->arguments[0], &id, err) < 0)
		return -1;
	CLEANUP_FREE char *path = run_journal_path(store, id);
	if (journal_read(path, show_record, &showing, NULL, err) < 0)
		return error_wrap(err, "run %s", id);
	return showing.found || !number ? 0 : error_set(err, ERROR_NOT_FOUND, "run %s has no record %s", id, number);
}

static int run_show(const struct verb *verb, int argc, char **argv)
{
	struct options options;
	struct run_store *store;
	struct error err = ERROR_NONE;
	int early = options_parse(verb, argc, argv, &options);
	if (early)
		return early - 1;
	if (run_store_open_existing(options_get(&options, "state"), &store, &err) < 0)
		return tell_error(&err);
	int result = show(store, &options, &err);
	run_store_close(store);
	return result < 0 ? tell_error(&err) : EXIT_FINE;
}

/* ---- the verbs ---- */

#define FILTERS                                                                                                                \
	OPTION_STATE, OPTION_OUTPUT,                                                                                           \
		{"since", 0, "TIME", "from its begin on: 2026-05, 2026-05-03, 2026-05-03T14:30, today, 7d"},                   \
		{"until", 0, "TIME", "to its end: --until 2026-05 has all of May"},                                            \
		{"operator", 0, "WHO", "a user, or user@host"},                                                                \
		{"host", 0, "HOST", "whom it was about, where it ran, or whom its object names"},                              \
		{"object", 0, "OBJECT", "a part of an object's key, or a pattern: 'service/*/postfix'"},                       \
		{"action", 0, "ACTION", "such as service.stop or 'service.*'"},                                                \
	{                                                                                                                      \
		"runbook", 0, "NAME", "a part of a runbook's name, or a pattern"                                               \
	}

#define TIMES                                                                                                                  \
	"Times are local (TZ) unless they end in Z or, with a time of day, in an offset such as +02:00; a part of a date is "  \
	"all of it.\n"

const struct verb verb_audit_search = {
	.name = "audit search",
	.usage = "[TEXT] [options]",
	.summary = "who did what to what, in all runs",
	.description =
		"Each step's attempt, and what people and runs did besides (opened, resumed, answered, requested, abandoned), "
		"oldest first. All options\n"
		"must fit; * ? [ ] are patterns, case does not matter. TEXT may stand anywhere in a record: names, commands, "
		"outputs, "
		"states, reasons.\n" TIMES
		"What is read is verified: a journal that does not verify is read up to there, and the exit code is 7. Else "
		"0, also if nothing\n"
		"fits; 2 for wrong usage.",
	.options = {FILTERS,
		    {"outcome", 0, "OUTCOME",
		     "ok, changed, skipped, failed, unknown, cancelled, unfinished; several with commas"}},
	.examples = "  standin audit search --host exch01 --since 2026-05 --until 2026-05     # who touched exch01 in May?\n"
		    "  standin audit search --object 'service/*/postfix' --outcome changed,failed --since 7d\n"
		    "  standin audit search 'connection refused' --operator anna -o json\n",
	.least = 0,
	.most = 1,
	.run = run_search,
};

const struct verb verb_audit_list = {
	.name = "audit list",
	.usage = "[options]",
	.summary = "the runs in which something was done that fits",
	.description = "Oldest first, with how many of its events fit and on which hosts. All options must fit one event; the "
		       "outcome is the "
		       "run's.\n" TIMES "Exit code 7 if a journal does not verify, else 0; 2 for wrong usage.",
	.options = {FILTERS,
		    {"outcome", 0, "OUTCOME", "of the run: changed, failed, abandoned, unfinished ...; several with commas"}},
	.examples = "  standin audit list --since 2026 --outcome failed,unknown\n"
		    "  standin audit list --host exch01 --operator anna -o json\n",
	.least = 0,
	.most = 0,
	.run = run_list_runs,
};

const struct verb verb_audit_show = {
	.name = "audit show",
	.usage = "RUN [RECORD] [options]",
	.summary = "the records of a run, as they stand in its journal",
	.description =
		"A line a record; with a number that one as JSON, whole. Each is verified as it is read. -o json: a record "
		"a line.\n"
		"Exit code 7 if the journal does not verify from some record on, 8 if there is no such run or record, 2 for "
		"wrong "
		"usage.",
	.options = {OPTION_STATE, OPTION_OUTPUT},
	.examples = "  standin audit show latest\n  standin audit show 20260301-031245-7f3a19c4 17\n",
	.least = 1,
	.most = 2,
	.run = run_show,
};
