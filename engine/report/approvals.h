/*
 * approvals.h - signed approvals in words. Internal to report/.
 */
#pragma once

#include "engine/base/buffer.h"
#include "engine/base/value.h"

/* "2 of alice@example.com, bob@example.com, by signature", of a `waiting` record; false: it wants no signatures. */
bool approvals_append_wanted(struct buffer *out, const struct value *waiting);
/* "alice@example.com (1 of 2), key SHA256:...", of an `approved` record. */
void approvals_append_given(struct buffer *out, const struct value *approved);
