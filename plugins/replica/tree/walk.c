/*
 * walk.c - folders by getdents64 and statx, in order; what is to be visited is a stack of paths.
 */
#include "plugins/replica/tree/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/base/memory.h"
#include "plugins/replica/tree/manifest.h"
#include "plugins/replica/tree/volume.h"

#define LISTING_SIZE (64u * 1024)

struct directory_entry { /* as getdents64(2) gives it */
	uint64_t ino;
	int64_t offset;
	uint16_t length;
	uint8_t type;
	char name[];
};

struct walk {
	const struct tree *tree;
	const struct rules *rules;
	walk_skipped *skipped;
	void *argument;
	struct manifest_reader *keys;	   /* of a copy; NULL: none */
	const struct manifest_folder *key; /* the next of them; NULL: there is none left */
	char **pending;			   /* paths; the last one is next */
	size_t pending_count, pending_capacity;
	char *path;	     /* of the folder that was given out */
	int fd;		     /* its descriptor, or -1 */
	struct buffer names; /* of its entries, each with its NUL */
	size_t *offsets;     /* of the names, while they are read */
	struct entry *entries;
	size_t capacity; /* of offsets and entries */
};

struct walk *walk_new(const struct tree *tree, const struct rules *rules, walk_skipped *skipped, void *argument)
{
	struct walk *walk = memory_alloc(sizeof(*walk));
	*walk = (struct walk){.tree = tree, .rules = rules, .skipped = skipped, .argument = argument, .fd = -1};
	walk->pending_capacity = 64;
	walk->pending = memory_alloc(walk->pending_capacity * sizeof(*walk->pending));
	walk->pending[walk->pending_count++] = memory_strdup("");
	if (tree->keys &&
	    (manifest_open(tree->keys, &walk->keys, NULL) < 0 || manifest_next(walk->keys, &walk->key, NULL) <= 0))
		walk->key = NULL;
	return walk;
}

static void leave_folder(struct walk *walk)
{
	if (walk->fd >= 0)
		close(walk->fd);
	walk->fd = -1;
	free(walk->path);
	walk->path = NULL;
}

static char *join(const char *folder, const char *name)
{
	return memory_printf("%s%s%s", folder, *folder && *name ? "/" : "", name);
}

void walk_free(struct walk *walk)
{
	if (!walk)
		return;
	leave_folder(walk);
	manifest_close(walk->keys);
	while (walk->pending_count)
		free(walk->pending[--walk->pending_count]);
	free(walk->pending);
	buffer_free(&walk->names);
	free(walk->offsets);
	free(walk->entries);
	free(walk);
}

static void skip(const struct walk *walk, const char *name, const char *why)
{
	CLEANUP_FREE char *path = join(walk->path, name);
	if (walk->skipped)
		walk->skipped(walk->argument, path, why);
}

static void reserve(struct walk *walk, size_t count)
{
	if (count <= walk->capacity)
		return;
	walk->capacity = walk->capacity ? walk->capacity * 2 : 256;
	walk->offsets = memory_resize(walk->offsets, walk->capacity * sizeof(*walk->offsets));
	walk->entries = memory_resize(walk->entries, walk->capacity * sizeof(*walk->entries));
}

static bool is_dots(const char *name)
{
	return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

static void add_name(struct walk *walk, const char *name, size_t *count)
{
	reserve(walk, *count + 1);
	walk->offsets[(*count)++] = walk->names.length;
	buffer_append(&walk->names, name, strlen(name) + 1);
}

/* The names in the folder, in the order in which it gives them. */
static int read_names(struct walk *walk, size_t *ret_count, struct error *err)
{
	static _Alignas(8) char listing[LISTING_SIZE];
	size_t count = 0;
	for (;;) {
		long got = syscall(SYS_getdents64, walk->fd, listing, sizeof(listing));
		if (got < 0)
			return error_set_errno(err, errno, "cannot list %s/%s", walk->tree->name, walk->path);
		if (got == 0)
			break;
		for (long at = 0; at < got;) {
			const struct directory_entry *entry = (const void *)(listing + at);
			at += entry->length;
			if (is_dots(entry->name))
				continue;
			add_name(walk, entry->name, &count);
		}
	}
	*ret_count = count;
	return 0;
}

/* A snapshot or copy of freeze.h, of any set: it comes and goes. */
static bool is_held(const char *name)
{
	static const char beginning[] = ".standin-";
	const size_t length = sizeof(beginning) - 1;
	return strncmp(name, beginning, length) == 0 && strspn(name + length, "0123456789abcdef") == 32 && !name[length + 32];
}

static bool is_included(const struct walk *walk, const char *name, bool folder)
{
	if (!walk->rules)
		return true;
	char path[ENTRY_PATH_LIMIT + ENTRY_NAME_LIMIT + 2];
	snprintf(path, sizeof(path), "%s%s%s", walk->path, *walk->path ? "/" : "", name);
	return rules_include(walk->rules, path, folder, NULL);
}

/* --- places of several sources: forest.h --- */

static bool has_name(const struct walk *walk, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(walk->names.data + walk->offsets[i], name) == 0)
			return true;
	return false;
}

