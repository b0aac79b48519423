/*
 * secret_test.c - secrets reach stdin and nothing else: no argument, environment, key or desired state, and no evidence, error
 * or attribute.
 */
#include "tests/unit/plugin/fixture.h"

#include "engine/plugin/redact.h"

static const char manifest[] =
	"plugin: demo\n"
	"summary: x\n"
	"actions:\n"
	"  act:\n"
	"    summary: x\n"
	"    kind: state\n"
	"    effect: reversible\n"
	"    inputs: {name: {type: string, default: n}, wish: {type: string, default: w}, variable: {type: string, default: "
	"v}, list: {type: array, default: []}}\n"
	"    outputs: {wish: {type: string}}\n"
	"    object: thing/${{ inputs.name }}\n"
	"    desired: {wish: '${{ inputs.wish }}'}\n"
	"    linux:\n"
	"      observe: {run: [echo, 'x${{ inputs.name }}'], set: {wish: '${{ inputs.wish }}'}}\n"
	"      apply: {run: '${{ [\"echo\"] + inputs.list }}', env: {V: '${{ inputs.variable }}'}}\n"
	"  tell:\n"
	"    summary: x\n"
	"    kind: task\n"
	"    effect: reversible\n"
	"    inputs: {password: {type: string}, code: {type: integer, default: 0}, lead: {type: integer, default: 0}}\n"
	"    outputs: {said: {type: string}}\n"
	"    secrets: [password]\n"
	"    linux:\n"
	"      apply:\n"
	"        run: [sh, -c, 'head -c \"$2\" /dev/zero | tr \"\\0\" x; cat; echo; echo said=again; exit \"$1\"', sh, '${{ "
	"inputs.code }}', '${{ inputs.lead }}']\n"
	"        stdin: 'user=me password=${{ inputs.password }}'\n"
	"        set: {said: '${{ result.stdout }}'}\n"
	"      diagnose: {run: [cat], stdin: '${{ inputs.password }}'}\n";

static const struct {
	const char *input;
	const char *error;
} observing[] =
	{
		{"name", "demo.act, `run`: the input 'name' is secret and may not stand here"},
},
  applying[] = {
	  {"list", "demo.act, `run`: the input 'list' is secret and may not stand here"},
	  {"variable", "demo.act, `env`: the input 'variable' is secret and may not stand here"},
};

static struct call with_secret(struct fixture *f, const char *input)
{
	struct value *with = value_map(f->arena);
	const struct value *text = secret(f->arena, "s3cret");
	struct value *list = value_list(f->arena);
	value_append(f->arena, list, text);
	value_put(f->arena, with, input, strcmp(input, "list") == 0 ? list : text);
	return call_of(f, "demo.act", with);
}

static void taint_stops_before_anything_runs(void **state)
{
	CLEANUP_FIXTURE struct fixture f;
	(void)state;
	fixture_open(&f, "demo", manifest);
	for (size_t i = 0; i < COUNT_OF(observing); i++) {
		CLEANUP_ERROR struct error err = ERROR_NONE;
		struct call call = with_secret(&f, observing[i].input);
		struct observation o;
		assert_int_equal(action_observe(f.arena, &call, soon(), &o, NULL, &err), -1);
		assert_int_equal(err.code, ERROR_INVALID);
		assert_string_equal(error_text(&err), observing[i].error);
	}
	for (size_t i = 0; i < COUNT_OF(applying); i++) {
		CLEANUP_ERROR struct error err = ERROR_NONE;
		struct call call = with_secret(&f, applying[i].input);
		assert_int_equal(action_apply(f.arena, &call, NULL, NULL, soon(), NULL, NULL, &err), APPLY_REFUSED);
		assert_string_equal(error_text(&err), applying[i].error);
		assert_non_null(strstr(err.hint, "`stdin`"));
	}
}

