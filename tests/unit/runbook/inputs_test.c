/*
 * inputs_test.c - what a run is given becomes its inputs: conversions, defaults, and every refusal.
 */
#include "tests/unit/runbook/reading.h"

#include <stdlib.h>

static const char inventory[] = "standin: \"1\"\n"
				"hosts: {mail1: {connection: local, vars: {rack: 7}}, mail2: {connection: local}}\n"
				"secrets: {pw: {env: STANDIN_TEST_SECRET}, none: {env: STANDIN_TEST_NOT_SET}}\n";

static const char runbook[] = HEAD "inputs:\n"
				   "  text: {type: string, optional: true, pattern: \"^[a-z]+$\"}\n"
				   "  count: {type: integer, optional: true}\n"
				   "  real: {type: number, optional: true}\n"
				   "  flag: {type: boolean, optional: true}\n"
				   "  wait: {type: duration, optional: true}\n"
				   "  names: {type: list, items: string, optional: true}\n"
				   "  ports: {type: list, items: integer, optional: true}\n"
				   "  options: {type: map, optional: true}\n"
				   "  source: {type: host, optional: true}\n"
				   "  sources: {type: list, items: host, optional: true}\n"
				   "  secret: {type: secret, optional: true}\n"
				   "  mode: {type: string, enum: [fast, safe], optional: true}\n" ONE_STEP;

/* Given (as JSON), and the inputs that are not null, or what is said. */
static const struct {
	const char *given, *inputs, *said;
} runs[] = {
	{"{}", "{}", ""},
	{"{\"text\":\"abc\"}", "{\"text\":\"abc\"}", ""},
	{"{\"text\":null}", "{}", ""},
	{"{\"text\":7}", NULL, "input 'text' must be a string, but is 7"},
	{"{\"text\":\"A1\"}", NULL, "input 'text' must be text that matches ^[a-z]+$, but is \"A1\""},
	{"{\"count\":7}", "{\"count\":7}", ""},
	{"{\"count\":\"-7\"}", "{\"count\":-7}", ""},
	{"{\"count\":\"7.0\"}", NULL, "input 'count' must be an integer, but is \"7.0\""},
	{"{\"count\":\"\"}", NULL, "input 'count' must be an integer, but is \"\""},
	{"{\"count\":\" 7\"}", NULL, "input 'count' must be an integer, but is \" 7\""},
	{"{\"count\":\"0x10\"}", NULL, "input 'count' must be an integer, but is \"0x10\""},
	{"{\"count\":\"9223372036854775808\"}", NULL, "input 'count' must be an integer, but is \"9223372036854775808\""},
	{"{\"count\":1.5}", NULL, "input 'count' must be an integer, but is 1.5"},
	{"{\"real\":\"1.5e3\"}", "{\"real\":1500.0}", ""},
	{"{\"real\":7}", "{\"real\":7}", ""},
	{"{\"real\":\"nan\"}", NULL, "input 'real' must be a number, but is \"nan\""},
	{"{\"real\":\"1e999\"}", NULL, "input 'real' must be a number, but is \"1e999\""},
	{"{\"real\":\"0x1p3\"}", NULL, "input 'real' must be a number, but is \"0x1p3\""},
	{"{\"flag\":\"true\"}", "{\"flag\":true}", ""},
	{"{\"flag\":false}", "{\"flag\":false}", ""},
	{"{\"flag\":\"yes\"}", NULL, "input 'flag' must be true or false, but is \"yes\""},
	{"{\"wait\":\"1h30m\"}", "{\"wait\":\"5400s\"}", ""},
	{"{\"wait\":90}", NULL, "input 'wait' must be a duration, but is 90"},
	{"{\"names\":[\"a\",\"b\"]}", "{\"names\":[\"a\",\"b\"]}", ""},
	{"{\"names\":\"a,b,c\"}", "{\"names\":[\"a\",\"b\",\"c\"]}", ""},
	{"{\"names\":\"a\"}", "{\"names\":[\"a\"]}", ""},
	{"{\"names\":\"\"}", "{\"names\":[]}", ""},
	{"{\"names\":\"[\\\"a,b\\\"]\"}", "{\"names\":[\"a,b\"]}", ""},
	{"{\"names\":7}", NULL, "input 'names' must be a list, but is 7"},
	{"{\"names\":[\"a\",7]}", NULL, "an item of input 'names' must be a string, but is 7"},
	{"{\"ports\":\"25,143\"}", "{\"ports\":[25,143]}", ""},
	{"{\"ports\":\"25,imap\"}", NULL, "an item of input 'ports' must be an integer, but is \"imap\""},
	{"{\"options\":{\"a\":1}}", "{\"options\":{\"a\":1}}", ""},
	{"{\"options\":\"{\\\"a\\\":1}\"}", "{\"options\":{\"a\":1}}", ""},
	{"{\"options\":\"[1]\"}", NULL, "input 'options' must be a map, but is \"[1]\""},
	{"{\"source\":\"mail1\"}",
	 "{\"source\":{\"id\":\"mail1\",\"name\":\"mail1\",\"platform\":\"linux\",\"connection\":\"local\",\"vars\":{\"rack\":"
	 "7}}}",
	 ""},
	{"{\"source\":{\"id\":\"mail2\",\"name\":\"forged\"}}",
	 "{\"source\":{\"id\":\"mail2\",\"name\":\"mail2\",\"platform\":\"linux\",\"connection\":\"local\"}}", ""},
	{"{\"source\":\"mail3\"}", NULL, "input 'source': the inventory has no host 'mail3'"},
	{"{\"source\":7}", NULL, "input 'source' must be the id of a host, but is 7"},
	{"{\"sources\":\"mail2\"}",
	 "{\"sources\":[{\"id\":\"mail2\",\"name\":\"mail2\",\"platform\":\"linux\",\"connection\":\"local\"}]}", ""},
	{"{\"sources\":\"mail2,mail3\"}", NULL, "input 'sources': the inventory has no host 'mail3'"},
	{"{\"secret\":\"pw\"}", "{\"secret\":\"•••\"}", ""},
	{"{\"secret\":\"none\"}", NULL,
	 "input 'secret': secret 'none': the environment variable STANDIN_TEST_NOT_SET is not set"},
	{"{\"secret\":\"other\"}", NULL, "input 'secret': the inventory declares no secret 'other'"},
	{"{\"mode\":\"safe\"}", "{\"mode\":\"safe\"}", ""},
	{"{\"mode\":\"sage\"}", NULL, "input 'mode' must be one of [\"fast\",\"safe\"], but is \"sage\""},
	{"{\"sorce\":\"mail1\"}", NULL, "the runbook mail/failover has no input 'sorce'"},
};