/* The names in this folder that lead to places. Whether there are any. */
static bool add_places(struct walk *walk, size_t *count)
{
	char name[ENTRY_NAME_LIMIT + 1];
	size_t number = 0;
	for (; walk->tree->forest && forest_name(walk->tree->forest, walk->path, number, name); number++)
		if (!has_name(walk, *count, name))
			add_name(walk, name, count);
	return number > 0;
}

static bool leads_to_place(const struct forest *forest, const char *path)
{
	char name[ENTRY_NAME_LIMIT + 1];
	return forest_at(forest, path) || forest_name(forest, path, 0, name);
}

static const struct entry made_up = {.name = "", .nlink = 1, .meta.mode = S_IFDIR | 0755};

/* True: the name is a place or leads to one, and *ret_entry is what is there; a folder that only leads there is the source's,
 * if there is one. */
static bool place_entry(const struct walk *walk, const char *name, struct entry *ret_entry)
{
	struct statx status;
	CLEANUP_FREE char *path = join(walk->path, name);
	const struct branch *branch = forest_at(walk->tree->forest, path);
	if (!branch && !leads_to_place(walk->tree->forest, path))
		return false;
	*ret_entry = made_up;
	if (branch && branch_look(branch, &status) < 0) {
		skip(walk, name, strerror(errno));
		*ret_entry = (struct entry){0};
	} else if (branch || (walk->fd >= 0 &&
			      statx(walk->fd, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_BASIC_STATS, &status) == 0 &&
			      S_ISDIR(status.stx_mode))) {
		entry_from_statx(ret_entry, name, &status);
	}
	ret_entry->name = name;
	return true;
}

int walk_place(const struct walk_folder *folder, const struct entry *entry, const char **ret_name)
{
	*ret_name = entry->name;
	if (!folder->forest)
		return folder->fd;
	CLEANUP_FREE char *path = join(folder->path, entry->name);
	const struct branch *branch = forest_at(folder->forest, path);
	if (!branch || branch->parent < 0)
		return folder->fd;
	*ret_name = branch->name;
	return branch->parent;
}

/* --- entries --- */

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

static size_t read_entries(struct walk *walk, size_t names, bool places)
{
	size_t count = 0;
	for (size_t i = 0; i < names; i++) {
		const char *name = walk->names.data + walk->offsets[i];
		struct statx status;
		if (places && place_entry(walk, name, &walk->entries[count])) {
			count++;
			continue;
		}
		if (statx(walk->fd, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_BASIC_STATS, &status) < 0) {
			if (errno == ENOENT)
				continue;
			skip(walk, name, strerror(errno));
			walk->entries[count++] = (struct entry){.name = name};
			continue;
		}
		if (is_held(name) || !is_included(walk, name, S_ISDIR(status.stx_mode)))
			continue;
		entry_from_statx(&walk->entries[count++], name, &status);
	}
	if (count)
		qsort(walk->entries, count, sizeof(*walk->entries), by_name);
	return count;
}

static void push(struct walk *walk, const char *name)
{
	if (strlen(walk->path) + strlen(name) + 1 > ENTRY_PATH_LIMIT) {
		skip(walk, name, "the path is too long");
		return;
	}
	if (walk->pending_count == walk->pending_capacity) {
		walk->pending_capacity *= 2;
		walk->pending = memory_resize(walk->pending, walk->pending_capacity * sizeof(*walk->pending));
	}
	walk->pending[walk->pending_count++] = join(walk->path, name);
}

static void push_folder(struct walk *walk, const struct walk_folder *folder, const struct entry *entry)
{
	CLEANUP_FREE char *path = join(folder->path, entry->name);
	if (entry->dev != folder->self.dev && !(folder->forest && leads_to_place(folder->forest, path)))
		skip(walk, entry->name, "another file system is mounted here");
	else
		push(walk, entry->name);
}

const char *walk_ahead(const struct walk *walk)
{
	return walk->pending_count ? walk->pending[walk->pending_count - 1] : NULL;
}

void walk_known(struct walk *walk, const struct entry *entries, size_t count)
{
	leave_folder(walk);
	walk->path = walk->pending[--walk->pending_count];
	while (count-- > 0)
		if (S_ISDIR(entries[count].meta.mode))
			push(walk, entries[count].name);
}

/* A root that is no folder looks like one: always the same, and in it the volume. */
static int enter_volume(struct walk *walk, struct walk_folder *ret_folder, struct error *err)
{
	reserve(walk, 1);
	*ret_folder = (struct walk_folder){.path = walk->path, .is_root = true, .fd = -1, .entries = walk->entries, .count = 1};
	ret_folder->self = (struct entry){.name = "", .nlink = 1, .meta.mode = S_IFDIR | 0700};
	return volume_look(walk->tree->root, walk->entries, err) < 0 ? error_wrap(err, "%s", walk->tree->name) : 1;
}

