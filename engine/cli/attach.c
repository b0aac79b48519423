/*
 * attach.c - standin attach: follow a run that another process works on.
 */
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/loop.h"
#include "engine/base/memory.h"
#include "engine/base/typed.h"
#include "engine/cli/cli.h"
#include "engine/journal/run_store.h"
#include "engine/report/report.h"

#define TICK (100 * NSEC_PER_MSEC)

struct watch {
	struct run_store *store;
	const char *id;
	bool json;
	struct run_view *view; /* NULL with json */
};

static void show(const struct watch *watch, const struct value *record)
{
	if (!watch->json) {
		run_view_record(watch->view, record);
		return;
	}
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_BUFFER struct buffer line = {0};
	json_format(&line, typed_mark(arena, record), JSON_COMPACT); /* as it stands in the journal */
	puts(buffer_text(&line));
	fflush(stdout);
}

static bool is_last(const struct value *record)
{
	const char *kind = value_get_text(record, "kind");
	return strcmp(kind, "run_finished") == 0 || strcmp(kind, "abandoned") == 0;
}

/* 0: it is finished; 1: nobody works on it any more. */
static int follow(const struct watch *watch, struct journal_tail *tail, struct error *err)
{
	const struct value *record;
	for (;;) {
		int got = journal_tail_next(tail, clock_boottime() + TICK, &record, err);
		if (got < 0)
			return -1;
		if (got > 0) {
			show(watch, record);
			if (is_last(record))
				return 0;
			continue;
		}
		if (watch->view)
			run_view_tick(watch->view);
		if (!run_is_active(watch->store, watch->id))
			return 1;
	}
}

static int attach(struct watch *watch, struct error *err)
{
	struct journal_tail *tail;
	CLEANUP_FREE char *path = run_journal_path(watch->store, watch->id);
	struct report_style style = report_style_for(stdout);
	if (journal_tail_open(path, &tail, err) < 0)
		return -1;
	if (!watch->json)
		watch->view = run_view_new(stdout, &style, style.terminal);
	int result = follow(watch, tail, err);
	if (watch->view) {
		run_view_end(watch->view);
		run_view_free(watch->view);
	}
	journal_tail_close(tail);
	return result;
}

static int run(const struct verb *verb, int argc, char **argv)
{
	struct options options;
	struct watch watch = {0};
	struct error err = ERROR_NONE;
	CLEANUP_FREE char *id = NULL;
	int early = options_parse(verb, argc, argv, &options);
	if (early)
		return early - 1;
	watch.json = options.json;
	if (run_store_open_existing(options_get(&options, "state"), &watch.store, &err) < 0)
		return tell_error(&err);
	int result = run_find(watch.store, options.arguments_count ? options.arguments[0] : "latest", &id, &err);
	if (result == 0) {
		watch.id = id;
		result = attach(&watch, &err);
	}
	run_store_close(watch.store);
	if (result < 0)
		return tell_error(&err);
	if (result > 0)
		print_safely(stderr, "standin: no process works on run %s\nhint: standin resume %s\n", id, id);
	return result > 0 ? EXIT_UNFINISHED : EXIT_FINE;
}

const struct verb verb_attach = {
	.name = "attach",
	.usage = "[RUN] [options]",
	.summary = "watch a run that goes on elsewhere",
	.description = "Shows the run from its beginning and then as it goes. Ctrl-C only stops watching. Questions are "
		       "answered with `standin answer`.",
	.options = {OPTION_STATE, OPTION_OUTPUT},
	.examples = "  standin attach            # the latest run\n  standin attach 20260301 -o json\n",
	.least = 0,
	.most = 1,
	.run = run,
};
