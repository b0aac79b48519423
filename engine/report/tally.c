/*
 * tally.c - see tally.h.
 */
#include "engine/report/tally.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/arena.h"

struct place { /* a step of the outline */
	const char *key;
	size_t expected, done;
};

struct tally {
	struct arena *arena;
	struct place *places;
	size_t count, capacity;
	const char **finished; /* step keys without attempts, each once */
	size_t finished_count, finished_capacity;
};

struct tally *tally_new(void)
{
	struct arena *arena = arena_new();
	struct tally *tally = ARENA_NEW(arena, struct tally);
	tally->arena = arena;
	return tally;
}

void tally_free(struct tally *tally)
{
	if (tally)
		arena_free(tally->arena);
}

/* A copy without "#2", and without "[0]" too if bare: "3.1[0]#2" is "3.1[0]", or "3.1" as in the outline. */
static char *plain_key(struct tally *tally, const char *key, bool bare)
{
	char *copy = arena_strdup(tally->arena, key), *to = copy;
	for (const char *from = key; *from; from++) {
		if (*from == '#' || (bare && *from == '[')) {
			from += strcspn(from + 1, *from == '#' ? ".[" : "]") + (*from == '[');
			continue;
		}
		*to++ = *from;
	}
	*to = '\0';
	return copy;
}

/* Is key the group itself or a step inside it? */
static bool is_within(const char *key, const char *group)
{
	size_t length = strlen(group);
	return strncmp(key, group, length) == 0 && (!key[length] || key[length] == '.');
}

static void add_outline(struct tally *tally, const struct value *outline)
{
	for (size_t i = 0; value_is(outline, VALUE_LIST) && i < outline->list.count; i++) {
		const struct value *item = outline->list.items[i];
		const char *key = value_get_text(item, "step");
		if (!key || !value_get_text(item, "uses") || strstr(key, "rescue."))
			continue;
		struct place *place =
			arena_grow(tally->arena, &tally->places, &tally->count, &tally->capacity, sizeof(*tally->places));
		*place = (struct place){.key = arena_strdup(tally->arena, key), .expected = 1};
	}
}

static bool seen_before(struct tally *tally, const char *key)
{
	for (size_t i = 0; i < tally->finished_count; i++)
		if (strcmp(tally->finished[i], key) == 0)
			return true;
	const char **slot = arena_grow(tally->arena, &tally->finished, &tally->finished_count, &tally->finished_capacity,
				       sizeof(*tally->finished));
	*slot = key;
	return false;
}

static void finish_step(struct tally *tally, const char *key)
{
	const char *bare = plain_key(tally, key, true);
	if (seen_before(tally, plain_key(tally, key, false)))
		return;
	for (size_t i = 0; i < tally->count; i++) {
		struct place *place = &tally->places[i];
		if (strcmp(place->key, bare) == 0 && place->done < place->expected)
			place->done++;
	}
}

/* One round of a foreach over a group does not end the group. */
static void finish_group(struct tally *tally, const char *key)
{
	const char *bare = plain_key(tally, key, true);
	for (size_t i = 0; !strchr(key, '[') && i < tally->count; i++)
		if (is_within(tally->places[i].key, bare))
			tally->places[i].done = tally->places[i].expected;
}

/* The first round of each list counts; a list that is evaluated again in a later attempt has been counted. */
static void expect_rounds(struct tally *tally, const char *key, size_t rounds)
{
	const char *bare = plain_key(tally, key, true);
	for (size_t i = 0; i < tally->count; i++) {
		struct place *place = &tally->places[i];
		if (is_within(place->key, bare) && place->expected == 1)
			place->expected = rounds;
	}
}

void tally_record(struct tally *tally, const struct value *record)
{
	const char *key = value_get_text(record, "step");
	const struct value *kind = value_get(record, "kind"), *items = value_get(record, "items");
	if (value_is_text(kind, "run_opened"))
		add_outline(tally, value_get(record, "outline"));
	else if (key && value_is_text(kind, "step_finished"))
		finish_step(tally, key);
	else if (key && value_is_text(kind, "group_finished") && !value_is_text(value_get(record, "outcome"), "failed"))
		finish_group(tally, key);
	else if (key && value_is_text(kind, "list") && value_is(items, VALUE_LIST))
		expect_rounds(tally, key, items->list.count);
}

size_t tally_total(const struct tally *tally)
{
	size_t total = 0;
	for (size_t i = 0; i < tally->count; i++)
		total += tally->places[i].expected;
	return total;
}

size_t tally_done(const struct tally *tally)
{
	size_t done = 0;
	for (size_t i = 0; i < tally->count; i++)
		done += tally->places[i].done;
	return done;
}
