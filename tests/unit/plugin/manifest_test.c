/*
 * manifest_test.c - what is wrong with a manifest, word for word (tests/cases/manifest/), and what a right one becomes.
 * UPDATE=1 writes the .expected files anew; read the difference before you commit it.
 */
#include "tests/unit/plugin/fixture.h"

#include <glob.h>
#include <stdlib.h>

#include "engine/base/clock.h"
#include "engine/base/file.h"
#include "engine/schema/schema.h"

static char *read_text(const char *path)
{
	char *text = NULL;
	size_t length;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	if (file_read(path, 1 << 20, &text, &length, &err) < 0)
		fail_msg("%s", error_text(&err));
	return text;
}

/* Every manifest of the cases stands in for plugins/demo/plugin.yaml. */
static void check_case(const char *path)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_BUFFER struct buffer printed = {0};
	CLEANUP_FREE char *text = read_text(path);
	CLEANUP_FREE char *expected_path = memory_printf("%.*s.expected", (int)(strlen(path) - strlen(".yaml")), path);
	const char *name = "demo", *manifest = text;
	size_t length = strlen(text);
	struct plugins *plugins;
	struct diagnostics diagnostics;
	diagnostics_init(&diagnostics, arena);
	int outcome = plugins_from_texts(arena, &name, &manifest, &length, 1, &plugins, &diagnostics);
	diagnostics_sort(&diagnostics);
	diagnostics_print(&printed, &diagnostics, false);
	assert_int_equal(outcome<0, diagnostics.errors> 0);
	if (getenv("UPDATE"))
		assert_int_equal(file_write_durable(expected_path, buffer_text(&printed), printed.length, 0644, NULL), 0);
	CLEANUP_FREE char *expected = read_text(expected_path);
	if (strcmp(buffer_text(&printed), expected) != 0)
		fail_msg("%s: expected\n%sbut got\n%s", path, expected, buffer_text(&printed));
}

static void every_case(void **state)
{
	glob_t found;
	(void)state;
	assert_int_equal(glob("tests/cases/manifest/*.yaml", 0, NULL, &found), 0);
	assert_true(found.gl_pathc >= 20);
	for (size_t i = 0; i < found.gl_pathc; i++)
		check_case(found.gl_pathv[i]);
	globfree(&found);
}

static void good_manifest(struct fixture *f)
{
	CLEANUP_FREE char *text = read_text("tests/cases/manifest/good.yaml");
	fixture_open(f, "demo", text);
}

static void what_a_manifest_becomes(void **state)
{
	CLEANUP_FIXTURE struct fixture f;
	(void)state;
	good_manifest(&f);
	const struct action *action = plugins_find(f.plugins, "demo.start", NULL);
	assert_string_equal(action->plugin, "demo");
	assert_string_equal(action->name, "demo.start");
	assert_string_equal(action->summary, "Start");
	assert_int_equal(action->kind, ACTION_STATE);
	assert_int_equal(action->stable_for, 5 * NSEC_PER_SEC);
	assert_int_equal(action->timeout, 90 * NSEC_PER_SEC);
	assert_int_equal(action->poll, 500 * NSEC_PER_MSEC);
	assert_string_equal(action->event_token, "since");
	assert_string_equal(action->secrets[0], "password");
	assert_null(action->secrets[1]);
	assert_true(action->platforms[PLATFORM_LINUX].observe && action->platforms[PLATFORM_LINUX].diagnose);
	assert_true(action->platforms[PLATFORM_WINDOWS].apply && !action->platforms[PLATFORM_WINDOWS].diagnose);
	assert_true(action_is_volatile(action, "since"));
	assert_false(action_is_volatile(action, "state"));
	assert_false(action_is_volatile(action, "nothing"));
	assert_true(action_input_may_be_secret(action, "password"));
	assert_false(action_input_may_be_secret(action, "name"));
	const struct plugin *plugin = plugins_of(f.plugins, action);
	assert_string_equal(plugin->name, "demo");
	assert_string_equal(plugin->path, "plugins/demo/plugin.yaml");
	assert_int_equal(plugin->text_length, strlen(plugin->text));
}

static void finding_actions(void **state)
{
	CLEANUP_FIXTURE struct fixture f;
	const char *suggestion = NULL;
	(void)state;
	good_manifest(&f);
	assert_null(plugins_find(f.plugins, "demo.strat", &suggestion));
	assert_string_equal(suggestion, "demo.start");
	assert_null(plugins_find(f.plugins, "elsewhere.entirely", &suggestion));
	assert_null(suggestion);
	assert_null(plugins_find(f.plugins, "demo", NULL));
}

static const struct {
	const char *with;
	const char *inputs;
	bool good;
} calls[] = {
	{"{\"name\": \"x\"}", "{\"name\":\"x\",\"hard\":false}", true},
	{"{\"name\": \"x\", \"hard\": true, \"port\": 7}", "{\"name\":\"x\",\"hard\":true,\"port\":7}", true},
	{"{\"port\": null, \"name\": \"x\"}", "{\"name\":\"x\",\"hard\":false}", true},
	{"{}", "{\"hard\":false}", false},
	{"{\"name\": null}", "{\"name\":null,\"hard\":false}", false},
	{"{\"name\": \"x\", \"prot\": 7}", "{\"name\":\"x\",\"hard\":false,\"prot\":7}", false},
	{"{\"name\": \"\"}", "{\"name\":\"\",\"hard\":false}", false},
};

static void inputs_and_their_schema(void **state)
{
	CLEANUP_FIXTURE struct fixture f;
	const struct schema_options options = {.path = "with"};
	(void)state;
	good_manifest(&f);
	const struct action *action = plugins_find(f.plugins, "demo.start", NULL);
	for (size_t i = 0; i < COUNT_OF(calls); i++) {
		const struct value *inputs = action_inputs(f.arena, action, json(f.arena, calls[i].with));
		assert_string_equal(json_text(f.arena, inputs), calls[i].inputs);
		assert_int_equal(schema_check(action->inputs_schema, inputs, &options, NULL), calls[i].good);
	}
	assert_string_equal(json_text(f.arena, action_inputs(f.arena, action, NULL)), "{\"hard\":false}");
}

static void a_folder_that_is_not_there(void **state)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_BUFFER struct buffer printed = {0};
	struct plugins *plugins;
	struct diagnostics diagnostics;
	(void)state;
	diagnostics_init(&diagnostics, arena);
	assert_int_equal(plugins_read(arena, "/nonexistent/plugins", &plugins, &diagnostics), -1);
	diagnostics_print(&printed, &diagnostics, false);
	assert_non_null(
		strstr(buffer_text(&printed), "the folder of plugins, /nonexistent/plugins: No such file or directory"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_case),
		cmocka_unit_test(what_a_manifest_becomes),
		cmocka_unit_test(finding_actions),
		cmocka_unit_test(inputs_and_their_schema),
		cmocka_unit_test(a_folder_that_is_not_there),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
