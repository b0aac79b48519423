/*
 * wording.h - what the parser's complaints mean, in words for the person who wrote the file.
 */
#pragma once

#include <stdbool.h>

struct wording {
	const char *problem; /* as the parser says it */
	const char *rule;
	const char *message;
	const char *hint; /* may be NULL */
	bool at_context;  /* the place is where the unfinished thing began, not where the parser stopped */
};

#define WORDING_UNCLOSED "unclosed bracket" /* not the parser's own words */

/* Never NULL; for a complaint that is not known, .message is NULL and its own text has to do. */
const struct wording *wording_find(const char *problem);
