/*
 * runs.h - one line of the list of runs, for whoever lists runs.
 */
#pragma once

#include "engine/cli/cli.h"
#include "engine/journal/run_store.h"

/* {id, runbook, kind, operator, started, outcome, elapsed, waited, active}, from the run's journal. */
struct value *run_entry(struct run_store *store, const char *id, struct arena *arena);
