/*
 * held.c - two tables.
 */
#include "plugins/replica/target/held.h"

#include <stdlib.h>

#include "engine/base/memory.h"

void held_free(struct held *held)
{
	for (size_t i = 0; i < held->paths.capacity; i++)
		if (held->paths.slots[i].key)
			free(held->paths.slots[i].value);
	table_free(&held->paths);
	table_free(&held->numbers);
}

void held_add(struct held *held, const char *path, uint64_t number)
{
	table_put(&held->numbers, path, (const void *)(uintptr_t)(number + 1)); /* NOLINT: a number */
}

bool held_has(const struct held *held, const char *path, uint64_t *ret_number)
{
	if (!held->numbers.count || (held->paths.count && table_get(&held->paths, path)))
		return false;
	uintptr_t number = (uintptr_t)table_get(&held->numbers, path);
	*ret_number = number - 1;
	return number;
}

void held_settle(struct held *held, const char *path, const char *kept)
{
	if (!table_get(&held->paths, path))
		table_put(&held->paths, path, memory_strdup(kept));
}

const char *held_path(const struct held *held, const char *path)
{
	const char *kept = held->paths.count ? table_get(&held->paths, path) : NULL;
	return kept ? kept : path;
}
