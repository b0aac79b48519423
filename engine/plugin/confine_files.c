/*
 * confine_files.c - Landlock: which files a plugin's process can see, and no TCP where it has no network.
 *
 * The structures are our own: they must be complete whatever version the headers of the machine that builds have.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/base/memory.h"
#include "engine/plugin/confine.h"

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule	    445
#define SYS_landlock_restrict_self  446
#endif

struct ruleset {
	uint64_t files;
	uint64_t network; /* version 4 */
	uint64_t scoped;  /* version 6 */
};

struct beneath {
	uint64_t allowed;
	int32_t folder;
} __attribute__((packed));

enum {
	ASK_VERSION = 1,  /* flag of create_ruleset */
	RULE_BENEATH = 1, /* kind of rule */

	FILE_EXECUTE = 1 << 0,
	FILE_WRITE = 1 << 1,
	FILE_READ = 1 << 2,
	FOLDER_READ = 1 << 3,
	FIRST_VERSION = (1 << 13) - 1, /* all that version 1 knows */
	FILE_REFER = 1 << 13,	       /* version 2 */
	FILE_TRUNCATE = 1 << 14,       /* version 3 */
	DEVICE_IOCTL = 1 << 15,	       /* version 5 */

	TCP_BIND = 1 << 0,
	TCP_CONNECT = 1 << 1,

	SCOPE_SOCKET = 1 << 0, /* abstract unix sockets of others */
	SCOPE_SIGNAL = 1 << 1,

	READ = FILE_READ | FOLDER_READ,
	RUN = READ | FILE_EXECUTE,
	OF_FILES = FILE_EXECUTE | FILE_WRITE | FILE_READ | FILE_TRUNCATE, /* a rule about a file may say no more */
};

/* What every program needs: none of it is secret on any host, none of it can be written. */
static const struct {
	const char *path;
	uint64_t allowed;
} system_files[] = {
	{"/usr", RUN},
	{"/lib", RUN},
	{"/lib32", RUN},
	{"/lib64", RUN},
	{"/bin", RUN},
	{"/sbin", RUN},
	{"/etc/ld.so.cache", READ},
	{"/etc/ld.so.conf", READ},
	{"/etc/ld.so.conf.d", READ},
	{"/etc/alternatives", READ},
	{"/etc/localtime", READ},
	{"/etc/timezone", READ},
	{"/etc/hosts", READ},
	{"/etc/host.conf", READ},
	{"/etc/hostname", READ},
	{"/etc/nsswitch.conf", READ},
	{"/etc/resolv.conf", READ},
	{"/run/systemd/resolve/resolv.conf", READ}, /* what /etc/resolv.conf may be a link to */
	{"/run/systemd/resolve/stub-resolv.conf", READ},
	{"/etc/gai.conf", READ},
	{"/etc/services", READ},
	{"/etc/protocols", READ},
	{"/etc/passwd", READ},
	{"/etc/group", READ},
	{"/etc/ssl/certs", READ},
	{"/etc/ssl/openssl.cnf", READ},
	{"/etc/ca-certificates", READ},
	{"/etc/krb5.conf", READ},
	{"/etc/krb5.conf.d", READ},
	{"/etc/gss", READ},
	{"/etc/ldap/ldap.conf", READ},
	{"/etc/python3", READ},
	{"/etc/python3.11", READ},
	{"/dev/null", READ | FILE_WRITE},
	{"/dev/zero", READ},
	{"/dev/random", READ},
	{"/dev/urandom", READ},
};

/* What is not there needs no rule. */
static bool allow(int ruleset, uint64_t known, const char *path, uint64_t allowed)
{
	struct stat status;
	CLEANUP_CLOSE int fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status) < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == EACCES;
	if (!S_ISDIR(status.st_mode))
		allowed &= OF_FILES;
	struct beneath rule = {.allowed = allowed & known, .folder = fd};
	return syscall(SYS_landlock_add_rule, ruleset, RULE_BENEATH, &rule, 0) == 0;
}

static bool allow_all(int ruleset, uint64_t known, const struct confinement *confinement)
{
	bool good = allow(ruleset, known, confinement->writable, known & ~(uint64_t)(FILE_EXECUTE | DEVICE_IOCTL));
	for (size_t i = 0; i < COUNT_OF(system_files); i++)
		good = allow(ruleset, known, system_files[i].path, system_files[i].allowed) && good;
	for (size_t i = 0; confinement->readable[i]; i++)
		good = allow(ruleset, known, confinement->readable[i], RUN) && good;
	for (size_t i = 0; confinement->listable[i]; i++)
		good = allow(ruleset, known, confinement->listable[i], FOLDER_READ) && good;
	return good;
}

static struct ruleset ruleset_for(long version, bool network)
{
	struct ruleset ruleset = {.files = FIRST_VERSION};
	if (version >= 2)
		ruleset.files |= FILE_REFER;
	if (version >= 3)
		ruleset.files |= FILE_TRUNCATE;
	if (version >= 4 && !network)
		ruleset.network = TCP_BIND | TCP_CONNECT;
	if (version >= 5)
		ruleset.files |= DEVICE_IOCTL;
	if (version >= 6)
		ruleset.scoped = SCOPE_SOCKET | SCOPE_SIGNAL;
	return ruleset;
}

int confine_files(const struct confinement *confinement)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, ASK_VERSION);
	if (version < 1)
		return UNCONFINED_FILES | UNCONFINED_SIGNALS;
	struct ruleset attributes = ruleset_for(version, confinement->network);
	size_t size = version >= 6 ? sizeof(attributes) : version >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
	CLEANUP_CLOSE int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, size, 0);
	if (ruleset < 0 || !allow_all(ruleset, attributes.files, confinement) ||
	    syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		return UNCONFINED_FILES | UNCONFINED_SIGNALS;
	return version >= 6 ? 0 : UNCONFINED_SIGNALS;
}
