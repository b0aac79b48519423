/*
 * run_fixture.h - a state directory in a scratch folder, and runs in it, for the tests of the run store.
 */
#pragma once

#include "engine/journal/run_store.h"
#include "tests/unit/journal/journal_fixture.h"

static inline struct run_store *store_in(const char *folder)
{
	CLEANUP_FREE char *path = file_join(folder, "state");
	struct error err = ERROR_NONE;
	struct run_store *store;
	assert_good(run_store_open(path, &store, &err), &err);
	return store;
}

static inline struct run *run_in(struct run_store *store)
{
	struct error err = ERROR_NONE;
	struct run *run;
	assert_good(run_create(store, &run, &err), &err);
	return run;
}

static inline const struct value *claim_of(struct arena *arena, const struct run *run, const char *opened)
{
	struct value *claim = value_map(arena), *operator= value_map(arena);
	value_put(arena, operator, "user", value_string(arena, "anna"));
	value_put(arena, operator, "host", value_string(arena, "ctl"));
	value_put(arena, claim, "run", value_string(arena, run->id));
	value_put(arena, claim, "opened", value_string(arena, opened));
	value_put(arena, claim, "operator", operator);
	value_put(arena, claim, "runbook", value_string(arena, "mail/failover"));
	return claim;
}

static inline int lock_as(struct run *run, const char *name, struct error *err)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	return run_lock(run, name, claim_of(arena, run, "2026-03-01T03:12:45.120Z"), err);
}

static inline void record(struct run *run, const char *kind)
{
	struct error err = ERROR_NONE;
	assert_good(journal_append(run->journal, kind, NULL, JOURNAL_SYNC, &err), &err);
}

/* A run as the engine makes one: opened in journal and index. */
static inline struct run *opened_run(struct run_store *store)
{
	struct error err = ERROR_NONE;
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct run *run = run_in(store);
	record(run, "run_opened");
	assert_good(run_index_opened(run, fields_with(arena, "runbook", "mail/failover"), &err), &err);
	return run;
}

static inline void finish_run(struct run *run)
{
	struct error err = ERROR_NONE;
	record(run, "note");
	record(run, "run_finished");
	assert_good(run_index_closed(run, "changed", &err), &err);
	assert_good(run_unlock_all(run, &err), &err);
	run_close(run);
}
