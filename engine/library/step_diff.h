/*
 * step_diff.h - what differs between two versions of a runbook, in terms of its steps.
 *
 * It compares what was written, as values: comments, order of keys, and layout do not count, and neither version has to be
 * valid. Steps belong together by id, else by being the same, else by what they do and are called, else by what they do.
 */
#pragma once

#include "engine/base/value.h"

/* before, after: the documents; NULL: there was none. {fields: [{field, before, after}], steps: [STEP]}.
 * STEP: {change: "added" "removed" "moved" "changed", before: key or null, after: key or null, depth, form: "step" "group"
 * "call", name, what (the action, or the runbook that is called; null for a group), fields}. A moved one may have changed as
 * well. In the order of `after`; what was removed stands where it stood. */
const struct value *step_diff(struct arena *arena, const struct value *before, const struct value *after);
