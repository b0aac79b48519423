/*
 * content_test.c - a file that is read by several threads is the same content as one that is read by one, wherever its holes
 * are, and what changes while it is read does no harm.
 */
#include "plugins/replica/tree/content.h"

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
#define MOST (5 * MIB)

static uint8_t bytes[MOST];

/* A file with the first length of the bytes, but for those from hole to hole_end. */
static int new_file(size_t length, size_t hole, size_t hole_end)
{
	uint32_t x = 1;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)((x = x * 1664525 + 1013904223) >> 24);
	int fd = memfd_create("content", MFD_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)length), 0);
	hole_end = hole_end < length ? hole_end : length;
	hole = hole < hole_end ? hole : hole_end;
	memset(bytes + hole, 0, hole_end - hole);
	assert_int_equal(pwrite(fd, bytes, hole, 0), hole);
	assert_int_equal(pwrite(fd, bytes + hole_end, length - hole_end, (off_t)hole_end), length - hole_end);
	return fd;
}

static struct digest digest_of_bytes(size_t length)
{
	struct digest_stream *stream = digest_stream_new(7);
	digest_stream_add(stream, bytes, length);
	struct digest digest = digest_stream_end(stream);
	digest_stream_free(stream);
	return digest;
}

/* What came out of a read: the content again, in order. */
struct taken {
	uint8_t bytes[MOST];
	uint64_t at, data, holes;
	int truncate; /* to MIB, as soon as something comes; or -1 */
};

static struct taken taken;

static int take_data(void *argument, uint64_t offset, const void *data, size_t length, struct error *err)
{
	(void)argument, (void)err;
	assert_true(offset >= taken.at && offset + length <= MOST);
	memcpy(taken.bytes + offset, data, length);
	taken.at = offset + length;
	taken.data += length;
	if (taken.truncate >= 0)
		assert_int_equal(ftruncate(taken.truncate, MIB), 0);
	return 0;
}

static int take_hole(void *argument, uint64_t offset, uint64_t length, struct error *err)
{
	(void)argument, (void)err;
	assert_true(offset >= taken.at && offset + length <= MOST);
	taken.at = offset + length;
	taken.holes += length;
	return 0;
}

static const struct content_sink sink = {.data = take_data, .hole = take_hole};

static uint64_t read_file(struct content *content, int fd, size_t size, unsigned flags, struct blocks *base,
			  struct blocks *list, struct digest *ret_digest)
{
	uint64_t got;
	memset(&taken, 0, sizeof(taken));
	taken.truncate = -1;
	assert_int_equal(content_read(content, fd, size, flags, base, list, &sink, &got, ret_digest, NULL), 0);
	return got;
}

static void test_any_length_any_hole(void **state)
{
	static const struct {
		size_t length, hole, hole_end;
		unsigned flags;
	} cases[] = {
		{0, 0, 0, 0},
		{1, 0, 0, 0},
		{4096, 0, 0, 0},
		{256 * 1024, 0, 0, 0},
		{256 * 1024 + 1, 0, 0, 0},
		{MOST, 0, 0, 0},
		{MOST - 12345, 0, 0, 0},
		{MOST, 0, MOST, CONTENT_SPARSE},
		{MOST - 1, 0, MOST, CONTENT_SPARSE},
		{MOST, MIB, 4 * MIB, CONTENT_SPARSE},
		{MOST - 777, 4 * MIB, MOST, CONTENT_SPARSE},
		{MOST, 300 * 4096, 300 * 4096 + 3 * 4096, CONTENT_SPARSE},
		{MOST, 300 * 4096, 300 * 4096 + 3 * 4096, CONTENT_ZEROS},
	};
	(void)state;
	struct content *content = content_new(7); /* one for all, as a cycle has it */
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEANUP_CLOSE int fd = new_file(cases[i].length, cases[i].hole, cases[i].hole_end);
		struct digest digest, wanted = digest_of_bytes(cases[i].length);
		assert_int_equal(read_file(content, fd, cases[i].length, cases[i].flags, NULL, NULL, &digest), cases[i].length);
		assert_true(digest_equal(&digest, &wanted));
		assert_memory_equal(taken.bytes, bytes, cases[i].length);
		assert_int_equal(taken.data + taken.holes, cases[i].length);
		assert_int_equal(taken.holes, cases[i].flags ? cases[i].length - taken.data : 0);
		assert_int_equal(taken.holes > 0, cases[i].flags != 0);
	}
	content_free(content);
}

/* A list of what the file is now, under the digest that is returned. */
static struct digest make_list(const char *folder, struct content *content, int fd, size_t size)
{
	struct blocks *list;
	struct digest digest;
	assert_int_equal(blocks_create(folder, &list, NULL), 0);
	read_file(content, fd, size, 0, NULL, list, &digest);
	assert_int_equal(blocks_keep(list, &digest, NULL), 0);
	blocks_free(list);
	return digest;
}

static void remove_list(const char *folder, const struct digest *digest)
{
	char hex[DIGEST_HEX];
	digest_hex(digest, hex);
	CLEANUP_FREE char *path = memory_printf("%s/%s", folder, hex);
	assert_int_equal(unlink(path), 0);
}

