/*
 * anchor.h - the values that a document names with `&name`, to be used again with `*name`.
 *
 * Values are shared, not copied, so that aliases of aliases cost no memory; but whoever walks the value walks all of it, so
 * what it expands to is counted.
 */
#pragma once

#include "engine/base/value.h"

struct anchor {
	const char *name;
	const struct value *value;
	size_t nodes;	 /* values in it, aliases expanded */
	unsigned height; /* levels of lists and maps in it */
};

struct anchors {
	struct anchor *items;
	size_t count, capacity;
};

#define ANCHOR_LIMIT 1000

void anchors_add(struct anchors *anchors, struct arena *arena,
		 const struct anchor *anchor);					    /* beyond ANCHOR_LIMIT: forgotten */
const struct anchor *anchors_find(const struct anchors *anchors, const char *name); /* the latest of that name, or NULL */
/* The known name nearest to a misspelt one, or NULL. */
const char *anchors_suggest(const struct anchors *anchors, struct arena *arena, const char *name);
