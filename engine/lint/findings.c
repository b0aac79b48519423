/*
 * findings.c - the findings of many files together.
 */
#include "engine/lint/findings.h"

#include <string.h>

#include "engine/base/hash.h"
#include "engine/base/memory.h"
#include "engine/lint/rules.h"

#define FINGERPRINT_LENGTH 32 /* hexadecimal digits: 128 bits */

void findings_init(struct findings *findings, struct arena *arena)
{
	*findings = (struct findings){.arena = arena};
}

void findings_free(struct findings *findings)
{
	table_free(&findings->paths);
	table_free(&findings->fingerprints);
	table_free(&findings->places);
	table_free(&findings->known);
}

/* Of rule, file, message and the line's own text, and of how many of the same stand before: not of the line's number. */
static const char *fingerprint_of(struct findings *findings, const struct finding *finding)
{
	CLEANUP_BUFFER struct buffer text = {0};
	char hex[HASH_HEX_SIZE];
	for (unsigned same = 0;; same++) {
		buffer_reset(&text);
		buffer_printf(&text, "%s%c%s%c%s%c%u%c", finding->rule, 0, finding->file ? finding->file : finding->path, 0,
			      finding->message, 0, same, 0);
		buffer_add(&text, finding->line);
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

static struct found_file *file_of(struct findings *findings, const char *path)
{
	struct found_file *file = table_get(&findings->paths, path);
	if (file)
		return file;
	file = ARENA_NEW(findings->arena, struct found_file);
	file->path = arena_strdup(findings->arena, path);
	table_put(&findings->paths, path, file);
	struct found_file **slot = arena_grow(findings->arena, &findings->files, &findings->files_count,
					      &findings->files_capacity, sizeof(struct found_file *));
	return *slot = file;
}

bool findings_has_file(const struct findings *findings, const char *path)
{
	return table_get(&findings->paths, path) != NULL;
}

/* True if it counts and was not there. */
static bool add(struct findings *findings, struct found_file *file, const struct finding *given)
{
	struct arena *arena = findings->arena;
	if (is_there(findings, given))
		return false;
	struct finding finding = *given;
	finding.path = file->path;
	finding.rule = arena_strdup(arena, given->rule);
	finding.message = arena_strdup(arena, given->message);
	finding.hint = arena_strdup(arena, given->hint);
	finding.file = arena_strdup(arena, given->file);
	finding.reason = arena_strdup(arena, given->reason);
	finding.fingerprint = fingerprint_of(findings, &finding);
	finding.standing = standing_of(findings, &finding);
	finding.line = finding.shown = NULL;
	size_t *place = arena_grow(arena, &file->findings, &file->count, &file->capacity, sizeof(*file->findings));
	*place = findings->count;
	struct finding *slot =
		arena_grow(arena, &findings->items, &findings->count, &findings->capacity, sizeof(*findings->items));
	*slot = finding;
	return finding.standing == FINDING_COUNTS;
}

void findings_add(struct findings *findings, struct file_findings *file)
{
	struct found_file *found = file_of(findings, file->path);
	size_t kept = 0;
	for (size_t i = 0; i < file->count; i++)
		if (add(findings, found, &file->items[i]))
			file->items[kept++] = file->items[i];
	file->count = kept;
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

static const struct value *file_value(struct arena *arena, const struct findings *findings, const struct found_file *file)
{
	struct value *entry = value_map(arena);
	struct value *lists[] = {[FINDING_COUNTS] = value_list(arena),
				 [FINDING_SILENCED] = value_list(arena),
				 [FINDING_KNOWN] = value_list(arena)};
	bool valid = true;
	for (size_t i = 0; i < file->count; i++) {
		const struct finding *finding = &findings->items[file->findings[i]];
		value_append(arena, lists[finding->standing], finding_value(arena, finding));
		valid &= finding->standing != FINDING_COUNTS || finding->severity != SEVERITY_ERROR;
	}
	value_put(arena, entry, "path", value_string(arena, file->path));
	value_put(arena, entry, "valid", value_bool(valid));
	value_put(arena, entry, "diagnostics", lists[FINDING_COUNTS]);
	value_put(arena, entry, "silenced", lists[FINDING_SILENCED]);
	value_put(arena, entry, "known", lists[FINDING_KNOWN]);
	return entry;
}

const struct value *findings_value(struct arena *arena, const struct findings *findings)
{
	struct value *list = value_list(arena);
	for (size_t i = 0; i < findings->files_count; i++)
		value_append(arena, list, file_value(arena, findings, findings->files[i]));
	return list;
}
