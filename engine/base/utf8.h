/*
 * utf8.h - UTF-8 (RFC 3629): checking, repairing, counting, and what may be shown on a terminal.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/buffer.h"

/* Length of the valid code point at text (1..4) with *ret_code, or 0 if the bytes are no valid UTF-8. */
size_t utf8_decode(const char *text, size_t length, uint32_t *ret_code);
size_t utf8_encode(uint32_t code, char ret_text[4]); /* bytes written, 0 if code is no code point */
bool utf8_valid(const char *text, size_t length);
size_t utf8_count(const char *text, size_t length); /* code points; an invalid byte counts as one */
size_t utf8_width(const char *text, size_t length); /* terminal columns (wcwidth-like: combining 0, wide 2) */
/* Append text with each invalid byte as U+FFFD. */
void utf8_append_repaired(struct buffer *out, const char *text, size_t length);
bool utf8_is_printable(uint32_t code); /* shows as itself, and leaves what is beside it alone */
/* Append text so that it can do no harm on a terminal or in a log: control, bidirectional and invalid characters become
 * visible escapes (\x1b, \u202e); newline and tab stay only if keep_lines. */
void utf8_append_printable(struct buffer *out, const char *text, size_t length, bool keep_lines);
