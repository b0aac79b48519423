/*
 * fields.h - reading typed fields out of a checked document: missing ones give the default, wrong ones a diagnostic. What the
 * check has found wrong already is told once: here it counts as missing.
 */
#pragma once

#include "engine/document/diagnostic.h"
#include "engine/expression/template.h"

struct fields {
	struct arena *arena;
	struct diagnostics *diagnostics;
	size_t told_from, told_to; /* which of the diagnostics are about the document's shape */
};

/* Is something wrong with the shape of this very value? NULL: no. */
bool fields_told(const struct fields *fields, const struct value *value);
/* The same for a map and its keys. What is wrong deeper inside does not count. */
bool fields_told_of_map(const struct fields *fields, const struct value *map);

int64_t fields_duration(const struct fields *fields, const struct value *map, const char *key, int64_t fallback);
/* NULL when there is no such key, or it does not compile (told). */
struct template *fields_template(const struct fields *fields, const struct value *map, const char *key);
struct template *fields_condition(const struct fields *fields, const struct value *map, const char *key);
/* NULL-terminated array of the list's strings, or NULL. */
const char *const *fields_words(const struct fields *fields, const struct value *map, const char *key);
