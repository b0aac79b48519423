/*
 * table.h - a hash table from strings to pointers, for lookups by key among thousands. Zero-initialized; keys are copied,
 * values borrowed.
 */
#pragma once

#include <stddef.h>

struct table_slot {
	char *key; /* NULL: free */
	void *value;
};

struct table {
	struct table_slot *slots;
	size_t capacity; /* a power of two, or 0 */
	size_t count;
};

void table_put(struct table *table, const char *key, const void *value); /* replaces */
void *table_get(const struct table *table, const char *key);		 /* NULL: not there */
void table_free(struct table *table);
