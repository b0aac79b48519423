/*
 * process_protocol_test.c - process plugins that behave: what they are told, what they may ask for, and both examples (Python,
 * C) end to end.
 */
#include "tests/unit/plugin/process_fixture.h"

#include <sys/stat.h>

#include "engine/base/hash.h"
#include "engine/connection/scope.h"
#include "engine/plugin/protocol.h"

static const struct {
	const char *mode;
	const char *observed;
} observations[] = {
	{"absent", "absent"},
	{"transient", "{\"text\":\"t\"} transient"},
	{"fatal", "{\"text\":\"t\"} fatal"},
	{"undeclared", "{\"text\":\"t\"}"},
	{"unreachable", "unobservable (no contact): bad.wish: no\\x1b[2Jcontact"},
};

static void observations_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(observations); i++) {
		CLEANUP_PROCESS struct process_fixture p;
		process_open(&p, observations[i].mode, false);
		assert_string_equal(process_observed(&p, NULL, soon()), observations[i].observed);
	}
}

static void a_call_says_what_it_is_about(void **state)
{
	CLEANUP_PROCESS struct process_fixture p;
	(void)state;
	process_open(&p, "says_call", false);
	struct value *with = value_map(p.f.arena);
	value_put(p.f.arena, with, "path", value_string(p.f.arena, "/x"));
	value_put(p.f.arena, with, "password", secret(p.f.arena, "c4n4ry-53cr3t"));
	value_put(p.f.arena, with, "peer", p.f.hosts[1].value);
	const struct call asked = process_call(&p, "bad.wish", with);
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct observation o;
	assert_int_equal(action_observe(p.f.arena, &asked, soon(), &o, NULL, &err), 0);
	assert_string_equal(json_text(p.f.arena, o.state), "{\"text\":\"•••\"}"); /* not shown: the secret is in it */
	const struct value *call = json(p.f.arena, value_get_text(o.state, "text"));
	assert_string_equal(value_get_text(call, "message"), "observe");
	assert_string_equal(value_get_text(call, "action"), "wish");
	assert_string_equal(value_get_text(call, "host"), "box");
	assert_string_equal(value_get_text(call, "via"), "box");
	assert_string_equal(value_get_text(call, "run"), "r1");
	assert_string_equal(value_get_text(call, "object"), "thing/box");
	assert_string_equal(json_text(p.f.arena, value_get(call, "desired")), "{\"text\":\"done\"}");
	assert_string_equal(json_text(p.f.arena, value_get(call, "inputs")),
			    "{\"password\":{\"secret\":\"c4n4ry-53cr3t\"},\"path\":\"/x\",\"peer\":\"win\"}");
	const struct value *hosts = value_get(call, "hosts");
	assert_int_equal(hosts->map.count, 2);
	assert_non_null(value_get(hosts, "box"));
	assert_string_equal(value_get_text(value_get(hosts, "win"), "platform"), "windows");
}

static void a_host_that_is_none_is_refused(void **state)
{
	CLEANUP_PROCESS struct process_fixture p;
	(void)state;
	process_open(&p, "says_call", false);
	assert_string_equal(process_observed(&p, json(p.f.arena, "{\"peer\": \"nobody\"}"), soon()),
			    "error: bad.wish: the input 'peer' names 'nobody', which is no host of the inventory");
}

static void what_is_unknown_is_not_asked(void **state)
{
	CLEANUP_PROCESS struct process_fixture p;
	(void)state;
	process_open(&p, "dies_at_start", false);
	struct value *with = value_map(p.f.arena);
	value_put(p.f.arena, with, "path", value_unknown());
	assert_string_equal(process_observed(&p, with, soon()), "unobservable: what the input 'path' is, is not known yet");
	assert_string_equal(process_applied(&p, "bad.wish", with, NULL, soon()),
			    "refused: bad.wish: what the input 'path' is, is not known");
}

static void offline_nothing_is_started(void **state)
{
	CLEANUP_PROCESS struct process_fixture p;
	(void)state;
	process_open(&p, "absent", false);
	plugin_processes_free(take(p.processes));
	assert_string_equal(process_observed(&p, NULL, soon()), "unobservable: the plugin bad is not started: working offline");
}

static void commands_come_back_as_they_ended(void **state)
{
	static const char *const expected[] = {"a\xef\xbf\xbd"
					       "b",
					       "oops\n",
					       "3",
					       "/wA=",
					       "100000",
					       "-1",
					       "KILL",
					       "127",
					       "timeout",
					       "True"};
	CLEANUP_PROCESS struct process_fixture p;
	(void)state;
	process_open(&p, "commands", false);
	const char *observed = process_observed(&p, NULL, soon());
	for (size_t i = 0; i < COUNT_OF(expected); i++)
		assert_string_equal(list_item(&p, observed, i), expected[i]);
}

