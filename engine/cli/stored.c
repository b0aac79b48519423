/*
 * stored.c - an execution in its run directory, by content: what is resumed is what was begun, whatever happened to the files
 * since.
 */
#include <string.h>

#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "engine/cli/load.h"
#include "engine/document/document.h"
#include "engine/plan/check.h"
#include "engine/plugin/program.h"
#include "engine/runbook/replica.h"

static int put_content(struct arena *arena, struct run *run, const char *path, const char *text, size_t length,
		       const struct value **ret_entry, struct error *err)
{
	char digest[HASH_HEX_SIZE];
	if (run_content_put(run, text, length, digest, err) < 0)
		return -1;
	struct value *entry = value_map(arena);
	value_put(arena, entry, "path", value_string(arena, path));
	value_put(arena, entry, "sha256", value_string(arena, digest));
	*ret_entry = entry;
	return 0;
}

/* A process plugin's program is not kept by content, but known again. */
static const struct value *with_program(const struct loaded *loaded, const struct plugin *plugin, const struct value *content)
{
	char digest[HASH_HEX_SIZE];
	struct value *entry = value_map(loaded->arena);
	bool used = value_get(value_get(loaded->execution.digests, "plugins"), plugin->name);
	if (!plugin->program)
		return content;
	for (size_t i = 0; i < content->map.count; i++)
		value_put_key(loaded->arena, entry, content->map.entries[i].key, content->map.entries[i].value);
	value_put(loaded->arena, entry, "folder", value_string(loaded->arena, plugin->program->folder));
	if (used && program_digest(plugin->program, digest, NULL) == 0) {
		value_put(loaded->arena, entry, "program", value_string(loaded->arena, digest));
		plugin->program->digest = arena_strdup(loaded->arena, digest); /* nothing goes on with another one */
	}
	return entry;
}

static int put_plugins(const struct loaded *loaded, struct run *run, struct value *entries, struct error *err)
{
	for (size_t i = 0; i < loaded->plugins->count; i++) {
		const struct plugin *plugin = &loaded->plugins->items[i];
		const struct value *entry;
		if (put_content(loaded->arena, run, plugin->path, plugin->text, plugin->text_length, &entry, err) < 0)
			return -1;
		value_put(loaded->arena, entries, plugin->name, with_program(loaded, plugin, entry));
	}
	return 0;
}

static int put_called(const struct loaded *loaded, struct run *run, struct value *entries, struct error *err)
{
	for (size_t i = 0; i < loaded->runbook->called_count; i++) {
		const struct source *source = loaded->runbook->called[i]->source;
		const struct value *entry;
		if (put_content(loaded->arena, run, source->name, source->text, source->length, &entry, err) < 0)
			return -1;
		value_put(loaded->arena, entries, source->name, entry);
	}
	return 0;
}

static int put_sets(const struct loaded *loaded, struct run *run, struct value *entries, struct error *err)
{
	for (size_t i = 0; i < loaded->inventory->replicas_count; i++) {
		const struct replica *replica = &loaded->inventory->replicas[i];
		const struct value *entry;
		if (put_content(loaded->arena, run, replica->source->name, replica->source->text, replica->source->length,
				&entry, err) < 0)
			return -1;
		value_put(loaded->arena, entries, replica->name, entry);
	}
	return 0;
}

/* NULL: there is none, and none is written. */
static int put_source(struct arena *arena, struct run *run, const struct source *source, const struct value **ret_entry,
		      struct error *err)
{
	*ret_entry = value_null();
	return source ? put_content(arena, run, source->name, source->text, source->length, ret_entry, err) : 0;
}

int store_execution(const struct loaded *loaded, struct run *run, struct error *err)
{
	struct arena *arena = loaded->arena;
	const struct source *source = loaded->runbook->source;
	const struct execution *execution = &loaded->execution;
	const struct value *runbook, *inventory, *approvers, *revoked;
	struct value *plugins = value_map(arena), *called = value_map(arena), *manifest = value_map(arena),
		     *sets = value_map(arena);
	if (put_content(arena, run, source->name, source->text, source->length, &runbook, err) < 0 ||
	    put_content(arena, run, loaded->inventory_path, loaded->inventory_text, loaded->inventory_length, &inventory, err) <
		    0 ||
	    put_source(arena, run, execution->approvers, &approvers, err) < 0 ||
	    put_source(arena, run, execution->revoked, &revoked, err) < 0 || put_called(loaded, run, called, err) < 0 ||
	    put_plugins(loaded, run, plugins, err) < 0 || put_sets(loaded, run, sets, err) < 0)
		return -1;
	value_put(arena, manifest, "runbook", runbook);
	value_put(arena, manifest, "called", called);
	value_put(arena, manifest, "library", execution->library ? execution->library : value_null());
	value_put(arena, manifest, "evidence", execution->evidence ? execution->evidence : value_null());
	value_put(arena, manifest, "inventory", inventory);
	value_put(arena, manifest, "replicas", sets);
	value_put(arena, manifest, "plugins", plugins);
	value_put(arena, manifest, "approvers", approvers);
	value_put(arena, manifest, "revoked", revoked);
	value_put(arena, manifest, "inputs", execution->given);
	value_put(arena, manifest, "from", execution->from ? value_string(arena, execution->from) : value_null());
	value_put(arena, manifest, "plan", execution->plan ? execution->plan : value_null());
	return run_manifest_write(run, manifest, err);
}

