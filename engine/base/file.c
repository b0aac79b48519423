/*
 * file.c - local files and durable writes.
 */
#include "engine/base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/fault.h"
#include "engine/base/memory.h"

int file_read_fd(int fd, const char *name, size_t limit, char **ret_data, size_t *ret_length, struct error *err)
{
	CLEANUP_BUFFER struct buffer content = {0};
	char block[16384];
	for (;;) {
		ssize_t got = read(fd, block, sizeof(block));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set_errno(err, errno, "cannot read %s", name);
		if (got == 0)
			break;
		buffer_append(&content, block, (size_t)got);
		if (content.length > limit)
			return error_set(err, ERROR_LIMIT, "%s is larger than %zu bytes", name, limit);
	}
	*ret_length = content.length;
	*ret_data = buffer_take(&content);
	return 0;
}

int file_read(const char *path, size_t limit, char **ret_data, size_t *ret_length, struct error *err)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_set_errno(err, errno, "cannot open %s", path);
	return file_read_fd(fd, path, limit, ret_data, ret_length, err);
}

static int write_all(int fd, const char *name, const char *data, size_t length, struct error *err)
{
	while (length) {
		int fault = fault_hit("write");
		ssize_t written = fault ? -1 : write(fd, data, length);
		if (fault)
			errno = fault;
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return error_set_errno(err, errno, "cannot write %s", name);
		data += written;
		length -= (size_t)written;
	}
	return 0;
}

int file_append(int fd, const char *name, const void *data, size_t length, struct error *err)
{
	off_t end = lseek(fd, 0, SEEK_END);
	if (end < 0)
		return error_set_errno(err, errno, "cannot find the end of %s", name);
	if (write_all(fd, name, data, length, err) == 0)
		return 0;
	if (ftruncate(fd, end) < 0)
		error_wrap(err, "what was written of it could not be removed again");
	return -1;
}

int file_sync(int fd, const char *name, struct error *err)
{
	int fault = fault_hit("sync");
	if (fault)
		errno = fault;
	if (fault || fdatasync(fd) < 0) {
		error_set_errno(err, errno, "cannot sync %s to disk", name);
		return error_hint(err, "do not trust this disk: copy the state directory elsewhere and resume there");
	}
	return 0;
}

int file_sync_folder_of(const char *path, struct error *err)
{
	CLEANUP_FREE char *folder = memory_strdup(path);
	char *slash = strrchr(folder, '/');
	if (slash)
		*(slash == folder ? slash + 1 : slash) = '\0';
	CLEANUP_CLOSE int fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_set_errno(err, errno, "cannot open the folder of %s", path);
	int fault = fault_hit("sync_folder");
	if (fault)
		errno = fault;
	if (fault || fsync(fd) < 0)
		return error_set_errno(err, errno, "cannot sync the folder of %s", path);
	return 0;
}

int file_write_durable(const char *path, const void *data, size_t length, mode_t mode, struct error *err)
{
	CLEANUP_FREE char *temporary = memory_printf("%s.XXXXXX", path);
	CLEANUP_CLOSE int fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return error_set_errno(err, errno, "cannot create a file beside %s", path);
	int result = -1;
	if (fchmod(fd, mode) < 0)
		error_set_errno(err, errno, "cannot set the mode of %s", temporary);
	else if (write_all(fd, path, data, length, err) == 0 && file_sync(fd, path, err) == 0) {
		int fault = fault_hit("rename");
		if (fault)
			errno = fault;
		if (fault || rename(temporary, path) < 0)
			error_set_errno(err, errno, "cannot replace %s", path);
		else
			result = 0;
	}
	if (result < 0) {
		unlink(temporary);
		return -1;
	}
	return file_sync_folder_of(path, err);
}

static bool is_folder(const char *path)
{
	struct stat status;
	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

int file_make_folders(const char *path, mode_t mode, struct error *err)
{
	CLEANUP_FREE char *partial = memory_strdup(path);
	for (char *slash = partial + (*path != '\0');; slash++) {
		if (*slash != '/' && *slash != '\0')
			continue;
		char end = *slash;
		*slash = '\0';
		if (mkdir(partial, mode) == 0) {
			if (file_sync_folder_of(partial, err) < 0)
				return -1;
		} else if (errno != EEXIST || !is_folder(partial)) {
			return error_set_errno(err, errno, "cannot make the folder %s", partial);
		}
		if (!end)
			return 0;
		*slash = end;
	}
}

bool file_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

static int remove_at(int folder, const char *name, const char *path, struct error *err)
{
	if (unlinkat(folder, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return error_set_errno(err, errno, "cannot remove %s", path);
	int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *entries = fd < 0 ? NULL : fdopendir(fd);
	if (!entries)
		return error_set_errno(err, errno, "cannot open %s", path);
	int result = 0;
	for (struct dirent *entry; result == 0 && (entry = readdir(entries));) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		CLEANUP_FREE char *below = file_join(path, entry->d_name);
		result = remove_at(dirfd(entries), entry->d_name, below, err);
	}
	closedir(entries);
	if (result == 0 && unlinkat(folder, name, AT_REMOVEDIR) < 0)
		return error_set_errno(err, errno, "cannot remove %s", path);
	return result;
}

int file_remove_tree(const char *path, struct error *err)
{
	return remove_at(AT_FDCWD, path, path, err);
}

char *file_join(const char *folder, const char *name)
{
	size_t length = strlen(folder);
	return memory_printf("%s%s%s", folder, length && folder[length - 1] == '/' ? "" : "/", name);
}

const char *file_base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}
