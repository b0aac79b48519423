/*
 * object.c - what differs of one object. Regular files stand in file.c's place below; all else has no content to speak of.
 */
#include "plugins/replica/source/object.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/memory.h"
#include "plugins/replica/source/orphan.h"
#include "plugins/replica/source/regular.h"
#include "plugins/replica/tree/owners.h"

static void tell_pending(struct run *run, uint64_t bytes)
{
	CLEANUP_FREE char *path = take(run->pending.path);
	if (path)
		run->cycle->events.difference(run->cycle->events.argument, path, run->pending.what, bytes);
}

void run_told(struct run *run)
{
	tell_pending(run, run->cycle->count.content - run->content_before);
	run->content_before = run->cycle->count.content;
}

bool run_tells(struct run *run, const char *name, const char *what)
{
	const struct cycle_events *events = &run->cycle->events;
	if (!events->difference)
		return false;
	CLEANUP_FREE char *path = memory_printf("%s%s%s", run->folder->path, *run->folder->path && *name ? "/" : "", name);
	run->cycle->count.records++;
	tell_pending(run, 0); /* of one object the last that is told has the bytes */
	run->pending.path = take(path);
	run->pending.what = what;
	if (!run_only_tells(run))
		return false;
	tell_pending(run, 0);
	return true;
}

bool run_only_tells(const struct run *run)
{
	return run->cycle->events.difference && !(run->cycle->flags & CYCLE_DRY);
}

void run_misses(struct run *run, const char *name, const char *why)
{
	const struct cycle_events *events = &run->cycle->events;
	CLEANUP_FREE char *path = memory_printf("%s%s%s", run->folder->path, *run->folder->path && *name ? "/" : "", name);
	if (events->skipped)
		events->skipped(events->argument, path, why);
}

int run_sends_name(struct run *run, enum record_kind kind, const char *name, struct error *err)
{
	run->record.kind = kind;
	snprintf(run->record.name, sizeof(run->record.name), "%s", name);
	run->touched = true;
	return changes_add(&run->changes, &run->record, err);
}

void run_skips(struct run *run, const char *name, const char *why)
{
	run->cycle->count.skipped++;
	run_misses(run, name, why);
}

struct digest run_attributes(const struct run *run)
{
	if (!run->attributes.length)
		return (struct digest){{0}};
	if (run->cycle->owners)
		owners_attributes_to_there(run->cycle->owners, (uint8_t *)run->attributes.data, run->attributes.length);
	return digest_bytes(run->cycle->seed, run->attributes.data, run->attributes.length);
}

/* --- links, fifos, sockets, devices: made anew if anything differs --- */

static int send_special(struct run *run, const struct entry *entry, const char *aim, size_t aim_length, struct error *err)
{
	struct record *record = &run->record;
	record->kind = RECORD_MAKE;
	record->flags = 0;
	snprintf(record->name, sizeof(record->name), "%s", entry->name);
	record->meta = entry->meta;
	record->attributes = (const uint8_t *)run->attributes.data;
	record->attributes_length = run->attributes.length;
	record->data = (const uint8_t *)aim;
	record->data_length = aim_length;
	record->digest = entry->content;
	run->touched = true;
	run->cycle->count.made++;
	return changes_add(&run->changes, record, err);
}

static const char *special_difference(const struct entry *entry, const struct entry *old)
{
	if (!old)
		return "missing";
	if ((entry->meta.mode & S_IFMT) != (old->meta.mode & S_IFMT))
		return "type";
	if (!digest_equal(&entry->content, &old->content))
		return "link aim";
	if (!digest_equal(&entry->attributes, &old->attributes))
		return "attributes";
	return meta_equal(&entry->meta, &old->meta) ? NULL : "metadata";
}

/* What has changed since the walk may be of another type by now, and what was read of it belongs to nothing. */
static void look_again(const struct run *run, const struct entry *entry, int folder, const char *name, struct error *why)
{
	struct statx status;
	struct entry now;
	if (run->cycle->tree->keys) /* a copy: nobody changes it, and its own key is not this */
		return;
	if (statx(folder, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_BASIC_STATS, &status) < 0) {
		error_set_errno(why, errno, "cannot look at it again");
		return;
	}
	entry_from_statx(&now, entry->name, &status);
	if (!entry_same_key(&now, entry))
		error_set(why, ERROR_CONFLICT, "it changed while it was read");
}

