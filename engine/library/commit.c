/*
 * commit.c - the files of a commit, out of the object database. What is no plain file is refused with its name: a link would
 * lead to what the commit does not hold, a submodule's files are in another repository.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/base/suggest.h"
#include "engine/library/git.h"

int git_tree_of(const struct repository *repository, const char *commit, git_tree **ret_tree, struct error *err)
{
	CLEANUP_GIT(commit) git_commit *found = NULL;
	git_oid id = git_id(commit);
	if (git_commit_lookup(&found, repository->git, &id) < 0)
		return git_damaged(repository, &id, "a commit", err);
	if (git_commit_tree(ret_tree, found) < 0)
		return git_damaged(repository, git_commit_tree_id(found), "the commit's top folder", err);
	return 0;
}

static int not_there(const git_tree *tree, const char *commit, const char *path, const char *name, struct error *err)
{
	size_t count = git_tree_entrycount(tree);
	CLEANUP_FREE const char **names = memory_alloc((count + 1) * sizeof(*names));
	for (size_t i = 0; i < count; i++)
		names[i] = git_tree_entry_name(git_tree_entry_byindex(tree, i));
	const char *nearest = suggest(name, names, count);
	error_set(err, ERROR_NOT_FOUND, "there is no %s in the commit %.12s", path, commit);
	return nearest ? error_hint(err, "did you mean '%s'?", nearest) : -1;
}

static int link_in_the_way(const struct repository *repository, const git_tree_entry *entry, const char *commit,
			   const char *path, struct error *err)
{
	CLEANUP_GIT(odb_object) git_odb_object *blob = NULL;
	const char *target = "?";
	if (git_odb_read(&blob, repository->objects, git_tree_entry_id(entry)) == 0)
		target = git_odb_object_data(blob);
	error_set(err, ERROR_INVALID, "%s is a symbolic link in the commit %.12s, and links are not followed there", path,
		  commit);
	return error_hint(err, "name what it leads to: %.200s", target);
}

static int submodule_in_the_way(const char *commit, const char *path, struct error *err)
{
	error_set(err, ERROR_INVALID, "%s is a submodule in the commit %.12s: its files are in another repository", path,
		  commit);
	return error_hint(err, "name that repository: REPO//PATH@REV");
}

/* The tree below, by the entry that leads there; frees tree. path: up to that entry. */
static int descend(const struct repository *repository, const git_tree_entry *entry, const char *commit, const char *path,
		   git_tree **ret_tree, struct error *err)
{
	if (git_tree_entry_filemode(entry) == GIT_FILEMODE_LINK)
		return link_in_the_way(repository, entry, commit, path, err);
	if (git_tree_entry_type(entry) == GIT_OBJECT_COMMIT)
		return submodule_in_the_way(commit, path, err);
	if (git_tree_entry_type(entry) != GIT_OBJECT_TREE)
		return error_set(err, ERROR_NOT_FOUND, "%s is a file in the commit %.12s, not a folder", path, commit);
	if (git_tree_lookup(ret_tree, repository->git, git_tree_entry_id(entry)) < 0)
		return git_damaged(repository, git_tree_entry_id(entry), path, err);
	return 0;
}

int git_entry_of(const struct repository *repository, const char *commit, const char *path, git_tree_entry **ret_entry,
		 struct error *err)
{
	CLEANUP_GIT(tree) git_tree *tree = NULL;
	if (git_tree_of(repository, commit, &tree, err) < 0)
		return -1;
	for (const char *name = path;;) {
		const char *slash = strchrnul(name, '/');
		CLEANUP_FREE char *word = memory_printf("%.*s", (int)(slash - name), name);
		CLEANUP_FREE char *until = memory_printf("%.*s", (int)(slash - path), path);
		const git_tree_entry *entry = git_tree_entry_byname(tree, word);
		if (!entry)
			return not_there(tree, commit, until, word, err);
		if (!*slash)
			return git_tree_entry_dup(ret_entry, entry);
		git_tree *below = NULL;
		if (descend(repository, entry, commit, until, &below, err) < 0)
			return -1;
		git_tree_free(tree);
		tree = below;
		name = slash + 1;
	}
}

