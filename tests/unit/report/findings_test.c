/*
 * findings_test.c - what validate prints for programs, held against the schemas that those programs use (tests/cases/forms).
 * What is printed are all faulty runbooks of tests/cases/validate at once. JUnit is held against its schema by
 * tests/cli/forms.bats.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/base/json.h"
#include "engine/lint/findings.h"
#include "engine/lint/lint.h"
#include "engine/lint/rules.h"
#include "engine/plan/check.h"
#include "engine/report/findings.h"
#include "engine/schema/schema.h"
#include "tests/unit/document/cases.h"

#define FOLDER "tests/cases/validate"

static void replace_all(struct buffer *text, const char *old, const char *new)
{
	struct buffer changed = {0};
	const char *at = buffer_text(text);
	for (const char *found; (found = strstr(at, old)); at = found + strlen(old)) {
		buffer_append(&changed, at, (size_t)(found - at));
		buffer_add(&changed, new);
	}
	buffer_add(&changed, at);
	buffer_free(text);
	*text = changed;
}

/* The published schema is of draft 4: three of its words are called otherwise by now. */
static struct schema *sarif_schema(struct arena *arena)
{
	CLEANUP_FREE char *text = NULL;
	CLEANUP_BUFFER struct buffer changed = {0};
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct schema *schema = NULL;
	const struct value *value;
	size_t length;
	assert_int_equal(file_read("tests/cases/forms/sarif-2.1.0-rtm.5.json", FILE_NO_LIMIT, &text, &length, &err), 0);
	buffer_append(&changed, text, length);
	replace_all(&changed, "\"definitions\"", "\"$defs\"");
	replace_all(&changed, "#/definitions/", "#/$defs/");
	replace_all(&changed, "\"id\": \"https:", "\"$id\": \"https:");
	replace_all(&changed, "http://json-schema.org/draft-04/schema#", "https://json-schema.org/draft/2020-12/schema");
	assert_int_equal(json_parse(arena, changed.data, changed.length, &value, &err), 0);
	if (schema_compile(arena, value, &schema, &err) < 0)
		fail_msg("%s", error_text(&err));
	return schema;
}

struct world {
	struct arena *arena;
	struct plugins *plugins;
	struct inventory *inventory;
	struct findings findings;
};

static void find(const char *path, struct buffer *out, void *context)
{
	struct world *world = context;
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct diagnostics diagnostics;
	struct silenced_list silenced = {0};
	struct file_findings found;
	struct runbook *runbook;
	(void)out;
	diagnostics_init(&diagnostics, arena);
	runbook_read(arena, path, world->inventory, &runbook, &diagnostics);
	if (runbook) {
		runbook_check(runbook, world->plugins, &diagnostics);
		lint_runbook(runbook, world->plugins, world->inventory, NULL, &diagnostics);
		silences_apply(runbook, true, &diagnostics, &silenced);
	}
	diagnostics_sort(&diagnostics);
	file_findings_make(path, &diagnostics, &silenced, SHOWN_NOT, &found);
	findings_add(&world->findings, &found);
}

static int open_world(void **state)
{
	static struct world world;
	struct diagnostics diagnostics;
	struct dirent **entries;
	world.arena = arena_new();
	diagnostics_init(&diagnostics, world.arena);
	plugins_read(world.arena, "plugins", &world.plugins, &diagnostics);
	inventory_read(world.arena, &tree_of_files, FOLDER "/inventory", &world.inventory, &diagnostics);
	findings_init(&world.findings, world.arena);
	int count = scandir(FOLDER, &entries, case_is_yaml, alphasort);
	for (int i = 0; i < count; i++) {
		CLEANUP_FREE char *path = file_join(FOLDER, entries[i]->d_name);
		find(path, NULL, &world);
		free(entries[i]);
	}
	free(entries);
	*state = &world;
	return diagnostics.count != 0;
}

static int close_world(void **state)
{
	struct world *world = *state;
	findings_free(&world->findings);
	arena_free(world->arena);
	return 0;
}

static bool conforms(struct arena *arena, const char *text, size_t length, struct buffer *why)
{
	const struct value *value;
	struct diagnostics diagnostics;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	diagnostics_init(&diagnostics, arena);
	if (json_parse(arena, text, length, &value, &err) < 0)
		fail_msg("%s", error_text(&err));
	bool good = schema_check(sarif_schema(arena), value, &(struct schema_options){.path = "log"}, &diagnostics);
	diagnostics_print(why, &diagnostics, false);
	return good;
}

static const struct sarif_root root = {.folder = "/top/of it", .here = "/top/of it/sub"};

static void sarif_conforms(void **state)
{
	const struct world *world = *state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_BUFFER struct buffer text = {0}, why = {0};
	report_findings_sarif(&text, findings_value(arena, &world->findings), rules_value(arena), &root, "1");
	assert_true(world->findings.count > 150);
	if (!conforms(arena, text.data, text.length, &why))
		fail_msg("%s", buffer_text(&why));
	replace_all(&text, "\"startLine\": 1,", "\"startLine\": 0,"); /* the same schema refuses what is wrong */
	assert_false(conforms(arena, text.data, text.length, &why));
}

