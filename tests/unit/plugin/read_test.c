/*
 * read_test.c - what a command says, as attributes: each key of the format, and what must not be read.
 */
#include "tests/unit/plugin/fixture.h"

static const struct {
	const char *outputs; /* YAML flow */
	const char *reading; /* YAML flow, without the braces */
	const char *said;    /* for printf(1)'s %b */
	int exit_code;
	const char *expected;
} cases[] = {
	/* exits */
	{"{}", "", "", 0, "{}"},
	{"{}", "", "oops", 5, "unobservable: `sh` on box ended with exit code 5: oops"},
	{"{}", "exits: {\"3\": absent}", "", 3, "absent"},
	{"{}", "exits: {\"3\": ok}", "", 3, "{}"},
	{"{}", "exits: {\"0\": absent}", "", 0, "absent"},
	{"{}", "exits: {\"0\": unobservable}", "", 0, "unobservable: `sh` on box ended with exit code 0"},
	{"{}", "exits: {\"*\": absent, \"4\": unobservable}", "", 7, "absent"},
	{"{}", "exits: {\"*\": absent, \"4\": unobservable}", "", 4, "unobservable: `sh` on box ended with exit code 4"},
	{"{}", "exits: {\"*\": absent}", "", 0, "{}"},
	{"{}", "exits: {\"*\": absent}", "", 127, "unobservable: `sh` on box ended with exit code 127"},
	{"{}", "exits: {\"*\": absent}", "", 126, "unobservable: `sh` on box ended with exit code 126"},
	/* regex */
	{"{state: {type: string}}", "regex: '^ActiveState=(?<state>\\w+)'", "Id=x\\nActiveState=active\\n", 0,
	 "{\"state\":\"active\"}"},
	{"{state: {type: string}}", "regex: '^State=(?<state>\\w+)$'", "State=up\\r\\n", 0, "{\"state\":\"up\"}"},
	{"{state: {type: string}}", "regex: '(?<state>up)'", "down", 0,
	 "unobservable: `sh` on box: `regex` does not match what it said"},
	{"{a: {type: string}, b: {type: string}}", "regex: '(?<a>x)(?<b>y)?'", "x", 0, "{\"a\":\"x\"}"},
	/* pairs */
	{"{active_state: {type: string}, n: {type: integer}}", "pairs: true",
	 "Active-State=a=b \\nno pair\\nN=7\\r\\nOther=1\\n", 0, "{\"active_state\":\"a=b \",\"n\":7}"},
	{"{a: {type: string}}", "pairs: true", "a=1\\na=2", 0, "{\"a\":\"2\"}"},
	{"{a: {type: string}}", "pairs: true", "", 0, "{}"},
	/* json */
	{"{a: {type: integer}, b: {type: array}}", "json: true", "{\"a\": 1, \"b\": [true], \"c\": 3}", 0,
	 "{\"a\":1,\"b\":[true]}"},
	{"{a: {type: integer}}", "json: true", "[1]", 0, "unobservable: `sh` on box: it said JSON, but not an object"},
	/* lines */
	{"{names: {type: array}}", "lines: names", "a\\n\\nb c\\r\\n", 0, "{\"names\":[\"a\",\"\",\"b c\"]}"},
	{"{names: {type: array}}", "lines: names", "", 0, "{\"names\":[]}"},
	/* map, transient */
	{"{s: {type: string}}", "pairs: true, map: {RUNNING: active, 'on': off}", "s=RUNNING", 0, "{\"s\":\"active\"}"},
	{"{s: {type: boolean}}", "pairs: true, map: {up: true, down: 'no'}", "s=up", 0, "{\"s\":true}"},
	{"{s: {type: boolean}}", "pairs: true, map: {up: true, down: 'no'}", "s=down", 0, "{\"s\":false}"},
	{"{s: {type: string}}", "pairs: true, map: {P: starting}, transient: [starting]", "s=P", 0,
	 "{\"s\":\"starting\"} transient"},
	{"{s: {type: string}}", "pairs: true, fatal: [failed]", "s=failed", 0, "{\"s\":\"failed\"} fatal"},
	{"{s: {type: string}}", "pairs: true, fatal: [failed]", "s=up", 0, "{\"s\":\"up\"}"},
	/* conversions */
	{"{i: {type: integer}}", "pairs: true", "i=-12", 0, "{\"i\":-12}"},
	{"{i: {type: integer}}", "pairs: true", "i=12x", 0,
	 "unobservable: `sh` on box: 'i' should be of type integer, but is \"12x\""},
	{"{i: {type: integer}}", "pairs: true", "i=", 0,
	 "unobservable: `sh` on box: 'i' should be of type integer, but is \"\""},
	{"{i: {type: integer}}", "pairs: true", "i=99999999999999999999", 0,
	 "unobservable: `sh` on box: 'i' should be of type integer, but is \"99999999999999999999\""},
	{"{x: {type: number}}", "pairs: true", "x=1.5", 0, "{\"x\":1.5}"},
	{"{x: {type: number}}", "pairs: true", "x=nan", 0,
	 "unobservable: `sh` on box: 'x' should be of type number, but is \"nan\""},
	{"{b: {type: boolean}, c: {type: boolean}, d: {type: boolean}}", "pairs: true", "b=Yes\\nc=0\\nd=TRUE", 0,
	 "{\"b\":true,\"c\":false,\"d\":true}"},
	{"{b: {type: boolean}}", "pairs: true", "b=perhaps", 0,
	 "unobservable: `sh` on box: 'b' should be of type boolean, but is \"perhaps\""},
	{"{s: {type: string}}", "pairs: true", "s=12", 0, "{\"s\":\"12\"}"},
	/* set */
	{"{n: {type: integer}, big: {type: boolean}}", "pairs: true, set: {big: '${{ result.n > 5 }}'}", "n=7", 0,
	 "{\"n\":7,\"big\":true}"},
	{"{all: {type: string}, e: {type: integer}}",
	 "exits: {\"3\": ok}, set: {all: '${{ result.stdout }}', e: '${{ result.exit }}'}", "one\\ntwo\\n", 3,
	 "{\"all\":\"one\\ntwo\",\"e\":3}"},
	{"{a: {type: string}}", "set: {a: '${{ null }}'}", "", 0, "{}"},
	{"{n: {type: integer}}", "set: {n: '${{ result.stdout }}'}", "8\\n", 0, "{\"n\":8}"},
	/* text */
	{"{s: {type: string}}", "pairs: true", "s=a\\0377b", 0,
	 "{\"s\":\"a\xef\xbf\xbd"
	 "b\"}"},
	{"{s: {type: string}}", "pairs: true", "s=a\\0000b", 0,
	 "{\"s\":\"a\xef\xbf\xbd"
	 "b\"}"},
	{"{s: {type: string}}", "pairs: true", "s=grün", 0, "{\"s\":\"grün\"}"},
};

