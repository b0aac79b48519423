/*
 * schema.h - JSON Schema draft 2020-12 (https://json-schema.org/draft/2020-12) over values.
 *
 * A schema is compiled once from a value (which may come from YAML or JSON) and then checks any number of values. Whatever
 * breaks it becomes a diagnostic at the place where the value stands. A keyword that is not supported is an error when the
 * schema is compiled, never ignored. Annotations (title, description, default, examples, deprecated, readOnly, writeOnly,
 * $comment, format) are accepted.
 */
#pragma once

#include "engine/base/error.h"
#include "engine/base/value.h"
#include "engine/document/diagnostic.h"

struct schema;

/* The schema borrows value and the arena. -1: err says which keyword at which JSON pointer. */
int schema_compile(struct arena *arena, const struct value *value, struct schema **ret_schema, struct error *err);
/* Makes a further schema document known under its URI, for $ref, before compiling. */
struct schema_registry *schema_registry_new(struct arena *arena);
int schema_registry_add(struct schema_registry *registry, const char *uri, const struct value *value, struct error *err);
/* For the official test suite only: what the registry's schemas say with keywords that do not exist is ignored. */
void schema_registry_ignore_unknown_keywords(struct schema_registry *registry);
int schema_compile_with(struct arena *arena, const struct value *value, const struct schema_registry *registry,
			struct schema **ret_schema, struct error *err);

/* True if value conforms. Diagnostics may be NULL. Strings that are a `${{ }}` template conform to every type and to every
 * constraint when templates is true (their value is checked once it is known), and so do VALUE_UNKNOWN values always. `path` is
 * how messages name the value when it has no place ("with.name"). */
struct schema_options {
	bool templates;
	const char *path;
	const char *(*advise)(const char *key); /* what to write instead of a key that is not known, or NULL; may be NULL */
};
bool schema_check(const struct schema *schema, const struct value *value, const struct schema_options *options,
		  struct diagnostics *diagnostics);
