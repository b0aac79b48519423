/*
 * secret_test.c - secrets from where the inventory says they are: tainted, read anew each time, never quoted in an error.
 */
#include "tests/unit/runbook/reading.h"

#include <stdlib.h>
#include <unistd.h>

#include "engine/base/file.h"

static struct inventory *declare(struct reading *reading, const char *secret)
{
	const char *text = arena_printf(reading->arena, "standin: \"1\"\nhosts: {}\nsecrets: {pw: %s}\n", secret);
	must_read(reading, text, NULL);
	return reading->inventory;
}

/* Source of the secret; its text, or the error and its hint. */
static const struct {
	const char *secret, *text, *message, *hint;
} sources[] = {
	{"{env: STANDIN_TEST_SECRET}", "from env", NULL, NULL},
	{"{env: STANDIN_TEST_EMPTY}", "", NULL, NULL},
	{"{env: STANDIN_TEST_NOT_SET}", NULL, "secret 'pw': the environment variable STANDIN_TEST_NOT_SET is not set",
	 "set it for this command only: STANDIN_TEST_NOT_SET=... standin ..."},
	{"{file: /tmp/standin-secret-test}", "from\nfile", NULL, NULL}, /* only the last newline goes */
	{"{file: /nonexistent/secret}", NULL, "secret 'pw': cannot open /nonexistent/secret: No such file or directory", NULL},
	{"{command: [printf, \"from command\\n\\n\"]}", "from command\n", NULL, NULL},
	{"{command: [sh, -c, \"cat; echo quoted-secret >&2; printf x\"]}", "x", NULL, NULL}, /* its stdin is empty */
	{"{command: [sh, -c, \"echo quoted-secret; exit 3\"]}", NULL, "secret 'pw': its command sh ended with exit code 3",
	 "run it by hand to see why"},
	{"{command: [sh, -c, \"head -c 200000 /dev/zero >&2; printf x\"]}", "x", NULL, NULL},
	{"{command: [sh, -c, \"kill -TERM $$\"]}", NULL, "secret 'pw': its command sh was ended by SIGTERM",
	 "run it by hand to see why"},
	{"{command: [sh, -c, \"sleep 20 >&2 & printf x\"]}", "x", NULL, NULL}, /* what it leaves running is not waited for */
	{"{command: [no-such-program]}", NULL, "secret 'pw': cannot run no-such-program: No such file or directory",
	 "is it installed, and in PATH?"},
	{"{command: [head, -c, \"70000\", /dev/zero]}", NULL, "secret 'pw': its command printed more than 65536 bytes", NULL},
	{"{command: [printf, \"a\\\\377b\"]}", NULL, "secret 'pw' is not valid UTF-8", NULL},
};

static void every_source(void **state)
{
	(void)state;
	setenv("STANDIN_TEST_SECRET", "from env", 1);
	setenv("STANDIN_TEST_EMPTY", "", 1);
	assert_int_equal(file_write_durable("/tmp/standin-secret-test", "from\nfile\n", 10, 0600, NULL), 0);
	for (size_t i = 0; i < COUNT_OF(sources); i++) {
		CLEANUP_READING struct reading reading;
		CLEANUP_ERROR struct error err = ERROR_NONE;
		const struct value *value = NULL;
		reading_open(&reading);
		int result = secret_read(reading.arena, declare(&reading, sources[i].secret), "pw", &value, &err);
		if (result != (sources[i].text ? 0 : -1))
			fail_msg("%s: %s", sources[i].secret, result ? error_text(&err) : value_text(value));
		if (result == 0) {
			assert_string_equal(value_text(value), sources[i].text);
			assert_true(value->secret);
			assert_string_equal(json_text(reading.arena, value), "\"•••\"");
			continue;
		}
		assert_string_equal(error_text(&err), sources[i].message);
		assert_string_equal(err.hint ? err.hint : "", sources[i].hint ? sources[i].hint : "");
	}
	unlink("/tmp/standin-secret-test");
}

static void nothing_is_remembered(void **state)
{
	(void)state;
	CLEANUP_READING struct reading reading;
	const struct value *value;
	reading_open(&reading);
	const struct inventory *inventory = declare(&reading, "{env: STANDIN_TEST_SECRET}");
	setenv("STANDIN_TEST_SECRET", "first", 1);
	assert_int_equal(secret_read(reading.arena, inventory, "pw", &value, NULL), 0);
	assert_string_equal(value_text(value), "first");
	setenv("STANDIN_TEST_SECRET", "second", 1);
	assert_int_equal(secret_read(reading.arena, inventory, "pw", &value, NULL), 0);
	assert_string_equal(value_text(value), "second");
}

static void one_that_is_not_declared(void **state)
{
	(void)state;
	CLEANUP_READING struct reading reading;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	const struct value *value = NULL;
	reading_open(&reading);
	assert_int_equal(secret_read(reading.arena, declare(&reading, "{env: A}"), "other", &value, &err), -1);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
	assert_string_equal(error_text(&err), "the inventory declares no secret 'other'");
	assert_null(value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_source),
		cmocka_unit_test(nothing_is_remembered),
		cmocka_unit_test(one_that_is_not_declared),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
