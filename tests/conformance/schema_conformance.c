/*
 * schema_conformance.c - runs files of the official JSON-Schema-Test-Suite (draft 2020-12) against engine/schema.
 *
 *     schema_conformance [-r REMOTES] FILE...
 *
 * REMOTES is the suite's folder of documents that are referred to as http://localhost:1234/...; by default it is looked for
 * beside the folder of the first file (../../remotes). Unknown keywords are ignored here, because the suite uses some; the
 * product refuses them. Prints each case that fails and closes with 'N passed, N failed'; exit code 1 if any failed.
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/base/file.h"
#include "engine/base/json.h"
#include "engine/base/memory.h"
#include "engine/schema/schema.h"

#define REMOTE_URI "http://localhost:1234/"
#define FILE_LIMIT (4 * 1024 * 1024)

struct suite {
	struct arena *arena;
	struct schema_registry *registry;
	unsigned passed, failed;
};

static const struct value *read_json(struct arena *arena, const char *path)
{
	CLEANUP_FREE char *text = NULL;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	const struct value *value;
	size_t length;
	if (file_read(path, FILE_LIMIT, &text, &length, &err) < 0 || json_parse(arena, text, length, &value, &err) < 0) {
		fprintf(stderr, "%s: %s\n", path, error_text(&err));
		return NULL;
	}
	return value;
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);
	return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

static bool is_draft(const char *dialect)
{
	return !dialect || strncmp(dialect, REMOTE_URI, strlen(REMOTE_URI)) == 0 || strstr(dialect, "draft/2020-12/");
}

/* Every document below folder; those of other drafts are left out. */
static void add_remotes(struct suite *suite, const char *folder, const char *uri)
{
	DIR *stream = opendir(folder);
	for (struct dirent *entry; stream && (entry = readdir(stream));) {
		if (entry->d_name[0] == '.')
			continue;
		CLEANUP_FREE char *path = file_join(folder, entry->d_name);
		CLEANUP_FREE char *child = memory_printf("%s%s", uri, entry->d_name);
		struct stat status;
		if (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
			CLEANUP_FREE char *child_folder = memory_printf("%s/", child);
			add_remotes(suite, path, child_folder);
			continue;
		}
		const struct value *value = ends_with(path, ".json") ? read_json(suite->arena, path) : NULL;
		if (value && is_draft(value_get_text(value, "$schema")))
			schema_registry_add(suite->registry, child, value, NULL);
	}
	if (stream)
		closedir(stream);
}

static void tell(struct suite *suite, bool passed, const char *path, const struct value *group, const struct value *test,
		 const char *why)
{
	if (passed) {
		suite->passed++;
		return;
	}
	suite->failed++;
	printf("%s: %s: %s: %s\n", file_base_name(path), value_get_text(group, "description"),
	       test ? value_get_text(test, "description") : "compile", why);
}

static void run_group(struct suite *suite, const char *path, const struct value *group)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_ERROR struct error err = ERROR_NONE;
	const struct value *tests = value_get(group, "tests");
	struct schema *schema = NULL;
	if (schema_compile_with(arena, value_get(group, "schema"), suite->registry, &schema, &err) < 0)
		fprintf(stderr, "%s: %s: %s\n", file_base_name(path), value_get_text(group, "description"), error_text(&err));
	for (size_t i = 0; i < tests->list.count; i++) {
		const struct value *test = tests->list.items[i];
		struct diagnostics diagnostics;
		diagnostics_init(&diagnostics, arena);
		bool expected = value_get_bool(test, "valid", false);
		bool quiet = schema && schema_check(schema, value_get(test, "data"), NULL, NULL);
		bool loud = schema && schema_check(schema, value_get(test, "data"), NULL, &diagnostics);
		bool reported = schema && loud == (diagnostics.errors == 0);
		tell(suite, schema && quiet == expected && loud == expected && reported, path, group, test,
		     !schema	 ? "does not compile"
		     : !reported ? "diagnostics do not agree with the result"
		     : expected	 ? "refused"
				 : "accepted");
	}
}

static int run_file(struct suite *suite, const char *path)
{
	const struct value *groups = read_json(suite->arena, path);
	if (!value_is(groups, VALUE_LIST))
		return -1;
	for (size_t i = 0; i < groups->list.count; i++)
		run_group(suite, path, groups->list.items[i]);
	return 0;
}

int main(int argc, char **argv)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct suite suite = {.arena = arena, .registry = schema_registry_new(arena)};
	int first = argc > 2 && strcmp(argv[1], "-r") == 0 ? 3 : 1, broken = 0;
	if (first >= argc) {
		fprintf(stderr, "usage: schema_conformance [-r REMOTES] FILE...\n");
		return 2;
	}
	const char *slash = strrchr(argv[first], '/');
	const char *beside =
		arena_printf(arena, "%.*s/../../remotes", slash ? (int)(slash - argv[first]) : 1, slash ? argv[first] : ".");
	schema_registry_ignore_unknown_keywords(suite.registry);
	add_remotes(&suite, first == 3 ? argv[2] : beside, REMOTE_URI);
	for (int i = first; i < argc; i++)
		broken |= run_file(&suite, argv[i]) < 0;
	printf("%u passed, %u failed\n", suite.passed, suite.failed);
	return broken || suite.failed ? 1 : 0;
}
