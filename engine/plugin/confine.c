/*
 * confine.c - limits, capabilities and privileges; then files and system calls.
 */
#include "engine/plugin/confine.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/base/memory.h"

#define MIB  ((rlim_t)1024 * 1024)
#define HOUR ((rlim_t)3600)

static const struct {
	int resource;
	rlim_t limit;
} limits[] = {
	{RLIMIT_CORE, 1}, /* 1, not 0: it also keeps a core away from a program that kernel.core_pattern pipes it to */
	{RLIMIT_NOFILE, 256},	    {RLIMIT_CPU, 2 * HOUR}, /* seconds of work, not of waiting */
	{RLIMIT_FSIZE, 1024 * MIB}, {RLIMIT_MEMLOCK, 1 * MIB}, {RLIMIT_MSGQUEUE, 0},
#ifndef __SANITIZE_ADDRESS__ /* which reserves terabytes */
	{RLIMIT_AS, 2048 * MIB},
#endif
};

static int limit_resources(void)
{
	for (size_t i = 0; i < COUNT_OF(limits); i++) {
		struct rlimit now, wanted = {limits[i].limit, limits[i].limit};
		if (getrlimit(limits[i].resource, &now) == 0 && now.rlim_max < wanted.rlim_max)
			wanted = (struct rlimit){now.rlim_max, now.rlim_max};
		if (setrlimit(limits[i].resource, &wanted) < 0)
			return UNCONFINED_LIMITS;
	}
	return 0;
}

/* Root that is no more than the owner of its files. */
static int drop_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {{0}};
	bool dropped = true;
	if (geteuid() == 0)
		for (unsigned long i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++)
			dropped = prctl(PR_CAPBSET_DROP, i, 0, 0, 0) == 0 && dropped;
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	dropped = syscall(SYS_capset, &header, none) == 0 && dropped;
	return dropped ? 0 : UNCONFINED_CAPABILITIES;
}

int confine(const struct confinement *confinement)
{
	int missing = limit_resources() | drop_capabilities();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	missing |= confine_files(confinement);
	missing |= confine_calls(confinement);
	return missing;
}

const char *unconfined_text(enum unconfined bit)
{
	switch (bit) {
	case UNCONFINED_FILES:
		return "files: this kernel has no Landlock";
	case UNCONFINED_CALLS:
		return "system calls: this kernel has no seccomp filter";
	case UNCONFINED_NETWORK:
		return "the network: this kernel has no seccomp filter";
	case UNCONFINED_CAPABILITIES:
		return "root's capabilities: they could not be dropped";
	case UNCONFINED_LIMITS:
		return "resources: a limit could not be set";
	case UNCONFINED_SIGNALS:
		return "signals to processes of the same user: this kernel's Landlock is older than version 6";
	}
	return "?";
}
