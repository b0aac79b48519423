/*
 * action_test.c - observing, applying, diagnosing on this machine, and what an action says without running anything.
 */
#include "tests/unit/plugin/fixture.h"

#include <stdlib.h>

#include "engine/base/file.h"

static const char manifest[] =
	"plugin: demo\n"
	"summary: Files as objects\n"
	"actions:\n"
	"  write:\n"
	"    summary: Write a file\n"
	"    kind: state\n"
	"    effect: '${{ inputs.text == \"\" ? \"irreversible\" : \"reversible\" }}'\n"
	"    inputs: {path: {type: string}, text: {type: string, default: hello}, mode: {type: string, optional: true}}\n"
	"    outputs: {text: {type: string}, age: {type: integer, volatile: true}}\n"
	"    object: file/${{ host.id }}${{ inputs.path }}\n"
	"    desired: {text: '${{ inputs.text }}'}\n"
	"    leaves: {age: 0}\n"
	"    touches: ['dir/${{ host.id }}/*']\n"
	"    linux:\n"
	"      observe:\n"
	"        env: {FILE: '${{ inputs.path }}', MODE: '${{ inputs.mode }}'}\n"
	"        script: |\n"
	"          [ -e \"$FILE\" ] || exit 3\n"
	"          [ -z \"${MODE+x}\" ] || exit 4\n"
	"          echo \"text=$(cat \"$FILE\")\"\n"
	"        exits: {'3': absent}\n"
	"        pairs: true\n"
	"      apply:\n"
	"        env: {FILE: '${{ inputs.path }}', BEFORE: '${{ before == null ? \"nothing\" : before.text }}'}\n"
	"        stdin: ${{ inputs.text }}\n"
	"        script: |\n"
	"          cat >\"$FILE\"\n"
	"          echo \"was $BEFORE\"\n"
	"      diagnose: {run: [ls, --, '${{ inputs.path }}']}\n"
	"    windows:\n"
	"      apply: {run: [cmd.exe, /c, '${{ inputs.path }}']}\n"
	"      observe: {script: 'Get-Item $env:FILE', env: {FILE: '${{ inputs.path }}'}}\n"
	"  task:\n"
	"    summary: A task\n"
	"    kind: task\n"
	"    effect: read\n"
	"    inputs:\n"
	"      code: {type: integer, default: 0}\n"
	"      said: {type: string, default: ''}\n"
	"      success: {type: object, optional: true}\n"
	"      ignore: {type: array, optional: true}\n"
	"    outputs: {n: {type: integer}}\n"
	"    linux:\n"
	"      apply:\n"
	"        run: [sh, -c, 'printf %b \"$2\" >&2; echo n=4; exit \"$1\"', sh, '${{ inputs.code }}', '${{ inputs.said }}']\n"
	"        pairs: true\n"
	"        success: ${{ inputs.success }}\n"
	"        ignore: ${{ inputs.ignore }}\n"
	"  missing:\n"
	"    summary: A program that is not there\n"
	"    kind: task\n"
	"    effect: read\n"
	"    linux: {apply: {run: [no-such-program-here]}}\n"
	"  slow:\n"
	"    summary: Too slow\n"
	"    kind: task\n"
	"    effect: read\n"
	"    linux: {apply: {run: [sleep, '3600']}}\n"
	"  late:\n"
	"    summary: Too late\n"
	"    kind: probe\n"
	"    linux: {observe: {run: [sleep, '3600']}}\n"
	"  elsewhere:\n"
	"    summary: From another machine\n"
	"    kind: probe\n"
	"    inputs: {by: {type: string, optional: true}}\n"
	"    outputs: {via: {type: string}, run: {type: string}}\n"
	"    via: ${{ inputs.by }}\n"
	"    linux:\n"
	"      observe:\n"
	"        via: ${{ inputs.by }}\n"
	"        run: ['true']\n"
	"        set: {via: '${{ via.id }}', run: '${{ run.id }}'}\n"
	"  restart:\n"
	"    summary: An event\n"
	"    kind: state\n"
	"    effect: reversible\n"
	"    inputs: {always: {type: boolean, default: true}}\n"
	"    outputs: {boot: {type: string}}\n"
	"    object: host/x\n"
	"    event: {when: '${{ inputs.always }}', token: boot}\n"
	"    linux: {observe: {run: ['true']}, apply: {run: ['true']}}\n";

