/*
 * places.h - where `${{ }}` may stand in a runbook. The rest of it is read before anything is evaluated.
 */
#pragma once

#include "engine/base/value.h"
#include "engine/document/diagnostic.h"

/* Each one that stands where none may be becomes a diagnostic. document may have any shape. */
void places_check(const struct value *document, struct diagnostics *diagnostics);
