/*
 * ssh_key.h - what kind of private key a file holds: to explain why it cannot be used. It reads the public parts only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "engine/base/error.h"

struct ssh_key_kind {
	bool rsa;
	bool locked;	  /* with a passphrase */
	const char *name; /* for people: "Ed25519", "RSA", "not known" */
};

int ssh_key_inspect(const char *path, struct ssh_key_kind *ret_kind, struct error *err);
bool ssh_key_blob_is_rsa(const unsigned char *blob, size_t length); /* a public key as in the ssh protocol */
