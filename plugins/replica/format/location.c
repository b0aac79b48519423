/*
 * location.c - locations from /proc/self/mountinfo.
 */
#include "plugins/replica/format/location.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/memory.h"

/* A field with its octal escapes (\040 is a space). "/" becomes "", so that a path may be put behind it. */
static bool take_path(const char **at, char ret_path[LOCATION_PATH_LIMIT + 1])
{
	size_t length = 0;
	const char *from = *at;
	if (*from != '/')
		return false;
	for (; *from && *from != ' '; from++) {
		char c = *from;
		if (c == '\\' && strspn(from + 1, "01234567") >= 3) {
			c = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
			from += 3;
		}
		if (length == LOCATION_PATH_LIMIT)
			return false;
		ret_path[length++] = c;
	}
	ret_path[length == 1 ? 0 : length] = '\0';
	*at = from + (*from == ' ');
	return true;
}

bool location_parse_mount(const char *line, struct location_mount *ret_mount)
{
	unsigned major, minor;
	int used = 0;
	if (sscanf(line, "%" SCNu64 " %*u %u:%u %n", &ret_mount->id, &major, &minor, &used) != 3 || !used)
		return false;
	ret_mount->device = (uint64_t)major << 32 | minor;
	const char *at = line + used;
	return take_path(&at, ret_mount->root) && take_path(&at, ret_mount->point);
}

static int find_mount(uint64_t id, struct location_mount *ret_mount, struct error *err)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	if (!file)
		return error_set_errno(err, errno, "cannot open /proc/self/mountinfo");
	char *line = NULL;
	size_t size = 0;
	bool found = false;
	while (!found && getline(&line, &size, file) > 0)
		found = location_parse_mount(line, ret_mount) && ret_mount->id == id;
	free(line);
	fclose(file);
	return found ? 0 : error_set(err, ERROR_FAILED, "/proc/self/mountinfo does not have the mount %" PRIu64, id);
}

/* Without links, dots and double slashes; what is not there yet is added as it was given. malloc'ed. */
static char *resolve(const char *path)
{
	char *whole = realpath(path, NULL);
	const char *slash = strrchr(path, '/');
	if (whole || errno != ENOENT || !*path)
		return whole;
	CLEANUP_FREE char *above = slash == path ? memory_strdup("/")
				   : slash	 ? strndup(path, (size_t)(slash - path))
						 : memory_strdup(".");
	const char *name = slash ? slash + 1 : path;
	CLEANUP_FREE char *folder = resolve(above);
	if (!folder)
		return NULL;
	return memory_printf("%s%s%s", strcmp(folder, "/") == 0 ? "" : folder, *name ? "/" : "", name);
}

/* The mount on which a resolved path lies, or will. */
static int mount_id(const char *resolved, uint64_t *ret_id, struct error *err)
{
	CLEANUP_FREE char *path = memory_strdup(resolved);
	struct statx status;
	while (statx(AT_FDCWD, *path ? path : "/", AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_MNT_ID, &status) < 0) {
		char *slash = strrchr(path, '/');
		if (errno != ENOENT || !slash)
			return error_set_errno(err, errno, "cannot look at %s", path);
		*slash = '\0';
	}
	*ret_id = status.stx_mnt_id;
	return 0;
}

static int find_place(const char *path, char **ret_resolved, struct location_mount *ret_mount, struct error *err)
{
	uint64_t id;
	CLEANUP_FREE char *resolved = resolve(path);
	if (!resolved)
		return error_set_errno(err, errno, "cannot look at %s", path);
	if (mount_id(resolved, &id, err) < 0 || find_mount(id, ret_mount, err) < 0)
		return -1;
	*ret_resolved = take(resolved);
	return 0;
}

int location_of(const char *path, struct real_place *ret_location, struct error *err)
{
	struct location_mount mount;
	CLEANUP_FREE char *resolved = NULL;
	if (find_place(path, &resolved, &mount, err) < 0)
		return -1;
	size_t above = strlen(mount.point);
	const char *below = strncmp(resolved, mount.point, above) == 0 ? resolved + above : resolved;
	ret_location->device = mount.device;
	if (snprintf(ret_location->path, sizeof(ret_location->path), "%s%s", mount.root,
		     strcmp(below, "/") == 0 ? "" : below) >= (int)sizeof(ret_location->path))
		return error_set(err, ERROR_LIMIT, "the path %s is too long", path);
	return 0;
}

const char *location_within(const struct real_place *inner, const struct real_place *outer)
{
	size_t length = strlen(outer->path);
	if (inner->device != outer->device || strncmp(inner->path, outer->path, length) != 0)
		return NULL;
	const char *rest = inner->path + length;
	return !*rest ? rest : *rest == '/' ? rest + 1 : NULL;
}

int location_demand_mount(const char *path, struct error *err)
{
	struct location_mount mount;
	CLEANUP_FREE char *resolved = NULL;
	if (find_place(path, &resolved, &mount, err) < 0)
		return -1;
	if (mount.point[0])
		return 0;
	error_set(err, ERROR_REFUSED, "%s is not on a file system of its own: it lies on that of /", path);
	return error_hint(err, "mount its file system; or do not demand one (mounted: false)");
}

int location_mount_point(const char *path, char **ret_point, struct error *err)
{
	struct location_mount mount;
	CLEANUP_FREE char *resolved = NULL;
	if (find_place(path, &resolved, &mount, err) < 0)
		return -1;
	*ret_point = memory_strdup(mount.point[0] ? mount.point : "/");
	return 0;
}
