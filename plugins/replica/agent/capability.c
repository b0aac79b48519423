/*
 * capability.c - a table.
 */
#include "plugins/replica/agent/capability.h"

#include <linux/capability.h>
#include <stdio.h>

#include "engine/base/memory.h"
#include "engine/base/value.h"

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
	{"CAP_SYS_ADMIN", "trusted extended attributes, and freezing a file system for a copy", CAP_SYS_ADMIN,
	 AT_SOURCE | AT_TARGET},
};

void capability_needed(enum set_role role, struct buffer *out)
{
	for (size_t i = 0; i < COUNT_OF(needed); i++)
		if (needed[i].ends & 1u << role)
			buffer_printf(out, "%s%s", out->length ? " " : "", needed[i].name);
}

static bool effective(pid_t pid, unsigned long long *ret_all)
{
	char path[64], line[256];
	bool found = false;
	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	FILE *file = fopen(path, "re");
	while (file && !found && fgets(line, sizeof(line), file))
		found = sscanf(line, "CapEff: %llx", ret_all) == 1;
	if (file)
		fclose(file);
	return found;
}

const struct value *capability_lacks(struct arena *arena, enum set_role role, pid_t pid)
{
	struct value *list = value_list(arena);
	unsigned long long has;
	if (pid <= 0 || !effective(pid, &has))
		return list;
	for (size_t i = 0; i < COUNT_OF(needed); i++) {
		if (!(needed[i].ends & 1u << role) || (has & 1ull << needed[i].bit))
			continue;
		struct value *item = value_map(arena);
		value_put(arena, item, "privilege", value_string(arena, needed[i].name));
		value_put(arena, item, "without", value_string(arena, needed[i].what));
		value_append(arena, list, item);
	}
	return list;
}
