/*
 * permit.h - may this version be run? What the policy says of it: every reason against it at once.
 */
#pragma once

#include "engine/library/policy.h"
#include "engine/library/version.h"

struct permit_request {
	const struct version *version;
	const struct value *library; /* version_value of what would be executed */
	bool allow_dirty;	     /* somebody has asked for it */
	/* The last run of the same path, as the index has its `run_opened`; NULL: there is none. Only asked where it counts. */
	int (*last_run)(void *context, const struct value **ret_last, struct error *err);
	void *context; /* of last_run */
};

/* 0: the policy has nothing against it, or there is none; *ret_granted is what to journal: {reference, commit, blob,
 * allow_dirty, signature, tag}, or NULL without a policy. -1: at least one error among the diagnostics, their rules begin with
 * "policy/". */
int permit(struct arena *arena, const struct permit_request *request, const struct value **ret_granted,
	   struct diagnostics *diagnostics);
