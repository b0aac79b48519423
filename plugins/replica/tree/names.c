/*
 * names.c - asked of the file system itself, by trying: what it takes for the same is its own table of letters.
 */
#include "plugins/replica/tree/names.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "engine/base/memory.h"
#include "plugins/replica/format/entry.h"

static const char lower[] = ".standin-names", upper[] = ".STANDIN-NAMES";

/* Those of which it is known that they take all bytes. */
static bool takes_any(const struct statfs *system)
{
	static const unsigned long known[] = {EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC, BTRFS_SUPER_MAGIC, TMPFS_MAGIC};
	for (size_t i = 0; i < COUNT_OF(known); i++)
		if ((unsigned long)system->f_type == known[i])
			return system->f_namelen >= ENTRY_NAME_LIMIT;
	return false;
}

int names_look(int folder, struct names *ret_names, struct error *err)
{
	struct stat status;
	struct statfs system;
	CLEANUP_CLOSE int fd = openat(folder, lower, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return error_set_errno(err, errno, "cannot try names in the store");
	ret_names->fold = fstatat(folder, upper, &status, AT_SYMLINK_NOFOLLOW) == 0;
	ret_names->any = !ret_names->fold && fstatfs(folder, &system) == 0 && takes_any(&system);
	return unlinkat(folder, lower, 0) < 0 ? error_set_errno(err, errno, "cannot remove %s from the store", lower) : 0;
}

enum unkept_reason names_reason(int errnum)
{
	return errnum == ENAMETOOLONG ? UNKEPT_TOO_LONG : errnum == EINVAL || errnum == EILSEQ ? UNKEPT_REFUSED : UNKEPT_NOT;
}

enum unkept_reason names_try(const struct names *names, int folder, const char *name)
{
	if (names->any)
		return UNKEPT_NOT;
	if (mknodat(folder, name, S_IFREG | 0600, 0) == 0)
		return unlinkat(folder, name, 0) == 0 ? UNKEPT_NOT : UNKEPT_REFUSED;
	return errno == EEXIST && names->fold ? UNKEPT_CLASH : names_reason(errno); /* all else will be an error then */
}

enum names_found names_find(const struct names *names, int folder, const char *name)
{
	struct stat status;
	if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return NAMES_NONE;
	if (!names->fold)
		return NAMES_SAME;
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *all = fd < 0 ? NULL : fdopendir(fd);
	bool same = false;
	for (struct dirent *entry; all && !same && (entry = readdir(all));)
		same = strcmp(entry->d_name, name) == 0;
	if (all)
		closedir(all);
	else if (fd >= 0)
		close(fd);
	return same ? NAMES_SAME : NAMES_OTHER;
}
