/*
 * overlay.h - the world as earlier planned steps will have made it.
 *
 * A list of what was planned, in order: an object given attributes (or made absent), objects touched (they become `?`). A view folds it over an
 * observation, attribute by attribute.
 */
#pragma once

#include "engine/plan/wish.h"

struct overlay;

struct overlay *overlay_new(struct arena *arena);
void overlay_lay(struct overlay *overlay, const char *object, const struct value *desired); /* a map, or "absent" */
void overlay_touch(struct overlay *overlay, const char *pattern); /* `*` matches any characters */
bool overlay_is_empty(const struct overlay *overlay);

/* What object will be. *ret_planned: an earlier step had a hand in it. */
struct observation overlay_view(const struct overlay *overlay, struct arena *arena, const char *object,
				const struct observation *observed, bool *ret_planned);
