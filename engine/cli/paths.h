/*
 * paths.h - an argument that may be a folder, as the files that are meant.
 */
#pragma once

#include "engine/base/value.h"

/* A list of texts. A file (or what is not there: reading it will tell) is itself. A folder: every .yaml and .yml below it,
 * sorted, that has a key of ours (runbook, hosts or plugin) at the beginning of a line; nothing that begins with a dot is
 * entered. */
const struct value *paths_of(struct arena *arena, const char *argument);
