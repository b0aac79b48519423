/*
 * step_list.c - see step_list.h. What is no step (a slip of the pen) is left out: nothing here complains.
 */
#include "engine/library/step_list.h"

#include <string.h>

const char *const runbook_blocks[] = {"preflight", "steps", "finally", NULL};
const char *const step_blocks[] = {"steps", "rescue", "finally", NULL};

struct listing {
	struct arena *arena;
	struct listed_step *items; /* NULL: they are only counted */
	size_t count;
};

static const char *form_of(const struct value *step)
{
	return value_get(step, "group") ? "group" : value_get(step, "call") ? "call" : "step";
}

static const char *key_of(struct arena *arena, const char *parent, const char *block, size_t index)
{
	const char *inside = strcmp(block, "steps") == 0 ? "" : block;
	return arena_printf(arena, "%s%s%s%s%zu", parent ? parent : "", parent ? "." : "", inside, *inside ? "." : "",
			    index + 1);
}

static void list_block(struct listing *listing, const struct value *map, const char *block, struct listed_step *parent);

static void list_step(struct listing *listing, const struct value *step, const char *block, size_t index,
		      struct listed_step *parent)
{
	struct listed_step *item = listing->items ? &listing->items[listing->count] : NULL;
	listing->count++;
	if (item)
		*item = (struct listed_step){
			.key = key_of(listing->arena, parent ? parent->key : NULL, block, index),
			.block = block,
			.id = value_get_text(step, "id"),
			.form = form_of(step),
			.name = value_get_text(step, value_get(step, "group") ? "group" : "name"),
			.what = value_get_text(step, value_get(step, "call") ? "call" : "uses"),
			.step = step,
			.parent = parent,
			.depth = parent ? parent->depth + 1 : 0,
		};
	for (size_t i = 0; step_blocks[i]; i++)
		list_block(listing, step, step_blocks[i], item);
}

static void list_block(struct listing *listing, const struct value *map, const char *block, struct listed_step *parent)
{
	const struct value *list = value_get(map, block);
	for (size_t i = 0; value_is(list, VALUE_LIST) && i < list->list.count; i++)
		if (value_is(list->list.items[i], VALUE_MAP))
			list_step(listing, list->list.items[i], block, i, parent);
}

void step_list_make(struct arena *arena, const struct value *document, struct step_list *ret_list)
{
	struct listing counting = {0}, listing = {.arena = arena};
	for (size_t i = 0; runbook_blocks[i]; i++)
		list_block(&counting, document, runbook_blocks[i], NULL);
	listing.items = arena_alloc(arena, (counting.count + 1) * sizeof(*listing.items));
	for (size_t i = 0; runbook_blocks[i]; i++)
		list_block(&listing, document, runbook_blocks[i], NULL);
	*ret_list = (struct step_list){.items = listing.items, .count = listing.count};
}
