/*
 * permit.c - one function a rule of the policy. A rule that cannot be answered is a refusal: nothing is run on a guess.
 */
#include "engine/library/permit.h"

#include <fnmatch.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/library/git.h"
#include "engine/library/signature.h"

struct permission { /* that is being thought about */
	struct arena *arena;
	const struct permit_request *request;
	const struct version *version;
	const struct policy *policy;
	struct diagnostics *diagnostics;
	struct value *granted;
};

static struct diagnostic *refuse(const struct permission *permission, const char *rule, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static struct diagnostic *refuse(const struct permission *permission, const char *rule, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	const char *text = arena_vprintf(permission->arena, format, args);
	va_end(args);
	return diagnostics_add(permission->diagnostics, SEVERITY_ERROR, rule, (struct span){0}, "%s", text);
}

static void refuse_error(const struct permission *permission, const char *rule, const struct error *err)
{
	struct diagnostic *diagnostic = refuse(permission, rule, "%s", error_text(err));
	if (err->hint)
		diagnostic_hint(permission->diagnostics, diagnostic, "%s", err->hint);
}

#define HINT(permission, diagnostic, ...) diagnostic_hint((permission)->diagnostics, diagnostic, __VA_ARGS__)

/* "a, b and 3 more" */
static const char *listed(struct arena *arena, const struct value *names)
{
	const size_t shown = 3, count = names->list.count;
	CLEANUP_BUFFER struct buffer text = {0};
	for (size_t i = 0; i < count && i < shown; i++)
		buffer_printf(&text, "%s%s", i ? ", " : "", value_text(names->list.items[i]));
	if (count > shown)
		buffer_printf(&text, " and %zu more", count - shown);
	return arena_strdup(arena, buffer_text(&text));
}

static bool is_changed(const struct permission *permission)
{
	return value_get(permission->request->library, "changed")->list.count > 0;
}

static void check_clean(struct permission *permission)
{
	const struct value *changed = value_get(permission->request->library, "changed");
	const struct value *dirty = value_get(permission->request->library, "dirty");
	struct diagnostic *diagnostic;
	if (!permission->policy->clean_tree || permission->request->allow_dirty || permission->version->rev ||
	    (value_is(dirty, VALUE_BOOL) && !dirty->boolean))
		return;
	if (is_changed(permission))
		diagnostic = refuse(permission, "policy/dirty", "the work tree is not as it was committed: %s",
				    listed(permission->arena, changed));
	else
		diagnostic =
			refuse(permission, "policy/dirty",
			       value_is(dirty, VALUE_BOOL) ? "the work tree is not as it was committed"
							   : "whether the work tree is as it was committed cannot be told");
	HINT(permission, diagnostic,
	     "name what was committed (PATH@REV), or commit first; --allow-dirty runs it all the same, and "
	     "is journaled");
}

/* What asks for a branch or a signature asks it of the bytes that are executed; a commit answers for its own only. */
static void check_content(struct permission *permission)
{
	const struct value *changed = value_get(permission->request->library, "changed");
	if ((!permission->policy->branches && permission->policy->signatures == SIGNED_NOTHING) || !is_changed(permission))
		return;
	struct diagnostic *diagnostic = refuse(permission, "policy/not-committed",
					       "what would be run is not what the commit %.12s holds, and only that can be "
					       "reviewed and signed: %s",
					       permission->version->commit[0] ? permission->version->commit : "(there is none)",
					       listed(permission->arena, changed));
	HINT(permission, diagnostic, "commit it, or name what was committed: PATH@REV");
}

/* ------------------------------------------------------------------------------------------------------------- branches */

struct branches {
	const struct permission *permission;
	const char *folder; /* "refs/remotes/origin/" */
	size_t found;	    /* that are allowed */
	bool reached;
};

static bool allows(const struct value *patterns, const char *name)
{
	for (size_t i = 0; i < patterns->list.count; i++)
		if (fnmatch(value_text(patterns->list.items[i]), name, 0) == 0)
			return true;
	return false;
}

static int visit_branch(const char *name, void *context)
{
	struct branches *branches = context;
	const struct permission *permission = branches->permission;
	size_t length = strlen(branches->folder);
	git_oid tip;
	char commit[COMMIT_HEX_SIZE];
	if (strncmp(name, branches->folder, length) != 0 || !allows(permission->policy->branches, name + length) ||
	    git_reference_name_to_id(&tip, permission->version->repository->git, name) < 0)
		return 0;
	branches->found++;
	git_oid_tostr(commit, sizeof(commit), &tip);
	branches->reached =
		repository_descends(permission->version->repository, commit, permission->version->commit, NULL) == 1;
	return branches->reached;
}

/* A bare clone keeps origin's branches as its own. */
static bool has_origin(const struct permission *permission)
{
	const struct repository *repository = permission->version->repository;
	return !repository_is_bare(repository) && git_configured(repository, permission->arena, "remote.origin.url");
}

static void check_branches(struct permission *permission)
{
	const struct repository *repository = permission->version->repository;
	if (!permission->policy->branches)
		return;
	bool origin = has_origin(permission);
	struct branches branches = {.permission = permission, .folder = origin ? "refs/remotes/origin/" : "refs/heads/"};
	git_reference_foreach_name(repository->git, visit_branch, &branches);
	if (branches.reached)
		return;
	const char *allowed = listed(permission->arena, permission->policy->branches);
	struct diagnostic *diagnostic;
	if (!branches.found) {
		diagnostic = refuse(permission, "policy/branch", "of the branches that the policy allows (%s) %s has none",
				    allowed, origin ? "origin" : repository->folder);
		HINT(permission, diagnostic, "the policy stands in %s at %s", POLICY_PATH, permission->policy->reference);
		return;
	}
	diagnostic = refuse(permission, "policy/branch", "the commit %.12s is in no branch that the policy allows (%s%s)",
			    permission->version->commit, allowed, origin ? " of origin" : "");
	HINT(permission, diagnostic,
	     origin ? "merge it there and push, then `git fetch`; or name a version that is there: PATH@REV"
		    : "merge it there, or name a version that is there: PATH@REV");
}

/* ----------------------------------------------------------------------------------------------------------- signatures */

static const char *key_words(struct arena *arena, const struct signature *signature)
{
	return arena_printf(arena, "%s key %s", signature->format && strcmp(signature->format, "ssh") == 0 ? "SSH" : "OpenPGP",
			    signature->key ? signature->key : "(unknown)");
}

/* what: "the commit 123456789012", "the tag v1". */
static void refuse_signature(const struct permission *permission, const char *what, const struct signature *signature)
{
	struct arena *arena = permission->arena;
	const char *key = key_words(arena, signature);
	struct diagnostic *diagnostic;
	switch (signature->state) {
	case SIGNATURE_NONE:
		diagnostic = refuse(permission, "policy/unsigned", "%s is not signed", what);
		HINT(permission, diagnostic, "the policy asks for a signature: `git commit -S`, `git tag -s`");
		break;
	case SIGNATURE_STRANGER:
		diagnostic = refuse(permission, "policy/signer",
				    "%s is signed with the %s, which is none of those that may sign%s%s", what, key,
				    signature->why ? ": " : "", signature->why ? signature->why : "");
		HINT(permission, diagnostic, "who may sign stands in %s at %s",
		     permission->policy->allowed_signers ? strchr(permission->policy->allowed_signers->name, ':') + 1
							 : strchr(permission->policy->keyring->name, ':') + 1,
		     permission->policy->reference);
		break;
	case SIGNATURE_REVOKED:
		refuse(permission, "policy/revoked", "%s is signed by %s with the %s, which is revoked", what,
		       signature->signer ? signature->signer : "somebody", key);
		break;
	case SIGNATURE_EXPIRED:
		refuse(permission, "policy/expired", "%s is signed by %s with the %s, which has expired", what,
		       signature->signer ? signature->signer : "somebody", key);
		break;
	default:
		diagnostic = refuse(permission, "policy/signature", "the signature of %s does not match it%s%s", what,
				    signature->why ? ": " : "", signature->why ? signature->why : "");
		HINT(permission, diagnostic,
		     "it was changed after it was signed, or the signature is another one's: ask who made it");
	}
}

struct verdict {
	struct signature commit, tag;
	const char *tag_name;
};

static int look_at_signatures(struct permission *permission, struct signers *signers, struct verdict *verdict,
			      struct error *err)
{
	const struct version *version = permission->version;
	enum signed_object wanted = permission->policy->signatures;
	*verdict = (struct verdict){0};
	if (wanted != SIGNED_TAG &&
	    signature_of_commit(version->repository, signers, permission->arena, version->commit, &verdict->commit, err) < 0)
		return -1;
	if (wanted == SIGNED_COMMIT || verdict->commit.state == SIGNATURE_GOOD)
		return 0;
	return signature_of_tags(version->repository, signers, permission->arena, version->commit, &verdict->tag,
				 &verdict->tag_name, err);
}

static void judge_signatures(struct permission *permission, const struct verdict *verdict)
{
	struct arena *arena = permission->arena;
	enum signed_object wanted = permission->policy->signatures;
	bool tag_is_good = verdict->tag.state == SIGNATURE_GOOD;
	if (verdict->commit.state == SIGNATURE_GOOD || tag_is_good) {
		const struct signature *good = tag_is_good ? &verdict->tag : &verdict->commit;
		value_put(arena, permission->granted, "signature", signature_value(arena, good));
		if (tag_is_good)
			value_put(arena, permission->granted, "tag", value_string(arena, verdict->tag_name));
		return;
	}
	const char *commit = arena_printf(arena, "the commit %.12s", permission->version->commit);
	if (wanted == SIGNED_TAG && !verdict->tag_name)
		HINT(permission, refuse(permission, "policy/unsigned", "%s has no signed tag", commit),
		     "the policy asks for one: `git tag -s`");
	else if (verdict->tag_name)
		refuse_signature(permission, arena_printf(arena, "the tag %s", verdict->tag_name), &verdict->tag);
	if (wanted != SIGNED_TAG)
		refuse_signature(permission, commit, &verdict->commit);
}

static void check_signatures(struct permission *permission)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct signers *signers;
	struct verdict verdict;
	if (permission->policy->signatures == SIGNED_NOTHING || !permission->version->commit[0])
		return;
	if (signers_open(permission->policy, &signers, &err) < 0) {
		refuse_error(permission, "policy/signature", &err);
		return;
	}
	if (look_at_signatures(permission, signers, &verdict, &err) < 0)
		refuse_error(permission, "policy/signature", &err);
	else
		judge_signatures(permission, &verdict);
	signers_close(signers);
}

