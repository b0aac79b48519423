/*
 * cycle.c - the merge of a walk with a manifest, folder by folder.
 */
#include "plugins/replica/source/cycle.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "plugins/replica/source/known.h"
#include "plugins/replica/source/object.h"
#include "plugins/replica/source/orphan.h"
#include "plugins/replica/tree/owners.h"
#include "plugins/replica/tree/volume.h"

/* What the base has and the walk did not come to: below a folder that was deleted it is dropped; below one that could not be
 * read, or vanished meanwhile, it is kept, because the target still has it. */
struct gone {
	char **paths; /* folders that were deleted; the one that comes first in the walk's order is last */
	size_t count, capacity;
};

/* The base from front to end; above it, as long as the walk is in it, the part of it that a folder has which has moved. */
struct base {
	struct base *below; /* NULL: it is all of the base */
	struct manifest_reader *reader;
	const struct manifest_folder *old; /* the next folder; NULL: none left */
	char *path;			   /* of it as the walk has it */
	char *was, *now;		   /* where the folder was that has moved, and where it is; both "" for all */
};

struct merge {
	struct run run;
	struct gone gone;
	struct base *base;
	struct table withheld; /* folders that the target still cannot keep: the walk passes them by */
};

static void gone_add(struct gone *gone, const char *folder, const char *name)
{
	if (gone->count == gone->capacity) {
		gone->capacity = gone->capacity ? gone->capacity * 2 : 16;
		gone->paths = memory_resize(gone->paths, gone->capacity * sizeof(*gone->paths));
	}
	gone->paths[gone->count++] = memory_printf("%s%s%s", folder, *folder ? "/" : "", name);
}

static bool is_below(const char *path, const char *folder)
{
	size_t length = strlen(folder);
	return strncmp(path, folder, length) == 0 && (path[length] == '/' || !path[length]);
}

/* Paths are asked for in the walk's order, so what lies behind is not needed again. */
static bool gone_has(struct gone *gone, const char *path)
{
	while (gone->count && !is_below(path, gone->paths[gone->count - 1]) &&
	       walk_order(gone->paths[gone->count - 1], path) < 0)
		free(gone->paths[--gone->count]);
	return gone->count && is_below(path, gone->paths[gone->count - 1]);
}

static void gone_free(struct gone *gone)
{
	while (gone->count)
		free(gone->paths[--gone->count]);
	free(gone->paths);
}

/* --- one entry of a folder --- */

/* The target has it under another name: *ret_moved is what it was in the base; NULL: it has not. */
static int move_here(struct run *run, const struct entry *entry, const struct moved **ret_moved, struct error *err)
{
	const struct moved *moved = *ret_moved = moves_take(run->moves, entry, run->folder->path);
	if (!moved)
		return 0;
	run_tells(run, entry->name, "renamed");
	snprintf(run->record.path, sizeof(run->record.path), "%s", moved->path);
	run->cycle->count.renamed++;
	return run_sends_name(run, RECORD_MOVE, entry->name, err);
}

static int update_folder_entry(struct run *run, struct entry *entry, const struct entry *old, struct error *err)
{
	if (old && S_ISDIR(old->meta.mode))
		return 0; /* what changed in it is found when the walk comes to it */
	const struct moved *moved = NULL;
	if (!run_only_tells(run) && (move_here(run, entry, &moved, err) < 0 || moved))
		return moved ? 0 : -1;
	if (run_tells(run, entry->name, old ? "type" : "missing"))
		return 0;
	run->cycle->count.made++;
	return run_sends_name(run, RECORD_MAKE_FOLDER, entry->name, err);
}

static void count_entry(struct cycle_count *count, const struct entry *entry)
{
	if (S_ISREG(entry->meta.mode))
		count->files++;
	else if (!S_ISDIR(entry->meta.mode))
		count->others++;
	count->bytes += entry->meta.size;
}

/* A file that is written to twice within a tick of the clock has one ctime for both. What changed so shortly before this cycle
 * began that a later write might not show gets a key that matches nothing: the next cycle reads it again. */
