/*
 * value.c - building, looking into and copying values. Comparing them is value_compare.c's.
 */
#include "engine/base/value.h"

#include <stdarg.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"

const struct value *value_null(void)
{
	static const struct value null = {.type = VALUE_NULL};
	return &null;
}

const struct value *value_bool(bool boolean)
{
	static const struct value no = {.type = VALUE_BOOL, .boolean = false};
	static const struct value yes = {.type = VALUE_BOOL, .boolean = true};
	return boolean ? &yes : &no;
}

const struct value *value_unknown(void)
{
	static const struct value unknown = {.type = VALUE_UNKNOWN};
	return &unknown;
}

struct value *value_new(struct arena *arena, enum value_type type)
{
	struct value *value = ARENA_NEW(arena, struct value);
	value->type = type;
	return value;
}

struct value *value_int(struct arena *arena, int64_t integer)
{
	struct value *value = value_new(arena, VALUE_INT);
	value->integer = integer;
	return value;
}

struct value *value_uint(struct arena *arena, uint64_t integer)
{
	struct value *value = value_new(arena, VALUE_UINT);
	value->unsigned_integer = integer;
	return value;
}

struct value *value_double(struct arena *arena, double real)
{
	struct value *value = value_new(arena, VALUE_DOUBLE);
	value->real = real;
	return value;
}

struct value *value_string_n(struct arena *arena, const char *text, size_t length)
{
	struct value *value = value_new(arena, VALUE_STRING);
	value->string.data = arena_strndup(arena, text, length);
	value->string.length = length;
	return value;
}

struct value *value_string(struct arena *arena, const char *text)
{
	return value_string_n(arena, text, text ? strlen(text) : 0);
}

struct value *value_printf(struct arena *arena, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	const char *text = arena_vprintf(arena, format, args);
	va_end(args);
	struct value *value = value_new(arena, VALUE_STRING);
	value->string.data = text;
	value->string.length = strlen(text);
	return value;
}

struct value *value_duration(struct arena *arena, int64_t nanoseconds)
{
	struct value *value = value_new(arena, VALUE_DURATION);
	value->time.seconds = nanoseconds / NSEC_PER_SEC;
	value->time.nanoseconds = (int32_t)(nanoseconds % NSEC_PER_SEC);
	return value;
}

struct value *value_list(struct arena *arena)
{
	return value_new(arena, VALUE_LIST);
}

struct value *value_map(struct arena *arena)
{
	return value_new(arena, VALUE_MAP);
}

void value_append(struct arena *arena, struct value *list, const struct value *item)
{
	const struct value **slot =
		arena_grow(arena, &list->list.items, &list->list.count, &list->list.capacity, sizeof(*list->list.items));
	*slot = item;
}

/* --- maps: entries in their order; a large one has an index of its text keys behind them --- */

#define INDEXED ((size_t)64) /* the capacity from which a map has an index: a hash table of entry numbers from 1; 0: free */

static size_t index_size(size_t capacity)
{
	size_t size = 2 * INDEXED;
	while (size < 2 * capacity)
		size *= 2;
	return capacity < INDEXED ? 0 : size;
}

static bool key_is(const struct value *key, const char *text, size_t length)
{
	return key->type == VALUE_STRING && key->string.length == length && memcmp(key->string.data, text, length) == 0;
}

/* Where the key's number stands, or would stand. */
static uint32_t *index_place(const struct value *map, const char *key, size_t length)
{
	uint32_t *numbers = (uint32_t *)(map->map.entries + map->map.capacity);
	size_t mask = index_size(map->map.capacity) - 1;
	uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a, as in table.c */
	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)key[i]) * UINT64_C(0x100000001b3);
	size_t place = hash & mask;
	while (numbers[place] && !key_is(map->map.entries[numbers[place] - 1].key, key, length))
		place = (place + 1) & mask;
	return &numbers[place];
}

