/*
 * known.c - a manifest beside a walk of the same tree.
 */
#include "plugins/replica/source/known.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "plugins/replica/tree/walk.h"

struct known {
	struct manifest_reader *reader;
	const struct manifest_folder *folder; /* the last that was read; NULL: none is left */
	bool here;			      /* it is the walk's present one */
	size_t at;			      /* of its entries: those before it come before the last name that was asked for */
};

static void next_folder(struct known *known)
{
	if (manifest_next(known->reader, &known->folder, NULL) <= 0)
		known->folder = NULL;
	known->at = 0;
}

struct known *known_open(const char *path)
{
	struct manifest_reader *reader;
	if (!manifest_is_whole(path) || manifest_open(path, &reader, NULL) < 0)
		return NULL;
	struct known *known = memory_alloc(sizeof(*known));
	known->reader = reader;
	next_folder(known);
	return known;
}

void known_close(struct known *known)
{
	if (!known)
		return;
	manifest_close(known->reader);
	free(known);
}

void known_folder(struct known *known, const char *path)
{
	if (!known)
		return;
	while (known->folder && walk_order(known->folder->path, path) < 0)
		next_folder(known);
	known->here = known->folder && strcmp(known->folder->path, path) == 0;
}

const struct entry *known_entry(struct known *known, const struct entry *entry)
{
	if (!known || !known->here)
		return NULL;
	const struct manifest_folder *folder = known->folder;
	while (known->at < folder->count && strcmp(folder->entries[known->at].name, entry->name) < 0)
		known->at++;
	if (known->at == folder->count || strcmp(folder->entries[known->at].name, entry->name) != 0)
		return NULL;
	const struct entry *found = &folder->entries[known->at];
	return entry_same_key(found, entry) ? found : NULL;
}