static struct value *with_path(struct fixture *f, const char *path)
{
	struct value *with = value_map(f->arena);
	value_put(f->arena, with, "path", value_string(f->arena, path));
	return with;
}

static char *new_folder(void)
{
	char *folder = memory_strdup("/tmp/standin-plugin-XXXXXX");
	assert_non_null(mkdtemp(folder));
	return folder;
}

static void observe_apply_observe(void **state)
{
	CLEANUP_FIXTURE struct fixture f;
	CLEANUP_FREE char *folder = new_folder();
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct evidence evidence;
	(void)state;
	fixture_open(&f, "demo", manifest);
	struct call call = call_of(&f, "demo.write", with_path(&f, arena_printf(f.arena, "%s/a b'c", folder)));
	struct observation before = observe(&f, &call, &evidence);
	assert_int_equal(before.kind, OBSERVED_ABSENT);
	assert_int_equal(evidence.exit_code, 3);
	assert_int_equal(action_apply(f.arena, &call, &before, NULL, soon(), &evidence, NULL, &err), APPLY_DONE);
	assert_string_equal(evidence.output, "was nothing\n");
	assert_int_equal(evidence.exit_code, 0);
	assert_non_null(strstr(evidence.command, "  # stdin: 5 bytes"));
	assert_string_equal(observed(&f, &call), "{\"text\":\"hello\"}");
	before = observe(&f, &call, NULL);
	assert_int_equal(action_apply(f.arena, &call, &before, NULL, soon(), &evidence, NULL, &err), APPLY_DONE);
	assert_string_equal(evidence.output, "was hello\n");
	assert_int_equal(file_remove_tree(folder, NULL), 0);
}

static void an_apply_without_its_before_is_refused(void **state)
{
	CLEANUP_FIXTURE struct fixture f;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	(void)state;
	fixture_open(&f, "demo", manifest);
	struct call call = call_of(&f, "demo.write", with_path(&f, "/nonexistent/x"));
	assert_int_equal(action_apply(f.arena, &call, NULL, NULL, soon(), NULL, NULL, &err), APPLY_REFUSED);
	assert_string_equal(error_text(&err), "demo.write, `env`: what it needs is not known");
}

static void a_failed_apply_says_why(void **state)
{
	CLEANUP_FIXTURE struct fixture f;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	(void)state;
	fixture_open(&f, "demo", manifest);
	struct call call = call_of(&f, "demo.write", with_path(&f, "/nonexistent/x"));
	struct observation absent = {.kind = OBSERVED_ABSENT};
	assert_int_equal(action_apply(f.arena, &call, &absent, NULL, soon(), NULL, NULL, &err), APPLY_FAILED);
	assert_string_equal(error_text(&err), "demo.write: `sh` on box ended with exit code 2: "
					      "sh: 1: cannot create /nonexistent/x: Directory nonexistent");
	assert_string_equal(action_diagnose(f.arena, &call, &absent, soon()), "");
	call = call_of(&f, "demo.write", with_path(&f, "/etc/hostname"));
	assert_string_equal(action_diagnose(f.arena, &call, NULL, soon()), "/etc/hostname");
}

