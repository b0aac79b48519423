/*
 * json.h - values to and from JSON text (RFC 8259). The only file that knows the JSON library.
 *
 * What JSON has no word for: UNKNOWN is written {"?": "why"}, a secret as "•••" (it is never written in clear), BYTES as
 * base64, DURATION as "90s", TIMESTAMP as RFC 3339, INT and UINT as numbers, a map's keys as strings.
 */
#pragma once

#include "engine/base/buffer.h"
#include "engine/base/error.h"
#include "engine/base/value.h"

enum json_style {
	JSON_COMPACT,  /* one line */
	JSON_INDENTED, /* for people: two spaces */
};

/* Duplicate keys, trailing bytes, invalid UTF-8 and a depth over 512 are errors. */
int json_parse(struct arena *arena, const char *text, size_t length, const struct value **ret_value, struct error *err);
void json_format(struct buffer *out, const struct value *value, enum json_style style);
char *json_text(struct arena *arena, const struct value *value);      /* compact */
void json_quote(struct buffer *out, const char *text, size_t length); /* one string with its quotes */
