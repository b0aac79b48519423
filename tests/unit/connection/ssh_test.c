/*
 * ssh_test.c - the ssh driver against a real sshd on 127.0.0.1, which is killed, frozen and started again.
 */
#include <errno.h>
#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/base/file.h"
#include "engine/base/hash.h"
#include "engine/base/loop.h"
#include "support.h"

#ifdef __SANITIZE_ADDRESS__
#define MEMORY_LIMIT (400 * 1024) /* KiB; freed memory is kept for a while */

/* libssh2 1.10 loses two BIGNUMs for each ECDSA key that it reads from a file. */
const char *__asan_default_options(void);
const char *__lsan_default_suppressions(void);
const char *__asan_default_options(void)
{
	return "fast_unwind_on_malloc=0";
}
const char *__lsan_default_suppressions(void)
{
	return "leak:libssh2_userauth_publickey_fromfile_ex";
}
#else
#define MEMORY_LIMIT (16 * 1024)
#endif

struct world {
	char folder[64];
	int port;
	pid_t sshd;
	char *host_key;	 /* "type base64" */
	char *other_key; /* of a host that is elsewhere */
	char *identity;
	struct host hosts[2];
	struct inventory inventory;
	struct connections *connections;
	struct connection *here;
};

static void run_tool(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void run_tool(const char *format, ...)
{
	struct buffer line = {0};
	va_list args;
	va_start(args, format);
	buffer_vprintf(&line, format, args);
	va_end(args);
	if (system(line.data) != 0)
		fail_msg("failed: %s", line.data);
	buffer_free(&line);
}

static char *read_key(const char *folder, const char *name)
{
	CLEANUP_FREE char *path = memory_printf("%s/%s.pub", folder, name);
	char *text = NULL;
	size_t length = 0;
	assert_int_equal(file_read(path, 10000, &text, &length, NULL), 0);
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static int free_port(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	close(fd);
	return ntohs(address.sin_port);
}

static bool answers(int port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool open = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
	close(fd);
	return open;
}

static void start_sshd(struct world *world)
{
	CLEANUP_FREE char *config = memory_printf("%s/config", world->folder);
	CLEANUP_FREE char *log = memory_printf("%s/log", world->folder);
	world->sshd = fork();
	if (world->sshd == 0) {
		execl("/usr/sbin/sshd", "/usr/sbin/sshd", "-D", "-f", config, "-E", log, (char *)NULL);
		_exit(127);
	}
	for (int i = 0; i < 200 && !answers(world->port); i++)
		usleep(20000);
	assert_true(answers(world->port));
}

/* All processes whose parent is sshd: one for each connection. */
static int signal_sessions(const struct world *world, int signal_number)
{
	int count = 0;
	DIR *proc = opendir("/proc");
	for (struct dirent *entry; (entry = readdir(proc));) {
		char path[300], line[512] = "";
		int parent = 0;
		snprintf(path, sizeof(path), "/proc/%s/stat", entry->d_name);
		FILE *file = entry->d_name[0] >= '1' && entry->d_name[0] <= '9' ? fopen(path, "re") : NULL;
		if (!file)
			continue;
		if (fgets(line, sizeof(line), file) && strrchr(line, ')') &&
		    sscanf(strrchr(line, ')') + 2, "%*c %d", &parent) == 1 && parent == world->sshd &&
		    kill(atoi(entry->d_name), signal_number) == 0)
			count++;
		fclose(file);
	}
	closedir(proc);
	return count;
}

static void stop_sshd(struct world *world)
{
	signal_sessions(world, SIGKILL);
	kill(world->sshd, SIGKILL);
	waitpid(world->sshd, NULL, 0);
}

static void forget(struct world *world)
{
	connections_free(world->connections);
	world->connections = connections_new(&world->inventory);
	world->here = connections_get(world->connections, &world->hosts[0], NULL);
}

static void write_config(const struct world *world)
{
	CLEANUP_FREE char *path = memory_printf("%s/config", world->folder);
	CLEANUP_FREE char *text =
		memory_printf("ListenAddress 127.0.0.1\nPort %d\nHostKey %s/host\nAuthorizedKeysFile %s/authorized\n"
			      "StrictModes no\nUsePAM no\nPidFile none\nSetEnv SHLVL=5\nMaxStartups 50\nPermitRootLogin yes\n"
			      "PasswordAuthentication no\nKbdInteractiveAuthentication no\n",
			      world->port, world->folder, world->folder);
	assert_int_equal(file_write_durable(path, text, strlen(text), 0600, NULL), 0);
}

static int set_up(void **state)
{
	struct world *world = memory_alloc(sizeof(*world));
	*state = world;
	unsetenv("SSH_AUTH_SOCK");
	strcpy(world->folder, "/tmp/standin-ssh-test-XXXXXX");
	assert_non_null(mkdtemp(world->folder));
	mkdir("/run/sshd", 0755);
	for (const char *const *name = (const char *const[]){"host", "other", "id", NULL}; *name; name++)
		run_tool("ssh-keygen -q -t ed25519 -N '' -C %s -f %s/%s", *name, world->folder, *name);
	run_tool("ssh-keygen -q -t rsa -b 2048 -N '' -f %s/id_rsa", world->folder);
	run_tool("ssh-keygen -q -t ecdsa -N '' -f %s/id_ecdsa", world->folder);
	run_tool("ssh-keygen -q -t ed25519 -N secret -f %s/locked", world->folder);
	run_tool("cd %s && cat id.pub id_rsa.pub id_ecdsa.pub locked.pub >authorized", world->folder);
	world->host_key = read_key(world->folder, "host");
	world->other_key = read_key(world->folder, "other");
	world->identity = file_join(world->folder, "id");
	world->port = free_port();
	write_config(world);
	world->hosts[0] = make_host("mail1", TRANSPORT_SSH);
	world->hosts[0].address = "127.0.0.1";
	world->hosts[0].port = world->port;
	world->hosts[0].host_key = world->host_key;
	world->hosts[0].identity_file = world->identity;
	world->hosts[1] = make_host("mail2", TRANSPORT_SSH);
	world->hosts[1].host_key = world->other_key;
	world->inventory = (struct inventory){.hosts = world->hosts, .hosts_count = 2};
	start_sshd(world);
	world->connections = connections_new(&world->inventory);
	world->here = connections_get(world->connections, &world->hosts[0], NULL);
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;
	connections_free(world->connections);
	stop_sshd(world);
	file_remove_tree(world->folder, NULL);
	free(world->host_key);
	free(world->other_key);
	free(world->identity);
	free(world);
	return 0;
}

static void test_commands(void **state)
{
	struct world *world = *state;
	forget(world);
	assert_output(world->here, ARGV("printf", "%s|", "a b", "", "'", "$x", "a\nb", "\\n", "\xc3\xa4"), 0,
		      "a b||'|$x|a\nb|\\n|\xc3\xa4|");
	assert_output(world->here, SH("echo out; echo err >&2; exit 7"), 7, "out\n");
	assert_output(world->here, ARGV("cat"), 0, ""); /* its stdin ends */
	struct command_result result = run_ok(world->here, SH("kill -TERM $$"));
	assert_int_equal(result.exit_code, -1);
	assert_string_equal(result.signal, "TERM");
	command_result_free(&result);
	result = run_ok(world->here, ARGV("no-such-program-here"));
	assert_int_equal(result.exit_code, 127);
	command_result_free(&result);
	struct command command = {.argv = SH("echo \"$A|$B\""), .environment = ARGV("A=x'y", "B="), .deadline = in_seconds(10)};
	assert_int_equal(connection_run(world->here, &command, &result, NULL), 0);
	assert_string_equal(result.output.data, "x'y|\n");
	command_result_free(&result);
}

static void test_greeting(void **state)
{
	struct world *world = *state;
	const struct greeting *greeting = NULL;
	forget(world);
	assert_int_equal(connection_greet(world->here, in_seconds(10), &greeting, NULL), 0);
	assert_string_equal(greeting->boot_id, clock_boot_id());
	assert_int_equal(greeting->root, getuid() == 0);
}

static void test_stdin_and_large_output(void **state)
{
	struct world *world = *state;
	size_t size = (size_t)5 << 20;
	CLEANUP_FREE char *data = memory_alloc(size);
	char digest[HASH_HEX_SIZE];
	for (size_t i = 0; i < size; i++)
		data[i] = (char)(i * 31 + i / 4096);
	hash_hex(data, size, digest);
	struct command command = {.argv = ARGV("cat"), .input = data, .input_length = size, .deadline = in_seconds(60)};
	struct command_result result;
	assert_int_equal(connection_run(world->here, &command, &result, NULL), 0);
	assert_int_equal(result.output.total, size);
	assert_string_equal(result.output.digest, digest);
	command_result_free(&result);
	command.argv = SH("exec <&-; echo closed"); /* does not read it */
	assert_int_equal(connection_run(world->here, &command, &result, NULL), 0);
	assert_string_equal(result.output.data, "closed\n");
	command_result_free(&result);
	struct rusage before, after;
	getrusage(RUSAGE_SELF, &before);
	result = run_ok(world->here, SH("head -c 100000000 /dev/zero; head -c 100000 /dev/zero >&2"));
	getrusage(RUSAGE_SELF, &after);
	assert_int_equal(result.output.total, 100000000);
	assert_int_equal(result.errors.total, 100000);
	assert_int_equal(result.output.length, CAPTURE_LIMIT);
	assert_true(after.ru_maxrss - before.ru_maxrss < MEMORY_LIMIT);
	command_result_free(&result);
}

static void test_keys(void **state)
{
	struct world *world = *state;
	struct command command = {.argv = ARGV("true"), .deadline = in_seconds(20)};
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
	CLEANUP_FREE char *line = memory_printf(
		"ssh-agent -D -a %s >/dev/null & echo $!; for i in 1 2 3 4 5 6 7 8 9; do [ -S %s ] && break; sleep 0.1; done; "
		"SSH_AUTH_SOCK=%s ssh-add -q %s/id_rsa %s/id 2>/dev/null",
		socket, socket, socket, world->folder, world->folder);
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
	struct command command = {.argv = ARGV("true"), .deadline = in_seconds(20)};
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
	struct command command = {.argv = ARGV("true"), .deadline = in_seconds(20)};
	world->hosts[0].port = free_port();
	forget(world);
	assert_run_fails(world->here, &command, ERROR_CONNECTION, false, "mail1: cannot connect to 127.0.0.1 port ");
	world->hosts[0].address = "no-such-name.invalid";
	forget(world);
	assert_run_fails(world->here, &command, ERROR_CONNECTION, false, "the name no-such-name.invalid has no address");
	world->hosts[0].address = "localhost";
	world->hosts[0].port = world->port;
	forget(world);
	assert_output(world->here, ARGV("true"), 0, "");
	/* A port that accepts and says nothing. */
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
	assert_int_equal(listen(fd, 5), 0);
	getsockname(fd, (struct sockaddr *)&address, &length);
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

/* Commands get shells that were started before them (ssh_channel.c); nothing but their speed may show it. */
static void test_spares(void **state)
{
	struct world *world = *state;
	const struct greeting *greeting;
	struct command killed = {.argv = SH("kill -KILL $$"), .deadline = in_seconds(20)};
	struct command_result result;
	CLEANUP_FREE char *log = memory_printf("%s/spares", world->folder);
	forget(world);
	CLEANUP_ERROR struct error err = ERROR_NONE;
	result = run_ok(world->here, SH("env | sort")); /* before the greeting: without a spare */
	assert_int_equal(connection_greet(world->here, in_seconds(20), &greeting, &err), 0);
	for (int i = 0; i < 8; i++)
		assert_output(world->here, SH("cat; sleep 0.1; printf '%s\n' \"a b\n\\c'\"; exit 3"), 3, "a b\n\\c'\n");
	assert_output(world->here, SH("[ $(pgrep -c -P $PPID) -ge 3 ] && echo waiting"), 0, "waiting\n");
	assert_output(world->here, SH("env | sort"), 0, result.output.data);
	command_result_free(&result);
	assert_int_equal(connection_run(world->here, &killed, &result, &err), 0);
	assert_string_equal(result.signal, "KILL");
	command_result_free(&result);
	/* Once each, although all that wait are killed between. */
	for (int i = 0; i < 4; i++) {
		assert_output(world->here, ARGV("sh", "-c", "echo x >>\"$1\"", "sh", log), 0, "");
		assert_output(world->here,
			      SH("sleep 0.1; for p in $(pgrep -P $PPID); do [ $p = $$ ] || kill -KILL $p; done"), 0, "");
	}
	assert_output(world->here, ARGV("cat", log), 0, "x\nx\nx\nx\n");
	assert_output(world->here, ARGV("no-such-program"), 127, "");
}

/* The same command in a scope, in a new session (without a spare) and where spares wait. */
static void assert_same_in_scope(struct world *world, const char *const *argv)
{
	const struct greeting *greeting;
	struct command_result results[2];
	CLEANUP_ERROR struct error err = ERROR_NONE;
	CLEANUP_FREE char *name = unique_scope("spare");
	struct command command = {.argv = argv, .scope = name, .environment = ARGV("A=b 'c'"), .deadline = in_seconds(20)};
	for (int i = 0; i < 2; i++) {
		forget(world);
		assert_int_equal(connection_greet(world->here, in_seconds(20), &greeting, &err), 0);
		for (int warm = 0; warm < 6 * i; warm++)
			assert_output(world->here, SH("sleep 0.05"), 0, "");
		if (connection_run(world->here, &command, &results[i], &err) < 0)
			fail_msg("%s", err.message);
	}
	assert_int_equal(results[0].exit_code, results[1].exit_code);
	assert_string_equal(results[0].signal, results[1].signal);
	assert_string_equal(results[0].output.data, results[1].output.data);
	assert_string_equal(results[0].errors.data, results[1].errors.data);
	command_result_free(&results[0]);
	command_result_free(&results[1]);
}

static void test_scopes_in_spares(void **state)
{
	struct world *world = *state;
	assert_same_in_scope(world, SH("cat; env | grep -v ^SSH_C | sort; echo err >&2; exit 3"));
	assert_same_in_scope(world,
			     ARGV("printf", "%s|", "", " ", "a'b\n\"$(x)`", "-n", "\nline\n", "\xc3\xa4\xff", "$1 $@ $0"));
	assert_same_in_scope(world, SH("kill -TERM $$"));
	assert_same_in_scope(world, SH("ps -o sid= -p $$ | grep -qw $$ && echo leads its session"));
	assert_same_in_scope(world, ARGV("no-such-program"));
	assert_same_in_scope(world, ARGV("/dev/null"));
}

static void kill_all(void *argument)
{
	stop_sshd(argument);
}

static void test_lost_in_mid_command(void **state)
{
	struct world *world = *state;
	struct command command = {.argv = ARGV("true"), .deadline = in_seconds(60)};
	struct begun begun = {
		.connection = world->here, .command = {.argv = SH("echo begun; sleep 2")}, .then = kill_all, .argument = world};
	run_until_begun(&begun, ERROR_CONNECTION, "mail1: the connection was lost");
	assert_run_fails(world->here, &command, ERROR_CONNECTION, false, "cannot connect");
	start_sshd(world);
	assert_output(world->here, ARGV("echo", "back"), 0, "back\n");
	/* Found dead before the command: opened again without a word. */
	assert_int_equal(signal_sessions(world, SIGKILL), 1);
	assert_output(world->here, ARGV("echo", "again"), 0, "again\n");
	signal_sessions(world, SIGKILL);
	usleep(50000);
	assert_output(world->here, ARGV("echo", "again"), 0, "again\n");
	connection_close(world->here);
	assert_output(world->here, ARGV("echo", "new"), 0, "new\n");
}

static void freeze(void *argument)
{
	signal_sessions(argument, SIGSTOP);
}

static void test_frozen(void **state)
{
	struct world *world = *state;
	forget(world);
	struct begun begun = {
		.connection = world->here, .command = {.argv = SH("echo begun; sleep 40")}, .then = freeze, .argument = world};
	run_until_begun(&begun, ERROR_CONNECTION, "nothing was heard from the host for 15 s");
	assert_int_equal(signal_sessions(world, SIGKILL), 1);
	assert_output(world->here, ARGV("true"), 0, "");
}

struct crowd {
	struct world *world;
	int running, most, done;
};

static void count_running(void *context, bool is_stderr, const char *data, size_t length)
{
	struct crowd *crowd = context;
	(void)is_stderr;
	(void)length;
	crowd->running += data[0] == 's' ? 1 : data[0] == 'e' ? -1 : 0;
	if (crowd->running > crowd->most)
		crowd->most = crowd->running;
}

static void run_one_of_many(void *argument)
{
	struct crowd *crowd = argument;
	struct command command = {.argv = SH("echo s; sleep 0.2; yes x | head -c 300000; cat; sleep 0.1; echo e"),
				  .input = "e\n",
				  .input_length = 2,
				  .deadline = in_seconds(30),
				  .on_output = count_running,
				  .context = crowd};
	struct command_result result;
	struct error err = ERROR_NONE;
	if (connection_run(crowd->world->here, &command, &result, &err) < 0)
		print_error("%s\n", error_text(&err)); /* an assertion would leave the fiber's stack */
	else
		crowd->done += result.output.total == 300006;
	error_clear(&err);
	command_result_free(&result);
}

static void test_many_at_once(void **state)
{
	struct crowd crowd = {.world = *state};
	struct fiber *fibers[20];
	forget(crowd.world);
	for (size_t i = 0; i < COUNT_OF(fibers); i++)
		fibers[i] = fiber_start(run_one_of_many, &crowd);
	for (size_t i = 0; i < COUNT_OF(fibers); i++)
		assert_int_equal(fiber_join(fibers[i], in_seconds(30)), LOOP_READY);
	assert_int_equal(crowd.done, 20);
	assert_int_equal(signal_sessions(crowd.world, 0), 1); /* one connection served all */
}

static void test_scopes(void **state)
{
	struct world *world = *state;
	enum scope_state found = SCOPE_NONE;
	CLEANUP_FREE char *name = unique_scope("ssh-family");
	CLEANUP_FREE char *family =
		memory_printf("trap '' TERM; setsid sleep %1$s & echo begun; sleep %1$s; :", unique_seconds());
	struct command command = {0};
	forget(world);
	struct begun begun = {.connection = world->here, .command = {.argv = SH(family), .scope = name}};
	run_until_begun(&begun, ERROR_CANCELLED, "mail1: cancelled while waiting for the host");
	assert_true(count_processes(unique_seconds()) >= 2);
	forget(world);
	assert_int_equal(scope_find(world->here, name, in_seconds(20), &found, NULL), 0);
	assert_int_equal(found, SCOPE_RUNNING);
	assert_int_equal(scope_end(world->here, name, in_seconds(30), NULL), 0);
	assert_int_equal(count_processes(unique_seconds()), 0);
	CLEANUP_FREE char *another = unique_scope("ssh-cat"); /* the first is closed */
	command.scope = another;
	command.argv = SH("cat; kill -KILL $$");
	command.input = "in";
	command.input_length = 2;
	command.deadline = in_seconds(10);
	struct command_result result;
	assert_int_equal(connection_run(world->here, &command, &result, NULL), 0);
	assert_string_equal(result.output.data, "in");
	assert_string_equal(result.signal, "KILL");
	command_result_free(&result);
}

/* Commands that were left running keep their place at the server, which allows ten. */
static void test_many_left_running(void **state)
{
	struct world *world = *state;
	forget(world);
	for (int i = 0; i < 13; i++) {
		struct begun begun = {.connection = world->here, .command = {.argv = SH("echo begun; exec sleep 5")}};
		run_until_begun(&begun, ERROR_CANCELLED, "cancelled");
	}
	assert_output(world->here, ARGV("echo", "fine"), 0, "fine\n");
}

static void test_server_takes_one_session(void **state)
{
	struct world *world = *state;
	stop_sshd(world);
	run_tool("echo MaxSessions 2 >>%s/config", world->folder);
	start_sshd(world);
	test_many_left_running(state);
	struct crowd crowd = {.world = world};
	struct fiber *fibers[8];
	for (size_t i = 0; i < COUNT_OF(fibers); i++)
		fibers[i] = fiber_start(run_one_of_many, &crowd);
	for (size_t i = 0; i < COUNT_OF(fibers); i++)
		assert_int_equal(fiber_join(fibers[i], in_seconds(30)), LOOP_READY);
	assert_int_equal(crowd.done, 8);
	stop_sshd(world);
	write_config(world);
	start_sshd(world);
}

static void test_files(void **state)
{
	struct world *world = *state;
	CLEANUP_FREE char *path = file_join(world->folder, "sent");
	CLEANUP_FREE char *back = NULL;
	size_t length = 0, size = (size_t)3 << 20;
	CLEANUP_FREE char *data = memory_alloc(size);
	for (size_t i = 0; i < size; i++)
		data[i] = (char)(i ^ (i >> 8));
	forget(world);
	assert_int_equal(connection_upload(world->here, data, size, path, 0600, in_seconds(20), NULL), 0);
	assert_int_equal(connection_download(world->here, path, size, in_seconds(20), &back, &length, NULL), 0);
	assert_int_equal(length, size);
	assert_memory_equal(back, data, size);
}

static void test_too_long(void **state)
{
	struct world *world = *state;
	CLEANUP_FREE char *longest = memory_alloc(40001);
	memset(longest, 'x', 40000);
	struct command command = {.argv = ARGV("echo", longest), .deadline = in_seconds(10)};
	assert_run_fails(world->here, &command, ERROR_LIMIT, false, "at most 32000");
	longest[31000] = '\0';
	struct command_result result = run_ok(world->here, ARGV("echo", longest));
	assert_int_equal(result.output.total, 31001);
	command_result_free(&result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_greeting),
		cmocka_unit_test(test_stdin_and_large_output),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_agent),
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_unreachable),
		cmocka_unit_test(test_many_at_once),
		cmocka_unit_test(test_scopes),
		cmocka_unit_test(test_many_left_running),
		cmocka_unit_test(test_server_takes_one_session),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_spares),
		cmocka_unit_test(test_scopes_in_spares),
		cmocka_unit_test(test_lost_in_mid_command),
		cmocka_unit_test(test_frozen),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
