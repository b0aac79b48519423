/*
 * anchor.c - a short list of names; the newest of a name counts.
 */
#include "engine/document/anchor.h"

#include <string.h>

#include "engine/base/suggest.h"

void anchors_add(struct anchors *anchors, struct arena *arena, const struct anchor *anchor)
{
	if (anchors->count == ANCHOR_LIMIT)
		return;
	struct anchor *slot = arena_grow(arena, &anchors->items, &anchors->count, &anchors->capacity, sizeof(*anchors->items));
	*slot = *anchor;
	slot->name = arena_strdup(arena, anchor->name);
}

const struct anchor *anchors_find(const struct anchors *anchors, const char *name)
{
	for (size_t i = anchors->count; i > 0; i--)
		if (strcmp(anchors->items[i - 1].name, name) == 0)
			return &anchors->items[i - 1];
	return NULL;
}

const char *anchors_suggest(const struct anchors *anchors, struct arena *arena, const char *name)
{
	const char **names = arena_alloc(arena, anchors->count * sizeof(*names));
	for (size_t i = 0; i < anchors->count; i++)
		names[i] = anchors->items[i].name;
	return suggest(name, names, anchors->count);
}
