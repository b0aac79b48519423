/*
 * baseline.c - the findings that were there when somebody began to lint: a file that CI keeps, so that only new ones count.
 */
#include <string.h>

#include "engine/base/file.h"
#include "engine/base/json.h"
#include "engine/base/memory.h"
#include "engine/lint/findings.h"
#include "engine/lint/rules.h"

#define BASELINE_LIMIT (16 * 1024 * 1024)

static bool may_be_known(const struct finding *finding)
{
	const struct rule *rule = rules_find(finding->rule);
	return finding->standing != FINDING_SILENCED && rule && rule_can_be_silenced(rule);
}

size_t baseline_refused(const struct findings *findings)
{
	size_t refused = 0;
	for (size_t i = 0; i < findings->count; i++)
		refused += findings->items[i].standing == FINDING_COUNTS && !may_be_known(&findings->items[i]);
	return refused;
}

int baseline_write(const struct findings *findings, const char *path, struct error *err)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_BUFFER struct buffer text = {0};
	struct value *whole = value_map(arena), *list = value_list(arena);
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->items[i];
		struct value *entry = value_map(arena);
		if (!may_be_known(finding))
			continue;
		value_put(arena, entry, "rule", value_string(arena, finding->rule));
		value_put(arena, entry, "file", value_string(arena, finding->file ? finding->file : finding->path));
		value_put(arena, entry, "message", value_string(arena, finding->message));
		value_put(arena, entry, "fingerprint", value_string(arena, finding->fingerprint));
		value_append(arena, list, entry);
	}
	value_put(arena, whole, "findings", list);
	json_format(&text, whole, JSON_INDENTED);
	buffer_add_char(&text, '\n');
	return file_write_durable(path, text.data, text.length, 0644, err);
}

static void remember(struct findings *findings, const struct value *list)
{
	for (size_t i = 0; i < list->list.count; i++) {
		const char *fingerprint = value_get_text(list->list.items[i], "fingerprint");
		if (fingerprint)
			table_put(&findings->known, fingerprint, findings);
	}
}

int baseline_read(struct findings *findings, const char *path, struct error *err)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_FREE char *text = NULL;
	size_t length;
	const struct value *whole;
	if (file_read(path, BASELINE_LIMIT, &text, &length, err) < 0)
		return -1;
	if (json_parse(arena, text, length, &whole, err) < 0)
		return error_wrap(err, "the baseline %s", path);
	const struct value *list = value_get(whole, "findings");
	if (!value_is(list, VALUE_LIST)) {
		error_set(err, ERROR_INVALID, "the baseline %s has no list of findings", path);
		return error_hint(err, "write one with --write-baseline %s", path);
	}
	remember(findings, list);
	return 0;
}

size_t baseline_gone(const struct findings *findings)
{
	size_t met = 0;
	for (size_t i = 0; i < findings->count; i++)
		met += findings->items[i].standing == FINDING_KNOWN;
	return findings->known.count - met;
}
