/*
 * table_test.c - the hash table: thousands of keys, replaced, absent, copied.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/base/table.h"

#define KEYS 5000

static void thousands_of_keys(void **state)
{
	(void)state;
	struct table table = {0};
	static int numbers[KEYS];
	char key[32];
	for (int i = 0; i < KEYS; i++) {
		snprintf(key, sizeof(key), "intent 3.%d[%d] 1", i, i % 7);
		table_put(&table, key, &numbers[i]); /* the same key buffer each time: it is copied */
	}
	assert_int_equal(table.count, KEYS);
	for (int i = 0; i < KEYS; i++) {
		snprintf(key, sizeof(key), "intent 3.%d[%d] 1", i, i % 7);
		assert_ptr_equal(table_get(&table, key), &numbers[i]);
		snprintf(key, sizeof(key), "intent 3.%d[%d] 2", i, i % 7);
		assert_null(table_get(&table, key));
	}
	table_free(&table);
	assert_int_equal(table.count, 0);
	assert_null(table_get(&table, "intent 3.0[0] 1"));
}

static void an_equal_key_is_replaced(void **state)
{
	(void)state;
	struct table table = {0};
	int first, second;
	assert_null(table_get(&table, ""));
	table_put(&table, "", &first);
	table_put(&table, "a", &first);
	table_put(&table, "a", &second);
	assert_int_equal(table.count, 2);
	assert_ptr_equal(table_get(&table, "a"), &second);
	assert_ptr_equal(table_get(&table, ""), &first);
	table_free(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(thousands_of_keys),
		cmocka_unit_test(an_equal_key_is_replaced),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
