/*
 * suggest.h - "did you mean".
 */
#pragma once

#include <stddef.h>

/* The candidate nearest to word by edit distance (with transpositions), or the only one that begins with it, or NULL if none is
 * near enough to be meant. */
const char *suggest(const char *word, const char *const *candidates, size_t count);
