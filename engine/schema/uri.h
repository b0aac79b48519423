/*
 * uri.h - URI references (RFC 3986, section 5), as far as $id and $ref need them. Nothing is ever fetched.
 */
#pragma once

#include "engine/base/arena.h"

/* reference against base (may be empty), in the arena; a fragment of the reference is kept. */
char *uri_resolve(struct arena *arena, const char *base, const char *reference);
/* Splits at '#': the part before it; *ret_fragment is the part behind it with its %xx decoded, or NULL if there is no '#'. */
char *uri_split(struct arena *arena, const char *uri, char **ret_fragment);
