/*
 * position.h - positions in strings, counted in code points. functions_search.c
 */
#pragma once

#include "engine/expression/evaluate.h"

#define POSITION_OUTSIDE ((size_t)-1)

/* The byte offset of a position, which may be the string's end; POSITION_OUTSIDE if it is negative or behind the end. */
size_t position_to_offset(const struct value *text, int64_t position);
const struct value *position_error(struct evaluation *evaluation, int64_t position, const struct value *text);
