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

const struct value *operator_value(struct arena *arena)
{
	struct value *value = value_map(arena);
	char host[256] = "";
	uid_t uid = getuid();
	const char *sudo_user = getenv("SUDO_USER");
	struct passwd *entry = getpwuid(uid);
	gethostname(host, sizeof(host) - 1);
	value_put(arena, value, "user", value_string(arena, sudo_user ? sudo_user : entry ? entry->pw_name : "?"));
	value_put(arena, value, "uid", value_int(arena, uid));
	value_put(arena, value, "host", value_string(arena, host));
	value_put(arena, value, "pid", value_int(arena, getpid()));
	return value;
}

static const char *beside(struct arena *arena, const char *path, const char *name)
{
	const char *slash = path ? strrchr(path, '/') : NULL;
	return slash ? arena_printf(arena, "%.*s/%s", (int)(slash - path), path, name) : NULL;
}

/* Replication sets: those beside the runbook (or here), then those beside the inventory, but for names that the first ones
 * have. */
static int load_sets(struct loaded *loaded, const char *runbook_path)
{
	const char *first = beside(loaded->arena, runbook_path, "replica");
	const char *second = beside(loaded->arena, loaded->inventory_path, "replica");
	int result = replicas_read(loaded->arena, first ? first : "replica", loaded->inventory, &loaded->diagnostics);
	if (second && replicas_read(loaded->arena, second, loaded->inventory, &loaded->diagnostics) < 0)
		result = -1;
	return result;
}

static const char *find_inventory(struct arena *arena, const struct options *options, const char *runbook_path)
{
	const char *given = options_get(options, "inventory");
	if (!given)
		given = getenv("STANDIN_INVENTORY");
	if (given)
		return given;
	const char *places[] = {beside(arena, runbook_path, "inventory.yaml"), "inventory.yaml", "/etc/standin/inventory.yaml"};
	for (size_t i = 0; i < COUNT_OF(places); i++)
		if (places[i] && file_exists(places[i]))
			return places[i];
	return NULL;
}

int load_inventory(struct loaded *loaded, const struct options *options, const char *runbook_path, bool required)
{
	const struct source *source;
	const struct value *document;
	const char *path = find_inventory(loaded->arena, options, runbook_path);
	if (!path) {
		if (!required)
			return 0;
		struct diagnostic *diagnostic = diagnostics_add(&loaded->diagnostics, SEVERITY_ERROR, "inventory/missing",
								(struct span){0}, "there is no inventory");
		diagnostic_hint(&loaded->diagnostics, diagnostic,
				"name it with --inventory FILE, or put inventory.yaml beside the runbook");
		return -1;
	}
	if (document_read(loaded->arena, path, &source, &document, &loaded->diagnostics) < 0)
		return -1;
	loaded->inventory_path = path;
	loaded->inventory_text = arena_strndup(loaded->arena, source->text, source->length);
	loaded->inventory_length = source->length;
	if (inventory_from_value(loaded->arena, path, document, &loaded->inventory, &loaded->diagnostics) < 0)
		return -1;
	secrets_guard(loaded->inventory);
	return load_sets(loaded, runbook_path);
}

/* Those that came with this very program: in its source tree, or installed beside it. */
static const char *plugins_folder(struct arena *arena, const struct options *options)
{
	static const char *const nearby[] = {"plugins", "share/standin/plugins"};
	char own[PATH_MAX];
	const char *given = options_get(options, "plugins");
	if (!given)
		given = getenv("STANDIN_PLUGINS");
	if (given)
		return given;
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

int load_plugins(struct loaded *loaded, const struct options *options)
{
	return plugins_read(loaded->arena, plugins_folder(loaded->arena, options), &loaded->plugins, &loaded->diagnostics);
}

static int check_runbook(struct loaded *loaded)
{
	if (loaded->runbook) /* all that is wrong is told at once */
		runbook_check(loaded->runbook, loaded->plugins, &loaded->diagnostics);
	if (loaded->runbook)
		runbook_check_sets(loaded->runbook, loaded->plugins, loaded->inventory, &loaded->diagnostics);
	return loaded->diagnostics.errors ? -1 : 0;
}

int load_runbook(struct loaded *loaded, const char *path)
{
	runbook_read(loaded->arena, path, loaded->inventory, &loaded->runbook, &loaded->diagnostics);
	return check_runbook(loaded);
}

int load_runbook_source(struct loaded *loaded, const struct source *source)
{
	runbook_from_source(loaded->arena, source, loaded->inventory, NULL, &loaded->runbook, &loaded->diagnostics);
	return check_runbook(loaded);
}

int load_inputs(struct loaded *loaded, const struct value *given)
{
	struct execution *execution = &loaded->execution;
	execution->runbook = loaded->runbook;
	execution->inventory = loaded->inventory;
	execution->plugins = loaded->plugins;
	execution->given = given;
	execution->operator= operator_value(loaded->arena);
	execution->terminal = isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
	if (runbook_inputs(loaded->arena, loaded->runbook, loaded->inventory, given, &execution->inputs, &loaded->diagnostics) <
	    0)
		return -1;
	execution->digests = execute_digests(loaded->arena, execution, loaded->inventory_text, loaded->inventory_length);
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
	bool good = load_inventory(loaded, options, runbook_path, true) == 0 && load_plugins(loaded, options) == 0 &&
		    load_runbook(loaded, runbook_path) == 0 && load_inputs(loaded, given) == 0 &&
		    load_evidence(loaded, options) == 0;
	print_diagnostics(stderr, &loaded->diagnostics);
	return good ? 0 : EXIT_INVALID;
}
