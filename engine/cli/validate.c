/*
 * validate.c - standin validate: is a runbook right, as far as can be told without any host.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/base/file.h"
#include "engine/base/json.h"
#include "engine/base/memory.h"
#include "engine/cli/load.h"
#include "engine/cli/paths.h"
#include "engine/cli/since.h"
#include "engine/document/document.h"
#include "engine/library/policy.h"
#include "engine/lint/findings.h"
#include "engine/lint/lint.h"
#include "engine/lint/rules.h"
#include "engine/report/findings.h"
#include "engine/runbook/replica.h"

enum document { DOCUMENT_RUNBOOK, DOCUMENT_INVENTORY, DOCUMENT_PLUGIN, DOCUMENT_POLICY, DOCUMENT_REPLICA };

struct validation {
	struct since *since;
	const struct options *options;
	struct findings findings;
	struct common *common;
	struct lint_sets *sets;
	bool text; /* findings are printed as they come */
};

/* By a key that each of the others has, and a runbook has not. */
static const struct {
	const char *key;
	enum document document;
} others[] = {{"hosts", DOCUMENT_INVENTORY}, {"plugin", DOCUMENT_PLUGIN}, {"replica", DOCUMENT_REPLICA}};

/* What has the key of a runbook at the beginning of a line is one, whatever else it mentions. */
static bool may_be_other(const char *text, size_t length)
{
	static const char own[] = "\nrunbook:";
	if (strncmp(text, own + 1, strlen(own + 1)) == 0 || memmem(text, length, own, strlen(own)))
		return false;
	for (size_t i = 0; i < COUNT_OF(others); i++)
		if (memmem(text, length, others[i].key, strlen(others[i].key)))
			return true;
	return false;
}

/* A policy is known by where it stands: nothing else of it has to be there. */
static bool is_policy(const char *path)
{
	size_t length = strlen(path), wanted = strlen(POLICY_PATH);
	return length >= wanted && strcmp(path + length - wanted, POLICY_PATH) == 0;
}

static enum document document_of(const struct tree *tree, const char *path)
{
	struct loaded loaded;
	const struct source *source;
	const struct value *document = NULL;
	enum document found = DOCUMENT_RUNBOOK;
	if (strcmp(path, "-") == 0 || is_policy(path))
		return is_policy(path) ? DOCUMENT_POLICY : found;
	loaded_init(&loaded);
	bool read = tree_open(tree, loaded.arena, path, &source, &loaded.diagnostics) == 0 &&
		    may_be_other(source->text, source->length) && /* most are told by this */
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

/* What is wrong with it is told of each runbook of the folder, but for lints: they are told once, as the inventory's. */
static void lint_common(struct validation *validation)
{
	struct loaded *loaded = &validation->common->loaded;
	struct diagnostics lints;
	if (!loaded->inventory || loaded->diagnostics.count)
		return;
	diagnostics_init(&lints, loaded->arena);
	lint_inventory(loaded->inventory, &lints);
	if (!lints.count)
		return;
	diagnostics_sort(&lints);
	findings_add(&validation->findings, loaded->inventory_path, &lints, NULL);
	if (validation->text)
		print_diagnostics(stderr, &lints);
}

static int load_common(struct validation *validation, struct loaded *loaded, const char *path)
{
	struct common *common = validation->common;
	const struct options *options = validation->options;
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
		lint_common(validation);
	}
	if (common->loaded.diagnostics.count) {
		load_inventory(loaded, options, path, false);
		return load_plugins(loaded, options);
	}
	loaded->inventory = common->loaded.inventory;
	loaded->plugins = common->loaded.plugins;
	return 0;
}

/* A replication set; its hosts too, where there is an inventory. */
static void read_set(const struct validation *validation, struct loaded *loaded, const struct tree *tree, const char *path)
{
	const struct source *source;
	struct replica replica;
	if (load_inventory(loaded, validation->options, path, false) == 0 &&
	    tree_open(tree, loaded->arena, path, &source, &loaded->diagnostics) == 0)
		replica_from_source(loaded->arena, source, loaded->inventory, &replica, &loaded->diagnostics);
}

static void validate_runbook(struct validation *validation, struct loaded *loaded, const char *name,
			     struct silenced_list *ret_silenced)
{
	if (load_common(validation, loaded, name) < 0)
		return;
	load_runbook(loaded, name);
	if (!loaded->runbook)
		return;
	bool right = loaded->diagnostics.errors == 0;
	/* Of a commit the other runbooks of its set are not read. */
	const struct lint_set *set = loaded->version ? NULL : lint_set_of(validation->sets, loaded->runbook, loaded->plugins);
	if (right) /* what follows from an error is not told as well */
		lint_runbook(loaded->runbook, loaded->plugins, loaded->inventory, set, &loaded->diagnostics);
	diagnostics_sort(&loaded->diagnostics);
	silences_apply(loaded->runbook, right, &loaded->diagnostics, ret_silenced);
}

