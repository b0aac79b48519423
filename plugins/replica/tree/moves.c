/*
 * moves.c - the base by inode, and what has left its place.
 */
#include "plugins/replica/tree/moves.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/base/memory.h"
#include "engine/base/table.h"
#include "plugins/replica/tree/walk.h"

struct moves {
	char *base;
	const struct unkept *unkept; /* borrowed, or NULL */
	bool listed;
	struct moved *all; /* sorted by inode */
	size_t count, capacity;
	struct table deleted, away; /* paths of the base */
	struct table arrived;	    /* new paths of folders, to their struct moved */
	size_t entered;		    /* of them */
};

struct moves *moves_new(const char *base)
{
	struct moves *moves = memory_alloc(sizeof(*moves));
	moves->base = memory_strdup(base);
	return moves;
}

void moves_free(struct moves *moves)
{
	if (!moves)
		return;
	for (size_t i = 0; i < moves->count; i++) {
		free((void *)moves->all[i].path);
		free((void *)moves->all[i].now);
	}
	free(moves->all);
	free(moves->base);
	table_free(&moves->deleted);
	table_free(&moves->away);
	table_free(&moves->arrived);
	free(moves);
}

static char *join(const char *folder, const char *name)
{
	return memory_printf("%s%s%s", folder, *folder && *name ? "/" : "", name);
}

static void add(struct moves *moves, const struct entry *entry, char *path, uint64_t offset)
{
	if (moves->count == moves->capacity) {
		moves->capacity = moves->capacity ? moves->capacity * 2 : 256;
		moves->all = memory_resize(moves->all, moves->capacity * sizeof(*moves->all));
	}
	moves->all[moves->count] = (struct moved){.ino = entry->ino, .path = path, .offset = offset, .entry = *entry};
	moves->all[moves->count++].entry.name = NULL;
}

void moves_exclude(struct moves *moves, const struct unkept *unkept)
{
	if (moves)
		moves->unkept = unkept;
}

static int by_inode(const void *a, const void *b)
{
	const struct moved *x = a, *y = b;
	return x->ino < y->ino ? -1 : x->ino > y->ino;
}

static bool is_worth_it(const struct entry *entry)
{
	return S_ISREG(entry->meta.mode) && entry->nlink == 1 && entry->meta.size > MOVES_MINIMUM;
}

static void list(struct moves *moves)
{
	struct manifest_reader *reader;
	const struct manifest_folder *folder;
	moves->listed = true;
	if (manifest_open(moves->base, &reader, NULL) < 0)
		return;
	while (manifest_next(reader, &folder, NULL) > 0) {
		if (*folder->path)
			add(moves, &folder->self, memory_strdup(folder->path), manifest_offset(reader));
		for (size_t i = 0; i < folder->count; i++)
			if (is_worth_it(&folder->entries[i]))
				add(moves, &folder->entries[i], join(folder->path, folder->entries[i].name), 0);
	}
	manifest_close(reader);
	if (moves->count)
		qsort(moves->all, moves->count, sizeof(*moves->all), by_inode);
}

/* The path itself or the nearest folder above it that is in the table, but none from `below` upwards. malloc'ed; or NULL. */
static char *nearest(const struct table *table, const char *below, const char *path)
{
	CLEANUP_FREE char *part = memory_strdup(path);
	while (table->count && strcmp(part, below) != 0) {
		if (table_get(table, part))
			return take(part);
		char *slash = strrchr(part, '/');
		if (!slash)
			return NULL;
		*slash = '\0';
	}
	return NULL;
}

static bool has(const struct table *table, const char *below, const char *path)
{
	CLEANUP_FREE char *found = nearest(table, below, path);
	return found;
}

void moves_deleted(struct moves *moves, const char *folder, const char *name)
{
	CLEANUP_FREE char *path = moves ? join(folder, name) : NULL;
	if (moves)
		table_put(&moves->deleted, path, "");
}

bool moves_is_away(const struct moves *moves, const char *below, const char *folder, const char *name)
{
	if (!moves || !moves->away.count)
		return false;
	CLEANUP_FREE char *path = join(folder, name);
	return has(&moves->away, below, path);
}

const struct moved *moves_arrived(struct moves *moves, const char *path)
{
	const struct moved *moved = moves && moves->arrived.count ? table_get(&moves->arrived, path) : NULL;
	if (moved)
		moves->entered++;
	return moved;
}

bool moves_all_arrived(const struct moves *moves)
{
	return !moves || moves->entered == moves->arrived.count;
}

/* Has the walk come by this path already? It gives a folder's names in order, then the folders in it. */
static bool is_behind(const char *path, const char *folder, const char *name)
{
	const char *slash = strrchr(path, '/');
	CLEANUP_FREE char *parent = memory_printf("%.*s", slash ? (int)(slash - path) : 0, path);
	int order = walk_order(parent, folder);
	return order < 0 || (order == 0 && strcmp(slash ? slash + 1 : path, name) < 0);
}

static bool may_move(const struct moves *moves, const struct moved *moved, const struct entry *entry, const char *folder,
		     const char *path)
{
	if (moves->unkept && unkept_covers(moves->unkept, moved->path))
		return false;
	if ((moved->entry.meta.mode & S_IFMT) != (entry->meta.mode & S_IFMT) || strcmp(moved->path, path) == 0 ||
	    table_get(&moves->away, moved->path))
		return false;
	/* What lies in a folder that has moved is met there, wherever that is. */
	CLEANUP_FREE char *away = nearest(&moves->away, "", moved->path);
	const struct moved *above = away ? table_get(&moves->away, away) : NULL;
	if (has(&moves->deleted, away ? away : "", moved->path))
		return true;
	CLEANUP_FREE char *place =
		above ? memory_printf("%s%s", above->now, moved->path + strlen(above->path)) : memory_strdup(moved->path);
	return !is_behind(place, folder, entry->name);
}

const struct moved *moves_take(struct moves *moves, const struct entry *entry, const char *folder)
{
	if (!moves || (!S_ISDIR(entry->meta.mode) && !is_worth_it(entry)))
		return NULL;
	if (!moves->listed)
		list(moves);
	const struct moved key = {.ino = entry->ino};
	struct moved *moved = moves->count ? bsearch(&key, moves->all, moves->count, sizeof(*moves->all), by_inode) : NULL;
	CLEANUP_FREE char *path = join(folder, entry->name);
	if (!moved || !may_move(moves, moved, entry, folder, path))
		return NULL;
	table_put(&moves->away, moved->path, moved);
	if (S_ISDIR(entry->meta.mode))
		table_put(&moves->arrived, path, moved);
	moved->now = take(path);
	return moved;
}