static const struct {
	const char *with;
	enum apply_result result;
	const char *error;
} tasks[] = {
	{"{}", APPLY_DONE, ""},
	{"{\"code\": 1}", APPLY_FAILED, "demo.task: `sh` on box ended with exit code 1: n=4"},
	{"{\"code\": 2, \"said\": \"a\\n\\n b\\nc\\nd\\n\"}", APPLY_FAILED,
	 "demo.task: `sh` on box ended with exit code 2:  b; c; d"},
	{"{\"code\": 2, \"said\": \"bad\\nwarning: x\\n\", \"ignore\": [\"^warning\"]}", APPLY_FAILED,
	 "demo.task: `sh` on box ended with exit code 2: bad"},
	{"{\"code\": 3, \"success\": {\"exits\": [0, 3]}}", APPLY_DONE, ""},
	{"{\"code\": 0, \"success\": {\"exits\": [3]}}", APPLY_FAILED, "demo.task: `sh` on box ended with exit code 0: n=4"},
	{"{\"said\": \"all done\", \"success\": {\"regex\": \"done$\"}}", APPLY_DONE, ""},
	{"{\"success\": {\"regex\": \"^n=4$\"}}", APPLY_DONE, ""},
	{"{\"code\": 1, \"success\": {\"regex\": \"^n=4$\"}}", APPLY_FAILED,
	 "demo.task: `sh` on box ended with exit code 1: n=4"},
	{"{\"said\": \"no\", \"success\": {\"regex\": \"done\"}}", APPLY_FAILED,
	 "demo.task: `sh` on box did not say what `success` waits for: no"},
	{"{\"success\": {\"exits\": 3}}", APPLY_REFUSED, "demo.task, `success`: `exits` is not a list of exit codes"},
	{"{\"success\": {\"exits\": [\"3\"]}}", APPLY_REFUSED,
	 "demo.task, `success`: `exits` holds something that is no exit code"},
	{"{\"said\": \"\\u001b[31mred\", \"code\": 1}", APPLY_FAILED,
	 "demo.task: `sh` on box ended with exit code 1: \\x1b[31mred"},
};

static void tasks_are_judged_by_exit_and_pattern(void **state)
{
	CLEANUP_FIXTURE struct fixture f;
	(void)state;
	fixture_open(&f, "demo", manifest);
	for (size_t i = 0; i < COUNT_OF(tasks); i++) {
		CLEANUP_ERROR struct error err = ERROR_NONE;
		const struct value *outputs = NULL;
		struct call call = call_of(&f, "demo.task", json(f.arena, tasks[i].with));
		enum apply_result result = action_apply(f.arena, &call, NULL, NULL, soon(), NULL, &outputs, &err);
		assert_string_equal(err.message ? err.message : "", tasks[i].error);
		assert_int_equal(result, tasks[i].result);
		if (result == APPLY_DONE)
			assert_string_equal(json_text(f.arena, outputs), "{\"n\":4}");
	}
}

static void a_broken_pattern_is_found_before_anything_runs(void **state)
{
	CLEANUP_FIXTURE struct fixture f;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct evidence evidence;
	(void)state;
	fixture_open(&f, "demo", manifest);
	struct call call = call_of(&f, "demo.task", json(f.arena, "{\"ignore\": [\"(\"]}"));
	assert_int_equal(action_apply(f.arena, &call, NULL, NULL, soon(), &evidence, NULL, &err), APPLY_REFUSED);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_memory_equal(error_text(&err), "demo.task, `ignore`: ", 21);
	assert_null(evidence.command);
}

static void a_missing_program_and_a_late_one(void **state)
{
	CLEANUP_FIXTURE struct fixture f;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	CLEANUP_ERROR struct error late = ERROR_NONE;
	(void)state;
	fixture_open(&f, "demo", manifest);
	struct call call = call_of(&f, "demo.missing", NULL);
	assert_int_equal(action_apply(f.arena, &call, NULL, NULL, soon(), NULL, NULL, &err), APPLY_FAILED);
	assert_memory_equal(error_text(&err), "demo.missing: `no-such-program-here` on box ended with exit code 127", 68);
	assert_non_null(err.hint);
	call = call_of(&f, "demo.slow", NULL);
	int64_t deadline = clock_boottime() + NSEC_PER_SEC; /* enough to begin it */
	assert_int_equal(action_apply(f.arena, &call, NULL, NULL, deadline, NULL, NULL, &late), APPLY_UNKNOWN);
	assert_int_equal(late.code, ERROR_TIMEOUT);
}

static void offline_nothing_is_known(void **state)
{
	CLEANUP_FIXTURE struct fixture f;
	(void)state;
	fixture_open(&f, "demo", manifest);
	struct call call = call_of(&f, "demo.elsewhere", NULL);
	call.connections = NULL;
	struct observation o = observe(&f, &call, NULL);
	assert_int_equal(o.kind, OBSERVED_UNOBSERVABLE);
	assert_string_equal(o.why, "nothing is run on box: working offline");
	assert_true(o.lost_contact);
}