static void settle(const struct run *run, struct entry *entry)
{
	const int64_t tick = 100 * NSEC_PER_MSEC;
	if (run->cycle->owners)
		owners_to_there(run->cycle->owners, &entry->meta);
	int64_t limit = (run->cycle->began - tick) / NSEC_PER_SEC;
	if (entry->ctime.seconds >= limit)
		entry->ctime = (struct entry_time){0};
}

/* A device is read in each cycle: its key finds that it has changed while it was read, and is not trusted for longer. */
static void settle_volume(struct cycle *cycle, struct entry *entry)
{
	cycle->content = entry->content;
	if (volume_is_device(cycle->tree->root) && !(cycle->flags & CYCLE_PREREAD))
		entry->ctime = (struct entry_time){0};
}

static int update_entry(struct run *run, struct entry *entry, const struct entry *old, struct error *err)
{
	enum object_outcome outcome = OBJECT_IS_NEW;
	const struct entry met = *entry;
	const uint64_t records = run->changes.records;
	const struct moved *moved = NULL;
	struct entry under_other_name;
	if (!old && S_ISREG(entry->meta.mode) && move_here(run, entry, &moved, err) < 0)
		return -1;
	if (moved) {
		under_other_name = moved->entry;
		under_other_name.name = entry->name;
		old = &under_other_name;
	}
	run->moved = moved;
	run->known = known_entry(run->cycle->known, entry);
	run->before = known_entry(run->read_before, entry);
	if (!entry->meta.mode) /* it is there, and that is all that is known */
		outcome = OBJECT_AS_OLD;
	else if (S_ISDIR(entry->meta.mode) ? update_folder_entry(run, entry, old, err) < 0
					   : object_update(run, entry, old, &outcome, err) < 0)
		return -1;
	run_told(run);
	count_entry(&run->cycle->count, &met);
	if (met.flagged && run->changes.records != records)
		run_misses(run, entry->name, "it is sent, but for its flags (immutable, append-only)");
	if (run->cycle->tree->is_volume)
		settle_volume(run->cycle, entry);
	if (outcome == OBJECT_IS_NEW) {
		settle(run, entry);
		manifest_entry(run->cycle->next, entry);
		unfinished_entry(run->cycle->unfinished, run->folder->path, entry);
	}
	if (outcome == OBJECT_AS_OLD && old)
		manifest_entry(run->cycle->next, old);
	return 0;
}

/* --- what the target has not, because its file system cannot keep the name (unkept.h) --- */

static char *join(const char *folder, const char *name)
{
	return memory_printf("%s%s%s", folder, *folder ? "/" : "", name);
}

/* It is not sent again: the reason is its name alone; or nothing in the folder has changed. Verify does not miss it. */
static bool stays_unkept(const struct merge *merge, const struct walk_folder *folder, const struct manifest_folder *base,
			 enum unkept_reason reason)
{
	const struct cycle *cycle = merge->run.cycle;
	if (cycle->flags & CYCLE_BY_CONTENT)
		return run_only_tells(&merge->run);
	return reason != UNKEPT_CLASH || entry_same_key(&folder->self, &base->self);
}

static void pass_unkept(struct merge *merge, const struct entry *entry, const struct entry *old, enum unkept_reason reason)
{
	struct run *run = &merge->run;
	if (run->cycle->events.difference) /* else what the target says of this point is told */
		run_skips(run, entry->name, unkept_why(reason));
	count_entry(&run->cycle->count, entry);
	if (old)
		manifest_entry(run->cycle->next, old);
	if (!S_ISDIR(entry->meta.mode))
		return;
	CLEANUP_FREE char *path = join(run->folder->path, entry->name);
	table_put(&merge->withheld, path, "");
}

static bool is_withheld(const struct table *withheld, const char *path)
{
	CLEANUP_FREE char *part = withheld->count ? memory_strdup(path) : NULL;
	for (char *slash; part && !table_get(withheld, part); *slash = '\0')
		if (!(slash = strrchr(part, '/')))
			return false;
	return part;
}

