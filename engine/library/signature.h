/*
 * signature.h - who has signed a commit or a tag. SSH signatures are checked by ssh-keygen, OpenPGP ones by gpg, each with
 * nothing but the keys that the policy names: in a folder of their own, never with a user's keyring.
 */
#pragma once

#include "engine/base/value.h"
#include "engine/library/policy.h"

enum signature_state {
	SIGNATURE_NONE,	     /* there is none */
	SIGNATURE_GOOD,	     /* it matches, and who made it may */
	SIGNATURE_BAD,	     /* it does not match what is signed, or is no signature */
	SIGNATURE_STRANGER,  /* it matches, but the key is none of those that may sign */
	SIGNATURE_REVOKED,   /* it matches, but the key is revoked */
	SIGNATURE_EXPIRED,   /* it matches, but the key (or the signature) has expired */
	SIGNATURE_UNCHECKED, /* there is one, and nothing says who may sign */
};

struct signature {
	enum signature_state state;
	const char *format; /* "ssh", "openpgp" or "x509"; NULL without one */
	const char *signer; /* principal or user id; NULL: not known */
	const char *key;    /* fingerprint: SHA256:... or 40 digits; NULL: not known */
	const char *why;    /* what the checking program said, where that tells more; or NULL */
};

/* The keys that count, laid out for the programs. policy may be NULL, or name none: then nothing can be checked. */
struct signers;
int signers_open(const struct policy *policy, struct signers **ret_signers, struct error *err);
void signers_close(struct signers *signers); /* NULL is fine */

/* -1 only where nothing can be said: a program is missing, the repository is damaged. What is wrong with a signature is its
 * state. A key counts as of the time that the commit or tag bears, as git has it; a revoked one never. */
int signature_of_commit(const struct repository *repository, struct signers *signers, struct arena *arena, const char *commit,
			struct signature *ret_signature, struct error *err);
/* The best of the tags of this commit: of several the first that is good, else the first with a signature. *ret_tag: its name,
 * or NULL: no tag of this commit has one. A tag object under another name than its own does not count. */
int signature_of_tags(const struct repository *repository, struct signers *signers, struct arena *arena, const char *commit,
		      struct signature *ret_signature, const char **ret_tag, struct error *err);

const char *signature_state_name(enum signature_state state);				     /* "good" */
const struct value *signature_value(struct arena *arena, const struct signature *signature); /* {state, format, signer, key} */
