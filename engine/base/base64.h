/*
 * base64.h - RFC 4648, standard alphabet with padding.
 */
#pragma once

#include <stddef.h>

#include "engine/base/buffer.h"

void base64_encode(struct buffer *out, const void *data, size_t length);
int base64_decode(struct buffer *out, const char *text, size_t length); /* white space is skipped; -1: not base64 */