static void lost_contact_is_no_evidence(void **state)
{
	CLEANUP_FIXTURE struct fixture f;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct evidence evidence;
	(void)state;
	fixture_open(&f, "demo", manifest);
	struct call call = call_of(&f, "demo.write", with_path(&f, "/x"));
	call.subject = call.executor = &f.hosts[2];
	struct observation o = observe(&f, &call, &evidence);
	assert_int_equal(o.kind, OBSERVED_UNOBSERVABLE);
	assert_true(o.lost_contact);
	assert_non_null(strstr(o.why, "gone: "));
	assert_int_equal(evidence.exit_code, -1);
	struct observation absent = {.kind = OBSERVED_ABSENT};
	assert_int_equal(action_apply(f.arena, &call, &absent, NULL, soon(), &evidence, NULL, &err), APPLY_REFUSED);
	assert_int_equal(err.code, ERROR_CONNECTION);
	call = call_of(&f, "demo.late", NULL);
	assert_int_equal(action_observe(f.arena, &call, clock_boottime() + 50 * NSEC_PER_MSEC, &o, NULL, &err), 0);
	assert_true(o.kind == OBSERVED_UNOBSERVABLE && o.lost_contact);
}

static void where_it_runs(void **state)
{
	CLEANUP_FIXTURE struct fixture f;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	const char *host;
	(void)state;
	fixture_open(&f, "demo", manifest);
	struct call call = call_of(&f, "demo.elsewhere", NULL);
	call.executor = NULL;
	assert_string_equal(observed(&f, &call), "{\"via\":\"controller\",\"run\":\"r1\"}");
	assert_int_equal(action_via(f.arena, &call, &host, &err), 0);
	assert_null(host);
	call = call_of(&f, "demo.elsewhere", json(f.arena, "{\"by\": \"controller\"}"));
	assert_int_equal(action_via(f.arena, &call, &host, &err), 0);
	assert_string_equal(host, "controller");
	call = call_of(&f, "demo.elsewhere", json(f.arena, "{\"by\": {\"id\": \"win\"}}"));
	assert_int_equal(action_via(f.arena, &call, &host, &err), 0);
	assert_string_equal(host, "win");
	call = call_of(&f, "demo.elsewhere", json(f.arena, "{\"by\": \"bix\"}"));
	assert_int_equal(action_via(f.arena, &call, &host, &err), -1);
	assert_string_equal(error_text(&err), "demo.elsewhere, `via`: the inventory has no host 'bix'");
	assert_string_equal(err.hint, "did you mean 'box'?");
}

static void what_an_action_says_about_a_call(void **state)
{
	CLEANUP_FIXTURE struct fixture f;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	const struct value *value;
	enum action_effect effect;
	bool known;
	(void)state;
	fixture_open(&f, "demo", manifest);
	struct value *with = with_path(&f, "/x");
	struct call call = call_of(&f, "demo.write", with);
	assert_int_equal(action_object(f.arena, &call, &value, &err), 0);
	assert_string_equal(value_text(value), "file/box/x");
	assert_int_equal(action_desired(f.arena, &call, &value, &err), 0);
	assert_string_equal(json_text(f.arena, value), "{\"text\":\"hello\"}");
	assert_int_equal(action_leaves(f.arena, &call, &value, &err), 0);
	assert_string_equal(json_text(f.arena, value), "{\"age\":0}");
	assert_int_equal(action_touches(f.arena, &call, &value, &err), 0);
	assert_string_equal(json_text(f.arena, value), "[\"dir/box/*\"]");
	assert_int_equal(action_effect(f.arena, &call, &effect, &known, &err), 0);
	assert_true(known && effect == EFFECT_REVERSIBLE);
	value_put(f.arena, with, "text", value_unknown());
	call = call_of(&f, "demo.write", with);
	assert_int_equal(action_effect(f.arena, &call, &effect, &known, &err), 0);
	assert_true(!known && effect == EFFECT_IRREVERSIBLE);
	assert_int_equal(action_desired(f.arena, &call, &value, &err), 0);
	assert_true(value_has_unknown(value));
	call.subject = NULL;
	assert_int_equal(action_object(f.arena, &call, &value, &err), -1);
	assert_string_equal(error_text(&err), "demo.write, `object` (plugins/demo/plugin.yaml:10:22): "
					      "the step is about no host; give it one with `host:`");
}

