/*
 * redact.h - text that a command said, without the secrets that it was given.
 *
 * A secret is found as it is, whole or line by line, and in the forms in which programs like to say what they were given:
 * base64 (at any place of a longer text, broken into lines or not), hexadecimal, JSON escapes, percent escapes, a shell's
 * quotes. Not found: what was compressed, encrypted, reversed, or cut into pieces.
 */
#pragma once

#include "engine/base/buffer.h"
#include "engine/base/value.h"
#include "engine/runbook/inventory.h"

struct redaction_form { /* one text that gives a secret away */
	const char *text;
	size_t length; /* bytes, not 0 */
	bool spread;   /* white space between its characters says nothing: base64, hexadecimal */
};

struct redaction {
	struct redaction_form *forms;
	size_t count;
	size_t capacity;
	bool begins[256]; /* with which byte one of them begins */
};

#define REDACTED "•••"

/* Every tainted text inside value, and each longer line of it. */
void redaction_add(struct arena *arena, struct redaction *redaction, const struct value *value);
/* Every secret that was read so far: a host may hold one that an earlier step gave it. inventory may be NULL. */
void redaction_add_known(struct arena *arena, struct redaction *redaction, const struct inventory *inventory);

/* Append text with every secret in it as •••; returns how many there were. cut_before, cut_after: there was more text before or
 * behind that is not here, so that a part of a secret may stand at that end: it is taken away too. */
size_t redact(const struct redaction *redaction, const char *text, size_t length, bool cut_before, bool cut_after,
	      struct buffer *out);
/* What a text gave in which secrets were, beside what the same text without them gave (NULL: nothing). Whatever differs has a
 * secret in it, however it was made of the text, and becomes secret; heard is a map, and stays an open one with open keys. */
const struct value *taint_attributes(struct arena *arena, const struct value *heard, const struct value *shown);
/* Is one of them, in any form, in the text? */
bool redaction_finds(const struct redaction *redaction, const char *text, size_t length);
