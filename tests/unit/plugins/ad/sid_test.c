/*
 * sid_test.c - security identifiers from bytes: known ones, and what is none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "plugins/ad/sid.h"

/* Those of [MS-DTYP] 2.4.2.4 (well-known SIDs), and one of a domain. */
static const struct {
	const char *text;
	unsigned char bytes[28];
	size_t length;
} vectors[] = {
	{"S-1-0-0", {1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 12},
	{"S-1-1-0", {1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0}, 12},
	{"S-1-5-11", {1, 1, 0, 0, 0, 0, 0, 5, 11, 0, 0, 0}, 12},
	{"S-1-5-32-544", {1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0}, 16},
	{"S-1-5-21-3623811015-3361044348-30300820-1013",
	 {1,	5,    0,    0,	  0,	0,    0,    5,	  21,	0,    0,    0, 0xc7, 0xf7,
	  0xfe, 0xd7, 0x7c, 0x77, 0x55, 0xc8, 0x94, 0x5a, 0xce, 0x01, 0xf5, 3, 0,    0},
	 28},
	{"S-1-281474976710655-4294967295", {1, 1, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}, 12},
	{"S-1-5", {1, 0, 0, 0, 0, 0, 0, 5}, 8},
};

/* In memory that ends where they end: a sanitizer sees a byte too far. */
static unsigned char *exactly(const void *bytes, size_t length)
{
	unsigned char *copy = malloc(length ? length : 1);
	assert_non_null(copy);
	memcpy(copy, bytes, length);
	return copy;
}

static void known_ones(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(vectors); i++) {
		char text[SID_SIZE];
		CLEANUP_FREE unsigned char *bytes = exactly(vectors[i].bytes, vectors[i].length);
		assert_true(sid_text(bytes, vectors[i].length, text));
		assert_string_equal(text, vectors[i].text);
		assert_int_equal(sid_length(bytes, vectors[i].length), vectors[i].length);
	}
}

static void the_longest_fits(void **state)
{
	(void)state;
	unsigned char bytes[8 + 15 * 4];
	char text[SID_SIZE];
	memset(bytes, 0xff, sizeof(bytes));
	bytes[0] = 1;
	bytes[1] = 15;
	assert_true(sid_text(bytes, sizeof(bytes), text));
	assert_int_equal(strlen(text), strlen("S-1-281474976710655") + 15 * strlen("-4294967295"));
	bytes[1] = 16;
	assert_false(sid_text(bytes, sizeof(bytes), text));
}

static void cut_anywhere_it_is_none(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(vectors); i++) {
		for (size_t length = 0; length < vectors[i].length; length++) {
			char text[SID_SIZE];
			CLEANUP_FREE unsigned char *bytes = exactly(vectors[i].bytes, length);
			assert_int_equal(sid_length(bytes, length), 0);
			assert_false(sid_text(bytes, length, text));
		}
	}
}

static void more_bytes_than_it_says_or_another_revision(void **state)
{
	(void)state;
	unsigned char bytes[16] = {1, 1, 0, 0, 0, 0, 0, 5, 11, 0, 0, 0};
	char text[SID_SIZE];
	assert_int_equal(sid_length(bytes, sizeof(bytes)), 12); /* what follows is another's */
	assert_false(sid_text(bytes, sizeof(bytes), text));
	bytes[0] = 2;
	assert_int_equal(sid_length(bytes, 12), 0);
}

static void of_a_domain(void **state)
{
	(void)state;
	assert_true(sid_is_of("S-1-5-21-1-2-3-1103", "S-1-5-21-1-2-3"));
	assert_false(sid_is_of("S-1-5-21-1-2-31-1103", "S-1-5-21-1-2-3"));
	assert_false(sid_is_of("S-1-5-21-1-2-3", "S-1-5-21-1-2-3"));
	assert_false(sid_is_of("S-1-5-21-1-2-3-", "S-1-5-21-1-2-3"));
	assert_false(sid_is_of("S-1-5-21-1-2-3-4-5", "S-1-5-21-1-2-3"));
	assert_false(sid_is_of("S-1-5-32-544", "S-1-5-21-1-2-3"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_ones),
		cmocka_unit_test(the_longest_fits),
		cmocka_unit_test(cut_anywhere_it_is_none),
		cmocka_unit_test(more_bytes_than_it_says_or_another_revision),
		cmocka_unit_test(of_a_domain),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
