/*
 * trap.h - where a bare expression or a sentence meets YAML's syntax, and the quoted form that is meant.
 *
 *     if: !failed                   a tag              if: '!failed'
 *     if: "a" in names              text after a quote if: '"a" in names'
 *     if: x ? 1 : 2                 ': ' is a mapping  if: 'x ? 1 : 2'
 *     if: x.contains(" #1")         a comment          if: 'x.contains(" #1")'
 *     {host: ${{ inputs.target }}}  '{' is a mapping   {host: '${{ inputs.target }}'}
 */
#pragma once

#include <stdbool.h>

#include "engine/document/diagnostic.h"

/* Something is wrong at place. If the value there is such a trap, says so with the fix and returns true. flow: inside { } or [
 * ]. */
bool trap_report(const struct source *source, size_t place, bool flow, struct diagnostics *diagnostics);

/* A plain scalar that a comment follows: an error if the '#' has cut a quote or bracket open. */
void trap_check_cut(const struct span *scalar, struct diagnostics *diagnostics);
