/*
 * compression_test.c - frames that are compressed come back as they were, those that lie about it are refused; and when it is
 * worth it, with a clock of the test's own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "plugins/replica/line/frame.h"

/* --- a line in memory that needs so long for a byte; each look at the clock takes a microsecond --- */

static int64_t now;
static int64_t line_cost; /* nanoseconds a byte */
static struct buffer line;
static size_t line_at;

static int64_t fake_now(void)
{
	return now += 1000;
}

static int write_line(struct stream *stream, const void *data, size_t length, struct error *err)
{
	(void)err;
	buffer_append(&line, data, length);
	stream->bytes_out += length;
	now += line_cost * (int64_t)length;
	return 0;
}

static ssize_t read_line(struct stream *stream, void *data, size_t limit, struct error *err)
{
	(void)stream, (void)err;
	size_t some = line.length - line_at < limit ? line.length - line_at : limit;
	memcpy(data, line.data + line_at, some);
	line_at += some;
	return (ssize_t)some;
}

static struct stream stream = {.read = read_line, .write = write_line, .name = "the line"};
static struct frame_writer writer;
static struct frame_reader reader;
static char text[FRAME_LIMIT], noise[FRAME_LIMIT];

static int setup(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(text); i++) {
		text[i] = (char)('a' + i / 7 % 11);
		noise[i] = (char)random();
	}
	stream.bytes_out = 0;
	line_at = 0;
	line_cost = 0;
	writer = (struct frame_writer){.stream = &stream};
	reader = (struct frame_reader){.stream = &stream};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	frame_writer_free(&writer);
	frame_reader_free(&reader);
	compressor_free(writer.compressor);
	buffer_free(&line);
	return 0;
}

static size_t send(const void *data, size_t length)
{
	size_t before = line.length;
	buffer_append(frame_begin(&writer), data, length);
	assert_int_equal(frame_end(&writer, 7, NULL), 0);
	return line.length - before;
}

static void expect(const void *data, size_t length)
{
	struct frame frame;
	assert_int_equal(frame_read(&reader, &frame, NULL), 1);
	assert_int_equal(frame.type, 7);
	assert_int_equal(frame.length, length);
	assert_memory_equal(frame.payload, data, length);
}

static void test_there_and_back(void **state)
{
	static const size_t lengths[] = {0, 1, 4095, 4096, 100000, FRAME_LIMIT};
	(void)state;
	writer.compressor = compressor_new(COMPRESSION_ZSTD, NULL);
	for (size_t i = 0; i < COUNT_OF(lengths); i++) {
		size_t sent = send(text, lengths[i]);
		assert_true(lengths[i] < 4096 ? sent == lengths[i] + FRAME_HEADER : sent < lengths[i] / 4);
		assert_int_equal(send(noise, lengths[i]), lengths[i] + FRAME_HEADER); /* it would not get smaller */
	}
	for (size_t i = 0; i < COUNT_OF(lengths); i++) {
		expect(text, lengths[i]);
		expect(noise, lengths[i]);
	}
	assert_true(writer.plain > 2 * FRAME_LIMIT && line.length < writer.plain);
}

static void test_no_byte_may_be_another(void **state)
{
	struct frame frame;
	(void)state;
	writer.compressor = compressor_new(COMPRESSION_ZSTD, NULL);
	send(text, 20000);
	for (size_t i = 0; i < line.length; i++) {
		CLEANUP_ERROR struct error err = ERROR_NONE;
		line.data[i] ^= 1;
		line_at = 0;
		assert_int_equal(frame_read(&reader, &frame, &err), -1);
		frame_reader_free(&reader);
		reader = (struct frame_reader){.stream = &stream};
		line.data[i] ^= 1;
	}
}

static void test_what_is_not_compressed_as_it_should_be(void **state)
{
	CLEANUP_BUFFER struct buffer plain = {0};
	struct compressor *compressor = compressor_new(COMPRESSION_ZSTD, NULL);
	const void *made;
	size_t length;
	(void)state;
	assert_true(compressor_try(compressor, text, 100000, &made, &length));
	assert_int_equal(decompress(made, length, 100000, &plain, NULL), 0);
	assert_int_equal(decompress(made, length, 99999, &plain, NULL), -1); /* larger than may be */
	assert_int_equal(decompress(made, length - 1, 100000, &plain, NULL), -1);
	assert_int_equal(decompress("", 0, 100000, &plain, NULL), -1);
	assert_int_equal(decompress(noise, 1000, 100000, &plain, NULL), -1);
	CLEANUP_BUFFER struct buffer twice = {0};
	buffer_append(&twice, made, length);
	buffer_append(&twice, made, length);
	assert_int_equal(decompress(twice.data, twice.length, FRAME_LIMIT, &plain, NULL), -1);
	compressor_free(compressor);
}

/* How many of so many frames went out smaller. */
static unsigned count_compressed(unsigned frames, const void *data)
{
	unsigned smaller = 0;
	for (unsigned i = 0; i < frames; i++)
		smaller += send(data, 64 * 1024) < 64 * 1024;
	return smaller;
}

static void test_where_it_is_worth_it(void **state)
{
	(void)state;
	writer.compressor = compressor_new(COMPRESSION_AUTO, fake_now);
	line_cost = 0; /* the line takes a microsecond for 64 KiB: as long as the compressor */
	unsigned few = count_compressed(160, text);
	printf("XX %u\n", few);
	assert_true(count_compressed(160, text) <= 4); /* but to know, one of 64, and when it had just begun */
	line_cost = 10;				       /* 100 MB/s */
	count_compressed(80, text);
	assert_int_equal(count_compressed(100, text), 100);
	line_cost = 0;
	count_compressed(100, text);
	assert_true(count_compressed(160, text) <= 4);
	line_cost = 10;
	count_compressed(64, noise);
	now = 0;
	assert_int_equal(count_compressed(100, noise), 0);
}

static void test_none(void **state)
{
	(void)state;
	writer.compressor = compressor_new(COMPRESSION_NONE, fake_now);
	line_cost = 1000;
	assert_int_equal(count_compressed(50, text), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_there_and_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_byte_may_be_another, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_is_not_compressed_as_it_should_be, setup, teardown),
		cmocka_unit_test_setup_teardown(test_where_it_is_worth_it, setup, teardown),
		cmocka_unit_test_setup_teardown(test_none, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