/* ------------------------------------------------------------------------------------------------------ older versions */

static void compare_with_last(const struct permission *permission, const struct value *record)
{
	const struct repository *repository = permission->version->repository;
	const struct value *last = value_get(record, "library");
	const char *then = value_get_text(last, "commit"), *now = permission->version->commit;
	const char *run = value_get_text(record, "run");
	if (!then || !now[0] || value_equal(value_get(last, "files"), value_get(permission->request->library, "files")))
		return;
	struct diagnostic *diagnostic;
	if (!repository_has_commit(repository, then)) {
		diagnostic = refuse(permission, "policy/older",
				    "the version that was run last, %.12s (run %s), is not in the "
				    "repository %s, so what is newer cannot be told",
				    then, run, repository->folder);
		HINT(permission, diagnostic, "fetch it: `git -C %s fetch`", repository->folder);
		return;
	}
	if (repository_descends(repository, now, then, NULL) == 1)
		return;
	if (repository_descends(repository, then, now, NULL) == 1)
		diagnostic = refuse(permission, "policy/older",
				    "the commit %.12s is older than %.12s, which was run last (run %s)", now, then, run);
	else
		diagnostic = refuse(permission, "policy/older",
				    "the commit %.12s does not contain %.12s, which was run last (run %s)", now, then, run);
	HINT(permission, diagnostic, "to go back to what it said, commit that anew: `git revert`; then run the new commit");
}

