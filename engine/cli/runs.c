/*
 * runs.c - standin runs, show and report: what has been done.
 */
#include <string.h>

#include "engine/base/memory.h"
#include "engine/cli/audit_setup.h"
#include "engine/cli/verdict.h"
#include "engine/cli/runs.h"
#include "engine/journal/run_store.h"
#include "engine/report/report.h"

struct collection {
	struct arena *arena;
	struct value *records;
};

static bool collect(void *context, const struct value *record)
{
	struct collection *collection = context;
	value_append(collection->arena, collection->records, value_copy(collection->arena, record));
	return true;
}

static int read_records(struct run_store *store, const char *id, struct arena *arena, struct value **ret_records,
			struct error *err)
{
	CLEANUP_FREE char *path = run_journal_path(store, id);
	struct collection collection = {.arena = arena, .records = value_list(arena)};
	struct journal_torn torn;
	if (journal_read(path, collect, &collection, &torn, err) < 0)
		return -1;
	*ret_records = collection.records;
	return 0;
}

/* --- runs --- */

struct ends {
	struct arena *arena;
	const struct value *first;
	const struct value *last;
	const struct value *finished;
};

static bool note_ends(void *context, const struct value *record)
{
	struct ends *ends = context;
	const char *kind = value_get_text(record, "kind");
	if (strcmp(kind, "run_opened") == 0)
		ends->first = value_copy(ends->arena, record);
	else if (strcmp(kind, "run_finished") == 0 || strcmp(kind, "abandoned") == 0)
		ends->finished = value_copy(ends->arena, record);
	return true;
}

static const struct value *or_null(const struct value *value)
{
	return value ? value : value_null();
}

/* One that was killed before its first record has done nothing. */
static const char *outcome_word(const struct ends *ends, enum error_code unreadable)
{
	const char *outcome = value_get_text(ends->finished, "outcome");
	if (unreadable == ERROR_NOT_FOUND || (!unreadable && !ends->first && !ends->finished))
		return "not begun";
	if (unreadable)
		return "corrupt";
	return outcome ? outcome : ends->finished ? "abandoned" : "unfinished";
}

struct value *run_entry(struct run_store *store, const char *id, struct arena *arena)
{
	CLEANUP_FREE char *path = run_journal_path(store, id);
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct ends ends = {.arena = arena};
	struct journal_torn torn;
	struct value *entry = value_map(arena);
	bool readable = journal_read(path, note_ends, &ends, &torn, &err) == 0;
	value_put(arena, entry, "id", value_string(arena, id));
	value_put(arena, entry, "runbook", or_null(value_get(ends.first, "runbook")));
	value_put(arena, entry, "kind", or_null(value_get(ends.first, "runbook_kind")));
	value_put(arena, entry, "operator", or_null(value_get(value_get(ends.first, "operator"), "user")));
	value_put(arena, entry, "started", or_null(value_get(ends.first, "wall")));
	value_put(arena, entry, "outcome", value_string(arena, outcome_word(&ends, readable ? ERROR_OK : err.code)));
	value_put(arena, entry, "elapsed", or_null(value_get(ends.finished, "elapsed")));
	value_put(arena, entry, "waited", or_null(value_get(ends.finished, "waited")));
	value_put(arena, entry, "active", value_bool(run_is_active(store, id)));
	return entry;
}

static int list_runs(struct run_store *store, const struct options *options, struct error *err)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	char **ids;
	size_t count;
	struct value *entries = value_list(arena);
	if (run_list(store, &ids, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		value_append(arena, entries, run_entry(store, ids[i], arena));
		free(ids[i]);
	}
	free(ids);
	if (options->json) {
		print_value(entries);
		return 0;
	}
	CLEANUP_BUFFER struct buffer text = {0};
	struct report_style style = report_style_for(stdout);
	report_runs(&text, entries, &style);
	fputs(buffer_text(&text), stdout);
	return 0;
}

static int with_store(const struct verb *verb, int argc, char **argv,
		      int (*work)(struct run_store *store, const struct options *options, struct error *err))
{
	struct options options;
	struct run_store *store;
	struct error err = ERROR_NONE;
	int early = options_parse(verb, argc, argv, &options);
	if (early)
		return early - 1;
	if (run_store_open_existing(options_get(&options, "state"), &store, &err) < 0)
		return tell_error(&err);
	int result = work(store, &options, &err);
	run_store_close(store);
	return result < 0 ? tell_error(&err) : EXIT_FINE;
}

static int run_runs(const struct verb *verb, int argc, char **argv)
{
	return with_store(verb, argc, argv, list_runs);
}

/* --- show, report --- */

static void show_text(const struct value *records, const struct value *proof, bool verbose)
{
	CLEANUP_BUFFER struct buffer text = {0};
	struct report_style style = report_style_for(stdout);
	(void)proof;
	style.verbose = verbose;
	report_run(&text, records, &style);
	fputs(buffer_text(&text), stdout);
}

static void show_json(const struct value *records, const struct value *proof, bool verbose)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	const struct value *run = report_run_value(arena, records);
	struct value *all = value_map(arena);
	(void)verbose;
	for (size_t i = 0; i < run->map.count; i++)
		value_put_key(arena, all, run->map.entries[i].key, run->map.entries[i].value);
	value_put(arena, all, "verification", or_null(value_get(proof, "verdict")));
	print_value(all);
}

static void show_html(const struct value *records, const struct value *proof, bool verbose)
{
	CLEANUP_BUFFER struct buffer text = {0};
	(void)verbose;
	report_run_html(&text, records, proof);
	fputs(buffer_text(&text), stdout);
}

