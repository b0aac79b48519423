/*
 * tree.c - folders beneath a root, by openat2.
 */
#include "plugins/replica/tree/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "plugins/replica/format/entry.h"

#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

int tree_open(const char *path, struct tree *ret_tree, struct error *err)
{
	int root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return error_set_errno(err, errno, "cannot open the folder %s", path);
	*ret_tree = (struct tree){.root = root, .name = path};
	return 0;
}

void tree_close(struct tree *tree)
{
	if (tree->root >= 0)
		close(tree->root);
	tree->root = -1;
}

static int refused(const struct tree *tree, const char *path, struct error *err)
{
	switch (errno) {
	case ELOOP:
	case EXDEV:
		return error_set(err, ERROR_REFUSED, "%s/%s leads out of the tree, over a link or to another file system",
				 tree->name, path);
	case ENOTDIR:
	case ENOENT:
	case ENAMETOOLONG: /* here no name is as long */
		return error_set(err, ERROR_NOT_FOUND, "there is no folder %s/%s", tree->name, path);
	case ENOSYS:
		return error_set(err, ERROR_FAILED, "this kernel has no openat2; Linux 5.6 or later is needed");
	default:
		return error_set_errno(err, errno, "cannot open the folder %s/%s", tree->name, path);
	}
}

int tree_folder(const struct tree *tree, const char *path, int *ret_fd, struct error *err)
{
	const struct open_how how = {
		.flags = FOLDER_FLAGS,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
	};
	long fd;
	do /* EAGAIN: something was renamed while the kernel looked whether the path stays beneath */
		fd = syscall(SYS_openat2, tree->root, *path ? path : ".", &how, sizeof(how));
	while (fd < 0 && (errno == EAGAIN || errno == EINTR));
	if (fd < 0)
		return refused(tree, path, err);
	*ret_fd = (int)fd;
	return 0;
}

int tree_parent(const struct tree *tree, const char *path, int *ret_fd, const char **ret_name, struct error *err)
{
	const char *slash = strrchr(path, '/');
	char folder[ENTRY_PATH_LIMIT + 1] = "";
	if (slash)
		snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
	*ret_name = slash ? slash + 1 : path;
	return tree_folder(tree, folder, ret_fd, err);
}
