/*
 * redact.h - text that a command said, without the secrets that it was given.
 *
 * It finds a secret as it was passed, whole or line by line; not one that the command encoded (base64, JSON escapes) before saying it.
 */
#pragma once

#include "engine/base/buffer.h"
#include "engine/base/value.h"

struct redaction {
	const struct value **texts; /* longest first */
	size_t count;
	size_t capacity;
};

#define REDACTED "•••"

/* Every tainted text inside value, and each longer line of it. */
void redaction_add(struct arena *arena, struct redaction *redaction, const struct value *value);

/* Append text with every secret in it as •••. cut_before, cut_after: there was more text before or behind that is not here, so
 * that a part of a secret may stand at that end: it is taken away too. */
void redact(const struct redaction *redaction, const char *text, size_t length, bool cut_before, bool cut_after,
	    struct buffer *out);
