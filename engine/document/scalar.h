/*
 * scalar.h - what a plain (unquoted) scalar means: YAML 1.2, core schema.
 */
#pragma once

#include "engine/base/value.h"
#include "engine/document/diagnostic.h"

/* Always a value; what is refused (0777, an integer that needs more than 64 bits) becomes a string, with a diagnostic. */
const struct value *scalar_resolve(struct arena *arena, const char *text, size_t length, struct span at,
				   struct diagnostics *diagnostics);
