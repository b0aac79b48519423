/*
 * agent_unit.c - the agent as a systemd unit: standin-replica@SET.service runs `standin-agent run`, from boot on, with the
 * privileges that this end of the set needs and no others.
 */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "engine/base/value.h"
#include "plugins/replica/agent/agent.h"
#include "plugins/replica/agent/capability.h"
#include "plugins/replica/agent/home.h"

#define UNITS "/etc/systemd/system"

extern char **environ;

static int systemctl(const char *verb, const char *more, const char *unit, struct error *err)
{
	const char *argv[6] = {"systemctl", verb};
	int status, at = 2;
	pid_t pid;
	if (more)
		argv[at++] = more;
	if (unit)
		argv[at++] = unit;
	int failed = posix_spawnp(&pid, "systemctl", NULL, NULL, (char *const *)argv, environ);
	if (failed)
		return error_set_errno(err, failed, "cannot start systemctl");
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	error_set(err, ERROR_FAILED, "systemctl %s%s%s failed", verb, unit ? " " : "", unit ? unit : "");
	return error_hint(err, "`journalctl -u %s` says more", unit ? unit : "standin-replica@*");
}

/* Whatever a set is, this holds. A target makes files of any kind, anywhere below its store; so it may not be told that they
 * are without setuid. */
static const char common[] = "Type=notify\n"
			     "Restart=always\n"
			     "RestartSec=2\n"
			     "TimeoutStopSec=60\n"
			     "NoNewPrivileges=yes\n"
			     "ProtectKernelTunables=yes\n"
			     "ProtectKernelModules=yes\n"
			     "ProtectKernelLogs=yes\n"
			     "ProtectControlGroups=yes\n"
			     "ProtectClock=yes\n"
			     "ProtectHostname=yes\n"
			     "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6\n"
			     "RestrictNamespaces=yes\n"
			     "RestrictRealtime=yes\n"
			     "LockPersonality=yes\n"
			     "MemoryDenyWriteExecute=yes\n"
			     "SystemCallArchitectures=native\n";

static char *unit_name(const char *set)
{
	return memory_printf("standin-replica@%s.service", set);
}

/* One file a set, not a template: what it may do depends on the set's role. */
static void write_unit(const struct options *options, const struct set *set, const char *program, struct buffer *out)
{
	CLEANUP_BUFFER struct buffer capabilities = {0};
	capability_needed(set->role, &capabilities);
	buffer_printf(out, "# Written by standin-agent start; standin-agent stop removes it.\n[Unit]\n");
	buffer_printf(out, "Description=Standin replica %s (%s)\n", set->name, set_role_name(set->role));
	buffer_printf(out,
		      "After=network-online.target local-fs.target\nWants=network-online.target\nStartLimitIntervalSec=0\n\n");
	buffer_printf(out, "[Service]\nExecStart=%s run --home %s --set %s\n%s", program, options->home, set->name, common);
	/* the administrator's commands do what they need; a snapshot or copy is made, and removed, in the source itself */
	if (set->role == SET_SOURCE && (set->quiesce || set->consistency != CONSISTENCY_NONE)) {
		buffer_printf(out, "\n[Install]\nWantedBy=multi-user.target\n");
		return;
	}
	buffer_printf(out, "CapabilityBoundingSet=%s\n", buffer_text(&capabilities));
	if (set->role == SET_SOURCE)
		/* no RestrictSUIDSGID: it takes openat2 away, whose flags no filter can see */
		buffer_printf(out, "ProtectSystem=strict\nReadWritePaths=%s\n", options->home);
	buffer_printf(out, "\n[Install]\nWantedBy=multi-user.target\n");
}

static bool is_same(const char *path, const struct buffer *text)
{
	CLEANUP_FREE char *old = NULL;
	size_t length;
	return file_read(path, SET_JSON_LIMIT, &old, &length, NULL) == 0 && strcmp(old, buffer_text(text)) == 0;
}

static int check_systemd(struct error *err)
{
	if (file_exists("/run/systemd/system"))
		return 0;
	error_set(err, ERROR_FAILED, "this host does not run systemd");
	return error_hint(err, "let its own supervisor run `standin-agent run --set NAME`, from boot on");
}

static int program_path(char ret_path[4096], struct error *err)
{
	ssize_t length = readlink("/proc/self/exe", ret_path, 4095);
	if (length < 0)
		return error_set_errno(err, errno, "cannot find this program's path");
	ret_path[length] = '\0';
	return 0;
}

static int start(const struct options *options, const struct set *set, struct error *err)
{
	CLEANUP_FREE char *name = unit_name(set->name), *path = file_join(UNITS, name);
	CLEANUP_BUFFER struct buffer text = {0};
	char program[4096];
	if (check_systemd(err) < 0 || program_path(program, err) < 0)
		return -1;
	write_unit(options, set, program, &text);
	bool same = is_same(path, &text);
	if (!same && (file_write_durable(path, text.data, text.length, 0644, err) < 0 ||
		      systemctl("daemon-reload", NULL, NULL, err) < 0))
		return -1;
	if (systemctl("enable", "--quiet", name, err) < 0)
		return -1;
	return systemctl(same ? "start" : "restart", NULL, name, err);
}

int agent_start(const struct options *options)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_ERROR struct error err = ERROR_NONE;
	CLEANUP_FREE char *run = home_set_file(options->home, options->set, "run");
	struct set set;
	if (home_load(options->home, options->set, arena, &set, &err) < 0 || start(options, &set, &err) < 0)
		return agent_fail(&err);
	pid_t holder = lock_holder(run);
	struct value *out = value_map(arena);
	value_put(arena, out, "set", value_string(arena, set.name));
	value_put(arena, out, "running", value_bool(holder != 0));
	value_put(arena, out, "lacks", capability_lacks(arena, set.role, holder));
	return agent_print(out);
}

static int stop(const char *set, struct error *err)
{
	CLEANUP_FREE char *name = unit_name(set), *path = file_join(UNITS, name);
	if (!file_exists(path))
		return 0;
	if (check_systemd(err) < 0 || systemctl("disable", "--quiet", name, err) < 0 || systemctl("stop", NULL, name, err) < 0)
		return -1;
	if (unlink(path) < 0 && errno != ENOENT)
		return error_set_errno(err, errno, "cannot remove %s", path);
	return systemctl("daemon-reload", NULL, NULL, err);
}

int agent_stop(const struct options *options)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_ERROR struct error err = ERROR_NONE;
	if (!set_name_is_valid(options->set))
		error_set(&err, ERROR_INVALID, "'%s' is no name of a set", options->set);
	if (err.code || stop(options->set, &err) < 0)
		return agent_fail(&err);
	struct value *out = value_map(arena);
	value_put(arena, out, "set", value_string(arena, options->set));
	value_put(arena, out, "running", value_bool(false));
	return agent_print(out);
}
