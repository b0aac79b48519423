/*
 * overlay.c - folding planned changes over observations.
 */
#include "engine/plan/overlay.h"

#include <string.h>

struct layer {
	const struct value *outputs; /* of a blurred one: what is declared; or NULL */
	const char *object;	     /* laid; or NULL */
	const struct value *desired; /* of a laid one */
	const char *pattern;	     /* touched; or NULL */
};

struct overlay {
	struct arena *arena;
	struct layer *layers;
	size_t count;
	size_t capacity;
};

struct overlay *overlay_new(struct arena *arena)
{
	struct overlay *overlay = ARENA_NEW(arena, struct overlay);
	overlay->arena = arena;
	return overlay;
}

static struct layer *add_layer(struct overlay *overlay)
{
	struct layer *layer =
		arena_grow(overlay->arena, &overlay->layers, &overlay->count, &overlay->capacity, sizeof(*overlay->layers));
	*layer = (struct layer){0};
	return layer;
}

void overlay_lay(struct overlay *overlay, const char *object, const struct value *desired)
{
	struct layer *layer = add_layer(overlay);
	layer->object = arena_strdup(overlay->arena, object);
	layer->desired = value_copy(overlay->arena, desired);
}

void overlay_blur(struct overlay *overlay, const char *object, const struct value *outputs)
{
	struct layer *layer = add_layer(overlay);
	layer->object = arena_strdup(overlay->arena, object);
	layer->outputs = outputs ? outputs : value_map(overlay->arena);
}

void overlay_touch(struct overlay *overlay, const char *pattern)
{
	add_layer(overlay)->pattern = arena_strdup(overlay->arena, pattern);
}

struct overlay_layers {
	struct layer *layers;
	size_t count;
};

size_t overlay_mark(const struct overlay *overlay)
{
	return overlay->count;
}

struct overlay_layers *overlay_cut(struct overlay *overlay, size_t mark)
{
	struct overlay_layers *cut = ARENA_NEW(overlay->arena, struct overlay_layers);
	cut->count = overlay->count - mark;
	if (cut->count)
		cut->layers = arena_copy(overlay->arena, &overlay->layers[mark], cut->count * sizeof(*cut->layers));
	overlay->count = mark;
	return cut;
}

void overlay_restore(struct overlay *overlay, const struct overlay_layers *layers)
{
	for (size_t i = 0; i < layers->count; i++)
		*add_layer(overlay) = layers->layers[i];
}

const char *overlay_conflict(struct table *changed, const struct overlay_layers *layers)
{
	const char *found = NULL;
	for (size_t i = 0; i < layers->count; i++) {
		const char *object = layers->layers[i].object;
		const void *by = object ? table_get(changed, object) : layers;
		if (!by)
			table_put(changed, object, layers);
		else if (by != layers)
			found = object;
	}
	return found;
}

bool overlay_is_empty(const struct overlay *overlay)
{
	return overlay->count == 0;
}

static struct observation blurred(struct arena *arena, const struct value *outputs, const struct observation *before)
{
	if (before->kind != OBSERVED_STATE)
		return *before;
	struct value *state = value_map(arena);
	for (size_t i = 0; i < before->state->map.count; i++) {
		const struct value_entry *entry = &before->state->map.entries[i];
		const struct value *schema = value_get_key(outputs, entry->key);
		bool known = schema && !value_get_bool(schema, "relative", false);
		value_put_key(arena, state, entry->key, known ? entry->value : value_unknown());
	}
	return (struct observation){.kind = OBSERVED_STATE, .state = state};
}

static struct observation touched(struct arena *arena, const struct observation *before)
{
	if (before->kind != OBSERVED_STATE)
		return observation_unobservable("an earlier step may change it");
	struct value *state = value_map(arena);
	for (size_t i = 0; i < before->state->map.count; i++)
		value_put_key(arena, state, before->state->map.entries[i].key, value_unknown());
	return (struct observation){.kind = OBSERVED_STATE, .state = state};
}

/* Only `*` is special, and it matches slashes too: brackets and question marks are letters of objects. */
static bool matches(const char *pattern, const char *text)
{
	const char *star = NULL, *from = NULL;
	while (*text) {
		if (*pattern == '*') {
			star = pattern++;
			from = text;
		} else if (*pattern == *text) {
			pattern++;
			text++;
		} else if (star) { /* let the last star take one more */
			pattern = star + 1;
			text = ++from;
		} else {
			return false;
		}
	}
	return pattern[strspn(pattern, "*")] == '\0';
}

struct observation overlay_view(const struct overlay *overlay, struct arena *arena, const char *object,
				const struct observation *observed, bool *ret_planned)
{
	struct observation view = *observed;
	*ret_planned = false;
	for (size_t i = 0; i < overlay->count; i++) {
		const struct layer *layer = &overlay->layers[i];
		if (layer->outputs && strcmp(layer->object, object) == 0)
			view = blurred(arena, layer->outputs, &view);
		else if (layer->object && strcmp(layer->object, object) == 0)
			view = wish_after(arena, layer->desired, &view);
		else if (layer->pattern && matches(layer->pattern, object))
			view = touched(arena, &view);
		else
			continue;
		*ret_planned = true;
	}
	return view;
}
