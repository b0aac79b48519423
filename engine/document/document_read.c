/*
 * document_read.c - the ways to get a text for document_parse: from memory, a file, standard input.
 */
#include <string.h>
#include <unistd.h>

#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "engine/document/document.h"

const struct source *document_source(struct arena *arena, const char *name, const char *text, size_t length)
{
	struct source *source = ARENA_NEW(arena, struct source);
	source->name = arena_strdup(arena, name);
	source->text = arena_strndup(arena, text, length);
	source->length = length;
	return source;
}

static int read_text(const char *path, char **ret_text, size_t *ret_length, struct error *err)
{
	if (strcmp(path, "-") == 0)
		return file_read_fd(STDIN_FILENO, "<stdin>", DOCUMENT_SIZE_LIMIT, ret_text, ret_length, err);
	return file_read(path, DOCUMENT_SIZE_LIMIT, ret_text, ret_length, err);
}

int document_open(struct arena *arena, const char *path, const struct source **ret_source, struct diagnostics *diagnostics)
{
	CLEANUP_FREE char *text = NULL;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	size_t length;
	if (read_text(path, &text, &length, &err) < 0) {
		const char *rule = err.code == ERROR_LIMIT ? "yaml/size" : "document/unreadable";
		struct diagnostic *found =
			diagnostics_add(diagnostics, SEVERITY_ERROR, rule, (struct span){0}, "%s", error_text(&err));
		if (err.hint)
			diagnostic_hint(diagnostics, found, "%s", err.hint);
		return -1;
	}
	*ret_source = document_source(arena, strcmp(path, "-") == 0 ? "<stdin>" : path, text, length);
	return 0;
}

int document_read(struct arena *arena, const char *path, const struct source **ret_source, const struct value **ret_value,
		  struct diagnostics *diagnostics)
{
	if (document_open(arena, path, ret_source, diagnostics) < 0)
		return -1;
	return document_parse(arena, *ret_source, ret_value, diagnostics);
}