static void append_entry(struct value *map, const struct value_entry *entry)
{
	map->map.entries[map->map.count++] = *entry;
	if (map->map.capacity < INDEXED || entry->key->type != VALUE_STRING)
		return;
	uint32_t *number = index_place(map, entry->key->string.data, entry->key->string.length);
	if (!*number) /* of two equal keys the first is found */
		*number = (uint32_t)map->map.count;
}

static void map_room(struct arena *arena, struct value *map, size_t capacity)
{
	const struct value_entry *old = map->map.entries;
	size_t count = map->map.count;
	map->map.entries = arena_alloc(arena, capacity * sizeof(*old) + index_size(capacity) * sizeof(uint32_t));
	map->map.capacity = capacity;
	map->map.count = 0;
	for (size_t i = 0; i < count; i++)
		append_entry(map, &old[i]);
}

void value_put_key(struct arena *arena, struct value *map, const struct value *key, const struct value *item)
{
	if (map->map.count == map->map.capacity)
		map_room(arena, map, map->map.capacity ? map->map.capacity * 2 : 2);
	append_entry(map, &(struct value_entry){.key = key, .value = item});
}

static struct value_entry *find_text(const struct value *map, const char *key, size_t length)
{
	if (map->map.capacity >= INDEXED) {
		uint32_t number = *index_place(map, key, length);
		return number ? &map->map.entries[number - 1] : NULL;
	}
	for (size_t i = 0; i < map->map.count; i++)
		if (key_is(map->map.entries[i].key, key, length))
			return &map->map.entries[i];
	return NULL;
}

void value_put(struct arena *arena, struct value *map, const char *key, const struct value *item)
{
	struct value_entry *entry = find_text(map, key, strlen(key));
	if (entry)
		entry->value = item;
	else
		value_put_key(arena, map, value_string(arena, key), item);
}

bool value_is(const struct value *value, enum value_type type)
{
	return value && value->type == type;
}

const struct value *value_get(const struct value *map, const char *key)
{
	if (!value_is(map, VALUE_MAP))
		return NULL;
	const struct value_entry *entry = find_text(map, key, strlen(key));
	return entry ? entry->value : NULL;
}

const struct value *value_get_key(const struct value *map, const struct value *key)
{
	if (!value_is(map, VALUE_MAP))
		return NULL;
	if (key->type == VALUE_STRING) {
		const struct value_entry *entry = find_text(map, key->string.data, key->string.length);
		return entry ? entry->value : NULL;
	}
	for (size_t i = 0; i < map->map.count; i++)
		if (value_equal(map->map.entries[i].key, key))
			return map->map.entries[i].value;
	return NULL;
}

const char *value_text(const struct value *value)
{
	return value_is(value, VALUE_STRING) ? value->string.data : NULL;
}

const char *value_get_text(const struct value *map, const char *key)
{
	return value_text(value_get(map, key));
}

int64_t value_get_int(const struct value *map, const char *key, int64_t fallback)
{
	const struct value *value = value_get(map, key);
	return value_is(value, VALUE_INT) ? value->integer : fallback;
}

bool value_get_bool(const struct value *map, const char *key, bool fallback)
{
	const struct value *value = value_get(map, key);
	return value_is(value, VALUE_BOOL) ? value->boolean : fallback;
}

bool value_is_text(const struct value *value, const char *text)
{
	const char *own = value_text(value);
	return own && strcmp(own, text) == 0;
}

/* Depth-first search for a value of which holds() is true. */
static bool any(const struct value *value, bool (*holds)(const struct value *))
{
	if (!value)
		return false;
	if (holds(value))
		return true;
	if (value->type == VALUE_LIST) {
		for (size_t i = 0; i < value->list.count; i++)
			if (any(value->list.items[i], holds))
				return true;
	} else if (value->type == VALUE_MAP) {
		for (size_t i = 0; i < value->map.count; i++)
			if (any(value->map.entries[i].key, holds) || any(value->map.entries[i].value, holds))
				return true;
	}
	return false;
}

