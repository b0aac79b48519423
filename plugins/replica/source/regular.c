/*
 * regular.c - regular files at the source.
 *
 * A small file is read into memory, so it is known what to send before anything is sent. A large one, or one with blocks of
 * zeros, which become holes, goes out while it is read; if it changed meanwhile, the target is told to forget it.
 */
#include "plugins/replica/source/regular.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/memory.h"
#include "plugins/replica/source/orphan.h"
#include "plugins/replica/source/rebuild.h"
#include "plugins/replica/tree/volume.h"

/* A file that is being read. */
struct file {
	struct run *run;
	struct entry *entry;	 /* as of the last look */
	const struct entry *old; /* the base's, or NULL */
	int fd;
	bool in_place; /* the target may change its file instead of making another: it is nobody else's */
	bool whole;
	bool shared;		 /* it is not to be changed in place, if at all */
	bool begun;		 /* MAKE or PATCH was sent */
	bool lost;		 /* the session is at its end */
	struct rebuild *rebuild; /* of what the target has; NULL: it is sent whole, or as a patch */
	bool unstable;
};

static bool is_volume(const struct file *file)
{
	return file->run->cycle->tree->is_volume;
}

/* Looks again: 1 if nothing has changed since the entry was made. The entry is then what is there now. */
static int look(const struct file *file)
{
	struct statx status;
	struct entry now;
	if (file->run->cycle->tree->keys) /* a copy: nobody changes it, and its own key is not this */
		return 1;
	if (is_volume(file)) {
		if (volume_look(file->fd, &now, NULL) < 0)
			return 0;
	} else {
		if (statx(file->fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &status) < 0)
			return 0;
		entry_from_statx(&now, file->entry->name, &status);
	}
	if (entry_same_key(&now, file->entry))
		return 1;
	*file->entry = now;
	return 0;
}

static struct record *new_record(const struct file *file, enum record_kind kind)
{
	struct record *record = &file->run->record;
	record->kind = kind;
	record->flags = 0;
	snprintf(record->name, sizeof(record->name), "%s", file->entry->name);
	record->meta = file->entry->meta;
	record->attributes = (const uint8_t *)file->run->attributes.data;
	record->attributes_length = file->run->attributes.length;
	record->data = NULL;
	record->data_length = 0;
	record->digest = file->entry->content;
	return record;
}

static int send(const struct file *file, const struct record *record, struct error *err)
{
	file->run->touched |= record->kind != RECORD_META;
	return changes_add(&file->run->changes, record, err);
}

static bool same_metadata(const struct file *file)
{
	return meta_equal(&file->entry->meta, &file->old->meta) &&
	       digest_equal(&file->entry->attributes, &file->old->attributes);
}

/* The content is what the target has. */
static int send_metadata(const struct file *file, struct error *err)
{
	const struct entry *entry = file->entry, *old = file->old;
	bool metadata = !meta_equal(&entry->meta, &old->meta), attributes = !digest_equal(&entry->attributes, &old->attributes);
	if (!metadata && !attributes)
		return 0;
	if (run_tells(file->run, entry->name, metadata ? "metadata" : "attributes"))
		return 0;
	file->run->cycle->count.changed++;
	return send(file, new_record(file, RECORD_META), err);
}

static void count_made(const struct file *file, uint64_t length)
{
	file->run->cycle->count.made++;
	file->run->cycle->count.content += length;
}

/* --- small files --- */

static int read_small(const struct file *file, uint8_t *bytes, size_t *ret_length, struct error *err)
{
	ssize_t got;
	do
		got = pread(file->fd, bytes, (size_t)file->entry->meta.size + 1, 0);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return error_set_errno(err, errno, "cannot read it");
	*ret_length = (size_t)got;
	return 0;
}

static const char *file_difference(const struct file *file)
{
	return !file->old ? "missing" : S_ISREG(file->old->meta.mode) ? file->whole ? "hard links" : "content" : "type";
}

static bool same_content(const struct file *file)
{
	return file->in_place && file->entry->meta.size == file->old->meta.size &&
	       digest_equal(&file->entry->content, &file->old->content);
}

