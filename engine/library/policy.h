/*
 * policy.h - .standin/policy.yaml: what may be run out of a repository.
 *
 * The policy that counts is that at the tip of the trunk, and so are the files that it names (signers, revoked keys): never
 * those of the commit that is to be run, which could allow itself what it likes. The trunk is the first of
 *   the branch that `git config standin.trunk` names,
 *   what origin calls its own (refs/remotes/origin/HEAD), origin's main, origin's master,
 *   HEAD of a bare repository,
 *   main, master, HEAD.
 * A branch is origin's where there is an origin: what somebody committed here and did not push is not in it.
 */
#pragma once

#include "engine/base/value.h"
#include "engine/document/tree.h"
#include "engine/library/repository.h"

#define POLICY_PATH ".standin/policy.yaml"

enum signed_object { SIGNED_NOTHING, SIGNED_COMMIT, SIGNED_TAG, SIGNED_EITHER };

struct policy {
	const char *reference;	      /* the trunk: "refs/remotes/origin/main" */
	char commit[COMMIT_HEX_SIZE]; /* its tip, which the policy was read from */
	const struct source *source;  /* the file */
	bool clean_tree;
	const struct value *branches; /* a list of names, or NULL: any */
	enum signed_object signatures;
	const struct source *allowed_signers; /* each NULL where the policy names none */
	const struct source *revoked_keys;
	const struct source *keyring;
	bool refuse_older;
	const struct source *approvers;
};

/* Is this text a policy? The files that it names are not looked at: which commit they are of is not known here. */
int policy_check(struct arena *arena, const struct source *source, struct diagnostics *diagnostics);

/* *ret_policy is NULL where the trunk has none, or where there is no commit yet. -1: it cannot be read, or does not validate
 * (among the diagnostics): then nothing may be run. */
int policy_read(struct arena *arena, const struct repository *repository, struct policy **ret_policy,
		struct diagnostics *diagnostics);
