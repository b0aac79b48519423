/*
 * manifest.c - a plugin.yaml as plugin and actions. Its shape has been checked against schemas/plugin.schema.json before
 * anything is read; commands are manifest_command.c's, mistakes in what they mean manifest_check.c's.
 */
#include "engine/plugin/manifest.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "engine/document/document.h"
#include "engine/plugin/program.h"
#include "engine/schema/product.h"

#define DEFAULT_TIMEOUT (120 * NSEC_PER_SEC)
#define DEFAULT_POLL	(500 * NSEC_PER_MSEC)

static const char *const kinds[] = {
	[ACTION_STATE] = "state", [ACTION_TASK] = "task", [ACTION_PROBE] = "probe", [ACTION_GATE] = "gate"};
static const char *const platforms[] = {[PLATFORM_LINUX] = "linux", [PLATFORM_WINDOWS] = "windows"};

const char *const manifest_own_keys[] = {"optional", "volatile", "relative", "host", "replica", NULL};

struct diagnostic *manifest_error(const struct manifest *manifest, const char *rule, struct span at, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	const char *message = arena_vprintf(manifest->fields.arena, format, args);
	va_end(args);
	return diagnostics_add(manifest->fields.diagnostics, SEVERITY_ERROR, rule, at, "%s", message);
}

const char *const *manifest_keys(struct arena *arena, const struct value *map, size_t *ret_count)
{
	size_t count = value_is(map, VALUE_MAP) ? map->map.count : 0;
	const char **keys = arena_alloc(arena, (count + 1) * sizeof(*keys));
	for (size_t i = 0; i < count; i++)
		keys[i] = value_text(map->map.entries[i].key);
	*ret_count = count;
	return keys;
}

bool manifest_has(const char *const *words, const char *word)
{
	for (size_t i = 0; words && words[i]; i++)
		if (strcmp(words[i], word) == 0)
			return true;
	return false;
}

static struct value *without_own_keys(struct arena *arena, const struct value *schema)
{
	struct value *plain = value_map(arena);
	plain->at = schema->at;
	for (size_t i = 0; i < schema->map.count; i++)
		if (!manifest_has(manifest_own_keys, value_text(schema->map.entries[i].key)))
			value_put_key(arena, plain, schema->map.entries[i].key, schema->map.entries[i].value);
	return plain;
}

/* Each schema of the map by itself, so that a mistake is told where it stands. */
static bool check_schemas(const struct manifest *manifest, const struct value *schemas)
{
	struct arena *arena = manifest->fields.arena;
	size_t errors = manifest->fields.diagnostics->errors;
	for (size_t i = 0; value_is(schemas, VALUE_MAP) && i < schemas->map.count; i++) {
		const struct value_entry *entry = &schemas->map.entries[i];
		const struct value *fallback = value_get(entry->value, "default");
		const struct schema_options options = {.path = "default"};
		CLEANUP_ERROR struct error err = ERROR_NONE;
		struct schema *schema;
		if (schema_compile(arena, without_own_keys(arena, entry->value), &schema, &err) < 0)
			manifest_error(manifest, "plugin/schema", entry->value->at, "'%s': %s", value_text(entry->key),
				       error_text(&err));
		else if (fallback)
			schema_check(schema, fallback, &options, manifest->fields.diagnostics);
	}
	return manifest->fields.diagnostics->errors == errors;
}

/* The schema of a map whose entries have these schemas. complete: what is neither optional nor has a default must be there, and
 * nothing that is not declared may. */
