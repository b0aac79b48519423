/*
 * signers.h - the folder in which signatures are checked. Private to library/.
 */
#pragma once

#include "engine/library/signature.h"

struct signers {
	char *folder;	       /* owned, mode 0700; removed at the end */
	char *allowed_signers; /* owned paths in it; NULL: the policy names none */
	char *revoked_keys;
	bool keyring; /* the folder is gpg's home, and has the policy's keys */
};

/* time: seconds since 1970, of the commit or tag. */
int ssh_check(struct signers *signers, struct arena *arena, const char *payload, size_t length, const char *signature,
	      int64_t time, struct signature *ret_signature, struct error *err);
int openpgp_check(struct signers *signers, struct arena *arena, const char *payload, size_t length, const char *signature,
		  struct signature *ret_signature, struct error *err);
/* signature as a file of the folder; malloc'ed path. NULL: it cannot be written. */
char *signers_put(struct signers *signers, const char *name, const char *text, size_t length, struct error *err);
/* The keys as gpg wants them, once. */
int openpgp_import(struct signers *signers, const struct source *keyring, struct error *err);
