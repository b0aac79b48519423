/*
 * file_findings.c - diagnostics that leave their document: what of it is needed later goes with them, through a pipe if need
 * be.
 */
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/memory.h"
#include "engine/lint/findings.h"

#define LINE_LIMIT 200 /* bytes of a line on each side of the place: a line may be a whole megabyte */

/* As seen from the working directory, so that the same file has the same name however it was written. */
static const char *tidy_path(struct arena *arena, const char *path)
{
	char here[PATH_MAX];
	while (strncmp(path, "./", 2) == 0)
		path += 2;
	if (path[0] == '/' && getcwd(here, sizeof(here)) && strncmp(path, here, strlen(here)) == 0 && path[strlen(here)] == '/')
		path += strlen(here) + 1;
	return arena_strdup(arena, path);
}

/* The line of the place, without what surrounds its text. */
static const char *line_of(struct arena *arena, const struct span *at)
{
	const char *text = at->source->text;
	size_t place = at->offset < at->source->length ? at->offset : at->source->length, from = place, to = place;
	while (from > 0 && text[from - 1] != '\n' && place - from < LINE_LIMIT)
		from--;
	while (to < at->source->length && text[to] != '\n' && to - place < LINE_LIMIT)
		to++;
	while (from < to && strchr(" \t\r-", text[from]))
		from++;
	while (to > from && strchr(" \t\r", text[to - 1]))
		to--;
	return arena_strndup(arena, text + from, to - from);
}

static const char *shown_of(struct arena *arena, const struct diagnostic *diagnostic, enum shown shown)
{
	CLEANUP_BUFFER struct buffer text = {0};
	const struct diagnostics only = {.items = (struct diagnostic *)diagnostic, .count = 1};
	if (shown == SHOWN_NOT)
		return NULL;
	diagnostics_print(&text, &only, shown == SHOWN_COLOURED);
	return arena_strdup(arena, buffer_text(&text));
}

static void add(struct arena *arena, struct file_findings *findings, const struct diagnostic *diagnostic,
		enum standing standing, const char *reason, enum shown shown)
{
	const struct span *at = &diagnostic->at;
	struct finding *slot =
		arena_grow(arena, &findings->items, &findings->count, &findings->capacity, sizeof(*findings->items));
	*slot = (struct finding){.path = findings->path,
				 .severity = diagnostic->severity,
				 .rule = diagnostic->rule,
				 .message = diagnostic->message,
				 .hint = diagnostic->hint,
				 .line = "",
				 .shown = shown_of(arena, diagnostic, shown),
				 .standing = standing,
				 .reason = reason};
	if (!at->source)
		return;
	size_t end = (size_t)at->offset + at->length;
	slot->file = tidy_path(arena, at->source->name);
	slot->from = source_locate(at->source, at->offset);
	slot->to = source_locate(at->source, end < at->source->length ? end : at->source->length);
	slot->line = line_of(arena, at);
}

void file_findings_make(const char *path, const struct diagnostics *diagnostics, const struct silenced_list *silenced,
			enum shown shown, struct file_findings *ret_findings)
{
	struct arena *arena = diagnostics->arena;
	*ret_findings = (struct file_findings){
		.path = tidy_path(arena, path), .errors = diagnostics->errors, .dropped = diagnostics->dropped};
	for (size_t i = 0; i < diagnostics->count; i++)
		add(arena, ret_findings, &diagnostics->items[i], FINDING_COUNTS, NULL, shown);
	for (size_t i = 0; silenced && i < silenced->count; i++)
		add(arena, ret_findings, &silenced->items[i].diagnostic, FINDING_SILENCED, silenced->items[i].reason,
		    SHOWN_NOT);
}

/* -------------------------------------------------------------------------------------------------------------------- as bytes
 */

/* None of our texts holds a NUL. */
void bytes_put_text(struct buffer *out, const char *text)
{
	buffer_add_char(out, text ? '+' : '-');
	if (text)
		buffer_append(out, text, strlen(text) + 1);
}

const char *bytes_get_text(const char **bytes)
{
	const char *text = *bytes + 1;
	bool there = **bytes == '+';
	*bytes = there ? text + strlen(text) + 1 : text;
	return there ? text : NULL;
}

/* The texts of a finding that are its own. */
#define TEXTS 7
static void texts_of(struct finding *finding, const char **ret_texts[TEXTS])
{
	const char **texts[TEXTS] = {&finding->rule, &finding->message, &finding->hint,	 &finding->file,
				     &finding->line, &finding->shown,	&finding->reason};
	memcpy(ret_texts, texts, sizeof(texts));
}

void file_findings_write(struct buffer *out, const struct file_findings *findings)
{
	const char **texts[TEXTS];
	buffer_append(out, findings, sizeof(*findings));
	bytes_put_text(out, findings->path);
	for (size_t i = 0; i < findings->count; i++) {
		buffer_append(out, &findings->items[i], sizeof(*findings->items));
		texts_of(&findings->items[i], texts);
		for (size_t k = 0; k < TEXTS; k++)
			bytes_put_text(out, *texts[k]);
	}
}

void file_findings_read(struct arena *arena, const char **bytes, struct file_findings *ret_findings)
{
	const char **texts[TEXTS];
	memcpy(ret_findings, *bytes, sizeof(*ret_findings));
	*bytes += sizeof(*ret_findings);
	ret_findings->path = bytes_get_text(bytes);
	ret_findings->items = arena_alloc(arena, ret_findings->count * sizeof(*ret_findings->items));
	ret_findings->capacity = ret_findings->count;
	for (size_t i = 0; i < ret_findings->count; i++) {
		struct finding *finding = &ret_findings->items[i];
		memcpy(finding, *bytes, sizeof(*finding));
		*bytes += sizeof(*finding);
		texts_of(finding, texts);
		for (size_t k = 0; k < TEXTS; k++)
			*texts[k] = bytes_get_text(bytes);
		finding->path = ret_findings->path;
		finding->fingerprint = NULL;
	}
}
