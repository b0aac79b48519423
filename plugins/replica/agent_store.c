/*
 * agent_store.c - verbs on a store: on the target, alone.
 */
#include "engine/base/memory.h"
#include "engine/base/value.h"
#include "plugins/replica/account.h"
#include "plugins/replica/adopt.h"
#include "plugins/replica/agent.h"
#include "plugins/replica/home.h"
#include "plugins/replica/recovery.h"

static const char *state_of(const struct point *point)
{
	return !point->generation ? "mirroring" : point->promoted ? "promoted" : "ready";
}

static int print_store(const struct store *store)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct value *out = value_map(arena);
	value_put(arena, out, "set", value_string(arena, store->point.set));
	value_put(arena, out, "state", value_string(arena, state_of(&store->point)));
	account_store(arena, out, store);
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

static int promote(const char *path, uint64_t term)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct store store;
	if (recovery_promote(path, term, &store, &err) < 0)
		return agent_fail(&err);
	print_store(&store);
	store_close(&store);
	return 0;
}

int agent_store_promote(const struct options *options)
{
	return promote(options->store, options->term);
}

int agent_promote(const struct options *options)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct set set;
	if (home_load(options->home, options->set, arena, &set, &err) < 0)
		return agent_fail(&err);
	if (set.role == SET_TARGET)
		return promote(set.store, options->term);
	error_set(&err, ERROR_INVALID, "this host is the source of the set %s: a promote is the target's", set.name);
	return agent_fail(&err);
}

/* --- the other way --- */

int agent_adopt(const struct options *options)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	if (adopt_folder(options->root, options->store, &err) < 0)
		return agent_fail(&err);
	return agent_store_status(options);
}

int agent_release(const struct options *options)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_ERROR struct error err = ERROR_NONE;
	uint64_t kept;
	if (release_folder(options->root, options->store, options->keep, &kept, &err) < 0)
		return agent_fail(&err);
	struct value *out = value_map(arena);
	value_put(arena, out, "root", value_string(arena, options->root));
	value_put(arena, out, "kept", value_int(arena, (int64_t)kept));
	return agent_print(out);
}