static const char *manifest(struct arena *arena, const char *outputs, const char *reading)
{
	return arena_printf(arena,
			    "plugin: demo\nsummary: x\nactions:\n  look:\n    summary: x\n    kind: probe\n    effect: read\n"
			    "    inputs: {said: {type: string}, code: {type: integer}}\n    outputs: %s\n    linux:\n"
			    "      observe: {run: [sh, -c, 'printf %%b \"$1\"; exit \"$2\"', sh, '${{ inputs.said }}', '${{ "
			    "inputs.code }}']%s%s}\n",
			    outputs, *reading ? ", " : "", reading);
}

static void every_case(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEANUP_ARENA struct arena *arena = arena_new();
		CLEANUP_FIXTURE struct fixture f;
		fixture_open(&f, "demo", manifest(arena, cases[i].outputs, cases[i].reading));
		struct value *with = value_map(f.arena);
		value_put(f.arena, with, "said", value_string(f.arena, cases[i].said));
		value_put(f.arena, with, "code", value_int(f.arena, cases[i].exit_code));
		struct call call = call_of(&f, "demo.look", with);
		assert_string_equal(observed(&f, &call), cases[i].expected);
	}
}

/* Starts with expected: the rest is another part's wording. */
static void expect_beginning(const char *outputs, const char *reading, const char *said, const char *expected)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_FIXTURE struct fixture f;
	fixture_open(&f, "demo", manifest(arena, outputs, reading));
	struct value *with = value_map(f.arena);
	value_put(f.arena, with, "said", value_string(f.arena, said));
	value_put(f.arena, with, "code", value_int(f.arena, 0));
	struct call call = call_of(&f, "demo.look", with);
	const char *text = observed(&f, &call);
	if (strncmp(text, expected, strlen(expected)) != 0)
		fail_msg("expected %s..., got %s", expected, text);
}

