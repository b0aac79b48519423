/*
 * log.c - walking the commits. Only trees are read, and of those only the folders on the way to the file.
 */
#include "engine/library/log.h"

#include <string.h>

#include "engine/base/memory.h"
#include "engine/library/git.h"

struct walk {
	const struct repository *repository;
	struct arena *arena;
	const char *path;
	struct log_entry *entries;
	size_t count, capacity;
};

/* What lay in the way of the path then (a link, a submodule) was no file of it. */
static int blob_at(const struct walk *walk, const git_oid *id, char ret_blob[COMMIT_HEX_SIZE], struct error *err)
{
	CLEANUP_ERROR struct error problem = ERROR_NONE;
	char commit[COMMIT_HEX_SIZE];
	git_oid_tostr(commit, sizeof(commit), id);
	if (repository_blob(walk->repository, commit, walk->path, ret_blob, &problem) == 0 || problem.code == ERROR_INVALID)
		return 0;
	error_move(err, &problem);
	return -1;
}

/* 1: it is unlike that of each parent. */
static int has_changed(const struct walk *walk, const git_commit *commit, const char *blob, struct error *err)
{
	unsigned parents = git_commit_parentcount(commit);
	char other[COMMIT_HEX_SIZE];
	for (unsigned i = 0; i < parents; i++) {
		if (blob_at(walk, git_commit_parent_id(commit, i), other, err) < 0)
			return -1;
		if (strcmp(blob, other) == 0)
			return 0;
	}
	return parents || blob[0];
}

static void add(struct walk *walk, const git_commit *commit, const char *blob)
{
	struct log_entry *entry = arena_grow(walk->arena, &walk->entries, &walk->count, &walk->capacity, sizeof(*entry));
	const git_signature *author = git_commit_author(commit);
	const char *subject = git_commit_summary((git_commit *)commit); /* it is only cached there */
	*entry = (struct log_entry){.author = arena_strdup(walk->arena, author->name),
				    .email = arena_strdup(walk->arena, author->email),
				    .time = author->when.time,
				    .subject = arena_strdup(walk->arena, subject ? subject : "")};
	git_oid_tostr(entry->commit, sizeof(entry->commit), git_commit_id(commit));
	memcpy(entry->blob, blob, sizeof(entry->blob));
}

static int visit(struct walk *walk, const git_oid *id, struct error *err)
{
	CLEANUP_GIT(commit) git_commit *commit = NULL;
	char blob[COMMIT_HEX_SIZE];
	if (git_commit_lookup(&commit, walk->repository->git, id) < 0)
		return git_damaged(walk->repository, id, "a commit", err);
	if (blob_at(walk, id, blob, err) < 0)
		return -1;
	int changed = has_changed(walk, commit, blob, err);
	if (changed > 0)
		add(walk, commit, blob);
	return changed < 0 ? -1 : 0;
}

int repository_log(const struct repository *repository, struct arena *arena, const char *commit, const char *path, size_t limit,
		   struct log_entry **ret_entries, size_t *ret_count, struct error *err)
{
	struct walk walk = {.repository = repository, .arena = arena, .path = path};
	git_revwalk *commits;
	git_oid id = git_id(commit);
	int result = 0, code = git_revwalk_new(&commits, repository->git);
	if (code == 0) {
		git_revwalk_sorting(commits, GIT_SORT_TOPOLOGICAL | GIT_SORT_TIME);
		code = git_revwalk_push(commits, &id);
	}
	while (code == 0 && result == 0 && (!limit || walk.count < limit) && (code = git_revwalk_next(&id, commits)) == 0)
		result = visit(&walk, &id, err);
	git_revwalk_free(commits);
	if (result == 0 && code < 0 && code != GIT_ITEROVER)
		result = git_failed(code, err, "the commits of the repository %s", repository->folder);
	*ret_entries = walk.entries;
	*ret_count = walk.count;
	return result;
}
