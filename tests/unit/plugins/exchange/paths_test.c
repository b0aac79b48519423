/*
 * paths_test.c - lists of Windows paths.
 */
#include "plugins/exchange/paths.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "engine/base/memory.h"

static void check(json_t *list, const char *expected)
{
	char *text = json_dumps(list, JSON_COMPACT);
	assert_string_equal(text, expected);
	free(text);
	json_decref(list);
}

static json_t *list_of(const char *const *paths)
{
	json_t *list = json_array();
	for (; *paths; paths++)
		paths_add(list, *paths);
	paths_add(list, NULL); /* what the directory does not have */
	return list;
}

static void each_once_whatever_its_case(void **state)
{
	(void)state;
	check(list_of((const char *const[]){"D:\\logs", "d:\\LOGS", "D:\\logs\\", NULL}),
	      "[\"D:\\\\logs\",\"D:\\\\logs\\\\\"]");
}

static void sorted_whatever_their_case(void **state)
{
	(void)state;
	json_t *list = list_of((const char *const[]){"e:\\b", "D:\\c", "E:\\a", NULL});
	check(paths_sorted(list), "[\"D:\\\\c\",\"E:\\\\a\",\"e:\\\\b\"]");
	json_decref(list);
	check(json_array(), "[]");
}

static void folders_of_files(void **state)
{
	static const char *const cases[][2] = {
		{"D:\\mdbdata\\priv1.edb", "D:\\mdbdata"},
		{"D:\\priv1.edb", "D:\\"},
		{"\\\\filer\\share\\x.edb", "\\\\filer\\share"},
		{"priv1.edb", "priv1.edb"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char *folder = path_folder(cases[i][0]);
		assert_string_equal(folder, cases[i][1]);
		free(folder);
	}
	assert_null(path_folder(NULL));
}

static void what_lies_inside_another_is_left_out(void **state)
{
	(void)state;
	json_t *list = list_of(
		(const char *const[]){"C:\\data", "c:\\DATA\\logs", "C:\\database", "F:\\", "F:\\stores", "E:\\x", NULL});
	check(paths_outermost(list), "[\"C:\\\\data\",\"C:\\\\database\",\"F:\\\\\",\"E:\\\\x\"]");
	json_decref(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_once_whatever_its_case),
		cmocka_unit_test(sorted_whatever_their_case),
		cmocka_unit_test(folders_of_files),
		cmocka_unit_test(what_lies_inside_another_is_left_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