static void streams_come_as_they_are_said(void **state)
{
	CLEANUP_PROCESS struct process_fixture p;
	(void)state;
	process_open(&p, "streams", false);
	const char *observed = process_observed(&p, NULL, soon());
	assert_string_equal(list_item(&p, observed, 0), "stdout:one");
	assert_string_equal(list_item(&p, observed, 1), "stderr:two");
	assert_string_equal(list_item(&p, observed, 2), "ran:");
}

static void only_hosts_of_the_call(void **state)
{
	static const char *const expected[] = {
		"the host 'gone' is not one of this call's",	"the host 'controller' is not one of this call's",
		"the host 'nowhere' is not one of this call's", "the host '' is not one of this call's",
		"a file may only be written within an apply",
	};
	CLEANUP_PROCESS struct process_fixture p;
	(void)state;
	process_open(&p, "strays", false);
	const char *observed = process_observed(&p, NULL, soon());
	for (size_t i = 0; i < COUNT_OF(expected); i++)
		assert_string_equal(list_item(&p, observed, i), expected[i]);
}

static void only_files_of_the_plugin(void **state)
{
	CLEANUP_PROCESS struct process_fixture p;
	char path[] = "/tmp/standin-process-test-XXXXXX";
	(void)state;
	close(mkstemp(path));
	process_open(&p, "uploads", false);
	const struct value *with = json(p.f.arena, arena_printf(p.f.arena, "{\"path\": \"%s\"}", path));
	struct call call = process_call(&p, "bad.wish", with);
	assert_int_equal(action_apply(p.f.arena, &call, NULL, "standin-process-test", soon(), NULL, NULL, NULL), APPLY_DONE);
	struct evidence evidence = {0};
	call = process_call(&p, "bad.wish", with);
	action_apply(p.f.arena, &call, NULL, "standin-process-test", soon(), &evidence, NULL, NULL);
	assert_part(evidence.output, "bytes, mode 0644\n");
	assert_part(evidence.output, "'../process_test.c' is not among the files that the manifest lists");
	assert_part(evidence.output, "'/etc/passwd' is not among the files that the manifest lists");
	unlink(path);
}

static void a_secret_passes_by_stdin_only(void **state)
{
	CLEANUP_PROCESS struct process_fixture p;
	char digest[HASH_HEX_SIZE];
	(void)state;
	process_open(&p, "passes", false);
	struct value *with = value_map(p.f.arena);
	value_put(p.f.arena, with, "password", secret(p.f.arena, "c4n4ry-53cr3t"));
	hash_hex("c4n4ry-53cr3t", 13, digest);
	const struct value *said = json(p.f.arena, process_observed(&p, with, soon()));
	assert_string_equal(value_get_text(said, "text"),
			    arena_printf(p.f.arena, "there is a secret in `argv` / there is a secret in `env` / %s", digest));
}

struct asking {
	struct process_fixture *p;
	const char *observed;
};

static void ask(void *argument)
{
	struct asking *asking = argument;
	asking->observed = process_observed(asking->p, NULL, soon());
}

static void two_calls_at_once(void **state)
{
	CLEANUP_PROCESS struct process_fixture p;
	(void)state;
	process_open(&p, "two", false);
	struct asking asking[2] = {{.p = &p}, {.p = &p}};
	struct fiber *fibers[2];
	for (int i = 0; i < 2; i++)
		fibers[i] = fiber_start(ask, &asking[i]);
	for (int i = 0; i < 2; i++)
		assert_int_equal(fiber_join(fibers[i], soon()), LOOP_READY);
	assert_string_equal(asking[0].observed, "{\"text\":\"first\"}");
	assert_string_equal(asking[1].observed, "{\"text\":\"second\"}");
}

static void commands_in_one_scope_follow_each_other(void **state)
{
	CLEANUP_PROCESS struct process_fixture p;
	(void)state;
	process_open(&p, "orderly", false);
	assert_string_equal(process_applied(&p, "bad.task", NULL, "standin-process-orderly", soon()),
			    "done {\"list\":[\"0\",\"1\",\"2\"]}");
}

static void time_ends_what_runs_in_the_scope(void **state)
{
	CLEANUP_PROCESS struct process_fixture p;
	enum scope_state found;
	(void)state;
	process_open(&p, "restless", false);
	process_start(&p);
	const char *applied =
		process_applied(&p, "bad.task", NULL, "standin-process-restless", clock_boottime() + 2 * NSEC_PER_SEC);
	assert_string_equal(applied, "failed: time is up: bad.task: the command was broken off");
	struct connection *box = connections_get(p.f.connections, &p.f.hosts[0], NULL);
	assert_int_equal(scope_find(box, "standin-process-restless", soon(), &found, NULL), 0);
	assert_int_equal(found, SCOPE_NONE);
}