static bool itself_secret(const struct value *value)
{
	return value->secret;
}

static bool itself_unknown(const struct value *value)
{
	return value->type == VALUE_UNKNOWN;
}

static bool itself_lost(const struct value *value)
{
	return value->secret && value->type == VALUE_ERROR;
}

bool value_has_lost(const struct value *value)
{
	return any(value, itself_lost);
}

bool value_is_secret(const struct value *value)
{
	return any(value, itself_secret);
}

bool value_has_unknown(const struct value *value)
{
	return any(value, itself_unknown);
}

const struct value *value_taint(struct arena *arena, const struct value *value)
{
	if (value->secret)
		return value;
	struct value *copy = arena_copy(arena, value, sizeof(*value));
	copy->secret = true;
	return copy;
}

static const struct value *copy_list(struct arena *arena, const struct value *list, const struct value *like)
{
	struct value *copy = arena_copy(arena, list, sizeof(*list));
	copy->list.capacity = list->list.count;
	copy->list.items = arena_alloc(arena, list->list.count * sizeof(*list->list.items));
	for (size_t i = 0; i < list->list.count; i++)
		copy->list.items[i] =
			value_copy_like(arena, list->list.items[i],
					value_is(like, VALUE_LIST) && i < like->list.count ? like->list.items[i] : NULL);
	return copy;
}

static const struct value *copy_map(struct arena *arena, const struct value *map, const struct value *like)
{
	static const struct value_entry none = {0};
	struct value *copy = arena_copy(arena, map, sizeof(*map));
	copy->map.count = 0;
	map_room(arena, copy, map->map.count);
	for (size_t i = 0; i < map->map.count; i++) {
		const struct value_entry *entry = &map->map.entries[i];
		const struct value_entry *known =
			value_is(like, VALUE_MAP) && i < like->map.count ? &like->map.entries[i] : &none;
		append_entry(copy, &(struct value_entry){value_copy_like(arena, entry->key, known->key),
							 value_copy_like(arena, entry->value, known->value)});
	}
	return copy;
}

const struct value *value_copy_like(struct arena *arena, const struct value *value, const struct value *like)
{
	if (like && value_same(value, like))
		return like;
	if (value->type == VALUE_LIST)
		return copy_list(arena, value, like);
	if (value->type == VALUE_MAP)
		return copy_map(arena, value, like);
	struct value *copy = arena_copy(arena, value, sizeof(*value));
	bool text = value->type == VALUE_STRING || value->type == VALUE_BYTES || value->type == VALUE_TYPE ||
		    value->type == VALUE_UNKNOWN || value->type == VALUE_ERROR;
	if (text && value->string.data)
		copy->string.data = arena_strndup(arena, value->string.data, value->string.length);
	return copy;
}

const struct value *value_copy(struct arena *arena, const struct value *value)
{
	return value_copy_like(arena, value, NULL);
}

const char *value_type_name(enum value_type type)
{
	static const char *const names[] = {
		[VALUE_NULL] = "null",		 [VALUE_BOOL] = "bool",		[VALUE_INT] = "int",
		[VALUE_UINT] = "uint",		 [VALUE_DOUBLE] = "double",	[VALUE_STRING] = "string",
		[VALUE_BYTES] = "bytes",	 [VALUE_LIST] = "list",		[VALUE_MAP] = "map",
		[VALUE_TIMESTAMP] = "timestamp", [VALUE_DURATION] = "duration", [VALUE_TYPE] = "type",
		[VALUE_UNKNOWN] = "unknown",	 [VALUE_ERROR] = "error",
	};
	return names[type];
}

int64_t value_nanoseconds(const struct value *duration)
{
	return duration->time.seconds * NSEC_PER_SEC + duration->time.nanoseconds;
}