static void events(void **state)
{
	CLEANUP_FIXTURE struct fixture f;
	const char *token;
	(void)state;
	fixture_open(&f, "demo", manifest);
	struct call call = call_of(&f, "demo.restart", NULL);
	assert_int_equal(action_event(f.arena, &call, &token, NULL), 0);
	assert_string_equal(token, "boot");
	call = call_of(&f, "demo.restart", json(f.arena, "{\"always\": false}"));
	assert_int_equal(action_event(f.arena, &call, &token, NULL), 0);
	assert_null(token);
	call = call_of(&f, "demo.write", with_path(&f, "/x"));
	assert_int_equal(action_event(f.arena, &call, &token, NULL), 0);
	assert_null(token);
}

static const char *texts(struct fixture *f, const struct call *call, enum action_part part, const struct observation *before)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	const struct value *list;
	if (action_command_texts(f->arena, call, part, before, &list, &err) < 0)
		fail_msg("%s", error_text(&err));
	return list->list.count ? value_text(list->list.items[0]) : NULL;
}

static void exact_command_lines(void **state)
{
	CLEANUP_FIXTURE struct fixture f;
	(void)state;
	fixture_open(&f, "demo", manifest);
	struct value *with = with_path(&f, "/a b");
	struct call call = call_of(&f, "demo.write", with);
	const char *script = "sh -e -c 'cat >\"$FILE\"\necho \"was $BEFORE\"\n'  # stdin: 5 bytes";
	struct observation absent = {.kind = OBSERVED_ABSENT};
	assert_string_equal(texts(&f, &call, PART_APPLY, &absent),
			    arena_printf(f.arena, "env 'FILE=/a b' 'BEFORE=nothing' %s", script));
	assert_string_equal(texts(&f, &call, PART_APPLY, NULL), arena_printf(f.arena, "env 'FILE=/a b' 'BEFORE=?' %s", script));
	value_put(f.arena, with, "path", value_unknown());
	value_put(f.arena, with, "text", value_unknown());
	call = call_of(&f, "demo.write", with);
	assert_string_equal(texts(&f, &call, PART_APPLY, &absent),
			    "env 'FILE=?' 'BEFORE=nothing' sh -e -c 'cat >\"$FILE\"\necho \"was $BEFORE\"\n'  # stdin: ?");
	struct observation o = observe(&f, &call, NULL);
	assert_string_equal(o.why, "what `env` needs is not known yet");
	call = call_of(&f, "demo.task", json(f.arena, "{\"said\": \"?\"}"));
	assert_null(texts(&f, &call, PART_OBSERVE, NULL));
	assert_non_null(strstr(texts(&f, &call, PART_APPLY, NULL), " sh 0 '?'"));
}

static void the_platform_of_the_executor_decides(void **state)
{
	CLEANUP_FIXTURE struct fixture f;
	(void)state;
	fixture_open(&f, "demo", manifest);
	struct call call = call_of(&f, "demo.write", with_path(&f, "C:\\a b"));
	call.subject = call.executor = &f.hosts[1];
	assert_non_null(strstr(texts(&f, &call, PART_APPLY, NULL), "cmd.exe"));
	assert_non_null(strstr(texts(&f, &call, PART_OBSERVE, NULL), "powershell.exe"));
	call = call_of(&f, "demo.elsewhere", NULL);
	call.executor = &f.hosts[1];
	struct observation o = observe(&f, &call, NULL);
	assert_string_equal(o.why, "demo.elsewhere cannot observe from win: it has no command for that platform");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(observe_apply_observe),
		cmocka_unit_test(an_apply_without_its_before_is_refused),
		cmocka_unit_test(a_failed_apply_says_why),
		cmocka_unit_test(tasks_are_judged_by_exit_and_pattern),
		cmocka_unit_test(a_broken_pattern_is_found_before_anything_runs),
		cmocka_unit_test(a_missing_program_and_a_late_one),
		cmocka_unit_test(offline_nothing_is_known),
		cmocka_unit_test(lost_contact_is_no_evidence),
		cmocka_unit_test(where_it_runs),
		cmocka_unit_test(what_an_action_says_about_a_call),
		cmocka_unit_test(events),
		cmocka_unit_test(exact_command_lines),
		cmocka_unit_test(the_platform_of_the_executor_decides),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
