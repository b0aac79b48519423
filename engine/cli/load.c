/*
 * load.c - reading what a verb needs, from where people put it.
 */
#include "engine/cli/load.h"

#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "engine/document/document.h"
#include "engine/execute/evidence.h"
#include "engine/plan/check.h"
#include "engine/report/report.h"
#include "engine/runbook/replica.h"

#ifndef STANDIN_SHARE
#define STANDIN_SHARE "/usr/local/share/standin"
#endif

void loaded_init(struct loaded *loaded)
{
	*loaded = (struct loaded){.arena = arena_new()};
	diagnostics_init(&loaded->diagnostics, loaded->arena);
}

void loaded_free(struct loaded *loaded)
{
	version_close(loaded->version);
	arena_free(loaded->arena);
}

void print_diagnostics(FILE *out, struct diagnostics *diagnostics)
{
	CLEANUP_BUFFER struct buffer text = {0};
	if (!diagnostics->count)
		return;
	diagnostics_sort(diagnostics);
	diagnostics_print(&text, diagnostics, report_style_for(out).colour);
	fputs(buffer_text(&text), out);
}

/* Who stands behind sudo. Its variable is believed of root only, who could be anybody anyway; of others it is an invention. */
static const char *behind_sudo(void)
{
	return getuid() == 0 ? getenv("SUDO_USER") : NULL;
}

const struct value *operator_value(struct arena *arena)
{
	struct value *value = value_map(arena);
	char host[256] = "";
	uid_t uid = getuid();
	const char *sudo_user = behind_sudo();
	struct passwd *entry = getpwuid(uid);
	gethostname(host, sizeof(host) - 1);
	value_put(arena, value, "user", value_string(arena, sudo_user ? sudo_user : entry ? entry->pw_name : "?"));
	value_put(arena, value, "uid", value_int(arena, uid));
	value_put(arena, value, "host", value_string(arena, host));
	value_put(arena, value, "pid", value_int(arena, getpid()));
	return value;
}

int load_version(struct loaded *loaded, const char *name)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	if (version_open(loaded->arena, name, &loaded->version, &err) == 0)
		return 0;
	struct diagnostic *diagnostic = diagnostics_add(&loaded->diagnostics, SEVERITY_ERROR, "library/revision",
							(struct span){0}, "%s", error_text(&err));
	if (err.hint)
		diagnostic_hint(&loaded->diagnostics, diagnostic, "%s", err.hint);
	return -1;
}

/* A commit was named: what belongs to the runbook comes out of it as well. */
static bool of_commit(const struct loaded *loaded)
{
	return loaded->version && loaded->version->rev;
}

static const struct tree *tree_of(const struct loaded *loaded)
{
	return loaded->version ? &loaded->version->tree : &tree_of_files;
}

static const char *beside(struct arena *arena, const char *path, const char *name)
{
	const char *slash = path ? strrchr(path, '/') : NULL;
	return slash ? arena_printf(arena, "%.*s/%s", (int)(slash - path), path, name) : NULL;
}

/* Replication sets: those beside the runbook (or here), then those beside the inventory, but for names that the first ones
 * have. */
static int load_sets(struct loaded *loaded, const char *runbook_path, const struct tree *inventory_tree)
{
	struct arena *arena = loaded->arena;
	const char *first = beside(arena, loaded->version ? loaded->version->name : runbook_path, "replica");
	const char *second = beside(arena, loaded->inventory_path, "replica");
	if (!first)
		first = of_commit(loaded) ? version_inside(loaded->version, arena, "replica") : "replica";
	int result = replicas_read(arena, tree_of(loaded), first, loaded->inventory, &loaded->diagnostics);
	if (second && replicas_read(arena, inventory_tree, second, loaded->inventory, &loaded->diagnostics) < 0)
		result = -1;
	return result;
}

/* One that was given: it is the commit's if that is where its path leads; what lies elsewhere is no part of the repository. */
static const char *given_inventory(struct loaded *loaded, const char *given, const struct tree **ret_tree)
{
	const char *inside;
	*ret_tree = &tree_of_files;
	if (!of_commit(loaded) || !repository_path_of(loaded->version->repository, loaded->arena, given, &inside))
		return given;
	*ret_tree = tree_of(loaded);
	return version_inside(loaded->version, loaded->arena, inside);
}

