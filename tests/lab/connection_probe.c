/*
 * connection_probe.c - the connection layer against a booted host: transient scopes by systemd, the real sudo. Run by
 * connection.bats on ctl.
 *
 *     connection_probe ADDRESS HOST_KEY USER become|plain [PASSWORD_FILE]
 *
 * It is no test of its own: it says "ok" or where it stopped.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/connection/scope.h"

#define ARGV(...) ((const char *const[]){__VA_ARGS__, NULL})
#define CHECK(condition)                                                                                                       \
	do {                                                                                                                   \
		if (!(condition)) {                                                                                            \
			printf("line %d: %s: %s (%s)\n", __LINE__, #condition, error_text(&err), err.hint ? err.hint : "");    \
			exit(1);                                                                                               \
		}                                                                                                              \
	} while (0)

static struct error err;
static struct secret secret = {.name = "sudo"};
static struct host host = {.id = "target",
			   .name = "target",
			   .transport = TRANSPORT_SSH,
			   .port = 22,
			   .connect_timeout = 10 * NSEC_PER_SEC,
			   .identity_file = "/root/.ssh/id_ed25519"};
static struct inventory inventory = {.hosts = &host, .hosts_count = 1, .secrets = &secret, .secrets_count = 1};

static int64_t in_seconds(double seconds)
{
	return clock_boottime() + (int64_t)(seconds * (double)NSEC_PER_SEC);
}

static struct command_result run(struct connection *connection, const char *const *argv, const char *scope, int expected)
{
	struct command command = {.argv = argv,
				  .input = "a line\n",
				  .input_length = 7,
				  .scope = scope,
				  .deadline = in_seconds(20),
				  .environment = ARGV("V=a b$c%d")};
	struct command_result result;
	CHECK(connection_run(connection, &command, &result, &err) == 0);
	if (result.exit_code != expected)
		printf("exit %d, signal %s, stderr: %s\n", result.exit_code, result.signal, result.errors.data);
	CHECK(result.exit_code == expected);
	return result;
}

static void check_passage(struct connection *connection, const char *scope)
{
	struct command_result result =
		run(connection,
		    ARGV("sh", "-c", "printf '%s|' \"$V\" \"$@\"; cat; echo no >&2; exit 9", "sh", "", "$HOME", "${V}", "$$",
			 "%h", "%%", "a\nb", "\\n", "\\\\", "'", "\"", ";", "@x", "-y", "\xc3\xa4", " "),
		    scope, 9);
	CHECK(strcmp(result.output.data, "a b$c%d||$HOME|${V}|$$|%h|%%|a\nb|\\n|\\\\|'|\"|;|@x|-y|\xc3\xa4| |a line\n") == 0);
	CHECK(strcmp(result.errors.data, "no\n") == 0);
	command_result_free(&result);
}

static void check_exits(struct connection *connection)
{
	static const char *const signals[] = {"TERM", "KILL", "INT", "HUP"};
	for (size_t i = 0; i < COUNT_OF(signals); i++) {
		char scope[64], script[64];
		snprintf(scope, sizeof(scope), "standin-lab-signal%zu-1", i);
		snprintf(script, sizeof(script), "kill -%s $$", signals[i]);
		struct command_result result = run(connection, ARGV("sh", "-c", script), scope, -1);
		CHECK(strcmp(result.signal, signals[i]) == 0);
		command_result_free(&result);
	}
	struct command_result result = run(connection, ARGV("no-such-program"), "standin-lab-missing-1", 127);
	command_result_free(&result);
	result = run(connection, ARGV("sh", "-c", "exit 255"), "standin-lab-code-1", 255);
	command_result_free(&result);
}

static enum scope_state find(struct connection *connection, const char *name)
{
	enum scope_state state = SCOPE_NONE;
	CHECK(scope_find(connection, name, in_seconds(10), &state, &err) == 0);
	return state;
}

static void check_ending(void)
{
	static const char script[] = "trap '' TERM; setsid sleep 4731.5 & (sleep 4731.5 & sleep 4731.5) & sleep 4731.5; :";
	char name[64], waits[64], late[64]; /* what is closed stays closed: names of this process alone */
	snprintf(name, sizeof(name), "standin-lab-family-%d", (int)getpid());
	snprintf(waits, sizeof(waits), "standin-lab-wait-%d", (int)getpid());
	snprintf(late, sizeof(late), "standin-lab-late-%d", (int)getpid());
	struct connections *first = connections_new(&inventory), *second = connections_new(&inventory);
	struct connection *one = connections_get(first, &host, NULL), *two = connections_get(second, &host, NULL);
	struct command command = {.argv = ARGV("sh", "-c", script), .scope = name, .deadline = in_seconds(2)};
	struct command_result result;
	CHECK(connection_run(one, &command, &result, &err) == -1 && err.code == ERROR_TIMEOUT && result.started);
	command_result_free(&result);
	error_clear(&err);
	CHECK(find(two, name) == SCOPE_RUNNING);
	command.deadline = in_seconds(10);
	CHECK(connection_run(two, &command, &result, &err) == -1 && err.code == ERROR_CONFLICT && !result.started);
	command_result_free(&result);
	error_clear(&err);
	CHECK(scope_end(two, name, in_seconds(10), &err) == 0);
	CHECK(find(two, name) == SCOPE_NONE);
	result = run(two, ARGV("sh", "-c", "grep -la '[4]731.5' /proc/[0-9]*/cmdline 2>/dev/null; true"), NULL, 0);
	CHECK(result.output.total == 0);
	command_result_free(&result);
	CHECK(scope_end(two, name, in_seconds(10), &err) == 0);
	command = (struct command){.argv = ARGV("sleep", "1.5"), .scope = waits, .deadline = in_seconds(0.5)};
	CHECK(connection_run(one, &command, &result, &err) == -1 && err.code == ERROR_TIMEOUT);
	command_result_free(&result);
	error_clear(&err);
	CHECK(scope_wait(two, waits, in_seconds(10), &err) == 0);
	/* Closed, also one that never was: what comes late is not let in. */
	CHECK(scope_end(two, late, in_seconds(10), &err) == 0);
	for (size_t i = 0; i < 3; i++) {
		const char *closed[] = {name, waits, late};
		command = (struct command){.argv = ARGV("true"), .scope = closed[i], .deadline = in_seconds(10)};
		CHECK(connection_run(one, &command, &result, &err) == -1 && err.code == ERROR_CONFLICT && !result.started);
		command_result_free(&result);
		error_clear(&err);
	}
	connections_free(first);
	connections_free(second);
}

int main(int argc, char **argv)
{
	if (argc < 5)
		return 2;
	host.address = argv[1];
	host.host_key = argv[2];
	host.user = argv[3];
	host.become = strcmp(argv[4], "become") == 0;
	secret.file = argc > 5 ? argv[5] : NULL;
	host.become_password = argc > 5 ? "sudo" : NULL;
	struct connections *connections = connections_new(&inventory);
	struct connection *connection = connections_get(connections, &host, NULL);
	const struct greeting *greeting = NULL;
	CHECK(connection_greet(connection, in_seconds(10), &greeting, &err) == 0);
	CHECK(greeting->systemd && greeting->boot_id[0] && greeting->machine_id[0] && greeting->hostname[0]);
	CHECK(greeting->root == (host.become || strcmp(host.user, "root") == 0));
	check_passage(connection, NULL);
	check_passage(connection, "standin-lab-passage-1");
	check_exits(connection);
	connections_free(connections);
	check_ending();
	puts("ok");
	return 0;
}
