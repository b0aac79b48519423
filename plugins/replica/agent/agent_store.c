/*
 * agent_store.c - verbs on a store: on the target, alone.
 */
#include "engine/base/memory.h"
#include "engine/base/value.h"
#include "plugins/replica/agent/account.h"
#include "plugins/replica/target/adopt.h"
#include "plugins/replica/agent/agent.h"
#include "plugins/replica/agent/home.h"
#include "plugins/replica/target/recovery.h"

static const char *state_of(const struct point *point)
{
	return !point->generation ? "mirroring" : point->promoted ? "promoted" : "ready";
}

/* checked: by what a promote knows that a device holds the point. */
static int print_store(const struct store *store)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct value *out = value_map(arena);
	value_put(arena, out, "set", value_string(arena, store->point.set));
	value_put(arena, out, "state", value_string(arena, state_of(&store->point)));
	account_store(arena, out, store);
	if (store->checked)
		value_put(arena, out, "checked", value_string(arena, store->checked));
	return agent_print(out);
}

int agent_store_status(const struct options *options)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct store store;
	if (store_look(options->store, &store, &err) < 0)
		return agent_fail(&err);
	print_store(&store);
	store_close(&store);
	return 0;
}

int agent_recover(const struct options *options)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct store store;
	if (recovery_open(options->store, &store, &err) < 0)
		return agent_fail(&err);
	print_store(&store);
	store_close(&store);
	return 0;
}

static int promote(const char *path, const struct options *options)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct store store;
	const struct promotion what = {.term = options->term, .number = options->point, .rehash = options->rehash};
	if (recovery_promote(path, &what, &store, &err) < 0)
		return agent_fail(&err);
	print_store(&store);
	store_close(&store);
	return 0;
}

int agent_store_promote(const struct options *options)
{
	return promote(options->store, options);
}

/* --- the points that there are --- */

int agent_store_points(const struct options *options)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct value *list = value_list(arena);
	if (account_points(options->store, arena, list, &err) < 0)
		return agent_fail(&err);
	for (size_t i = 0; i < list->list.count; i++)
		agent_print(list->list.items[i]);
	return 0;
}

/* --- the same by a set's name --- */

static int load_target(const struct options *options, struct arena *arena, struct set *ret_set, struct error *err)
{
	if (home_load(options->home, options->set, arena, ret_set, err) < 0)
		return -1;
	return ret_set->role == SET_TARGET
		       ? 0
		       : error_set(err, ERROR_INVALID, "this host is the source of the set %s: ask its target", options->set);
}

int agent_promote(const struct options *options)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct set set;
	return load_target(options, arena, &set, &err) < 0 ? agent_fail(&err) : promote(set.store, options);
}

int agent_points(const struct options *options)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct value *out = value_map(arena), *list = value_list(arena);
	struct set set;
	if (load_target(options, arena, &set, &err) < 0 || account_points(set.store, arena, list, &err) < 0)
		return agent_fail(&err);
	value_put(arena, out, "set", value_string(arena, set.name));
	value_put(arena, out, "points", list);
	return agent_print(out);
}

/* --- the other way --- */

static struct adoption adoption_of(const struct options *options)
{
	return (struct adoption){.path = options->root,
				 .store = options->store,
				 .place = options->place ? options->place : "",
				 .aside = options->aside,
				 .empty = options->empty};
}

int agent_adopt(const struct options *options)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	const struct adoption what = adoption_of(options);
	if (adopt(&what, &err) < 0)
		return agent_fail(&err);
	return agent_store_status(options);
}

int agent_release(const struct options *options)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_ERROR struct error err = ERROR_NONE;
	const struct adoption what = adoption_of(options);
	uint64_t kept;
	if (release(&what, &kept, &err) < 0)
		return agent_fail(&err);
	struct value *out = value_map(arena);
	value_put(arena, out, "root", value_string(arena, options->root));
	value_put(arena, out, "kept", value_int(arena, (int64_t)kept));
	return agent_print(out);
}
