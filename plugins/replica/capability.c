/*
 * capability.c - a table.
 */
#include "plugins/replica/capability.h"

#include <linux/capability.h>
#include <stdio.h>

#include "engine/base/memory.h"

enum ends {
	AT_SOURCE = 1 << SET_SOURCE,
	AT_TARGET = 1 << SET_TARGET,
};

static const struct {
	unsigned bit;
	const char *name;
	unsigned ends;
	const char *what; /* that is missing without it */
} needed[] = {
	{CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH", AT_SOURCE | AT_TARGET, "files that their owner hides from others"},
	{CAP_DAC_OVERRIDE, "CAP_DAC_OVERRIDE", AT_TARGET, "folders without write permission"},
	{CAP_CHOWN, "CAP_CHOWN", AT_TARGET, "owners"},
	{CAP_FOWNER, "CAP_FOWNER", AT_SOURCE | AT_TARGET, "modes and times of other owners' files"},
	{CAP_FSETID, "CAP_FSETID", AT_TARGET, "setgid bits"},
	{CAP_MKNOD, "CAP_MKNOD", AT_TARGET, "device files"},
	{CAP_SETFCAP, "CAP_SETFCAP", AT_TARGET, "file capabilities"},
	{CAP_SYS_ADMIN, "CAP_SYS_ADMIN", AT_SOURCE | AT_TARGET, "trusted extended attributes"},
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
