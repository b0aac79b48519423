/*
 * foreign.h - functions of other languages, and what is written here instead.
 */
#pragma once

/* What to write instead of a function or method that does not exist; NULL: none that people bring along. */
const char *foreign_function(const char *name);
/* The same for a field of what has none (x.length). */
const char *foreign_field(const char *name);
