/*
 * agent_work.c - verbs that work on an enrolled set at once, whether the agent runs for it or not.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "engine/base/utf8.h"
#include "engine/base/value.h"
#include "plugins/replica/agent/account.h"
#include "plugins/replica/agent/agent.h"
#include "plugins/replica/agent/lead.h"

#define PATHS_LIMIT 1000 /* that are named in an answer; the rest is counted */
#define BUSY_TIME   (60 * NSEC_PER_SEC)
#define LOOK_TIME   50 /* milliseconds */

/* What is told path by path, as two lists. */
struct paths {
	struct arena *arena;
	struct value *skipped, *differences;
};

/* NULL: there are enough of them. */
static struct value *note(struct paths *paths, struct value *list, const char *path, const char *key, const char *text)
{
	CLEANUP_BUFFER struct buffer repaired = {0};
	if (list->list.count >= PATHS_LIMIT)
		return NULL;
	utf8_append_repaired(&repaired, path, strlen(path));
	struct value *item = value_map(paths->arena);
	value_put(paths->arena, item, "path", value_string(paths->arena, buffer_text(&repaired)));
	value_put(paths->arena, item, key, value_string(paths->arena, text));
	value_append(paths->arena, list, item);
	return item;
}

static void on_skipped(void *argument, const char *path, const char *why)
{
	struct paths *paths = argument;
	note(paths, paths->skipped, path, "why", why);
}

static void on_difference(void *argument, const char *path, const char *what, uint64_t bytes)
{
	struct paths *paths = argument;
	struct value *item = strcmp(what, "orphan") == 0 ? NULL /* it is to be there */
							 : note(paths, paths->differences, path, "what", what);
	if (item && bytes)
		value_put(paths->arena, item, "bytes", value_int(paths->arena, (int64_t)bytes));
}

static int load_source(const struct options *options, struct arena *arena, struct set *ret_set, struct error *err)
{
	if (home_load(options->home, options->set, arena, ret_set, err) < 0)
		return -1;
	if (ret_set->role != SET_SOURCE)
		return error_set(err, ERROR_INVALID, "this host is the target of the set %s: ask its source", options->set);
	return 0;
}

/* One session at a time: who is at work here is waited for. Who is at work at the target (a session that was cut off, and does
 * not know it yet) only for a while. */
static int lead(const struct options *options, const struct set *set, enum lead_work work, const struct cycle_events *events,
		struct source_result *ret_result, struct error *err)
{
	CLEANUP_FREE char *lock = home_set_file(options->home, set->name, "leader");
	int64_t deadline = CLOCK_FOREVER;
	for (;;) {
		CLEANUP_ERROR struct error why = ERROR_NONE;
		if (lead_source(options->home, set, work, events, ret_result, &why) == 0)
			return 0;
		bool here = lock_holder(lock) > 0;
		if (here)
			deadline = CLOCK_FOREVER;
		else if (deadline == CLOCK_FOREVER)
			deadline = clock_boottime() + BUSY_TIME;
		if (why.code != ERROR_LOCKED || clock_boottime() > deadline) {
			error_move(err, &why);
			return -1;
		}
		poll(NULL, 0, LOOK_TIME);
	}
}

static const struct value *answer(const struct paths *paths, const struct source_result *result, bool verified)
{
	struct value *out = (struct value *)account_result(paths->arena, result); /* nobody else has it */
	value_put(paths->arena, out, "skipped_paths", paths->skipped);
	if (verified)
		value_put(paths->arena, out, "differences", paths->differences);
	return out;
}

static struct paths new_paths(struct arena *arena)
{
	return (struct paths){arena, value_list(arena), value_list(arena)};
}

int agent_sync(const struct options *options)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct paths paths = new_paths(arena);
	const struct cycle_events events = {
		.skipped = on_skipped, .difference = options->dry_run ? on_difference : NULL, .argument = &paths};
	struct source_result result;
	struct set set;
	if (load_source(options, arena, &set, &err) < 0 ||
	    lead(options, &set, options->dry_run ? LEAD_PLAN : LEAD_CYCLE, &events, &result, &err) < 0)
		return agent_fail(&err);
	return agent_print(answer(&paths, &result, options->dry_run));
}

int agent_verify(const struct options *options)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct paths paths = new_paths(arena);
	const struct cycle_events events = {.skipped = on_skipped, .difference = on_difference, .argument = &paths};
	struct source_result result;
	struct set set;
	enum lead_work work = options->promoted ? LEAD_LOOK : options->from_start ? LEAD_ANEW : LEAD_VERIFY;
	if (load_source(options, arena, &set, &err) < 0 || lead(options, &set, work, &events, &result, &err) < 0)
		return agent_fail(&err);
	bool differs = result.count.records > 0, repair = differs && options->repair && !options->promoted;
	if (repair && lead(options, &set, LEAD_REPAIR, &(struct cycle_events){0}, &result, &err) < 0)
		return agent_fail(&err);
	agent_print(answer(&paths, &result, true));
	return differs && !repair ? 3 : 0;
}
