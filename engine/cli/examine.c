/*
 * examine.c - which kind of document it is, and what is wrong with it. What of it counts is known only with all the others.
 */
#include "engine/cli/examine.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/document/document.h"
#include "engine/library/policy.h"
#include "engine/runbook/replica.h"

enum document { DOCUMENT_RUNBOOK, DOCUMENT_INVENTORY, DOCUMENT_PLUGIN, DOCUMENT_POLICY, DOCUMENT_REPLICA };

/* By a key that each of the others has, and a runbook has not. */
static const struct {
	const char *key;
	enum document document;
} others[] = {{"hosts", DOCUMENT_INVENTORY}, {"plugin", DOCUMENT_PLUGIN}, {"replica", DOCUMENT_REPLICA}};

/* What has the key of a runbook at the beginning of a line is one, whatever else it mentions. */
static bool may_be_other(const char *text, size_t length)
{
	static const char own[] = "\nrunbook:";
	const size_t first = strlen(own) - 1;
	if ((length >= first && memcmp(text, own + 1, first) == 0) || memmem(text, length, own, strlen(own)))
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

/* What is wrong with it is told of each runbook of the folder, but for lints: they are the inventory's. */
static void lint_common(struct examiner *examiner, struct examination *examination)
{
	struct loaded *loaded = &examiner->common.loaded;
	struct diagnostics lints;
	if (!loaded->inventory || loaded->diagnostics.count)
		return;
	diagnostics_init(&lints, loaded->arena);
	lint_inventory(loaded->inventory, &lints);
	diagnostics_sort(&lints);
	if (lints.count)
		file_findings_make(loaded->inventory_path, &lints, NULL, examiner->shown, &examination->inventory);
}

static int load_common(struct examiner *examiner, struct examination *examination, const char *path)
{
	struct common *common = &examiner->common;
	struct loaded *loaded = &examination->loaded;
	const struct options *options = examiner->options;
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
		lint_common(examiner, examination);
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
static void read_set(const struct examiner *examiner, struct loaded *loaded, const struct tree *tree, const char *path)
{
	const struct source *source;
	struct replica replica;
	if (load_inventory(loaded, examiner->options, path, false) == 0 &&
	    tree_open(tree, loaded->arena, path, &source, &loaded->diagnostics) == 0)
		replica_from_source(loaded->arena, source, loaded->inventory, &replica, &loaded->diagnostics);
}

/* Of a commit the other runbooks of its set are not read. */
static const struct lint_set *set_of(struct examiner *examiner, struct examination *examination, bool right)
{
	const struct loaded *loaded = &examination->loaded;
	const struct runbook *runbook = loaded->runbook;
	if (loaded->version)
		return NULL;
	examination->runbook = runbook->name;
	examination->linted = right;
	lint_started_of(loaded->arena, runbook, loaded->plugins, &examination->started);
	return lint_set_of(examiner->sets, runbook->source->name, runbook->name, loaded->plugins);
}

static void examine_runbook(struct examiner *examiner, struct examination *examination, const char *name,
			    struct silenced_list *ret_silenced)
{
	struct loaded *loaded = &examination->loaded;
	if (load_common(examiner, examination, name) < 0)
		return;
	load_runbook(loaded, name);
	if (!loaded->runbook)
		return;
	bool right = loaded->diagnostics.errors == 0;
	const struct lint_set *set = set_of(examiner, examination, right);
	if (right) /* what follows from an error is not told as well */
		lint_runbook(loaded->runbook, loaded->plugins, loaded->inventory, set, &loaded->diagnostics);
	diagnostics_sort(&loaded->diagnostics);
	silences_apply(loaded->runbook, right, &loaded->diagnostics, ret_silenced);
}

static void examine_policy(struct loaded *loaded, const struct tree *tree, const char *path)
{
	const struct source *source;
	if (tree_open(tree, loaded->arena, path, &source, &loaded->diagnostics) == 0)
		policy_check(loaded->arena, source, &loaded->diagnostics);
}

static void examine_document(struct examiner *examiner, struct examination *examination, const char *name,
			     struct silenced_list *ret_silenced)
{
	struct loaded *loaded = &examination->loaded;
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
		examine_policy(loaded, tree, path);
		break;
	case DOCUMENT_REPLICA:
		read_set(examiner, loaded, tree, path);
		break;
	case DOCUMENT_RUNBOOK:
		examine_runbook(examiner, examination, name, ret_silenced);
	}
}

static bool names_commit(const char *name)
{
	CLEANUP_FREE char *path = NULL;
	return version_rev_of(name, &path) != NULL;
}

void examine(struct examiner *examiner, const char *path, struct examination *ret_examination)
{
	struct silenced_list silenced = {0};
	struct loaded *loaded = &ret_examination->loaded;
	*ret_examination = (struct examination){0};
	loaded_init(loaded);
	if (!names_commit(path) || load_version(loaded, path) == 0)
		examine_document(examiner, ret_examination, path, &silenced);
	ret_examination->unchanged = since_changed(&examiner->since, loaded, path) == 0;
	diagnostics_sort(&loaded->diagnostics);
	file_findings_make(path, &loaded->diagnostics, &silenced, examiner->shown, &ret_examination->own);
}

const struct plugins *examiner_plugins(struct examiner *examiner, const char *path)
{
	struct examination ignored = {0};
	loaded_init(&ignored.loaded);
	load_common(examiner, &ignored, path);
	examination_free(&ignored);
	return examiner->common.loaded.plugins;
}

void examination_free(struct examination *examination)
{
	loaded_free(&examination->loaded);
}

void examiner_free(struct examiner *examiner)
{
	common_free(&examiner->common);
	since_free(&examiner->since);
	lint_sets_free(examiner->sets);
}
