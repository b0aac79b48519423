/*
 * points.c - earlier points.
 */
#include "plugins/replica/target/points.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/fault.h"
#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "plugins/replica/tree/copy.h"

int points_possible(const struct store *store, struct error *err)
{
	if (store->device < 0 && !store->point.device[0])
		return copy_possible(store->folder, store->path, err);
	error_set(err, ERROR_REFUSED, "a device keeps one point: %s", store->point.device);
	return error_hint(err, "replicate into an image on xfs or btrfs, or keep one point");
}

static char *point_folder(const struct store *store, uint64_t number, const char *below)
{
	return memory_printf("%s/points/%" PRIu64 "%s", store->path, number, below);
}

char *points_tree(const struct store *store, uint64_t number)
{
	return point_folder(store, number, "/tree");
}

int points_read(const struct store *store, uint64_t number, struct point *ret_point, struct error *err)
{
	CLEANUP_FREE char *path = point_folder(store, number, "/point");
	if (!file_exists(path))
		return error_set(err, ERROR_NOT_FOUND, "the store %s does not keep point %" PRIu64, store->path, number);
	return point_read(path, ret_point, err);
}

static int copy_folders(const char *from, const char *to, struct error *err)
{
	struct tree source, copy;
	if (mkdir(to, 0700) < 0)
		return error_set_errno(err, errno, "cannot create %s", to);
	if (tree_open(from, &source, err) < 0)
		return -1;
	int result = tree_open(to, &copy, err);
	if (result == 0) {
		result = copy_tree(&source, &copy, NULL, err);
		tree_close(&copy);
	}
	tree_close(&source);
	return result < 0 ? error_wrap(err, "cannot keep %s", from) : 0;
}

static int make(const struct store *store, const char *part, struct error *err)
{
	CLEANUP_FREE char *tree = store_tree(store, store->point.tree), *copy = file_join(part, "tree"),
			  *point = file_join(part, "point");
	if (store_remove(store, "points/part", err) < 0 || file_make_folders(part, 0700, err) < 0 ||
	    copy_folders(tree, copy, err) < 0 || point_write(point, &store->point, err) < 0)
		return -1;
	return store_sync(store, err);
}

int points_keep(const struct store *store, struct error *err)
{
	CLEANUP_FREE char *part = store_file(store, "points/part"), *whole = point_folder(store, store->point.generation, "");
	if (file_exists(whole))
		return 0; /* before a crash */
	if (make(store, part, err) < 0)
		return -1;
	int fault = fault_hit("point");
	if (fault || rename(part, whole) < 0)
		return error_set_errno(err, fault ? fault : errno, "cannot rename %s", part);
	return file_sync_folder_of(whole, err);
}

/* --- which there are --- */

static int by_number(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
	return left < right ? -1 : left > right;
}

int points_list(const struct store *store, uint64_t **ret_numbers, size_t *ret_count, struct error *err)
{
	CLEANUP_FREE char *path = store_file(store, "points");
	uint64_t *numbers = NULL;
	size_t count = 0;
	DIR *folder = opendir(path);
	if (!folder && errno != ENOENT)
		return error_set_errno(err, errno, "cannot list %s", path);
	for (struct dirent *entry; folder && (entry = readdir(folder));) {
		char *end;
		uint64_t number = strtoull(entry->d_name, &end, 10);
		if (*end || !number)
			continue;
		numbers = memory_resize(numbers, (count + 1) * sizeof(*numbers));
		numbers[count++] = number;
	}
	if (folder)
		closedir(folder);
	if (count)
		qsort(numbers, count, sizeof(*numbers), by_number);
	*ret_numbers = numbers;
	*ret_count = count;
	return 0;
}

int points_prune(const struct store *store, struct error *err)
{
	CLEANUP_FREE uint64_t *numbers = NULL;
	size_t count, others = store->point.keep > 1 ? store->point.keep - 1 : 0;
	if (store_remove(store, "points/part", err) < 0 || points_list(store, &numbers, &count, err) < 0)
		return -1;
	CLEANUP_FREE char *part = store_file(store, "points/part");
	for (size_t i = 0; i + others < count; i++) {
		CLEANUP_FREE char *path = point_folder(store, numbers[i], "");
		if (rename(path, part) < 0) /* so that half of one is none */
			return error_set_errno(err, errno, "cannot rename %s", path);
		if (store_remove(store, "points/part", err) < 0)
			return -1;
	}
	return 0;
}

int points_restore(const struct store *store, uint64_t number, uint64_t tree, struct error *err)
{
	CLEANUP_FREE char *from = points_tree(store, number), *to = store_tree(store, tree);
	const char *name = file_base_name(to);
	if (store_remove(store, name, err) < 0)
		return -1;
	return copy_folders(from, to, err);
}
