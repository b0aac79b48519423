/*
 * uri.c - splitting and joining by hand: scheme, authority, path, query.
 */
#include "engine/schema/uri.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct uri {
	const char *scheme, *authority, *path, *query; /* NULL: not there; path is never NULL */
};

static const char *scheme_end(const char *text)
{
	const char *end = text + strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");
	return isalpha((unsigned char)*text) && *end == ':' ? end : NULL;
}

/* text has no fragment. */
static struct uri parse(struct arena *arena, const char *text)
{
	struct uri uri = {0};
	const char *colon = scheme_end(text);
	if (colon) {
		uri.scheme = arena_strndup(arena, text, (size_t)(colon - text));
		text = colon + 1;
	}
	if (strncmp(text, "//", 2) == 0) {
		size_t length = strcspn(text + 2, "/?");
		uri.authority = arena_strndup(arena, text + 2, length);
		text += 2 + length;
	}
	size_t length = strcspn(text, "?");
	uri.path = arena_strndup(arena, text, length);
	if (text[length] == '?')
		uri.query = arena_strdup(arena, text + length + 1);
	return uri;
}

/* RFC 3986, 5.2.4, in place on a copy. */
static char *without_dots(struct arena *arena, const char *path)
{
	char *out = arena_alloc(arena, strlen(path) + 2);
	size_t length = 0;
	while (*path) {
		size_t size = (*path == '/' ? 1 : 0) + strcspn(path + (*path == '/'), "/");
		const char *name = path + (*path == '/');
		size_t name_length = size - (size_t)(name - path);
		bool last = !path[size];
		if (name_length == 2 && strncmp(name, "..", 2) == 0) {
			while (length > 0 && out[--length] != '/')
				;
			if (last)
				out[length++] = '/';
		} else if (name_length == 1 && *name == '.') {
			if (last)
				out[length++] = '/';
		} else {
			memcpy(out + length, path, size);
			length += size;
		}
		path += size;
	}
	out[length] = '\0';
	return out;
}

static const char *merge(struct arena *arena, const struct uri *base, const char *path)
{
	const char *slash = strrchr(base->path, '/');
	if (!slash)
		return base->authority ? arena_printf(arena, "/%s", path) : path;
	return arena_printf(arena, "%.*s%s", (int)(slash + 1 - base->path), base->path, path);
}

static char *put_together(struct arena *arena, const struct uri *uri)
{
	return arena_printf(arena, "%s%s%s%s%s%s%s", uri->scheme ? uri->scheme : "", uri->scheme ? ":" : "",
			    uri->authority ? "//" : "", uri->authority ? uri->authority : "", uri->path, uri->query ? "?" : "",
			    uri->query ? uri->query : "");
}

char *uri_resolve(struct arena *arena, const char *base, const char *reference)
{
	const char *fragment = strchr(reference, '#');
	size_t length = fragment ? (size_t)(fragment - reference) : strlen(reference);
	const char *absolute = arena_strndup(arena, base, strcspn(base, "#"));
	if (length) {
		struct uri from = parse(arena, absolute), to = parse(arena, arena_strndup(arena, reference, length));
		if (!to.scheme) {
			to.scheme = from.scheme;
			if (!to.authority) {
				to.authority = from.authority;
				if (!*to.path) {
					to.path = from.path;
					to.query = to.query ? to.query : from.query;
				} else if (*to.path != '/') {
					to.path = merge(arena, &from, to.path);
				}
			}
		}
		if (to.authority || *to.path == '/')
			to.path = without_dots(arena, to.path);
		absolute = put_together(arena, &to);
	}
	return arena_printf(arena, "%s%s", absolute, fragment ? fragment : "");
}

static char *decode(struct arena *arena, const char *text)
{
	char *out = arena_alloc(arena, strlen(text) + 1), *end = out;
	for (; *text; text++) {
		if (*text == '%' && isxdigit((unsigned char)text[1]) && isxdigit((unsigned char)text[2])) {
			char digits[] = {text[1], text[2], '\0'};
			*end++ = (char)strtol(digits, NULL, 16);
			text += 2;
		} else {
			*end++ = *text;
		}
	}
	return out;
}

char *uri_split(struct arena *arena, const char *uri, char **ret_fragment)
{
	size_t length = strcspn(uri, "#");
	*ret_fragment = uri[length] ? decode(arena, uri + length + 1) : NULL;
	return arena_strndup(arena, uri, length);
}
