/*
 * step_diff.c - which steps of two documents belong together, and what is different about each pair. How a document's steps are
 * told one by one is step_list.c's.
 */
#include "engine/library/step_diff.h"

#include <string.h>

#include "engine/base/memory.h"
#include "engine/library/step_list.h"

/* -------------------------------------------------------------------------------------------------------- who belongs to whom
 */

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_id(const struct listed_step *a, const struct listed_step *b)
{
	return a->id && b->id && strcmp(a->id, b->id) == 0;
}

static bool pair_of_parents(const struct listed_step *a, const struct listed_step *b)
{
	if (!a->parent || !b->parent)
		return a->parent == b->parent;
	return a->parent->pair == b->parent;
}

static bool same_place(const struct listed_step *a, const struct listed_step *b)
{
	return pair_of_parents(a, b) && strcmp(a->block, b->block) == 0;
}

static bool same_work(const struct listed_step *a, const struct listed_step *b)
{
	return a->form == b->form && same_text(a->what, b->what);
}

/* Two that have different ids are two, whatever else they have in common. */
static bool ids_agree(const struct listed_step *a, const struct listed_step *b)
{
	return !a->id || !b->id || strcmp(a->id, b->id) == 0;
}

static bool equal_here(const struct listed_step *a, const struct listed_step *b)
{
	return same_place(a, b) && value_equal(a->step, b->step);
}

static bool equal_anywhere(const struct listed_step *a, const struct listed_step *b)
{
	return value_equal(a->step, b->step);
}

static bool alike_here(const struct listed_step *a, const struct listed_step *b)
{
	return ids_agree(a, b) && same_place(a, b) && same_work(a, b) && same_text(a->name, b->name);
}

static bool alike_anywhere(const struct listed_step *a, const struct listed_step *b)
{
	return ids_agree(a, b) && same_work(a, b) && a->name && same_text(a->name, b->name);
}

static bool same_work_here(const struct listed_step *a, const struct listed_step *b)
{
	return ids_agree(a, b) && same_place(a, b) && same_work(a, b);
}

static bool same_name_here(const struct listed_step *a, const struct listed_step *b)
{
	return ids_agree(a, b) && same_place(a, b) && a->form == b->form && a->name && same_text(a->name, b->name);
}

static bool same_inputs(const struct listed_step *a, const struct listed_step *b)
{
	const struct value *before = value_get(a->step, "with"), *after = value_get(b->step, "with");
	return a->what && ids_agree(a, b) && same_work(a, b) && before && after && value_equal(before, after);
}

/* From what is certain to what is likely. Each is asked of all steps before the next one is, groups before what is in them. */
static bool (*const rules[])(const struct listed_step *a, const struct listed_step *b) = {
	same_id, equal_here, equal_anywhere, alike_here, alike_anywhere, same_inputs, same_name_here, same_work_here};

static void find_pair(struct listed_step *step, const struct step_list *others,
		      bool (*rule)(const struct listed_step *a, const struct listed_step *b))
{
	for (size_t i = 0; !step->pair && i < others->count; i++) {
		struct listed_step *other = &others->items[i];
		if (other->pair || !rule(step, other))
			continue;
		step->pair = other;
		other->pair = step;
	}
}

static void find_pairs(struct step_list *before, const struct step_list *after)
{
	for (size_t r = 0; r < COUNT_OF(rules); r++)
		for (size_t i = 0; i < before->count; i++)
			find_pair(&before->items[i], after, rules[r]);
}

/* ----------------------------------------------------------------------------------------------------------------- moves */

static bool has_stayed(const struct listed_step *step)
{
	return step->pair && same_place(step, step->pair);
}

static bool same_block(const struct listed_step *a, const struct listed_step *b)
{
	return a->parent == b->parent && strcmp(a->block, b->block) == 0;
}

struct run {		 /* of steps that are in the order that they were in */
	size_t length;	 /* of the longest one that ends with this step; 0: it came from elsewhere */
	size_t previous; /* the step before it there; SIZE_MAX: none */
};

static void find_run(const struct step_list *after, struct run *runs, size_t place)
{
	const struct listed_step *step = &after->items[place];
	runs[place] = (struct run){.length = has_stayed(step), .previous = SIZE_MAX};
	for (size_t i = 0; runs[place].length && i < place; i++) {
		const struct listed_step *earlier = &after->items[i];
		if (!runs[i].length || !same_block(earlier, step) || earlier->pair > step->pair ||
		    runs[i].length < runs[place].length)
			continue;
		runs[place] = (struct run){.length = runs[i].length + 1, .previous = i};
	}
}

/* Of those that stayed in their block, as few as possible are told to have moved: all but a longest run. */
static void find_moves(struct step_list *after)
{
	CLEANUP_FREE struct run *runs = memory_alloc((after->count + 1) * sizeof(*runs));
	for (size_t i = 0; i < after->count; i++) {
		after->items[i].moved = after->items[i].pair != NULL;
		find_run(after, runs, i);
	}
	for (size_t i = 0; i < after->count; i++) {
		size_t best = i;
		for (size_t j = 0; j < after->count; j++)
			if (same_block(&after->items[j], &after->items[i]) &&
			    (runs[j].length > runs[best].length || (runs[j].length == runs[best].length && j < best)))
				best = j;
		for (size_t j = runs[best].length ? best : SIZE_MAX; j != SIZE_MAX; j = runs[j].previous)
			after->items[j].moved = false;
	}
}

