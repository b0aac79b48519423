/*
 * runbook_test.c - what a text becomes: keys, blocks, defaults. What is wrong with one: tests/cases/validate.
 */
#include "tests/unit/runbook/reading.h"

#include "engine/base/clock.h"

static const char full[] = HEAD "summary: Bring mail up\n"
				"objectives: {rto: 15m}\n"
				"lock: [mail, dns, ad]\n"
				"inputs:\n"
				"  services: {type: list, items: string, default: [postfix], description: in order}\n"
				"  mode: {type: string, enum: [fast, safe], pattern: \"^[a-z]+$\", optional: true}\n"
				"preflight:\n"
				"  - {uses: host.reachable, host: mail1, expect: result.reachable, hint: Plug it in}\n"
				"steps:\n"
				"  - uses: core.log\n"
				"    with: {message: hello}\n"
				"  - group: Start\n"
				"    id: services\n"
				"    host: mail2\n"
				"    timeout: 10m\n"
				"    retry: {attempts: 3, delay: 20s, backoff: 1.5, max_delay: 2m}\n"
				"    steps:\n"
				"      - foreach: ${{ inputs.services }}\n"
				"        as: service\n"
				"        id: start\n"
				"        uses: service.start\n"
				"        with: {name: \"${{ service }}\"}\n"
				"        if: inputs.mode == \"safe\"\n"
				"        retry: {attempts: 2}\n"
				"        poll: 250ms\n"
				"        outputs: {state: \"${{ result.state }}\"}\n"
				"    rescue: [{uses: core.log, with: {message: a}}, {uses: core.log, with: {message: b}}]\n"
				"    finally: [{uses: core.log, with: {message: c}}]\n"
				"finally: [{uses: core.log, with: {message: d}}]\n"
				"outputs: {done: \"${{ run.id }}\"}\n";

static void the_head(void **state)
{
	(void)state;
	CLEANUP_READING struct reading reading;
	reading_open(&reading);
	must_read(&reading, NULL, full);
	const struct runbook *runbook = reading.runbook;
	assert_string_equal(runbook->name, "mail/failover");
	assert_string_equal(runbook->kind, "failover");
	assert_string_equal(runbook->summary, "Bring mail up");
	assert_int_equal(runbook->rto, 900 * NSEC_PER_SEC);
	assert_int_equal(runbook->rpo, 0);
	assert_string_equal(json_text(reading.arena, runbook->objectives), "{\"rto\":\"900s\"}");
	assert_int_equal(runbook->locks_count, 3); /* sorted: two runs cannot each wait for the other */
	assert_string_equal(runbook->locks[0], "ad");
	assert_string_equal(runbook->locks[1], "dns");
	assert_string_equal(runbook->locks[2], "mail");
	assert_int_equal(runbook->outputs_count, 1);
	assert_string_equal(runbook->outputs[0].name, "done");
	assert_string_equal(runbook->source->name, "runbook.yaml");
}

static void the_inputs(void **state)
{
	(void)state;
	CLEANUP_READING struct reading reading;
	reading_open(&reading);
	must_read(&reading, NULL, full);
	const struct input *services = &reading.runbook->inputs[0], *mode = &reading.runbook->inputs[1];
	assert_int_equal(reading.runbook->inputs_count, 2);
	assert_string_equal(services->name, "services");
	assert_int_equal(services->type, INPUT_LIST);
	assert_int_equal(services->items, INPUT_STRING);
	assert_string_equal(services->description, "in order");
	assert_false(services->optional);
	assert_string_equal(json_text(reading.arena, services->default_value), "[\"postfix\"]");
	assert_int_equal(mode->type, INPUT_STRING);
	assert_true(mode->optional);
	assert_null(mode->default_value);
	assert_string_equal(mode->pattern, "^[a-z]+$");
	assert_string_equal(json_text(reading.arena, mode->allowed), "[\"fast\",\"safe\"]");
}

static bool collect(void *context, const struct step *step, unsigned depth)
{
	struct buffer *keys = context;
	buffer_printf(keys, "%u:%s ", depth, step->key);
	return strcmp(step->key, "2.rescue.1") != 0 || !strstr(buffer_text(keys), "stop");
}

static void every_place_has_its_key(void **state)
{
	(void)state;
	CLEANUP_READING struct reading reading;
	CLEANUP_BUFFER struct buffer keys = {0}, some = {0};
	reading_open(&reading);
	must_read(&reading, NULL, full);
	runbook_visit(reading.runbook, collect, &keys);
	assert_string_equal(buffer_text(&keys),
			    "0:preflight.1 0:1 0:2 1:2.1 1:2.rescue.1 1:2.rescue.2 1:2.finally.1 0:finally.1 ");
	buffer_add(&some, "stop ");
	runbook_visit(reading.runbook, collect, &some);
	assert_string_equal(buffer_text(&some), "stop 0:preflight.1 0:1 0:2 1:2.1 1:2.rescue.1 ");
	assert_string_equal(runbook_step(reading.runbook, "2.rescue.2")->uses, "core.log");
	assert_string_equal(runbook_step(reading.runbook, "start")->key, "2.1");
	assert_string_equal(runbook_step(reading.runbook, "services")->key, "2");
	assert_null(runbook_step(reading.runbook, "3"));
}

