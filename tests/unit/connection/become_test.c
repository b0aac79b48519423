/*
 * become_test.c - sudo's password never reaches the command: with a sudo (a script) that asks, one that does not, one that
 * refuses.
 *
 * The real sudo is met in the lab (tests/lab/connection.bats).
 */
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/file.h"
#include "engine/base/loop.h"
#include "support.h"

/* Takes the options that are used, and asks if the file "ask" lies beside it. */
static const char FAKE_SUDO[] =
	"#!/bin/sh\n"
	"here=$(dirname \"$0\"); stdin=; silent=\n"
	"while :; do case $1 in -S) stdin=1; shift;; -n) silent=1; shift;; -p|-u) shift 2;; --) shift; break;; *) break;; "
	"esac; done\n"
	"if [ -e \"$here/ask\" ]; then\n"
	"  [ -z \"$silent\" ] || { echo 'sudo: a password is required' >&2; exit 1; }\n"
	"  IFS= read -r line; [ \"$line\" = 'pass word$' ] || { echo 'Sorry, try again.' >&2; exit 1; }\n"
	"fi\n"
	"VIA_SUDO=yes; export VIA_SUDO; exec \"$@\"\n";

struct world {
	char folder[64];
	char *sudo, *ask, *path;
	struct host host;
	struct secret secret;
	struct inventory inventory;
	struct connections *connections;
	struct connection *box;
	const char *prefix[8];
};

static void forget(struct world *world)
{
	connections_free(world->connections);
	world->connections = connections_new(&world->inventory);
	world->box = connections_get(world->connections, &world->host, NULL);
}

static int set_up(void **state)
{
	struct world *world = memory_alloc(sizeof(*world));
	*state = world;
	strcpy(world->folder, "/tmp/standin-become-test-XXXXXX");
	assert_non_null(mkdtemp(world->folder));
	chmod(world->folder, 0755);
	world->sudo = file_join(world->folder, "sudo");
	world->ask = file_join(world->folder, "ask");
	world->path = memory_printf("PATH=%s:/usr/bin:/bin", world->folder);
	assert_int_equal(file_write_durable(world->sudo, FAKE_SUDO, strlen(FAKE_SUDO), 0755, NULL), 0);
	chmod(world->sudo, 0755);
	/* Not as root: root needs no sudo to become root. */
	const char *prefix[] = {"setpriv", "--reuid=daemon", "--clear-groups", "env", world->path, NULL};
	memcpy(world->prefix, getuid() == 0 ? prefix : prefix + 3, sizeof(prefix) - (getuid() == 0 ? 0 : 3 * sizeof(*prefix)));
	world->host = make_host("box", TRANSPORT_COMMAND);
	world->host.prefix = world->prefix;
	world->host.become = true;
	world->secret = (struct secret){.name = "sudo", .env = "STANDIN_TEST_PASSWORD"};
	world->inventory =
		(struct inventory){.hosts = &world->host, .hosts_count = 1, .secrets = &world->secret, .secrets_count = 1};
	forget(world);
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;
	connections_free(world->connections);
	file_remove_tree(world->folder, NULL);
	free(world->sudo);
	free(world->ask);
	free(world->path);
	free(world);
	return 0;
}

static void set_asking(struct world *world, bool asks)
{
	unlink(world->ask);
	if (asks)
		assert_int_equal(file_write_durable(world->ask, "", 0, 0644, NULL), 0);
	chmod(world->ask, 0644);
}

static void assert_cat(struct world *world, const char *input, const char *scope)
{
	struct command command = {.argv = SH("echo \"$VIA_SUDO\"; cat; tr '\\0' '\\n' </proc/$$/cmdline"),
				  .input = input,
				  .input_length = strlen(input),
				  .scope = scope,
				  .deadline = in_seconds(120)};
	struct command_result result;
	struct error err = ERROR_NONE;
	CLEANUP_FREE char *start = memory_printf("yes\n%s", input);
	if (connection_run(world->box, &command, &result, &err) < 0)
		fail_msg("%s", error_text(&err));
	assert_int_equal(strncmp(result.output.data, start, strlen(start)), 0);
	assert_null(strstr(result.output.data, "pass word"));
	assert_string_equal(result.errors.data, "");
	command_result_free(&result);
}

static void test_without_password(void **state)
{
	CLEANUP_FREE char *scope = unique_scope("become");
	struct world *world = *state;
	world->host.become_password = NULL;
	set_asking(world, false);
	forget(world);
	assert_cat(world, "a\nb\n", NULL);
	assert_cat(world, "a\nb\n", scope);
	struct command plain = {.argv = SH("echo \"[$VIA_SUDO]\""), .no_become = true, .deadline = in_seconds(120)};
	struct command_result result;
	assert_int_equal(connection_run(world->box, &plain, &result, NULL), 0);
	assert_string_equal(result.output.data, "[]\n");
	command_result_free(&result);
	plain.scope = scope;
	assert_run_fails(world->box, &plain, ERROR_INVALID, false, "cannot leave out become");
}

static void test_password_asked_or_not(void **state)
{
	CLEANUP_FREE char *scope = unique_scope("become");
	struct world *world = *state;
	world->host.become_password = "sudo";
	setenv("STANDIN_TEST_PASSWORD", "pass word$", 1);
	for (int asks = 0; asks < 2; asks++) {
		set_asking(world, asks);
		forget(world);
		assert_cat(world, "", NULL);
		assert_cat(world, "one\ntwo", NULL);
		assert_cat(world, "one\ntwo", scope);
		set_asking(world, !asks); /* it changes its mind later */
		assert_cat(world, "three", NULL);
	}
}

static void assert_refused(struct world *world, const char *text, const char *hint)
{
	struct command command = {.argv = ARGV("true"), .deadline = in_seconds(120)};
	struct command_result result;
	struct error err = ERROR_NONE;
	forget(world);
	assert_int_equal(connection_run(world->box, &command, &result, &err), -1);
	assert_int_equal(err.code, ERROR_REFUSED);
	assert_false(result.started);
	if (!strstr(err.message, text) || !err.hint || !strstr(err.hint, hint))
		fail_msg("%s / %s", err.message, err.hint);
	error_clear(&err);
	command_result_free(&result);
}

static void test_refusals(void **state)
{
	struct world *world = *state;
	set_asking(world, true);
	world->host.become_password = NULL;
	assert_refused(world, "box: cannot become root by sudo: sudo: a password is required", "NOPASSWD");
	world->host.become_password = "sudo";
	setenv("STANDIN_TEST_PASSWORD", "wrong", 1);
	assert_refused(world, "cannot become root by sudo: Sorry, try again.", "check the secret sudo");
	setenv("STANDIN_TEST_PASSWORD", "two\nlines", 1);
	forget(world);
	struct command command = {.argv = ARGV("true"), .deadline = in_seconds(120)};
	assert_run_fails(world->box, &command, ERROR_INVALID, false, "the secret sudo cannot be a password");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_password),
		cmocka_unit_test(test_password_asked_or_not),
		cmocka_unit_test(test_refusals),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
