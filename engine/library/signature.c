/*
 * signature.c - which bytes of a commit or a tag are signed, and by what kind of signature.
 */
#include "engine/library/signature.h"

#include <string.h>

#include "engine/base/memory.h"
#include "engine/library/git.h"
#include "engine/library/signers.h"

/* How git tells them apart, too. */
static const struct {
	const char *begin, *format;
} formats[] = {
	{"-----BEGIN SSH SIGNATURE-----", "ssh"},
	{"-----BEGIN PGP SIGNATURE-----", "openpgp"},
	{"-----BEGIN PGP MESSAGE-----", "openpgp"},
	{"-----BEGIN SIGNED MESSAGE-----", "x509"},
};

static const char *format_of(const char *text)
{
	for (size_t i = 0; i < COUNT_OF(formats); i++)
		if (strncmp(text, formats[i].begin, strlen(formats[i].begin)) == 0)
			return formats[i].format;
	return NULL;
}

static int check(struct signers *signers, struct arena *arena, const char *payload, size_t length, const char *text,
		 int64_t time, struct signature *signature, struct error *err)
{
	signature->format = format_of(text);
	if (signature->format && strcmp(signature->format, "ssh") == 0)
		return ssh_check(signers, arena, payload, length, text, time, signature, err);
	if (signature->format && strcmp(signature->format, "openpgp") == 0)
		return openpgp_check(signers, arena, payload, length, text, signature, err);
	signature->state = SIGNATURE_BAD;
	signature->why =
		signature->format ? "signatures with X.509 certificates are not checked here" : "it is of no known kind";
	return 0;
}

int signature_of_commit(const struct repository *repository, struct signers *signers, struct arena *arena, const char *commit,
			struct signature *ret_signature, struct error *err)
{
	CLEANUP_GIT(commit) git_commit *found = NULL;
	git_buf text = {0}, payload = {0};
	git_oid id = git_id(commit);
	*ret_signature = (struct signature){.state = SIGNATURE_NONE};
	if (git_commit_lookup(&found, repository->git, &id) < 0)
		return git_damaged(repository, &id, "a commit", err);
	int code = git_commit_extract_signature(&text, &payload, repository->git, &id, NULL);
	if (code == GIT_ENOTFOUND)
		return 0;
	if (code < 0)
		return git_damaged(repository, &id, "a commit", err);
	int result = check(signers, arena, payload.ptr, payload.size, text.ptr, git_commit_time(found), ret_signature, err);
	git_buf_dispose(&text);
	git_buf_dispose(&payload);
	return result;
}

/* ------------------------------------------------------------------------------------------------------------------ tags */

struct tags {
	const struct repository *repository;
	struct signers *signers;
	struct arena *arena;
	git_oid commit;
	struct signature *signature; /* the best until now */
	const char *name;	     /* its tag's; NULL: none yet */
	struct error *err;
};

/* Where the signature begins: as git has it, at the last line that looks like one. NULL: there is none. */
static const char *signature_in(const char *text, size_t length)
{
	const char *found = NULL;
	for (const char *line = text; line && line < text + length; line = memchr(line, '\n', (size_t)(text + length - line))) {
		line += line != text;
		if (format_of(line))
			found = line;
	}
	return found;
}

static int64_t time_of(const git_tag *tag)
{
	const git_signature *tagger = git_tag_tagger(tag);
	return tagger ? tagger->when.time : 0;
}

static int judge_tag(struct tags *tags, const git_tag *tag)
{
	CLEANUP_GIT(odb_object) git_odb_object *raw = NULL;
	struct signature signature = {.state = SIGNATURE_NONE};
	if (git_odb_read(&raw, tags->repository->objects, git_tag_id(tag)) < 0)
		return git_damaged(tags->repository, git_tag_id(tag), git_tag_name(tag), tags->err);
	const char *text = git_odb_object_data(raw), *begin = signature_in(text, git_odb_object_size(raw));
	if (!begin)
		return 0;
	if (check(tags->signers, tags->arena, text, (size_t)(begin - text), begin, time_of(tag), &signature, tags->err) < 0)
		return -1;
	if (!tags->name || signature.state == SIGNATURE_GOOD) {
		*tags->signature = signature;
		tags->name = arena_strdup(tags->arena, git_tag_name(tag));
	}
	return signature.state == SIGNATURE_GOOD ? 1 : 0;
}

/* 1: enough. A tag object that another name points to says nothing of that name. */
static int visit_tag(const char *name, git_oid *id, void *context)
{
	static const char folder[] = "refs/tags/";
	struct tags *tags = context;
	git_tag *tag;
	int result = 0;
	if (git_tag_lookup(&tag, tags->repository->git, id) < 0)
		return 0; /* no annotated one */
	if (strncmp(name, folder, strlen(folder)) == 0 && strcmp(name + strlen(folder), git_tag_name(tag)) == 0 &&
	    git_oid_equal(git_tag_target_id(tag), &tags->commit))
		result = judge_tag(tags, tag);
	git_tag_free(tag);
	return result;
}

int signature_of_tags(const struct repository *repository, struct signers *signers, struct arena *arena, const char *commit,
		      struct signature *ret_signature, const char **ret_tag, struct error *err)
{
	struct tags tags = {.repository = repository,
			    .signers = signers,
			    .arena = arena,
			    .commit = git_id(commit),
			    .signature = ret_signature,
			    .err = err};
	*ret_signature = (struct signature){.state = SIGNATURE_NONE};
	int code = git_tag_foreach(repository->git, visit_tag, &tags);
	*ret_tag = tags.name;
	if (code < 0 && err && err->code == ERROR_OK)
		git_failed(code, err, "the tags of the repository %s", repository->folder);
	return code < 0 ? -1 : 0;
}

const char *signature_state_name(enum signature_state state)
{
	static const char *const names[] = {
		[SIGNATURE_NONE] = "none",	     [SIGNATURE_GOOD] = "good",	      [SIGNATURE_BAD] = "bad",
		[SIGNATURE_STRANGER] = "stranger",   [SIGNATURE_REVOKED] = "revoked", [SIGNATURE_EXPIRED] = "expired",
		[SIGNATURE_UNCHECKED] = "unchecked",
	};
	return names[state];
}

static const struct value *text_or_null(struct arena *arena, const char *text)
{
	return text ? value_string(arena, text) : value_null();
}

const struct value *signature_value(struct arena *arena, const struct signature *signature)
{
	struct value *value = value_map(arena);
	value_put(arena, value, "state", value_string(arena, signature_state_name(signature->state)));
	value_put(arena, value, "format", text_or_null(arena, signature->format));
	value_put(arena, value, "signer", text_or_null(arena, signature->signer));
	value_put(arena, value, "key", text_or_null(arena, signature->key));
	return value;
}