static void a_group(void **state)
{
	(void)state;
	CLEANUP_READING struct reading reading;
	reading_open(&reading);
	must_read(&reading, NULL, full);
	const struct step *group = runbook_step(reading.runbook, "2");
	assert_int_equal(group->form, STEP_GROUP);
	assert_null(group->uses);
	assert_string_equal(group->id, "services");
	assert_int_equal(group->timeout, 600 * NSEC_PER_SEC);
	assert_int_equal(group->retry.attempts, 3);
	assert_int_equal(group->retry.delay, 20 * NSEC_PER_SEC);
	assert_true(group->retry.backoff == 1.5);
	assert_int_equal(group->retry.max_delay, 120 * NSEC_PER_SEC);
	assert_int_equal(group->steps.count, 1);
	assert_int_equal(group->rescue.count, 2);
	assert_int_equal(group->finally.count, 1);
	assert_non_null(group->host);
}

static void an_action(void **state)
{
	(void)state;
	CLEANUP_READING struct reading reading;
	reading_open(&reading);
	must_read(&reading, NULL, full);
	const struct step *step = runbook_step(reading.runbook, "start"), *plain = runbook_step(reading.runbook, "1");
	assert_int_equal(step->form, STEP_ACTION);
	assert_string_equal(step->uses, "service.start");
	assert_string_equal(step->as, "service");
	assert_string_equal(step->condition_text, "inputs.mode == \"safe\"");
	assert_int_equal(step->retry.attempts, 2);
	assert_int_equal(step->retry.delay, NSEC_PER_SEC);
	assert_true(step->retry.backoff == 1);
	assert_int_equal(step->retry.max_delay, CLOCK_FOREVER);
	assert_int_equal(step->poll, 250 * NSEC_PER_MSEC);
	assert_int_equal(step->outputs_count, 1);
	assert_string_equal(step->outputs[0].name, "state");
	assert_true(step->foreach && step->with && step->condition);
	assert_null(plain->id);
	assert_null(plain->name);
	assert_null(plain->condition);
	assert_null(plain->foreach);
	assert_int_equal(plain->retry.attempts, 1);
	assert_int_equal(plain->timeout, 0);
	assert_string_equal(plain->as, "item");
	const struct step *probe = runbook_step(reading.runbook, "preflight.1");
	assert_string_equal(probe->expect_text, "result.reachable");
	assert_non_null(probe->hint);
	assert_null(probe->until);
}

static void one_lock_or_none(void **state)
{
	(void)state;
	CLEANUP_READING struct reading reading;
	reading_open(&reading);
	must_read(&reading, NULL, HEAD "lock: mail\n" ONE_STEP);
	assert_int_equal(reading.runbook->locks_count, 1);
	assert_string_equal(reading.runbook->locks[0], "mail");
	must_read(&reading, NULL, HEAD ONE_STEP);
	assert_int_equal(reading.runbook->locks_count, 0);
	assert_int_equal(reading.runbook->inputs_count, 0);
	assert_int_equal(reading.runbook->finally.count, 0);
}

static void what_there_is_of_a_wrong_one(void **state)
{
	(void)state;
	CLEANUP_READING struct reading reading;
	reading_open(&reading);
	assert_int_equal(read_runbook(&reading, HEAD "stpes: []\n"), -1);
	assert_non_null(reading.runbook); /* more can be said about the rest of it, but it can never be executed */
	assert_true(reading.runbook->misshapen);
	assert_int_equal(read_runbook(&reading, HEAD "\t"), -1);
	assert_null(reading.runbook);
	assert_int_equal(read_runbook(&reading, HEAD "steps: [{uses: core.log, if: nothing}]\n"), -1);
	assert_non_null(reading.runbook);
	assert_false(reading.runbook->misshapen); /* only a name is wrong */
	assert_int_equal(runbook_read(reading.arena, "/nonexistent.yaml", NULL, &reading.runbook, &reading.diagnostics), -1);
	assert_null(reading.runbook);
}

static void names_of_types(void **state)
{
	(void)state;
	static const char *const names[] = {"string", "integer", "number", "boolean", "duration",
					    "list",   "map",	 "host",   "secret"};
	for (size_t i = 0; i < COUNT_OF(names); i++)
		assert_string_equal(input_type_name((enum input_type)i), names[i]);
	assert_int_equal(COUNT_OF(names), INPUT_SECRET + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_head),
		cmocka_unit_test(the_inputs),
		cmocka_unit_test(every_place_has_its_key),
		cmocka_unit_test(a_group),
		cmocka_unit_test(an_action),
		cmocka_unit_test(one_lock_or_none),
		cmocka_unit_test(what_there_is_of_a_wrong_one),
		cmocka_unit_test(names_of_types),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