/* ---------------------------------------------------------------------------------------------------------------- fields */

static void put_field(struct arena *arena, struct value *fields, const char *name, const struct value *before,
		      const struct value *after)
{
	struct value *field = value_map(arena);
	value_put(arena, field, "field", value_string(arena, name));
	value_put(arena, field, "before", before ? before : value_null());
	value_put(arena, field, "after", after ? after : value_null());
	value_append(arena, fields, field);
}

static void compare_values(struct arena *arena, struct value *fields, const char *name, const struct value *before,
			   const struct value *after);

/* skip: keys that are told by themselves, NULL-terminated. */
static void compare_maps(struct arena *arena, struct value *fields, const char *prefix, const struct value *before,
			 const struct value *after, const char *const *skip)
{
	const struct value *const maps[] = {before, after};
	for (size_t m = 0; m < COUNT_OF(maps); m++) {
		const struct value *map = maps[m];
		for (size_t i = 0; map && map->type == VALUE_MAP && i < map->map.count; i++) {
			const char *key = value_text(map->map.entries[i].key);
			bool skipped = !key || (m == 1 && value_get(before, key)); /* told already */
			for (const char *const *s = skip; s && *s && !skipped; s++)
				skipped = strcmp(*s, key) == 0;
			if (!skipped)
				compare_values(arena, fields, arena_printf(arena, "%s%s%s", prefix, *prefix ? "." : "", key),
					       value_get(before, key), value_get(after, key));
		}
	}
}

static void compare_values(struct arena *arena, struct value *fields, const char *name, const struct value *before,
			   const struct value *after)
{
	if (before && after && value_equal(before, after))
		return;
	if (value_is(before, VALUE_MAP) && value_is(after, VALUE_MAP))
		compare_maps(arena, fields, name, before, after, NULL);
	else
		put_field(arena, fields, name, before, after);
}

/* ---------------------------------------------------------------------------------------------------------------- telling */

static const struct value *key_or_null(struct arena *arena, const struct listed_step *step)
{
	return step ? value_string(arena, step->key) : value_null();
}

static void put_step(struct arena *arena, struct value *steps, const char *change, const struct listed_step *before,
		     const struct listed_step *after, const struct value *fields)
{
	struct value *value = value_map(arena);
	const struct listed_step *step = after ? after : before;
	value_put(arena, value, "change", value_string(arena, change));
	value_put(arena, value, "before", key_or_null(arena, before));
	value_put(arena, value, "after", key_or_null(arena, after));
	value_put(arena, value, "depth", value_int(arena, step->depth));
	value_put(arena, value, "form", value_string(arena, step->form));
	value_put(arena, value, "name", step->name ? value_string(arena, step->name) : value_null());
	value_put(arena, value, "what", step->what ? value_string(arena, step->what) : value_null());
	value_put(arena, value, "fields", fields);
	value_append(arena, steps, value);
}

static void tell_step(struct arena *arena, struct value *steps, const struct listed_step *after)
{
	struct value *fields = value_list(arena);
	const struct listed_step *before = after->pair;
	compare_maps(arena, fields, "", before ? before->step : NULL, after->step, step_blocks);
	if (!before)
		put_step(arena, steps, "added", NULL, after, fields);
	else if (after->moved)
		put_step(arena, steps, "moved", before, after, fields);
	else if (fields->list.count)
		put_step(arena, steps, "changed", before, after, fields);
}

static void tell_removed(struct arena *arena, struct value *steps, const struct listed_step *before)
{
	struct value *fields = value_list(arena);
	compare_maps(arena, fields, "", before->step, NULL, step_blocks);
	put_step(arena, steps, "removed", before, NULL, fields);
}

static const struct value *tell_steps(struct arena *arena, const struct step_list *before, const struct step_list *after)
{
	struct value *steps = value_list(arena);
	size_t told = 0; /* of before: whether removed */
	for (size_t i = 0; i < after->count; i++) {
		const struct listed_step *step = &after->items[i];
		size_t place = step->pair && !step->moved ? (size_t)(step->pair - before->items) : told;
		for (; told < place; told++)
			if (!before->items[told].pair)
				tell_removed(arena, steps, &before->items[told]);
		tell_step(arena, steps, step);
	}
	for (; told < before->count; told++)
		if (!before->items[told].pair)
			tell_removed(arena, steps, &before->items[told]);
	return steps;
}

const struct value *step_diff(struct arena *arena, const struct value *before, const struct value *after)
{
	struct step_list old, new;
	struct value *diff = value_map(arena), *fields = value_list(arena);
	step_list_make(arena, before, &old);
	step_list_make(arena, after, &new);
	find_pairs(&old, &new);
	find_moves(&new);
	compare_maps(arena, fields, "", before, after, runbook_blocks);
	value_put(arena, diff, "fields", fields);
	value_put(arena, diff, "steps", tell_steps(arena, &old, &new));
	return diff;
}