static const struct source *get_source(struct loaded *loaded, const struct run *run, const struct value *entry,
				       struct error *err)
{
	CLEANUP_FREE char *text = NULL;
	size_t length;
	const char *digest = value_get_text(entry, "sha256"), *path = value_get_text(entry, "path");
	if (!digest || !path) {
		error_set(err, ERROR_CORRUPT, "the run directory does not say what was executed");
		return NULL;
	}
	if (run_content_get(run, digest, &text, &length, err) < 0)
		return NULL;
	return document_source(loaded->arena, path, text, length);
}

static int get_approvers(struct loaded *loaded, const struct run *run, const struct value *manifest, struct error *err)
{
	const struct value *approvers = value_get(manifest, "approvers"), *revoked = value_get(manifest, "revoked");
	if (value_is(approvers, VALUE_MAP) && !(loaded->execution.approvers = get_source(loaded, run, approvers, err)))
		return -1;
	if (value_is(revoked, VALUE_MAP) && !(loaded->execution.revoked = get_source(loaded, run, revoked, err)))
		return -1;
	return 0;
}

static int get_inventory(struct loaded *loaded, const struct run *run, const struct value *manifest, struct error *err)
{
	const struct value *document;
	const struct source *source = get_source(loaded, run, value_get(manifest, "inventory"), err);
	if (!source)
		return -1;
	loaded->inventory_path = source->name;
	loaded->inventory_text = (char *)source->text;
	loaded->inventory_length = source->length;
	if (document_parse(loaded->arena, source, &document, &loaded->diagnostics) < 0 ||
	    inventory_from_value(loaded->arena, source->name, document, &loaded->inventory, &loaded->diagnostics) < 0)
		return error_set(err, ERROR_INVALID, "the stored inventory does not validate with this version of standin");
	secrets_guard(loaded->inventory);
	return 0;
}

static int get_sets(struct loaded *loaded, const struct run *run, const struct value *manifest, struct error *err)
{
	const struct value *entries = value_get(manifest, "replicas");
	for (size_t i = 0; value_is(entries, VALUE_MAP) && i < entries->map.count; i++) {
		struct replica replica;
		const struct source *source = get_source(loaded, run, entries->map.entries[i].value, err);
		if (!source)
			return -1;
		if (replica_from_source(loaded->arena, source, loaded->inventory, &replica, &loaded->diagnostics) < 0)
			return error_set(err, ERROR_INVALID,
					 "the stored replication set %s does not validate with this version of standin",
					 source->name);
		replicas_add(loaded->arena, loaded->inventory, &replica);
	}
	return 0;
}

static int get_plugins(struct loaded *loaded, const struct run *run, const struct value *manifest, struct error *err)
{
	const struct value *entries = value_get(manifest, "plugins");
	size_t count = value_is(entries, VALUE_MAP) ? entries->map.count : 0;
	const char **names = arena_alloc(loaded->arena, (count + 1) * sizeof(*names));
	const char **texts = arena_alloc(loaded->arena, (count + 1) * sizeof(*texts));
	size_t *lengths = arena_alloc(loaded->arena, (count + 1) * sizeof(*lengths));
	for (size_t i = 0; i < count; i++) {
		const struct source *source = get_source(loaded, run, entries->map.entries[i].value, err);
		if (!source)
			return -1;
		names[i] = value_text(entries->map.entries[i].key);
		texts[i] = source->text;
		lengths[i] = source->length;
	}
	if (plugins_from_texts(loaded->arena, names, texts, lengths, count, &loaded->plugins, &loaded->diagnostics) < 0)
		return error_set(err, ERROR_INVALID, "the stored plugins do not validate with this version of standin");
	return 0;
}

struct stored_texts { /* the runbooks that are called, by the paths they had */
	struct loaded *loaded;
	const struct run *run;
	const struct value *entries;
};

