/*
 * findings_sarif.c - SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/): one run of the tool, its rules with their
 * help, its results with region and fingerprint.
 */
#include <ctype.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/memory.h"
#include "engine/report/findings.h"

#define SOURCE_ROOT  "%SRCROOT%"
#define COMMIT_LEAST 12 /* digits, as version.h names what is read from a commit */

static void put_text(struct arena *arena, struct value *map, const char *key, const char *text)
{
	value_put(arena, map, key, value_string(arena, text));
}

static struct value *message_value(struct arena *arena, const char *text)
{
	struct value *message = value_map(arena);
	put_text(arena, message, "text", text);
	return message;
}

static const char *sentence(struct arena *arena, const char *text)
{
	size_t length = strlen(text);
	return length && strchr(".!?", text[length - 1]) ? text : arena_printf(arena, "%s.", text);
}

static const struct value *rule_value(struct arena *arena, const struct value *rule)
{
	struct value *value = value_map(arena), *help = value_map(arena), *configuration = value_map(arena);
	const char *reason = value_get_text(rule, "reason"), *fix = value_get_text(rule, "fix");
	const char *example = value_get_text(rule, "example");
	put_text(arena, value, "id", value_get_text(rule, "id"));
	value_put(arena, value, "shortDescription", message_value(arena, sentence(arena, value_get_text(rule, "title"))));
	value_put(arena, value, "fullDescription", message_value(arena, sentence(arena, reason)));
	put_text(arena, help, "text", arena_printf(arena, "%s\n\n%s\n\n%s", reason, fix, example));
	put_text(arena, help, "markdown",
		 arena_printf(arena, "**Why:** %s\n\n**What to do:** %s\n\n```yaml\n%s```\n", reason, fix, example));
	value_put(arena, value, "help", help);
	put_text(arena, configuration, "level", value_get_text(rule, "severity"));
	value_put(arena, value, "defaultConfiguration", configuration);
	return value;
}

/* A path as a URI reference (RFC 3986). */
static const char *uri_of(struct arena *arena, const char *path, const char *end)
{
	CLEANUP_BUFFER struct buffer uri = {0};
	buffer_add(&uri, !path[0] || path[0] == '/' ? "file://" : "");
	for (const char *c = path; *c; c++) {
		if (isalnum((unsigned char)*c) || strchr("/-._~", *c))
			buffer_add_char(&uri, *c);
		else
			buffer_printf(&uri, "%%%02X", (unsigned char)*c);
	}
	buffer_add(&uri, end);
	return arena_strdup(arena, buffer_text(&uri));
}

/* Without ".", "..", and doubled slashes, by the letters alone. */
static const char *plain_path(struct arena *arena, const char *path)
{
	CLEANUP_BUFFER struct buffer plain = {0};
	for (const char *part = path; *part;) {
		size_t length = strcspn(part, "/");
		if (length == 2 && strncmp(part, "..", 2) == 0)
			plain.length -= plain.length ? strlen(memrchr(plain.data, '/', plain.length)) : 0;
		else if (length && !(length == 1 && *part == '.'))
			buffer_printf(&plain, "/%.*s", (int)length, part);
		if (plain.data)
			plain.data[plain.length] = '\0';
		part += length + (part[length] == '/');
	}
	return arena_strdup(arena, buffer_text(&plain));
}

/* The file as seen from the root, or absolute if it lies elsewhere. Of a commit ("COMMIT:PATH") the path is one from the root.
 */
static const char *path_in(struct arena *arena, const struct sarif_root *root, const char *file)
{
	size_t length = strlen(root->folder), commit = strspn(file, "0123456789abcdef");
	if (file[0] == '<') /* no file at all */
		return file;
	if (commit >= COMMIT_LEAST && file[commit] == ':')
		file = arena_printf(arena, "%s/%s", root->folder, file + commit + 1);
	if (file[0] != '/')
		file = arena_printf(arena, "%s/%s", root->here, file);
	file = plain_path(arena, file);
	return strncmp(file, root->folder, length) == 0 && file[length] == '/' ? file + length + 1 : file;
}

static const struct value *region_value(struct arena *arena, const struct value *finding)
{
	static const char *const keys[][2] = {
		{"startLine", "line"}, {"startColumn", "column"}, {"endLine", "end_line"}, {"endColumn", "end_column"}};
	struct value *region = value_map(arena);
	for (size_t i = 0; i < COUNT_OF(keys); i++)
		value_put(arena, region, keys[i][0], value_get(finding, keys[i][1]));
	return region;
}

