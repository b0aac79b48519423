/*
 * set.c - runbooks that belong together: those of one folder whose names have the same first part, found by a look at their
 * texts.
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "engine/base/table.h"
#include "engine/document/document.h"
#include "engine/lint/set.h"
#include "engine/lint/way.h"

struct lint_sets *lint_sets_new(struct arena *arena)
{
	struct lint_sets *sets = ARENA_NEW(arena, struct lint_sets);
	sets->arena = arena;
	return sets;
}

void lint_sets_free(struct lint_sets *sets)
{
	for (size_t i = 0; i < sets->count; i++) {
		table_free(&sets->all[i]->kinds);
		orders_free(sets->all[i]);
	}
	table_free(&sets->folders);
	table_free(&sets->sets);
	table_free(&sets->known);
}

static const char *first_part(struct arena *arena, const char *name)
{
	const char *slash = name ? strrchr(name, '/') : NULL;
	return slash ? arena_strndup(arena, name, (size_t)(slash - name)) : NULL;
}

/* What a text says under a key at the beginning of a line, without reading it as YAML; NULL: nothing. */
static const char *word_in(struct arena *arena, const char *text, const char *key)
{
	const char *at = text;
	while (at && strncmp(at, key, strlen(key)) != 0) {
		at = strchr(at, '\n');
		at = at ? at + 1 : NULL;
	}
	if (!at)
		return NULL;
	at += strlen(key);
	at += strspn(at, " \"'");
	return arena_strndup(arena, at, strcspn(at, " \"'#\r\n"));
}

static bool names_a_start(const char *text, const struct plugins *plugins)
{
	for (size_t p = 0; p < plugins->count; p++)
		for (size_t i = 0; i < plugins->items[p].actions_count; i++)
			if ((plugins->items[p].actions[i].roles & ROLE_START) &&
			    strstr(text, plugins->items[p].actions[i].name))
				return true;
	return false;
}

static int is_yaml(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');
	return entry->d_name[0] != '.' && dot && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0);
}

static void add_member(struct lint_sets *sets, struct folder *folder, const char *name, const struct plugins *plugins)
{
	CLEANUP_FREE char *path = file_join(folder->path, name);
	CLEANUP_FREE char *text = NULL;
	size_t length;
	if (file_read(path, DOCUMENT_SIZE_LIMIT, &text, &length, NULL) < 0)
		return;
	const char *runbook = word_in(sets->arena, text, "runbook:");
	if (!runbook)
		return;
	struct member *slot =
		arena_grow(sets->arena, &folder->members, &folder->count, &folder->capacity, sizeof(*folder->members));
	*slot = (struct member){.path = arena_strdup(sets->arena, path),
				.runbook = runbook,
				.kind = word_in(sets->arena, text, "kind:"),
				.starts = names_a_start(text, plugins)};
}

static const struct folder *folder_of(struct lint_sets *sets, const char *path, const struct plugins *plugins)
{
	struct folder *folder = table_get(&sets->folders, path);
	struct dirent **entries;
	if (folder)
		return folder;
	folder = ARENA_NEW(sets->arena, struct folder);
	folder->path = arena_strdup(sets->arena, path);
	int count = scandir(path, &entries, is_yaml, alphasort);
	for (int i = 0; i < count; i++) {
		add_member(sets, folder, entries[i]->d_name, plugins);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	table_put(&sets->folders, path, folder);
	return folder;
}

static bool is_of(const char *runbook, const char *set)
{
	size_t length = strlen(set);
	return strncmp(runbook, set, length) == 0 && runbook[length] == '/' && !strchr(runbook + length + 1, '/');
}

struct lint_set *lint_set_of(struct lint_sets *sets, const char *path, const char *runbook, const struct plugins *plugins)
{
	const char *name = first_part(sets->arena, runbook);
	if (!name || strcmp(path, "-") == 0)
		return NULL;
	const char *folder_path = strrchr(path, '/') ? first_part(sets->arena, path) : ".";
	CLEANUP_FREE char *key = memory_printf("%s %s", folder_path, name);
	struct lint_set *set = table_get(&sets->sets, key);
	if (set)
		return set;
	set = ARENA_NEW(sets->arena, struct lint_set);
	set->name = name;
	const struct folder *folder = folder_of(sets, *folder_path ? folder_path : "/", plugins);
	for (size_t i = 0; i < folder->count; i++) {
		const struct member *member = &folder->members[i];
		if (!is_of(member->runbook, name))
			continue;
		if (member->kind)
			table_put(&set->kinds, member->kind, set);
		*(const struct member **)arena_grow(sets->arena, &set->members, &set->members_count, &set->members_capacity,
						    sizeof(*set->members)) = member;
	}
	table_put(&sets->sets, key, set);
	struct lint_set **slot = arena_grow(sets->arena, &sets->all, &sets->count, &sets->capacity, sizeof(struct lint_set *));
	*slot = set;
	return set;
}

void lint_failback(const struct lint *lint)
{
	const struct value *kind = value_get(lint->runbook->document, "kind");
	if (!lint->set || !value_is_text(kind, "failover") || table_get(&lint->set->kinds, "failback"))
		return;
	struct diagnostic *diagnostic =
		lint_tell(lint, "lint/no-failback", kind->at,
			  "the runbooks of %s have no failback: the way back is not written", lint->set->name);
	diagnostic_hint(lint->diagnostics, diagnostic, "write it beside this one: runbook: %s/failback", lint->set->name);
}
