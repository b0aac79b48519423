/*
 * batch.c - receiving a batch: each record is checked, carried out where nothing is at stake, and logged.
 */
#include "plugins/replica/target/batch.h"

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
#include "plugins/replica/target/held.h"
#include "plugins/replica/tree/names.h"
#include "plugins/replica/tree/owners.h"
#include "plugins/replica/tree/range.h"
#include "plugins/replica/tree/stage.h"
#include "plugins/replica/tree/volume.h"

struct batch {
	const struct store *store;
	struct begin begin;
	bool fresh;
	bool device;	      /* the replica is one */
	bool in_place;	      /* and has no point yet: it is patched at once */
	uint64_t device_size; /* bytes */
	struct tree tree;     /* FRESH: the new one */
	struct names names;   /* FRESH: of it */
	struct unkept unkept; /* FRESH: what it could not keep; */
	struct held held;     /* what of that may have another name */
	bool withheld;	      /* FRESH: the present folder is none that could be made */
	int staging;	      /* descriptor of batch/ */
	int folder;	      /* FRESH: descriptor of the present folder */
	bool in_folder;	      /* there was a FOLDER */
	uint64_t records, number;
	struct record record;		 /* at hand */
	struct record pending;		 /* the MAKE or PATCH whose content is coming */
	struct staged *staged;		 /* MAKE */
	int old;			 /* what it copies from, or -1 */
	char path[ENTRY_PATH_LIMIT + 1]; /* of the present folder */
	bool patching;			 /* PATCH */
	uint64_t patch_end;		 /* of what has come of it */
	struct buffer attributes;	 /* the pending record's */
	struct buffer mapped;		 /* those of the record at hand, with the numbers of here */
	struct stream log_stream, patch_stream;
	struct frame_writer log, patch;
	bool log_begun; /* a frame of the log is being filled */
};

/* --- beginning --- */

static int begin_fresh(struct batch *batch, struct error *err)
{
	char name[32];
	if (batch->device && batch->store->point.generation)
		return error_set(err, ERROR_REFUSED, "a new mirror would destroy the recovery point on %s",
				 batch->store->point.device);
	if (batch->device)
		return 0; /* it is made in its place: nothing is lost, and it is nobody's before the commit */
	snprintf(name, sizeof(name), "tree-%" PRIu64, batch->store->point.tree + 1);
	if (store_remove(batch->store, name, err) < 0 || store_folder(batch->store, name, &batch->tree.root, err) < 0)
		return -1;
	batch->tree.name = "the new tree";
	if (store_write_unkept(batch->store, batch->store->point.generation + 1, &batch->unkept, err) < 0)
		return -1;
	return names_look(batch->tree.root, &batch->names, err);
}

