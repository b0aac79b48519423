/*
 * cutting_test.c - a file that is cut in parts by several threads has the chunks that one chunker finds, wherever the parts
 * begin.
 */
#include "plugins/replica/target/cutting.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/base/memory.h"

#define MIB  ((size_t)1024 * 1024)
#define SIZE (50 * MIB + 12345) /* three parts, and some */

static uint8_t *bytes;

struct found {
	struct chunk chunks[512];
	size_t count;
	uint64_t at;
};

static int add(struct found *found, size_t length, const struct digest *digest)
{
	assert_true(found->count < COUNT_OF(found->chunks));
	found->chunks[found->count++] = (struct chunk){.digest = *digest, .offset = found->at, .length = (uint32_t)length};
	found->at += length;
	return 0;
}

static int find(void *argument, const uint8_t *data, size_t length, struct error *err)
{
	const struct digest digest = digest_bytes(7, data, length);
	(void)err;
	return add(argument, length, &digest);
}

static int tell(void *argument, const struct chunk *chunk, struct error *err)
{
	struct found *found = argument;
	(void)err;
	assert_int_equal(chunk->offset, found->at);
	return add(found, chunk->length, &chunk->digest);
}

static int refuse(void *argument, const struct chunk *chunk, struct error *err)
{
	(void)argument, (void)chunk;
	return error_set(err, ERROR_REFUSED, "no");
}

static void compare(int fd, uint64_t offset, uint64_t length, unsigned bits)
{
	static struct found one, several;
	const struct chunk_query query = {.offset = offset, .length = length, .bits = bits};
	const uint64_t end = length < SIZE - offset ? offset + length : SIZE;
	memset(&one, 0, sizeof(one));
	memset(&several, 0, sizeof(several));
	one.at = several.at = offset;
	struct chunker *chunker = chunker_new(bits, find, &one);
	assert_int_equal(chunker_add(chunker, bytes + offset, end - offset, NULL), 0);
	assert_int_equal(chunker_end(chunker, NULL), 0);
	chunker_free(chunker);
	assert_int_equal(cutting_run(fd, &query, 7, tell, &several, NULL), 0);
	assert_int_equal(several.at, end);
	assert_int_equal(several.count, one.count);
	assert_memory_equal(several.chunks, one.chunks, one.count * sizeof(*one.chunks));
}

static int new_file(void)
{
	int fd = memfd_create("cutting", MFD_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, SIZE, 0), SIZE);
	return fd;
}

static void test_parts_do_not_matter(void **state)
{
	uint32_t x = 1;
	(void)state;
	for (size_t i = 0; i < SIZE; i++)
		bytes[i] = (uint8_t)((x = x * 1664525 + 1013904223) >> 24);
	CLEANUP_CLOSE int fd = new_file();
	compare(fd, 0, SIZE, CHUNK_BITS_LEAST);
	compare(fd, 0, UINT64_MAX, CHUNK_BITS_LEAST);
	compare(fd, 12345, 33 * MIB, CHUNK_BITS_LEAST);
	compare(fd, SIZE - 5, 100, CHUNK_BITS_LEAST);
	compare(fd, 0, SIZE, CHUNK_BITS_LEAST + 1);
}

/* Nothing says where to cut: chunks are as long as they may be, and no part begins where one ends. */
static void test_content_says_nothing(void **state)
{
	(void)state;
	memset(bytes, 0x5a, SIZE);
	CLEANUP_CLOSE int fd = new_file();
	compare(fd, 0, SIZE, CHUNK_BITS_LEAST);
	compare(fd, 777, SIZE, CHUNK_BITS_LEAST);
}

static void test_it_ends(void **state)
{
	static struct found found;
	struct chunk_query query = {.offset = SIZE, .length = 100, .bits = CHUNK_BITS_LEAST};
	CLEANUP_ERROR struct error err = ERROR_NONE;
	(void)state;
	CLEANUP_CLOSE int fd = new_file();
	assert_int_equal(cutting_run(fd, &query, 7, tell, &found, NULL), 0);
	assert_int_equal(found.count, 0);
	query.offset = 0;
	query.length = SIZE;
	assert_int_equal(cutting_run(fd, &query, 7, refuse, NULL, &err), -1);
	assert_int_equal(err.code, ERROR_REFUSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts_do_not_matter),
		cmocka_unit_test(test_content_says_nothing),
		cmocka_unit_test(test_it_ends),
	};
	bytes = memory_alloc(SIZE);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	free(bytes);
	return failed;
}