static const char *find_inventory(struct loaded *loaded, const struct options *options, const char *runbook_path,
				  const struct tree **ret_tree)
{
	struct arena *arena = loaded->arena;
	const char *given = options_get(options, "inventory");
	if (!given)
		given = getenv("STANDIN_INVENTORY");
	if (given)
		return given_inventory(loaded, given, ret_tree);
	const char *top = of_commit(loaded) ? version_inside(loaded->version, arena, "inventory.yaml") : "inventory.yaml";
	const struct {
		const struct tree *tree;
		const char *path;
	} places[] = {
		{tree_of(loaded), beside(arena, loaded->version ? loaded->version->name : runbook_path, "inventory.yaml")},
		{tree_of(loaded), top},
		{&tree_of_files, "/etc/standin/inventory.yaml"}};
	for (size_t i = 0; i < COUNT_OF(places); i++) {
		*ret_tree = places[i].tree;
		if (places[i].path && tree_has(places[i].tree, places[i].path))
			return places[i].path;
	}
	return NULL;
}

int load_inventory(struct loaded *loaded, const struct options *options, const char *runbook_path, bool required)
{
	const struct source *source;
	const struct value *document;
	const struct tree *tree;
	const char *path = find_inventory(loaded, options, runbook_path, &tree);
	if (!path) {
		if (!required)
			return 0;
		struct diagnostic *diagnostic = diagnostics_add(&loaded->diagnostics, SEVERITY_ERROR, "inventory/missing",
								(struct span){0}, "there is no inventory");
		diagnostic_hint(&loaded->diagnostics, diagnostic,
				"name it with --inventory FILE, or put inventory.yaml beside the runbook");
		return -1;
	}
	if (tree_open(tree, loaded->arena, path, &source, &loaded->diagnostics) < 0 ||
	    document_parse(loaded->arena, source, &document, &loaded->diagnostics) < 0)
		return -1;
	loaded->inventory_path = path;
	loaded->inventory_text = arena_strndup(loaded->arena, source->text, source->length);
	loaded->inventory_length = source->length;
	if (inventory_from_value(loaded->arena, path, document, &loaded->inventory, &loaded->diagnostics) < 0)
		return -1;
	secrets_guard(loaded->inventory);
	return load_sets(loaded, runbook_path, tree);
}

