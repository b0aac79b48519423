/*
 * audit_key.h - the Ed25519 key (RFC 8032) with which checkpoints are signed, and the public keys that are trusted. The only
 * files of the journal that know OpenSSL.
 *
 * A private key is a PKCS#8 PEM file, mode 0600, that no one but its user owns: `openssl pkey` reads it. A public key is named
 * by its 32 raw bytes as hexadecimal digits; files of public keys hold any number of PEM blocks (SubjectPublicKeyInfo). So a
 * checkpoint can be verified without Standin, see checkpoint.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "engine/base/buffer.h"
#include "engine/base/error.h"

#define AUDIT_KEY_SIZE	     65	 /* 64 digits and the NUL */
#define AUDIT_SIGNATURE_SIZE 129 /* 128 digits and the NUL */

struct audit_key;

/* Writes a new private key; the file must not exist. */
int audit_key_create(const char *path, struct error *err);
/* ERROR_NOT_FOUND: there is none. ERROR_INVALID: others can read it, it is another user's, a link, or no Ed25519 key. */
int audit_key_load(const char *path, struct audit_key **ret_key, struct error *err);
void audit_key_free(struct audit_key *key);
const char *audit_key_name(const struct audit_key *key);		/* the public key's digits */
void audit_key_public(const struct audit_key *key, struct buffer *out); /* appends its PEM block */
void audit_key_sign(const struct audit_key *key, const void *data, size_t length, char ret_signature[AUDIT_SIGNATURE_SIZE]);

/* Whether the holder of the key of that name signed these bytes. Names and signatures that are none verify nothing. */
bool audit_key_verifies(const char *name, const char *signature, const void *data, size_t length);

struct audit_trust {		       /* zero-initialized: nobody is trusted, and nothing can be said of who signed */
	char (*names)[AUDIT_KEY_SIZE]; /* owned */
	size_t count;
};

/* Adds all public keys of a file. ERROR_NOT_FOUND: there is no such file; ERROR_INVALID: one in it is no Ed25519 key. */
int audit_trust_read(struct audit_trust *trust, const char *path, struct error *err);
void audit_trust_add(struct audit_trust *trust, const char *name);
bool audit_trusts(const struct audit_trust *trust, const char *name);
void audit_trust_free(struct audit_trust *trust);
