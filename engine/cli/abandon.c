/*
 * abandon.c - standin abandon: give up an unfinished run, so that others may have its lock.
 */
#include "engine/base/memory.h"
#include "engine/cli/audit_setup.h"
#include "engine/cli/load.h"
#include "engine/execute/history.h"

struct unfinished {
	struct arena *arena;
	struct table begun; /* step key -> "" while it is open */
	struct value *keys; /* all that were ever begun, in order */
	bool finished;
};

static bool note_step(void *context, const struct value *record)
{
	struct unfinished *unfinished = context;
	const char *kind = value_get_text(record, "kind"), *step = value_get_text(record, "step");
	if (value_is_text(value_get(record, "kind"), "run_finished") || value_is_text(value_get(record, "kind"), "abandoned"))
		unfinished->finished = true;
	if (!step || !kind)
		return true;
	if (value_is_text(value_get(record, "kind"), "step_started")) {
		table_put(&unfinished->begun, step, "open");
		value_append(unfinished->arena, unfinished->keys, value_string(unfinished->arena, step));
	} else if (value_is_text(value_get(record, "kind"), "step_finished")) {
		table_put(&unfinished->begun, step, NULL);
	}
	return true;
}

static const struct value *open_steps(const struct unfinished *unfinished)
{
	struct value *open = value_list(unfinished->arena);
	for (size_t i = 0; i < unfinished->keys->list.count; i++)
		if (table_get(&unfinished->begun, value_text(unfinished->keys->list.items[i])))
			value_append(unfinished->arena, open, unfinished->keys->list.items[i]);
	return open;
}

static int write_end(struct run *run, struct arena *arena, const char *reason, const struct value *open, struct error *err)
{
	struct value *fields = value_map(arena);
	value_put(arena, fields, "reason", value_string(arena, reason));
	value_put(arena, fields, "by", operator_value(arena));
	value_put(arena, fields, "unfinished", open);
	if (journal_append(run->journal, "abandoned", fields, JOURNAL_SYNC, err) < 0 || run_unlock_all(run, err) < 0)
		return -1;
	return run_index_closed(run, "abandoned", err);
}

/* What stands in `finally` is done for what was begun, once. Where it cannot be done the run is abandoned all the same, and
 * that is told. */
static void do_finally(struct run *run, const struct journal_torn *torn)
{
	struct loaded loaded;
	enum outcome outcome = OUTCOME_STOPPED;
	struct error err = ERROR_NONE;
	loaded_init(&loaded);
	int result = load_stored(&loaded, run, NULL, NULL, &err);
	loaded.execution.abandoning = true;
	loaded.execution.terminal = false;
	if (result == 0)
		result = execute_resume(&loaded.execution, run, torn, NULL, &outcome, &err);
	if (result < 0 || outcome == OUTCOME_STOPPED)
		fprintf(stderr, "standin abandon: what stands in `finally` was not (all) done: %s\n", error_text(&err));
	error_clear(&err);
	loaded_free(&loaded);
}

static int abandon(struct run_store *store, struct run *run, const struct journal_torn *cut, const char *reason,
		   struct error *err)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_FREE char *path = run_journal_path(store, run->id);
	struct unfinished unfinished = {.arena = arena, .keys = value_list(arena)};
	struct history *history;
	struct journal_torn torn;
	int result = journal_read(path, note_step, &unfinished, &torn, err);
	if (result == 0 && unfinished.finished)
		result = error_set(err, ERROR_INVALID, "run %s is finished already", run->id);
	if (result == 0)
		result = history_read(arena, path, &history, err);
	if (result == 0) {
		result = claims_retake(run, history->opened, false, err);
		if (result == 0 && history->opened)
			do_finally(run, cut);
		if (result == 0)
			result = write_end(run, arena, reason, open_steps(&unfinished), err);
		history_free(history);
	}
	table_free(&unfinished.begun);
	return result;
}

static int run(const struct verb *verb, int argc, char **argv)
{
	struct options options;
	struct run_store *store;
	struct run *run_handle;
	struct journal_torn torn;
	struct error err = ERROR_NONE;
	int early = options_parse(verb, argc, argv, &options);
	if (early)
		return early - 1;
	const char *reason = options_get(&options, "reason");
	if (!reason || !*reason) {
		fputs("standin abandon: a reason is needed; it is journaled\nhint: standin abandon RUN --reason '...'\n",
		      stderr);
		return EXIT_INVALID;
	}
	if (run_store_open_existing(options_get(&options, "state"), &store, &err) < 0)
		return tell_error(&err);
	struct audit_setup audit = {0};
	int result = audit_setup_load(store, &audit, &err);
	if (result == 0)
		result = run_open(store, options.arguments[0], &run_handle, &torn, &err);
	if (result == 0) {
		audit_begin(&audit, run_handle);
		result = abandon(store, run_handle, &torn, reason, &err);
		if (result == 0)
			printf("run %s is abandoned; its lock is free\n", run_handle->id);
		run_close(run_handle);
	}
	audit_setup_free(&audit);
	run_store_close(store);
	return result < 0 ? tell_error(&err) : EXIT_FINE;
}

const struct verb verb_abandon = {
	.name = "abandon",
	.usage = "RUN --reason TEXT [options]",
	.summary = "give up an unfinished run and free its lock",
	.description =
		"Nothing is undone and nothing is finished: whatever was begun stays as it is. What still runs of it on a host "
		"is ended, what\n"
		"stands in `finally` is done, once. The journal names the steps that were left open.\n"
		"There is no default for RUN and no short name, so that this is not done by mistake.",
	.options = {OPTION_STATE, {"reason", 'r', "TEXT", "why; it is journaled (required)"}},
	.examples = "  standin abandon 20260301-031245-7f3a19c4 --reason 'the target burnt as well'\n",
	.least = 1,
	.most = 1,
	.run = run,
};