static void taint_in_key_wish_and_state(void **state)
{
	CLEANUP_FIXTURE struct fixture f;
	CLEANUP_ERROR struct error key = ERROR_NONE;
	CLEANUP_ERROR struct error wish = ERROR_NONE;
	const struct value *value;
	(void)state;
	fixture_open(&f, "demo", manifest);
	struct call call = with_secret(&f, "name");
	assert_int_equal(action_object(f.arena, &call, &value, &key), -1);
	assert_string_equal(error_text(&key), "demo.act, `object`: the input 'name' is secret and may not stand here");
	call = with_secret(&f, "wish");
	assert_int_equal(action_desired(f.arena, &call, &value, &wish), -1);
	assert_string_equal(error_text(&wish), "demo.act, `desired`: the input 'wish' is secret and may not stand here");
	assert_string_equal(observed(&f, &call), "unobservable: `echo` on box: demo.act, `set`: "
						 "the input 'wish' is secret and may not stand here");
}

static struct call telling(struct fixture *f, const char *password, int code, int lead)
{
	struct value *with = value_map(f->arena);
	value_put(f->arena, with, "password", secret(f->arena, password));
	value_put(f->arena, with, "code", value_int(f->arena, code));
	value_put(f->arena, with, "lead", value_int(f->arena, lead));
	return call_of(f, "demo.tell", with);
}

static void on_output(void *context, bool is_stderr, const char *data, size_t length)
{
	(void)is_stderr, (void)data, (void)length;
	++*(int *)context;
}

static void what_is_said_back_is_redacted(void **state)
{
	CLEANUP_FIXTURE struct fixture f;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct evidence evidence;
	const struct value *outputs;
	int pieces = 0;
	(void)state;
	fixture_open(&f, "demo", manifest);
	struct call call = telling(&f, "s3cret", 0, 0);
	call.on_output = on_output;
	call.context = &pieces;
	assert_int_equal(action_apply(f.arena, &call, NULL, NULL, soon(), &evidence, &outputs, &err), APPLY_DONE);
	assert_string_equal(evidence.output, "•••\nsaid=again\n"); /* the whole stdin is taken for secret */
	assert_non_null(strstr(evidence.command, "  # stdin: •••"));
	assert_null(strstr(evidence.command, "s3cret"));
	assert_string_equal(json_text(f.arena, outputs), "{\"said\":\"•••\"}"); /* as a value it is what it is, and secret */
	assert_string_equal(value_get_text(outputs, "said"), "user=me password=s3cret\nsaid=again");
	assert_int_equal(pieces, 0);
	call = telling(&f, "s3cret", 9, 0);
	assert_int_equal(action_apply(f.arena, &call, NULL, NULL, soon(), &evidence, &outputs, &err), APPLY_FAILED);
	assert_string_equal(error_text(&err), "demo.tell: `sh` on box ended with exit code 9: •••; said=again");
	assert_string_equal(action_diagnose(f.arena, &call, NULL, soon()), "•••");
}

/* The program says lead bytes, then a long secret that begins with password. Nothing of it may be seen. */
static void expect_no_trace(struct fixture *f, int lead, int padding)
{
	static const char password[] = "0123456789abcdefghijklmnop";
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct evidence evidence;
	const struct value *outputs;
	struct call call = telling(f, arena_printf(arena, "%s%*s", password, padding, ""), 0, lead);
	assert_int_equal(action_apply(arena, &call, NULL, NULL, soon(), &evidence, &outputs, &err), APPLY_DONE);
	assert_string_equal(json_text(arena, outputs), "{\"said\":\"•••\"}");
	for (size_t i = 0; i + 4 < sizeof(password); i++)
		assert_null(memmem(evidence.output, strlen(evidence.output), password + i, 4));
	assert_non_null(strstr(evidence.output, "[... cut here; "));
	assert_null(strstr(evidence.output, "SHA-256"));
}

/* The cut of a long output may fall anywhere in the secret, at the end of what is kept before it and at the beginning of what
 * is kept behind. */
