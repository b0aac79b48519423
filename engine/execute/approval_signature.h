/*
 * approval_signature.h - SSH signatures over approvals, made and checked by ssh-keygen -Y (format: OpenSSH's PROTOCOL.sshsig;
 * who may sign: the allowed-signers file of ssh-keygen(1)). Keys are never read here: an agent or ssh-keygen does.
 */
#pragma once

#include <stddef.h>

#include "engine/base/arena.h"
#include "engine/base/error.h"
#include "engine/base/value.h"

#define APPROVAL_NAMESPACE "standin-approval"

struct approval_signer {
	const char *principal;	 /* whose key it is */
	const char *fingerprint; /* SHA256:... */
};

/* key: a private key file, or a public one whose private half an agent has; NULL: the only key of the agent. ret_signature:
 * armored, in the arena. ERROR_NOT_FOUND: there is no such key, or no agent, or several keys to choose from. */
int approval_sign(struct arena *arena, const char *key, const char *text, size_t length, const char **ret_signature,
		  struct error *err);

struct approval_keys {
	const char *folder;  /* where a signature may stand for a moment */
	const char *signers; /* path of the allowed-signers file */
	const char *name;    /* what people know it by */
	const char *revoked; /* of a key revocation list, or of a list of public keys; NULL: none */
	const char *revoked_name;
	const struct value *from; /* of several principals that have the same key, one of these */
};

/* Who has signed this text? ERROR_REFUSED: nobody whose signature counts; the message says why. */
int approval_verify(struct arena *arena, const struct approval_keys *keys, const char *text, size_t length,
		    const char *signature, struct approval_signer *ret_signer, struct error *err);
