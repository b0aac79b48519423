/*
 * digest_test.c - one content has one digest, however it comes; and each block its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/replica/format/digest.h"

static uint8_t content[300000];
static const size_t lengths[] = {0, 1, 4095, 4096, 4097, 65535, 65536, 65537, 131072, 300000};

static void fill(void)
{
	srandom(7);
	for (size_t i = 0; i < sizeof(content); i++)
		content[i] = (uint8_t)random();
	memset(content + 8192, 0, 100000); /* zeros that begin and end in the midst of regions */
}

static void test_pieces_do_not_matter(void **state)
{
	static const size_t pieces[] = {1, 7, 4096, 5000, 65536, 300000};
	(void)state;
	fill();
	for (size_t l = 0; l < sizeof(lengths) / sizeof(*lengths); l++) {
		struct digest whole = digest_content(5, content, lengths[l]);
		for (size_t p = 0; p < sizeof(pieces) / sizeof(*pieces); p++) {
			struct digest_stream *stream = digest_stream_new(5);
			for (size_t at = 0; at < lengths[l]; at += pieces[p])
				digest_stream_add(stream, content + at,
						  lengths[l] - at < pieces[p] ? lengths[l] - at : pieces[p]);
			struct digest digest = digest_stream_end(stream);
			assert_true(digest_equal(&digest, &whole));
			digest_stream_free(stream);
		}
		struct digest other_seed = digest_content(6, content, lengths[l]);
		assert_false(digest_equal(&other_seed, &whole));
	}
}

static void test_skipped_zeros_are_zeros(void **state)
{
	(void)state;
	fill();
	struct digest whole = digest_content(5, content, sizeof(content));
	struct digest_stream *stream = digest_stream_new(5);
	digest_stream_add(stream, content, 10000);
	digest_stream_skip(stream, 98192 - 1);
	digest_stream_add(stream, content + 108191, sizeof(content) - 108191);
	struct digest digest = digest_stream_end(stream);
	assert_true(digest_equal(&digest, &whole));
	digest_stream_free(stream);
}

static void test_blocks_make_the_whole(void **state)
{
	struct digest blocks[74];
	(void)state;
	fill();
	for (unsigned i = 0; i < 74; i++)
		blocks[i] = digest_bytes(5, content + i * 4096, i == 73 ? 300000 - 73 * 4096 : 4096);
	struct digest_stream *stream = digest_stream_new(5);
	digest_stream_add(stream, content, sizeof(content));
	struct digest whole = digest_stream_end(stream);
	digest_stream_reset(stream);
	digest_stream_blocks(stream, blocks, 74);
	struct digest again = digest_stream_end(stream);
	assert_true(digest_equal(&again, &whole));
	digest_stream_free(stream);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces_do_not_matter),
		cmocka_unit_test(test_skipped_zeros_are_zeros),
		cmocka_unit_test(test_blocks_make_the_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