/* Those that came with this very program: in its source tree, or installed beside it. */
static const char *shipped_plugins(struct arena *arena)
{
	static const char *const nearby[] = {"plugins", "share/standin/plugins"};
	char own[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", own, sizeof(own) - 1);
	for (char *slash = length > 0 ? memrchr(own, '/', (size_t)length) : NULL; slash && slash > own;
	     slash = memrchr(own, '/', (size_t)(slash - own))) {
		for (size_t i = 0; i < COUNT_OF(nearby); i++) {
			const char *folder = arena_printf(arena, "%.*s/%s", (int)(slash - own), own, nearby[i]);
			if (file_exists(arena_printf(arena, "%s/core/plugin.yaml", folder)))
				return folder;
		}
	}
	return STANDIN_SHARE "/plugins";
}

/* The repository's own manifests: out of the commit that was named; of a work tree unless other plugins were asked for. */
static bool has_own_plugins(const struct loaded *loaded, const char *given, const char *shipped, const char *own)
{
	CLEANUP_FREE char *one = realpath(shipped, NULL), *other = realpath(own, NULL);
	return of_commit(loaded) || (!given && other && (!one || strcmp(one, other) != 0));
}

static int check_runbook(struct loaded *loaded)
{
	if (loaded->runbook) /* all that is wrong is told at once */
		runbook_check(loaded->runbook, loaded->plugins, &loaded->diagnostics);
	if (loaded->runbook)
		runbook_check_sets(loaded->runbook, loaded->plugins, loaded->inventory, &loaded->diagnostics);
	return loaded->diagnostics.errors ? -1 : 0;
}

int load_plugins(struct loaded *loaded, const struct options *options)
{
	const char *given = options_get(options, "plugins");
	if (!given)
		given = getenv("STANDIN_PLUGINS");
	const char *shipped = given ? given : shipped_plugins(loaded->arena);
	struct plugins_place places[2];
	size_t count = 0;
	if (loaded->version && loaded->version->repository) {
		const char *own = version_inside(loaded->version, loaded->arena, "plugins");
		if (has_own_plugins(loaded, given, shipped, own))
			places[count++] = (struct plugins_place){tree_of(loaded), own, true};
	}
	places[count++] = (struct plugins_place){&tree_of_files, shipped, false};
	return plugins_read_from(loaded->arena, places, count, &loaded->plugins, &loaded->diagnostics);
}

int load_runbook(struct loaded *loaded, const char *name)
{
	const struct tree *tree = tree_of(loaded);
	const struct source *source;
	if (tree_open(tree, loaded->arena, loaded->version ? loaded->version->name : name, &source, &loaded->diagnostics) < 0)
		return -1;
	runbook_from_source(loaded->arena, source, loaded->inventory, tree, &loaded->runbook, &loaded->diagnostics);
	return check_runbook(loaded);
}

int load_runbook_source(struct loaded *loaded, const struct source *source)
{
	runbook_from_source(loaded->arena, source, loaded->inventory, &tree_of_files, &loaded->runbook, &loaded->diagnostics);
	return check_runbook(loaded);
}

struct sources { /* everything that is executed */
	struct arena *arena;
	const struct source **items;
	size_t count, capacity;
};

static void add_source(struct sources *sources, const struct source *source)
{
	*(const struct source **)arena_grow(sources->arena, &sources->items, &sources->count, &sources->capacity,
					    sizeof(*sources->items)) = source;
}

static void add_text(struct sources *sources, const char *name, const char *text, size_t length)
{
	struct source *source = ARENA_NEW(sources->arena, struct source);
	*source = (struct source){.name = name, .text = text, .length = length};
	add_source(sources, source);
}

/* Which version of which files will be executed. */
static void load_library(struct loaded *loaded)
{
	struct sources sources = {.arena = loaded->arena};
	const struct value *used = value_get(loaded->execution.digests, "plugins");
	if (!loaded->version)
		return;
	add_source(&sources, loaded->runbook->source);
	for (size_t i = 0; i < loaded->runbook->called_count; i++)
		add_source(&sources, loaded->runbook->called[i]->source);
	add_text(&sources, loaded->inventory_path, loaded->inventory_text, loaded->inventory_length);
	for (size_t i = 0; i < loaded->inventory->replicas_count; i++)
		add_source(&sources, loaded->inventory->replicas[i].source);
	for (size_t i = 0; i < loaded->plugins->count; i++) {
		const struct plugin *plugin = &loaded->plugins->items[i];
		if (value_get(used, plugin->name))
			add_text(&sources, plugin->path, plugin->text, plugin->text_length);
	}
	loaded->execution.library = version_value(loaded->version, loaded->arena, sources.items, sources.count);
}

int load_inputs(struct loaded *loaded, const struct value *given)
{
	struct execution *execution = &loaded->execution;
	execution->runbook = loaded->runbook;
	execution->inventory = loaded->inventory;
	execution->plugins = loaded->plugins;
	execution->given = given;
	execution->operator= operator_value(loaded->arena);
	if (of_commit(loaded))
		execution->commit = loaded->version->commit;
	execution->terminal = isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
	if (runbook_inputs(loaded->arena, loaded->runbook, loaded->inventory, given, &execution->inputs, &loaded->diagnostics) <
	    0)
		return -1;
	execution->digests = execute_digests(loaded->arena, execution, loaded->inventory_text, loaded->inventory_length);
	load_library(loaded);
	return 0;
}

/* Offline nothing is known of earlier runs either. */
static int load_evidence(struct loaded *loaded, const struct options *options)
{
	struct run_store *store;
	struct error err = ERROR_NONE;
	if (!evidence_wanted(loaded->runbook) || options_has(options, "offline"))
		return 0;
	int result = run_store_open(options_get(options, "state"), &store, &err);
	if (result == 0) {
		result = evidence_load(loaded->arena, store, loaded->runbook, &loaded->execution.evidence, &err);
		run_store_close(store);
	}
	if (result < 0) {
		struct diagnostic *diagnostic = diagnostics_add(&loaded->diagnostics, SEVERITY_ERROR, "evidence/missing",
								(struct span){0}, "%s", error_text(&err));
		if (err.hint)
			diagnostic_hint(&loaded->diagnostics, diagnostic, "%s", err.hint);
	}
	error_clear(&err);
	return result;
}

int load_all(struct loaded *loaded, const struct options *options, const char *runbook_path)
{
	const struct value *given;
	if (options_pairs(options, "input", loaded->arena, &given) < 0 ||
	    options_pairs(options, "answer", loaded->arena, &loaded->execution.answers) < 0)
		return EXIT_INVALID;
	bool good = load_version(loaded, runbook_path) == 0 && load_inventory(loaded, options, runbook_path, true) == 0 &&
		    load_plugins(loaded, options) == 0 && load_runbook(loaded, runbook_path) == 0 &&
		    load_inputs(loaded, given) == 0 && load_evidence(loaded, options) == 0;
	print_diagnostics(stderr, &loaded->diagnostics);
	return good ? 0 : EXIT_INVALID;
}