static int send_small(const struct file *file, const uint8_t *bytes, size_t length, struct error *err)
{
	if (same_content(file) && (!file->shared || same_metadata(file)))
		return send_metadata(file, err);
	if (run_tells(file->run, file->entry->name, file_difference(file)))
		return 0;
	struct record *record = new_record(file, RECORD_MAKE);
	record->flags = file->unstable ? RECORD_UNSTABLE : 0;
	record->data = bytes;
	record->data_length = length;
	count_made(file, length);
	return send(file, record, err);
}

/* --- large files --- */

static int begin_large(struct file *file, bool patch, struct error *err)
{
	file->begun = true;
	struct record *record = new_record(file, patch ? RECORD_PATCH : RECORD_MAKE);
	record->flags = patch ? 0 : RECORD_STREAMED;
	return send(file, record, err);
}

static int send_data(void *argument, uint64_t offset, const void *bytes, size_t length, struct error *err)
{
	struct file *file = argument;
	if (!file->begun && begin_large(file, true, err) < 0)
		return -1;
	struct record *record = &file->run->record;
	record->kind = RECORD_DATA_AT;
	record->offset = offset;
	record->data = bytes;
	record->data_length = length;
	file->run->cycle->count.content += length;
	return send(file, record, err);
}

static int send_copy(void *argument, uint64_t offset, uint64_t length, uint64_t from, struct error *err)
{
	struct file *file = argument;
	struct record *record = &file->run->record;
	record->kind = RECORD_COPY;
	record->offset = offset;
	record->length = length;
	record->from = from;
	return send(file, record, err);
}

static int send_hole(void *argument, uint64_t offset, uint64_t length, struct error *err)
{
	struct file *file = argument;
	if (!file->begun && begin_large(file, true, err) < 0)
		return -1;
	struct record *record = &file->run->record;
	record->kind = RECORD_HOLE;
	record->offset = offset;
	record->length = length;
	return send(file, record, err);
}

static int end_large(struct file *file, bool good, struct error *err)
{
	struct record *record = new_record(file, good ? RECORD_DONE : RECORD_CANCEL);
	record->flags = file->unstable ? RECORD_UNSTABLE : 0;
	record->length = file->entry->meta.size;
	file->begun = false;
	return send(file, record, err);
}

/* Where block digests are gathered, and which are known. Without a folder for them, or without success: NULL. */
static struct blocks *new_list(const struct file *file)
{
	struct blocks *list = NULL;
	const char *folder = file->run->cycle->blocks;
	if (folder && file->entry->meta.size >= BLOCKS_MINIMUM && !(file->run->cycle->flags & CYCLE_DRY))
		blocks_create(folder, &list, NULL);
	return list;
}

static struct blocks *old_list(const struct file *file)
{
	struct blocks *list = NULL;
	const struct cycle *cycle = file->run->cycle;
	if (cycle->blocks && file->in_place && file->old->meta.size >= BLOCKS_MINIMUM)
		blocks_open(cycle->blocks, cycle->seed, &file->old->content, &list, NULL);
	return list;
}

/* It was read just before (known.h), and its blocks were kept: so only those are read that differ. 1; 0: all has to be read;
 * -1. */
static int read_changed(struct file *file, const struct content_sink *sink, struct blocks *base, struct error *err)
{
	const struct cycle *cycle = file->run->cycle;
	const struct entry *known = take(file->run->known); /* it is tried once */
	struct blocks *list;
	bool plain = !is_volume(file) && file->entry->allocated >= file->entry->meta.size; /* holes are to stay holes */
	if (!known || !base || !plain || !entry_same_key(known, file->entry) ||
	    blocks_open(cycle->blocks, cycle->seed, &known->content, &list, NULL) < 0)
		return 0;
	int result = content_read_changed(file->fd, known->meta.size, cycle->seed, base, list, sink, err);
	blocks_free(list);
	if (result > 0 && (result = look(file)) > 0)
		file->entry->content = known->content;
	return result;
}

/* One read of a large file. 1: it was stable, 0: not. */
static int try_large(struct file *file, const struct content_sink *sink, struct blocks *base, bool last, struct error *err)
{
	struct entry *entry = file->entry;
	const struct entry before = *entry;
	uint64_t size;
	unsigned flags = CONTENT_ZEROS | (entry->allocated < entry->meta.size ? CONTENT_SPARSE : 0);
	if (!S_ISREG(entry->meta.mode))
		return error_set(err, ERROR_CONFLICT, "it became something else while it was read");
	struct blocks *list = new_list(file);
	int result = content_read(file->run->content, file->fd, entry->meta.size, flags, base, list, sink, &size,
				  &entry->content, err);
	if (result == 0) {
		struct digest content = entry->content;
		result = look(file);
		if (!result && last) { /* sent as it was read; its key must not match again */
			*entry = before;
			entry->meta.size = size;
			entry->ctime = (struct entry_time){0};
			file->unstable = true;
			result = 1;
		}
		entry->content = content;
		if (result && list)
			blocks_keep(list, &content, NULL);
	}
	blocks_free(list);
	return result;
}

