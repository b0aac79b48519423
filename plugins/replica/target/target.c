/*
 * target.c - serves one source: who may write, batches, listings.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "plugins/replica/target/cutting.h"
#include "plugins/replica/target/points.h"
#include "plugins/replica/tree/owners.h"
#include "plugins/replica/target/recovery.h"
#include "plugins/replica/session.h"

struct target {
	const struct target_options *options;
	struct store store;
	struct frame_reader in;
	struct frame_writer out;
	struct compressor *compressor; /* of what goes out; NULL: the source does not want it */
	struct hello hello;
	struct batch *batch; /* being received */
	struct begin begin;
	bool skipping;	      /* a batch that was refused: the rest of it is read and dropped */
	struct owners owners; /* by name; store.owners if the source wants it so */
	bool owners_changed;  /* what the tree has is not what these would make */
	struct identity work; /* for which the tree was listed (unfinished.h); none: for none that goes on */
	bool listed;	      /* the source knows what the tree is now */
};

/* --- who may write --- */

/* Is it what the two ends were enrolled for? */
static int check_enrolled(const struct target *target, struct error *err)
{
	const struct target_options *options = target->options;
	const struct hello *hello = &target->hello;
	if (!options->set || (strcmp(options->set, hello->set) == 0 && options->term == hello->term))
		return 0;
	if (strcmp(options->set, hello->set) != 0)
		return error_set(err, ERROR_REFUSED, "this agent is the target of the set %s here, not of %s", options->set,
				 hello->set);
	error_set(err, ERROR_REFUSED, "the target was connected at term %" PRIu64 "; the source has term %" PRIu64,
		  options->term, hello->term);
	return error_hint(err, hello->term < options->term ? "this source was replaced: keep its unsent changes"
							   : "connect the target with this term, too");
}

static int check_source(const struct target *target, struct error *err)
{
	const struct point *point = &target->store.point;
	const struct hello *hello = &target->hello;
	if (target->options->set && hello->term > point->term)
		return 0; /* the engine has connected a new source: all is compared by content, for it has no manifest of this
			   */
	if (point->set[0] && (strcmp(point->set, hello->set) != 0 || !identity_equal(&point->source, &hello->source))) {
		char source[IDENTITY_HEX];
		identity_hex(&point->source, source);
		error_set(err, ERROR_CONFLICT, "the store %s belongs to the set %s of another source (%s)", target->store.path,
			  point->set, source);
		return error_hint(
			err,
			"give each source a store of its own; a new source for this set needs a new store or a new enrolment");
	}
	return 0;
}

static int check_term(const struct target *target, struct error *err)
{
	uint64_t term;
	if (store_read_term(&target->store, &term, err) < 0)
		return -1;
	bool promoted = target->store.point.promoted && target->hello.term <= target->store.point.term;
	if (target->hello.term >= term && !promoted)
		return 0;
	error_set(err, ERROR_REFUSED, "%s at term %" PRIu64 "; the source has term %" PRIu64 " and may not write",
		  promoted ? "this replica was promoted" : "the set is", term, target->hello.term);
	return error_hint(
		err,
		"this source was replaced: keep its unsent changes, and connect it again with a new term if it is to send");
}

/* The store becomes this source's, at this term. */
static int bind_store(struct target *target, struct error *err)
{
	struct point point = target->store.point;
	if (point.set[0] && point.term == target->hello.term && !point.promoted)
		return 0;
	if (store_open_device(&target->store, err) < 0 || store_raise_term(target->store.path, target->hello.term, err) < 0)
		return -1;
	strcpy(point.set, target->hello.set); /* NOLINT: of the same size */
	point.source = target->hello.source;
	point.term = target->hello.term;
	point.promoted = false;
	point.promoted_at = 0;
	return store_write_point(&target->store, &point, err);
}

static bool only_looks(const struct target *target)
{
	return target->hello.features & FEATURE_LOOK;
}

