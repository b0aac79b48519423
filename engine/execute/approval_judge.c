/*
 * approval_judge.c - does an approval count? It must be for exactly what is asked, signed by one of those who may, with a key
 * that is good now, and each person counts once.
 */
#include <string.h>

#include "engine/base/file.h"
#include "engine/base/hash.h"
#include "engine/base/json.h"
#include "engine/base/memory.h"
#include "engine/execute/approval.h"
#include "engine/execute/approval_signature.h"

#define SIGNERS_LIMIT ((size_t)1024 * 1024)

/* --- is it for this --- */

static int is_for(const struct value *document, const char *field, const char *wanted)
{
	return value_is_text(value_get(document, field), wanted);
}

static int check_document(struct interpreter *interpreter, const struct approval *approval, const char *text, struct error *err)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	const struct value *document = NULL;
	if (strcmp(text, approval->text) == 0)
		return 0;
	if (json_parse(arena, text, strlen(text), &document, NULL) < 0 || !value_get(document, "standin_approval"))
		return error_set(err, ERROR_REFUSED, "it is no approval that standin knows");
	if (!is_for(document, "run", interpreter->run->id))
		return error_set(err, ERROR_REFUSED, "it is for the run %s, not for this one",
				 value_get_text(document, "run") ? value_get_text(document, "run") : "?");
	if (!is_for(document, "step", approval->step))
		return error_set(err, ERROR_REFUSED, "it is for step %s, not for %s",
				 value_get_text(document, "step") ? value_get_text(document, "step") : "?", approval->step);
	const char *changed =
		approval_difference(arena, value_get(document, "content"), value_get(approval->document, "content"));
	return error_set(err, ERROR_REFUSED, "%s since it was given",
			 changed ? changed : "what is asked has changed (its times or terms)");
}

/* --- is it from one who may --- */

static bool is_operator(const struct value *operator, const char * principal)
{
	const char *user = value_get_text(operator, "user"), *host = value_get_text(operator, "host");
	size_t length = user ? strlen(user) : 0;
	if (!length || strncmp(principal, user, length) != 0)
		return false;
	(void)host; /* alice is alice@ anywhere: whoever doubts it should not approve */
	return principal[length] == '\0' || principal[length] == '@';
}

static bool has_asked(const struct interpreter *interpreter, const char *principal)
{
	const struct history *history = interpreter->history;
	bool asked = is_operator(interpreter->execution->operator, principal);
	for (size_t i = 0; history && i < history->operators_count; i++)
		asked |= is_operator(history->operators[i], principal);
	return asked;
}

static int check_person(const struct interpreter *interpreter, const struct approval *approval,
			const struct approval_signer *signer, struct error *err)
{
	bool named = false;
	for (size_t i = 0; i < approval->from->list.count; i++)
		named |= value_is_text(approval->from->list.items[i], signer->principal);
	if (!named)
		return error_set(err, ERROR_REFUSED, "%s is not among those who may approve this", signer->principal);
	if (approval->not_requester && has_asked(interpreter, signer->principal))
		return error_set(err, ERROR_REFUSED, "%s has asked for it, and who asks may not approve", signer->principal);
	for (size_t i = 0; i < approval->count; i++) {
		if (value_is_text(value_get(approval->given[i], "principal"), signer->principal))
			return error_set(err, ERROR_REFUSED, "%s has approved already, and counts once", signer->principal);
		if (value_is_text(value_get(approval->given[i], "key"), signer->fingerprint))
			return error_set(err, ERROR_REFUSED, "with the key %s %s has approved already", signer->fingerprint,
					 value_get_text(approval->given[i], "principal"));
	}
	return 0;
}

