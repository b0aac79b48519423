/*
 * version.h - what the name of a runbook stands for, and which version of which files was read by it.
 *
 *   PATH             the file as it lies there. In a repository's work tree: that it does, and how it differs from the commit
 *   PATH@REV         the file in that commit of the repository that PATH lies in
 *   REPO//PATH@REV   the file in that commit of that repository, which may be bare
 *
 * A file that is there by the whole name is meant before anything else (a file may have an @ in its name). The last @ counts.
 * Of a commit everything is read out of the object database and known as COMMIT:PATH, with 12 digits of the commit, as git
 * writes it (a file at the top as COMMIT:./PATH): from there the paths that a runbook calls are seen as from any other file.
 */
#pragma once

#include "engine/base/value.h"
#include "engine/document/tree.h"
#include "engine/library/repository.h"

struct version {
	struct repository *repository; /* owned by the version; NULL: the file lies in none */
	const char *rev;	       /* as it was named; NULL: the work tree is meant */
	const char *path;	       /* from the top of the repository, plain */
	char commit[COMMIT_HEX_SIZE];  /* rev's, or that of HEAD; "": there is none yet */
	char tag[COMMIT_HEX_SIZE];     /* the annotated tag that was named; "": none */
	const char *problem;	       /* of a plain PATH: why nothing can be told of its repository; NULL: it can */
	const char *remedy;	       /* what to do about it, or NULL */
	struct tree tree;	       /* what to read from */
	const char *name;	       /* what the tree knows the file as */
};

/* Resolves and opens; free with version_close, before the arena. A plain PATH never fails: what cannot be told of its
 * repository goes to `problem`. */
int version_open(struct arena *arena, const char *name, struct version **ret_version, struct error *err);
void version_close(struct version *version); /* NULL is fine */

/* REV of a name, or NULL; malloc'ed *ret_path is what stands before it. */
const char *version_rev_of(const char *name, char **ret_path);

/* A folder or file of the repository, from its top, as the version's tree knows it. */
const char *version_inside(const struct version *version, struct arena *arena, const char *path);

struct version_file {
	const char *path;	    /* from the top of the repository */
	char blob[COMMIT_HEX_SIZE]; /* of the bytes that were read */
	bool committed;		    /* the commit has these very bytes there */
};
/* Of a text that was read: which file is it? False: it lies outside of the repository. */
bool version_file(const struct version *version, struct arena *arena, const struct source *source,
		  struct version_file *ret_file);

/* Is this the `library` of a run of the same path of this repository? The folder may be another clone's, if its commit is here
 * as well. */
bool version_is_run(const struct version *version, const struct value *library);

/* For the journal: {repository, path, rev, commit, tag, dirty, files: {path: blob}, changed: [path]}, README.md says what they
 * are; {problem} where nothing can be told; NULL where there is no repository. sources: everything that is executed. */
const struct value *version_value(const struct version *version, struct arena *arena, const struct source *const *sources,
				  size_t count);