static void a_cut_secret_is_gone_too(void **state)
{
	CLEANUP_FIXTURE struct fixture f;
	(void)state;
	fixture_open(&f, "demo", manifest);
	for (int lead = CAPTURE_LIMIT / 2 - 60; lead < CAPTURE_LIMIT / 2 + 4; lead += 9)
		expect_no_trace(&f, lead, CAPTURE_LIMIT / 2);
	for (int padding = CAPTURE_LIMIT / 2 - 60; padding < CAPTURE_LIMIT / 2 + 4; padding += 9)
		expect_no_trace(&f, CAPTURE_LIMIT, padding);
}

static const struct {
	const char *secrets[3];
	const char *text;
	bool cut_before, cut_after;
	const char *expected;
} redactions[] = {
	{{"abc"}, "xabcabcx", false, false, "x••••••x"},
	{{"abc", "abcdef"}, "abcdef abc", false, false, "••• •••"},
	{{"abc"}, "ab", false, false, "ab"},
	{{"abc"}, "xab", false, true, "x•••"},
	{{"abc"}, "bcx", true, false, "•••x"},
	{{"abc"}, "cabx", true, true, "•••abx"},
	{{"ab", "abcd"}, "xabc", false, true, "x•••"},
	{{"abab"}, "abab", false, true, "•••"},
	{{"long line one\nx\nlong line two\n"}, "long line two, x", false, false, "•••, x"},
	{{""}, "abc", false, false, "abc"},
	{{"pä"}, "pä", false, false, "•••"},
	{{"canary"}, "Y2FuYXJ5", false, false, "•••"}, /* base64, */
	{{"canary"}, "Y2Fu\n  YXJ5\n", false, false, "•••\n"},
	{{"canary"}, "eGNhbmFyeQo=", false, false, "eG•••Qo="}, /* of "xcanary\n", what the neighbours have a part in stays */
	{{"canary"}, "eHljYW5hcnk=", false, false, "eHl•••k="},
	{{"canary"}, "xY2FuYX", false, true, "x•••"},
	{{"canary"}, "uYXJ5x", true, false, "•••x"},
	{{"\?\?>>\?\?"}, "Pz8-Pj8_ Pz8+Pj8/", false, false, "••• •••"},
	{{"canary"}, "63616e617279 63 61 6e 61 72 79", false, false, "••• •••"},
	{{"can"}, "Y2Fu 63616e", false, false, "Y2Fu 63616e"},	  /* too short: it would hide too much else */
	{{"a\"b\nc"}, "\"a\\\"b\\nc\"", false, false, "\"•••\""}, /* JSON, with and without what is not ASCII, */
	{{"pä€𝄞"}, "p\\u00e4\\u20ac\\ud834\\udd1e", false, false, "•••"},
	{{"p ä/1"}, "x=p%20%C3%A4%2F1&", false, false, "x=•••&"},
	{{"it's"}, "'it'\\''s'", false, false, "'•••'"},
};

static void every_redaction(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(redactions); i++) {
		CLEANUP_ARENA struct arena *arena = arena_new();
		CLEANUP_BUFFER struct buffer out = {0};
		struct redaction redaction = {0};
		for (size_t s = 0; s < COUNT_OF(redactions[i].secrets) && redactions[i].secrets[s]; s++)
			redaction_add(arena, &redaction, secret(arena, redactions[i].secrets[s]));
		redact(&redaction, redactions[i].text, strlen(redactions[i].text), redactions[i].cut_before,
		       redactions[i].cut_after, &out);
		assert_string_equal(buffer_text(&out), redactions[i].expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(taint_stops_before_anything_runs),
		cmocka_unit_test(taint_in_key_wish_and_state),
		cmocka_unit_test(what_is_said_back_is_redacted),
		cmocka_unit_test(a_cut_secret_is_gone_too),
		cmocka_unit_test(every_redaction),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
