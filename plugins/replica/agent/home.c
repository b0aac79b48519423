/*
 * home.c - the agent's folder.
 */
#include "plugins/replica/agent/home.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/file.h"
#include "engine/base/json.h"
#include "engine/base/memory.h"
#include "plugins/replica/format/digest.h"

char *home_file(const char *home, const char *name)
{
	return file_join(home, name);
}

char *home_set_file(const char *home, const char *set, const char *name)
{
	return memory_printf("%s/sets/%s%s%s", home, set, *name ? "/" : "", name);
}

/* --- reading --- */

int home_load(const char *home, const char *name, struct arena *arena, struct set *ret_set, struct error *err)
{
	CLEANUP_ERROR struct error why = ERROR_NONE;
	CLEANUP_FREE char *path = home_set_file(home, name, "set.json"), *text = NULL;
	const struct value *json;
	size_t length;
	if (!set_name_is_valid(name))
		return error_set(err, ERROR_INVALID, "'%s' is no name of a set", name);
	if (file_read(path, SET_JSON_LIMIT, &text, &length, &why) < 0) {
		if (why.code == ERROR_NOT_FOUND) {
			error_set(err, ERROR_NOT_FOUND, "there is no set %s on this host", name);
			return error_hint(err, "`standin-agent define` makes it known");
		}
		error_move(err, &why);
		return -1;
	}
	bool good = json_parse(arena, text, length, &json, err) == 0 && set_parse(arena, json, ret_set, err) == 0;
	return good ? 0 : error_wrap(err, "%s", path);
}

int home_sets(const char *home, struct arena *arena, const char *const **ret_names, size_t *ret_count, struct error *err)
{
	CLEANUP_FREE char *path = home_file(home, "sets");
	const char **names = NULL;
	size_t count = 0, capacity = 0;
	DIR *folder = opendir(path);
	if (!folder && errno != ENOENT)
		return error_set_errno(err, errno, "cannot list %s", path);
	for (struct dirent *entry; folder && (entry = readdir(folder));) {
		if (!set_name_is_valid(entry->d_name))
			continue;
		*(const char **)arena_grow(arena, &names, &count, &capacity, sizeof(*names)) =
			arena_strdup(arena, entry->d_name);
	}
	if (folder)
		closedir(folder);
	*ret_names = names;
	*ret_count = count;
	return 0;
}

/* --- flags --- */

int home_drop(const char *home, const char *name, struct error *err)
{
	CLEANUP_FREE char *folder = home_set_file(home, name, "");
	return file_exists(folder) ? file_remove_tree(folder, err) : 0;
}

bool home_flag(const char *home, const char *set, const char *flag)
{
	CLEANUP_FREE char *path = home_set_file(home, set, flag);
	return file_exists(path);
}

int home_set_flag(const char *home, const char *set, const char *flag, bool on, struct error *err)
{
	CLEANUP_FREE char *path = home_set_file(home, set, flag);
	if (on)
		return file_write_durable(path, "", 0, 0600, err);
	if (unlink(path) < 0)
		return errno == ENOENT ? 0 : error_set_errno(err, errno, "cannot remove %s", path);
	return file_sync_folder_of(path, err);
}

int home_disconnect(const char *home, const struct set *set, struct error *err)
{
	CLEANUP_FREE char *path = home_set_file(home, set->name, "disconnected");
	CLEANUP_FREE char *text = memory_printf("%" PRIu64 "\n", set->term);
	return file_write_durable(path, text, strlen(text), 0600, err);
}

bool home_is_disconnected(const char *home, const struct set *set)
{
	CLEANUP_FREE char *path = home_set_file(home, set->name, "disconnected"), *text = NULL;
	size_t length;
	return file_read(path, 64, &text, &length, NULL) == 0 && strtoull(text, NULL, 10) >= set->term;
}

/* --- what the agent goes by --- */

static char *digest_of_set(const char *home, const char *set)
{
	CLEANUP_FREE char *path = home_set_file(home, set, "set.json"), *text = NULL;
	size_t length;
	if (file_read(path, SET_JSON_LIMIT, &text, &length, NULL) < 0)
		return memory_strdup("");
	return memory_printf("%016" PRIx64, checksum_of(0, text, length));
}

void home_take(const char *home, const char *set)
{
	CLEANUP_FREE char *path = home_set_file(home, set, "taken"), *digest = digest_of_set(home, set);
	file_write_durable(path, digest, strlen(digest), 0600, NULL);
}

bool home_is_taken(const char *home, const char *set)
{
	CLEANUP_FREE char *path = home_set_file(home, set, "taken"), *digest = digest_of_set(home, set), *text = NULL;
	size_t length;
	return file_read(path, 64, &text, &length, NULL) == 0 && strcmp(text, digest) == 0;
}

/* --- locks --- */

static pid_t holder_of(int fd)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	return fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK ? lock.l_pid : 0;
}

pid_t lock_holder(const char *path)
{
	CLEANUP_CLOSE int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? 0 : holder_of(fd);
}

int home_lock(const char *home, const char *set, const char *name, int *ret_fd, pid_t *ret_holder, struct error *err)
{
	CLEANUP_FREE char *path = home_set_file(home, set, name);
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	CLEANUP_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return error_set_errno(err, errno, "cannot open %s", path);
	if (fcntl(fd, F_SETLK, &lock) < 0) {
		if (errno != EAGAIN && errno != EACCES)
			return error_set_errno(err, errno, "cannot lock %s", path);
		*ret_holder = holder_of(fd);
		return error_set(err, ERROR_LOCKED, "another agent (process %d) is at work for the set %s", *ret_holder, set);
	}
	*ret_fd = take_fd(fd);
	return 0;
}
