/*
 * git.h - libgit2 as this layer sees it. Private to library/: nothing above knows that there is such a library.
 */
#pragma once

#include <git2.h>

#include "engine/library/repository.h"

struct repository {
	git_repository *git;
	git_odb *objects;
	char *folder; /* owned; what repository_folder gives */
};

/* The code that libgit2 gave, in our words; the message is followed by libgit2's own. Always returns -1. */
int git_failed(int code, struct error *err, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The object cannot be read though the repository refers to it: missing or damaged. Always returns -1. */
int git_damaged(const struct repository *repository, const git_oid *id, const char *what, struct error *err);

/* A setting; NULL: there is none. */
const char *git_configured(const struct repository *repository, struct arena *arena, const char *key);
git_oid git_id(const char *hex); /* of 40 digits */
/* The commit's tree; free it with git_tree_free. */
int git_tree_of(const struct repository *repository, const char *commit, git_tree **ret_tree, struct error *err);
/* What a path that was made plain (repository_plain_path) is in the commit; free it with git_tree_entry_free. ERROR_NOT_FOUND:
 * nothing. */
int git_entry_of(const struct repository *repository, const char *commit, const char *path, git_tree_entry **ret_entry,
		 struct error *err);

static inline void git_tree_freep(git_tree **tree)
{
	git_tree_free(*tree);
}
static inline void git_tree_entry_freep(git_tree_entry **entry)
{
	git_tree_entry_free(*entry);
}
static inline void git_object_freep(git_object **object)
{
	git_object_free(*object);
}
static inline void git_reference_freep(git_reference **reference)
{
	git_reference_free(*reference);
}
static inline void git_commit_freep(git_commit **commit)
{
	git_commit_free(*commit);
}
static inline void git_odb_object_freep(git_odb_object **object)
{
	git_odb_object_free(*object);
}
#define CLEANUP_GIT(type) __attribute__((cleanup(git_##type##_freep)))