static void every_finding_has_its_rule_and_a_fingerprint_of_its_own(void **state)
{
	const struct world *world = *state;
	struct table seen = {0};
	for (size_t i = 0; i < world->findings.count; i++) {
		const struct finding *finding = &world->findings.items[i];
		const struct rule *rule = rules_find(finding->rule);
		if (!rule || rule->severity != finding->severity)
			fail_msg("%s: %s: not as the table has it", finding->path, finding->rule);
		assert_null(table_get(&seen, finding->fingerprint));
		table_put(&seen, finding->fingerprint, finding);
	}
	table_free(&seen);
}

static const struct value *one_finding(struct arena *arena, const char *file, const char *message)
{
	struct value *results = value_list(arena), *entry = value_map(arena), *list = value_list(arena);
	struct value *finding = value_map(arena);
	static const char *const keys[] = {"line", "column", "end_line", "end_column"};
	value_put(arena, finding, "severity", value_string(arena, "warning"));
	value_put(arena, finding, "rule", value_string(arena, "lint/type"));
	value_put(arena, finding, "message", value_string(arena, message));
	value_put(arena, finding, "hint", value_string(arena, "a\nb"));
	value_put(arena, finding, "file", value_string(arena, file));
	value_put(arena, finding, "fingerprint", value_string(arena, "f"));
	for (size_t i = 0; i < COUNT_OF(keys); i++)
		value_put(arena, finding, keys[i], value_int(arena, (int64_t)i + 1));
	value_append(arena, list, finding);
	value_put(arena, entry, "path", value_string(arena, file));
	value_put(arena, entry, "valid", value_bool(true));
	value_put(arena, entry, "diagnostics", list);
	value_append(arena, results, entry);
	return results;
}

static void a_command_of_github_cannot_be_broken_out_of(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_BUFFER struct buffer text = {0};
	report_findings_github(&text, one_finding(arena, "a,b:c%d.yaml", "50%\n::error::x, y: z"));
	assert_string_equal(buffer_text(&text), "::warning file=a%2Cb%3Ac%25d.yaml,line=1,col=2,endLine=3,endColumn=4,"
						"title=lint/type::50%25%0A::error::x, y: z%0Aa%0Ab\n");
}

static void a_path_becomes_a_uri(void **state)
{
	(void)state;
	static const struct {
		const char *file, *uri;
	} rows[] = {
		{"a b#ä.yaml", "\"uri\": \"sub/a%20b%23%C3%A4.yaml\",\n"},
		{"./b.yaml", "\"uri\": \"sub/b.yaml\",\n"},
		{"../c//d.yaml", "\"uri\": \"c/d.yaml\",\n"},
		{"/top/of it/e.yaml", "\"uri\": \"e.yaml\",\n"},
		{"0123456789ab:mail/f.yaml", "\"uri\": \"mail/f.yaml\",\n"},
		{"/top/of its/g.yaml", "\"uri\": \"file:///top/of%20its/g.yaml\"\n"},
		{"../../../../h.yaml", "\"uri\": \"file:///h.yaml\"\n"},
		{"<stdin>", "\"uri\": \"%3Cstdin%3E\",\n"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP_ARENA struct arena *arena = arena_new();
		CLEANUP_BUFFER struct buffer text = {0};
		report_findings_sarif(&text, one_finding(arena, rows[i].file, "x"), value_list(arena), &root, "1");
		if (!strstr(buffer_text(&text), rows[i].uri))
			fail_msg("%s: not %s", rows[i].file, rows[i].uri);
		assert_non_null(strstr(buffer_text(&text), "\"uri\": \"file:///top/of%20it/\""));
	}
}

static void junit_counts_warnings_as_failures_only_if_strict(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_BUFFER struct buffer text = {0};
	const struct value *results = one_finding(arena, "a.yaml", "<x> & \"y\"");
	report_findings_junit(&text, results, false);
	assert_non_null(strstr(buffer_text(&text), "tests=\"1\" failures=\"0\""));
	assert_non_null(
		strstr(buffer_text(&text), "<system-out>a.yaml:1:2: warning: &lt;x&gt; &amp; &quot;y&quot; [lint/type]"));
	buffer_reset(&text);
	report_findings_junit(&text, results, true);
	assert_non_null(strstr(buffer_text(&text), "tests=\"1\" failures=\"1\""));
	assert_non_null(strstr(buffer_text(&text), "<failure message=\"&lt;x&gt; &amp; &quot;y&quot;\" type=\"lint/type\">"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sarif_conforms),
		cmocka_unit_test(every_finding_has_its_rule_and_a_fingerprint_of_its_own),
		cmocka_unit_test(a_command_of_github_cannot_be_broken_out_of),
		cmocka_unit_test(a_path_becomes_a_uri),
		cmocka_unit_test(junit_counts_warnings_as_failures_only_if_strict),
	};
	return cmocka_run_group_tests(tests, open_world, close_world);
}
