/*
 * actions.c - standin actions: what steps can use.
 */
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/memory.h"
#include "engine/cli/load.h"

static const char *const kinds[] = {
	[ACTION_STATE] = "state", [ACTION_TASK] = "task", [ACTION_PROBE] = "probe", [ACTION_GATE] = "gate"};

static const char *platforms_of(const struct action *action)
{
	if (action->program)
		return "process";
	bool on_linux = action->platforms[PLATFORM_LINUX].observe || action->platforms[PLATFORM_LINUX].apply;
	bool on_windows = action->platforms[PLATFORM_WINDOWS].observe || action->platforms[PLATFORM_WINDOWS].apply;
	return on_linux && on_windows ? "linux, windows" : on_linux ? "linux" : on_windows ? "windows" : "";
}

/* only: a plugin's name; NULL: all. False: there is nothing of that name. */
static bool print_list(const struct plugins *plugins, const char *only)
{
	bool found = false;
	for (size_t p = 0; p < plugins->count; p++)
		for (size_t i = 0; i < plugins->items[p].actions_count; i++) {
			if (only && strcmp(plugins->items[p].name, only) != 0)
				continue;
			found = true;
			const struct action *action = &plugins->items[p].actions[i];
			print_safely(stdout, "%-30s %-6s %-15s %s\n", action->name, kinds[action->kind], platforms_of(action),
				     action->summary ? action->summary : "");
		}
	return found;
}

static void print_inputs(struct arena *arena, const struct value *inputs)
{
	if (!value_is(inputs, VALUE_MAP) || !inputs->map.count)
		return;
	puts("\nInputs:");
	for (size_t i = 0; i < inputs->map.count; i++)
		print_safely(stdout, "  %-16s %s\n", value_text(inputs->map.entries[i].key),
			     json_text(arena, inputs->map.entries[i].value));
}

static int print_one(struct loaded *loaded, const char *name)
{
	const char *nearest = NULL;
	const struct action *action = plugins_find(loaded->plugins, name, &nearest);
	if (!action) {
		print_safely(stderr, "standin actions: there is no action '%s'\n", name);
		if (nearest)
			fprintf(stderr, "hint: did you mean '%s'?\n", nearest);
		return EXIT_INVALID;
	}
	print_safely(stdout, "%s - %s\n\nkind: %s\nplatforms: %s\n", action->name, action->summary ? action->summary : "",
		     kinds[action->kind], platforms_of(action));
	print_inputs(loaded->arena, action->inputs);
	if (value_is(action->outputs, VALUE_MAP) && action->outputs->map.count) {
		puts("\nOutputs:");
		for (size_t i = 0; i < action->outputs->map.count; i++)
			print_safely(stdout, "  %-16s %s\n", value_text(action->outputs->map.entries[i].key),
				     json_text(loaded->arena, action->outputs->map.entries[i].value));
	}
	const struct plugin *plugin = plugins_of(loaded->plugins, action);
	print_safely(stdout, "\nFrom: %s\n", plugin ? plugin->path : "?");
	return EXIT_FINE;
}

/* only: the name of a plugin or of an action; NULL: all. */
static const struct value *actions_value(struct arena *arena, const struct plugins *plugins, const char *only)
{
	struct value *list = value_list(arena);
	for (size_t p = 0; p < plugins->count; p++)
		for (size_t i = 0; i < plugins->items[p].actions_count; i++) {
			const struct action *action = &plugins->items[p].actions[i];
			if (only && strcmp(only, plugins->items[p].name) != 0 && strcmp(only, action->name) != 0)
				continue;
			struct value *entry = value_map(arena);
			value_put(arena, entry, "name", value_string(arena, action->name));
			value_put(arena, entry, "kind", value_string(arena, kinds[action->kind]));
			value_put(arena, entry, "summary", value_string(arena, action->summary));
			value_put(arena, entry, "platforms", value_string(arena, platforms_of(action)));
			value_put(arena, entry, "inputs", action->inputs ? action->inputs : value_null());
			value_put(arena, entry, "outputs", action->outputs ? action->outputs : value_null());
			value_append(arena, list, entry);
		}
	return list;
}

static int print_text(struct loaded *loaded, const char *name)
{
	return print_list(loaded->plugins, name) || !name ? EXIT_FINE : print_one(loaded, name);
}

static int print_json(struct loaded *loaded, const char *name)
{
	const struct value *list = actions_value(loaded->arena, loaded->plugins, name);
	if (name && !list->list.count)
		return print_one(loaded, name); /* says what was meant */
	puts(json_text(loaded->arena, list));
	return EXIT_FINE;
}

static int run(const struct verb *verb, int argc, char **argv)
{
	struct options options;
	struct loaded loaded;
	int early = options_parse(verb, argc, argv, &options);
	if (early)
		return early - 1;
	loaded_init(&loaded);
	int result = load_plugins(&loaded, &options) < 0 ? EXIT_INVALID : EXIT_FINE;
	print_diagnostics(stderr, &loaded.diagnostics);
	const char *name = options.arguments_count ? options.arguments[0] : NULL;
	if (result == EXIT_FINE)
		result = options.json ? print_json(&loaded, name) : print_text(&loaded, name);
	loaded_free(&loaded);
	return result;
}

const struct verb verb_actions = {
	.name = "actions",
	.usage = "[PLUGIN | ACTION] [options]",
	.summary = "list the actions that steps can use",
	.description =
		"Without an argument all of them; with a plugin, those of that one; with an action, its inputs and outputs.",
	.options = {OPTION_PLUGINS, OPTION_OUTPUT},
	.examples = "  standin actions\n  standin actions service\n  standin actions service.start\n",
	.least = 0,
	.most = 1,
	.run = run,
};
