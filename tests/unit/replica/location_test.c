/*
 * location_test.c - lines of mountinfo, and which path lies in which.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "plugins/replica/format/location.h"

static void test_lines(void **state)
{
	static const struct {
		const char *line, *root, *point;
		uint64_t id, device;
	} lines[] = {
		{"36 35 98:4294 / / rw,noatime master:1 - ext3 /dev/root rw", "", "", 36, UINT64_C(98) << 32 | 4294},
		{"7 1 0:3 /@home/a\\040b /srv/\\134x\\011y rw - btrfs /dev/sda rw", "/@home/a b", "/srv/\\x\ty", 7, 3},
		{"7 1 0:3 / /mnt rw - tmpfs none rw", "", "/mnt", 7, 3},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct location_mount mount;
		assert_true(location_parse_mount(lines[i].line, &mount));
		assert_int_equal(mount.id, lines[i].id);
		assert_int_equal(mount.device, lines[i].device);
		assert_string_equal(mount.root, lines[i].root);
		assert_string_equal(mount.point, lines[i].point);
	}
}

static void test_what_is_no_line(void **state)
{
	static const char *const lines[] = {"", "x", "36 35", "36 35 98:0", "36 35 98:0 relative /", "36 35 98:0 / relative"};
	static char longer[8192] = "36 35 98:0 /";
	struct location_mount mount;
	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		assert_false(location_parse_mount(lines[i], &mount));
	memset(longer + strlen(longer), 'x', 5000);
	assert_false(location_parse_mount(longer, &mount));
}

static void test_one_in_another(void **state)
{
	static const struct {
		struct real_place inner, outer;
		const char *path;
	} cases[] = {
		{{1, "/a/b"}, {1, "/a"}, "b"},	{{1, "/a"}, {1, "/a"}, ""},    {{1, "/a"}, {1, ""}, "a"},
		{{1, ""}, {1, ""}, ""},		{{1, "/ab"}, {1, "/a"}, NULL}, {{1, "/a"}, {1, "/a/b"}, NULL},
		{{2, "/a/b"}, {1, "/a"}, NULL},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *path = location_within(&cases[i].inner, &cases[i].outer);
		assert_int_equal(!path, !cases[i].path);
		if (path)
			assert_string_equal(path, cases[i].path);
	}
}

static void test_paths(void **state)
{
	struct real_place here, there;
	(void)state;
	assert_int_equal(location_of("/proc/self", &here, NULL), 0);
	assert_int_equal(location_of("/proc", &there, NULL), 0);
	assert_non_null(location_within(&here, &there));
	assert_int_equal(location_of("/proc/is/not/there/yet", &here, NULL), 0);
	assert_string_equal(location_within(&here, &there), "is/not/there/yet");
	assert_int_equal(location_of("/", &there, NULL), 0);
	assert_null(location_within(&here, &there)); /* another file system */
	assert_int_equal(location_demand_mount("/proc/x", NULL), 0);
	assert_int_equal(location_demand_mount("/", NULL), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_what_is_no_line),
		cmocka_unit_test(test_one_in_another),
		cmocka_unit_test(test_paths),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