static void what_breaks_its_promise_is_unobservable(void **state)
{
	(void)state;
	expect_beginning("{s: {enum: [up, down]}}", "pairs: true", "s=sideways",
			 "unobservable: `sh` on box: outputs.s: must be one of 'up', 'down', but is 'sideways'");
	expect_beginning("{a: {type: integer}}", "json: true", "{\"a\": \"x\"}",
			 "unobservable: `sh` on box: 'a' should be of type integer");
	expect_beginning("{a: {type: integer}}", "json: true", "{\"a\": true}", "unobservable: `sh` on box: ");
	expect_beginning("{a: {type: integer}}", "json: true", "{\"a\": ", "unobservable: `sh` on box: it did not say JSON: ");
	expect_beginning("{a: {type: integer}}", "set: {a: '${{ int(result.stdout) }}'}", "x",
			 "unobservable: `sh` on box: demo.look, `set` (plugins/demo/plugin.yaml:");
}

static const char long_manifest[] =
	"plugin: demo\nsummary: x\nactions:\n"
	"  pairs: {summary: x, kind: probe, outputs: {a: {type: string}}, linux: {observe: {run: [sh, -c, 'echo a=1; yes | "
	"head -c 200000'], pairs: true}}}\n"
	"  find: {summary: x, kind: probe, outputs: {a: {type: string}}, linux: {observe: {run: [sh, -c, 'yes | head -c "
	"200000; echo a=1'], regex: 'a=(?<a>.)'}}}\n"
	"  killed: {summary: x, kind: probe, linux: {observe: {run: [sh, -c, 'kill -9 $$'], exits: {'*': absent}}}}\n"
	"  plain: {summary: x, kind: probe, linux: {observe: {run: [sh, -c, 'yes | head -c 200000']}}}\n";

static void an_output_that_was_cut_is_not_read_as_if_whole(void **state)
{
	CLEANUP_FIXTURE struct fixture f;
	(void)state;
	fixture_open(&f, "demo", long_manifest);
	struct call call = call_of(&f, "demo.pairs", NULL);
	assert_string_equal(observed(&f, &call),
			    "unobservable: `sh` on box: it said more than is kept, so its middle is missing");
	call = call_of(&f, "demo.find", NULL);
	assert_string_equal(observed(&f, &call), "{\"a\":\"1\"}");
	call = call_of(&f, "demo.plain", NULL);
	assert_string_equal(observed(&f, &call), "{}");
}

static void a_signal_says_nothing_about_the_object(void **state)
{
	CLEANUP_FIXTURE struct fixture f;
	(void)state;
	fixture_open(&f, "demo", long_manifest);
	struct call call = call_of(&f, "demo.killed", NULL);
	assert_string_equal(observed(&f, &call), "unobservable: `sh` on box ended with signal KILL");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_case),
		cmocka_unit_test(what_breaks_its_promise_is_unobservable),
		cmocka_unit_test(a_signal_says_nothing_about_the_object),
		cmocka_unit_test(an_output_that_was_cut_is_not_read_as_if_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
