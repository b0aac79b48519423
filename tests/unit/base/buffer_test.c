/*
 * buffer_test.c - bytes that grow, always readable as a string.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/buffer.h"
#include "engine/base/memory.h"

static void empty_reads_as_an_empty_string(void **state)
{
	(void)state;
	CLEANUP_BUFFER struct buffer buffer = {0};
	assert_string_equal(buffer_text(&buffer), "");
	buffer_append(&buffer, NULL, 0);
	assert_string_equal(buffer_text(&buffer), "");
	CLEANUP_FREE char *taken = buffer_take(&buffer);
	assert_string_equal(taken, "");
}

static void everything_is_put_behind(void **state)
{
	(void)state;
	CLEANUP_BUFFER struct buffer buffer = {0};
	buffer_add(&buffer, "step");
	buffer_add_char(&buffer, ' ');
	buffer_printf(&buffer, "%d of %s", 3, "seven");
	buffer_printf(&buffer, "%s", "");
	buffer_append(&buffer, "\0!", 2);
	assert_int_equal(buffer.length, 17);
	assert_memory_equal(buffer.data, "step 3 of seven\0!", 18);
	assert_int_equal(buffer.data[buffer.length], '\0');
}

static void it_grows(void **state)
{
	(void)state;
	CLEANUP_BUFFER struct buffer buffer = {0};
	for (int i = 0; i < 100000; i++)
		buffer_add_char(&buffer, (char)('a' + i % 26));
	buffer_printf(&buffer, "%0100000d", 7);
	assert_int_equal(buffer.length, 200000);
	assert_int_equal(strlen(buffer.data), 200000);
	for (int i = 0; i < 100000; i++)
		assert_int_equal(buffer.data[i], 'a' + i % 26);
	assert_int_equal(buffer.data[199999], '7');
}

static const struct {
	size_t consumed;
	const char *rest;
} consumptions[] = {{0, "abcdef"}, {2, "cdef"}, {6, ""}, {7, ""}};

static void the_front_can_be_dropped(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(consumptions); i++) {
		CLEANUP_BUFFER struct buffer buffer = {0};
		buffer_add(&buffer, "abcdef");
		buffer_consume(&buffer, consumptions[i].consumed);
		assert_string_equal(buffer_text(&buffer), consumptions[i].rest);
		assert_int_equal(buffer.length, strlen(consumptions[i].rest));
	}
}

static void reset_keeps_the_memory(void **state)
{
	(void)state;
	CLEANUP_BUFFER struct buffer buffer = {0};
	buffer_reset(&buffer);
	buffer_add(&buffer, "abc");
	size_t capacity = buffer.capacity;
	buffer_reset(&buffer);
	assert_string_equal(buffer_text(&buffer), "");
	assert_int_equal(buffer.length, 0);
	assert_int_equal(buffer.capacity, capacity);
}

static void taking_leaves_it_empty(void **state)
{
	(void)state;
	CLEANUP_BUFFER struct buffer buffer = {0};
	buffer_add(&buffer, "mine");
	CLEANUP_FREE char *taken = buffer_take(&buffer);
	assert_string_equal(taken, "mine");
	assert_null(buffer.data);
	assert_int_equal(buffer.length, 0);
	buffer_add(&buffer, "next");
	assert_string_equal(taken, "mine");
	assert_string_equal(buffer_text(&buffer), "next");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_reads_as_an_empty_string),
		cmocka_unit_test(everything_is_put_behind),
		cmocka_unit_test(it_grows),
		cmocka_unit_test(the_front_can_be_dropped),
		cmocka_unit_test(reset_keeps_the_memory),
		cmocka_unit_test(taking_leaves_it_empty),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
