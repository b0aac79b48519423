/*
 * progress.c - how far a cycle has come.
 */
#include "plugins/replica/source/object.h"

static void add(struct cycle_progress *total, const struct entry *entry)
{
	total->files_total += S_ISREG(entry->meta.mode);
	total->bytes_total += entry->meta.size;
}

int cycle_count_manifest(const char *path, struct cycle_progress *ret_total, struct error *err)
{
	struct manifest_reader *manifest;
	const struct manifest_folder *folder;
	*ret_total = (struct cycle_progress){0};
	if (manifest_open(path, &manifest, err) < 0)
		return -1;
	int got;
	while ((got = manifest_next(manifest, &folder, err)) > 0)
		for (size_t i = 0; i < folder->count; i++)
			add(ret_total, &folder->entries[i]);
	manifest_close(manifest);
	return got;
}

int cycle_count_walk(const struct tree *tree, const struct rules *rules, struct cycle_progress *ret_total, struct error *err)
{
	struct walk *walk = walk_new(tree, rules, NULL, NULL);
	struct walk_folder folder;
	int got;
	*ret_total = (struct cycle_progress){0};
	while ((got = walk_next(walk, &folder, err)) > 0)
		for (size_t i = 0; i < folder.count; i++)
			add(ret_total, &folder.entries[i]);
	walk_free(walk);
	return got;
}

void run_progress(const struct run *run, uint64_t bytes)
{
	const struct cycle *cycle = run->cycle;
	if (!cycle->events.progress)
		return;
	const struct cycle_progress *told = &cycle->total;
	bytes += cycle->count.bytes;
	const struct cycle_progress now = {
		.files = cycle->count.files > told->files ? cycle->count.files : told->files,
		.bytes = bytes > told->bytes ? bytes : told->bytes,
		.files_total = cycle->total.files_total,
		.bytes_total = cycle->total.bytes_total,
		.content = cycle->flags & CYCLE_PREREAD ? 0 : cycle->count.content,
		.wire = cycle->out ? cycle->out->stream->bytes_out : 0,
	};
	cycle->events.progress(cycle->events.argument, &now);
}
