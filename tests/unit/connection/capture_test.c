/*
 * capture_test.c - what is kept of a stream, for lengths around every boundary and in pieces of many sizes.
 */
#include "engine/connection/capture.h"

#include "engine/base/hash.h"
#include "support.h"

static char pattern(size_t at)
{
	return (char)('a' + (at * 7 + at / 251) % 26);
}

static void check(size_t total, size_t piece)
{
	CLEANUP_FREE char *all = memory_alloc(total + 1);
	struct capture capture;
	struct capture_writer writer;
	char digest[HASH_HEX_SIZE];
	for (size_t i = 0; i < total; i++)
		all[i] = pattern(i);
	capture_start(&writer, &capture);
	for (size_t at = 0; at < total; at += piece)
		capture_write(&writer, all + at, piece < total - at ? piece : total - at);
	capture_finish(&writer);
	hash_hex(all, total, digest);
	size_t kept = total < CAPTURE_LIMIT ? total : CAPTURE_LIMIT;
	size_t head = total > CAPTURE_LIMIT ? CAPTURE_LIMIT / 2 : total;
	assert_int_equal(capture.total, total);
	assert_int_equal(capture.length, kept);
	assert_int_equal(capture.head, head);
	assert_memory_equal(capture.data, all, head);
	assert_memory_equal(capture.data + head, all + total - (kept - head), kept - head);
	assert_int_equal(capture.data[kept], 0);
	assert_string_equal(capture.digest, digest);
	free(capture.data);
}

static void test_boundaries(void **state)
{
	(void)state;
	static const size_t totals[] = {0,     1,     255,   256,   257,   32767,  32768,  32769,  65535,
					65536, 65537, 98303, 98304, 98305, 131072, 131073, 500000, 1048577};
	static const size_t pieces[] = {1, 1000, 32768, 65536, 65537, 100000, 2000000};
	for (size_t i = 0; i < COUNT_OF(totals); i++)
		for (size_t j = 0; j < COUNT_OF(pieces); j++)
			check(totals[i], pieces[j]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_boundaries)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
