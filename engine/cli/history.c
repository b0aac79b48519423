/*
 * history.c - standin history: which versions of a runbook there were, who signed them, and how they ran.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "engine/cli/load.h"
#include "engine/cli/runs.h"
#include "engine/library/log.h"
#include "engine/library/signature.h"
#include "engine/report/report.h"

struct history {
	struct loaded *loaded;
	struct arena *arena;
	const struct version *version;
	struct log_entry *entries;
	size_t count;
	struct value **runs;  /* of each entry: a list */
	struct value *others; /* runs of what is not in this history */
	struct run_store *store;
};

/* ----------------------------------------------------------------------------------------------------------------- runs */

/* The version that this run was of: the newest with that very file whose commit it contains. */
static struct value *runs_of(const struct history *history, const struct value *library)
{
	const char *blob = value_get_text(value_get(library, "files"), history->version->path);
	const char *commit = value_get_text(library, "commit");
	for (size_t i = 0; blob && commit && i < history->count; i++)
		if (strcmp(history->entries[i].blob, blob) == 0 &&
		    repository_descends(history->version->repository, commit, history->entries[i].commit, NULL) == 1)
			return history->runs[i];
	return history->others;
}

static bool note_run(void *context, const struct value *record)
{
	struct history *history = context;
	const struct value *library = value_get(record, "library");
	const char *id = value_get_text(record, "run");
	if (!value_is_text(value_get(record, "kind"), "run_opened") || !id || !version_is_run(history->version, library))
		return true;
	struct value *entry = run_entry(history->store, id, history->arena);
	const struct value *commit = value_get(library, "commit"), *changed = value_get(library, "changed");
	value_put(history->arena, entry, "commit", value_copy(history->arena, commit));
	value_put(history->arena, entry, "changed", value_copy(history->arena, changed));
	value_append(history->arena, runs_of(history, library), entry);
	return true;
}

static int collect_runs(struct history *history, const struct options *options, struct error *err)
{
	history->runs = arena_alloc(history->arena, (history->count + 1) * sizeof(*history->runs));
	history->others = value_list(history->arena);
	for (size_t i = 0; i < history->count; i++)
		history->runs[i] = value_list(history->arena);
	const char *state = options_get(options, "state");
	if (run_store_open_existing(state, &history->store, err) < 0) {
		if (state || getenv("STANDIN_STATE") || err->code != ERROR_NOT_FOUND)
			return -1;
		error_clear(err); /* who only reviews has run nothing here */
		return 0;
	}
	int result = run_index_visit(history->store, note_run, history, err);
	run_store_close(history->store);
	return result;
}

/* ------------------------------------------------------------------------------------------------------------- versions */

static const struct value *time_value(struct arena *arena, int64_t seconds)
{
	char text[CLOCK_TEXT_SIZE];
	clock_format_time(seconds, 0, text);
	return value_string(arena, text);
}

static int version_entry(const struct history *history, struct signers *signers, size_t index, struct value **ret_entry,
			 struct error *err)
{
	struct arena *arena = history->arena;
	const struct log_entry *entry = &history->entries[index];
	struct value *value = value_map(arena), *author = value_map(arena);
	struct signature signature;
	if (signature_of_commit(history->version->repository, signers, arena, entry->commit, &signature, err) < 0)
		return -1;
	value_put(arena, author, "name", value_string(arena, entry->author));
	value_put(arena, author, "email", value_string(arena, entry->email));
	value_put(arena, value, "commit", value_string(arena, entry->commit));
	value_put(arena, value, "blob", entry->blob[0] ? value_string(arena, entry->blob) : value_null());
	value_put(arena, value, "author", author);
	value_put(arena, value, "time", time_value(arena, entry->time));
	value_put(arena, value, "subject", value_string(arena, entry->subject));
	value_put(arena, value, "signature", signature_value(arena, &signature));
	value_put(arena, value, "runs", history->runs[index]);
	*ret_entry = value;
	return 0;
}

static int versions_value(struct history *history, struct value *list, struct error *err)
{
	struct policy *policy;
	struct signers *signers;
	/* What is wrong with the policy is told; the history is there without it. */
	policy_read(history->arena, history->version->repository, &policy, &history->loaded->diagnostics);
	if (signers_open(policy, &signers, err) < 0)
		return -1;
	int result = 0;
	for (size_t i = 0; i < history->count && result == 0; i++) {
		struct value *entry;
		result = version_entry(history, signers, i, &entry, err);
		if (result == 0)
			value_append(history->arena, list, entry);
	}
	signers_close(signers);
	return result;
}

