/*
 * approval_signature.c - see approval_signature.h. What is wrong with a signature is asked question by question, because
 * ssh-keygen's one answer does not say which of them failed.
 */
#include "engine/execute/approval_signature.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "engine/connection/pipes.h"

#define TIMEOUT (10 * NSEC_PER_SEC)

struct answer {
	int code;
	const char *output, *errors; /* in the arena, the first line of each */
};

static const char *first_line(struct arena *arena, const struct capture *capture)
{
	size_t length = capture->data ? strcspn(capture->data, "\r\n") : 0;
	return arena_strndup(arena, capture->data ? capture->data : "", length);
}

static int ask(struct arena *arena, const char *const *argv, const char *input, size_t length, struct answer *ret_answer,
	       struct capture *ret_output, struct error *err)
{
	struct command_result result = {0};
	struct request request = {.argv = argv, .input = input, .input_length = length, .deadline = clock_boottime() + TIMEOUT};
	int ran = pipes_run(argv, NULL, &request, &result, err);
	if (ran == 0) {
		ret_answer->code = result.exit_code;
		ret_answer->output = first_line(arena, &result.output);
		ret_answer->errors = first_line(arena, &result.errors);
	}
	if (ran == 0 && ret_output) {
		*ret_output = result.output;
		result.output = (struct capture){0};
	}
	command_result_free(&result);
	if (ran == 0)
		return 0;
	error_wrap(err, "%s", argv[0]);
	return error_hint(err, "install OpenSSH's client: it makes and checks the signatures");
}

/* --- signing --- */

static int only_key_of_agent(struct arena *arena, const char *path, struct error *err)
{
	const char *const argv[] = {"ssh-add", "-L", NULL};
	struct answer answer;
	struct capture keys = {0};
	if (ask(arena, argv, NULL, 0, &answer, &keys, err) < 0)
		return -1;
	CLEANUP_FREE char *text = keys.data;
	const char *newline = text ? strchr(text, '\n') : NULL;
	if (answer.code != 0 || !newline) {
		const char *why = *answer.errors ? answer.errors : answer.output;
		error_set(err, ERROR_NOT_FOUND, "no SSH agent with a key can be reached%s%s", *why ? ": " : "", why);
		return error_hint(err, "add your key (ssh-add), or name it with --key FILE");
	}
	if (newline[1]) {
		error_set(err, ERROR_NOT_FOUND, "the SSH agent has several keys");
		return error_hint(err, "name yours with --key FILE (its public half is enough); ssh-add -L lists them");
	}
	return file_write_durable(path, text, strlen(text), 0600, err);
}

static int sign_with(struct arena *arena, const char *key, const char *text, size_t length, const char **ret_signature,
		     struct error *err)
{
	const char *const argv[] = {"ssh-keygen", "-Y", "sign", "-q", "-n", APPROVAL_NAMESPACE, "-f", key, NULL};
	struct answer answer;
	struct capture signature = {0};
	if (ask(arena, argv, text, length, &answer, &signature, err) < 0)
		return -1;
	*ret_signature = arena_strndup(arena, signature.data ? signature.data : "", signature.length);
	free(signature.data);
	if (answer.code == 0)
		return 0;
	error_set(err, ERROR_NOT_FOUND, "it cannot be signed with %s: %s", key, answer.errors);
	return error_hint(err, "a key with a passphrase is used through an agent: ssh-add %s", key);
}

int approval_sign(struct arena *arena, const char *key, const char *text, size_t length, const char **ret_signature,
		  struct error *err)
{
	if (key)
		return sign_with(arena, key, text, length, ret_signature, err);
	char folder[] = "/tmp/standin-approve.XXXXXX";
	if (!mkdtemp(folder))
		return error_set_errno(err, errno, "cannot make a folder in /tmp");
	CLEANUP_FREE char *path = file_join(folder, "key.pub");
	int result = only_key_of_agent(arena, path, err);
	if (result == 0)
		result = sign_with(arena, path, text, length, ret_signature, err);
	file_remove_tree(folder, NULL);
	return result;
}

/* --- checking --- */

struct question {
	struct arena *arena;
	const char *file; /* that holds the signature */
	const struct approval_keys *keys;
	const char *text;
	size_t length;
};

