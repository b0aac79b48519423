/*
 * bytes_test.c - hostile values arrive byte for byte as argument, variable and stdin, of a program and of a script; and
 * evidence stays bounded and valid whatever comes back.
 */
#include "tests/unit/plugin/fixture.h"

#include "engine/base/utf8.h"

static const char manifest[] =
	"plugin: demo\n"
	"summary: x\n"
	"actions:\n"
	"  argument:\n"
	"    summary: x\n"
	"    kind: probe\n"
	"    inputs: {value: {type: string}}\n"
	"    outputs: &out {hex: {type: string}}\n"
	"    linux: {observe: {run: [sh, -c, 'printf %s \"$1\" | od -An -v -tx1 | tr -d \" \\n\"', sh, '${{ inputs.value }}'], "
	"set: {hex: '${{ result.stdout }}'}}}\n"
	"  variable:\n"
	"    summary: x\n"
	"    kind: probe\n"
	"    inputs: {value: {type: string}}\n"
	"    outputs: *out\n"
	"    linux: {observe: {script: 'printf %s \"$VALUE\" | od -An -v -tx1 | tr -d \" \\n\"', env: {VALUE: '${{ "
	"inputs.value }}'}, set: {hex: '${{ result.stdout }}'}}}\n"
	"  input:\n"
	"    summary: x\n"
	"    kind: probe\n"
	"    inputs: {value: {type: string}}\n"
	"    outputs: *out\n"
	"    linux: {observe: {script: 'od -An -v -tx1 | tr -d \" \\n\"', stdin: '${{ inputs.value }}', set: {hex: '${{ "
	"result.stdout }}'}}}\n"
	"  list:\n"
	"    summary: x\n"
	"    kind: probe\n"
	"    inputs: {value: {type: array}}\n"
	"    outputs: {lines: {type: array}}\n"
	"    linux: {observe: {run: '${{ [\"printf\", \"%s\\\\n\"] + inputs.value }}', lines: lines}}\n"
	"  flood:\n"
	"    summary: x\n"
	"    kind: task\n"
	"    effect: read\n"
	"    inputs: {size: {type: integer}}\n"
	"    linux: {apply: {run: [sh, -c, 'yes ää | head -c \"$1\"; printf end', sh, '${{ inputs.size }}']}}\n"
	"  noise:\n"
	"    summary: x\n"
	"    kind: task\n"
	"    effect: read\n"
	"    linux: {apply: {run: [head, -c, '5000', /dev/urandom]}}\n";

static const char *const hostile[] = {
	"",
	" ",
	"plain",
	"-n",
	"--",
	"$(id)",
	"`id`",
	"${HOME}",
	"$HOME",
	"'; rm -rf / #",
	"\"",
	"'",
	"\\",
	"\\\\n",
	"a\nb",
	"\n",
	"a\n\n",
	"\t",
	"\r\n",
	"*",
	"?",
	"[a-z]",
	"~",
	"!x",
	"a=b",
	"=",
	"%s%n",
	"&& id",
	"| id",
	"; id",
	"> /tmp/x",
	"ä€𝄞",
	"\x01\x02\x1b[31m\x7f",
	"\xe2\x80\xae",
	"a b",
	"{a,b}",
	"#",
	"\xef\xbb\xbf",
	"${{ inputs.value }}",
	"%PATH%",
	"^",
	"$env:PATH",
};

static void values_arrive_as_they_are(void **state)
{
	static const char *const ways[] = {"demo.argument", "demo.variable", "demo.input"};
	CLEANUP_FIXTURE struct fixture f;
	(void)state;
	fixture_open(&f, "demo", manifest);
	for (size_t i = 0; i < COUNT_OF(hostile); i++) {
		CLEANUP_BUFFER struct buffer expected = {0};
		for (const char *c = hostile[i]; *c; c++)
			buffer_printf(&expected, "%02x", (unsigned char)*c);
		for (size_t w = 0; w < COUNT_OF(ways); w++) {
			struct value *with = value_map(f.arena);
			value_put(f.arena, with, "value", value_string(f.arena, hostile[i]));
			struct call call = call_of(&f, ways[w], with);
			struct observation o = observe(&f, &call, NULL);
			assert_int_equal(o.kind, OBSERVED_STATE);
			assert_string_equal(value_get_text(o.state, "hex"), buffer_text(&expected));
		}
	}
}

static void lists_numbers_and_null(void **state)
{
	CLEANUP_FIXTURE struct fixture f;
	CLEANUP_ERROR struct error nested = ERROR_NONE;
	CLEANUP_ERROR struct error nul = ERROR_NONE;
	struct observation o;
	(void)state;
	fixture_open(&f, "demo", manifest);
	struct call call = call_of(&f, "demo.list", json(f.arena, "{\"value\": [\"a b\", 7, true, null, 1.5, \"\"]}"));
	assert_string_equal(observed(&f, &call), "{\"lines\":[\"a b\",\"7\",\"true\",\"1.5\",\"\"]}");
	call = call_of(&f, "demo.list", json(f.arena, "{\"value\": [[\"a\"]]}"));
	assert_int_equal(action_observe(f.arena, &call, soon(), &o, NULL, &nested), -1);
	assert_string_equal(error_text(&nested), "demo.list, `run`: a list where text is needed");
	struct value *with = value_map(f.arena);
	value_put(f.arena, with, "value", value_string_n(f.arena, "a\0b", 3));
	call = call_of(&f, "demo.argument", with);
	assert_int_equal(action_observe(f.arena, &call, soon(), &o, NULL, &nul), -1);
	assert_string_equal(error_text(&nul), "demo.argument, `run`: a NUL byte, which no program can be given");
	call = call_of(&f, "demo.input", with);
	assert_string_equal(observed(&f, &call), "{\"hex\":\"610062\"}");
}

static void evidence_is_bounded_and_valid(void **state)
{
	static const int sizes[] = {0, 100, 16380, 16385, 20000, 65536, 100000, 1000001};
	CLEANUP_FIXTURE struct fixture f;
	(void)state;
	fixture_open(&f, "demo", manifest);
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		struct value *with = value_map(f.arena);
		struct evidence evidence;
		value_put(f.arena, with, "size", value_int(f.arena, sizes[i]));
		struct call call = call_of(&f, "demo.flood", with);
		assert_int_equal(action_apply(f.arena, &call, NULL, NULL, soon(), &evidence, NULL, NULL), APPLY_DONE);
		size_t length = strlen(evidence.output);
		assert_true(utf8_valid(evidence.output, length));
		assert_true(length < 17 * 1024);
		assert_string_equal(evidence.output + length - 3, "end");
		const char *mark = arena_printf(f.arena, "\n[... cut here; %d bytes in all, SHA-256 ", sizes[i] + 3);
		assert_int_equal(strstr(evidence.output, mark) != NULL, sizes[i] + 3 > 16384);
	}
	for (int i = 0; i < 10; i++) {
		struct evidence evidence;
		struct call call = call_of(&f, "demo.noise", NULL);
		assert_int_equal(action_apply(f.arena, &call, NULL, NULL, soon(), &evidence, NULL, NULL), APPLY_DONE);
		assert_true(utf8_valid(evidence.output, strlen(evidence.output)));
		assert_true(strlen(evidence.output) >= 5000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_arrive_as_they_are),
		cmocka_unit_test(lists_numbers_and_null),
		cmocka_unit_test(evidence_is_bounded_and_valid),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
