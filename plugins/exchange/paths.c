/*
 * paths.c - lists are short (tens of paths): every look is along the whole list.
 */
#include "plugins/exchange/paths.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/base/memory.h"

void paths_add(json_t *paths, const char *path)
{
	size_t index;
	json_t *known;
	if (!path)
		return;
	json_array_foreach(paths, index, known)
	{
		if (strcasecmp(json_string_value(known), path) == 0)
			return;
	}
	json_array_append_new(paths, json_string(path));
}

char *path_folder(const char *file)
{
	const char *slash = file ? strrchr(file, '\\') : NULL;
	if (!slash)
		return file ? strdup(file) : NULL;
	bool of_drive = slash > file && slash[-1] == ':';
	return strndup(file, (size_t)(slash - file) + of_drive);
}

static int by_text(const void *a, const void *b)
{
	return strcasecmp(*(const char *const *)a, *(const char *const *)b);
}

json_t *paths_sorted(const json_t *paths)
{
	size_t count = json_array_size(paths);
	const char **texts = memory_alloc((count + 1) * sizeof(*texts));
	for (size_t i = 0; i < count; i++)
		texts[i] = json_string_value(json_array_get(paths, i));
	qsort(texts, count, sizeof(*texts), by_text);
	json_t *sorted = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(sorted, json_string(texts[i]));
	free(texts);
	return sorted;
}

static bool lies_in(const char *path, const char *folder)
{
	size_t length = strlen(folder);
	if (strncasecmp(path, folder, length) != 0 || !path[length])
		return false;
	return path[length] == '\\' || (length && folder[length - 1] == '\\');
}

json_t *paths_outermost(const json_t *paths)
{
	json_t *outermost = json_array(), *path, *other;
	size_t index, among;
	json_array_foreach(paths, index, path)
	{
		bool inside = false;
		json_array_foreach(paths, among, other)
		{
			inside = inside || lies_in(json_string_value(path), json_string_value(other));
		}
		if (!inside)
			json_array_append(outermost, path);
	}
	return outermost;
}
