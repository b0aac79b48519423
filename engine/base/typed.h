/*
 * typed.h - types that JSON has no word for, through JSON and back: what is written now must be the same value when another
 * process reads it. Not for what people or other programs read: json.h writes "90s" for them.
 *
 *   DURATION   {"$duration": [seconds, nanos]}   UINT   {"$uint": "number"}
 *   TIMESTAMP  {"$timestamp": [seconds, nanos]}  BYTES  {"$bytes": base64}
 *   a map with one such key: {"$map": {...}}
 *
 * A secret is never written: {"$secret": "•••"} comes back as an error that is secret (value_has_lost). Whoever computes with
 * it is told; nobody compares dots.
 */
#pragma once

#include "engine/base/value.h"

/* Both give the value itself where nothing is to be changed. */
const struct value *typed_mark(struct arena *arena, const struct value *value);
/* What no mark can be made of (written by somebody else) stays as it is. */
const struct value *typed_restore(struct arena *arena, const struct value *value);