static const struct value *without_nulls(struct arena *arena, const struct value *inputs)
{
	struct value *some = value_map(arena);
	for (size_t i = 0; i < inputs->map.count; i++)
		if (inputs->map.entries[i].value->type != VALUE_NULL)
			value_put_key(arena, some, inputs->map.entries[i].key, inputs->map.entries[i].value);
	return some;
}

static void given_inputs(void **state)
{
	(void)state;
	CLEANUP_READING struct reading reading;
	reading_open(&reading);
	setenv("STANDIN_TEST_SECRET", "hush", 1);
	must_read(&reading, inventory, runbook);
	for (size_t i = 0; i < COUNT_OF(runs); i++) {
		const struct value *given, *inputs = NULL;
		diagnostics_init(&reading.diagnostics, reading.arena);
		assert_int_equal(json_parse(reading.arena, runs[i].given, strlen(runs[i].given), &given, NULL), 0);
		int result =
			runbook_inputs(reading.arena, reading.runbook, reading.inventory, given, &inputs, &reading.diagnostics);
		const char *text = reading.diagnostics.count ? reading.diagnostics.items[0].message : "";
		if (strcmp(text, runs[i].said) != 0 || reading.diagnostics.count > 1 || result != (*text ? -1 : 0))
			fail_msg("%s: '%s' instead of '%s'", runs[i].given, text, runs[i].said);
		if (result == 0)
			assert_string_equal(json_text(reading.arena, without_nulls(reading.arena, inputs)), runs[i].inputs);
	}
}

static void defaults_and_what_is_required(void **state)
{
	(void)state;
	CLEANUP_READING struct reading reading;
	const struct value *inputs;
	reading_open(&reading);
	must_read(&reading, inventory,
		  HEAD "inputs:\n  a: {type: duration, default: 5m}\n  b: {type: string}\n  c: {type: string, optional: true}\n"
		       "  d: {type: host}\n" ONE_STEP);
	struct value *given = value_map(reading.arena);
	assert_int_equal(runbook_inputs(reading.arena, reading.runbook, reading.inventory, NULL, &inputs, &reading.diagnostics),
			 -1);
	assert_string_equal(said(&reading),
			    "6:3: input 'b' is required [input/type]\n8:3: input 'd' is required [input/type]\n");
	value_put(reading.arena, given, "b", value_string(reading.arena, ""));
	value_put(reading.arena, given, "d", value_string(reading.arena, "mail2"));
	value_put(reading.arena, given, "a", value_string(reading.arena, "1s"));
	assert_int_equal(
		runbook_inputs(reading.arena, reading.runbook, reading.inventory, given, &inputs, &reading.diagnostics), 0);
	assert_string_equal(value_get_text(value_get(inputs, "d"), "id"), "mail2");
	assert_int_equal(value_nanoseconds(value_get(inputs, "a")), 1000000000);
	assert_int_equal(value_get(inputs, "c")->type, VALUE_NULL);
	assert_string_equal(value_get_text(inputs, "b"), "");
}

static void a_long_wrong_value_is_not_repeated(void **state)
{
	(void)state;
	CLEANUP_READING struct reading reading;
	const struct value *inputs;
	reading_open(&reading);
	must_read(&reading, inventory, runbook);
	struct value *given = value_map(reading.arena);
	value_put(reading.arena, given, "flag", value_taint(reading.arena, value_string(reading.arena, "hush")));
	value_put(reading.arena, given, "count", value_printf(reading.arena, "%0100dx", 1));
	assert_int_equal(
		runbook_inputs(reading.arena, reading.runbook, reading.inventory, given, &inputs, &reading.diagnostics), -1);
	assert_string_equal(said(&reading), "6:3: input 'count' must be an integer, but is a string [input/type]\n"
					    "8:3: input 'flag' is given a secret [input/type]\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(given_inputs),
		cmocka_unit_test(defaults_and_what_is_required),
		cmocka_unit_test(a_long_wrong_value_is_not_repeated),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
