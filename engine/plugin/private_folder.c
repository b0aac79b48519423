/*
 * private_folder.c - a temporary folder under a lock. The lock, not a process id, tells whether somebody still uses it: ids are
 * used again, and mean nothing in another container.
 */
#include "engine/plugin/private_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/file.h"
#include "engine/base/memory.h"

#define PREFIX "standin-plugin-"
#define TRIES  5 /* somebody who clears up may come between making and locking */

static const char *top_folder(void)
{
	const char *top = getenv("TMPDIR");
	return top && top[0] == '/' ? top : "/tmp";
}

/* Its descriptor, locked, if it is this user's and nobody holds it; else -1. */
static int lock_folder(const char *path)
{
	struct stat there, opened;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (fstat(fd, &opened) == 0 && opened.st_uid == geteuid() && flock(fd, LOCK_EX | LOCK_NB) == 0 &&
	    lstat(path, &there) == 0 && there.st_ino == opened.st_ino && there.st_dev == opened.st_dev)
		return fd;
	close(fd);
	return -1;
}

static void clear_left_behind(const char *top)
{
	DIR *entries = opendir(top);
	for (struct dirent *entry; entries && (entry = readdir(entries));) {
		if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) != 0)
			continue;
		CLEANUP_FREE char *path = file_join(top, entry->d_name);
		CLEANUP_CLOSE int lock = lock_folder(path);
		if (lock >= 0)
			file_remove_tree(path, NULL);
	}
	if (entries)
		closedir(entries);
}

int private_folder_make(struct private_folder *ret_folder, struct error *err)
{
	const char *top = top_folder();
	clear_left_behind(top);
	for (int i = 0; i < TRIES; i++) {
		char *path = memory_printf("%s/" PREFIX "XXXXXX", top);
		int lock = mkdtemp(path) ? lock_folder(path) : -1;
		if (lock >= 0) {
			*ret_folder = (struct private_folder){.path = path, .lock = lock};
			return 0;
		}
		free(path);
	}
	error_set_errno(err, errno, "cannot make a private folder for a plugin in %s", top);
	return error_hint(err, "TMPDIR names another place");
}

void private_folder_remove(struct private_folder *folder)
{
	if (!folder->path)
		return;
	file_remove_tree(folder->path, NULL);
	close(take_fd(folder->lock));
	free(take(folder->path));
}