/* Are they by name now, were they before, and do the names have the numbers that they had? */
static int open_owners(struct target *target, struct error *err)
{
	CLEANUP_FREE char *path = store_file(&target->store, "owners");
	bool by_name = target->hello.features & FEATURE_OWNERS, were;
	if (owners_read(path, &target->owners, &were, err) < 0)
		return -1;
	target->owners_changed = by_name != were || (by_name && target->owners.changed);
	target->store.owners = by_name ? &target->owners : NULL;
	return 0;
}

static int keep_owners(struct target *target, struct error *err)
{
	CLEANUP_FREE char *path = store_file(&target->store, "owners");
	bool write = target->owners.grown || target->owners_changed;
	if (!target->store.owners)
		return target->owners_changed ? store_remove(&target->store, "owners", err) : 0;
	return write ? owners_write(path, &target->owners, err) : 0;
}

/* What the point lacks: the source is not to think that it is here. */
static int send_unkept(struct target *target, struct error *err)
{
	struct unkept unkept = {0};
	if (!(target->hello.features & FEATURE_UNKEPT))
		return 0;
	int result = store_read_unkept(&target->store, target->store.point.generation, &unkept, err);
	if (result == 0)
		result = unkept_send(&target->out, &unkept, err);
	unkept_free(&unkept);
	return result;
}

static int greet(struct target *target, struct error *err)
{
	struct frame frame;
	if (expect_frame(&target->in, FRAME_HELLO, &frame, err) < 0 || parse_hello(&frame, &target->hello, err) < 0)
		return -1;
	if (check_enrolled(target, err) < 0 || check_source(target, err) < 0)
		return -1;
	if (!only_looks(target) && (check_term(target, err) < 0 || bind_store(target, err) < 0))
		return -1;
	if (open_owners(target, err) < 0)
		return -1;
	const struct point *point = &target->store.point;
	struct welcome welcome = {
		.version = PROTOCOL_VERSION,
		.term = point->term,
		.generation = point->generation,
		.point = point->point,
		.seed = point->seed,
		.features = target->hello.features & (FEATURE_ZSTD | FEATURE_UNKEPT | FEATURE_OWNERS | FEATURE_GO_ON),
	};
	snprintf(welcome.boot, sizeof(welcome.boot), "%s", clock_boot_id());
	if (location_of(target->store.path, &welcome.store, err) < 0)
		return -1;
	if (send_welcome(&target->out, &welcome, err) < 0 || send_unkept(target, err) < 0)
		return -1;
	if (welcome.features & FEATURE_ZSTD)
		target->out.compressor = target->compressor = compressor_new(COMPRESSION_AUTO, NULL);
	return 0;
}

/* --- batches --- */

static int refuse_softly(struct target *target, const struct error *why, struct error *err)
{
	target->skipping = true;
	return send_refused(&target->out, why, err);
}

/* Is the tree the one that the differences are to? */
static int check_base(const struct target *target, struct error *err)
{
	const struct point *point = &target->store.point;
	CLEANUP_FREE char *where = NULL;
	if (target->begin.flags & BEGIN_FRESH)
		return 0;
	bool begun = store_is_begun(&target->store) && (target->begin.flags & BEGIN_ANYWAY);
	if ((!point->generation && !begun) || !identity_equal(&target->begin.base, &point->point))
		return error_set(err, ERROR_CONFLICT, "this is not the point that the differences are to");
	if (target->begin.flags & BEGIN_ANYWAY)
		return target->listed ? 0 : error_set(err, ERROR_CONFLICT, "the tree was not listed in this session");
	if (target->owners_changed)
		return error_set(err, ERROR_CONFLICT, "the owners' numbers here are not what they were");
	if (point->conflicts)
		return error_set(err, ERROR_CONFLICT, "%" PRIu64 " changes of the last point did not fit", point->conflicts);
	if (recovery_drifted(&target->store, &where, err) < 0)
		return -1;
	return where ? error_set(err, ERROR_CONFLICT, "somebody else has changed the replica: %s", *where ? where : "its root")
		     : 0;
}

