/*
 * plugins.c - finding manifests and actions. What a manifest says is manifest.c's.
 */
#include "engine/plugin/plugins.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "engine/base/suggest.h"
#include "engine/document/document.h"
#include "engine/document/tree.h"
#include "engine/plugin/manifest.h"

#define MANIFEST "plugin.yaml"

/* Reads from source into the next place of plugins. */
static void add_plugin(struct arena *arena, struct plugins *plugins, const char *name, const struct source *source,
		       struct diagnostics *diagnostics)
{
	if (manifest_read(arena, name, source, &plugins->items[plugins->count], diagnostics) == 0)
		plugins->count++;
}

/* The name of the folder that a path lies in: of the real one, where the path is one of a file. */
static const char *folder_name(struct arena *arena, const char *path)
{
	CLEANUP_FREE char *whole = realpath(path, NULL);
	char *copy = arena_strdup(arena, whole ? whole : path);
	char *slash = strrchr(copy, '/');
	if (!slash)
		return "";
	*slash = '\0';
	return file_base_name(copy);
}

int plugin_read(struct arena *arena, const struct tree *tree, const char *path, struct diagnostics *diagnostics)
{
	const struct source *source;
	struct plugin plugin = {0};
	if (tree_open(tree, arena, path, &source, diagnostics) < 0)
		return -1;
	return manifest_read(arena, folder_name(arena, path), source, &plugin, diagnostics);
}