static int begin_log(struct batch *batch, struct error *err)
{
	int fd = openat(batch->staging, "log.part", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_set_errno(err, errno, "cannot create the log of the batch");
	batch->log_stream = stream_of_fds("the log of the batch", -1, fd);
	batch->log.stream = &batch->log_stream;
	return send_begin(&batch->log, &batch->begin, err);
}

int batch_begin(const struct store *store, const struct begin *begin, struct batch **ret_batch, struct error *err)
{
	struct batch *batch = memory_alloc(sizeof(*batch));
	*batch = (struct batch){.store = store, .begin = *begin, .fresh = begin->flags & BEGIN_FRESH};
	batch->device = store->device >= 0;
	batch->in_place = batch->device && !batch->fresh && !store->point.generation;
	batch->device_size = batch->device ? (uint64_t)lseek(store->device, 0, SEEK_END) : 0;
	batch->tree.root = batch->staging = batch->folder = batch->old = -1;
	batch->log_stream.output = batch->patch_stream.output = -1;
	if (store_remove(store, "batch", err) < 0 || store_folder(store, "batch", &batch->staging, err) < 0 ||
	    (batch->fresh      ? begin_fresh(batch, err)
	     : batch->in_place ? 0
			       : begin_log(batch, err)) < 0) {
		batch_free(batch);
		return -1;
	}
	*ret_batch = batch;
	return 0;
}

/* --- the log --- */

static bool is_logged(const struct batch *batch)
{
	return !batch->fresh && !batch->in_place;
}

static int flush_log(struct batch *batch, struct error *err)
{
	if (!batch->log_begun)
		return 0;
	batch->log_begun = false;
	return frame_end(&batch->log, FRAME_CHANGES, err);
}

static int log_record(struct batch *batch, const struct record *record, struct error *err)
{
	if (!batch->log_begun)
		frame_begin(&batch->log);
	batch->log_begun = true;
	record_put(&batch->log.payload, record);
	return frame_length(&batch->log) >= FRAME_FILL ? flush_log(batch, err) : 0;
}

/* --- records --- */

static int out_of_order(const struct record *record, struct error *err)
{
	return error_set(err, ERROR_CORRUPT, "a %s record where none may be", record_kind_name(record->kind));
}

static int on_folder(struct batch *batch, const struct record *record, struct error *err)
{
	batch->in_folder = true;
	snprintf(batch->path, sizeof(batch->path), "%s", record->path);
	if (is_logged(batch))
		return log_record(batch, record, err);
	if (batch->device)
		return 0;
	if (batch->folder >= 0)
		close(batch->folder);
	batch->folder = -1;
	batch->withheld = unkept_covers(&batch->unkept, record->path);
	return batch->withheld ? 0 : tree_folder(&batch->tree, record->path, &batch->folder, err);
}

/* --- a first mirror: what cannot have its name is made aside, for it may have another one --- */

static char *path_of(const struct batch *batch, const char *name)
{
	return memory_printf("%s%s%s", batch->path, *batch->path ? "/" : "", name);
}

static int too_many(struct error *err)
{
	error_set(err, ERROR_REFUSED, "the target's file system cannot keep more than %u of the source's names", UNKEPT_LIMIT);
	return error_hint(err, "give the replica a file system as the source's is");
}

/* 1: it can be made; 0: it is left out, and that was noted; -1. */
static int can_be_made(struct batch *batch, const char *name, struct error *err)
{
	if (batch->withheld)
		return 0;
	enum unkept_reason reason = names_try(&batch->names, batch->folder, name);
	if (!reason)
		return 1;
	CLEANUP_FREE char *path = path_of(batch, name);
	return unkept_add(&batch->unkept, path, reason) ? 0 : too_many(err);
}

/* Where an object is made, and under which name. -1: an error. */
static int place_of(struct batch *batch, const struct record *record, char ret_name[ENTRY_NAME_LIMIT + 1], struct error *err)
{
	int here = batch->fresh && !batch->device ? can_be_made(batch, record->name, err) : batch->fresh;
	if (here < 0)
		return -1;
	if (here) {
		snprintf(ret_name, ENTRY_NAME_LIMIT + 1, "%s", record->name);
		return batch->device ? batch->staging : batch->folder; /* of a device it is not used */
	}
	snprintf(ret_name, ENTRY_NAME_LIMIT + 1, "%" PRIu64, batch->number);
	if (batch->fresh) {
		CLEANUP_FREE char *path = path_of(batch, record->name);
		held_add(&batch->held, path, batch->number++);
	}
	return batch->staging;
}

static int log_staged(struct batch *batch, const struct record *make, struct error *err)
{
	struct record *staged = &batch->record;
	if (batch->fresh)
		return 0;
	if (staged != make)
		snprintf(staged->name, sizeof(staged->name), "%s", make->name);
	staged->kind = RECORD_STAGED;
	staged->flags = 0;
	staged->number = batch->number++;
	return log_record(batch, staged, err);
}

static void keep_pending(struct batch *batch, const struct record *record)
{
	batch->pending = *record;
	buffer_reset(&batch->attributes);
	buffer_append(&batch->attributes, record->attributes, record->attributes_length);
	batch->pending.attributes = (const uint8_t *)batch->attributes.data;
}

static int on_make(struct batch *batch, const struct record *record, struct error *err)
{
	char name[ENTRY_NAME_LIMIT + 1];
	int folder = place_of(batch, record, name, err);
	if (folder < 0)
		return -1;
	if (record->flags & RECORD_STREAMED) {
		keep_pending(batch, record);
		if (batch->device)
			return stage_open_device(batch->store->device, &batch->pending, batch->begin.seed, &batch->staged, err);
		return stage_open(folder, name, &batch->pending, batch->begin.seed, &batch->staged, err);
	}
	if (stage_object(folder, name, record, batch->begin.seed, err) < 0)
		return -1;
	return log_staged(batch, record, err);
}

static int open_patch(struct batch *batch, struct error *err)
{
	char name[32];
	snprintf(name, sizeof(name), "%" PRIu64, batch->number);
	int fd = openat(batch->staging, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_set_errno(err, errno, "cannot create a patch");
	batch->patch_stream = stream_of_fds("a patch", -1, fd);
	batch->patch.stream = &batch->patch_stream;
	batch->patch.number = 0;
	return 0;
}

static int on_patch(struct batch *batch, const struct record *record, struct error *err)
{
	if (!batch->in_place && open_patch(batch, err) < 0)
		return -1;
	keep_pending(batch, record);
	batch->patching = true;
	batch->patch_end = 0;
	return 0;
}

static int on_range(struct batch *batch, const struct record *record, struct error *err)
{
	if (batch->staged)
		return record->kind == RECORD_DATA_AT ? stage_data(batch->staged, record, err) : out_of_order(record, err);
	if (record->offset < batch->patch_end)
		return error_set(err, ERROR_CORRUPT, "ranges that overlap");
	batch->patch_end = record->offset + (record->kind == RECORD_HOLE ? record->length : record->data_length);
	if (batch->in_place)
		return range_write(batch->store->device, record, err);
	record_put(frame_begin(&batch->patch), record);
	return frame_end(&batch->patch, FRAME_CHANGES, err);
}

static void close_old(struct batch *batch)
{
	if (batch->old >= 0)
		close(batch->old);
	batch->old = -1;
}

static int on_copy(struct batch *batch, const struct record *record, struct error *err)
{
	if (!batch->staged)
		return out_of_order(record, err);
	if (batch->old < 0 && store_open_file(batch->store, batch->path, batch->pending.name, &batch->old, err) < 0)
		return -1;
	return stage_copy(batch->staged, record, batch->old, err);
}

static void end_patch(struct batch *batch)
{
	if (batch->patch_stream.output >= 0)
		close(batch->patch_stream.output);
	batch->patch_stream.output = -1;
	batch->patching = false;
}

static int on_done(struct batch *batch, const struct record *record, struct error *err)
{
	close_old(batch);
	if (batch->staged) {
		if (stage_done(take(batch->staged), record, err) < 0)
			return -1;
		return log_staged(batch, &batch->pending, err);
	}
	if (batch->in_place) {
		end_patch(batch);
		return 0;
	}
	/* The end of a patch's file is an END, as a log's: one that is torn is noticed. */
	int result = send_empty(&batch->patch, FRAME_END, err);
	end_patch(batch);
	batch->pending.kind = RECORD_PATCHED;
	batch->pending.meta.size = record->length;
	batch->pending.number = batch->number++;
	return result < 0 ? -1 : log_record(batch, &batch->pending, err);
}

static int on_cancel(struct batch *batch, const struct record *record, struct error *err)
{
	(void)record, (void)err;
	close_old(batch);
	stage_cancel(take(batch->staged));
	if (batch->patching)
		end_patch(batch);
	batch->number++; /* a number is used once */
	return 0;
}

static int on_make_folder(struct batch *batch, const struct record *record, struct error *err)
{
	if (!batch->fresh)
		return log_record(batch, record, err);
	int can = can_be_made(batch, record->name, err);
	if (can <= 0)
		return can;
	return mkdirat(batch->folder, record->name, 0700) < 0 ? error_set_errno(err, errno, "cannot create it") : 0;
}

static int on_link(struct batch *batch, const struct record *record, struct error *err)
{
	if (!batch->fresh)
		return log_record(batch, record, err);
	CLEANUP_CLOSE int parent = -1;
	const char *name;
	char number[32];
	uint64_t held;
	int can = can_be_made(batch, record->name, err);
	if (can <= 0)
		return can;
	if (held_has(&batch->held, record->path, &held)) {
		CLEANUP_FREE char *path = path_of(batch, record->name);
		snprintf(number, sizeof(number), "%" PRIu64, held);
		held_settle(&batch->held, record->path, path);
		return renameat(batch->staging, number, batch->folder, record->name) < 0
			       ? error_set_errno(err, errno, "cannot put it in its place")
			       : 0;
	}
	if (tree_parent(&batch->tree, held_path(&batch->held, record->path), &parent, &name, err) < 0)
		return -1;
	return linkat(parent, name, batch->folder, record->name, 0) < 0 ? error_set_errno(err, errno, "cannot link it") : 0;
}

/* Nothing is done now: only which object it is is written down. */
static int on_move(struct batch *batch, const struct record *record, struct error *err)
{
	struct record *moved = &batch->record; /* as record is */
	(void)record;
	moved->kind = RECORD_MOVED;
	moved->number = batch->number++;
	if (store_find(batch->store, moved->path, &moved->from, err) < 0)
		return -1;
	return log_record(batch, moved, err);
}

static int on_folder_done(struct batch *batch, const struct record *record, struct error *err)
{
	if (is_logged(batch))
		return log_record(batch, record, err);
	if (batch->device || batch->withheld)
		return 0;
	return meta_set(batch->folder, &record->meta, record->attributes, record->attributes_length, err);
}

/* --- owners by name --- */

static int on_owner(struct batch *batch, const struct record *record, struct error *err)
{
	bool group = record->flags & RECORD_GROUP;
	if (!batch->store->owners)
		return out_of_order(record, err);
	const char *name = record->flags & RECORD_NAMELESS ? "" : record->name;
	return owners_add(batch->store->owners, group, (uint32_t)record->number, name)
		       ? 0
		       : error_set(err, ERROR_REFUSED, "there are more than %u owners", OWNERS_LIMIT);
}

/* --- what a device can take: its one object, of its own size; all else is refused before anything is done --- */

static bool fits_device(const struct batch *batch, const struct record *record)
{
	switch (record->kind) {
	case RECORD_FOLDER:
		return !record->path[0];
	case RECORD_MAKE:
		return batch->fresh && (record->flags & RECORD_STREAMED) && strcmp(record->name, VOLUME_NAME) == 0;
	case RECORD_PATCH:
		return strcmp(record->name, VOLUME_NAME) == 0;
	case RECORD_DATA_AT:
		return record->offset <= batch->device_size && record->data_length <= batch->device_size - record->offset;
	case RECORD_HOLE:
		return record->offset <= batch->device_size && record->length <= batch->device_size - record->offset;
	case RECORD_DONE:
		return record->length == batch->device_size;
	default:
		return (record->kind == RECORD_CANCEL && !batch->in_place) || record->kind == RECORD_FOLDER_DONE ||
		       record->kind == RECORD_OWNER;
	}
}

static int check_for_device(const struct batch *batch, const struct record *record, struct error *err)
{
	const char *device = batch->store->point.device;
	if (!fits_device(batch, record))
		return error_set(err, ERROR_REFUSED, "it does not fit the device %s", device);
	bool sized = record->kind == RECORD_MAKE || record->kind == RECORD_PATCH;
	if (!sized || record->meta.size == batch->device_size)
		return 0;
	error_set(err, ERROR_REFUSED, "the device %s has %" PRIu64 " bytes, the source %" PRIu64, device, batch->device_size,
		  record->meta.size);
	return error_hint(err, "give the target a device (partition, logical volume) of exactly the source's size");
}

enum when {
	INSIDE = 1 << 0,     /* content is coming */
	ANYTIME = 1 << 1,    /* before the first FOLDER, too */
	DIFFERENCE = 1 << 2, /* not in a first mirror */
};

static const struct {
	int (*act)(struct batch *batch, const struct record *record, struct error *err);
	unsigned when;
} actions[RECORD_KINDS] = {
	[RECORD_FOLDER] = {on_folder, ANYTIME},
	[RECORD_OWNER] = {on_owner, ANYTIME},
	[RECORD_MAKE] = {on_make, 0},
	[RECORD_PATCH] = {on_patch, DIFFERENCE},
	[RECORD_DATA_AT] = {on_range, INSIDE},
	[RECORD_HOLE] = {on_range, INSIDE | DIFFERENCE},
	[RECORD_DONE] = {on_done, INSIDE},
	[RECORD_COPY] = {on_copy, INSIDE | DIFFERENCE},
	[RECORD_CANCEL] = {on_cancel, INSIDE},
	[RECORD_META] = {log_record, DIFFERENCE},
	[RECORD_MAKE_FOLDER] = {on_make_folder, 0},
	[RECORD_LINK] = {on_link, 0},
	[RECORD_DELETE] = {log_record, DIFFERENCE},
	[RECORD_MOVE] = {on_move, DIFFERENCE},
	[RECORD_ORPHAN] = {log_record, DIFFERENCE},
	[RECORD_FOLDER_DONE] = {on_folder_done, 0},
};

/* What comes has the source's numbers; all behind this has the ones of here. */
static void take_over(struct batch *batch, struct record *record)
{
	if (!batch->store->owners || !record_has_meta(record->kind))
		return;
	buffer_reset(&batch->mapped);
	buffer_append(&batch->mapped, record->attributes, record->attributes_length);
	record->attributes = (const uint8_t *)batch->mapped.data;
	owners_to_here(batch->store->owners, &record->meta, (uint8_t *)batch->mapped.data, record->attributes_length);
}

static int act(struct batch *batch, const struct record *record, struct error *err)
{
	unsigned when = actions[record->kind].when;
	bool inside = batch->staged || batch->patching;
	int fault = fault_hit("record");
	if (fault)
		return error_set_errno(err, fault, "cannot stage a record");
	if (!actions[record->kind].act || inside != (bool)(when & INSIDE) || (!batch->in_folder && !(when & ANYTIME)) ||
	    (batch->fresh && (when & DIFFERENCE)))
		return out_of_order(record, err);
	if (batch->device && check_for_device(batch, record, err) < 0)
		return -1;
	return actions[record->kind].act(batch, record, err);
}

int batch_add(struct batch *batch, const uint8_t *records, size_t length, struct error *err)
{
	struct wire wire = wire_of(records, length);
	int got;
	while ((got = record_get(&wire, &batch->record, err)) > 0) {
		batch->records++;
		take_over(batch, &batch->record);
		if (act(batch, &batch->record, err) < 0)
			return record_wrap(&batch->record, err);
	}
	return got;
}

static int seal_fresh(const struct batch *batch, struct error *err)
{
	if (!batch->device && store_write_unkept(batch->store, batch->store->point.generation + 1, &batch->unkept, err) < 0)
		return -1;
	return store_sync(batch->store, err);
}

int batch_seal(struct batch *batch, const struct batch_end *end, struct error *err)
{
	if (end->records != batch->records || batch->staged || batch->patching)
		return error_set(err, ERROR_CORRUPT, "the batch is not complete: %" PRIu64 " of %" PRIu64 " records",
				 batch->records, end->records);
	if (!is_logged(batch))
		return batch->fresh ? seal_fresh(batch, err) : store_sync(batch->store, err);
	if (!batch->records)
		return 0;
	if (flush_log(batch, err) < 0 || send_end(&batch->log, end, err) < 0 || store_sync(batch->store, err) < 0)
		return -1;
	int fault = fault_hit("seal");
	if (fault || renameat(batch->staging, "log.part", batch->staging, "log") < 0)
		return error_set_errno(err, fault ? fault : errno, "cannot seal the batch");
	if (fsync(batch->staging) < 0)
		return error_set_errno(err, errno, "cannot sync the batch");
	return 0;
}

void batch_free(struct batch *batch)
{
	if (!batch)
		return;
	stage_cancel(batch->staged);
	const int fds[] = {batch->tree.root, batch->staging,	       batch->folder,
			   batch->old,	     batch->log_stream.output, batch->patch_stream.output};
	for (size_t i = 0; i < COUNT_OF(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	unkept_free(&batch->unkept);
	held_free(&batch->held);
	frame_writer_free(&batch->log);
	frame_writer_free(&batch->patch);
	buffer_free(&batch->attributes);
	buffer_free(&batch->mapped);
	free(batch);
}
