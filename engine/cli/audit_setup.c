/*
 * audit_setup.c - see audit_setup.h.
 */
#include "engine/cli/audit_setup.h"

#include <limits.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "engine/cli/load.h"
#include "engine/document/document.h"
#include "engine/schema/product.h"

char *audit_path(const char *name)
{
	const char *folder = getenv("STANDIN_AUDIT"), *home = getenv("HOME"), *config = getenv("XDG_CONFIG_HOME");
	if (folder && strcmp(folder, "none") == 0)
		return NULL;
	if (folder && *folder)
		return file_join(folder, name);
	if (geteuid() == 0)
		return file_join("/etc/standin", name);
	if (config && *config == '/') /* the specification says to ignore relative ones */
		return memory_printf("%s/standin/%s", config, name);
	return home && *home ? memory_printf("%s/.config/standin/%s", home, name) : NULL;
}

/* Whoever has the state directory must not have the key with it. */
static int check_place(const char *path, const struct run_store *store, struct error *err)
{
	CLEANUP_FREE char *real = realpath(path, NULL);
	const char *state = run_store_path(store);
	size_t length = strlen(state);
	if (!real || strncmp(real, state, length) != 0 || (real[length] != '/' && length > 1))
		return 0;
	error_set(err, ERROR_INVALID, "the audit key %s lies in the state directory, where it proves nothing", path);
	return error_hint(err,
			  "move it elsewhere (STANDIN_AUDIT names the folder), and make a new one if the directory was ever "
			  "copied");
}

static int load_key(const char *path, const struct run_store *store, struct audit_key **ret_key, struct error *err)
{
	CLEANUP_ERROR struct error problem = ERROR_NONE;
	if (audit_key_load(path, ret_key, &problem) == 0)
		return check_place(path, store, err);
	if (problem.code == ERROR_NOT_FOUND)
		return 0;
	error_move(err, &problem);
	return error_hint(err, "STANDIN_AUDIT=none runs without signatures");
}

/* ---- audit.yaml ---- */

static void add_anchors(struct checkpoint_policy *policy, const struct value *anchors)
{
	for (size_t i = 0; value_is(anchors, VALUE_LIST) && i < anchors->list.count; i++) {
		const struct value *anchor = anchors->list.items[i];
		const char *file = value_get_text(anchor, "file"), *syslog = value_get_text(anchor, "syslog"),
			   *git = value_get_text(anchor, "git"), *ref = value_get_text(anchor, "ref");
		if (!policy->anchors)
			policy->anchors = anchors_new();
		if (file)
			anchors_add_file(policy->anchors, file);
		else if (syslog)
			anchors_add_syslog(policy->anchors, syslog);
		else
			anchors_add_git(policy->anchors, git, ref ? ref : ANCHOR_GIT_REF);
	}
}

static void read_settings(struct checkpoint_policy *policy, const struct value *document)
{
	const struct value *checkpoints = value_get(document, "checkpoints");
	const char *interval = value_get_text(checkpoints, "interval");
	policy->every_records = (uint64_t)value_get_int(checkpoints, "records", CHECKPOINT_RECORDS);
	if (interval && duration_parse(interval, &policy->every_time, NULL) < 0)
		policy->every_time = CHECKPOINT_TIME; /* the schema has seen to it that it is one, but for its size */
	add_anchors(policy, value_get(document, "anchors"));
}

static int load_settings(const char *path, struct checkpoint_policy *policy, struct error *err)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct diagnostics diagnostics;
	const struct source *source;
	const struct value *document;
	if (!file_exists(path))
		return 0;
	diagnostics_init(&diagnostics, arena);
	if (document_read(arena, path, &source, &document, &diagnostics) == 0 &&
	    schema_check(schema_product("audit"), document, &(struct schema_options){0}, &diagnostics)) {
		read_settings(policy, document);
		return 0;
	}
	print_diagnostics(stderr, &diagnostics);
	return error_set(err, ERROR_INVALID, "the audit settings %s do not validate", path);
}

/* ---- of a run ---- */

static void warn(void *context, const char *text)
{
	(void)context;
	print_safely(stderr, "standin: %s\n", text);
}

int audit_setup_load(const struct run_store *store, struct audit_setup *ret_setup, struct error *err)
{
	CLEANUP_FREE char *key = audit_path("audit.key");
	CLEANUP_FREE char *settings = audit_path("audit.yaml");
	struct audit_setup setup = {
		.policy = {.every_records = CHECKPOINT_RECORDS, .every_time = CHECKPOINT_TIME, .warn = warn}};
	if (key && (load_key(key, store, &setup.key, err) < 0 || load_settings(settings, &setup.policy, err) < 0)) {
		audit_setup_free(&setup);
		return -1;
	}
	setup.policy.key = setup.key;
	*ret_setup = setup;
	return 0;
}

void audit_setup_free(struct audit_setup *setup)
{
	audit_key_free(setup->key);
	anchors_free(setup->policy.anchors);
	*setup = (struct audit_setup){0};
}

void audit_begin(struct audit_setup *setup, struct run *run)
{
	if (setup->key || setup->policy.anchors)
		run_checkpoints_begin(run, &setup->policy);
}

/* ---- to verify ---- */

int audit_trust_load(const struct options *options, struct audit_trust *ret_trust, struct error *err)
{
	CLEANUP_FREE char *usual = audit_path("audit.pub");
	*ret_trust = (struct audit_trust){0};
	if (!options_has(options, "key"))
		return usual && file_exists(usual) ? audit_trust_read(ret_trust, usual, err) : 0;
	for (size_t i = 0; i < options->count; i++)
		if (strcmp(options->names[i], "key") == 0 && audit_trust_read(ret_trust, options->values[i], err) < 0)
			return -1;
	return 0;
}

int audit_anchors_load(const struct options *options, struct checkpoint_list *ret_anchors, bool *ret_given, struct error *err)
{
	*ret_anchors = (struct checkpoint_list){0};
	*ret_given = options_has(options, "anchor");
	for (size_t i = 0; i < options->count; i++)
		if (strcmp(options->names[i], "anchor") == 0 && checkpoint_list_find(options->values[i], ret_anchors, err) < 0)
			return -1;
	return 0;
}
