/*
 * agent_status.c - what this host knows of its sets: told by its files and locks alone, whether an agent runs or not.
 */
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "engine/base/value.h"
#include "plugins/replica/agent/account.h"
#include "plugins/replica/agent/agent.h"
#include "plugins/replica/agent/capability.h"
#include "plugins/replica/agent/history.h"
#include "plugins/replica/agent/home.h"

struct looking {
	struct arena *arena;
	const char *home;
	const struct set *set;
	char *folder;		    /* of the set; owned */
	const struct value *newest; /* session in the history, or NULL */
	struct value *out;
};

static void put(const struct looking *look, const char *key, const char *text)
{
	value_put(look->arena, look->out, key, value_string(look->arena, text));
}

static bool is_held(const char *folder, const char *name)
{
	CLEANUP_FREE char *path = file_join(folder, name);
	return lock_holder(path) > 0;
}

/* What keeps a session from being made, whichever end this is; NULL: nothing. */
static const char *state_asked_for(const struct looking *look)
{
	return home_is_disconnected(look->home, look->set)	  ? "disconnected"
	       : home_flag(look->home, look->set->name, "paused") ? "paused"
								  : NULL;
}

static bool has_failed(const struct looking *look)
{
	return value_is_text(value_get(look->newest, "result"), "failed");
}

static void put_progress(const struct looking *look)
{
	const struct value *progress = progress_read(look->folder, look->arena);
	if (progress)
		value_put(look->arena, look->out, "progress", progress);
}

static void put_failure(const struct looking *look)
{
	static const char *const fields[] = {"error", "hint", "code"};
	for (size_t i = 0; has_failed(look) && i < COUNT_OF(fields); i++)
		if (value_get(look->newest, fields[i]))
			value_put(look->arena, look->out, fields[i], value_get(look->newest, fields[i]));
}

/* --- a source knows of its last point by its history --- */

static void put_last(const struct looking *look, const struct value *last)
{
	static const char *const fields[] = {"generation", "point", "by", "unstable", "skipped"};
	for (size_t i = 0; i < COUNT_OF(fields); i++)
		if (value_get(last, fields[i]))
			value_put(look->arena, look->out, fields[i], value_get(last, fields[i]));
	const char *time = value_get_text(last, "point_time");
	int64_t wall;
	if (!time || clock_parse_wall(time, &wall) < 0)
		return;
	put(look, "time", time);
	value_put(look->arena, look->out, "age",
		  value_double(look->arena, (double)(clock_wall() - wall) / (double)NSEC_PER_SEC));
	put(look, "consistency", value_is_text(value_get(last, "by"), "none") ? "fuzzy" : "consistent");
}

static void look_at_source(const struct looking *look)
{
	const struct value *last = history_kept(look->folder, "last", look->arena);
	bool at_work = is_held(look->folder, "leader");
	const char *asked = state_asked_for(look);
	put(look, "state",
	    asked	       ? asked
	    : at_work && last  ? "cycle"
	    : at_work	       ? "mirroring"
	    : has_failed(look) ? "failed"
	    : last	       ? "idle"
			       : "mirroring");
	put_last(look, last);
	const struct value *verified = history_kept(look->folder, "verified", look->arena);
	if (verified) {
		value_put(look->arena, look->out, "verified", value_get(verified, "time"));
		value_put(look->arena, look->out, "differed", value_get(verified, "records"));
	}
	if (at_work)
		put_progress(look);
	put_failure(look);
}

/* --- a target, by its store --- */

/* Which there are to be promoted: what is told of all of them in one status is little of each. */
static void put_points(const struct looking *look)
{
	static const char *const fields[] = {"point", "time", "age", "consistency", "path"};
	struct value *all = value_list(look->arena), *list = value_list(look->arena);
	if (account_points(look->set->store, look->arena, all, NULL) < 0)
		return;
	for (size_t i = 0; i < all->list.count; i++) {
		struct value *point = value_map(look->arena);
		for (size_t j = 0; j < COUNT_OF(fields); j++)
			if (value_get(all->list.items[i], fields[j]))
				value_put(look->arena, point, fields[j], value_get(all->list.items[i], fields[j]));
		value_append(look->arena, list, point);
	}
	value_put(look->arena, look->out, "points", list);
}