/* *old: what the base has of that name; NULL if the target lacks it, and it is to be sent. True: it is passed by. */
static bool pass_by(struct merge *merge, const struct walk_folder *folder, const struct manifest_folder *base,
		    const struct entry *entry, const struct entry **old)
{
	const struct unkept *unkept = merge->run.cycle->unkept;
	if (!unkept || !unkept->live)
		return false;
	CLEANUP_FREE char *path = join(*old ? base->path : folder->path, entry->name);
	enum unkept_reason reason = unkept_of(unkept, path);
	if (!reason || (!*old && !run_only_tells(&merge->run)))
		return false;
	if (stays_unkept(merge, folder, base, reason)) {
		pass_unkept(merge, entry, *old, reason);
		return true;
	}
	if (*old && S_ISDIR((*old)->meta.mode)) /* nor does it have what lies below */
		gone_add(&merge->gone, folder->path, (*old)->name);
	*old = NULL;
	return false;
}

static int drop_old(struct run *run, const struct manifest_folder *base, const struct entry *old, bool *ret_kept,
		    struct error *err)
{
	if (orphan_update(run, old, ret_kept, err) < 0)
		return -1;
	if (!*ret_kept && (S_ISDIR(old->meta.mode) || old->meta.size > MOVES_MINIMUM))
		moves_deleted(run->moves, base->path, old->name);
	return 0;
}

static int merge_entries(struct merge *merge, const struct walk_folder *folder, const struct manifest_folder *base,
			 struct error *err)
{
	struct run *run = &merge->run;
	size_t i = 0, j = 0, olds = base ? base->count : 0, deleted = merge->gone.count;
	while (i < folder->count || j < olds) {
		struct entry *entry = i < folder->count ? &folder->entries[i] : NULL;
		const struct entry *old = j < olds ? &base->entries[j] : NULL;
		int order = !entry ? 1 : !old ? -1 : strcmp(entry->name, old->name);
		bool away = old && order >= 0 && moves_is_away(run->moves, merge->base->was, base->path, old->name);
		bool kept = false, lacks = false;
		if (order <= 0) {
			const struct entry *theirs = order == 0 && !away ? old : NULL;
			if (pass_by(merge, folder, base, entry, &theirs)) {
				i++;
				j += order == 0;
				continue;
			}
			lacks = order == 0 && !away && !theirs;
		}
		run->touched |= away;
		if (order > 0 && !away && drop_old(run, base, old, &kept, err) < 0)
			return -1;
		if (order == 0 && !away && !lacks && orphan_make_way(run, entry, old, err) < 0)
			return -1;
		if (order <= 0 && update_entry(run, entry, order || away || lacks ? NULL : old, err) < 0)
			return -1;
		bool replaced =
			(order > 0 && !kept) || (order == 0 && !lacks && entry->meta.mode && !S_ISDIR(entry->meta.mode));
		if (replaced && S_ISDIR(old->meta.mode))
			gone_add(&merge->gone, folder->path, old->name);
		i += order <= 0;
		j += order >= 0;
	}
	/* They were found in order; the first is to be the last. */
	for (size_t a = deleted, b = merge->gone.count; a + 1 < b; a++) {
		char *path = merge->gone.paths[a];
		merge->gone.paths[a] = merge->gone.paths[--b];
		merge->gone.paths[b] = path;
	}
	return 0;
}

/* --- a folder --- */

static const char *folder_difference(const struct entry *self, const struct manifest_folder *base)
{
	if (!base)
		return "missing";
	if (!digest_equal(&self->attributes, &base->self.attributes))
		return "attributes";
	return meta_equal(&self->meta, &base->self.meta) ? NULL : "metadata";
}

static int finish_folder(struct run *run, const struct manifest_folder *base, struct error *err)
{
	const struct entry *self = &run->folder->self;
	const char *difference = folder_difference(self, base);
	if (!difference && !run->touched)
		return 0;
	if (base && difference && run_tells(run, "", difference))
		return 0;
	if (run_only_tells(run))
		return 0;
	struct record *record = &run->record;
	record->kind = RECORD_FOLDER_DONE;
	record->meta = self->meta;
	record->attributes = (const uint8_t *)run->attributes.data;
	record->attributes_length = run->attributes.length;
	return changes_add(&run->changes, record, err);
}

/* The folder's attributes, into run->attributes. */
static void read_folder_attributes(struct run *run, struct entry *self)
{
	CLEANUP_ERROR struct error why = ERROR_NONE;
	if (run->folder->fd < 0)
		buffer_reset(&run->attributes);
	else if (attributes_read(run->folder->fd, -1, NULL, &run->attributes, &why) < 0) {
		run_skips(run, "", error_text(&why));
		buffer_reset(&run->attributes);
	}
	self->attributes = run_attributes(run);
}

