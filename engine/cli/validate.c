/*
 * validate.c - standin validate: is a runbook right, as far as can be told without any host.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/base/file.h"
#include "engine/base/json.h"
#include "engine/base/memory.h"
#include "engine/cli/load.h"
#include "engine/document/document.h"

static const char *const severities[] = {[SEVERITY_ERROR] = "error", [SEVERITY_WARNING] = "warning", [SEVERITY_NOTE] = "note"};

static const struct value *diagnostic_value(struct arena *arena, const struct diagnostic *diagnostic)
{
	struct value *value = value_map(arena);
	value_put(arena, value, "severity", value_string(arena, severities[diagnostic->severity]));
	value_put(arena, value, "rule", value_string(arena, diagnostic->rule));
	value_put(arena, value, "message", value_string(arena, diagnostic->message));
	value_put(arena, value, "hint", diagnostic->hint ? value_string(arena, diagnostic->hint) : value_null());
	if (!diagnostic->at.source)
		return value;
	struct location place = source_locate(diagnostic->at.source, diagnostic->at.offset);
	value_put(arena, value, "file", value_string(arena, diagnostic->at.source->name));
	value_put(arena, value, "line", value_int(arena, place.line));
	value_put(arena, value, "column", value_int(arena, place.column));
	return value;
}

static void print_json(struct loaded *loaded, const char *path, struct value *list)
{
	struct value *entry = value_map(loaded->arena), *found = value_list(loaded->arena);
	diagnostics_sort(&loaded->diagnostics);
	for (size_t i = 0; i < loaded->diagnostics.count; i++)
		value_append(loaded->arena, found, diagnostic_value(loaded->arena, &loaded->diagnostics.items[i]));
	value_put(loaded->arena, entry, "path", value_string(loaded->arena, path));
	value_put(loaded->arena, entry, "valid", value_bool(loaded->diagnostics.errors == 0));
	value_put(loaded->arena, entry, "diagnostics", found);
	value_append(loaded->arena, list, entry);
}

enum document { DOCUMENT_RUNBOOK, DOCUMENT_INVENTORY, DOCUMENT_PLUGIN };

/* By a key that each of the others has, and a runbook has not. */
static const struct {
	const char *key;
	enum document document;
} others[] = {{"hosts", DOCUMENT_INVENTORY}, {"plugin", DOCUMENT_PLUGIN}};

static bool mentions_others(const char *text, size_t length)
{
	for (size_t i = 0; i < COUNT_OF(others); i++)
		if (memmem(text, length, others[i].key, strlen(others[i].key)))
			return true;
	return false;
}

static enum document document_of(const struct tree *tree, const char *path)
{
	struct loaded loaded;
	const struct source *source;
	const struct value *document = NULL;
	enum document found = DOCUMENT_RUNBOOK;
	if (strcmp(path, "-") == 0)
		return found;
	loaded_init(&loaded);
	bool read = tree_open(tree, loaded.arena, path, &source, &loaded.diagnostics) == 0 &&
		    mentions_others(source->text, source->length) && /* most are told by this */
		    document_parse(loaded.arena, source, &document, &loaded.diagnostics) == 0;
	for (size_t i = 0; read && !value_get(document, "runbook") && i < COUNT_OF(others); i++)
		if (value_get(document, others[i].key))
			found = others[i].document;
	loaded_free(&loaded);
	return found;
}

/* What runbooks in one folder have in common is read once, if nothing is wrong with it; else each tells what it is. */
struct common {
	struct loaded loaded;
	char *folder; /* owned; NULL: nothing is read yet */
};

static bool in_folder(const struct common *common, const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t length = slash ? (size_t)(slash - path) : 0;
	return common->folder && strlen(common->folder) == length && strncmp(common->folder, path, length) == 0;
}

static void common_free(struct common *common)
{
	if (common->folder)
		loaded_free(&common->loaded);
	free(take(common->folder));
}