static int read_attributes(const struct file *file, struct error *err)
{
	if (is_volume(file))
		buffer_reset(&file->run->attributes);
	else if (attributes_read(file->fd, -1, NULL, &file->run->attributes, err) < 0)
		return -1;
	file->entry->attributes = run_attributes(file->run);
	return 0;
}

static void tell_progress(void *argument, uint64_t offset)
{
	run_progress(((const struct file *)argument)->run, offset);
}

/* Sends the file anew, or (base) the blocks that differ. */
static int stream_large(struct file *file, struct blocks *base, struct error *err)
{
	const struct content_sink plain = {send_data, base ? send_hole : NULL, tell_progress, file};
	const struct content_sink sink = file->rebuild ? rebuild_input(file->rebuild) : plain;
	int stable = 0;
	for (int try = 0; !stable && try < REGULAR_TRIES; try++) {
		if (read_attributes(file, err) < 0 || (!base && begin_large(file, false, err) < 0))
			return -1;
		if (file->rebuild)
			rebuild_reset(file->rebuild);
		stable = read_changed(file, &sink, base, err);
		if (!stable && !(base && file->begun))
			stable = try_large(file, &sink, base, try == REGULAR_TRIES - 1, err);
		if (stable < 0 || (!stable && file->begun && end_large(file, false, err) < 0))
			return -1;
	}
	if (file->rebuild && rebuild_end(file->rebuild, err) < 0)
		return -1;
	if (base && !file->begun && file->entry->meta.size == file->old->meta.size)
		return send_metadata(file, err);
	if (!file->begun && begin_large(file, true, err) < 0) /* only the end has moved */
		return -1;
	if (base)
		file->run->cycle->count.patched++;
	else
		count_made(file, 0);
	return end_large(file, true, err);
}

/* Reads the file without sending it: does the target have this content? 1: yes, 0: no, -1. */
static int compare_large(struct file *file, struct error *err)
{
	if (!file->in_place || file->entry->meta.size != file->old->meta.size)
		return 0;
	if (read_attributes(file, err) < 0)
		return -1;
	const struct content_sink nowhere = {.progress = tell_progress, .argument = file};
	int stable = try_large(file, &nowhere, NULL, false, err);
	return stable <= 0 ? stable : same_content(file);
}

/* May the target's file be of use, and is it not just patched? */
static bool is_to_rebuild(const struct file *file, struct blocks *base)
{
	const struct entry *entry = file->entry, *old = file->old;
	bool large = old && S_ISREG(old->meta.mode) && S_ISREG(entry->meta.mode) && old->meta.size >= BLOCKS_MINIMUM &&
		     entry->meta.size >= BLOCKS_MINIMUM;
	uint64_t both = !large ? 0 : entry->meta.size < old->meta.size ? entry->meta.size : old->meta.size;
	return large && file->run->cycle->ask && !file->run->moved && !is_volume(file) &&
	       entry->allocated >= entry->meta.size &&
	       (!base || rebuild_is_moved(file->fd, both, file->run->cycle->seed, base));
}

/* Sends what differs of a file with another content. */
static int send_large(struct file *file, struct blocks *base, struct error *err)
{
	const struct rebuild_sink sink = {send_data, send_copy, tell_progress, file};
	if (is_to_rebuild(file, base) &&
	    rebuild_plan(file->run, file->fd, file->entry, file->old, &sink, &file->rebuild, err) < 0) {
		file->lost = true;
		return -1;
	}
	int result = stream_large(file, file->rebuild ? NULL : base, err);
	rebuild_free(take(file->rebuild));
	return result;
}