static int merge_folder(struct merge *merge, struct walk_folder *folder, const struct manifest_folder *base, struct error *err)
{
	struct run *run = &merge->run;
	run->folder = folder;
	run->touched = false;
	run->cycle->count.folders++;
	changes_folder(&run->changes, folder->path);
	known_folder(run->cycle->known, folder->path);
	known_folder(run->read_before, folder->path);
	bool by_content = run->cycle->flags & CYCLE_BY_CONTENT;
	bool same_key = base && !by_content && entry_same_key(&folder->self, &base->self);
	if (same_key)
		folder->self.attributes = base->self.attributes;
	else
		read_folder_attributes(run, &folder->self);
	struct entry settled = folder->self;
	settle(run, &settled);
	manifest_folder(run->cycle->next, folder->path, &settled);
	if (merge_entries(merge, folder, base, err) < 0)
		return -1;
	run_progress(run, 0);
	if (!folder_difference(&folder->self, base) && !run->touched)
		return 0;
	read_folder_attributes(run, &folder->self); /* again: the entries have used the buffer */
	return finish_folder(run, base, err);
}

/* --- all folders --- */

static int next_old(struct base *base, struct error *err)
{
	free(take(base->path));
	int got = base->reader ? manifest_next(base->reader, &base->old, err) : 0;
	if (got <= 0 || (base->below && !is_below(base->old->path, base->was)))
		base->old = NULL;
	else
		base->path = memory_printf("%s%s", base->now, base->old->path + strlen(base->was));
	return got < 0 ? -1 : 0;
}

/* The target has what the walk did not come to: it is as it was. */
static void keep_old(struct merge *merge)
{
	const struct base *base = merge->base;
	const struct run *run = &merge->run;
	manifest_folder(run->cycle->next, base->path, &base->old->self);
	for (size_t i = 0; i < base->old->count; i++)
		if (!moves_is_away(run->moves, base->was, base->old->path, base->old->entries[i].name))
			manifest_entry(run->cycle->next, &base->old->entries[i]);
}

/* Passes over the folders of the base that come before path (NULL: all that are left). */
static int pass_to(struct merge *merge, const char *path, struct error *err)
{
	struct base *base = merge->base;
	while (base->old && (!path || walk_order(base->path, path) < 0)) {
		if (!gone_has(&merge->gone, base->path) && !moves_is_away(merge->run.moves, base->was, base->old->path, ""))
			keep_old(merge);
		if (next_old(base, err) < 0)
			return -1;
	}
	return 0;
}

static int enter_base(struct merge *merge, struct manifest_reader *reader, const char *was, const char *now, struct error *err)
{
	struct base *base = memory_alloc(sizeof(*base));
	*base = (struct base){.below = merge->base, .reader = reader, .was = memory_strdup(was), .now = memory_strdup(now)};
	merge->base = base;
	return next_old(base, err);
}

static void leave_base(struct merge *merge)
{
	struct base *base = merge->base;
	merge->base = base->below;
	if (base->below)
		manifest_close(base->reader);
	free(base->path);
	free(base->was);
	free(base->now);
	free(base);
}

/* Where the walk is now: in which part of the base is it to be looked up, and what comes before it there? */
static int find_base(struct merge *merge, const char *path, struct error *err)
{
	while (merge->base->below && !is_below(path, merge->base->now)) {
		if (pass_to(merge, NULL, err) < 0)
			return -1;
		leave_base(merge);
	}
	if (pass_to(merge, path, err) < 0)
		return -1;
	const struct moved *moved = moves_arrived(merge->run.moves, path);
	struct manifest_reader *reader;
	if (!moved)
		return 0;
	if (manifest_open_at(merge->run.cycle->base_path, moved->offset, &reader, err) < 0)
		return -1;
	return enter_base(merge, reader, moved->path, path, err);
}