/* From here on nobody knows what a device without a point holds. */
static int begin_device(struct target *target, struct error *err)
{
	struct point point = target->store.point;
	if (target->store.device < 0 || point.generation || point.seed == target->begin.seed)
		return 0;
	point.seed = target->begin.seed;
	return store_write_point(&target->store, &point, err);
}

static int on_begin(struct target *target, const struct frame *frame, struct error *err)
{
	CLEANUP_ERROR struct error why = ERROR_NONE;
	target->skipping = false;
	if (target->batch || only_looks(target))
		return error_set(err, ERROR_CORRUPT, target->batch ? "a batch in a batch" : "a batch of who only looks");
	if (parse_begin(frame, &target->begin, err) < 0)
		return -1;
	if (check_base(target, &why) < 0) {
		if (why.code == ERROR_CONFLICT)
			return refuse_softly(target, &why, err);
		error_move(err, &why);
		return -1;
	}
	if (begin_device(target, err) < 0)
		return -1;
	return batch_begin(&target->store, &target->begin, &target->batch, err);
}

static int on_changes(struct target *target, const struct frame *frame, struct error *err)
{
	if (target->skipping)
		return 0;
	if (!target->batch)
		return error_set(err, ERROR_CORRUPT, "changes without a batch");
	return batch_add(target->batch, frame->payload, frame->length, err);
}

static int on_end(struct target *target, const struct frame *frame, struct error *err)
{
	struct batch_end end;
	if (parse_end(frame, &end, err) < 0)
		return -1;
	if (target->skipping) {
		target->skipping = false;
		return 0;
	}
	if (!target->batch)
		return error_set(err, ERROR_CORRUPT, "the end of no batch");
	if (check_term(target, err) < 0 || batch_seal(target->batch, &end, err) < 0)
		return -1;
	batch_free(take(target->batch));
	if (keep_owners(target, err) < 0) /* before the commit: one too many does no harm */
		return -1;
	target->owners_changed = false;
	if (recovery_commit(&target->store, &target->begin, &end, err) < 0)
		return -1;
	target->listed = false;
	const struct committed committed = {.point = target->store.point.point, .generation = target->store.point.generation};
	if (send_unkept(target, err) < 0)
		return -1;
	return send_committed(&target->out, &committed, err);
}

/* --- listings --- */

static int read_tree(const struct target *target, struct cycle *cycle, struct error *err)
{
	CLEANUP_FREE char *root = store_tree(&target->store, target->store.point.tree);
	struct tree tree;
	if (store_open_tree(&target->store, root, &tree, err) < 0)
		return -1;
	cycle->tree = &tree;
	cycle->seed = target->store.point.seed;
	cycle->owners = target->store.owners;
	int result = cycle_run(cycle, err);
	tree_close(&tree);
	return result;
}

static int write_listing(const struct target *target, const char *path, const char *blocks, struct error *err)
{
	const struct point *point = &target->store.point;
	struct cycle cycle = {.blocks = blocks};
	if (manifest_create(path, &point->point, point->seed, &cycle.next, err) < 0)
		return -1;
	int result = read_tree(target, &cycle, err);
	if (result == 0)
		result = manifest_finish(cycle.next, false, err);
	manifest_free(cycle.next);
	return result;
}

static int send_file(struct target *target, int fd, struct error *err)
{
	CLEANUP_FREE char *block = memory_alloc(FRAME_FILL);
	ssize_t got;
	while ((got = read(fd, block, FRAME_FILL)) > 0) {
		buffer_append(frame_begin(&target->out), block, (size_t)got);
		if (frame_end(&target->out, FRAME_LISTING, err) < 0)
			return -1;
	}
	return got < 0 ? error_set_errno(err, errno, "cannot read the listing") : 0;
}