static void change_bytes(int fd)
{
	static const size_t changed[] = {0, 4095, 70 * 4096 + 5, 71 * 4096, MOST - 101};
	for (size_t i = 0; i < COUNT_OF(changed); i++) {
		uint8_t other = bytes[changed[i]] ^= 1;
		assert_int_equal(pwrite(fd, &other, 1, (off_t)changed[i]), 1);
	}
}

static void expect_changes(void)
{
	assert_int_equal(taken.data, 4 * 4096 - 100);
	assert_memory_equal(taken.bytes, bytes, 4096);
	assert_memory_equal(taken.bytes + 70 * 4096, bytes + 70 * 4096, 2 * 4096);
	assert_memory_equal(taken.bytes + MOST - 4096, bytes + MOST - 4096, 4096 - 100);
}

/* Only the blocks that are others in the base go out: found by reading all, or by a list of what is there. A list that is not
 * true any more is noticed where it is used. */
static void test_changed_blocks(void **state)
{
	char folder[] = "/tmp/content_test.XXXXXX";
	const size_t size = MOST - 100;
	struct blocks *list, *base;
	struct digest digest;
	(void)state;
	assert_non_null(mkdtemp(folder));
	CLEANUP_CLOSE int fd = new_file(size, 0, 0);
	struct content *content = content_new(7);
	const struct digest before = make_list(folder, content, fd, size);
	change_bytes(fd);
	const struct digest after = make_list(folder, content, fd, size), wanted = digest_of_bytes(size);
	assert_true(digest_equal(&after, &wanted));
	assert_int_equal(blocks_open(folder, 7, &before, &base, NULL), 0);
	assert_int_equal(blocks_open(folder, 7, &after, &list, NULL), 0);
	read_file(content, fd, size, 0, base, NULL, &digest);
	assert_true(digest_equal(&digest, &wanted));
	expect_changes();
	memset(&taken, 0, sizeof(taken));
	taken.truncate = -1;
	assert_int_equal(content_read_changed(fd, size, 7, base, list, &sink, NULL), 1);
	expect_changes();
	taken.at = 0;
	assert_int_equal(pwrite(fd, "other", 5, 70 * 4096), 5);
	assert_int_equal(content_read_changed(fd, size, 7, base, list, &sink, NULL), 0);
	taken.at = 0;
	assert_int_equal(content_read_changed(fd, size - 4096, 7, base, list, &sink, NULL), 0);
	blocks_free(base);
	blocks_free(list);
	content_free(content);
	remove_list(folder, &before);
	remove_list(folder, &after);
	assert_int_equal(rmdir(folder), 0);
}

/* It ends where it ends, or at any place where it ended meanwhile; and the next file is read as if nothing had been. */
static void test_it_shrinks(void **state)
{
	(void)state;
	struct content *content = content_new(7);
	CLEANUP_CLOSE int shorter = new_file(MOST - 4096 - 9, 0, 0);
	struct digest digest, wanted = digest_of_bytes(MOST - 4096 - 9);
	assert_int_equal(read_file(content, shorter, MOST, 0, NULL, NULL, &digest), MOST - 4096 - 9);
	assert_true(digest_equal(&digest, &wanted));
	for (int i = 0; i < 20; i++) {
		CLEANUP_CLOSE int fd = new_file(MOST, 0, 0);
		uint64_t got;
		memset(&taken, 0, sizeof(taken));
		taken.truncate = fd;
		assert_int_equal(content_read(content, fd, MOST, 0, NULL, NULL, &sink, &got, &digest, NULL), 0);
		wanted = digest_of_bytes(got);
		assert_true(got >= MIB && got <= MOST);
		assert_int_equal(taken.at, got);
		CLEANUP_CLOSE int next = new_file(MOST, 0, 0);
		wanted = digest_of_bytes(MOST);
		assert_int_equal(read_file(content, next, MOST, 0, NULL, NULL, &digest), MOST);
		assert_true(digest_equal(&digest, &wanted));
	}
	content_free(content);
}

/* A sink that fails ends it, with pieces still under way. */
static int refuse(void *argument, uint64_t offset, const void *data, size_t length, struct error *err)
{
	(void)argument, (void)offset, (void)data, (void)length;
	return error_set(err, ERROR_REFUSED, "no");
}

static void test_it_is_given_up(void **state)
{
	static const struct content_sink refusing = {.data = refuse};
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct digest digest;
	uint64_t got;
	(void)state;
	struct content *content = content_new(7);
	CLEANUP_CLOSE int fd = new_file(MOST, 0, 0);
	assert_int_equal(content_read(content, fd, MOST, 0, NULL, NULL, &refusing, &got, &digest, &err), -1);
	assert_int_equal(err.code, ERROR_REFUSED);
	struct digest wanted = digest_of_bytes(MOST);
	read_file(content, fd, MOST, 0, NULL, NULL, &digest);
	assert_true(digest_equal(&digest, &wanted));
	content_free(content);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_length_any_hole),
		cmocka_unit_test(test_changed_blocks),
		cmocka_unit_test(test_it_shrinks),
		cmocka_unit_test(test_it_is_given_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
