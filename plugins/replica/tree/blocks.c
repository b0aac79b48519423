/*
 * blocks.c - lists of block digests as files named by content.
 */
#include "plugins/replica/tree/blocks.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/base/buffer.h"
#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "engine/base/table.h"
#include "plugins/replica/tree/manifest.h"

#define WINDOW_REGIONS 1024u /* 256 KiB of digests */

struct blocks {
	int fd;
	char *folder;
	char *path;	       /* where it is being written; NULL: it is being read, or was kept */
	struct buffer added;   /* not yet written */
	struct error failed;   /* the first failure of writing; told by blocks_keep */
	struct digest *window; /* of reading */
	uint64_t window_region;
	size_t window_count; /* digests */
	bool window_filled;
};

static char *path_of(const char *folder, const struct digest *content)
{
	char hex[DIGEST_HEX];
	digest_hex(content, hex);
	return file_join(folder, hex);
}

static int fill_window(struct blocks *blocks, uint64_t region, struct error *err)
{
	const size_t size = WINDOW_REGIONS * DIGEST_FAN * sizeof(*blocks->window);
	blocks->window_region = region - region % WINDOW_REGIONS;
	const off_t start = (off_t)(blocks->window_region * DIGEST_FAN * sizeof(*blocks->window));
	size_t there = 0;
	while (there < size) {
		ssize_t got = pread(blocks->fd, (char *)blocks->window + there, size - there, start + (off_t)there);
		if (got < 0)
			return error_set_errno(err, errno, "cannot read a block list");
		if (got == 0)
			break;
		there += (size_t)got;
	}
	blocks->window_count = there / sizeof(*blocks->window);
	blocks->window_filled = true;
	return 0;
}

int blocks_region(struct blocks *blocks, uint64_t region, const struct digest **ret_digests, unsigned *ret_count,
		  struct error *err)
{
	bool inside =
		blocks->window_filled && region >= blocks->window_region && region < blocks->window_region + WINDOW_REGIONS;
	if (!inside && fill_window(blocks, region, err) < 0)
		return -1;
	size_t first = (size_t)(region - blocks->window_region) * DIGEST_FAN;
	size_t count = blocks->window_count > first ? blocks->window_count - first : 0;
	*ret_digests = blocks->window + first;
	*ret_count = count < DIGEST_FAN ? (unsigned)count : DIGEST_FAN;
	return 0;
}

/* Whether the digests make up the one that the list is named by. */
static int prove(struct blocks *blocks, uint64_t seed, const struct digest *content, struct error *err)
{
	struct digest_stream *stream = digest_stream_new(seed);
	int result = 0;
	unsigned count = DIGEST_FAN;
	for (uint64_t region = 0; result == 0 && count == DIGEST_FAN; region++) {
		const struct digest *digests;
		result = blocks_region(blocks, region, &digests, &count, err);
		if (result == 0)
			digest_stream_blocks(stream, digests, count);
	}
	struct digest whole = digest_stream_end(stream);
	digest_stream_free(stream);
	if (result == 0 && !digest_equal(&whole, content))
		return error_set(err, ERROR_CORRUPT, "a block list is not what its name says");
	return result;
}

int blocks_open(const char *folder, uint64_t seed, const struct digest *content, struct blocks **ret_blocks, struct error *err)
{
	CLEANUP_FREE char *path = path_of(folder, content);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_set_errno(err, errno, "cannot open the block list %s", path);
	struct blocks *blocks = memory_alloc(sizeof(*blocks));
	blocks->fd = fd;
	blocks->window = memory_alloc(WINDOW_REGIONS * DIGEST_FAN * sizeof(*blocks->window));
	if (prove(blocks, seed, content, err) < 0) {
		blocks_free(blocks);
		return -1;
	}
	*ret_blocks = blocks;
	return 0;
}

int blocks_create(const char *folder, struct blocks **ret_blocks, struct error *err)
{
	struct blocks *blocks = memory_alloc(sizeof(*blocks));
	blocks->path = file_join(folder, "part.XXXXXX");
	blocks->fd = mkostemp(blocks->path, O_CLOEXEC);
	if (blocks->fd < 0) {
		error_set_errno(err, errno, "cannot create a block list in %s", folder);
		free(blocks->path);
		free(blocks);
		return -1;
	}
	blocks->folder = memory_strdup(folder);
	*ret_blocks = blocks;
	return 0;
}

static void flush(struct blocks *blocks)
{
	if (blocks->failed.code == ERROR_OK)
		file_append(blocks->fd, blocks->path, blocks->added.data, blocks->added.length, &blocks->failed);
	buffer_reset(&blocks->added);
}

void blocks_add(struct blocks *blocks, const struct digest *digests, unsigned count)
{
	buffer_append(&blocks->added, digests, count * sizeof(*digests));
	if (blocks->added.length >= 65536)
		flush(blocks);
}

/* Not synced: a list that a power cut has torn does not prove its name any more, and is then no help, but no harm. */
int blocks_keep(struct blocks *blocks, const struct digest *content, struct error *err)
{
	flush(blocks);
	if (blocks->failed.code != ERROR_OK) {
		error_move(err, &blocks->failed);
		return -1;
	}
	CLEANUP_FREE char *path = path_of(blocks->folder, content);
	if (rename(blocks->path, path) < 0)
		return error_set_errno(err, errno, "cannot name the block list %s", path);
	free(take(blocks->path));
	return 0;
}

void blocks_free(struct blocks *blocks)
{
	if (!blocks)
		return;
	if (blocks->path)
		unlink(blocks->path);
	close(blocks->fd);
	free(blocks->path);
	free(blocks->folder);
	free(blocks->window);
	buffer_free(&blocks->added);
	error_clear(&blocks->failed);
	free(blocks);
}

/* --- pruning --- */

static int find_needed(const char *manifest, struct table *needed, struct error *err)
{
	struct manifest_reader *reader;
	const struct manifest_folder *folder;
	if (manifest_open(manifest, &reader, err) < 0)
		return -1;
	int got;
	while ((got = manifest_next(reader, &folder, err)) > 0)
		for (size_t i = 0; i < folder->count; i++)
			if (folder->entries[i].meta.size >= BLOCKS_MINIMUM) {
				char hex[DIGEST_HEX];
				digest_hex(&folder->entries[i].content, hex);
				table_put(needed, hex, "");
			}
	manifest_close(reader);
	return got;
}

int blocks_prune(const char *folder, const char *manifest, struct error *err)
{
	struct table needed = {0};
	DIR *lists = opendir(folder);
	if (!lists)
		return error_set_errno(err, errno, "cannot list %s", folder);
	int result = find_needed(manifest, &needed, err);
	for (struct dirent *list; result == 0 && (list = readdir(lists));)
		if (list->d_name[0] != '.' && !table_get(&needed, list->d_name))
			unlinkat(dirfd(lists), list->d_name, 0);
	closedir(lists);
	table_free(&needed);
	return result;
}