/* --- the examples --- */

static const char ini[] = "# mail\n[mail]\nport=143\n; last\n\n[other]\nport = 1\n";

static const char *file_text(struct process_fixture *p, const char *path)
{
	CLEANUP_FREE char *text = NULL;
	size_t length;
	assert_int_equal(file_read(path, 65536, &text, &length, NULL), 0);
	return arena_strndup(p->f.arena, text, length);
}

static void shipped_open(struct process_fixture *p)
{
	*p = (struct process_fixture){0};
	fixture_open(&p->f, NULL, NULL);
	p->processes = plugin_processes_new(keep_note, &p->notes);
}

static void wish(struct process_fixture *p, const char *name, const struct value *with, const char *before, const char *after)
{
	struct call call = process_call(p, name, with);
	CLEANUP_ERROR struct error err = ERROR_NONE;
	assert_string_equal(observed(&p->f, &call), before);
	struct observation o = observe(&p->f, &call, NULL);
	if (action_apply(p->f.arena, &call, &o, "standin-process-example", soon(), NULL, NULL, &err) != APPLY_DONE)
		fail_msg("%s", error_text(&err));
	assert_string_equal(observed(&p->f, &call), after);
}

static void the_example_in_python(void **state)
{
	CLEANUP_PROCESS struct process_fixture p;
	char folder[] = "/tmp/standin-process-test-XXXXXX";
	(void)state;
	assert_non_null(mkdtemp(folder));
	shipped_open(&p);
	const char *path = arena_printf(p.f.arena, "%s/a b.ini", folder);
	struct value *with = value_map(p.f.arena);
	value_put(p.f.arena, with, "path", value_string(p.f.arena, path));
	value_put(p.f.arena, with, "section", value_string(p.f.arena, "mail"));
	value_put(p.f.arena, with, "key", value_string(p.f.arena, "port"));
	value_put(p.f.arena, with, "value", value_string(p.f.arena, "it's $(993)"));
	wish(&p, "example.set", with, "absent", "{\"value\":\"it's $(993)\"}");
	assert_string_equal(file_text(&p, path), "[mail]\nport = it's $(993)\n");
	assert_int_equal(file_write_durable(path, ini, strlen(ini), 0640, NULL), 0);
	wish(&p, "example.set", with, "{\"value\":\"143\"}", "{\"value\":\"it's $(993)\"}");
	assert_string_equal(file_text(&p, path), "# mail\n[mail]\nport = it's $(993)\n; last\n\n[other]\nport = 1\n");
	struct stat status;
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0640);
	wish(&p, "example.remove", with, "{\"value\":\"it's $(993)\"}", "absent");
	assert_string_equal(file_text(&p, path), "# mail\n[mail]\n; last\n\n[other]\nport = 1\n");
	struct call call = process_call(&p, "example.sections", with);
	assert_string_equal(observed(&p.f, &call), "{\"sections\":[\"mail\",\"other\"]}");
	file_remove_tree(folder, NULL);
}

static void an_example_says_what_it_would_run(void **state)
{
	CLEANUP_PROCESS struct process_fixture p;
	const struct value *texts;
	(void)state;
	shipped_open(&p);
	struct call call = process_call(
		&p, "example.set", json(p.f.arena, "{\"path\": \"/x\", \"section\": \"s\", \"key\": \"k\", \"value\": \"v\"}"));
	assert_int_equal(action_command_texts(p.f.arena, &call, PART_APPLY, NULL, &texts, NULL), 0);
	assert_int_equal(texts->list.count, 3);
	assert_string_equal(value_text(texts->list.items[2]), "tee -- /x  # stdin: ?");
	call.processes = NULL;
	assert_int_equal(action_command_texts(p.f.arena, &call, PART_OBSERVE, NULL, &texts, NULL), 0);
	assert_int_equal(texts->list.count, 1);
	assert_string_equal(value_text(texts->list.items[0]), "example.set (process plugin)");
}

static const char echo_manifest[] = "plugin: echo\n"
				    "process: {run: [echo], protocol: 1}\n"
				    "actions:\n"
				    "  line:\n"
				    "    kind: state\n"
				    "    effect: reversible\n"
				    "    inputs: {path: {type: string}, text: {type: string}}\n"
				    "    outputs: {text: {type: string}}\n"
				    "    object: 'file${{ inputs.path }}'\n"
				    "    desired: {text: '${{ inputs.text }}'}\n";

static void keep_progress(void *context, const struct value *progress)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	buffer_printf(context, "%s\n", json_text(arena, progress));
}

