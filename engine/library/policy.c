/*
 * policy.c - which policy governs a repository, read and checked. What it says of a version is permit.c's.
 */
#include "engine/library/policy.h"

#include <string.h>

#include "engine/base/memory.h"
#include "engine/document/document.h"
#include "engine/library/git.h"
#include "engine/schema/product.h"

#define SIGNERS_LIMIT ((size_t)4 * 1024 * 1024) /* bytes of a file that the policy names */

/* ------------------------------------------------------------------------------------------------------------- the trunk */

static bool tip_of(const struct repository *repository, const char *name, char ret_commit[COMMIT_HEX_SIZE])
{
	CLEANUP_GIT(reference) git_reference *reference = NULL;
	CLEANUP_GIT(object) git_object *commit = NULL;
	if (git_reference_lookup(&reference, repository->git, name) < 0 ||
	    git_reference_peel(&commit, reference, GIT_OBJECT_COMMIT) < 0)
		return false;
	git_oid_tostr(ret_commit, COMMIT_HEX_SIZE, git_object_id(commit));
	return true;
}

/* What a symbolic reference leads to; itself if it is none. */
static const char *resolved(const struct repository *repository, struct arena *arena, const char *name)
{
	CLEANUP_GIT(reference) git_reference *reference = NULL;
	CLEANUP_GIT(reference) git_reference *end = NULL;
	if (git_reference_lookup(&reference, repository->git, name) < 0 || git_reference_resolve(&end, reference) < 0)
		return name;
	return arena_strdup(arena, git_reference_name(end));
}

static const char *configured(const struct repository *repository, struct arena *arena)
{
	git_config *config;
	git_buf found = {0};
	const char *name = NULL;
	if (git_repository_config_snapshot(&config, repository->git) < 0)
		return NULL;
	if (git_config_get_string_buf(&found, config, "standin.trunk") == 0)
		name = arena_strdup(arena, found.ptr);
	git_buf_dispose(&found);
	git_config_free(config);
	return name;
}

/* Its reference; NULL: there is no commit at all. ERROR_INVALID: the one that was configured is not there. */
static int find_trunk(const struct repository *repository, struct arena *arena, const char **ret_reference,
		      char ret_commit[COMMIT_HEX_SIZE], struct error *err)
{
	const char *name = configured(repository, arena);
	const char *const chosen[] = {arena_printf(arena, "refs/remotes/origin/%s", name ? name : ""),
				      arena_printf(arena, "refs/heads/%s", name ? name : ""), name};
	const char *const usual[] = {"refs/remotes/origin/HEAD",
				     "refs/remotes/origin/main",
				     "refs/remotes/origin/master",
				     repository_is_bare(repository) ? "HEAD" : "refs/heads/main",
				     "refs/heads/main",
				     "refs/heads/master",
				     "HEAD"};
	const char *const *places = name ? chosen : usual;
	size_t count = name ? COUNT_OF(chosen) : COUNT_OF(usual);
	*ret_reference = NULL;
	for (size_t i = 0; i < count && !*ret_reference; i++)
		if (tip_of(repository, places[i], ret_commit))
			*ret_reference = resolved(repository, arena, places[i]);
	if (*ret_reference || !name)
		return 0;
	error_set(err, ERROR_INVALID, "the trunk '%s', which holds the policy of the repository %s, is not there", name,
		  repository->folder);
	return error_hint(err, "`git -C %s config standin.trunk` names it: a branch of origin, or of this repository",
			  repository->folder);
}

/* ------------------------------------------------------------------------------------------------------------- reading it */

static int tell(const struct error *err, const char *rule, struct span at, struct diagnostics *diagnostics)
{
	struct diagnostic *diagnostic = diagnostics_add(diagnostics, SEVERITY_ERROR, rule, at, "%s", error_text(err));
	if (err->hint)
		diagnostic_hint(diagnostics, diagnostic, "%s", err->hint);
	return -1;
}

