/*
 * text.h - which characters a YAML file may hold at all, looked at before it is parsed.
 */
#pragma once

#include <stdbool.h>

#include "engine/document/diagnostic.h"

/* False, with diagnostics, for too much text, invalid UTF-8, NUL, control and bidirectional characters, a byte order mark in
 * the middle, and the line separators that only YAML 1.1 knows. */
bool text_check(const struct source *source, struct diagnostics *diagnostics);
