/*
 * process_confined_test.c - what a plugin's process is given, and what it cannot reach. What this kernel cannot confine is
 * skipped, aloud.
 */
#include "tests/unit/plugin/process_fixture.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "engine/plugin/confine.h"
#include "engine/plugin/private_folder.h"

static void it_is_given_nothing_of_ours(void **state)
{
	CLEANUP_PROCESS struct process_fixture p;
	(void)state;
	setenv("STANDIN_CANARY", "c4n4ry-53cr3t", 1);
	CLEANUP_CLOSE int leaking = open("/etc/hostname", O_RDONLY); /* without CLOEXEC, on purpose */
	process_open(&p, "surroundings", false);
	const char *observed = process_observed(&p, NULL, soon());
	const char *names = list_item(&p, observed, 0);
	assert_null(strstr(names, "CANARY"));
	assert_part(names, "HOME LANG LC_ALL ");
	assert_string_equal(list_item(&p, observed, 1), "0 1 2");
	assert_string_equal(list_item(&p, observed, 2), "True");
	assert_string_equal(list_item(&p, observed, 3), "True");
}

static void its_private_folder_goes_with_it(void **state)
{
	CLEANUP_PROCESS struct process_fixture p;
	char top[] = "/tmp/standin-process-test-XXXXXX";
	(void)state;
	assert_non_null(mkdtemp(top));
	setenv("TMPDIR", top, 1);
	process_open(&p, "reaches", false);
	process_observed(&p, NULL, soon());
	plugin_processes_free(take(p.processes));
	unsetenv("TMPDIR");
	assert_int_equal(rmdir(top), 0); /* it is empty */
}

/* Only of whoever is not there any more, and of this user. */
static void what_a_killed_engine_left_is_cleared_away(void **state)
{
	struct private_folder used, made;
	char top[] = "/tmp/standin-process-test-XXXXXX";
	(void)state;
	assert_non_null(mkdtemp(top));
	setenv("TMPDIR", top, 1);
	CLEANUP_FREE char *left = file_join(top, "standin-plugin-gone");
	CLEANUP_FREE char *other = file_join(top, "another");
	CLEANUP_FREE char *inside = file_join(left, "ticket");
	assert_int_equal(mkdir(left, 0700), 0);
	assert_int_equal(mkdir(other, 0700), 0);
	assert_int_equal(file_write_durable(inside, "x", 1, 0600, NULL), 0);
	assert_int_equal(private_folder_make(&used, NULL), 0);
	assert_false(file_exists(left));
	assert_int_equal(private_folder_make(&made, NULL), 0);
	assert_true(file_exists(used.path));
	assert_true(file_exists(other));
	private_folder_remove(&made);
	private_folder_remove(&used);
	unsetenv("TMPDIR");
	assert_int_equal(rmdir(other), 0);
	assert_int_equal(rmdir(top), 0);
}

static const struct {
	const char *what;
	const char *alone;
	const char *connected;
} reached[] = {
	{"secret file", "Permission denied", "Permission denied"},
	{"/root", "Permission denied", "Permission denied"},
	{"/etc/shadow", "Permission denied", "Permission denied"},
	{"engine's environment", "Permission denied", "Permission denied"},
	{"engine's memory", "Permission denied", "Permission denied"},
	{"write to /tmp", "Permission denied", "Permission denied"},
	{"write to itself", "Permission denied", "Permission denied"},
	{"another file of its folder", "Permission denied", "Permission denied"},
	{"its own file", "allowed", "allowed"},
	{"its private folder", "allowed", "allowed"},
	{"internet", "Permission denied", "allowed"},
	{"unix socket", "Permission denied", "Permission denied"},
	{"packets", "Permission denied", "Permission denied"},
	{"signal to the engine", "Operation not permitted", "Operation not permitted"},
	{"a session of its own", "Operation not permitted", "Operation not permitted"},
#ifdef __x86_64__ /* bad.py knows its numbers */
	{"ptrace", "Operation not permitted", "Operation not permitted"},
	{"mount", "Operation not permitted", "Operation not permitted"},
	{"kexec", "Operation not permitted", "Operation not permitted"},
	{"bpf", "Operation not permitted", "Operation not permitted"},
	{"keyctl", "Operation not permitted", "Operation not permitted"},
	{"unshare", "Operation not permitted", "Operation not permitted"},
	{"io_uring", "Function not implemented", "Function not implemented"},
#endif
	{"chown", "Operation not permitted", "Operation not permitted"},
};

static const char *verdict_on(struct process_fixture *p, const char *observed, const char *what)
{
	const struct value *list = value_get(json(p->f.arena, observed), "list");
	size_t length = strlen(what);
	for (size_t i = 0; value_is(list, VALUE_LIST) && i < list->list.count; i++) {
		const char *text = value_text(list->list.items[i]);
		if (strncmp(text, what, length) == 0 && strncmp(text + length, ": ", 2) == 0)
			return text + length + 2;
	}
	fail_msg("nothing about '%s' in %s", what, observed);
	return NULL;
}

static void reach(bool network)
{
	CLEANUP_PROCESS struct process_fixture p;
	char path[] = "/tmp/standin-identity-XXXXXX";
	close(mkstemp(path)); /* this user's own, mode 0600, as an identity file is */
	process_open(&p, "reaches", network);
	const struct value *with = json(p.f.arena, arena_printf(p.f.arena, "{\"path\": \"%s\"}", path));
	const char *observed = process_observed(&p, with, soon());
	unlink(path);
	if (strstr(buffer_text(&p.notes), "is not confined in")) {
		print_message("NOT RUN: this kernel cannot confine:\n%s", buffer_text(&p.notes));
		skip();
	}
	for (size_t i = 0; i < COUNT_OF(reached); i++) {
		const char *verdict = verdict_on(&p, observed, reached[i].what),
			   *expected = network ? reached[i].connected : reached[i].alone;
		if (strcmp(verdict, expected) != 0)
			fail_msg("%s: %s instead of %s", reached[i].what, verdict, expected);
	}
}

static void it_reaches_nothing(void **state)
{
	(void)state;
	reach(false);
}

static void with_network_it_reaches_that(void **state)
{
	(void)state;
	reach(true);
}

static void what_cannot_be_confined_has_a_name(void **state)
{
	(void)state;
	for (unsigned bit = 0; bit < UNCONFINED_BITS; bit++)
		assert_string_not_equal(unconfined_text((enum unconfined)(1u << bit)), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_given_nothing_of_ours),
		cmocka_unit_test(its_private_folder_goes_with_it),
		cmocka_unit_test(what_a_killed_engine_left_is_cleared_away),
		cmocka_unit_test(it_reaches_nothing),
		cmocka_unit_test(with_network_it_reaches_that),
		cmocka_unit_test(what_cannot_be_confined_has_a_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
