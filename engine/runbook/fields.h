/*
 * fields.h - reading typed fields out of a checked document: missing ones give the default, wrong ones a diagnostic.
 */
#pragma once

#include "engine/document/diagnostic.h"
#include "engine/expression/template.h"

struct fields {
	struct arena *arena;
	struct diagnostics *diagnostics;
};

int64_t fields_duration(const struct fields *fields, const struct value *map, const char *key, int64_t fallback);
/* NULL when there is no such key, or it does not compile (told). */
struct template *fields_template(const struct fields *fields, const struct value *map, const char *key);
struct template *fields_condition(const struct fields *fields, const struct value *map, const char *key);
/* NULL-terminated array of the list's strings, or NULL. */
const char *const *fields_words(const struct fields *fields, const struct value *map, const char *key);