/* An empty folder where there was a tree, and another one at that: what was mounted there is not. */
static int refuse_other_root(const struct walk_folder *root, const struct manifest_folder *base, struct error *err)
{
	if (!base || root->count || !base->count || (root->self.ino == base->self.ino && root->self.dev == base->self.dev))
		return 0;
	error_set(err, ERROR_REFUSED,
		  "the source is empty, and another folder than at the last point: its file system is not mounted");
	return error_hint(err, "mount it; if all was really deleted, make a new mirror");
}

/* A volume would delete a tree that was replicated there before. */
static int refuse_tree(const struct cycle *cycle, const struct manifest_folder *base, struct error *err)
{
	if (!cycle->tree->is_volume || !base || !base->count ||
	    (base->count == 1 && strcmp(base->entries[0].name, VOLUME_NAME) == 0))
		return 0;
	error_set(err, ERROR_REFUSED, "the replica is a tree of files, and %s is a volume", cycle->tree->name);
	return error_hint(err, "give the volume a set, a state folder and a store of its own");
}

/* What the base has of a folder, or NULL. */
static const struct manifest_folder *old_of(struct merge *merge, const char *path)
{
	const struct base *base = merge->base;
	bool same = base->old && strcmp(base->path, path) == 0 &&
		    !moves_is_away(merge->run.moves, base->was, base->old->path, "") &&
		    !gone_has(&merge->gone, path); /* the target lacks it */
	return same ? base->old : NULL;
}

static int merge_all(struct merge *merge, struct walk *walk, struct error *err)
{
	struct walk_folder folder;
	int got;
	if (enter_base(merge, merge->run.cycle->base, "", "", err) < 0)
		return -1;
	while ((got = walk_next(walk, &folder, err)) > 0) {
		if (find_base(merge, folder.path, err) < 0)
			return -1;
		if (is_withheld(&merge->withheld, folder.path))
			continue;
		const struct manifest_folder *base = old_of(merge, folder.path);
		bool by_content = merge->run.cycle->flags & CYCLE_BY_CONTENT;
		if (folder.is_root && !by_content && refuse_other_root(&folder, base, err) < 0)
			return -1;
		if (folder.is_root && refuse_tree(merge->run.cycle, base, err) < 0)
			return -1;
		if (merge_folder(merge, &folder, base, err) < 0)
			return -1;
		if (base && next_old(merge->base, err) < 0)
			return -1;
	}
	for (; got == 0 && merge->base; leave_base(merge))
		got = pass_to(merge, NULL, err);
	return got;
}

static void tell_skipped(void *argument, const char *path, const char *why)
{
	struct cycle *cycle = argument;
	cycle->count.skipped++;
	if (cycle->events.skipped)
		cycle->events.skipped(cycle->events.argument, path, why);
}

int cycle_run(struct cycle *cycle, struct error *err)
{
	struct merge *merge = memory_alloc(sizeof(*merge));
	struct run *run = &merge->run;
	struct owners named = {0};
	run->cycle = cycle;
	run->changes.owners = cycle->owners_by_name ? &named : NULL;
	run->changes.out = cycle->out;
	run->changes.stop = cycle->stop;
	run->content = content_new(cycle->seed);
	if (!cycle->began)
		cycle->began = clock_wall();
	run->moves = cycle->base && cycle->base_path ? moves_new(cycle->base_path) : NULL;
	moves_exclude(run->moves, cycle->unkept);
	run->read_before =
		cycle->unfinished && unfinished_part(cycle->unfinished) ? known_open(unfinished_part(cycle->unfinished)) : NULL;
	struct walk *walk = walk_new(cycle->tree, cycle->rules, tell_skipped, cycle);
	int result = merge_all(merge, walk, err);
	run_told(run);
	if (result == 0)
		result = changes_flush(&run->changes, err);
	if (cycle->out)
		cycle->count.records = run->changes.records;
	walk_free(walk);
	known_close(run->read_before);
	cycle->in_doubt = !moves_all_arrived(run->moves); /* what lies in one that cannot be read now is not in the manifest */
	while (merge->base)
		leave_base(merge);
	moves_free(run->moves);
	table_free(&merge->withheld);
	owners_free(&named);
	content_free(run->content);
	links_free(run->links);
	links_free(run->claims);
	gone_free(&merge->gone);
	buffer_free(&run->attributes);
	free(merge);
	return result;
}
