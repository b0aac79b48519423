/*
 * error_test.c - what an error says after it has come all the way up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "engine/base/error.h"
#include "engine/base/memory.h"

static void an_error_is_filled_wrapped_and_hinted(void **state)
{
	(void)state;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	assert_string_equal(error_text(&err), "");
	assert_int_equal(error_set(&err, ERROR_LOCKED, "the lock %s is held", "mail"), -1);
	assert_int_equal(error_hint(&err, "resume it: standin resume %d", 7), -1);
	assert_int_equal(error_hint(&err, "a hint from further up"), -1);
	assert_int_equal(error_wrap(&err, "step %d", 3), -1);
	assert_int_equal(error_wrap(&err, "run"), -1);
	assert_int_equal(err.code, ERROR_LOCKED);
	assert_string_equal(error_text(&err), "run: step 3: the lock mail is held");
	assert_string_equal(err.hint, "resume it: standin resume 7");
}

static void filling_again_replaces_all_of_it(void **state)
{
	(void)state;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	error_set(&err, ERROR_IO, "disk");
	error_hint(&err, "old hint");
	error_set(&err, ERROR_LIMIT, "first it said: %s", err.message); /* its own text may be quoted */
	assert_int_equal(err.code, ERROR_LIMIT);
	assert_string_equal(err.message, "first it said: disk");
	assert_null(err.hint);
}

static void nothing_to_fill_or_to_wrap(void **state)
{
	(void)state;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	assert_int_equal(error_set(NULL, ERROR_IO, "x"), -1);
	assert_int_equal(error_set_errno(NULL, EIO, "x"), -1);
	assert_int_equal(error_wrap(NULL, "x"), -1);
	assert_int_equal(error_hint(NULL, "x"), -1);
	assert_string_equal(error_text(NULL), "");
	assert_int_equal(error_wrap(&err, "x"), -1);
	assert_int_equal(err.code, ERROR_OK);
	assert_null(err.message);
}

static const struct {
	int number;
	enum error_code code;
	const char *message, *hint;
} numbers[] = {
	{ENOENT, ERROR_NOT_FOUND, "cannot open f: No such file or directory", NULL},
	{EACCES, ERROR_IO, "cannot open f: Permission denied", NULL},
	{ENOSPC, ERROR_IO, "cannot open f: No space left on device", "free space on this file system, then go on"},
	{EDQUOT, ERROR_IO, "cannot open f: Disk quota exceeded", "free space on this file system, then go on"},
};

static void error_numbers_become_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		CLEANUP_ERROR struct error err = ERROR_NONE;
		assert_int_equal(error_set_errno(&err, numbers[i].number, "cannot open %s", "f"), -1);
		assert_int_equal(err.code, numbers[i].code);
		assert_string_equal(err.message, numbers[i].message);
		if (numbers[i].hint)
			assert_string_equal(err.hint, numbers[i].hint);
		else
			assert_null(err.hint);
	}
}

static void moving_hands_over(void **state)
{
	(void)state;
	CLEANUP_ERROR struct error from = ERROR_NONE, to = ERROR_NONE;
	error_set(&to, ERROR_IO, "old");
	error_set(&from, ERROR_TIMEOUT, "new");
	error_move(&to, &from);
	assert_string_equal(to.message, "new");
	assert_int_equal(to.code, ERROR_TIMEOUT);
	assert_null(from.message);
	assert_int_equal(from.code, ERROR_OK);
	error_move(NULL, &to);
	assert_null(to.message);
}

/* Machines read these names in journals: they never change. */
static const char *const names[] = {
	[ERROR_OK] = "ok",
	[ERROR_INVALID] = "invalid",
	[ERROR_NOT_FOUND] = "not_found",
	[ERROR_IO] = "io",
	[ERROR_CONNECTION] = "connection",
	[ERROR_IDENTITY] = "identity_mismatch",
	[ERROR_TIMEOUT] = "timeout",
	[ERROR_CONFLICT] = "conflict",
	[ERROR_LOCKED] = "locked",
	[ERROR_CANCELLED] = "cancelled",
	[ERROR_CORRUPT] = "corrupt",
	[ERROR_LIMIT] = "limit",
	[ERROR_FAILED] = "failed",
	[ERROR_REFUSED] = "refused",
};

static void every_code_has_its_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++)
		assert_string_equal(error_code_name((enum error_code)i), names[i]);
	assert_string_equal(error_code_name((enum error_code)COUNT_OF(names)), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_error_is_filled_wrapped_and_hinted),
		cmocka_unit_test(filling_again_replaces_all_of_it),
		cmocka_unit_test(nothing_to_fill_or_to_wrap),
		cmocka_unit_test(error_numbers_become_words),
		cmocka_unit_test(moving_hands_over),
		cmocka_unit_test(every_code_has_its_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