static const struct source *read_at(const struct repository *repository, struct arena *arena, const char *commit,
				    const char *path, size_t limit, struct error *err)
{
	CLEANUP_FREE char *data = NULL;
	size_t length;
	if (repository_read(repository, commit, path, limit, &data, &length, err) < 0)
		return NULL;
	return document_source(arena, arena_printf(arena, "%.12s:%s", commit, path), data, length);
}

/* A file that the policy names under this key; NULL if it names none. */
static int read_named(const struct repository *repository, struct arena *arena, const struct policy *policy,
		      const struct value *map, const char *key, const struct source **ret_source,
		      struct diagnostics *diagnostics)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	const char *path = value_get_text(map, key);
	if (!path)
		return 0;
	*ret_source = read_at(repository, arena, policy->commit, path, SIGNERS_LIMIT, &err);
	return *ret_source ? 0 : tell(&err, "policy/file", value_get(map, key)->at, diagnostics);
}

static enum signed_object signed_object_of(const struct value *signatures)
{
	static const char *const names[] = {[SIGNED_COMMIT] = "commit", [SIGNED_TAG] = "tag", [SIGNED_EITHER] = "either"};
	for (size_t i = SIGNED_COMMIT; i < COUNT_OF(names); i++)
		if (value_is_text(value_get(signatures, "on"), names[i]))
			return (enum signed_object)i;
	return SIGNED_NOTHING;
}

static int parse(struct arena *arena, const struct source *source, const struct value **ret_document,
		 struct diagnostics *diagnostics)
{
	if (document_parse(arena, source, ret_document, diagnostics) < 0 ||
	    !schema_check(schema_product("policy"), *ret_document, &(struct schema_options){0}, diagnostics))
		return -1;
	return 0;
}

int policy_check(struct arena *arena, const struct source *source, struct diagnostics *diagnostics)
{
	const struct value *document;
	return parse(arena, source, &document, diagnostics);
}

static int build(const struct repository *repository, struct arena *arena, struct policy *policy,
		 struct diagnostics *diagnostics)
{
	const struct value *document;
	if (parse(arena, policy->source, &document, diagnostics) < 0)
		return -1;
	const struct value *signatures = value_get(document, "signatures");
	policy->clean_tree = value_get_bool(document, "clean_tree", false);
	policy->branches = value_get(document, "branches");
	policy->signatures = signed_object_of(signatures);
	policy->refuse_older = value_is_text(value_get(document, "older_versions"), "refuse");
	const struct {
		const struct value *map;
		const char *key;
		const struct source **source;
	} files[] = {{signatures, "allowed_signers", &policy->allowed_signers},
		     {signatures, "revoked_keys", &policy->revoked_keys},
		     {signatures, "keyring", &policy->keyring},
		     {document, "approvers", &policy->approvers}};
	for (size_t i = 0; i < COUNT_OF(files); i++)
		if (read_named(repository, arena, policy, files[i].map, files[i].key, files[i].source, diagnostics) < 0)
			return -1;
	return 0;
}

int policy_read(struct arena *arena, const struct repository *repository, struct policy **ret_policy,
		struct diagnostics *diagnostics)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct policy *policy = ARENA_NEW(arena, struct policy);
	*ret_policy = NULL;
	if (find_trunk(repository, arena, &policy->reference, policy->commit, &err) < 0)
		return tell(&err, "policy/trunk", (struct span){0}, diagnostics);
	if (!policy->reference)
		return 0;
	policy->source = read_at(repository, arena, policy->commit, POLICY_PATH, DOCUMENT_SIZE_LIMIT, &err);
	if (!policy->source && err.code == ERROR_NOT_FOUND)
		return 0;
	if (!policy->source)
		return tell(&err, "policy/file", (struct span){0}, diagnostics);
	if (build(repository, arena, policy, diagnostics) < 0)
		return -1;
	*ret_policy = policy;
	return 0;
}
