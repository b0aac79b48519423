/*
 * typed.c - one walk over a value, with another function at each of its leaves and maps.
 */
#include "engine/base/typed.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/base64.h"
#include "engine/base/memory.h"

typedef const struct value *change(struct arena *arena, const struct value *value);

static const struct value *marked(struct arena *arena, const char *mark, const struct value *inside)
{
	struct value *map = value_map(arena);
	value_put(arena, map, mark, inside);
	return map;
}

static const struct value *mark_time(struct arena *arena, const struct value *value)
{
	struct value *list = value_list(arena);
	value_append(arena, list, value_int(arena, value->time.seconds));
	value_append(arena, list, value_int(arena, value->time.nanoseconds));
	return list;
}

static const struct value *mark_uint(struct arena *arena, const struct value *value)
{
	return value_string(arena, arena_printf(arena, "%llu", (unsigned long long)value->unsigned_integer));
}

static const struct value *mark_bytes(struct arena *arena, const struct value *value)
{
	CLEANUP_BUFFER struct buffer text = {0};
	base64_encode(&text, value->string.data, value->string.length);
	return value_string_n(arena, buffer_text(&text), text.length);
}

static const struct value *restore_time(struct arena *arena, const struct value *inside, enum value_type type)
{
	if (!value_is(inside, VALUE_LIST) || inside->list.count != 2 || !value_is(inside->list.items[0], VALUE_INT) ||
	    !value_is(inside->list.items[1], VALUE_INT))
		return NULL;
	struct value *value = value_new(arena, type);
	value->time.seconds = inside->list.items[0]->integer;
	value->time.nanoseconds = (int32_t)inside->list.items[1]->integer;
	return value;
}

static const struct value *restore_duration(struct arena *arena, const struct value *inside)
{
	return restore_time(arena, inside, VALUE_DURATION);
}

static const struct value *restore_timestamp(struct arena *arena, const struct value *inside)
{
	return restore_time(arena, inside, VALUE_TIMESTAMP);
}

static const struct value *restore_uint(struct arena *arena, const struct value *inside)
{
	const char *text = value_text(inside);
	return text ? value_uint(arena, strtoull(text, NULL, 10)) : NULL;
}

static const struct value *restore_bytes(struct arena *arena, const struct value *inside)
{
	CLEANUP_BUFFER struct buffer bytes = {0};
	const char *text = value_text(inside);
	if (!text || base64_decode(&bytes, text, inside->string.length) < 0)
		return NULL;
	struct value *value = value_string_n(arena, buffer_text(&bytes), bytes.length);
	value->type = VALUE_BYTES;
	return value;
}

static const struct value *restore_map(struct arena *arena, const struct value *inside)
{
	(void)arena;
	return value_is(inside, VALUE_MAP) ? inside : NULL;
}

static const struct value *restore_lost(struct arena *arena, const struct value *inside)
{
	static const char why[] = "it held a secret, which is kept nowhere: it is not known any more";
	struct value *lost = value_new(arena, VALUE_ERROR);
	(void)inside;
	lost->string.data = why;
	lost->string.length = sizeof(why) - 1;
	lost->secret = true;
	return lost;
}

static const struct {
	const char *mark;
	enum value_type type;
	change *to, *from;
} marks[] = {
	{"$duration", VALUE_DURATION, mark_time, restore_duration},
	{"$timestamp", VALUE_TIMESTAMP, mark_time, restore_timestamp},
	{"$uint", VALUE_UINT, mark_uint, restore_uint},
	{"$bytes", VALUE_BYTES, mark_bytes, restore_bytes},
	{"$map", VALUE_MAP, NULL, restore_map},
	{"$secret", VALUE_ERROR, NULL, restore_lost},
};

/* Which mark a map seems to be, or -1. */
static int mark_of(const struct value *value)
{
	const char *key = value_is(value, VALUE_MAP) && value->map.count == 1 ? value_text(value->map.entries[0].key) : NULL;
	for (size_t i = 0; key && *key == '$' && i < COUNT_OF(marks); i++)
		if (strcmp(marks[i].mark, key) == 0)
			return (int)i;
	return -1;
}

/* What is inside, changed; the same value if nothing was. */
static const struct value *change_list(struct arena *arena, const struct value *value, change *function)
{
	struct value *list = NULL;
	for (size_t i = 0; i < value->list.count; i++) {
		const struct value *item = function(arena, value->list.items[i]);
		if (item != value->list.items[i] && !list) {
			list = value_list(arena);
			for (size_t k = 0; k < i; k++)
				value_append(arena, list, value->list.items[k]);
		}
		if (list)
			value_append(arena, list, item);
	}
	return list ? list : value;
}

static const struct value *change_map(struct arena *arena, const struct value *value, change *function)
{
	struct value *map = NULL;
	for (size_t i = 0; i < value->map.count; i++) {
		const struct value_entry *entry = &value->map.entries[i];
		const struct value *changed = function(arena, entry->value);
		if (changed != entry->value && !map) {
			map = value_map(arena);
			for (size_t k = 0; k < i; k++)
				value_put_key(arena, map, value->map.entries[k].key, value->map.entries[k].value);
		}
		if (map)
			value_put_key(arena, map, entry->key, changed);
	}
	return map ? map : value;
}

const struct value *typed_mark(struct arena *arena, const struct value *value)
{
	if (value->secret)
		return marked(arena, "$secret", value); /* of which JSON tells nothing */
	if (value->type == VALUE_LIST)
		return change_list(arena, value, typed_mark);
	if (value->type == VALUE_MAP) {
		const struct value *map = change_map(arena, value, typed_mark);
		return mark_of(value) >= 0 ? marked(arena, "$map", map) : map;
	}
	for (size_t i = 0; i < COUNT_OF(marks); i++)
		if (marks[i].type == value->type && marks[i].to)
			return marked(arena, marks[i].mark, marks[i].to(arena, value));
	return value;
}

const struct value *typed_restore(struct arena *arena, const struct value *value)
{
	if (value->type == VALUE_LIST)
		return change_list(arena, value, typed_restore);
	if (value->type != VALUE_MAP)
		return value;
	int mark = mark_of(value);
	if (mark >= 0 && marks[mark].type == VALUE_MAP) { /* its own key is meant: only what is inside of that is restored */
		const struct value *inside = value->map.entries[0].value;
		return value_is(inside, VALUE_MAP) ? change_map(arena, inside, typed_restore) : value;
	}
	const struct value *restored = mark >= 0 ? marks[mark].from(arena, value->map.entries[0].value) : NULL;
	return restored ? restored : change_map(arena, value, typed_restore);
}
