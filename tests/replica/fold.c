/*
 * fold.c - stands in for a file system that does not tell case apart, takes names of at most 100 bytes, and no ':': preloaded
 * into the agent at the target. A mock, because no kernel that the tests run on has a real one. It does what the kernel does: a
 * name that is there in other letters is that object, and a rename over it leaves the old letters.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#define LIMIT 100

/* The folder that holds the last name of path, open; *ret_name is that name. */
static int parent(int folder, const char *path, const char **ret_name)
{
	char above[4096];
	const char *slash = strrchr(path, '/');
	*ret_name = slash ? slash + 1 : path;
	snprintf(above, sizeof(above), "%.*s", slash ? (int)(slash - path + 1) : 1, slash ? path : ".");
	return (int)syscall(SYS_openat, folder, above, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
}

/* path with its last name as it is in its folder. NULL: it cannot be a name. */
static const char *folded(int folder, const char *path, char out[8192])
{
	const char *name, *store = getenv("FOLD");
	if (!store || strncmp(path, "/proc/", 6) == 0)
		return path;
	int fd = parent(folder, path, &name);
	char where[4096] = "", link[64];
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t length = fd < 0 ? -1 : readlink(link, where, sizeof(where) - 1);
	if (length < 0 || strncmp(where, store, strlen(store)) != 0) {
		if (fd >= 0)
			close(fd);
		return path;
	}
	if (strlen(name) > LIMIT || strchr(name, ':')) {
		close(fd);
		errno = strchr(name, ':') ? EINVAL : ENAMETOOLONG;
		return NULL;
	}
	snprintf(out, 8192, "%s", path);
	DIR *all = fdopendir(fd);
	for (struct dirent *entry; (entry = readdir(all));)
		if (strcasecmp(entry->d_name, name) == 0)
			snprintf(out + (name - path), 8192 - (size_t)(name - path), "%s", entry->d_name);
	closedir(all);
	return out;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define FOLDED(folder, path, out)                                                                                              \
	char out##_buffer[8192];                                                                                               \
	const char *out = folded(folder, path, out##_buffer);                                                                  \
	if (!out)                                                                                                              \
	return -1

int openat(int folder, const char *path, int flags, ...)
{
	va_list list;
	va_start(list, flags);
	mode_t mode = flags & O_CREAT ? va_arg(list, mode_t) : 0;
	va_end(list);
	FOLDED(folder, path, name);
	return (int)syscall(SYS_openat, folder, name, flags, mode);
}

int openat64(int folder, const char *path, int flags, ...)
{
	va_list list;
	va_start(list, flags);
	mode_t mode = flags & O_CREAT ? va_arg(list, mode_t) : 0;
	va_end(list);
	return openat(folder, path, flags, mode);
}

int mkdirat(int folder, const char *path, mode_t mode)
{
	FOLDED(folder, path, name);
	return REAL(mkdirat)(folder, name, mode);
}

int mknodat(int folder, const char *path, mode_t mode, dev_t device)
{
	FOLDED(folder, path, name);
	return REAL(mknodat)(folder, name, mode, device);
}

int symlinkat(const char *aim, int folder, const char *path)
{
	FOLDED(folder, path, name);
	return REAL(symlinkat)(aim, folder, name);
}

int linkat(int from, const char *old, int folder, const char *path, int flags)
{
	FOLDED(from, old, first);
	FOLDED(folder, path, name);
	return REAL(linkat)(from, first, folder, name, flags);
}

int unlinkat(int folder, const char *path, int flags)
{
	FOLDED(folder, path, name);
	return REAL(unlinkat)(folder, name, flags);
}

int renameat2(int from, const char *old, int folder, const char *path, unsigned flags)
{
	FOLDED(from, old, first);
	FOLDED(folder, path, name);
	return REAL(renameat2)(from, first, folder, name, flags);
}

int renameat(int from, const char *old, int folder, const char *path)
{
	return renameat2(from, old, folder, path, 0);
}

int fstatat(int folder, const char *path, struct stat *status, int flags)
{
	FOLDED(folder, path, name);
	return REAL(fstatat)(folder, name, status, flags);
}

int fstatat64(int folder, const char *path, struct stat64 *status, int flags)
{
	FOLDED(folder, path, name);
	return REAL(fstatat64)(folder, name, status, flags);
}

int fstatfs(int fd, struct statfs *system)
{
	int result = REAL(fstatfs)(fd, system);
	system->f_namelen = LIMIT;
	return result;
}
