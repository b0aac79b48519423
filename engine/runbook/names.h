/*
 * names.h - what a schema cannot see: ids that are unique, references that lead somewhere, names that do not hide each other.
 */
#pragma once

#include "engine/runbook/runbook.h"

void names_check(const struct runbook *runbook, const struct inventory *inventory, struct diagnostics *diagnostics);