static void validate_policy(struct loaded *loaded, const struct tree *tree, const char *path)
{
	const struct source *source;
	if (tree_open(tree, loaded->arena, path, &source, &loaded->diagnostics) == 0)
		policy_check(loaded->arena, source, &loaded->diagnostics);
}

static void validate_document(struct validation *validation, struct loaded *loaded, const char *name,
			      struct silenced_list *ret_silenced)
{
	const struct tree *tree = loaded->version ? &loaded->version->tree : &tree_of_files;
	const char *path = loaded->version ? loaded->version->name : name;
	switch (document_of(tree, path)) {
	case DOCUMENT_INVENTORY:
		if (inventory_read(loaded->arena, tree, path, &loaded->inventory, &loaded->diagnostics) == 0)
			lint_inventory(loaded->inventory, &loaded->diagnostics);
		break;
	case DOCUMENT_PLUGIN:
		plugin_read(loaded->arena, tree, path, &loaded->diagnostics);
		break;
	case DOCUMENT_POLICY:
		validate_policy(loaded, tree, path);
		break;
	case DOCUMENT_REPLICA:
		read_set(validation, loaded, tree, path);
		break;
	case DOCUMENT_RUNBOOK:
		validate_runbook(validation, loaded, name, ret_silenced);
	}
}

static bool names_commit(const char *name)
{
	CLEANUP_FREE char *path = NULL;
	return version_rev_of(name, &path) != NULL;
}

static void validate_one(struct validation *validation, const char *path)
{
	struct loaded loaded;
	struct silenced_list silenced = {0};
	loaded_init(&loaded);
	if (!names_commit(path) || load_version(&loaded, path) == 0)
		validate_document(validation, &loaded, path, &silenced);
	if (since_changed(validation->since, &loaded, path) == 0) {
		loaded_free(&loaded);
		return;
	}
	diagnostics_sort(&loaded.diagnostics);
	bool valid = loaded.diagnostics.errors == 0;
	findings_add(&validation->findings, path, &loaded.diagnostics, &silenced);
	if (validation->text) {
		print_diagnostics(stderr, &loaded.diagnostics);
		if (valid)
			print_safely(stdout, "%s: valid\n", path);
	}
	loaded_free(&loaded);
}

static void print_json(struct arena *arena, const struct findings *findings)
{
	CLEANUP_BUFFER struct buffer text = {0};
	json_format(&text, findings_value(arena, findings), JSON_INDENTED);
	puts(buffer_text(&text));
}

static void print_sarif(struct arena *arena, const struct findings *findings)
{
	CLEANUP_BUFFER struct buffer text = {0};
	report_findings_sarif(&text, findings_value(arena, findings), rules_value(arena), STANDIN_VERSION);
	fputs(buffer_text(&text), stdout);
}

static void print_junit(struct arena *arena, const struct findings *findings)
{
	CLEANUP_BUFFER struct buffer text = {0};
	report_findings_junit(&text, findings_value(arena, findings), false);
	fputs(buffer_text(&text), stdout);
}

static void print_junit_strict(struct arena *arena, const struct findings *findings)
{
	CLEANUP_BUFFER struct buffer text = {0};
	report_findings_junit(&text, findings_value(arena, findings), true);
	fputs(buffer_text(&text), stdout);
}

static void print_github(struct arena *arena, const struct findings *findings)
{
	CLEANUP_BUFFER struct buffer text = {0};
	report_findings_github(&text, findings_value(arena, findings));
	fputs(buffer_text(&text), stdout);
}

static const struct {
	const char *format;
	void (*print)(struct arena *arena, const struct findings *findings);
	void (*print_strict)(struct arena *arena, const struct findings *findings);
} outputs[] = {
	{"json", print_json, print_json},
	{"sarif", print_sarif, print_sarif},
	{"junit", print_junit, print_junit_strict},
	{"github", print_github, print_github},
};

static int end_baseline(struct validation *validation)
{
	struct error err = ERROR_NONE;
	const char *path = options_get(validation->options, "write-baseline");
	if (path && baseline_write(&validation->findings, path, &err) < 0)
		return tell_error(&err);
	size_t gone = baseline_gone(&validation->findings);
	if (!path && gone)
		print_safely(stderr,
			     "standin validate: %zu of the baseline's findings are gone; write it anew with --write-baseline\n",
			     gone);
	return 0;
}