static int update_large(struct file *file, struct error *err)
{
	bool verify = run_only_tells(file->run);
	struct blocks *base = verify || file->shared ? NULL : old_list(file);
	int same = base ? 0 : compare_large(file, err);
	same = same > 0 && file->shared && !verify ? same_metadata(file) : same;
	const struct cycle_count *count = &file->run->cycle->count;
	const uint64_t sent = count->patched + count->made;
	if (same == 0 && !base && run_tells(file->run, file->entry->name, file_difference(file)))
		return 0;
	int result = same < 0 ? -1 : same ? send_metadata(file, err) : send_large(file, base, err);
	if (base && count->patched + count->made != sent) /* now it is known that it differs */
		run_tells(file->run, file->entry->name, "content");
	blocks_free(base);
	return result;
}

/* --- either --- */

static bool is_small(const struct file *file)
{
	const struct entry *entry = file->entry;
	return !is_volume(file) && S_ISREG(entry->meta.mode) && entry->meta.size <= RECORD_INLINE &&
	       entry->allocated >= entry->meta.size;
}

/* Such blocks become holes, for nobody could tell later that a hole was punched where there were zeros before. */
static bool has_zeros(const uint8_t *bytes, size_t length)
{
	static const uint8_t zeros[DIGEST_BLOCK];
	for (size_t at = 0; at + DIGEST_BLOCK <= length; at += DIGEST_BLOCK)
		if (memcmp(bytes + at, zeros, DIGEST_BLOCK) == 0)
			return true;
	return false;
}

static int update_open(struct file *file, struct error *err)
{
	static uint8_t bytes[RECORD_INLINE + 1];
	struct entry *entry = file->entry;
	for (int try = 0; is_small(file); try++) {
		size_t length = 0;
		if (read_attributes(file, err) < 0 || read_small(file, bytes, &length, err) < 0)
			return -1;
		const struct entry before = *entry;
		bool stable = look(file) && length == entry->meta.size;
		if (!stable && try < REGULAR_TRIES - 1)
			continue;
		if (has_zeros(bytes, length))
			break; /* it goes as a large one does, by parts */
		if (!stable) {
			*entry = before;
			length = length < entry->meta.size ? length : (size_t)entry->meta.size;
			entry->meta.size = length;
			entry->ctime = (struct entry_time){0}; /* its key must not match again */
			file->unstable = true;
		}
		entry->content = digest_content(file->run->cycle->seed, bytes, length);
		return send_small(file, bytes, length, err);
	}
	return update_large(file, err);
}

static int open_file(const struct file *file, struct error *err)
{
	if (is_volume(file))
		return fcntl(file->run->cycle->tree->root, F_DUPFD_CLOEXEC, 0);
	const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	const char *name;
	int folder = walk_place(file->run->folder, file->entry, &name), fd = openat(folder, name, flags | O_NOATIME);
	if (fd < 0 && errno == EPERM) /* not our file */
		fd = openat(folder, name, flags);
	return fd < 0 ? error_set_errno(err, errno, "cannot open it") : fd;
}

int regular_update(struct run *run, struct entry *entry, const struct entry *old, bool whole, enum object_outcome *ret_outcome,
		   struct error *err)
{
	struct file file = {.run = run, .entry = entry, .old = old, .whole = whole};
	CLEANUP_ERROR struct error why = ERROR_NONE;
	if (!old && (run->cycle->flags & CYCLE_DRY)) {
		run_tells(run, entry->name, "missing");
		count_made(&file, entry->allocated < entry->meta.size ? entry->allocated : entry->meta.size);
		return 0;
	}
	CLEANUP_CLOSE int fd = file.fd = open_file(&file, &why);
	file.whole |= old && orphan_shares(run, entry, old);
	file.shared = old && orphan_may_share(run, old);
	bool same_inode = old && !(run->cycle->flags & CYCLE_BY_CONTENT) && old->ino == entry->ino;
	file.in_place = old && S_ISREG(old->meta.mode) && !file.whole &&
			(same_inode || (old->nlink == 1 && entry->nlink == 1) || (run->cycle->flags & CYCLE_BY_CONTENT));
	if (fd < 0 || update_open(&file, &why) < 0) {
		if (file.lost || why.code == ERROR_CONNECTION || is_volume(&file) ||
		    (file.begun && end_large(&file, false, &why) < 0)) {
			error_move(err, &why);
			return -1;
		}
		*ret_outcome = OBJECT_AS_OLD;
		if (why.code != ERROR_NOT_FOUND) /* else it has vanished */
			run_skips(run, entry->name, error_text(&why));
		return 0;
	}
	run->cycle->count.unstable += file.unstable;
	return 0;
}