static const struct {
	const char *name;
	void (*show)(const struct value *records, const struct value *proof, bool verbose);
} formats[] = {{"text", show_text}, {"json", show_json}, {"html", show_html}};

static void show_as(const char *format, const struct value *records, const struct value *proof, bool verbose)
{
	for (size_t i = 0; i < COUNT_OF(formats); i++)
		if (strcmp(formats[i].name, format) == 0)
			formats[i].show(records, proof, verbose);
}

/* {whole, unproven, text, head, signature, anchor, verdict}: what report_run_html tells, and what is told as JSON. */
static void note_proof(void *context, const struct run_verdict *verdict)
{
	struct collection *collection = context;
	struct arena *arena = collection->arena;
	struct value *proof = collection->records;
	if (strcmp(verdict->id, CHECKPOINT_INDEX) == 0 || strcmp(verdict->id, "anchor") == 0) {
		if (verdict->problem)
			value_put(arena, proof, verdict->id, value_string(arena, verdict->problem));
		return;
	}
	CLEANUP_BUFFER struct buffer signature = {0}, anchor = {0};
	verdict_signature(&signature, verdict);
	verdict_anchor(&anchor, verdict);
	const char *said = verdict->problem ? verdict->problem
			   : verdict->tail  ? verdict->tail
					    : "each is the one that was written, none is missing";
	value_put(arena, proof, "whole", value_bool(!verdict->problem));
	value_put(arena, proof, "unproven", value_bool(!verdict->problem && verdict->tail));
	value_put(arena, proof, "text", value_printf(arena, "%llu records: %s", (unsigned long long)verdict->records, said));
	value_put(arena, proof, "signature", value_string(arena, buffer_text(&signature)));
	value_put(arena, proof, "anchor", value_string(arena, buffer_text(&anchor)));
	value_put(arena, proof, "verdict", verdict_value(arena, verdict));
}

static int prove(struct run_store *store, const struct options *options, const char *id, struct collection *proof,
		 struct error *err)
{
	struct audit_trust trust = {0};
	struct checkpoint_list anchors = {0};
	bool given = false;
	int result = audit_trust_load(options, &trust, err);
	if (result == 0)
		result = audit_anchors_load(options, &anchors, &given, err);
	if (result == 0) {
		struct run_verify_options wanted = {.id = id, .trust = &trust, .anchors = given ? &anchors : NULL};
		result = run_store_verify(store, &wanted, note_proof, proof, err);
	}
	checkpoint_list_free(&anchors);
	audit_trust_free(&trust);
	return result;
}

static int show_run(struct run_store *store, const struct options *options, struct error *err)
{
	const char *name = options->arguments_count ? options->arguments[0] : "latest";
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_FREE char *id = NULL;
	struct value *records;
	struct collection proof = {.arena = arena, .records = value_map(arena)};
	if (run_find(store, name, &id, err) < 0 || read_records(store, id, arena, &records, err) < 0 ||
	    prove(store, options, id, &proof, err) < 0)
		return -1;
	size_t count = records->list.count;
	const struct value *head = count ? value_get(records->list.items[count - 1], "hash") : NULL;
	value_put(arena, proof.records, "head", or_null(head));
	show_as(options->format, records, proof.records, options_has(options, "verbose"));
	return 0;
}

static int run_show(const struct verb *verb, int argc, char **argv)
{
	return with_store(verb, argc, argv, show_run);
}

const struct verb verb_runs = {
	.name = "runs",
	.usage = "[options]",
	.summary = "list the runs",
	.description = "Newest first: what was run, by whom, how it ended, how long it took. `unfinished` ones can be resumed "
		       "or abandoned.",
	.options = {OPTION_STATE, OPTION_OUTPUT},
	.examples = "  standin runs\n  standin runs -o json\n",
	.least = 0,
	.most = 0,
	.run = run_runs,
};

const struct verb verb_show = {
	.name = "show",
	.usage = "[RUN] [options]",
	.summary = "tell what a run did",
	.description = "Summary, timeline, then each step: before -> after, commands, errors, who answered what. Machine time "
		       "and waiting for people apart.",
	.options = {OPTION_STATE,
		    OPTION_ANCHOR,
		    OPTION_KEY,
		    {"output", 'o', "FORMAT", "text (default), json or html"},
		    {"verbose", 'v', NULL, "commands and outputs of every step"}},
	.formats = {"text", "json", "html"},
	.examples = "  standin show              # the latest run\n  standin show 20260301-031245-7f3a19c4 -v\n",
	.least = 0,
	.most = 1,
	.run = run_show,
};

const struct verb verb_report = {
	.name = "report",
	.usage = "[RUN] [options]",
	.summary = "a run as a page for those who were not there",
	.description = "One HTML page on stdout that needs nothing else, not even scripts: outcome, times against the "
		       "objectives, timeline, each "
		       "step with before -> after, commands and outputs, who answered what, and whether the journal verifies. "
		       "It can be "
		       "mailed, printed, and read on a phone.",
	.options = {OPTION_STATE, OPTION_ANCHOR, OPTION_KEY, {"output", 'o', "FORMAT", "html (default), text or json"}},
	.formats = {"html", "text", "json"},
	.examples = "  standin report >failover.html            # the latest run\n  standin report 20260301-031245-7f3a19c4 -o "
		    "text\n",
	.least = 0,
	.most = 1,
	.run = run_show,
};