static int load_common(struct common *common, struct loaded *loaded, const struct options *options, const char *path)
{
	if (loaded->version) { /* a commit's own */
		load_inventory(loaded, options, path, false);
		return load_plugins(loaded, options);
	}
	if (!in_folder(common, path)) {
		const char *slash = strrchr(path, '/');
		common_free(common);
		common->folder = memory_printf("%.*s", slash ? (int)(slash - path) : 0, path);
		loaded_init(&common->loaded);
		load_version(&common->loaded, path);
		load_inventory(&common->loaded, options, path, false);
		load_plugins(&common->loaded, options);
	}
	if (common->loaded.diagnostics.count) {
		load_inventory(loaded, options, path, false);
		return load_plugins(loaded, options);
	}
	loaded->inventory = common->loaded.inventory;
	loaded->plugins = common->loaded.plugins;
	return 0;
}

static void validate_document(struct common *common, struct loaded *loaded, const struct options *options, const char *name)
{
	const struct tree *tree = loaded->version ? &loaded->version->tree : &tree_of_files;
	const char *path = loaded->version ? loaded->version->name : name;
	switch (document_of(tree, path)) {
	case DOCUMENT_INVENTORY:
		inventory_read(loaded->arena, tree, path, &loaded->inventory, &loaded->diagnostics);
		break;
	case DOCUMENT_PLUGIN:
		plugin_read(loaded->arena, tree, path, &loaded->diagnostics);
		break;
	case DOCUMENT_RUNBOOK:
		if (load_common(common, loaded, options, name) == 0)
			load_runbook(loaded, name);
	}
}

static bool names_commit(const char *name)
{
	CLEANUP_FREE char *path = NULL;
	return version_rev_of(name, &path) != NULL;
}

static bool validate_one(struct common *common, const struct options *options, const char *path, bool json, struct arena *arena,
			 struct value *results)
{
	struct loaded loaded;
	loaded_init(&loaded);
	if (!names_commit(path) || load_version(&loaded, path) == 0)
		validate_document(common, &loaded, options, path);
	bool valid = loaded.diagnostics.errors == 0;
	if (json) {
		struct value *one = value_list(loaded.arena);
		print_json(&loaded, path, one);
		value_append(arena, results, value_copy(arena, one->list.items[0]));
	} else {
		print_diagnostics(stderr, &loaded.diagnostics);
		if (valid)
			print_safely(stdout, "%s: valid\n", path);
	}
	loaded_free(&loaded);
	return valid;
}

static int run(const struct verb *verb, int argc, char **argv)
{
	struct options options;
	bool valid = true;
	int early = options_parse(verb, argc, argv, &options);
	if (early)
		return early - 1;
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct value *results = value_list(arena);
	struct common common = {0};
	for (size_t i = 0; i < options.arguments_count; i++)
		valid &= validate_one(&common, &options, options.arguments[i], options.json, arena, results);
	common_free(&common);
	if (options.json) {
		CLEANUP_BUFFER struct buffer text = {0};
		json_format(&text, results, JSON_INDENTED);
		puts(buffer_text(&text));
	}
	return valid ? EXIT_FINE : EXIT_INVALID;
}

const struct verb verb_validate = {
	.name = "validate",
	.usage = "RUNBOOK... [options]",
	.summary = "check runbooks without touching any host",
	.description = "Reads each runbook (or inventory, or plugin.yaml), checks its shape, its names, its expressions, and "
		       "each step against "
		       "the action that it uses.\n"
		       "With an inventory (found or given), hosts and secrets are checked too. All problems are shown at "
		       "once." NAMES_OF_RUNBOOKS,
	.options = {OPTION_INVENTORY, OPTION_PLUGINS, OPTION_OUTPUT},
	.examples = "  standin validate runbooks/mail/*.yaml\n"
		    "  standin validate plugins/service/plugin.yaml\n"
		    "  standin validate -i lab.yaml -o json failover.yaml    # for a CI job\n",
	.least = 1,
	.most = ARGUMENTS_LIMIT,
	.run = run,
};
