/*
 * chunks_test.c - the same content is cut alike however it comes; after an insertion the same cuts are found again; the bounds
 * hold.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "plugins/replica/format/chunks.h"

#define SIZE (16u << 20)

static uint8_t content[SIZE + 5000];
static struct chunk_list list;
static uint64_t offset, known, least, most;

static int collect(void *argument, const uint8_t *bytes, size_t length, struct error *err)
{
	struct chunk chunk = {.digest = digest_bytes(1, bytes, length), .offset = offset, .length = (uint32_t)length};
	(void)argument, (void)err;
	known += chunk_list_find(&list, &chunk.digest) != NULL;
	least = length < least ? length : least;
	most = length > most ? length : most;
	chunk_list_add(&list, &chunk);
	offset += length;
	return 0;
}

static void chop(const uint8_t *data, size_t length, size_t piece)
{
	struct chunker *chunker = chunker_new(CHUNK_BITS_LEAST, collect, NULL);
	known = offset = most = 0;
	least = UINT64_MAX;
	for (size_t at = 0; at < length; at += piece)
		assert_int_equal(chunker_add(chunker, data + at, length - at < piece ? length - at : piece, NULL), 0);
	assert_int_equal(chunker_end(chunker, NULL), 0);
	chunker_free(chunker);
	assert_int_equal(offset, length);
}

static int setup(void **state)
{
	uint64_t random = 1;
	(void)state;
	for (size_t i = 0; i < sizeof(content); i++) {
		random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		content[i] = (uint8_t)(random >> 56);
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	chunk_list_free(&list);
	return 0;
}

static void test_pieces_of_any_length(void **state)
{
	(void)state;
	chop(content, SIZE, SIZE);
	size_t chunks = list.count;
	assert_in_range(chunks, 30, 100);
	assert_in_range(most, 1 << CHUNK_BITS_LEAST, 4 << CHUNK_BITS_LEAST);
	static const size_t pieces[] = {1, 4095, 70000, 262144, 3000000};
	for (size_t i = 0; i < COUNT_OF(pieces); i++) {
		chop(content, SIZE, pieces[i]);
		assert_int_equal(known, chunks);
		assert_int_equal(list.count, chunks);
	}
}

static void test_what_was_inserted_changes_few(void **state)
{
	(void)state;
	chop(content, SIZE, SIZE);
	size_t chunks = list.count;
	uint8_t *longer = memory_alloc(SIZE + 5000);
	memcpy(longer, content, 100000);
	memcpy(longer + 100000, content + SIZE, 5000);
	memcpy(longer + 105000, content + 100000, SIZE - 100000);
	chop(longer, SIZE + 5000, 65536);
	free(longer);
	assert_in_range(chunks - known, 1, 3);
}

static void test_bounds_of_what_has_no_cuts(void **state)
{
	(void)state;
	uint8_t *zeros = memory_alloc(SIZE);
	chop(zeros, SIZE, 100000);
	free(zeros);
	assert_true(most <= 4u << CHUNK_BITS_LEAST);
	assert_int_equal(list.count, 1); /* one and the same */
	const struct digest none = digest_bytes(1, "none", 4);
	assert_null(chunk_list_find(&list, &none));
	assert_int_equal(chunk_list_find(&list, &list.chunks[0].digest)->length, list.chunks[0].length);
}

static void test_chunks_grow_with_the_file(void **state)
{
	(void)state;
	assert_int_equal(chunk_bits(0), CHUNK_BITS_LEAST);
	assert_int_equal(chunk_bits(UINT64_C(1) << 33), CHUNK_BITS_LEAST);
	assert_int_equal(chunk_bits(UINT64_C(1) << 35), CHUNK_BITS_LEAST + 2);
	assert_int_equal(chunk_bits(UINT64_MAX), CHUNK_BITS_MOST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_pieces_of_any_length, teardown),
		cmocka_unit_test_teardown(test_what_was_inserted_changes_few, teardown),
		cmocka_unit_test_teardown(test_bounds_of_what_has_no_cuts, teardown),
		cmocka_unit_test(test_chunks_grow_with_the_file),
	};
	return cmocka_run_group_tests(tests, setup, NULL);
}
