/*
 * names_test.c - scopes and the order of steps, where the words do not matter but the place does. The words:
 * tests/cases/validate.
 */
#include "tests/unit/runbook/reading.h"

#define LOG(text)	 "{uses: core.log, with: {message: \"" text "\"}}"
#define LOG_AS(id, text) "{id: " id ", uses: core.log, with: {message: \"" text "\"}}"

static const struct {
	const char *body, *said;
} runbooks[] = {
	/* what has ended can be referred to, from wherever it stands */
	{"preflight: [" LOG_AS("a", "x") "]\nsteps: [" LOG("${{ steps.a.outcome }}") "]\n", ""},
	{"steps:\n- group: g\n  steps: [" LOG_AS("a", "x") "]\n  rescue: [" LOG("${{ steps.a.outcome }}") "]\n  finally: [" LOG(
		 "${{ steps.a.outcome }}") "]\n",
	 ""},
	{"steps: [" LOG_AS("a",
			   "x") "]\nfinally: [" LOG("${{ steps.a.outcome }}") "]\noutputs: {o: \"${{ steps.a.outcome }}\"}\n",
	 ""},
	{"steps:\n- group: g\n  id: g\n  steps: [" LOG("x") "]\n- " LOG("${{ steps.g.outcome }}") "\n", ""},
	/* what has not, cannot */
	{"preflight: [" LOG("${{ steps.a.outcome }}") "]\nsteps: [" LOG_AS("a", "x") "]\n",
	 "4:57: the step 'a' has not ended here [names/later]\n"},
	{"steps:\n- group: g\n  id: g\n  steps: [" LOG("${{ steps.g.outcome }}") "]\n",
	 "7:55: the step 'g' has not ended here [names/later]\n"},
	{"steps: [" LOG_AS("a", "${{ steps.a.outcome }}") "]\n", "4:60: the step 'a' has not ended here [names/later]\n"},
	/* an item is seen inside only, and by all that stands there */
	{"steps:\n- group: \"${{ m }}\"\n  foreach: [1]\n  as: m\n  if: m > 0\n  host: \"${{ m }}\"\n  steps: [" LOG(
		 "${{ m }}") "]\n  rescue: [" LOG("${{ m }}") "]\n",
	 ""},
	{"steps:\n- foreach: \"${{ [m] }}\"\n  as: m\n  uses: core.log\n  with: {message: a}\n",
	 "5:18: unknown name 'm' [names/unknown]\n"},
	{"steps:\n- foreach: [1]\n  as: m\n  uses: core.log\n  with: {message: a}\n- " LOG("${{ m }}") "\n",
	 "9:41: unknown name 'm' [names/unknown]\n"},
	{"steps:\n- foreach: [1]\n  uses: core.log\n  with: {message: \"${{ item }}\"}\n", ""},
	{"steps: [" LOG("${{ item }}") "]\n", "4:47: unknown name 'item' [names/unknown]\n"},
	{"steps:\n- group: a\n  foreach: [1]\n  as: m\n  steps:\n  - {foreach: [1], as: m, uses: core.log, with: {message: "
	 "a}}\n",
	 "9:24: the item's name 'm' would hide a name that is already there [names/shadow]\n"},
	{"steps:\n- foreach: [1]\n  as: hosts\n  uses: core.log\n  with: {message: a}\n",
	 "6:7: the item's name 'hosts' would hide a name that is already there [names/shadow]\n"},
	/* names bound inside of an expression are its own */
	{"steps:\n- uses: core.log\n  with: {message: a}\n  if: '[1, 2].exists(x, x > 1)'\n", ""},
	{"steps:\n- uses: core.log\n  with: {message: a}\n  if: '[1, 2].exists(x, y > 1)'\n",
	 "7:25: unknown name 'y' [names/unknown]\n"},
	/* a name without what stands behind its dot says nothing that could be checked */
	{"steps: [" LOG("${{ size(inputs) + size(steps) }}") "]\n", ""},
	/* result: where there is one */
	{"steps: [{uses: host.reachable, until: result.a, expect: result.b, hint: \"${{ result.c }}\", outputs: {o: \"${{ "
	 "result.d }}\"}}]\n",
	 ""},
	{"steps: [{uses: host.reachable, name: \"${{ result.a }}\"}]\n", "4:43: 'result' is not visible here [names/result]\n"},
	{"steps: [" LOG("a") "]\noutputs: {o: \"${{ result.a }}\"}\n", "5:19: 'result' is not visible here [names/result]\n"},
	{"steps: [" LOG_AS("a", "x") ", " LOG_AS("a", "y") "]\n", "4:61: the id 'a' is used twice [names/duplicate-id]\n"},
};

static void scopes_and_order(void **state)
{
	(void)state;
	int wrong = 0;
	for (size_t i = 0; i < COUNT_OF(runbooks); i++) {
		CLEANUP_READING struct reading reading;
		reading_open(&reading);
		int result = read_runbook(&reading, arena_printf(reading.arena, "%s%s", HEAD, runbooks[i].body));
		const char *text = said(&reading);
		if (strcmp(text, runbooks[i].said) != 0 && ++wrong)
			print_error("%sexpected: %s\ngot: %s", runbooks[i].body, runbooks[i].said, text);
		assert_int_equal(result, *text ? -1 : 0);
	}
	assert_int_equal(wrong, 0);
}

#define SECRETIVE                                                                                                              \
	HEAD "inputs: {source: {type: host, default: mail9}, pw: {type: secret, default: nothing}}\n"                          \
	     "steps: [{uses: host.reachable, host: mail9, via: mail8, if: hosts.mail7.name == string(secrets.none)}]\n"

static void without_an_inventory_hosts_and_secrets_pass(void **state)
{
	(void)state;
	CLEANUP_READING struct reading reading;
	reading_open(&reading);
	must_read(&reading, NULL, SECRETIVE);
	must_read(&reading, "standin: \"1\"\nhosts: {mail1: {connection: local}}\n", NULL);
	assert_int_equal(read_runbook(&reading, SECRETIVE), -1);
	assert_string_equal(said(&reading),
			    "4:40: input 'source': the inventory has no host 'mail9' [input/unknown-host]\n"
			    "4:76: input 'pw': the inventory declares no secret 'nothing' [input/unknown-secret]\n"
			    "5:38: the inventory has no host 'mail9' [names/host]\n"
			    "5:50: the inventory has no host 'mail8' [names/host]\n"
			    "5:67: the inventory has no host 'mail7' [names/host]\n"
			    "5:96: the inventory declares no secret 'none' [names/secret]\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scopes_and_order),
		cmocka_unit_test(without_an_inventory_hosts_and_secrets_pass),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