static void the_example_in_c(void **state)
{
	CLEANUP_PROCESS struct process_fixture p = {0};
	CLEANUP_BUFFER struct buffer progress = {0};
	struct evidence evidence = {0};
	char path[] = "/tmp/standin-process-test-XXXXXX";
	(void)state;
	fixture_open(&p.f, "echo", echo_manifest);
	p.processes = plugin_processes_new(keep_note, &p.notes);
	close(mkstemp(path));
	unlink(path);
	const struct value *with = json(p.f.arena, arena_printf(p.f.arena, "{\"path\": \"%s\", \"text\": \"hello\\n\"}", path));
	wish(&p, "echo.line", with, "absent", "{\"text\":\"hello\\n\"}");
	struct call call = process_call(&p, "echo.line", with);
	call.on_progress = keep_progress;
	call.context = &progress;
	assert_int_equal(action_apply(p.f.arena, &call, NULL, NULL, soon(), &evidence, NULL, NULL), APPLY_DONE);
	assert_string_equal(evidence.output,
			    arena_printf(p.f.arena, "info: about to write\nbox: write %s: 6 bytes, mode 0640\n", path));
	assert_part(buffer_text(&progress), "\"text\":\"writing\",\"done\":0.0,\"total\":1.0");
	assert_string_equal(action_diagnose(p.f.arena, &call, NULL, soon()), "hello");
	unlink(path);
	struct call nowhere = process_call(&p, "echo.line", json(p.f.arena, "{\"path\": \"/nonexistent/x\", \"text\": \"\"}"));
	CLEANUP_ERROR struct error err = ERROR_NONE;
	assert_int_equal(action_apply(p.f.arena, &nowhere, NULL, NULL, soon(), NULL, NULL, &err), APPLY_FAILED);
	assert_string_equal(err.hint, "is there such a folder?");
	assert_string_equal(buffer_text(&p.notes), "");
}

/* --- messages --- */

static void messages_are_told_apart(void **state)
{
	static const struct {
		const char *line;
		const char *error; /* NULL: it is one */
	} lines[] = {
		{"{\"message\":\"log\",\"text\":\"x\",\"level\":null,\"more\":[1]}", NULL},
		{"{\"message\":\"log\"}", "`log` without `text`"},
		{"{\"message\":\"log\",\"text\":null}", "`log`: `text` is not text"},
		{"{\"message\":\"run\",\"id\":1,\"call\":1,\"host\":\"h\",\"argv\":[]}",
		 "`run`: `argv` is not a list of texts"},
		{"{\"message\":\"run\",\"id\":1,\"call\":1,\"host\":\"h\",\"argv\":[\"a\\u0000b\"]}",
		 "`run`: `argv` is not a list of texts"},
		{"{\"message\":\"run\",\"id\":-1,\"call\":1,\"host\":\"h\",\"argv\":[\"a\"]}",
		 "`run`: `id` is not a whole number, not negative"},
		{"{\"message\":\"run\",\"id\":1,\"call\":1,\"host\":\"h\",\"argv\":[\"a\"],\"env\":{\"A\":1}}",
		 "`run`: `env` is not an object of texts"},
		{"{\"message\":\"progress\",\"call\":1,\"done\":-0.5}", "`progress`: `done` is not a number, not negative"},
		{"{\"message\":3}", "a line that is no object with `message`"},
		{"{\"message\":\"log\",\"text\":\"a\",\"text\":\"b\"}",
		 "not JSON: line 1, column 34: duplicate object key near '\"text\"'"},
	};
	CLEANUP_ARENA struct arena *arena = arena_new();
	(void)state;
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		CLEANUP_ERROR struct error err = ERROR_NONE;
		struct message message;
		int outcome = message_parse(arena, lines[i].line, strlen(lines[i].line), &message, &err);
		assert_int_equal(outcome, lines[i].error ? -1 : 0);
		assert_string_equal(error_text(&err), lines[i].error ? lines[i].error : "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(observations_are_read),
		cmocka_unit_test(a_call_says_what_it_is_about),
		cmocka_unit_test(a_host_that_is_none_is_refused),
		cmocka_unit_test(what_is_unknown_is_not_asked),
		cmocka_unit_test(offline_nothing_is_started),
		cmocka_unit_test(commands_come_back_as_they_ended),
		cmocka_unit_test(streams_come_as_they_are_said),
		cmocka_unit_test(only_hosts_of_the_call),
		cmocka_unit_test(only_files_of_the_plugin),
		cmocka_unit_test(a_secret_passes_by_stdin_only),
		cmocka_unit_test(two_calls_at_once),
		cmocka_unit_test(commands_in_one_scope_follow_each_other),
		cmocka_unit_test(time_ends_what_runs_in_the_scope),
		cmocka_unit_test(the_example_in_python),
		cmocka_unit_test(an_example_says_what_it_would_run),
		cmocka_unit_test(the_example_in_c),
		cmocka_unit_test(messages_are_told_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