int plugins_from_texts(struct arena *arena, const char *const *names, const char *const *texts, const size_t *lengths,
		       size_t count, struct plugins **ret_plugins, struct diagnostics *diagnostics)
{
	struct plugins *plugins = ARENA_NEW(arena, struct plugins);
	plugins->items = arena_alloc(arena, (count + 1) * sizeof(*plugins->items));
	for (size_t i = 0; i < count; i++) {
		const char *path = arena_printf(arena, "plugins/%s/" MANIFEST, names[i]);
		add_plugin(arena, plugins, arena_strdup(arena, names[i]), document_source(arena, path, texts[i], lengths[i]),
			   diagnostics);
	}
	if (plugins->count < count)
		return -1;
	*ret_plugins = plugins;
	return 0;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* What is in any of the places, sorted, each once. */
static int list_names(struct arena *arena, const struct plugins_place *places, size_t count, const char ***ret_names,
		      size_t *ret_count, struct error *err)
{
	const char **names = NULL;
	size_t all = 0, capacity = 0, unique = 0;
	for (size_t i = 0; i < count; i++) {
		const char *const *found;
		size_t found_count;
		if (tree_list(places[i].tree, arena, places[i].folder, &found, &found_count, err) < 0)
			return -1;
		for (size_t k = 0; k < found_count; k++)
			*(const char **)arena_grow(arena, &names, &all, &capacity, sizeof(*names)) = found[k];
	}
	if (all)
		qsort(names, all, sizeof(*names), by_bytes);
	for (size_t i = 0; i < all; i++)
		if (!unique || strcmp(names[unique - 1], names[i]) != 0)
			names[unique++] = names[i];
	*ret_names = names;
	*ret_count = unique;
	return 0;
}

/* 1: it is read; 0: there is none here, for a folder without a manifest is no plugin; -1: something is wrong with it (told). */
static int read_here(struct arena *arena, const struct plugins_place *place, const char *name, struct plugins *plugins,
		     struct diagnostics *diagnostics)
{
	const char *path = arena_printf(arena, "%s/%s/" MANIFEST, place->folder, name);
	const struct source *source;
	size_t count = plugins->count;
	if (!tree_has(place->tree, path))
		return 0;
	if (tree_open(place->tree, arena, path, &source, diagnostics) < 0)
		return -1;
	add_plugin(arena, plugins, name, source, diagnostics);
	if (plugins->count == count)
		return -1;
	if (place->manifests_only && plugins->items[count].program)
		plugins->count = count;
	return plugins->count > count;
}

int plugins_read_from(struct arena *arena, const struct plugins_place *places, size_t count, struct plugins **ret_plugins,
		      struct diagnostics *diagnostics)
{
	const char **names;
	size_t names_count;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	if (list_names(arena, places, count, &names, &names_count, &err) < 0) {
		struct diagnostic *diagnostic = diagnostics_add(diagnostics, SEVERITY_ERROR, "plugin/read", (struct span){0},
								"the folder of plugins, %s", error_text(&err));
		diagnostic_hint(diagnostics, diagnostic, "say where the plugins are with --plugins");
		return -1;
	}
	struct plugins *plugins = ARENA_NEW(arena, struct plugins);
	plugins->items = arena_alloc(arena, (names_count + 1) * sizeof(*plugins->items));
	bool good = true;
	for (size_t i = 0; i < names_count; i++) {
		int read = 0;
		for (size_t k = 0; k < count && read == 0; k++)
			read = read_here(arena, &places[k], names[i], plugins, diagnostics);
		good = good && read >= 0;
	}
	if (!good)
		return -1;
	*ret_plugins = plugins;
	return 0;
}

int plugins_read(struct arena *arena, const char *folder, struct plugins **ret_plugins, struct diagnostics *diagnostics)
{
	const struct plugins_place place = {.tree = &tree_of_files, .folder = folder};
	return plugins_read_from(arena, &place, 1, ret_plugins, diagnostics);
}

static const char *nearest_action(const struct plugins *plugins, const char *name)
{
	size_t total = 0, count = 0;
	for (size_t p = 0; p < plugins->count; p++)
		total += plugins->items[p].actions_count;
	CLEANUP_FREE const char **names = memory_alloc((total + 1) * sizeof(*names));
	for (size_t p = 0; p < plugins->count; p++)
		for (size_t a = 0; a < plugins->items[p].actions_count; a++)
			names[count++] = plugins->items[p].actions[a].name;
	return suggest(name, names, count);
}

static const struct action *find_in(const struct plugin *plugin, const char *name)
{
	size_t length = strlen(plugin->name);
	if (strncmp(name, plugin->name, length) != 0 || name[length] != '.')
		return NULL;
	for (size_t i = 0; i < plugin->actions_count; i++)
		if (strcmp(plugin->actions[i].name + length, name + length) == 0)
			return &plugin->actions[i];
	return NULL;
}

const struct action *plugins_find(const struct plugins *plugins, const char *name, const char **ret_suggestion)
{
	const struct action *found = NULL;
	for (size_t i = 0; i < plugins->count && !found; i++)
		found = find_in(&plugins->items[i], name);
	if (found)
		return found;
	if (ret_suggestion)
		*ret_suggestion = nearest_action(plugins, name);
	return NULL;
}

const struct plugin *plugins_of(const struct plugins *plugins, const struct action *action)
{
	for (size_t p = 0; p < plugins->count; p++)
		if (action >= plugins->items[p].actions && action < plugins->items[p].actions + plugins->items[p].actions_count)
			return &plugins->items[p];
	return NULL;
}

/* One that was given, its default, or NULL: an optional one that was not given, or given as null. */
static const struct value *input_value(const struct value *schema, const struct value *given)
{
	bool optional = value_get_bool(schema, "optional", false);
	if (given && !(optional && given->type == VALUE_NULL))
		return given;
	return value_get(schema, "default");
}

const struct value *action_inputs(struct arena *arena, const struct action *action, const struct value *with)
{
	struct value *inputs = value_map(arena);
	for (size_t i = 0; i < action->inputs->map.count; i++) {
		const struct value_entry *entry = &action->inputs->map.entries[i];
		const struct value *value = input_value(entry->value, value_get(with, value_text(entry->key)));
		if (value)
			value_put(arena, inputs, value_text(entry->key), value);
	}
	/* What is not declared is kept, for inputs_schema to complain about. */
	for (size_t i = 0; value_is(with, VALUE_MAP) && i < with->map.count; i++) {
		const char *name = value_text(with->map.entries[i].key);
		if (!name || !value_get(action->inputs, name))
			value_put_key(arena, inputs, with->map.entries[i].key, with->map.entries[i].value);
	}
	return inputs;
}

bool action_is_volatile(const struct action *action, const char *attribute)
{
	return value_get_bool(value_get(action->outputs, attribute), "volatile", false);
}

bool action_input_may_be_secret(const struct action *action, const char *input)
{
	return manifest_has(action->secrets, input);
}
