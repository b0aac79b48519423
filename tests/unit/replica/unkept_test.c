/*
 * unkept_test.c - the list of names that cannot be kept: over the line and back, what moves and what goes, what is malformed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/memory.h"
#include "plugins/replica/line/protocol.h"
#include "plugins/replica/line/unkept.h"

static void test_it_comes_back(void **state)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct unkept list = {0}, back = {0};
	int ends[2];
	(void)state;
	assert_int_equal(pipe(ends), 0);
	struct stream out = stream_of_fds("out", -1, ends[1]), in = stream_of_fds("in", ends[0], -1);
	struct frame_writer writer = {.stream = &out};
	struct frame_reader reader = {.stream = &in};
	unkept_add(&list, "a/b", UNKEPT_CLASH);
	unkept_add(&list, "gone", UNKEPT_REFUSED);
	unkept_add(&list, "c", UNKEPT_TOO_LONG);
	unkept_forget(&list, "gone");
	assert_int_equal(unkept_send(&writer, &list, &err), 0);
	assert_int_equal(unkept_send(&writer, &(struct unkept){0}, &err), 0);
	assert_int_equal(unkept_receive(&reader, &back, &err), 0);
	assert_int_equal(back.live, 2);
	assert_int_equal(unkept_of(&back, "a/b"), UNKEPT_CLASH);
	assert_int_equal(unkept_of(&back, "c"), UNKEPT_TOO_LONG);
	assert_int_equal(unkept_of(&back, "gone"), UNKEPT_NOT);
	unkept_free(&back);
	assert_int_equal(unkept_receive(&reader, &back, &err), 0);
	assert_int_equal(back.live, 0);
	unkept_free(&list);
	unkept_free(&back);
	frame_writer_free(&writer);
	frame_reader_free(&reader);
	close(ends[0]);
	close(ends[1]);
}

static void test_folders(void **state)
{
	struct unkept list = {0};
	(void)state;
	assert_false(unkept_covers(&list, "a"));
	unkept_add(&list, "a/b", UNKEPT_CLASH);
	assert_true(unkept_covers(&list, "a/b"));
	assert_true(unkept_covers(&list, "a/b/c/d"));
	assert_false(unkept_covers(&list, "a"));
	assert_false(unkept_covers(&list, "a/bc"));
	unkept_moved(&list, "a", "x/y");
	assert_int_equal(unkept_of(&list, "a/b"), UNKEPT_NOT);
	assert_int_equal(unkept_of(&list, "x/y/b"), UNKEPT_CLASH);
	assert_int_equal(list.live, 1);
	unkept_forget(&list, "x/y/bc");
	assert_int_equal(list.live, 1);
	unkept_forget(&list, "x");
	assert_int_equal(list.live, 0);
	assert_true(unkept_add(&list, "x/y/b", UNKEPT_REFUSED));
	assert_int_equal(list.live, 1);
	unkept_free(&list);
}

static void test_malformed(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
	} wrong[] = {
		{"\x00\x01\x00"
		 "a",
		 4},
		{"\x04\x01\x00"
		 "a",
		 4},
		{"\x01\x02\x00"
		 "a",
		 4},
		{"\x01\x00\x00", 3},
		{"\x01\x02\x00"
		 "..",
		 5},
		{"\x01\x02\x00"
		 "/a",
		 5},
		{"\x01\x03\x00"
		 "a\x00"
		 "b",
		 6},
		{"\x01", 1},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		const struct frame frame = {
			.type = FRAME_UNKEPT, .payload = (const uint8_t *)wrong[i].bytes, .length = wrong[i].length};
		struct unkept list = {0};
		assert_int_equal(parse_unkept(&frame, &list, NULL), -1);
		assert_int_equal(list.live, 0);
		unkept_free(&list);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_comes_back),
		cmocka_unit_test(test_folders),
		cmocka_unit_test(test_malformed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
