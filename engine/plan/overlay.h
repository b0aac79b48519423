/*
 * overlay.h - the world as earlier planned steps will have made it.
 *
 * A list of what was planned, in order: an object given attributes (or made absent), objects touched (they become `?`). A view
 * folds it over an observation, attribute by attribute; what it costs does not depend on how many other objects there are.
 */
#pragma once

#include "engine/base/table.h"
#include "engine/plan/wish.h"

struct overlay;

struct overlay *overlay_new(struct arena *arena); /* lives in it, but for its tables: overlay_free them before */
void overlay_free(struct overlay *overlay);	  /* NULL: nothing */
static inline void overlay_freep(struct overlay **overlay)
{
	overlay_free(*overlay);
}
#define CLEANUP_OVERLAY __attribute__((cleanup(overlay_freep)))

void overlay_lay(struct overlay *overlay, const char *object, const struct value *desired); /* a map, or "absent" */
/* Attributes of the object that whoever laid it does not declare, or that say something relative to its own wish, are not known
 * any more. The declared outputs are borrowed. */
void overlay_blur(struct overlay *overlay, const char *object,
		  const struct value *outputs);			  /* attribute -> its schema, or NULL: none */
void overlay_touch(struct overlay *overlay, const char *pattern); /* `*` matches any characters */
/* Parallel siblings start from the same overlay: mark it, cut off what one of them laid, at the end lay all of it. */
struct overlay_layers;
size_t overlay_mark(const struct overlay *overlay);
struct overlay_layers *overlay_cut(struct overlay *overlay, size_t mark); /* in the overlay's arena */
void overlay_restore(struct overlay *overlay, const struct overlay_layers *layers);
/* An object that these change, and those that were asked about with the same table before as well; NULL: none. */
const char *overlay_conflict(struct table *changed, const struct overlay_layers *layers);
bool overlay_is_empty(const struct overlay *overlay);

/* What object will be. *ret_planned: an earlier step had a hand in it. */
struct observation overlay_view(const struct overlay *overlay, struct arena *arena, const char *object,
				const struct observation *observed, bool *ret_planned);