static struct schema *map_schema(const struct manifest *manifest, const struct value *schemas, bool complete)
{
	struct arena *arena = manifest->fields.arena;
	struct value *whole = value_map(arena), *properties = value_map(arena), *required = value_list(arena);
	if (!check_schemas(manifest, schemas))
		return NULL;
	for (size_t i = 0; value_is(schemas, VALUE_MAP) && i < schemas->map.count; i++) {
		const struct value_entry *entry = &schemas->map.entries[i];
		value_put_key(arena, properties, entry->key, without_own_keys(arena, entry->value));
		if (complete && !value_get(entry->value, "default") && !value_get_bool(entry->value, "optional", false))
			value_append(arena, required, entry->key);
	}
	value_put(arena, whole, "type", value_string(arena, "object"));
	value_put(arena, whole, "properties", properties);
	value_put(arena, whole, "required", required);
	value_put(arena, whole, "additionalProperties", value_bool(!complete));
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct schema *schema = NULL;
	if (schema_compile(arena, whole, &schema, &err) < 0)
		manifest_error(manifest, "plugin/schema", schemas ? schemas->at : (struct span){0}, "%s", error_text(&err));
	return schema;
}

static enum action_kind read_kind(const struct value *document)
{
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		if (value_is_text(value_get(document, "kind"), kinds[i]))
			return (enum action_kind)i;
	return ACTION_STATE; /* the schema admits no other word */
}

/* By the bits of enum action_role. */
static const char *const roles[] = {"fence", "delete_account", "take_name",    "data_gate", "promote",
				    "mount", "start",	       "client_check", "note"};

static unsigned role_of(const struct value *word)
{
	for (size_t i = 0; i < COUNT_OF(roles); i++)
		if (value_is_text(word, roles[i]))
			return 1u << i;
	return 0; /* the schema admits no other word */
}

static unsigned read_roles(const struct value *document)
{
	const struct value *role = value_get(document, "role");
	unsigned found = role_of(role);
	for (size_t i = 0; value_is(role, VALUE_LIST) && i < role->list.count; i++)
		found |= role_of(role->list.items[i]);
	return found;
}

static void read_event(const struct manifest *manifest, const struct value *event, struct action *action)
{
	if (!event)
		return;
	action->event_when = fields_template(&manifest->fields, event, "when");
	action->event_token = value_get_text(event, "token");
}

static struct action_command *read_part(const struct manifest *manifest, const struct value *platform, const char *part)
{
	const struct value *map = value_get(platform, part);
	return map ? manifest_command(manifest, map) : NULL;
}

static void read_platforms(const struct manifest *manifest, const struct value *document, struct action *action)
{
	for (size_t i = 0; i < COUNT_OF(platforms); i++) {
		const struct value *platform = value_get(document, platforms[i]);
		action->platforms[i].observe = read_part(manifest, platform, "observe");
		action->platforms[i].apply = read_part(manifest, platform, "apply");
		action->platforms[i].diagnose = read_part(manifest, platform, "diagnose");
	}
}

/* The inputs that name hosts, or replication sets: those marked so. */
static const char *const *marked_inputs(struct arena *arena, const struct value *inputs, const char *mark)
{
	const char **names = arena_alloc(arena, (inputs->map.count + 1) * sizeof(*names));
	size_t count = 0;
	for (size_t i = 0; i < inputs->map.count; i++)
		if (value_get_bool(inputs->map.entries[i].value, mark, false))
			names[count++] = value_text(inputs->map.entries[i].key);
	return names;
}