static const struct value *locations_value(struct arena *arena, const struct value *finding, const char *path,
					   const struct sarif_root *root)
{
	struct value *list = value_list(arena), *location = value_map(arena), *physical = value_map(arena);
	struct value *artifact = value_map(arena);
	const char *file = value_get_text(finding, "file");
	file = path_in(arena, root, file ? file : path);
	put_text(arena, artifact, "uri", uri_of(arena, file, ""));
	if (file[0] != '/')
		put_text(arena, artifact, "uriBaseId", SOURCE_ROOT);
	value_put(arena, physical, "artifactLocation", artifact);
	if (value_get(finding, "line"))
		value_put(arena, physical, "region", region_value(arena, finding));
	value_put(arena, location, "physicalLocation", physical);
	value_append(arena, list, location);
	return list;
}

static int64_t rule_index(const struct value *rules, const char *id)
{
	for (size_t i = 0; i < rules->list.count; i++)
		if (value_is_text(value_get(rules->list.items[i], "id"), id))
			return (int64_t)i;
	return -1;
}

static const struct value *suppressions_value(struct arena *arena, const struct value *finding, const char *kind)
{
	struct value *list = value_list(arena), *suppression = value_map(arena);
	const char *reason = value_get_text(finding, "reason");
	put_text(arena, suppression, "kind", kind);
	put_text(arena, suppression, "justification", reason ? reason : "the baseline has it");
	value_append(arena, list, suppression);
	return list;
}

/* suppressed: "inSource", "external", or NULL. */
static const struct value *result_value(struct arena *arena, const struct value *finding, const struct value *rules,
					const char *path, const char *suppressed, const struct sarif_root *root)
{
	struct value *value = value_map(arena), *prints = value_map(arena);
	const char *id = value_get_text(finding, "rule"), *hint = value_get_text(finding, "hint");
	const char *text = value_get_text(finding, "message");
	put_text(arena, value, "ruleId", id);
	value_put(arena, value, "ruleIndex", value_int(arena, rule_index(rules, id)));
	put_text(arena, value, "level", value_get_text(finding, "severity"));
	value_put(arena, value, "message", message_value(arena, hint ? arena_printf(arena, "%s\n%s", text, hint) : text));
	value_put(arena, value, "locations", locations_value(arena, finding, path, root));
	put_text(arena, prints, "standinFinding/v1", value_get_text(finding, "fingerprint"));
	value_put(arena, value, "partialFingerprints", prints);
	if (suppressed)
		value_put(arena, value, "suppressions", suppressions_value(arena, finding, suppressed));
	return value;
}

static const struct value *results_value(struct arena *arena, const struct value *results, const struct value *rules,
					 const struct sarif_root *root)
{
	static const char *const lists[][2] = {{"diagnostics", NULL}, {"silenced", "inSource"}, {"known", "external"}};
	struct value *all = value_list(arena);
	for (size_t i = 0; i < results->list.count; i++) {
		const struct value *entry = results->list.items[i];
		for (size_t k = 0; k < COUNT_OF(lists); k++) {
			const struct value *list = value_get(entry, lists[k][0]);
			for (size_t j = 0; value_is(list, VALUE_LIST) && j < list->list.count; j++)
				value_append(arena, all,
					     result_value(arena, list->list.items[j], rules, value_get_text(entry, "path"),
							  lists[k][1], root));
		}
	}
	return all;
}

static const struct value *tool_value(struct arena *arena, const struct value *rules, const char *version)
{
	struct value *tool = value_map(arena), *driver = value_map(arena), *list = value_list(arena);
	for (size_t i = 0; i < rules->list.count; i++)
		value_append(arena, list, rule_value(arena, rules->list.items[i]));
	put_text(arena, driver, "name", "standin");
	put_text(arena, driver, "version", version);
	value_put(arena, driver, "rules", list);
	value_put(arena, tool, "driver", driver);
	return tool;
}

/* What the files' URIs are seen from. */
static const struct value *bases_value(struct arena *arena, const struct sarif_root *root)
{
	struct value *bases = value_map(arena), *base = value_map(arena);
	put_text(arena, base, "uri", uri_of(arena, root->folder, "/"));
	value_put(arena, bases, SOURCE_ROOT, base);
	return bases;
}

void report_findings_sarif(struct buffer *out, const struct value *results, const struct value *rules,
			   const struct sarif_root *root, const char *version)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct value *log = value_map(arena), *runs = value_list(arena), *run = value_map(arena);
	put_text(arena, log, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
	put_text(arena, log, "version", "2.1.0");
	value_put(arena, run, "tool", tool_value(arena, rules, version));
	value_put(arena, run, "originalUriBaseIds", bases_value(arena, root));
	put_text(arena, run, "columnKind", "unicodeCodePoints");
	value_put(arena, run, "results", results_value(arena, results, rules, root));
	value_append(arena, runs, run);
	value_put(arena, log, "runs", runs);
	json_format(out, log, JSON_INDENTED);
	buffer_add_char(out, '\n');
}
