/*
 * record_test.c - records and frames: what is written is read again; what is bent in any place is refused, and nothing is read
 * beyond the end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/base/memory.h"
#include "plugins/replica/line/frame.h"
#include "plugins/replica/format/record.h"

static struct record record, back;

static struct record *fresh(enum record_kind kind)
{
	memset(&record, 0, sizeof(record));
	record.kind = kind;
	strcpy(record.name, "na\xffme");
	strcpy(record.path, "a/b");
	record.meta = (struct meta){.mode = S_IFREG | 04755, .uid = 1, .gid = 2, .mtime = {-5, 999999999}, .size = 3};
	record.data = (const uint8_t *)"abc";
	record.data_length = 3;
	record.offset = 8192;
	record.length = 4096;
	record.number = 77;
	memset(&record.digest, 9, sizeof(record.digest));
	if (kind == RECORD_FOLDER_DONE)
		record.meta.mode = S_IFDIR | 0755;
	return &record;
}

static int parse(const struct buffer *bytes)
{
	struct wire wire = wire_of(bytes->data, bytes->length);
	return record_get(&wire, &back, NULL);
}

static int round_trip(const struct record *in)
{
	CLEANUP_BUFFER struct buffer bytes = {0};
	record_put(&bytes, in);
	/* exactly as long as it is: a sanitizer sees a read behind it */
	CLEANUP_FREE uint8_t *exact = memory_alloc(bytes.length);
	memcpy(exact, bytes.data, bytes.length);
	struct wire wire = wire_of(exact, bytes.length);
	int got = record_get(&wire, &back, NULL);
	if (got == 1)
		assert_int_equal(record_get(&wire, &record, NULL), 0);
	for (size_t length = 1; length < bytes.length; length++) {
		CLEANUP_FREE uint8_t *cut = memory_alloc(length);
		memcpy(cut, bytes.data, length);
		wire = wire_of(cut, length);
		assert_int_equal(record_get(&wire, &record, NULL), -1);
	}
	back.data = NULL; /* it has gone */
	return got;
}

static void test_every_kind_comes_back(void **state)
{
	(void)state;
	for (int kind = 1; kind < RECORD_KINDS; kind++) {
		assert_int_equal(round_trip(fresh((enum record_kind)kind)), 1);
		assert_int_equal(back.kind, kind);
	}
	round_trip(fresh(RECORD_MAKE));
	assert_string_equal(back.name, "na\xffme");
	assert_int_equal(back.meta.mode, S_IFREG | 04755);
	assert_true(back.meta.mtime.seconds == -5 && back.meta.mtime.nanoseconds == 999999999);
	assert_int_equal(back.data_length, 3);
}

static void test_names_that_lead_out(void **state)
{
	static const char *const names[] = {"", ".", "..", "a/b", "/", "/etc"};
	static const char *const paths[] = {"/", "/a", "a/", "a//b", "..", "a/..", "a/../b", "./a", "a/./b"};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		strcpy(fresh(RECORD_DELETE)->name, names[i]);
		assert_int_equal(round_trip(&record), -1);
	}
	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		strcpy(fresh(RECORD_FOLDER)->path, paths[i]);
		assert_int_equal(round_trip(&record), -1);
		strcpy(fresh(RECORD_LINK)->path, paths[i]);
		assert_int_equal(round_trip(&record), -1);
	}
	fresh(RECORD_LINK)->path[0] = '\0';
	assert_int_equal(round_trip(&record), -1);
	fresh(RECORD_FOLDER)->path[0] = '\0';
	assert_int_equal(round_trip(&record), 1);
}

static void test_nul_in_a_name(void **state)
{
	CLEANUP_BUFFER struct buffer bytes = {0};
	(void)state;
	record_put(&bytes, fresh(RECORD_DELETE));
	assert_int_equal(parse(&bytes), 1);
	bytes.data[5 + 2 + 1] = '\0';
	assert_int_equal(parse(&bytes), -1);
}

static void test_what_cannot_be(void **state)
{
	(void)state;
	fresh(RECORD_MAKE)->meta.mode = S_IFDIR | 0755;
	assert_int_equal(round_trip(&record), -1);
	fresh(RECORD_MAKE)->meta.mode = 0644; /* no type */
	assert_int_equal(round_trip(&record), -1);
	fresh(RECORD_MAKE)->meta.mode |= 1u << 20;
	assert_int_equal(round_trip(&record), -1);
	fresh(RECORD_MAKE)->meta.size = 4; /* it says more than it has */
	assert_int_equal(round_trip(&record), -1);
	fresh(RECORD_MAKE)->meta.mtime.nanoseconds = 1000000000;
	assert_int_equal(round_trip(&record), -1);
	fresh(RECORD_MAKE)->meta.uid = UINT32_MAX; /* chown would leave the owner as it is */
	assert_int_equal(round_trip(&record), -1);
	fresh(RECORD_MAKE)->flags = 1 << 7;
	assert_int_equal(round_trip(&record), -1);
	fresh(RECORD_META)->meta.mode = S_IFIFO | 0644;
	assert_int_equal(round_trip(&record), -1);
	fresh(RECORD_DATA_AT)->offset = UINT64_MAX - 1;
	assert_int_equal(round_trip(&record), -1);
	fresh(RECORD_HOLE)->length = (uint64_t)INT64_MAX;
	assert_int_equal(round_trip(&record), -1);
	fresh(RECORD_DONE)->length = UINT64_MAX;
	assert_int_equal(round_trip(&record), -1);
	record = (struct record){.kind = RECORD_META, .name = "a", .meta = {.mode = S_IFREG}};
	static const uint8_t foreign[] = {3, 0, 'x', '.', 'y', 0, 0, 0, 0}; /* of no namespace that is kept */
	record.attributes = foreign;
	record.attributes_length = sizeof(foreign);
	assert_int_equal(round_trip(&record), -1);
}

