/*
 * verdict.h - what verifying said of a run, for people and machines.
 */
#pragma once

#include "engine/journal/run_verify.h"

/* In one line: "verified; signed by 1f2e... to its end; tail unproven: ...". */
void verdict_text(struct buffer *out, const struct run_verdict *verdict);
/* Who signed it, and which head was exported, a sentence each. */
void verdict_signature(struct buffer *out, const struct run_verdict *verdict);
void verdict_anchor(struct buffer *out, const struct run_verdict *verdict);
/* {run, records, verdict: verified|unproven|damaged, problem, record, tail, head, signed: {records, key, at, trusted} or null,
 *  anchored: {records, at} or null} */
const struct value *verdict_value(struct arena *arena, const struct run_verdict *verdict);