static int read_stored(void *context, struct arena *arena, const char *path, const struct source **ret_source,
		       struct diagnostics *diagnostics)
{
	(void)arena;
	const struct stored_texts *stored = context;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	*ret_source = get_source(stored->loaded, stored->run, value_get(stored->entries, path), &err);
	if (*ret_source)
		return 0;
	diagnostics_add(diagnostics, SEVERITY_ERROR, "call/missing", (struct span){0}, "%s: %s", path, error_text(&err));
	return -1;
}

/* Where each program was found, and what it must still be: nothing is resumed with another one. */
static int place_programs(struct loaded *loaded, const struct value *manifest, struct error *err)
{
	const struct value *entries = value_get(manifest, "plugins");
	for (size_t i = 0; i < loaded->plugins->count; i++) {
		const struct plugin *plugin = &loaded->plugins->items[i];
		const struct value *entry = value_get(entries, plugin->name);
		if (!plugin->program)
			continue;
		plugin->program->folder =
			value_get_text(entry, "folder") ? value_get_text(entry, "folder") : plugin->program->folder;
		plugin->program->digest = value_get_text(entry, "program");
		if (program_check(plugin->program, err) < 0)
			return -1;
	}
	return 0;
}

static int get_runbook(struct loaded *loaded, const struct source *source, const struct tree *tree, struct error *err)
{
	if (runbook_from_source(loaded->arena, source, loaded->inventory, tree, &loaded->runbook, &loaded->diagnostics) < 0)
		return error_set(err, ERROR_INVALID, "the runbook %s does not validate", source->name);
	runbook_check(loaded->runbook, loaded->plugins, &loaded->diagnostics);
	if (loaded->diagnostics.errors)
		return error_set(err, ERROR_INVALID, "the runbook %s does not validate", source->name);
	return 0;
}

static const struct value *not_null(const struct value *value)
{
	return value && value->type != VALUE_NULL ? value : NULL;
}

/* The edited runbook, kept beside the one that the run began with: the journal says from which resume on it counts. */
static int amend(struct loaded *loaded, struct run *run, const char *name, const struct source **ret_source, struct error *err)
{
	if (load_version(loaded, name) < 0 ||
	    tree_open(&loaded->version->tree, loaded->arena, loaded->version->name, ret_source, &loaded->diagnostics) < 0)
		return error_set(err, ERROR_INVALID, "%s cannot be read", name);
	return put_content(loaded->arena, run, (*ret_source)->name, (*ret_source)->text, (*ret_source)->length,
			   &loaded->execution.amended, err);
}

/* What the edited runbook calls is kept as well, for a resume after this one. */
static int keep_called(struct loaded *loaded, struct run *run, struct error *err)
{
	struct value *called = value_map(loaded->arena);
	if (put_called(loaded, run, called, err) < 0)
		return -1;
	if (called->map.count)
		value_put(loaded->arena, (struct value *)loaded->execution.amended, "called", called);
	return 0;
}

int load_stored(struct loaded *loaded, struct run *run, const struct value *amended, const char *amend_path, struct error *err)
{
	const struct value *manifest;
	const struct source *source = NULL;
	if (run_manifest_read(run, loaded->arena, &manifest, err) < 0 || get_inventory(loaded, run, manifest, err) < 0 ||
	    get_sets(loaded, run, manifest, err) < 0 || get_plugins(loaded, run, manifest, err) < 0 ||
	    get_approvers(loaded, run, manifest, err) < 0 || place_programs(loaded, manifest, err) < 0)
		return -1;
	if (amend_path) {
		if (amend(loaded, run, amend_path, &source, err) < 0)
			return -1;
	} else {
		source = get_source(loaded, run, amended ? amended : value_get(manifest, "runbook"), err);
	}
	struct stored_texts stored = {.loaded = loaded, .run = run, .entries = value_get(manifest, "called")};
	if (value_get(amended, "called"))
		stored.entries = value_get(amended, "called");
	struct tree in_run = {.open = read_stored, .context = &stored};
	if (!source || get_runbook(loaded, source, amend_path ? &loaded->version->tree : &in_run, err) < 0 ||
	    (amend_path && keep_called(loaded, run, err) < 0))
		return -1;
	loaded->execution.evidence = not_null(value_get(manifest, "evidence"));
	loaded->execution.from = value_get_text(manifest, "from");
	loaded->execution.plan = amend_path || amended ? NULL : not_null(value_get(manifest, "plan"));
	if (!amend_path && !amended) {
		loaded->execution.library = not_null(value_get(manifest, "library"));
		if (value_get_text(loaded->execution.library, "rev"))
			loaded->execution.commit = value_get_text(loaded->execution.library, "commit");
	}
	const struct value *given = not_null(value_get(manifest, "inputs"));
	if (load_inputs(loaded, given ? given : value_map(loaded->arena)) < 0)
		return error_set(err, ERROR_INVALID, "the run's inputs do not fit the runbook");
	return 0;
}