static int update_special(struct run *run, struct entry *entry, const struct entry *old, bool whole,
			  enum object_outcome *ret_outcome, struct error *err)
{
	char aim[ENTRY_PATH_LIMIT + 2];
	ssize_t length = 0;
	const char *name;
	int folder = walk_place(run->folder, entry, &name);
	CLEANUP_ERROR struct error why = ERROR_NONE;
	if (S_ISLNK(entry->meta.mode)) {
		length = readlinkat(folder, name, aim, sizeof(aim));
		if (length <= 0 || (size_t)length > ENTRY_PATH_LIMIT)
			error_set_errno(&why, length > 0 ? ENAMETOOLONG : errno, "cannot read the link");
		else
			entry->content = digest_bytes(run->cycle->seed, aim, (size_t)length);
	}
	if (why.code == ERROR_OK)
		attributes_read(-1, folder, name, &run->attributes, &why);
	if (why.code == ERROR_OK)
		look_again(run, entry, folder, name, &why);
	if (why.code != ERROR_OK) {
		*ret_outcome = OBJECT_AS_OLD;
		if (why.code != ERROR_NOT_FOUND) /* else it has vanished */
			run_skips(run, entry->name, error_text(&why));
		return 0;
	}
	entry->attributes = run_attributes(run);
	const char *difference = special_difference(entry, old);
	if (!difference && !whole)
		return 0;
	if (run_tells(run, entry->name, difference ? difference : "hard links"))
		return 0;
	return send_special(run, entry, aim, (size_t)length, err);
}

/* --- hard links --- */

static int send_link(struct run *run, const struct entry *entry, const char *path, struct error *err)
{
	if (run_tells(run, entry->name, "hard links"))
		return 0;
	struct record *record = &run->record;
	record->kind = RECORD_LINK;
	snprintf(record->name, sizeof(record->name), "%s", entry->name);
	snprintf(record->path, sizeof(record->path), "%s", path);
	run->touched = true;
	run->cycle->count.linked++;
	return changes_add(&run->changes, record, err);
}

/* A further name of an inode that was met: the same as the first name, whatever it has become since. */
static int update_further(struct run *run, struct entry *entry, const struct entry *old, const struct link *link,
			  struct error *err)
{
	bool linked = old && link->other_ino && old->ino == link->other_ino; /* in the base, and so at the target */
	const char *name = entry->name;
	*entry = link->first;
	entry->name = name;
	return linked && !link->sent ? 0 : send_link(run, entry, link->path, err);
}

/* By content: does the target have this object for this inode, and for no other? */
static bool claim(struct run *run, const struct entry *entry, const struct entry *old)
{
	if (!old || (old->nlink < 2 && entry->nlink < 2))
		return true;
	struct entry theirs = {.dev = 0, .ino = old->ino, .name = ""};
	struct link *claimed = links_find(run->claims, &theirs);
	if (!claimed) {
		claimed = links_add(&run->claims, &theirs, "");
		claimed->first.ino = entry->ino;
		claimed->first.dev = entry->dev;
	}
	return claimed->first.ino == entry->ino && claimed->first.dev == entry->dev;
}

/* It was just read, and is what the target has. */
static bool is_known_as(const struct run *run, const struct entry *entry, const struct entry *old)
{
	const struct entry *known = run->known;
	return known && old && digest_equal(&known->content, &old->content) &&
	       digest_equal(&known->attributes, &old->attributes) && meta_equal(&entry->meta, &old->meta) &&
	       !orphan_shares(run, entry, old);
}

/* It was read before this work was interrupted, and nobody has touched it since. */
static bool was_read(const struct run *run, const struct entry *entry)
{
	const struct entry *before = run->before;
	return before && S_ISREG(entry->meta.mode) && before->dev == entry->dev && !run->cycle->tree->keys &&
	       !run->cycle->tree->is_volume;
}

int object_update(struct run *run, struct entry *entry, const struct entry *old, enum object_outcome *ret_outcome,
		  struct error *err)
{
	bool by_content = run->cycle->flags & CYCLE_BY_CONTENT, several = entry->nlink > 1;
	bool same_key = old && !by_content && entry_same_key(entry, old);
	struct link *link = several ? links_find(run->links, entry) : NULL;
	*ret_outcome = OBJECT_IS_NEW;
	if (link && (link->first.meta.mode & S_IFMT) == (entry->meta.mode & S_IFMT))
		return update_further(run, entry, old, link, err);
	bool whole = by_content && !claim(run, entry, old); /* the target's object is also another one's */
	uint64_t made = run->cycle->count.made;
	if (same_key || (!whole && is_known_as(run, entry, old))) {
		entry->content = old->content;
		entry->attributes = old->attributes;
	} else if (was_read(run, entry)) {
		entry->content = run->before->content;
		entry->attributes = run->before->attributes;
		run->cycle->count.before++;
	} else {
		int result = S_ISREG(entry->meta.mode) ? regular_update(run, entry, old, whole, ret_outcome, err)
						       : update_special(run, entry, old, whole, ret_outcome, err);
		if (result < 0)
			return -1;
	}
	if (several && *ret_outcome == OBJECT_IS_NEW) {
		link = links_add(&run->links, entry, run->folder->path);
		link->sent = run->cycle->count.made != made;
		link->other_ino = old ? old->ino : 0;
	}
	return 0;
}