static int check_is_file(const struct repository *repository, const git_tree_entry *entry, const char *commit, const char *path,
			 struct error *err)
{
	switch (git_tree_entry_filemode(entry)) {
	case GIT_FILEMODE_LINK:
		return link_in_the_way(repository, entry, commit, path, err);
	case GIT_FILEMODE_COMMIT:
		return submodule_in_the_way(commit, path, err);
	case GIT_FILEMODE_TREE:
		return error_set(err, ERROR_INVALID, "%s is a folder in the commit %.12s", path, commit);
	default:
		return 0;
	}
}

int repository_read(const struct repository *repository, const char *commit, const char *path, size_t limit, char **ret_data,
		    size_t *ret_length, struct error *err)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_GIT(tree_entry) git_tree_entry *entry = NULL;
	CLEANUP_GIT(odb_object) git_odb_object *blob = NULL;
	const char *plain;
	size_t length;
	git_object_t type;
	if (repository_plain_path(arena, path, &plain, err) < 0 || git_entry_of(repository, commit, plain, &entry, err) < 0 ||
	    check_is_file(repository, entry, commit, plain, err) < 0)
		return -1;
	const git_oid *id = git_tree_entry_id(entry);
	/* Its size is asked for first: what is too large is not even unpacked. */
	if (git_odb_read_header(&length, &type, repository->objects, id) < 0)
		return git_damaged(repository, id, plain, err);
	if (length > limit)
		return error_set(err, ERROR_LIMIT, "%s in the commit %.12s has %zu bytes, more than %zu", plain, commit, length,
				 limit);
	if (git_odb_read(&blob, repository->objects, id) < 0)
		return git_damaged(repository, id, plain, err);
	*ret_length = git_odb_object_size(blob);
	*ret_data = memory_alloc(*ret_length + 1);
	memcpy(*ret_data, git_odb_object_data(blob), *ret_length);
	return 0;
}

int repository_blob(const struct repository *repository, const char *commit, const char *path, char ret_blob[COMMIT_HEX_SIZE],
		    struct error *err)
{
	CLEANUP_GIT(tree_entry) git_tree_entry *entry = NULL;
	CLEANUP_ERROR struct error problem = ERROR_NONE;
	ret_blob[0] = '\0';
	if (git_entry_of(repository, commit, path, &entry, &problem) == 0) {
		if (git_tree_entry_type(entry) == GIT_OBJECT_BLOB)
			git_oid_tostr(ret_blob, COMMIT_HEX_SIZE, git_tree_entry_id(entry));
		return 0;
	}
	if (problem.code == ERROR_NOT_FOUND)
		return 0;
	error_move(err, &problem);
	return -1;
}

void repository_blob_of(const void *data, size_t length, char ret_blob[COMMIT_HEX_SIZE])
{
	git_oid id = {0};
	git_libgit2_init();
	git_odb_hash(&id, length ? data : "", length, GIT_OBJECT_BLOB);
	git_oid_tostr(ret_blob, COMMIT_HEX_SIZE, &id);
}

static int list_tree(const git_tree *tree, struct arena *arena, const char *const **ret_names, size_t *ret_count)
{
	size_t count = git_tree_entrycount(tree);
	const char **names = arena_alloc(arena, (count + 1) * sizeof(*names));
	*ret_count = 0;
	for (size_t i = 0; i < count; i++) {
		const char *name = git_tree_entry_name(git_tree_entry_byindex(tree, i));
		if (name[0] != '.')
			names[(*ret_count)++] = arena_strdup(arena, name);
	}
	*ret_names = names;
	return 0;
}

int repository_list(const struct repository *repository, struct arena *arena, const char *commit, const char *path,
		    const char *const **ret_names, size_t *ret_count, struct error *err)
{
	CLEANUP_GIT(tree) git_tree *tree = NULL;
	CLEANUP_GIT(tree_entry) git_tree_entry *entry = NULL;
	CLEANUP_ERROR struct error problem = ERROR_NONE;
	*ret_names = NULL;
	*ret_count = 0;
	int result = !*path ? git_tree_of(repository, commit, &tree, &problem)
			    : git_entry_of(repository, commit, path, &entry, &problem);
	if (result == 0 && entry)
		result = descend(repository, entry, commit, path, &tree, &problem);
	if (result == 0)
		return list_tree(tree, arena, ret_names, ret_count);
	if (problem.code == ERROR_NOT_FOUND)
		return 0;
	error_move(err, &problem);
	return -1;
}
