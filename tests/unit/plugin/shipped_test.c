/*
 * shipped_test.c - the plugins in plugins/: all of them load, without a diagnostic; and core.run and core.script do what they
 * say.
 */
#include "tests/unit/plugin/fixture.h"

#include <stdlib.h>

#include "engine/base/file.h"
#include "engine/plugin/command.h"
#include "engine/schema/schema.h"

#define VALUES_LENGTH 200 /* characters in variables, with their names */

static void all_of_them_load(void **state)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_BUFFER struct buffer printed = {0};
	struct plugins *plugins = NULL;
	struct diagnostics diagnostics;
	(void)state;
	diagnostics_init(&diagnostics, arena);
	int outcome = plugins_read(arena, "plugins", &plugins, &diagnostics);
	diagnostics_print(&printed, &diagnostics, false);
	assert_string_equal(buffer_text(&printed), "");
	assert_int_equal(outcome, 0);
	for (size_t i = 0; i < plugins->count; i++) {
		assert_true(plugins->items[i].actions_count > 0);
		for (size_t a = 0; a < plugins->items[i].actions_count; a++)
			assert_non_null(plugins->items[i].actions[a].summary);
	}
}

/* A windows command line is short: each script must fit, and leave room for some values. */
static void assert_fits(const struct action *action, const char *part, const struct action_command *script)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	CLEANUP_FREE char *values = memory_alloc(VALUES_LENGTH + 1);
	struct host host = {.id = "win", .platform = PLATFORM_WINDOWS, .transport = TRANSPORT_SSH};
	if (!script || !script->script)
		return;
	memset(values, 'x', VALUES_LENGTH);
	memcpy(values, "VALUES=", strlen("VALUES="));
	const char *const argv[] = {"powershell.exe", "-NoProfile", "-NonInteractive", "-Command", script->script, NULL};
	const char *const environment[] = {values, NULL};
	struct command command = {.argv = argv, .environment = environment};
	if (connection_check_command(&host, &command, &err) < 0)
		fail_msg("%s, windows, %s: %s", action->name, part, error_text(&err));
}

static void windows_scripts_fit(void **state)
{
	CLEANUP_FIXTURE struct fixture f;
	(void)state;
	fixture_open(&f, NULL, NULL);
	for (size_t i = 0; i < f.plugins->count; i++)
		for (size_t a = 0; a < f.plugins->items[i].actions_count; a++) {
			const struct action *action = &f.plugins->items[i].actions[a];
			assert_fits(action, "observe", action->platforms[PLATFORM_WINDOWS].observe);
			assert_fits(action, "apply", action->platforms[PLATFORM_WINDOWS].apply);
			assert_fits(action, "diagnose", action->platforms[PLATFORM_WINDOWS].diagnose);
		}
}

static void core_is_intrinsic_but_for_commands(void **state)
{
	static const struct {
		const char *name;
		enum action_kind kind;
		bool commands;
	} actions[] = {
		{"core.run", ACTION_TASK, true},      {"core.script", ACTION_TASK, true},  {"core.set", ACTION_PROBE, false},
		{"core.assert", ACTION_PROBE, false}, {"core.wait", ACTION_GATE, false},   {"core.prompt", ACTION_GATE, false},
		{"core.approve", ACTION_GATE, false}, {"core.notify", ACTION_TASK, false}, {"core.log", ACTION_TASK, false},
	};
	CLEANUP_FIXTURE struct fixture f;
	(void)state;
	fixture_open(&f, NULL, NULL);
	for (size_t i = 0; i < COUNT_OF(actions); i++) {
		const struct action *action = plugins_find(f.plugins, actions[i].name, NULL);
		assert_non_null(action);
		assert_int_equal(action->kind, actions[i].kind);
		assert_int_equal(action->platforms[PLATFORM_LINUX].apply != NULL, actions[i].commands);
		assert_int_equal(action->platforms[PLATFORM_WINDOWS].apply != NULL, actions[i].commands);
	}
}

static const struct {
	const char *name;
	const char *with;
	enum apply_result result;
	const char *says; /* outputs as JSON, or the error */
} runs[] = {
	{"core.run", "{\"run\": [\"echo\", \"a  b\", \"${{ x }}\"]}", APPLY_DONE,
	 "{\"stdout\":\"a  b ${{ x }}\",\"stderr\":\"\",\"exit\":0}"},
	{"core.run",
	 "{\"run\": [\"sh\", \"-c\", \"cat; echo $X >&2; exit 3\"], \"stdin\": \"in\", \"env\": {\"X\": \"y\"}, "
	 "\"success\": {\"exits\": [3]}}",
	 APPLY_DONE, "{\"stdout\":\"in\",\"stderr\":\"y\",\"exit\":3}"},
	{"core.run", "{\"run\": [\"echo\", \"port 25 open\"], \"regex\": \"port (?<port>\\\\d+)\"}", APPLY_DONE,
	 "{\"port\":\"25\",\"stdout\":\"port 25 open\",\"stderr\":\"\",\"exit\":0}"},
	{"core.run", "{\"run\": [\"echo\", \"x\"], \"regex\": \"port\"}", APPLY_FAILED,
	 "core.run: `echo` on box ended well, but its outputs cannot be read: `regex` does not match what it said: x"},
	{"core.run", "{\"run\": [\"false\"]}", APPLY_FAILED, "core.run: `false` on box ended with exit code 1"},
	{"core.run", "{\"run\": [\"true\"], \"regex\": \"(\"}", APPLY_REFUSED, NULL},
	{"core.script", "{\"script\": \"echo one\\nfalse\\necho two\\n\"}", APPLY_FAILED,
	 "core.script: `sh` on box ended with exit code 1: one"},
	{"core.script", "{\"script\": \"echo \\\"$0 $X\\\"\", \"env\": {\"X\": \"'; id #\"}}", APPLY_DONE,
	 "{\"stdout\":\"sh '; id #\",\"stderr\":\"\",\"exit\":0}"},
	{"core.script", "{\"script\": \"print(6 * 7)\", \"shell\": [\"python3\", \"-c\"]}", APPLY_DONE,
	 "{\"stdout\":\"42\",\"stderr\":\"\",\"exit\":0}"},
};

