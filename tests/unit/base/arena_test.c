/*
 * arena_test.c - arenas: zeroed, aligned, growing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#include "engine/base/arena.h"
#include "engine/base/memory.h"

static void memory_is_zeroed_aligned_and_apart(void **state)
{
	(void)state;
	static const size_t sizes[] = {0, 1, 7, 16, 1000, 1024, 5000, 1000000, 3};
	CLEANUP_ARENA struct arena *arena = arena_new();
	unsigned char *places[COUNT_OF(sizes)];
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		places[i] = arena_alloc(arena, sizes[i]);
		assert_int_equal((uintptr_t)places[i] % alignof(max_align_t), 0);
		for (size_t byte = 0; byte < sizes[i]; byte++)
			assert_int_equal(places[i][byte], 0);
		memset(places[i], (int)i + 1, sizes[i]);
	}
	for (size_t i = 0; i < COUNT_OF(sizes); i++)
		for (size_t byte = 0; byte < sizes[i]; byte++)
			assert_int_equal(places[i][byte], i + 1);
}

static void what_was_handed_out_is_counted(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	assert_int_equal(arena_used(arena), 0);
	arena_alloc(arena, 0);
	assert_int_equal(arena_used(arena), alignof(max_align_t));
	arena_alloc(arena, 17);
	assert_int_equal(arena_used(arena), alignof(max_align_t) * 3);
}

static void texts_are_copied(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	char text[] = "mail1";
	char *copy = arena_strdup(arena, text);
	char *part = arena_strndup(arena, text, 4);
	char *bytes = arena_strndup(arena, "a\0b", 3);
	text[0] = 'x';
	assert_string_equal(copy, "mail1");
	assert_string_equal(part, "mail");
	assert_memory_equal(bytes, "a\0b\0", 4);
	assert_null(arena_strdup(arena, NULL));
	assert_string_equal(arena_strndup(arena, NULL, 0), "");
	assert_string_equal(arena_printf(arena, "%s is %d%%", "disk", 93), "disk is 93%");
	assert_string_equal(arena_printf(arena, "%s", ""), "");
	assert_memory_equal(arena_copy(arena, "abc", 3), "abc", 3);
}

static void arrays_grow(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	int *numbers = NULL;
	size_t count = 0, capacity = 0;
	for (int i = 0; i < 1000; i++)
		*(int *)arena_grow(arena, &numbers, &count, &capacity, sizeof(*numbers)) = i;
	assert_int_equal(count, 1000);
	assert_true(capacity >= count);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(numbers[i], i);
	assert_true(arena_used(arena) < 4 * 1000 * sizeof(*numbers)); /* the copies left behind are bounded */
}

static void freeing_nothing_is_fine(void **state)
{
	(void)state;
	arena_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_zeroed_aligned_and_apart),
		cmocka_unit_test(what_was_handed_out_is_counted),
		cmocka_unit_test(texts_are_copied),
		cmocka_unit_test(arrays_grow),
		cmocka_unit_test(freeing_nothing_is_fine),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
