/*
 * silence.h - `lint: {ignore: [{rule, reason}]}` at a step, or at the runbook: a finding that stands there counts no longer.
 */
#pragma once

#include "engine/document/diagnostic.h"
#include "engine/runbook/runbook.h"

struct silenced {
	struct diagnostic diagnostic;
	const char *reason;
};

struct silenced_list {
	struct silenced *items;
	size_t count, capacity;
};

/* Moves the diagnostics that a silence covers to *ret_silenced (in the diagnostics' arena). A diagnostic belongs to the
 * innermost step that it stands in, else to the runbook. Silences that are wrong become diagnostics themselves; so do, of a
 * runbook that was linted, those that cover nothing. */
void silences_apply(const struct runbook *runbook, bool linted, struct diagnostics *diagnostics,
		    struct silenced_list *ret_silenced);