static int finish(struct validation *validation)
{
	const struct options *options = validation->options;
	CLEANUP_ARENA struct arena *arena = arena_new();
	bool strict = options_has(options, "strict");
	for (size_t i = 0; i < COUNT_OF(outputs); i++)
		if (strcmp(outputs[i].format, options->format) == 0)
			(strict ? outputs[i].print_strict : outputs[i].print)(arena, &validation->findings);
	int failed = end_baseline(validation);
	if (failed || options_has(options, "write-baseline"))
		return failed;
	bool invalid = findings_count(&validation->findings, SEVERITY_ERROR) ||
		       (strict && findings_count(&validation->findings, SEVERITY_WARNING));
	return invalid ? EXIT_INVALID : EXIT_FINE;
}

/* Each argument: a file, or a folder of them. In a folder, what is neither runbook nor inventory nor manifest is passed over.
 */
static void validate_all(struct validation *validation, struct arena *arena)
{
	for (size_t i = 0; i < validation->options->arguments_count; i++) {
		const char *argument = validation->options->arguments[i];
		const struct value *paths = paths_of(arena, argument);
		for (size_t k = 0; k < paths->list.count; k++)
			validate_one(validation, value_text(paths->list.items[k]));
	}
}

static int run(const struct verb *verb, int argc, char **argv)
{
	struct options options;
	struct error err = ERROR_NONE;
	int early = options_parse(verb, argc, argv, &options);
	if (early)
		return early - 1;
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct common common = {0};
	struct since since = {.rev = options_get(&options, "changed-since")};
	struct validation validation = {.options = &options,
					.common = &common,
					.since = &since,
					.text = strcmp(options.format, "text") == 0,
					.sets = lint_sets_new(arena)};
	findings_init(&validation.findings, arena);
	const char *baseline = options_get(&options, "baseline");
	int result = baseline && baseline_read(&validation.findings, baseline, &err) < 0 ? tell_error(&err) : -1;
	if (result < 0) {
		validate_all(&validation, arena);
		result = finish(&validation);
	}
	since_tell(&since, !validation.text);
	common_free(&common);
	lint_sets_free(validation.sets);
	findings_free(&validation.findings);
	return result;
}

const struct verb verb_validate = {
	.name = "validate",
	.usage = "PATH... [options]",
	.summary = "check runbooks without touching any host",
	.description =
		"Reads each runbook (or inventory, replication set, plugin.yaml, or .standin/policy.yaml; of a folder, all of "
		"them), "
		"checks its shape, its names, its "
		"expressions, and each step against the action that it uses; then it lints: what an interpreter can know "
		"would go wrong. All problems are shown at once; `standin explain RULE` tells more of each.\n"
		"With an inventory (found or given), hosts and secrets are checked too." NAMES_OF_RUNBOOKS "\n"
		"A finding that is as it should be is silenced at its step, with the reason: lint: {ignore: [{rule: RULE, "
		"reason: TEXT}]}. A baseline keeps those that were there before.\n"
		"Exit codes: 0 no errors (there may be warnings); 2 errors, or warnings with --strict; 8 a baseline that "
		"cannot be read or written. -o sarif, junit and github print to the standard output, and end the same "
		"way." NAMES_OF_RUNBOOKS,
	.options = {OPTION_INVENTORY,
		    OPTION_PLUGINS,
		    {"output", 'o', "FORMAT", "text (default), json, sarif, junit or github"},
		    OPTION_CHANGED_SINCE,
		    {"strict", 0, NULL, "warnings fail, too"},
		    {"baseline", 0, "FILE", "findings that this file has do not count"},
		    {"write-baseline", 0, "FILE", "write what is found to this file; ends with 0"}},
	.formats = {"text", "json", "sarif", "junit", "github"},
	.examples = "  standin validate runbooks/mail/*.yaml\n"
		    "  standin validate runbooks --strict -o junit              # a whole folder, for a CI job\n"
		    "  standin validate runbooks --write-baseline lint.json     # begin with what is there\n"
		    "  standin validate runbooks --baseline lint.json           # only what is new\n"
		    "  standin validate runbooks --changed-since origin/main    # what a change request touches\n"
		    "  standin validate plugins/service/plugin.yaml\n"
		    "  standin validate .standin/policy.yaml\n"
		    "  standin validate -i lab.yaml -o json failover.yaml\n",
	.least = 1,
	.most = ARGUMENTS_LIMIT,
	.run = run,
};