static int judge(struct interpreter *interpreter, const struct approval *approval, const char *text, const char *signature,
		 struct approval_signer *ret_signer, struct error *err)
{
	const struct approval_keys keys = {.folder = interpreter->run->folder,
					   .name = approval->signers_name,
					   .revoked_name = approval->revoked_name,
					   .signers = approval->signers,
					   .revoked = approval->revoked,
					   .from = approval->from};
	if (!text || !signature)
		return error_set(err, ERROR_REFUSED, "it holds no signed document");
	if (check_document(interpreter, approval, text, err) < 0 ||
	    approval_verify(interpreter->arena, &keys, approval->text, strlen(approval->text), signature, ret_signer, err) < 0)
		return -1;
	return check_person(interpreter, approval, ret_signer, err);
}

/* --- what becomes of it --- */

static void count(struct interpreter *interpreter, struct approval *approval, const struct value *record)
{
	const struct value **place = arena_grow(interpreter->arena, &approval->given, &approval->count, &approval->capacity,
						sizeof(*approval->given));
	*place = record;
}

static const struct value *signers_value(struct arena *arena, const struct approval *approval)
{
	struct value *value = value_map(arena);
	CLEANUP_FREE char *text = NULL;
	char digest[HASH_HEX_SIZE] = "";
	size_t length;
	if (file_read(approval->signers, SIGNERS_LIMIT, &text, &length, NULL) == 0)
		hash_hex(text, length, digest);
	value_put(arena, value, "path", value_string(arena, approval->signers_name));
	value_put(arena, value, "sha256", value_string(arena, digest));
	return value;
}

static int keep(struct interpreter *interpreter, struct approval *approval, const struct value *request,
		const struct approval_signer *signer, struct error *err)
{
	struct arena *arena = interpreter->arena;
	struct value *fields = record_fields(interpreter, arena, approval->step);
	const struct value *by = value_get(request, "by");
	value_put(arena, fields, "principal", value_string(arena, signer->principal));
	value_put(arena, fields, "key", value_string(arena, signer->fingerprint));
	value_put(arena, fields, "document", value_string(arena, approval->text));
	value_put(arena, fields, "signature", value_string(arena, value_get_text(request, "signature")));
	value_put(arena, fields, "signers", signers_value(arena, approval));
	value_put(arena, fields, "by", by ? value_copy(arena, by) : value_null());
	value_put(arena, fields, "count", value_int(arena, (int64_t)approval->count + 1));
	value_put(arena, fields, "min", value_int(arena, (int64_t)approval->least));
	if (record(interpreter, "approved", fields, JOURNAL_SYNC) < 0)
		return error_set(err, ERROR_IO, "it cannot be journaled");
	count(interpreter, approval, fields);
	return 0;
}

int approval_take(struct interpreter *interpreter, struct approval *approval, const struct value *request, struct error *err)
{
	struct approval_signer signer;
	if (approval->expires && clock_wall() >= approval->expires)
		return error_set(err, ERROR_REFUSED, "it comes too late: the time to approve ended at %s",
				 value_get_text(approval->document, "expires"));
	if (judge(interpreter, approval, value_get_text(request, "document"), value_get_text(request, "signature"), &signer,
		  err) < 0)
		return -1;
	if (approval->closed)
		return error_set(err, ERROR_REFUSED, "step %s no longer waits", approval->step);
	return keep(interpreter, approval, request, &signer, err);
}

int approval_recall(struct interpreter *interpreter, struct approval *approval)
{
	const struct history *history = interpreter->history;
	for (size_t i = 0; history && i < history->approvals_count; i++) {
		const struct value *given = history->approvals[i];
		struct approval_signer signer;
		CLEANUP_ERROR struct error err = ERROR_NONE;
		if (!value_is_text(value_get(given, "step"), approval->step))
			continue;
		if (judge(interpreter, approval, value_get_text(given, "document"), value_get_text(given, "signature"), &signer,
			  &err) == 0) {
			count(interpreter, approval, given);
			continue;
		}
		const char *text = arena_printf(interpreter->arena, "the approval of %s does not count: %s",
						value_get_text(given, "principal"), error_text(&err));
		if (record_note(interpreter, approval->step, text) < 0)
			return -1;
	}
	return 0;
}
