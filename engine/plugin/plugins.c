/*
 * plugins.c - finding manifests and actions. What a manifest says is manifest.c's.
 */
#include "engine/plugin/plugins.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "engine/base/suggest.h"
#include "engine/document/document.h"
#include "engine/plugin/manifest.h"

#define MANIFEST "plugin.yaml"

/* Reads from source into the next place of plugins. */
static void add_plugin(struct arena *arena, struct plugins *plugins, const char *name, const struct source *source,
		       struct diagnostics *diagnostics)
{
	if (manifest_read(arena, name, source, &plugins->items[plugins->count], diagnostics) == 0)
		plugins->count++;
}

int plugin_read(struct arena *arena, const char *path, struct diagnostics *diagnostics)
{
	const struct source *source;
	struct plugin plugin = {0};
	CLEANUP_FREE char *whole = realpath(path, NULL);
	char *slash = whole ? strrchr(whole, '/') : NULL;
	if (document_open(arena, path, &source, diagnostics) < 0)
		return -1;
	if (slash)
		*slash = '\0';
	const char *folder = slash ? strrchr(whole, '/') : NULL;
	return manifest_read(arena, arena_strdup(arena, folder ? folder + 1 : ""), source, &plugin, diagnostics);
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

static int by_bytes(const struct dirent **a, const struct dirent **b) /* the same everywhere, unlike alphasort */
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* False: it could not be read (told). A folder without a manifest is no plugin. */
static bool read_folder(struct arena *arena, const char *folder, const char *name, struct plugins *plugins,
			struct diagnostics *diagnostics)
{
	const char *path = arena_printf(arena, "%s/%s/" MANIFEST, folder, name);
	size_t count = plugins->count;
	CLEANUP_FREE char *text = NULL;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	size_t length;
	if (!file_exists(path))
		return true;
	if (file_read(path, DOCUMENT_SIZE_LIMIT, &text, &length, &err) < 0) {
		diagnostics_add(diagnostics, SEVERITY_ERROR, "plugin/read", (struct span){0}, "%s", error_text(&err));
		return false;
	}
	add_plugin(arena, plugins, arena_strdup(arena, name), document_source(arena, path, text, length), diagnostics);
	return plugins->count > count;
}

int plugins_read(struct arena *arena, const char *folder, struct plugins **ret_plugins, struct diagnostics *diagnostics)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, is_visible, by_bytes);
	if (count < 0) {
		struct diagnostic *diagnostic = diagnostics_add(diagnostics, SEVERITY_ERROR, "plugin/read", (struct span){0},
								"the folder of plugins, %s: %s", folder, strerror(errno));
		diagnostic_hint(diagnostics, diagnostic, "say where the plugins are with --plugins");
		return -1;
	}
	struct plugins *plugins = ARENA_NEW(arena, struct plugins);
	plugins->items = arena_alloc(arena, ((size_t)count + 1) * sizeof(*plugins->items));
	bool good = true;
	for (int i = 0; i < count; i++) {
		good = read_folder(arena, folder, entries[i]->d_name, plugins, diagnostics) && good;
		free(entries[i]);
	}
	free(entries);
	if (!good)
		return -1;
	*ret_plugins = plugins;
	return 0;
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

const struct action *plugins_find(const struct plugins *plugins, const char *name, const char **ret_suggestion)
{
	for (size_t p = 0; p < plugins->count; p++)
		for (size_t a = 0; a < plugins->items[p].actions_count; a++)
			if (strcmp(plugins->items[p].actions[a].name, name) == 0)
				return &plugins->items[p].actions[a];
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
