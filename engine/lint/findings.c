/*
 * findings.c - diagnostics of many files as findings.
 */
#include "engine/lint/findings.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/hash.h"
#include "engine/base/memory.h"
#include "engine/lint/rules.h"

#define FINGERPRINT_LENGTH 32  /* hexadecimal digits: 128 bits */
#define LINE_LIMIT	   200 /* bytes of a line on each side of the place: a line may be a whole megabyte */

void findings_init(struct findings *findings, struct arena *arena)
{
	*findings = (struct findings){.arena = arena, .files = value_list(arena)};
}

void findings_free(struct findings *findings)
{
	table_free(&findings->fingerprints);
	table_free(&findings->places);
	table_free(&findings->known);
}

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
static void add_line(struct buffer *out, const struct span *at)
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
	buffer_append(out, text + from, to - from);
}

/* Of rule, file, message and the line's own text, and of how many of the same stand before: not of the line's number. */
static const char *fingerprint_of(struct findings *findings, const struct finding *finding, const struct span *at)
{
	CLEANUP_BUFFER struct buffer text = {0};
	char hex[HASH_HEX_SIZE];
	for (unsigned same = 0;; same++) {
		buffer_reset(&text);
		buffer_printf(&text, "%s%c%s%c%s%c%u%c", finding->rule, 0, finding->file ? finding->file : finding->path, 0,
			      finding->message, 0, same, 0);
		if (at->source)
			add_line(&text, at);
		hash_hex(text.data, text.length, hex);
		hex[FINGERPRINT_LENGTH] = '\0';
		if (table_get(&findings->fingerprints, hex))
			continue;
		table_put(&findings->fingerprints, hex, findings);
		return arena_strdup(findings->arena, hex);
	}
}

static bool is_there(struct findings *findings, const struct finding *finding)
{
	if (!finding->file)
		return false;
	CLEANUP_FREE char *place = memory_printf("%s:%u:%u:%s:%s", finding->file, finding->from.line, finding->from.column,
						 finding->rule, finding->message);
	bool there = table_get(&findings->places, place) != NULL;
	if (!there)
		table_put(&findings->places, place, findings);
	return there;
}

static enum standing standing_of(const struct findings *findings, const struct finding *finding)
{
	const struct rule *rule = rules_find(finding->rule);
	if (finding->standing == FINDING_COUNTS && rule && rule_can_be_silenced(rule) &&
	    table_get(&findings->known, finding->fingerprint))
		return FINDING_KNOWN;
	return finding->standing;
}

/* True if it counts and was not there. */
static bool add(struct findings *findings, const char *path, const struct diagnostic *diagnostic, enum standing standing,
		const char *reason)
{
	struct arena *arena = findings->arena;
	const struct span *at = &diagnostic->at;
	struct finding finding = {.path = path,
				  .severity = diagnostic->severity,
				  .rule = diagnostic->rule,
				  .message = diagnostic->message,
				  .hint = diagnostic->hint,
				  .standing = standing,
				  .reason = arena_strdup(arena, reason)};
	if (at->source) {
		size_t end = (size_t)at->offset + at->length;
		finding.file = tidy_path(arena, at->source->name);
		finding.from = source_locate(at->source, at->offset);
		finding.to = source_locate(at->source, end < at->source->length ? end : at->source->length);
	}
	if (is_there(findings, &finding))
		return false;
	finding.message = arena_strdup(arena, finding.message);
	finding.hint = arena_strdup(arena, finding.hint);
	finding.fingerprint = fingerprint_of(findings, &finding, at);
	finding.standing = standing_of(findings, &finding);
	struct finding *slot =
		arena_grow(arena, &findings->items, &findings->count, &findings->capacity, sizeof(*findings->items));
	*slot = finding;
	return finding.standing == FINDING_COUNTS;
}

void findings_add(struct findings *findings, const char *path, struct diagnostics *diagnostics,
		  const struct silenced_list *silenced)
{
	size_t kept = 0;
	path = tidy_path(findings->arena, path);
	value_append(findings->arena, findings->files, value_string(findings->arena, path));
	for (size_t i = 0; i < diagnostics->count; i++) {
		if (add(findings, path, &diagnostics->items[i], FINDING_COUNTS, NULL))
			diagnostics->items[kept++] = diagnostics->items[i];
	}
	diagnostics->count = kept;
	for (size_t i = 0; silenced && i < silenced->count; i++)
		add(findings, path, &silenced->items[i].diagnostic, FINDING_SILENCED, silenced->items[i].reason);
}

size_t findings_count(const struct findings *findings, enum severity severity)
{
	size_t count = 0;
	for (size_t i = 0; i < findings->count; i++)
		count += findings->items[i].standing == FINDING_COUNTS && findings->items[i].severity == severity;
	return count;
}

static const struct value *finding_value(struct arena *arena, const struct finding *finding)
{
	struct value *value = value_map(arena);
	value_put(arena, value, "severity", value_string(arena, severity_name(finding->severity)));
	value_put(arena, value, "rule", value_string(arena, finding->rule));
	value_put(arena, value, "message", value_string(arena, finding->message));
	value_put(arena, value, "hint", finding->hint ? value_string(arena, finding->hint) : value_null());
	if (finding->file) {
		value_put(arena, value, "file", value_string(arena, finding->file));
		value_put(arena, value, "line", value_int(arena, finding->from.line));
		value_put(arena, value, "column", value_int(arena, finding->from.column));
		value_put(arena, value, "end_line", value_int(arena, finding->to.line));
		value_put(arena, value, "end_column", value_int(arena, finding->to.column));
	}
	value_put(arena, value, "fingerprint", value_string(arena, finding->fingerprint));
	if (finding->standing == FINDING_SILENCED)
		value_put(arena, value, "reason", value_string(arena, finding->reason));
	return value;
}

static const struct value *file_value(struct arena *arena, const struct findings *findings, const struct value *path)
{
	struct value *entry = value_map(arena);
	struct value *lists[] = {[FINDING_COUNTS] = value_list(arena),
				 [FINDING_SILENCED] = value_list(arena),
				 [FINDING_KNOWN] = value_list(arena)};
	bool valid = true;
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->items[i];
		if (!value_is_text(path, finding->path))
			continue;
		value_append(arena, lists[finding->standing], finding_value(arena, finding));
		valid &= finding->standing != FINDING_COUNTS || finding->severity != SEVERITY_ERROR;
	}
	value_put(arena, entry, "path", path);
	value_put(arena, entry, "valid", value_bool(valid));
	value_put(arena, entry, "diagnostics", lists[FINDING_COUNTS]);
	value_put(arena, entry, "silenced", lists[FINDING_SILENCED]);
	value_put(arena, entry, "known", lists[FINDING_KNOWN]);
	return entry;
}

const struct value *findings_value(struct arena *arena, const struct findings *findings)
{
	struct value *list = value_list(arena);
	for (size_t i = 0; i < findings->files->list.count; i++)
		value_append(arena, list, file_value(arena, findings, findings->files->list.items[i]));
	return list;
}