static void look_at_target(const struct looking *look)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct store store;
	const char *asked = state_asked_for(look);
	put(look, "store", look->set->store);
	if (store_look(look->set->store, &store, &err) < 0) {
		put(look, "state", asked ? asked : err.code == ERROR_NOT_FOUND ? "mirroring" : "failed");
		if (err.code != ERROR_NOT_FOUND)
			put(look, "error", error_text(&err));
		return;
	}
	bool at_work = is_held(look->set->store, "lock");
	const struct point *point = &store.point;
	put(look, "state",
	    point->promoted	 ? "promoted"
	    : asked		 ? asked
	    : !point->generation ? "mirroring"
	    : at_work		 ? "cycle"
	    : has_failed(look)	 ? "failed"
				 : "idle");
	account_store(look->arena, look->out, &store);
	put_points(look);
	if (point->term < look->set->term) /* until the source has come with it */
		value_put(look->arena, look->out, "term", value_int(look->arena, (int64_t)look->set->term));
	if (at_work)
		put_progress(look);
	put_failure(look);
	store_close(&store);
}

static struct value *look_at(const char *home, const char *name, struct arena *arena, struct error *err)
{
	CLEANUP_ERROR struct error why = ERROR_NONE;
	CLEANUP_FREE char *folder = home_set_file(home, name, "");
	struct set set;
	struct value *out = value_map(arena), *newest;
	struct looking look = {arena, home, &set, folder, NULL, out};
	put(&look, "set", name);
	if (home_load(home, name, arena, &set, &why) < 0) {
		if (why.code != ERROR_NOT_FOUND) {
			error_move(err, &why);
			return NULL;
		}
		put(&look, "state", "none");
		return out;
	}
	if (history_read(folder, arena, 1, &newest, err) < 0)
		return NULL;
	look.newest = newest->list.count ? newest->list.items[0] : NULL;
	put(&look, "role", set_role_name(set.role));
	value_put(arena, out, "term", value_int(arena, (int64_t)set.term));
	CLEANUP_FREE char *run = home_set_file(home, name, "run");
	pid_t agent = lock_holder(run);
	const struct value *lacks = capability_lacks(arena, set.role, agent);
	value_put(arena, out, "running", value_bool(agent > 0));
	if (lacks->list.count)
		value_put(arena, out, "lacks", lacks);
	(set.role == SET_SOURCE ? look_at_source : look_at_target)(&look);
	return out;
}

static int look_at_all(const char *home, struct arena *arena, struct value *out, struct error *err)
{
	const char *const *names;
	size_t count;
	struct value *list = value_list(arena);
	if (home_sets(home, arena, &names, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct value *one = look_at(home, names[i], arena, err);
		if (!one)
			return -1;
		value_append(arena, list, one);
	}
	value_put(arena, out, "sets", list);
	return 0;
}

int agent_status(const struct options *options)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct value *out = value_map(arena);
	if (options->set)
		out = look_at(options->home, options->set, arena, &err);
	else if (look_at_all(options->home, arena, out, &err) < 0)
		out = NULL;
	return out ? agent_print(out) : agent_fail(&err);
}

int agent_history(const struct options *options)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_ERROR struct error err = ERROR_NONE;
	CLEANUP_FREE char *folder = home_set_file(options->home, options->set, "");
	struct value *out = value_map(arena), *sessions;
	struct set set;
	if (home_load(options->home, options->set, arena, &set, &err) < 0 ||
	    history_read(folder, arena, options->count, &sessions, &err) < 0)
		return agent_fail(&err);
	value_put(arena, out, "set", value_string(arena, set.name));
	value_put(arena, out, "sessions", sessions);
	return agent_print(out);
}
