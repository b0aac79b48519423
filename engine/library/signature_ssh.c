/*
 * signature_ssh.c - SSH signatures by `ssh-keygen -Y`, in git's namespace: does it match, whose key is it, is that one revoked.
 *
 * The three questions are asked one by one, because ssh-keygen's one answer to all of them does not say which one failed.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/base/memory.h"
#include "engine/library/checker.h"
#include "engine/library/signers.h"

#define NAMESPACE "git"

struct question {
	struct signers *signers;
	struct arena *arena;
	const char *payload;
	size_t length;
	const char *file; /* of the signature */
	const char *time; /* -O's argument */
};

static const char *last_line(struct arena *arena, const struct buffer *said)
{
	const char *text = buffer_text(said);
	size_t length = said->length;
	while (length && (text[length - 1] == '\n' || text[length - 1] == '\r'))
		length--;
	const char *line = length ? memrchr(text, '\n', length) : NULL;
	line = line ? line + 1 : text;
	return length ? arena_strndup(arena, line, (size_t)(text + length - line)) : NULL;
}

static int ask(const struct question *question, const char *const *argv, struct checked *ret_checked, struct error *err)
{
	return checker_run(argv, question->signers->folder, question->payload, question->length, ret_checked, err);
}

/* "Good "git" signature with ED25519 key SHA256:..." */
static const char *key_of(struct arena *arena, const char *said)
{
	const char *key = strstr(said, "SHA256:");
	return key ? arena_strndup(arena, key, strcspn(key, " \r\n")) : NULL;
}

static int ask_whether_it_matches(const struct question *question, struct signature *signature, struct error *err)
{
	const char *const argv[] = {"ssh-keygen", "-Y", "check-novalidate", "-n", NAMESPACE, "-s", question->file, NULL};
	CLEANUP_CHECKED struct checked checked;
	if (ask(question, argv, &checked, err) < 0)
		return -1;
	signature->key = key_of(question->arena, buffer_text(&checked.output));
	signature->state = checked.code == 0 ? SIGNATURE_STRANGER : SIGNATURE_BAD;
	signature->why = checked.code == 0 ? NULL : last_line(question->arena, &checked.errors);
	return 0;
}

/* Whose key it was at that time: one principal a line. */
static int ask_who(const struct question *question, const char **ret_principal, struct error *err)
{
	const char *const argv[] = {"ssh-keygen", "-Y",		  "find-principals", "-f", question->signers->allowed_signers,
				    "-s",	  question->file, question->time,    NULL};
	CLEANUP_CHECKED struct checked checked;
	*ret_principal = NULL;
	if (ask(question, argv, &checked, err) < 0)
		return -1;
	const char *said = buffer_text(&checked.output);
	if (checked.code == 0 && *said)
		*ret_principal = arena_strndup(question->arena, said, strcspn(said, "\r\n"));
	return 0;
}

/* 1: yes. revoked: the keys that count no more are asked for as well. */
static int ask_whether_allowed(const struct question *question, const char *principal, const char *revoked,
			       const char **ret_why, struct error *err)
{
	const char *const argv[] = {"ssh-keygen",
				    "-Y",
				    "verify",
				    "-f",
				    question->signers->allowed_signers,
				    "-I",
				    principal,
				    "-n",
				    NAMESPACE,
				    "-s",
				    question->file,
				    question->time,
				    revoked ? "-r" : NULL,
				    revoked,
				    NULL};
	CLEANUP_CHECKED struct checked checked;
	if (ask(question, argv, &checked, err) < 0)
		return -1;
	*ret_why = last_line(question->arena, &checked.errors);
	return checked.code == 0;
}

static int judge(const struct question *question, struct signature *signature, struct error *err)
{
	const char *revoked = question->signers->revoked_keys;
	if (ask_whether_it_matches(question, signature, err) < 0)
		return -1;
	if (signature->state == SIGNATURE_BAD)
		return 0;
	if (!question->signers->allowed_signers) {
		signature->state = question->signers->keyring ? SIGNATURE_STRANGER : SIGNATURE_UNCHECKED;
		return 0;
	}
	if (ask_who(question, &signature->signer, err) < 0)
		return -1;
	if (!signature->signer)
		return 0;
	int allowed = ask_whether_allowed(question, signature->signer, NULL, &signature->why, err);
	if (allowed != 1)
		return allowed;
	if (revoked)
		allowed = ask_whether_allowed(question, signature->signer, revoked, &signature->why, err);
	if (allowed < 0)
		return -1;
	signature->state = allowed ? SIGNATURE_GOOD : SIGNATURE_REVOKED;
	signature->why = NULL;
	return 0;
}

int ssh_check(struct signers *signers, struct arena *arena, const char *payload, size_t length, const char *text, int64_t time,
	      struct signature *ret_signature, struct error *err)
{
	CLEANUP_FREE char *file = signers_put(signers, "signature", text, strlen(text), err);
	time_t seconds = (time_t)time;
	struct tm parts;
	char when[64] = "";
	if (!file)
		return -1;
	if (gmtime_r(&seconds, &parts))
		strftime(when, sizeof(when), "-Overify-time=%Y%m%d%H%M%S", &parts);
	const struct question question = {
		.signers = signers, .arena = arena, .payload = payload, .length = length, .file = file, .time = when};
	ret_signature->format = "ssh";
	return judge(&question, ret_signature, err);
}