static void read_action(const struct manifest *manifest, const struct value_entry *entry, struct action *action)
{
	const struct fields *fields = &manifest->fields;
	const struct value *document = entry->value;
	action->plugin = manifest->plugin->name;
	action->name = arena_printf(fields->arena, "%s.%s", action->plugin, value_text(entry->key));
	action->summary = value_get_text(document, "summary");
	action->at = entry->key->at;
	action->kind = read_kind(document);
	action->roles = read_roles(document);
	action->effect = fields_template(fields, document, "effect");
	action->repeatable = fields_template(fields, document, "repeatable");
	action->inputs = value_get(document, "inputs");
	if (!action->inputs)
		action->inputs = value_map(fields->arena);
	action->inputs_schema = map_schema(manifest, action->inputs, true);
	action->outputs = value_get(document, "outputs");
	action->outputs_schema = map_schema(manifest, action->outputs, false);
	action->object = fields_template(fields, document, "object");
	action->desired = fields_template(fields, document, "desired");
	read_event(manifest, value_get(document, "event"), action);
	action->note = fields_template(fields, document, "note");
	action->leaves = fields_template(fields, document, "leaves");
	action->touches = fields_template(fields, document, "touches");
	action->via = fields_template(fields, document, "via");
	action->stable_for = fields_duration(fields, document, "stable_for", 0);
	action->timeout = fields_duration(fields, document, "timeout", DEFAULT_TIMEOUT);
	action->poll = fields_duration(fields, document, "poll", DEFAULT_POLL);
	action->secrets = fields_words(fields, document, "secrets");
	if (!action->secrets)
		action->secrets = arena_alloc(fields->arena, sizeof(*action->secrets));
	/* Of a plugin that is a process, an action with commands of its own is a manifest's like any other. */
	if (!value_get(document, "linux") && !value_get(document, "windows"))
		action->program = manifest->plugin->program;
	action->hosts = marked_inputs(fields->arena, action->inputs, "host");
	action->replicas = marked_inputs(fields->arena, action->inputs, "replica");
	read_platforms(manifest, document, action);
	manifest_check(manifest, action, document);
}

/* Absolute, so that it is found again whatever the working directory is then. */
static const char *folder_of(struct arena *arena, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *folder = slash ? arena_strndup(arena, path, (size_t)(slash - path)) : ".";
	CLEANUP_FREE char *absolute = realpath(folder, NULL);
	return absolute ? arena_strdup(arena, absolute) : folder;
}

static void read_process(const struct manifest *manifest, const struct value *process, struct plugin *plugin)
{
	static const char *const none[] = {NULL};
	struct plugin_program *program;
	if (!process)
		return;
	program = ARENA_NEW(manifest->fields.arena, struct plugin_program);
	program->plugin = plugin->name;
	program->folder = folder_of(manifest->fields.arena, plugin->path);
	program->argv = fields_words(&manifest->fields, process, "run");
	program->files = value_get(process, "files") ? fields_words(&manifest->fields, process, "files") : none;
	program->protocol = value_get_int(process, "protocol", 0);
	program->network = value_get_bool(process, "network", false);
	plugin->program = program;
}

static void check_folder(const struct manifest *manifest, const struct value *name, const char *folder)
{
	if (value_is_text(name, folder))
		return;
	struct diagnostic *diagnostic = manifest_error(manifest, "plugin/name", name->at,
						       "plugin '%s' stands in the folder '%s'", value_text(name), folder);
	diagnostic_hint(manifest->fields.diagnostics, diagnostic, "actions are found by the folder's name: write `plugin: %s`",
			folder);
}

int manifest_read(struct arena *arena, const char *folder, const struct source *source, struct plugin *plugin,
		  struct diagnostics *diagnostics)
{
	const struct value *document;
	size_t errors = diagnostics->errors;
	if (document_parse(arena, source, &document, diagnostics) < 0 ||
	    !schema_check(schema_product("plugin"), document, &(struct schema_options){0}, diagnostics))
		return -1;
	const struct manifest manifest = {.fields = {.arena = arena, .diagnostics = diagnostics}, .plugin = plugin};
	const struct value *actions = value_get(document, "actions");
	plugin->name = value_get_text(document, "plugin");
	plugin->summary = value_get_text(document, "summary");
	plugin->path = source->name;
	plugin->text = source->text;
	plugin->text_length = source->length;
	read_process(&manifest, value_get(document, "process"), plugin);
	plugin->actions_count = actions->map.count;
	plugin->actions = arena_alloc(arena, actions->map.count * sizeof(*plugin->actions));
	check_folder(&manifest, value_get(document, "plugin"), folder);
	for (size_t i = 0; i < actions->map.count; i++)
		read_action(&manifest, &actions->map.entries[i], &plugin->actions[i]);
	return diagnostics->errors > errors ? -1 : 0;
}