static const struct value *or_null(struct arena *arena, const char *text)
{
	return text ? value_string(arena, text) : value_null();
}

static int history_value(struct history *history, const struct options *options, const struct value **ret_value,
			 struct error *err)
{
	struct arena *arena = history->arena;
	const struct version *version = history->version;
	struct value *value = value_map(arena), *versions = value_list(arena);
	const char *limit = options_get(options, "limit");
	if (!version->repository && version->problem)
		return error_set(err, ERROR_IO, "%s", version->problem);
	if (!version->repository)
		return error_set(err, ERROR_NOT_FOUND, "%s lies in no git repository, so it has no history", version->name);
	if (version->commit[0] &&
	    repository_log(version->repository, arena, version->commit, version->path,
			   limit ? (size_t)strtoul(limit, NULL, 10) : 0, &history->entries, &history->count, err) < 0)
		return -1;
	if (!history->count)
		return error_set(err, ERROR_NOT_FOUND, "no commit of the repository %s has a file %s",
				 repository_folder(version->repository), version->path);
	if (collect_runs(history, options, err) < 0 || versions_value(history, versions, err) < 0)
		return -1;
	value_put(arena, value, "repository", value_string(arena, repository_folder(version->repository)));
	value_put(arena, value, "path", value_string(arena, version->path));
	value_put(arena, value, "rev", or_null(arena, version->rev));
	value_put(arena, value, "commit", value_string(arena, version->commit));
	value_put(arena, value, "versions", versions);
	value_put(arena, value, "other_runs", history->others);
	*ret_value = value;
	return 0;
}

static void print_history(const struct value *value)
{
	CLEANUP_BUFFER struct buffer text = {0};
	struct report_style style = report_style_for(stdout);
	report_history(&text, value, &style);
	fputs(buffer_text(&text), stdout);
}

static int tell(struct loaded *loaded, const struct options *options)
{
	struct error err = ERROR_NONE;
	const struct value *value = NULL;
	struct history history = {.loaded = loaded, .arena = loaded->arena, .version = loaded->version};
	int result = history_value(&history, options, &value, &err);
	print_diagnostics(stderr, &loaded->diagnostics);
	if (result < 0)
		return tell_error(&err);
	(options->json ? print_value : print_history)(value);
	return EXIT_FINE;
}

static bool is_number(const char *text)
{
	return *text && strlen(text) < 10 && strspn(text, "0123456789") == strlen(text);
}

static int run(const struct verb *verb, int argc, char **argv)
{
	struct options options;
	struct loaded loaded;
	int early = options_parse(verb, argc, argv, &options);
	if (early)
		return early - 1;
	if (options_has(&options, "limit") && !is_number(options_get(&options, "limit"))) {
		print_safely(stderr, "standin history: --limit wants a number, not '%s'\n", options_get(&options, "limit"));
		return EXIT_INVALID;
	}
	loaded_init(&loaded);
	int result = EXIT_INVALID;
	if (load_version(&loaded, options.arguments[0]) == 0)
		result = tell(&loaded, &options);
	else
		print_diagnostics(stderr, &loaded.diagnostics);
	loaded_free(&loaded);
	return result;
}

const struct verb verb_history = {
	.name = "history",
	.usage = "RUNBOOK [options]",
	.summary = "the versions of a runbook, and how each ran",
	.description =
		"Newest first: each commit that changed the file, its author, whether it is signed by a key that the policy "
		"allows, and the\n"
		"runs of that version on this controller with outcome and duration. Without a revision it begins at HEAD. "
		"Runs of what is not\n"
		"in this history (never committed, or on another branch) come last.\n"
		"Exit codes: 0; 2 wrong usage, or a revision that is not there; 8 a file that lies in no repository, or runs "
		"that cannot be "
		"read.",
	.options = {OPTION_STATE, OPTION_OUTPUT, {"limit", 'n', "NUMBER", "at most so many versions"}},
	.examples = "  standin history runbooks/mail/failover.yaml\n"
		    "  standin history /srv/runbooks.git//mail/failover.yaml@main -n 5 -o json\n",
	.least = 1,
	.most = 1,
	.run = run,
};