static void check_older(struct permission *permission)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	const struct value *last;
	if (!permission->policy->refuse_older)
		return;
	if (permission->request->last_run(permission->request->context, &last, &err) < 0)
		refuse_error(permission, "policy/older", &err);
	else
		compare_with_last(permission, last);
}

/* ---------------------------------------------------------------------------------------------------------------- all */

static void (*const checks[])(struct permission *permission) = {check_clean, check_content, check_branches, check_signatures,
								check_older};

static void note_policy(struct permission *permission)
{
	struct arena *arena = permission->arena;
	char blob[COMMIT_HEX_SIZE];
	repository_blob_of(permission->policy->source->text, permission->policy->source->length, blob);
	value_put(arena, permission->granted, "reference", value_string(arena, permission->policy->reference));
	value_put(arena, permission->granted, "commit", value_string(arena, permission->policy->commit));
	value_put(arena, permission->granted, "blob", value_string(arena, blob));
}

int permit(struct arena *arena, const struct permit_request *request, const struct value **ret_granted,
	   struct diagnostics *diagnostics)
{
	struct permission permission = {
		.arena = arena, .request = request, .version = request->version, .diagnostics = diagnostics};
	struct policy *policy;
	size_t errors = diagnostics->errors;
	*ret_granted = NULL;
	if (request->version->problem) {
		struct diagnostic *diagnostic =
			refuse(&permission, "policy/unknown", "%s; so its policy cannot be read", request->version->problem);
		if (request->version->remedy)
			HINT(&permission, diagnostic, "%s", request->version->remedy);
		return -1;
	}
	if (!request->version->repository)
		return 0;
	if (policy_read(arena, request->version->repository, &policy, diagnostics) < 0)
		return -1;
	if (!policy)
		return 0;
	permission.policy = policy;
	permission.granted = value_map(arena);
	note_policy(&permission);
	for (size_t i = 0; i < COUNT_OF(checks); i++)
		checks[i](&permission);
	*ret_granted = permission.granted;
	return diagnostics->errors > errors ? -1 : 0;
}
