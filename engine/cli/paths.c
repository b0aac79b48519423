/*
 * paths.c - the files of a folder.
 */
#include "engine/cli/paths.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "engine/document/document.h"

#define FOLDER_DEPTH_LIMIT 32

static bool is_folder(const char *path)
{
	struct stat status;
	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), wanted = strlen(end);
	return length > wanted && strcmp(text + length - wanted, end) == 0;
}

static bool begins_line(const char *text, const char *key)
{
	for (const char *at = text; (at = strstr(at, key)); at++)
		if (at == text || at[-1] == '\n')
			return true;
	return false;
}

/* a map in braces, as programs write it: {"standin": "1", ...} */
static bool is_in_braces(const char *text)
{
	const char *first = text + strspn(text, " \t\r\n");
	return *first == '{' && strstr(first, "standin");
}

static bool is_ours(const char *path)
{
	static const char *const keys[] = {"runbook:", "hosts:", "plugin:", "standin:", "\"standin\":", "'standin':"};
	CLEANUP_FREE char *text = NULL;
	size_t length;
	if (file_read(path, DOCUMENT_SIZE_LIMIT, &text, &length, NULL) < 0)
		return true; /* reading it will tell why */
	for (size_t i = 0; i < COUNT_OF(keys); i++)
		if (begins_line(text, keys[i]))
			return true;
	return is_in_braces(text);
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void add_folder(struct arena *arena, struct value *list, const char *folder, unsigned depth)
{
	struct dirent **entries;
	int count = depth < FOLDER_DEPTH_LIMIT ? scandir(folder, &entries, is_visible, alphasort) : -1;
	for (int i = 0; i < count; i++) {
		CLEANUP_FREE char *path = file_join(folder, entries[i]->d_name);
		if (is_folder(path))
			add_folder(arena, list, path, depth + 1);
		else if ((ends_with(path, ".yaml") || ends_with(path, ".yml")) && is_ours(path))
			value_append(arena, list, value_string(arena, path));
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	else if (depth < FOLDER_DEPTH_LIMIT)
		value_append(arena, list, value_string(arena, folder)); /* reading it will tell why */
}

const struct value *paths_of(struct arena *arena, const char *argument)
{
	struct value *list = value_list(arena);
	if (is_folder(argument))
		add_folder(arena, list, argument, 0);
	else
		value_append(arena, list, value_string(arena, argument));
	return list;
}
