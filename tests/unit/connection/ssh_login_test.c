/*
 * ssh_login_test.c - the way to a shell by the ssh driver, on a real sshd: keys, the agent, pinned host keys, hosts that do not
 * answer.
 */
#include "sshd.h"

static void test_keys(void **state)
{
	struct world *world = *state;
	struct command command = {.argv = ARGV("true"), .deadline = in_seconds(120)};
	CLEANUP_FREE char *ecdsa = file_join(world->folder, "id_ecdsa");
	CLEANUP_FREE char *rsa = file_join(world->folder, "id_rsa");
	CLEANUP_FREE char *locked = file_join(world->folder, "locked");
	CLEANUP_FREE char *unknown = file_join(world->folder, "other");
	CLEANUP_FREE char *missing = file_join(world->folder, "missing");
	world->hosts[0].identity_file = ecdsa;
	forget(world);
	assert_output(world->here, ARGV("true"), 0, "");
	world->hosts[0].identity_file = rsa;
	forget(world);
	struct error err = ERROR_NONE;
	struct command_result result;
	assert_int_equal(connection_run(world->here, &command, &result, &err), -1);
	assert_int_equal(err.code, ERROR_CONNECTION);
	assert_non_null(strstr(err.message, "none of these keys was accepted"));
	assert_non_null(strstr(err.hint, "make an Ed25519 key"));
	error_clear(&err);
	command_result_free(&result);
	world->hosts[0].identity_file = locked;
	forget(world);
	assert_run_fails(world->here, &command, ERROR_CONNECTION, false, "needs a passphrase");
	world->hosts[0].identity_file = unknown;
	forget(world);
	assert_run_fails(world->here, &command, ERROR_CONNECTION, false,
			 "mail1: cannot log in as root: none of these keys was accepted");
	world->hosts[0].identity_file = missing;
	forget(world);
	assert_run_fails(world->here, &command, ERROR_CONNECTION, false, "the identity file");
	world->hosts[0].identity_file = world->identity;
	forget(world);
}

static void test_agent(void **state)
{
	struct world *world = *state;
	CLEANUP_FREE char *socket = file_join(world->folder, "agent");
	CLEANUP_FREE char *line =
		memory_printf("eval $(ssh-agent -s -a %s) >/dev/null; echo $SSH_AGENT_PID; " /* it listens by then */
			      "SSH_AUTH_SOCK=%s ssh-add -q %s/id_rsa %s/id 2>/dev/null",
			      socket, socket, world->folder, world->folder);
	FILE *pipe = popen(line, "r");
	int pid = 0;
	assert_int_equal(fscanf(pipe, "%d", &pid), 1);
	pclose(pipe);
	setenv("SSH_AUTH_SOCK", socket, 1);
	world->hosts[0].identity_file = NULL;
	forget(world);
	assert_output(world->here, ARGV("true"), 0, "");
	kill(pid, SIGTERM);
	unsetenv("SSH_AUTH_SOCK");
	world->hosts[0].identity_file = world->identity;
}

static void assert_identity(struct world *world, const char *text, const char *hint)
{
	struct command command = {.argv = ARGV("true"), .deadline = in_seconds(120)};
	struct command_result result;
	struct error err = ERROR_NONE;
	forget(world);
	assert_int_equal(connection_run(world->here, &command, &result, &err), -1);
	assert_int_equal(err.code, ERROR_IDENTITY);
	assert_false(result.started);
	if (!strstr(err.message, text) || !strstr(err.hint, hint))
		fail_msg("%s / %s", err.message, err.hint);
	command_result_free(&result);
	error_clear(&err);
}

static void test_identity(void **state)
{
	struct world *world = *state;
	world->hosts[0].host_key = world->other_key;
	world->hosts[1].host_key = NULL;
	assert_identity(world, "is not the one that is pinned", "if the host was reinstalled");
	world->hosts[1].host_key = world->host_key;
	assert_identity(world, "is mail2: it presents the host key pinned for mail2", "`address` must be a management address");
	world->hosts[1].host_key = world->other_key;
	world->hosts[0].host_key = NULL;
	CLEANUP_FREE char *bare =
		memory_printf("host_key: \"%.*s\"", (int)(strrchr(world->host_key, ' ') - world->host_key), world->host_key);
	assert_identity(world, "no host key is pinned", bare);
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct value *entry = value_map(arena);
	value_put(arena, entry, "trust_on_first_use", value_bool(true));
	world->hosts[0].value = entry;
	forget(world);
	assert_output(world->here, ARGV("true"), 0, "");
	world->hosts[0].value = NULL;
	world->hosts[0].host_key = world->host_key;
	forget(world);
}

static void test_unreachable(void **state)
{
	struct world *world = *state;
	struct command command = {.argv = ARGV("true"), .deadline = in_seconds(120)};
	/* A port that nobody listens at, and nobody else can take meanwhile. */
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
	getsockname(fd, (struct sockaddr *)&address, &length);
	world->hosts[0].port = ntohs(address.sin_port);
	forget(world);
	assert_run_fails(world->here, &command, ERROR_CONNECTION, false, "mail1: cannot connect to 127.0.0.1 port ");
	world->hosts[0].address = "no-such-name.invalid";
	forget(world);
	assert_run_fails(world->here, &command, ERROR_CONNECTION, false, "the name no-such-name.invalid has no address");
	world->hosts[0].address = "localhost";
	world->hosts[0].port = world->port;
	forget(world);
	assert_output(world->here, ARGV("true"), 0, "");
	/* It accepts, and says nothing. */
	assert_int_equal(listen(fd, 5), 0);
	world->hosts[0].address = "127.0.0.1";
	world->hosts[0].port = ntohs(address.sin_port);
	world->hosts[0].connect_timeout = NSEC_PER_SEC / 2;
	forget(world);
	assert_run_fails(world->here, &command, ERROR_CONNECTION, false, "no answer in time");
	command.deadline = in_seconds(0.2);
	assert_run_fails(world->here, &command, ERROR_TIMEOUT, false, "no answer in time");
	close(fd);
	world->hosts[0].connect_timeout = 10 * NSEC_PER_SEC;
	world->hosts[0].port = world->port;
	forget(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_agent),
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_unreachable),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
