/*
 * overlay.c - folding planned changes over observations.
 *
 * Layers stand in the order of planning. Of each object and of each pattern it is known where its layers are, so a view reads
 * only its own, however many there are.
 */
#include "engine/plan/overlay.h"

#include <string.h>

/* The layers of one object, or of one pattern. */
struct trace {
	const char *name;
	size_t *places; /* in overlay.layers, ascending */
	size_t count;
	size_t capacity;
};

struct layer {
	struct trace *of;
	const struct value *desired; /* an object's that was laid */
	const struct value *outputs; /* an object's that was blurred: what is declared. Neither: a pattern was touched */
};

struct overlay {
	struct arena *arena;
	struct layer *layers;
	size_t count;
	size_t capacity;
	struct table objects, patterns; /* name -> its trace */
};

struct overlay *overlay_new(struct arena *arena)
{
	struct overlay *overlay = ARENA_NEW(arena, struct overlay);
	overlay->arena = arena;
	return overlay;
}

void overlay_free(struct overlay *overlay)
{
	if (!overlay)
		return;
	table_free(&overlay->objects);
	table_free(&overlay->patterns);
}

static struct trace *trace_of(struct overlay *overlay, struct table *table, const char *name)
{
	struct trace *trace = table_get(table, name);
	if (trace)
		return trace;
	trace = ARENA_NEW(overlay->arena, struct trace);
	trace->name = arena_strdup(overlay->arena, name);
	table_put(table, name, trace);
	return trace;
}

static void add_layer(struct overlay *overlay, const struct layer *layer)
{
	struct trace *trace = layer->of;
	size_t *place = arena_grow(overlay->arena, &trace->places, &trace->count, &trace->capacity, sizeof(*trace->places));
	*place = overlay->count;
	struct layer *added =
		arena_grow(overlay->arena, &overlay->layers, &overlay->count, &overlay->capacity, sizeof(*overlay->layers));
	*added = *layer;
}

void overlay_lay(struct overlay *overlay, const char *object, const struct value *desired)
{
	add_layer(overlay, &(struct layer){.of = trace_of(overlay, &overlay->objects, object),
					   .desired = value_copy(overlay->arena, desired)});
}

void overlay_blur(struct overlay *overlay, const char *object, const struct value *outputs)
{
	add_layer(overlay, &(struct layer){.of = trace_of(overlay, &overlay->objects, object),
					   .outputs = outputs ? outputs : value_map(overlay->arena)});
}

void overlay_touch(struct overlay *overlay, const char *pattern)
{
	add_layer(overlay, &(struct layer){.of = trace_of(overlay, &overlay->patterns, pattern)});
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
	for (size_t i = 0; i < cut->count; i++)
		cut->layers[i].of->count--;
	overlay->count = mark;
	return cut;
}

void overlay_restore(struct overlay *overlay, const struct overlay_layers *layers)
{
	for (size_t i = 0; i < layers->count; i++)
		add_layer(overlay, &layers->layers[i]);
}

static bool is_touch(const struct layer *layer)
{
	return !layer->desired && !layer->outputs;
}

const char *overlay_conflict(struct table *changed, const struct overlay_layers *layers)
{
	const char *found = NULL;
	for (size_t i = 0; i < layers->count; i++) {
		const struct layer *layer = &layers->layers[i];
		const void *by = is_touch(layer) ? layers : table_get(changed, layer->of->name);
		if (!by)
			table_put(changed, layer->of->name, layers);
		else if (by != layers)
			found = layer->of->name;
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

/* Behind which layer the object was last touched, or 0. Of touches only the last one counts: what an earlier one made unknown,
 * it makes unknown again. */
static size_t touched_behind(const struct overlay *overlay, const char *object)
{
	size_t behind = 0;
	for (size_t i = 0; i < overlay->patterns.capacity; i++) {
		const struct table_slot *slot = &overlay->patterns.slots[i];
		const struct trace *trace = slot->value;
		if (slot->key && trace->count && trace->places[trace->count - 1] >= behind && matches(slot->key, object))
			behind = trace->places[trace->count - 1] + 1;
	}
	return behind;
}

struct observation overlay_view(const struct overlay *overlay, struct arena *arena, const char *object,
				const struct observation *observed, bool *ret_planned)
{
	static const struct trace none = {0};
	const struct trace *trace = table_get(&overlay->objects, object);
	struct observation view = *observed;
	size_t touch = touched_behind(overlay, object);
	if (!trace)
		trace = &none;
	*ret_planned = touch || trace->count;
	for (size_t i = 0; i < trace->count; i++) {
		const struct layer *layer = &overlay->layers[trace->places[i]];
		if (touch && trace->places[i] >= touch) {
			view = touched(arena, &view);
			touch = 0;
		}
		view = layer->desired ? wish_after(arena, layer->desired, &view) : blurred(arena, layer->outputs, &view);
	}
	return touch ? touched(arena, &view) : view;
}