/* Does it match the text at all, whoever has made it? "Good "standin-approval" signature with ED25519 key SHA256:..." */
static int ask_match(const struct question *question, struct approval_signer *signer, struct error *err)
{
	const char *const argv[] = {"ssh-keygen",	"-Y", "check-novalidate", "-n",
				    APPROVAL_NAMESPACE, "-s", question->file,	  NULL};
	struct answer answer;
	if (ask(question->arena, argv, question->text, question->length, &answer, NULL, err) < 0)
		return -1;
	const char *fingerprint = strstr(answer.output, "SHA256:");
	if (answer.code != 0 || !fingerprint)
		return error_set(err, ERROR_REFUSED, "the signature does not match what was asked%s%s",
				 *answer.errors ? ": " : "", answer.errors);
	signer->fingerprint = arena_strdup(question->arena, fingerprint);
	return 0;
}

/* A line each; one of those that are asked for, if there is. */
static const char *choose(const struct question *question, const char *principals)
{
	const struct value *from = question->keys->from;
	const char *first = NULL;
	for (const char *line = principals; *line; line += strspn(line, "\r\n")) {
		const char *principal = arena_strndup(question->arena, line, strcspn(line, "\r\n"));
		line += strlen(principal);
		first = first ? first : principal;
		for (size_t i = 0; value_is(from, VALUE_LIST) && i < from->list.count; i++)
			if (value_is_text(from->list.items[i], principal))
				return principal;
	}
	return first;
}

static int ask_owner(const struct question *question, struct approval_signer *signer, struct error *err)
{
	const char *const argv[] = {"ssh-keygen",   "-Y", "find-principals", "-f", question->keys->signers, "-s",
				    question->file, NULL};
	struct answer answer;
	struct capture principals = {0};
	if (ask(question->arena, argv, NULL, 0, &answer, &principals, err) < 0)
		return -1;
	signer->principal = answer.code == 0 && principals.data ? choose(question, principals.data) : NULL;
	free(principals.data);
	if (signer->principal)
		return 0;
	bool plain = strcmp(answer.errors, "No principal matched.") == 0 || !*answer.errors;
	return error_set(err, ERROR_REFUSED, "%s knows no signer with the key %s%s%s", question->keys->name,
			 signer->fingerprint, plain ? "" : ": ", plain ? "" : answer.errors);
}

/* As that person, in this namespace, now. revoked: also, is the key not revoked. */
static int ask_permission(const struct question *question, const char *principal, const char *revoked, bool *ret_good,
			  struct error *err)
{
	const char *argv[] = {
		"ssh-keygen", "-Y",	 "verify", "-n",	   APPROVAL_NAMESPACE,	  "-f",	   question->keys->signers,
		"-I",	      principal, "-s",	   question->file, revoked ? "-r" : NULL, revoked, NULL};
	struct answer answer;
	if (ask(question->arena, argv, question->text, question->length, &answer, NULL, err) < 0)
		return -1;
	*ret_good = answer.code == 0;
	return 0;
}

static int check(const struct question *question, struct approval_signer *signer, struct error *err)
{
	bool good = false;
	if (ask_match(question, signer, err) < 0 || ask_owner(question, signer, err) < 0 ||
	    ask_permission(question, signer->principal, NULL, &good, err) < 0)
		return -1;
	if (!good)
		return error_set(err, ERROR_REFUSED, "%s does not let %s sign approvals", question->keys->name,
				 signer->principal);
	if (question->keys->revoked && ask_permission(question, signer->principal, question->keys->revoked, &good, err) < 0)
		return -1;
	return good ? 0
		    : error_set(err, ERROR_REFUSED, "the key %s of %s is revoked (%s)", signer->fingerprint, signer->principal,
				question->keys->revoked_name);
}

int approval_verify(struct arena *arena, const struct approval_keys *keys, const char *text, size_t length,
		    const char *signature, struct approval_signer *ret_signer, struct error *err)
{
	CLEANUP_FREE char *path = memory_printf("%s/signature.XXXXXX", keys->folder);
	struct question question = {.arena = arena, .file = path, .keys = keys, .text = text, .length = length};
	*ret_signer = (struct approval_signer){0};
	CLEANUP_CLOSE int fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return error_set_errno(err, errno, "cannot write %s", path);
	ssize_t wrote = write(fd, signature, strlen(signature));
	int result = wrote == (ssize_t)strlen(signature) ? check(&question, ret_signer, err)
							 : error_set_errno(err, errno, "cannot write %s", path);
	unlink(path);
	return result;
}