/* One list, each frame of it under the digest that names it. */
static int send_blocks_of(struct target *target, int folder, const char *name, struct error *err)
{
	CLEANUP_FREE char *block = memory_alloc(FRAME_FILL);
	struct identity content; /* 16 bytes in hexadecimal digits, as an identity is */
	CLEANUP_CLOSE int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || identity_parse(name, &content) < 0)
		return 0; /* no list */
	ssize_t got;
	while ((got = read(fd, block, FRAME_FILL)) > 0) {
		struct buffer *out = frame_begin(&target->out);
		buffer_append(out, &content, sizeof(content));
		buffer_append(out, block, (size_t)got);
		if (frame_end(&target->out, FRAME_BLOCKS, err) < 0)
			return -1;
	}
	return got < 0 ? error_set_errno(err, errno, "cannot read a block list") : 0;
}

static int send_blocks(struct target *target, const char *path, struct error *err)
{
	DIR *folder = opendir(path);
	if (!folder)
		return error_set_errno(err, errno, "cannot list %s", path);
	int result = 0;
	for (struct dirent *entry; result == 0 && (entry = readdir(folder));)
		result = send_blocks_of(target, dirfd(folder), entry->d_name, err);
	closedir(folder);
	return result;
}

static int send_listing(struct target *target, const char *path, struct error *err)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_set_errno(err, errno, "cannot open %s", path);
	return send_file(target, fd, err);
}

/* For a comparison that goes on where it was interrupted. What was read is kept until the source has said that it is done. */
static int go_on_listing(struct target *target, const char *path, struct error *err)
{
	const struct point *point = &target->store.point;
	struct unfinished *unfinished;
	const char *listing;
	if (unfinished_new(path, &target->work, &point->point, point->seed, &unfinished, err) < 0)
		return -1;
	struct cycle cycle = {.next = unfinished_writer(unfinished), .unfinished = unfinished};
	int result = read_tree(target, &cycle, err);
	if (result == 0)
		result = unfinished_end(unfinished, &listing, err);
	if (result == 0)
		result = send_listing(target, listing, err);
	if (result == 0)
		result = send_listed(&target->out, unfinished_from(unfinished), err);
	unfinished_free(unfinished);
	return result;
}

static int list_all(struct target *target, const char *path, bool blocks, struct error *err)
{
	CLEANUP_FREE char *lists = store_file(&target->store, "blocks");
	CLEANUP_CLOSE int folder = -1;
	if (store_remove(&target->store, "blocks", err) < 0 ||
	    (blocks && store_folder(&target->store, "blocks", &folder, err) < 0) ||
	    write_listing(target, path, blocks ? lists : NULL, err) < 0)
		return -1;
	if (send_listing(target, path, err) < 0 || (blocks && send_blocks(target, lists, err) < 0))
		return -1;
	return send_empty(&target->out, FRAME_LISTED, err);
}

static int on_list(struct target *target, const struct frame *frame, struct error *err)
{
	bool blocks;
	if (parse_list(frame, &blocks, &target->work, err) < 0)
		return -1;
	if (target->batch || (!target->store.point.generation && !store_is_begun(&target->store)))
		return error_set(err, ERROR_CONFLICT, "there is no recovery point to be listed");
	if (store_look_device(&target->store, err) < 0)
		return -1;
	CLEANUP_FREE char *path = store_file(&target->store, "listing");
	bool goes_on = !blocks && !identity_is_none(&target->work);
	if ((goes_on ? go_on_listing(target, path, err) : list_all(target, path, blocks, err)) < 0)
		return -1;
	target->listed = true;
	return 0;
}

static int on_close(const struct target *target)
{
	CLEANUP_FREE char *path = store_file(&target->store, "listing");
	if (!identity_is_none(&target->work))
		unfinished_remove(path);
	return 0;
}

/* --- chunks --- */

struct telling {
	struct frame_writer *out;
	struct buffer *frame; /* that is being filled */
};

