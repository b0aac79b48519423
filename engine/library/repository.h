/*
 * repository.h - a git repository on this machine: which commit a revision names, what is in a commit, what is above what.
 *
 * It is only read. Nothing is fetched, no hook and no filter is run. Ids are SHA-1 as 40 lower-case hexadecimal digits.
 */
#pragma once

#include <stdbool.h>

#include "engine/base/arena.h"
#include "engine/base/error.h"

#define COMMIT_HEX_SIZE 41

struct repository;

/* folder: the top of a work tree, its .git, or a bare repository. */
int repository_open(const char *folder, struct repository **ret_repository, struct error *err);
/* The one that a path lies in, whether or not the path itself is there; *ret_repository is NULL if it lies in none. */
int repository_find(const char *path, struct repository **ret_repository, struct error *err);
void repository_close(struct repository *repository); /* NULL is fine */

bool repository_is_bare(const struct repository *repository);
const char *repository_folder(const struct repository *repository); /* the top of its work tree, or of the bare one itself */

/* A path of the file system as seen from the top of the work tree; false: it lies outside. The path need not be there. */
bool repository_path_of(const struct repository *repository, struct arena *arena, const char *path, const char **ret_path);
/* Without "." and "..", below the top; ERROR_INVALID: it leads out of the repository, or begins at the root. */
int repository_plain_path(struct arena *arena, const char *path, const char **ret_path, struct error *err);

/* rev: a branch, a tag, or a commit (abbreviated as git does, with ~ and ^ behind). tag: the tag object of an annotated tag
 * that was named, else "". ERROR_NOT_FOUND with what could have been meant; ERROR_INVALID for what is both a branch and a tag.
 */
int repository_resolve(const struct repository *repository, const char *rev, char ret_commit[COMMIT_HEX_SIZE],
		       char ret_tag[COMMIT_HEX_SIZE], struct error *err);
/* The commit of HEAD; "" if there is none yet. */
int repository_head(const struct repository *repository, char ret_commit[COMMIT_HEX_SIZE], struct error *err);
/* 1: `commit` is `ancestor`, or comes after it; 0: it does not; -1: one of them is not there. */
int repository_descends(const struct repository *repository, const char *commit, const char *ancestor, struct error *err);
bool repository_has_commit(const struct repository *repository, const char *commit);

/* Does anything that git tracks differ from the commit of HEAD (in the work tree or the index)? Files that git does not know do
 * not count. False for a bare one. */
int repository_is_dirty(const struct repository *repository, bool *ret_dirty, struct error *err);

/* The bytes of a file of a commit, malloc'ed and NUL-terminated; a link, a submodule, a folder, or more than limit bytes are
 * errors that say so. */
int repository_read(const struct repository *repository, const char *commit, const char *path, size_t limit, char **ret_data,
		    size_t *ret_length, struct error *err);
/* The id of a file in a commit; "" if there is no file of this name. path: plain. */
int repository_blob(const struct repository *repository, const char *commit, const char *path, char ret_blob[COMMIT_HEX_SIZE],
		    struct error *err);
/* The id that these bytes have, or would have, as a file. */
void repository_blob_of(const void *data, size_t length, char ret_blob[COMMIT_HEX_SIZE]);
/* The names in a folder of a commit, sorted, without those that begin with a dot; none if there is no such folder. path: plain;
 * "" for the top. */
int repository_list(const struct repository *repository, struct arena *arena, const char *commit, const char *path,
		    const char *const **ret_names, size_t *ret_count, struct error *err);
