/*
 * tree.c - the file system as a tree. The others are made where they are known: library/, the run directory in cli/.
 */
#include "engine/document/tree.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/file.h"
#include "engine/document/document.h"

static int open_file(void *context, struct arena *arena, const char *path, const struct source **ret_source,
		     struct diagnostics *diagnostics)
{
	(void)context;
	return document_open(arena, path, ret_source, diagnostics);
}

static bool has_file(void *context, const char *path)
{
	(void)context;
	return file_exists(path);
}

static int by_bytes(const struct dirent **a, const struct dirent **b) /* the same everywhere, unlike alphasort */
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int list_folder(void *context, struct arena *arena, const char *folder, const char *const **ret_names, size_t *ret_count,
		       struct error *err)
{
	(void)context;
	struct dirent **entries;
	int count = scandir(folder, &entries, is_visible, by_bytes);
	if (count < 0)
		return error_set_errno(err, errno, "%s", folder);
	const char **names = arena_alloc(arena, ((size_t)count + 1) * sizeof(*names));
	for (int i = 0; i < count; i++) {
		names[i] = arena_strdup(arena, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	*ret_names = names;
	*ret_count = (size_t)count;
	return 0;
}

const struct tree tree_of_files = {.open = open_file, .has = has_file, .list = list_folder};

int tree_open(const struct tree *tree, struct arena *arena, const char *path, const struct source **ret_source,
	      struct diagnostics *diagnostics)
{
	return tree->open(tree->context, arena, path, ret_source, diagnostics);
}

bool tree_has(const struct tree *tree, const char *path)
{
	return tree->has && tree->has(tree->context, path);
}

int tree_list(const struct tree *tree, struct arena *arena, const char *folder, const char *const **ret_names,
	      size_t *ret_count, struct error *err)
{
	if (tree->list)
		return tree->list(tree->context, arena, folder, ret_names, ret_count, err);
	return error_set(err, ERROR_NOT_FOUND, "%s: folders cannot be listed here", folder);
}
