/*
 * manifest.h - one plugin.yaml as a struct plugin. What plugins.h promises about several of them is put together from it.
 */
#pragma once

#include "engine/plugin/command.h"
#include "engine/plugin/plugins.h"
#include "engine/runbook/fields.h"

/* What is known while a manifest is read. */
struct manifest {
	struct fields fields;
	const struct plugin *plugin;
};

/* Everything in the arena. -1: errors among the diagnostics, *plugin is of no use. folder: the name that it must have. */
int manifest_read(struct arena *arena, const char *folder, const struct source *source, struct plugin *plugin,
		  struct diagnostics *diagnostics);

/* manifest_command.c: the command from its map; complains about what cannot be compiled. */
struct action_command *manifest_command(const struct manifest *manifest, const struct value *map);

/* manifest_check.c: what the schema cannot say about an action whose templates compile: names, attributes, secrets, kinds. */
void manifest_check(const struct manifest *manifest, const struct action *action, const struct value *document);

/* An error with that rule; returned for hints. */
struct diagnostic *manifest_error(const struct manifest *manifest, const char *rule, struct span at, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* The keys of a map (NULL: none) as NULL-terminated words, for suggestions and look-ups. */
const char *const *manifest_keys(struct arena *arena, const struct value *map, size_t *ret_count);
bool manifest_has(const char *const *words, const char *word); /* words may be NULL */
/* Keys of an input's or output's schema that are Standin's, not JSON Schema's. */
extern const char *const manifest_own_keys[];
