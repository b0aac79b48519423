/*
 * table.c - open addressing with FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/). Nothing is ever removed.
 */
#include "engine/base/table.h"

#include <stdint.h>
#include <string.h>

#include "engine/base/memory.h"

static uint64_t hash_of(const char *key)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	for (; *key; key++)
		hash = (hash ^ (unsigned char)*key) * UINT64_C(0x100000001b3);
	return hash;
}

static struct table_slot *find(const struct table *table, const char *key)
{
	size_t place = hash_of(key) & (table->capacity - 1);
	while (table->slots[place].key && strcmp(table->slots[place].key, key) != 0)
		place = (place + 1) & (table->capacity - 1);
	return &table->slots[place];
}

static void grow(struct table *table)
{
	struct table larger = {.capacity = table->capacity ? table->capacity * 2 : 32};
	larger.slots = memory_alloc(larger.capacity * sizeof(*larger.slots));
	for (size_t i = 0; i < table->capacity; i++)
		if (table->slots[i].key)
			*find(&larger, table->slots[i].key) = table->slots[i];
	larger.count = table->count;
	free(table->slots);
	*table = larger;
}

void table_put(struct table *table, const char *key, const void *value)
{
	if (table->count * 2 >= table->capacity)
		grow(table);
	struct table_slot *slot = find(table, key);
	if (!slot->key) {
		slot->key = memory_strdup(key);
		table->count++;
	}
	slot->value = (void *)value;
}

void *table_get(const struct table *table, const char *key)
{
	return table->capacity ? find(table, key)->value : NULL;
}

void table_free(struct table *table)
{
	for (size_t i = 0; i < table->capacity; i++)
		free(table->slots[i].key);
	free(table->slots);
	*table = (struct table){0};
}
