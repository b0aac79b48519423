/*
 * certificate.h - who an agent is: a long-lived Ed25519 key, and a certificate that it has signed itself. Nobody vouches for
 * it: the engine carries it to the other end over its own connection, and there it is pinned, byte by byte (channel.h). So
 * nothing in it is read, not its names, and not its dates either: a clock that is wrong must not stop a replication.
 */
#pragma once

#include "engine/base/error.h"

#define FINGERPRINT_SIZE (7 + 64 + 1) /* "sha256:" and 64 digits: of the certificate's DER form */

/* Makes what is missing of both, root-only; a certificate is made anew for a key that has lost its own. */
int certificate_make(const char *key_path, const char *certificate_path, struct error *err);
/* ERROR_INVALID: it is no PEM text of exactly one certificate with an Ed25519 key. */
int certificate_check(const char *pem, char ret_fingerprint[FINGERPRINT_SIZE], struct error *err);
