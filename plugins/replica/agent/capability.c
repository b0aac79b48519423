/*
 * capability.c - a table.
 */
#include "plugins/replica/agent/capability.h"

#include <linux/capability.h>
#include <stdio.h>

#include "engine/base/memory.h"

enum ends {
	AT_SOURCE = 1 << SET_SOURCE,
	AT_TARGET = 1 << SET_TARGET,
};

static const struct {
	const char *name, *what; /* what: is missing without it */
	unsigned bit, ends;
} needed[] = {
	{"CAP_DAC_READ_SEARCH", "files that their owner hides from others", CAP_DAC_READ_SEARCH, AT_SOURCE | AT_TARGET},
	{"CAP_DAC_OVERRIDE", "folders without write permission", CAP_DAC_OVERRIDE, AT_TARGET},
	{"CAP_CHOWN", "owners", CAP_CHOWN, AT_TARGET},
	{"CAP_FOWNER", "modes and times of other owners' files", CAP_FOWNER, AT_SOURCE | AT_TARGET},
	{"CAP_FSETID", "setgid bits", CAP_FSETID, AT_TARGET},
	{"CAP_MKNOD", "device files", CAP_MKNOD, AT_TARGET},
	{"CAP_SETFCAP", "file capabilities", CAP_SETFCAP, AT_TARGET},
	{"CAP_SYS_ADMIN", "trusted extended attributes", CAP_SYS_ADMIN, AT_SOURCE | AT_TARGET},
};

void capability_needed(enum set_role role, struct buffer *out)
{
	for (size_t i = 0; i < COUNT_OF(needed); i++)
		if (needed[i].ends & 1u << role)
			buffer_printf(out, "%s%s", out->length ? " " : "", needed[i].name);
}

static unsigned long long effective(pid_t pid)
{
	char path[64], line[256];
	unsigned long long all = 0;
	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	FILE *file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "CapEff: %llx", &all) == 1)
			break;
	if (file)
		fclose(file);
	return all;
}

void capability_missing(enum set_role role, pid_t pid, void (*lacks)(void *argument, const char *name, const char *what),
			void *argument)
{
	unsigned long long has = effective(pid);
	for (size_t i = 0; i < COUNT_OF(needed); i++)
		if ((needed[i].ends & 1u << role) && !(has & 1ull << needed[i].bit))
			lacks(argument, needed[i].name, needed[i].what);
}
