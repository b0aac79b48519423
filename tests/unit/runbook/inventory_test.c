/*
 * inventory_test.c - hosts and secrets as they are declared; what is said about wrong ones.
 */
#include "tests/unit/runbook/reading.h"

#include <stdlib.h>

#include "engine/base/clock.h"

static const char full[] = "standin: \"1\"\n"
			   "hosts:\n"
			   "  mail1:\n"
			   "    address: 192.0.2.1\n"
			   "  win:\n"
			   "    name: exchange\n"
			   "    address: 192.0.2.2\n"
			   "    platform: windows\n"
			   "    user: admin\n"
			   "    port: 2222\n"
			   "    identity_file: ~/.ssh/id_ed25519\n"
			   "    host_key: \"ssh-ed25519 AAAA\"\n"
			   "    connect_timeout: 3s\n"
			   "    become: {user: operator, password: sudo}\n"
			   "    vars: {rack: 7}\n"
			   "  old: {platform: windows, shell: cmd, address: 192.0.2.3}\n"
			   "  here: {connection: local, become: true}\n"
			   "  console: {connection: command, command: [virsh, console, vm1]}\n"
			   "secrets:\n"
			   "  sudo: {env: SUDO_PASSWORD}\n"
			   "  file: {file: ~/secret}\n"
			   "  vault: {command: [vault, read, x]}\n";

static void defaults(void **state)
{
	(void)state;
	CLEANUP_READING struct reading reading;
	reading_open(&reading);
	must_read(&reading, full, NULL);
	const struct host *host = inventory_host(reading.inventory, "mail1");
	assert_string_equal(host->id, "mail1");
	assert_string_equal(host->name, "mail1");
	assert_string_equal(host->address, "192.0.2.1");
	assert_int_equal(host->platform, PLATFORM_LINUX);
	assert_int_equal(host->transport, TRANSPORT_SSH);
	assert_int_equal(host->port, 22);
	assert_int_equal(host->connect_timeout, 10 * NSEC_PER_SEC);
	assert_null(host->user);
	assert_null(host->identity_file);
	assert_null(host->host_key);
	assert_null(host->become_user);
	assert_false(host->become);
	assert_string_equal(json_text(reading.arena, host->value),
			    "{\"id\":\"mail1\",\"name\":\"mail1\",\"platform\":\"linux\",\"address\":\"192.0.2.1\"}");
}

static void everything_said(void **state)
{
	(void)state;
	CLEANUP_READING struct reading reading;
	reading_open(&reading);
	setenv("HOME", "/root/of/test", 1);
	must_read(&reading, full, NULL);
	const struct host *host = inventory_host(reading.inventory, "win");
	assert_string_equal(host->name, "exchange");
	assert_int_equal(host->platform, PLATFORM_WINDOWS);
	assert_string_equal(host->user, "admin");
	assert_int_equal(host->port, 2222);
	assert_string_equal(host->identity_file, "/root/of/test/.ssh/id_ed25519");
	assert_string_equal(host->host_key, "ssh-ed25519 AAAA");
	assert_int_equal(host->connect_timeout, 3 * NSEC_PER_SEC);
	assert_true(host->become);
	assert_string_equal(host->become_user, "operator");
	assert_string_equal(host->become_password, "sudo");
	assert_int_equal(value_get_int(value_get(host->value, "vars"), "rack", 0), 7);
	assert_string_equal(value_get_text(host->value, "id"), "win");
	assert_int_equal(host->shell, SHELL_POWERSHELL);
	assert_string_equal(value_get_text(host->value, "shell"), "powershell");
	host = inventory_host(reading.inventory, "old");
	assert_int_equal(host->shell, SHELL_CMD);
	assert_string_equal(value_get_text(host->value, "shell"), "cmd");
	host = inventory_host(reading.inventory, "console");
	assert_int_equal(host->transport, TRANSPORT_COMMAND);
	assert_string_equal(host->prefix[2], "vm1");
	assert_null(host->prefix[3]);
	host = inventory_host(reading.inventory, "here");
	assert_int_equal(host->transport, TRANSPORT_LOCAL);
	assert_true(host->become);
	assert_null(host->become_password);
	assert_null(inventory_host(reading.inventory, "mail9"));
	assert_null(inventory_host(NULL, "mail1"));
	assert_int_equal(reading.inventory->secrets_count, 3);
	assert_string_equal(reading.inventory->secrets[0].env, "SUDO_PASSWORD");
	assert_string_equal(reading.inventory->secrets[1].file, "/root/of/test/secret");
	assert_string_equal(reading.inventory->secrets[2].command[1], "read");
}

static const struct {
	const char *hosts, *said;
} wrong[] = {
	{"hosts: {mail1: {user: root}}\n", "2:9: host 'mail1' has no address [inventory/address]\n"},
	{"hosts: {c: {connection: command}}\n",
	 "2:9: host 'c' is reached by a command, but none is given [inventory/command]\n"},
	{"hosts: {c: {connection: local, become: {password: pw}}}\n",
	 "2:9: host 'c' refers to the secret 'pw', which is not declared [inventory/secret]\n"},
	{"hosts: {c: {adress: 192.0.2.1}}\n", "2:13: unknown key 'adress' [schema/unknown-key]\n"},
	{"hosts: {c: {address: 192.0.2.1, port: 0}}\n", "2:39: must be at least 1, but is 0 [schema/range]\n"},
	{"hosts: {c: {address: 192.0.2.1, platform: win}}\n",
	 "2:43: must be one of 'linux', 'windows', but is 'win' [schema/value]\n"},
	{"hosts: {c: {address: 192.0.2.1, shell: cmd}}\n",
	 "2:40: `shell` says nothing about host 'c': it is for windows hosts reached by ssh [inventory/shell]\n"},
	{"hosts: {c: {platform: windows, connection: command, command: [x], shell: powershell}}\n",
	 "2:74: `shell` says nothing about host 'c': it is for windows hosts reached by ssh [inventory/shell]\n"},
	{"hosts: {c: {address: 192.0.2.1, platform: windows, shell: bash}}\n",
	 "2:59: must be one of 'powershell', 'cmd', but is 'bash' [schema/value]\n"},
	{"hosts: {c: {connection: local}, c: {connection: local}}\n", "2:33: duplicate key 'c' [yaml/duplicate-key]\n"},
	{"hosts: {c: {connection: local}}\nsecrets: {pw: hunter2}\n", "3:15: must be a map, but is 'hunter2' [schema/type]\n"},
	{"hosts: {c: {connection: local}}\nsecrets: {pw: {env: A, file: /a}}\n",
	 "3:24: only one of 'file', 'env' and 'command' can be given [schema/choice]\n"},
	{"", "1:1: missing key 'hosts' [schema/missing-key]\n"},
};

static void what_is_wrong_is_said(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		CLEANUP_READING struct reading reading;
		reading_open(&reading);
		assert_int_equal(read_inventory(&reading, arena_printf(reading.arena, "standin: \"1\"\n%s", wrong[i].hosts)),
				 -1);
		assert_string_equal(said(&reading), wrong[i].said);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(everything_said),
		cmocka_unit_test(what_is_wrong_is_said),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