static int tell_chunk(void *argument, const struct chunk *chunk, struct error *err)
{
	struct telling *telling = argument;
	put_chunk(telling->frame, chunk->length, &chunk->digest);
	if (frame_length(telling->out) < FRAME_FILL)
		return 0;
	if (frame_end(telling->out, FRAME_CHUNKS, err) < 0)
		return -1;
	telling->frame = frame_begin(telling->out);
	return 0;
}

static int tell_chunks(struct target *target, const struct chunk_query *query, int fd, struct error *err)
{
	struct telling telling = {.out = &target->out, .frame = frame_begin(&target->out)};
	if (cutting_run(fd, query, target->store.point.seed, tell_chunk, &telling, err) < 0)
		return -1;
	return frame_end(&target->out, FRAME_CHUNKS, err);
}

static int on_chunks_of(struct target *target, const struct frame *frame, struct error *err)
{
	struct chunk_query query;
	CLEANUP_CLOSE int fd = -1;
	if (parse_chunks_of(frame, &query, err) < 0)
		return -1;
	if (target->skipping) /* REFUSED is what the source reads instead */
		return 0;
	bool there = store_open_file(&target->store, query.folder, query.name, &fd, NULL) == 0;
	if (there && tell_chunks(target, &query, fd, err) < 0)
		return -1;
	return send_empty(&target->out, FRAME_CHUNKED, err);
}

/* --- the conversation --- */

static int (*const handlers[])(struct target *target, const struct frame *frame, struct error *err) = {
	[FRAME_BEGIN] = on_begin, [FRAME_CHANGES] = on_changes,	    [FRAME_END] = on_end,
	[FRAME_LIST] = on_list,	  [FRAME_CHUNKS_OF] = on_chunks_of,
};

static int converse(struct target *target, struct error *err)
{
	struct frame frame;
	if (greet(target, err) < 0)
		return -1;
	for (;;) {
		int got = frame_read(&target->in, &frame, err);
		if (got <= 0)
			return got;
		if (frame.type == FRAME_CLOSE)
			return on_close(target);
		if (frame.type >= COUNT_OF(handlers) || !handlers[frame.type])
			return error_set(err, ERROR_CORRUPT, "a message of type %u is not for a target", frame.type);
		if (handlers[frame.type](target, &frame, err) < 0)
			return -1;
	}
}

/* How many points are kept is the store's from now on: a batch that is recovered later must know it, too. */
static int keep_points(struct store *store, uint64_t keep, struct error *err)
{
	struct point point = store->point;
	if (keep > 1 && points_possible(store, err) < 0)
		return -1;
	if (!keep || keep == point.keep)
		return 0;
	point.keep = keep;
	if (point.set[0])
		return store_write_point(store, &point, err);
	store->point = point;
	return 0;
}

static int open_store(struct target *target, const struct target_options *options, struct error *err)
{
	if (options->mounted && location_demand_mount(options->store, err) < 0)
		return -1;
	if (!options->replace_foreign && store_refuse_foreign(options->store, err) < 0)
		return -1;
	return recovery_open(options->store, &target->store, err);
}

int target_serve(const struct target_options *options, struct stream *source, struct error *err)
{
	struct target *target = memory_alloc(sizeof(*target));
	target->options = options;
	target->in.stream = target->out.stream = source;
	int result = open_store(target, options, err);
	bool open = result == 0;
	if (open) {
		target->store.replace_foreign = options->replace_foreign;
		result = store_bind_device(&target->store, options->device, err);
		if (result == 0)
			result = keep_points(&target->store, options->keep, err);
	}
	if (result == 0)
		result = converse(target, err);
	if (result < 0 && err->code != ERROR_CONNECTION)
		send_refused(&target->out, err, NULL);
	batch_free(target->batch);
	owners_free(&target->owners);
	if (open)
		store_close(&target->store);
	frame_reader_free(&target->in);
	frame_writer_free(&target->out);
	compressor_free(target->compressor);
	free(target);
	return result;
}