static void commands_and_scripts(void **state)
{
	CLEANUP_FIXTURE struct fixture f;
	(void)state;
	fixture_open(&f, NULL, NULL);
	for (size_t i = 0; i < COUNT_OF(runs); i++) {
		CLEANUP_ERROR struct error err = ERROR_NONE;
		const struct value *outputs = NULL, *desired = NULL;
		struct call call = call_of(&f, runs[i].name, json(f.arena, runs[i].with));
		assert_true(schema_check(call.action->inputs_schema, call.inputs, &(struct schema_options){0}, NULL));
		enum apply_result result = action_apply(f.arena, &call, NULL, NULL, soon(), NULL, &outputs, &err);
		if (runs[i].says)
			assert_string_equal(outputs ? json_text(f.arena, outputs) : error_text(&err), runs[i].says);
		assert_int_equal(result, runs[i].result);
		assert_int_equal(action_desired(f.arena, &call, &desired, NULL), 0);
		assert_null(desired);
	}
}

static void tasks_that_wish(void **state)
{
	static const struct {
		const char *with;
		const char *observed;
	} cases[] = {
		{"{\"run\": [\"true\"], \"unless\": [\"test\", \"-e\", \"/etc/passwd\"]}", "{\"holds\":true}"},
		{"{\"run\": [\"true\"], \"unless\": [\"test\", \"-e\", \"/nonexistent\"]}", "{\"holds\":false}"},
		{"{\"run\": [\"true\"], \"unless\": [\"true\"], \"verify\": [\"false\"]}", "{\"holds\":false}"},
	};
	CLEANUP_FIXTURE struct fixture f;
	(void)state;
	fixture_open(&f, NULL, NULL);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct value *desired = NULL;
		struct call call = call_of(&f, "core.run", json(f.arena, cases[i].with));
		assert_int_equal(action_desired(f.arena, &call, &desired, NULL), 0);
		assert_string_equal(json_text(f.arena, desired), "{\"holds\":true}");
		assert_string_equal(observed(&f, &call), cases[i].observed);
	}
	struct call call = call_of(&f, "core.run", json(f.arena, "{\"run\": [\"true\"], \"unless\": [\"no-such-program\"]}"));
	assert_int_equal(observe(&f, &call, NULL).kind, OBSERVED_UNOBSERVABLE);
	call = call_of(&f, "core.run", json(f.arena, "{\"run\": [\"true\"]}"));
	assert_string_equal(observed(&f, &call), "unobservable: core.run is not asked to observe anything");
}

static void what_a_task_touches(void **state)
{
	CLEANUP_FIXTURE struct fixture f;
	const struct value *patterns;
	enum action_effect effect;
	bool known;
	(void)state;
	fixture_open(&f, NULL, NULL);
	struct call call = call_of(&f, "core.run", json(f.arena, "{\"run\": [\"true\"]}"));
	assert_int_equal(action_touches(f.arena, &call, &patterns, NULL), 0);
	assert_string_equal(json_text(f.arena, patterns), "[\"*/box\",\"*/box/*\"]");
	assert_int_equal(action_effect(f.arena, &call, &effect, &known, NULL), 0);
	assert_true(known && effect == EFFECT_IRREVERSIBLE);
	call = call_of(&f, "core.run", json(f.arena, "{\"run\": [\"true\"], \"touches\": [], \"effect\": \"read\"}"));
	assert_int_equal(action_touches(f.arena, &call, &patterns, NULL), 0);
	assert_string_equal(json_text(f.arena, patterns), "[]");
	assert_int_equal(action_effect(f.arena, &call, &effect, &known, NULL), 0);
	assert_true(known && effect == EFFECT_READ);
}

static void a_secret_only_on_stdin(void **state)
{
	CLEANUP_FIXTURE struct fixture f;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	const struct value *outputs;
	(void)state;
	fixture_open(&f, NULL, NULL);
	struct value *with = (struct value *)json(f.arena, "{\"run\": [\"cat\"]}");
	value_put(f.arena, with, "stdin", secret(f.arena, "hunter2hunter2"));
	struct call call = call_of(&f, "core.run", with);
	assert_int_equal(action_apply(f.arena, &call, NULL, NULL, soon(), NULL, &outputs, &err), APPLY_DONE);
	assert_string_equal(value_get_text(outputs, "stdout"), "hunter2hunter2");
	assert_string_equal(json_text(f.arena, outputs), "{\"stdout\":\"•••\",\"stderr\":\"\",\"exit\":0}");
	struct value *env = value_map(f.arena);
	value_put(f.arena, env, "PASSWORD", secret(f.arena, "hunter2hunter2"));
	value_put(f.arena, with, "env", env);
	call = call_of(&f, "core.run", with);
	assert_int_equal(action_apply(f.arena, &call, NULL, NULL, soon(), NULL, &outputs, &err), APPLY_REFUSED);
	assert_non_null(strstr(error_text(&err), "the input 'env' is secret and may not stand here"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_them_load),
		cmocka_unit_test(windows_scripts_fit),
		cmocka_unit_test(core_is_intrinsic_but_for_commands),
		cmocka_unit_test(commands_and_scripts),
		cmocka_unit_test(tasks_that_wish),
		cmocka_unit_test(what_a_task_touches),
		cmocka_unit_test(a_secret_only_on_stdin),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
