/*
 * run_content_verify.c - see run_content.h.
 */
#include "engine/journal/run_content.h"

#include <string.h>

#include "engine/base/arena.h"
#include "engine/base/file.h"
#include "engine/base/json.h"
#include "engine/base/memory.h"
#include "engine/journal/run_store_private.h"

struct run_content {
	struct arena *arena;
	const struct value *opened;  /* NULL: it has none */
	const struct value *amended; /* list of {path, sha256} */
};

struct run_content *run_content_new(void)
{
	struct run_content *content = memory_alloc(sizeof(*content));
	content->arena = arena_new();
	content->amended = value_list(content->arena);
	return content;
}

void run_content_free(struct run_content *content)
{
	if (!content)
		return;
	arena_free(content->arena);
	free(content);
}

void run_content_note(struct run_content *content, const char *line, size_t length)
{
	const struct value *record;
	if (json_parse(content->arena, line, length, &record, NULL) < 0)
		return; /* whoever reads it as a value will say so */
	if (value_is_text(value_get(record, "kind"), "run_opened") && !content->opened)
		content->opened = record;
	else if (value_is(value_get(record, "amended"), VALUE_MAP))
		value_append(content->arena, (struct value *)content->amended, value_get(record, "amended"));
}

struct check {
	struct run run; /* only its folder and id */
	char *problem;	/* owned */
};

/* entry: {path, sha256}. What else there is does not refer to content. */
static void check_entry(struct check *check, const char *what, const struct value *entry)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	CLEANUP_FREE char *data = NULL;
	size_t length;
	const char *digest = value_get_text(entry, "sha256"), *path = value_get_text(entry, "path");
	if (check->problem || !digest || run_content_get(&check->run, digest, &data, &length, &err) == 0)
		return;
	check->problem = err.code == ERROR_CORRUPT ? memory_printf("the stored %s %s (%.12s) is not the one that was executed",
								   what, path ? path : "?", digest)
						   : memory_printf("the stored %s %s (%.12s) is missing or cannot be read",
								   what, path ? path : "?", digest);
}

static void check_entries(struct check *check, const char *what, const struct value *entries)
{
	for (size_t i = 0; value_is(entries, VALUE_MAP) && i < entries->map.count; i++)
		check_entry(check, what, entries->map.entries[i].value);
}

/* What the journal says of a manifest that was written before the journal knew its digest. */
static void check_digest(struct check *check, const struct value *opened, const struct value *manifest, const char *key)
{
	const char *journaled = value_get_text(value_get(opened, "digests"), key),
		   *stored = value_get_text(value_get(manifest, key), "sha256");
	if (!check->problem && journaled && (!stored || strcmp(journaled, stored) != 0))
		check->problem = memory_printf("its manifest names another %s than the journal", key);
}

static const struct value *read_manifest(struct check *check, struct arena *arena, const struct value *opened)
{
	CLEANUP_FREE char *path = file_join(check->run.folder, "manifest.json");
	CLEANUP_FREE char *text = NULL;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	const struct value *manifest = NULL;
	size_t length;
	char digest[HASH_HEX_SIZE];
	const char *journaled = value_get_text(opened, "manifest");
	if (file_read(path, FILE_NO_LIMIT, &text, &length, &err) < 0) {
		if (journaled || value_get(opened, "digests"))
			check->problem = memory_strdup("its manifest, which says what was executed, is missing");
		return NULL;
	}
	hash_hex(text, length, digest);
	if (journaled && strcmp(journaled, digest) != 0)
		check->problem = memory_strdup("its manifest is not the one with which it was opened");
	else if (json_parse(arena, text, length, &manifest, &err) < 0)
		check->problem = memory_printf("its manifest is damaged: %s", error_text(&err));
	return manifest;
}

char *run_content_problem(const struct run_content *content, const struct run_store *store, const char *id)
{
	static const char *const alone[] = {"runbook", "inventory"};
	static const struct {
		const char *key, *what;
	} many[] = {{"called", "runbook"}, {"plugins", "plugin"}};
	CLEANUP_FREE char *folder = run_folder(store, id);
	struct check check = {.run = {.folder = folder}};
	if (!content->opened)
		return NULL;
	const struct value *manifest = read_manifest(&check, content->arena, content->opened);
	for (size_t i = 0; manifest && i < COUNT_OF(alone); i++) {
		check_digest(&check, content->opened, manifest, alone[i]);
		check_entry(&check, alone[i], value_get(manifest, alone[i]));
	}
	for (size_t i = 0; manifest && i < COUNT_OF(many); i++)
		check_entries(&check, many[i].what, value_get(manifest, many[i].key));
	for (size_t i = 0; i < content->amended->list.count; i++)
		check_entry(&check, "edited runbook", content->amended->list.items[i]);
	return check.problem;
}