static int look_into(struct walk *walk, const struct tree *tree, const char *path, struct walk_folder *folder,
		     size_t *ret_names, struct error *err)
{
	struct statx status;
	if (tree_folder(tree, path, &walk->fd, err) < 0)
		return -1;
	if (statx(walk->fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &status) < 0)
		return error_set_errno(err, errno, "cannot look at %s/%s", tree->name, path);
	entry_from_statx(&folder->self, "", &status);
	return read_names(walk, ret_names, err);
}

/* Of several sources. What only leads to a place is made up, if the source in which it would lie does not have it. */
static int look_into_forest(struct walk *walk, struct walk_folder *folder, size_t *ret_names, struct error *err)
{
	CLEANUP_ERROR struct error why = ERROR_NONE;
	const char *path;
	const struct branch *branch = forest_over(walk->tree->forest, walk->path, &path);
	folder->is_root = branch && !*path;
	folder->self = made_up;
	if (!branch || look_into(walk, &branch->tree, path, folder, ret_names, &why) == 0)
		return 0;
	bool not_there = why.code == ERROR_NOT_FOUND || why.code == ERROR_REFUSED;
	if (!folder->is_root && not_there && leads_to_place(walk->tree->forest, walk->path))
		return 0;
	error_move(err, &why);
	return -1;
}

static void take_key(struct entry *entry, const struct entry *key)
{
	entry->dev = key->dev;
	entry->ino = key->ino;
	entry->nlink = key->nlink;
	entry->ctime = key->ctime;
}

/* What the source's own inodes and ctimes were; what has none is looked at anew in the next cycle. */
static void take_keys(struct walk *walk, struct walk_folder *folder)
{
	while (walk->key && walk_order(walk->key->path, folder->path) < 0)
		if (manifest_next(walk->keys, &walk->key, NULL) <= 0)
			walk->key = NULL;
	if (!walk->key || strcmp(walk->key->path, folder->path) != 0)
		return;
	take_key(&folder->self, &walk->key->self);
	for (size_t i = 0, j = 0; i < folder->count; i++) {
		while (j < walk->key->count && strcmp(walk->key->entries[j].name, folder->entries[i].name) < 0)
			j++;
		if (j < walk->key->count && strcmp(walk->key->entries[j].name, folder->entries[i].name) == 0)
			take_key(&folder->entries[i], &walk->key->entries[j]);
	}
}

/* Opens the folder at walk->path and reads the names in it. */
static int open_folder(struct walk *walk, struct walk_folder *folder, size_t *ret_names, struct error *err)
{
	if (walk->tree->forest)
		return look_into_forest(walk, folder, ret_names, err);
	folder->is_root = !*walk->path;
	return look_into(walk, walk->tree, walk->path, folder, ret_names, err);
}

/* 1: the folder is open and read, 0: it is not there any more or cannot be read (told to skipped), -1: and it is a root. */
static int enter(struct walk *walk, struct walk_folder *ret_folder, struct error *err)
{
	CLEANUP_ERROR struct error why = ERROR_NONE;
	size_t names = 0;
	if (walk->tree->is_volume)
		return enter_volume(walk, ret_folder, err);
	*ret_folder = (struct walk_folder){.path = walk->path};
	buffer_reset(&walk->names);
	if (open_folder(walk, ret_folder, &names, &why) < 0) {
		if (ret_folder->is_root) {
			error_move(err, &why);
			return -1;
		}
		if (why.code != ERROR_NOT_FOUND)
			skip(walk, "", error_text(&why));
		return 0;
	}
	ret_folder->fd = walk->fd;
	bool places = add_places(walk, &names);
	ret_folder->forest = places ? walk->tree->forest : NULL;
	ret_folder->count = read_entries(walk, names, places);
	ret_folder->entries = walk->entries;
	if (walk->keys)
		take_keys(walk, ret_folder);
	return 1;
}

int walk_next(struct walk *walk, struct walk_folder *ret_folder, struct error *err)
{
	while (walk->pending_count) {
		leave_folder(walk);
		walk->pending_count--;
		walk->path = walk->pending[walk->pending_count];
		int entered = enter(walk, ret_folder, err);
		if (entered < 0)
			return -1;
		if (!entered)
			continue;
		for (size_t i = ret_folder->count; i-- > 0;)
			if (S_ISDIR(ret_folder->entries[i].meta.mode))
				push_folder(walk, ret_folder, &ret_folder->entries[i]);
		return 1;
	}
	leave_folder(walk);
	return 0;
}

int walk_order(const char *a, const char *b)
{
	for (; *a && *a == *b; a++, b++)
		;
	int left = *a == '/' ? 1 : *a ? (unsigned char)*a + 1 : 0;
	int right = *b == '/' ? 1 : *b ? (unsigned char)*b + 1 : 0;
	return left - right;
}
