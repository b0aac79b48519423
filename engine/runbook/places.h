/*
 * places.h - where `${{ }}` may stand in a runbook. The rest of it is read before anything is evaluated.
 */
#pragma once

#include "engine/base/value.h"
#include "engine/document/diagnostic.h"

/* false: there is one where none may be, and each is among the diagnostics. document may have any shape. */
bool places_check(const struct value *document, struct diagnostics *diagnostics);