/* --- frames, over memory --- */

struct memory_stream {
	struct stream stream;
	struct buffer bytes;
	size_t used, step; /* so many bytes at once */
};

static ssize_t read_memory(struct stream *stream, void *data, size_t limit, struct error *err)
{
	struct memory_stream *memory = (struct memory_stream *)stream;
	size_t left = memory->bytes.length - memory->used, some = left < memory->step ? left : memory->step;
	(void)err;
	some = some < limit ? some : limit;
	memcpy(data, memory->bytes.data + memory->used, some);
	memory->used += some;
	return (ssize_t)some;
}

static int write_memory(struct stream *stream, const void *data, size_t length, struct error *err)
{
	(void)err;
	buffer_append(&((struct memory_stream *)stream)->bytes, data, length);
	return 0;
}

static void write_frames(struct memory_stream *memory)
{
	*memory = (struct memory_stream){.stream = {.read = read_memory, .write = write_memory, .name = "memory"}, .step = 1};
	struct frame_writer writer = {.stream = &memory->stream};
	for (int i = 1; i <= 3; i++) {
		buffer_printf(frame_begin(&writer), "frame %d", i);
		assert_int_equal(frame_end(&writer, (uint8_t)i, NULL), 0);
	}
	frame_writer_free(&writer);
}

/* How many frames are read before the end (0) or an error (-1). */
static int read_frames(struct memory_stream *memory, int *ret_last)
{
	struct frame_reader reader = {.stream = &memory->stream};
	struct frame frame;
	int count = 0;
	memory->used = 0;
	while ((*ret_last = frame_read(&reader, &frame, NULL)) > 0)
		count++;
	frame_reader_free(&reader);
	return count;
}

static void test_frames_in_any_pieces(void **state)
{
	struct memory_stream memory;
	int last;
	(void)state;
	write_frames(&memory);
	for (memory.step = 1; memory.step < 100; memory.step++) {
		assert_int_equal(read_frames(&memory, &last), 3);
		assert_int_equal(last, 0);
	}
	buffer_free(&memory.bytes);
}

static void test_a_bent_frame_is_refused(void **state)
{
	struct memory_stream memory;
	int last;
	(void)state;
	write_frames(&memory);
	memory.step = 1000;
	for (size_t bit = 0; bit < memory.bytes.length * 8; bit++) {
		memory.bytes.data[bit / 8] ^= (char)(1 << bit % 8);
		read_frames(&memory, &last);
		assert_int_equal(last, -1);
		memory.bytes.data[bit / 8] ^= (char)(1 << bit % 8);
	}
	size_t whole = memory.bytes.length, one = whole / 3;
	for (memory.bytes.length = 0; memory.bytes.length < whole; memory.bytes.length++) {
		read_frames(&memory, &last);
		assert_int_equal(last, memory.bytes.length % one ? -1 : 0);
	}
	buffer_consume(&memory.bytes, one); /* the first is missing */
	assert_int_equal(read_frames(&memory, &last), 0);
	assert_int_equal(last, -1);
	buffer_free(&memory.bytes);
}

static void test_a_long_frame_is_refused_unread(void **state)
{
	struct memory_stream memory = {.stream = {.read = read_memory, .name = "memory"}, .step = 1000};
	int last;
	(void)state;
	wire_put_u32(&memory.bytes, FRAME_LIMIT + 1);
	wire_put_u32(&memory.bytes, 1);
	wire_put_u64(&memory.bytes, 0);
	assert_int_equal(read_frames(&memory, &last), 0);
	assert_int_equal(last, -1);
	buffer_free(&memory.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_kind_comes_back),
		cmocka_unit_test(test_names_that_lead_out),
		cmocka_unit_test(test_nul_in_a_name),
		cmocka_unit_test(test_what_cannot_be),
		cmocka_unit_test(test_frames_in_any_pieces),
		cmocka_unit_test(test_a_bent_frame_is_refused),
		cmocka_unit_test(test_a_long_frame_is_refused_unread),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
