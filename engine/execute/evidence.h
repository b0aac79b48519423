/*
 * evidence.h - what earlier, verified runs have left for this one: their outputs, what they observed before they changed it.
 */
#pragma once

#include "engine/journal/run_store.h"
#include "engine/runbook/runbook.h"

/* True if the runbook, or one that it calls, declares evidence. */
bool evidence_wanted(const struct runbook *runbook);

/* {runbook name: {evidence name: {run: {id, outcome, started}, inputs, outputs, steps: {ID: {outcome, outputs, before, after,
 * each}}}}}. Only runs that are finished, ended well, and whose journal verifies count. ERROR_NOT_FOUND names the runbook that
 * has to be run first. */
int evidence_load(struct arena *arena, struct run_store *store, const struct runbook *runbook,
		  const struct value **ret_evidence, struct error *err);
