/*
 * links.c - a hash table from inodes to the first names that were met.
 */
#include "plugins/replica/tree/links.h"

#include <stdlib.h>

#include "engine/base/memory.h"

struct links {
	struct link *slots; /* open addressing; path NULL: free */
	size_t capacity;    /* a power of two */
	size_t count;
};

static struct link *slot_of(const struct links *links, uint64_t dev, uint64_t ino)
{
	uint64_t hash = (ino ^ dev << 32) * UINT64_C(0x9e3779b97f4a7c15);
	size_t at = (size_t)(hash >> 20) & (links->capacity - 1);
	while (links->slots[at].path && (links->slots[at].ino != ino || links->slots[at].dev != dev))
		at = (at + 1) & (links->capacity - 1);
	return &links->slots[at];
}

struct link *links_find(struct links *links, const struct entry *entry)
{
	if (!links)
		return NULL;
	struct link *link = slot_of(links, entry->dev, entry->ino);
	return link->path ? link : NULL;
}

static void grow(struct links *links)
{
	struct links larger = {.capacity = links->capacity ? links->capacity * 2 : 64};
	larger.slots = memory_alloc(larger.capacity * sizeof(*larger.slots));
	for (size_t i = 0; i < links->capacity; i++)
		if (links->slots[i].path)
			*slot_of(&larger, links->slots[i].dev, links->slots[i].ino) = links->slots[i];
	free(links->slots);
	links->slots = larger.slots;
	links->capacity = larger.capacity;
}

struct link *links_add(struct links **links, const struct entry *entry, const char *folder)
{
	if (!*links)
		*links = memory_alloc(sizeof(**links));
	if ((*links)->count * 2 >= (*links)->capacity)
		grow(*links);
	struct link *link = slot_of(*links, entry->dev, entry->ino);
	if (!link->path)
		(*links)->count++;
	free(link->path);
	*link = (struct link){.dev = entry->dev, .ino = entry->ino, .first = *entry};
	link->path = memory_printf("%s%s%s", folder, *folder ? "/" : "", entry->name);
	link->first.name = NULL;
	return link;
}

void links_free(struct links *links)
{
	if (!links)
		return;
	for (size_t i = 0; i < links->capacity; i++)
		free(links->slots[i].path);
	free(links->slots);
	free(links);
}
