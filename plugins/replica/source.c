/*
 * source.c - leads a session: which way to bring the target up to date, and what is kept of it.
 *
 *     STATE/            0700
 *       identity        32 digits: this source, for ever
 *       manifest        of the last point that is known to be committed
 *       manifest.next   of a batch whose fate is not known until the target has told its point
 *       blocks/         blocks.h
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/fault.h"
#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "plugins/replica/blocks.h"
#include "plugins/replica/session.h"
#include "plugins/replica/volume.h"

struct session {
	const struct source *source;
	struct frame_reader in;
	struct frame_writer out;
	int lock;
	char *manifest, *next, *blocks, *listing; /* paths */
	struct identity identity;
	struct welcome welcome;
	struct tree tree;
};

/* --- this end's state --- */

static int take_lock(struct session *session, struct error *err)
{
	session->lock = open(session->source->state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (session->lock < 0)
		return error_set_errno(err, errno, "cannot open %s", session->source->state);
	if (flock(session->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK)
		return error_set(err, ERROR_LOCKED, "another agent works with %s", session->source->state);
	return error_set_errno(err, errno, "cannot lock %s", session->source->state);
}

static int get_identity(struct session *session, struct error *err)
{
	CLEANUP_FREE char *path = file_join(session->source->state, "identity");
	CLEANUP_FREE char *text = NULL;
	CLEANUP_ERROR struct error why = ERROR_NONE;
	size_t length;
	char hex[IDENTITY_HEX];
	if (file_read(path, IDENTITY_HEX, &text, &length, &why) == 0)
		return identity_parse(text, &session->identity) < 0 ? error_set(err, ERROR_CORRUPT, "%s is no identity", path)
								    : 0;
	if (why.code != ERROR_NOT_FOUND) {
		error_move(err, &why);
		return -1;
	}
	identity_make(&session->identity);
	identity_hex(&session->identity, hex);
	return file_write_durable(path, hex, strlen(hex), 0600, err);
}

static int open_state(struct session *session, struct error *err)
{
	const char *state = session->source->state;
	session->manifest = file_join(state, "manifest");
	session->next = file_join(state, "manifest.next");
	session->listing = file_join(state, "listing");
	session->blocks = file_join(state, "blocks");
	if (file_make_folders(session->blocks, 0700, err) < 0 || take_lock(session, err) < 0)
		return -1;
	return get_identity(session, err);
}

static int open_root(struct session *session, struct error *err)
{
	const struct source *source = session->source;
	if (!volume_is_one(source->root))
		return tree_open(source->root, &session->tree, err);
	if (source->rules)
		return error_set(err, ERROR_INVALID, "%s is a volume: rules choose files of a folder", source->root);
	session->tree = (struct tree){.root = -1, .is_volume = true, .name = source->root};
	return volume_open(source->root, source->consistent ? VOLUME_READ_ANY : VOLUME_READ, &session->tree.root, err);
}

static int open_session(struct session *session, struct stream *target, struct error *err)
{
	struct frame frame;
	session->in.stream = session->out.stream = target;
	if (open_state(session, err) < 0 || open_root(session, err) < 0)
		return -1;
	struct hello hello = {.version = PROTOCOL_VERSION, .source = session->identity, .term = session->source->term};
	if (snprintf(hello.set, sizeof(hello.set), "%s", session->source->set) >= (int)sizeof(hello.set))
		return error_set(err, ERROR_INVALID, "the set's name is longer than %d bytes", PROTOCOL_SET_LIMIT);
	if (send_hello(&session->out, &hello, err) < 0 || expect_frame(&session->in, FRAME_WELCOME, &frame, err) < 0)
		return -1;
	return parse_welcome(&frame, &session->welcome, err);
}

static void close_session(struct session *session)
{
	if (session->lock >= 0)
		close(session->lock);
	tree_close(&session->tree);
	frame_reader_free(&session->in);
	frame_writer_free(&session->out);
	free(session->manifest);
	free(session->next);
	free(session->blocks);
	free(session->listing);
}

/* --- what the target has --- */

/* The manifest at path, if it is that of the target's point. A manifest that cannot be read is none. */
static struct manifest_reader *manifest_of_point(const struct session *session, const char *path)
{
	struct manifest_reader *manifest;
	if (!manifest_is_whole(path) || manifest_open(path, &manifest, NULL) < 0)
		return NULL;
	if (identity_equal(manifest_point(manifest), &session->welcome.point) &&
	    manifest_seed(manifest) == session->welcome.seed)
		return manifest;
	manifest_close(manifest);
	return NULL;
}

/* The line was lost after END, or this agent died: was the batch committed? Then its manifest is the one. */
static int find_base(const struct session *session, struct manifest_reader **ret_base, struct error *err)
{
	*ret_base = NULL;
	if (!session->welcome.generation)
		return 0;
	*ret_base = manifest_of_point(session, session->next);
	if (!*ret_base) {
		*ret_base = manifest_of_point(session, session->manifest);
		return 0;
	}
	if (rename(session->next, session->manifest) < 0)
		return error_set_errno(err, errno, "cannot rename %s", session->next);
	return file_sync_folder_of(session->manifest, err);
}

/* Block lists that come with a listing, piece by piece. One that is not what it says is no help later, and no harm (blocks.h).
 */
struct incoming {
	struct blocks *list;
	struct digest content; /* that it describes */
};

static void end_list(struct incoming *incoming)
{
	if (incoming->list)
		blocks_keep(incoming->list, &incoming->content, NULL);
	blocks_free(take(incoming->list));
}

static int receive_blocks(struct session *session, struct incoming *incoming, const struct frame *frame, struct error *err)
{
	struct digest digests[64], content;
	const uint8_t *at;
	size_t left;
	if (parse_blocks(frame, &content, &at, &left, err) < 0)
		return -1;
	if (!incoming->list || !digest_equal(&content, &incoming->content)) {
		end_list(incoming);
		incoming->content = content;
		if (blocks_create(session->blocks, &incoming->list, err) < 0)
			return -1;
	}
	for (size_t some; left; left -= some, at += some * sizeof(*digests)) {
		some = left < COUNT_OF(digests) ? left : COUNT_OF(digests);
		memcpy(digests, at, some * sizeof(*digests)); /* it is not aligned */
		blocks_add(incoming->list, digests, (unsigned)some);
	}
	return 0;
}

static int receive_listing(struct session *session, bool blocks, struct error *err)
{
	struct incoming incoming = {0};
	int result = 0;
	CLEANUP_CLOSE int fd = open(session->listing, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_set_errno(err, errno, "cannot create %s", session->listing);
	if (send_list(&session->out, blocks, err) < 0)
		return -1;
	struct frame frame;
	for (;;) {
		int got = frame_read(&session->in, &frame, err);
		if (got < 0)
			result = -1;
		else if (got > 0 && frame.type == FRAME_LISTING)
			result = file_append(fd, session->listing, frame.payload, frame.length, err);
		else if (got > 0 && frame.type == FRAME_BLOCKS)
			result = receive_blocks(session, &incoming, &frame, err);
		else
			break;
		if (result < 0)
			break;
	}
	end_list(&incoming);
	if (result < 0)
		return -1;
	if (frame.type == FRAME_LISTED)
		return 0;
	if (frame.type == FRAME_REFUSED)
		return frame_refused(&frame, err);
	return error_set(err, ERROR_CONNECTION, "the target ended its listing too early");
}

static int open_listing(struct session *session, bool blocks, struct manifest_reader **ret_listing, struct error *err)
{
	int result = receive_listing(session, blocks, err);
	if (result == 0)
		result = manifest_open(session->listing, ret_listing, err);
	unlink(session->listing);
	return result;
}

/* --- chunks of what the target has --- */

static int ask_chunks(void *argument, const struct chunk_query *query, struct chunk_list *list, struct error *err)
{
	struct session *session = argument;
	struct frame frame;
	struct chunk chunk = {.offset = query->offset};
	const size_t most = list->count + (size_t)(query->length >> (query->bits - 1)) + 1; /* that can be: chunks.h */
	if (send_chunks_of(&session->out, query, err) < 0)
		return -1;
	for (;;) {
		int got = frame_read(&session->in, &frame, err);
		if (got <= 0)
			return got < 0 ? -1 : error_set(err, ERROR_CONNECTION, "the target ended its answer too early");
		if (frame.type != FRAME_CHUNKS)
			break;
		struct wire wire = wire_of(frame.payload, frame.length);
		while ((got = get_chunk(&wire, &chunk, err)) > 0 && list->count <= most) {
			chunk_list_add(list, &chunk);
			chunk.offset += chunk.length;
		}
		if (got < 0)
			return -1;
		if (chunk.offset - query->offset > query->length || list->count > most)
			return error_set(err, ERROR_CORRUPT, "the target has more chunks than were asked for");
	}
	if (frame.type == FRAME_REFUSED)
		return frame_refused(&frame, err);
	return frame.type == FRAME_CHUNKED ? 0 : error_set(err, ERROR_CORRUPT, "an answer of type %u to CHUNKS_OF", frame.type);
}

/* --- a batch --- */

static int send_batch(struct session *session, const struct begin *begin, struct cycle *cycle, struct source_result *result,
		      struct error *err)
{
	if (send_begin(&session->out, begin, err) < 0 ||
	    manifest_create(session->next, &begin->point, begin->seed, &cycle->next, err) < 0)
		return -1;
	int failed = cycle_run(cycle, err);
	if (failed == 0)
		failed = manifest_finish(cycle->next, true, err); /* before END: a lost line must not lose what was sent */
	if (cycle->in_doubt && unlink(session->next) < 0)
		failed = error_set_errno(err, errno, "cannot remove %s", session->next);
	manifest_free(cycle->next);
	cycle->next = NULL;
	result->count = cycle->count;
	if (failed < 0)
		return -1;
	int fault = fault_hit("end");
	if (fault)
		return error_set_errno(err, fault, "cannot end the batch");
	const struct batch_end end = {.records = cycle->count.records,
				      .unstable = cycle->count.unstable,
				      .skipped = cycle->count.skipped,
				      .content = cycle->content};
	return send_end(&session->out, &end, err);
}

static int keep_manifest(struct session *session, bool in_doubt, struct source_result *result, struct error *err)
{
	struct frame frame;
	struct committed committed;
	if (expect_frame(&session->in, FRAME_COMMITTED, &frame, err) < 0 || parse_committed(&frame, &committed, err) < 0)
		return -1;
	result->point = committed.point;
	result->generation = committed.generation;
	if (in_doubt) /* there is none of this point: so the next session compares by content */
		return 0;
	int fault = fault_hit("keep");
	if (fault || rename(session->next, session->manifest) < 0)
		return error_set_errno(err, fault ? fault : errno, "cannot rename %s", session->next);
	if (file_sync_folder_of(session->manifest, err) < 0)
		return -1;
	return result->count.content ? blocks_prune(session->blocks, session->manifest, err) : 0;
}

/* A write that failed because the target went away: what it said before it did is the reason. */
static int reason(struct session *session, struct error *err)
{
	CLEANUP_ERROR struct error why = ERROR_NONE;
	struct frame frame;
	if (err->code == ERROR_CONNECTION && frame_read(&session->in, &frame, NULL) > 0 && frame.type == FRAME_REFUSED) {
		frame_refused(&frame, &why);
		error_move(err, &why);
	}
	return -1;
}

static uint64_t new_seed(void)
{
	uint64_t seed;
	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		abort(); /* the kernel gives 8 bytes or is broken */
	return seed;
}

static int run_batch(struct session *session, struct manifest_reader *base, bool listing, struct source_result *result,
		     struct error *err)
{
	const struct source *source = session->source;
	struct begin begin = {.base = session->welcome.point, .seed = session->welcome.seed, .time = clock_wall()};
	begin.flags = (base ? 0 : BEGIN_FRESH) | (listing ? BEGIN_ANYWAY : 0) | (source->consistent ? BEGIN_CONSISTENT : 0);
	if (!base) {
		begin.base = (struct identity){{0}};
		begin.seed = new_seed();
	}
	identity_make(&begin.point);
	struct cycle cycle = {
		.tree = &session->tree,
		.rules = source->rules,
		.base = base,
		.base_path = base && !listing ? session->manifest : NULL,
		.blocks = session->blocks,
		.out = &session->out,
		.ask = ask_chunks,
		.ask_argument = session,
		.events = {.skipped = source->events.skipped, .argument = source->events.argument},
		.flags = listing ? CYCLE_BY_CONTENT : 0,
		.seed = begin.seed,
	};
	result->way = !base ? "mirror" : listing ? "resync" : "cycle";
	result->time = begin.time;
	if (send_batch(session, &begin, &cycle, result, err) < 0)
		return reason(session, err);
	return keep_manifest(session, cycle.in_doubt, result, err);
}

static int resync(struct session *session, struct source_result *result, struct error *err)
{
	struct manifest_reader *listing = NULL;
	int failed = open_listing(session, true, &listing, err);
	if (failed == 0)
		failed = run_batch(session, listing, true, result, err);
	manifest_close(listing);
	return failed;
}

/* Is there the block list of the volume that the manifest describes? Without it all would be sent. */
static bool has_list(const struct session *session)
{
	struct manifest_reader *manifest;
	const struct manifest_folder *folder;
	struct blocks *list = NULL;
	if (manifest_open(session->manifest, &manifest, NULL) < 0)
		return false;
	bool has = manifest_next(manifest, &folder, NULL) > 0 && folder->count == 1 &&
		   blocks_open(session->blocks, session->welcome.seed, &folder->entries[0].content, &list, NULL) == 0;
	blocks_free(list);
	manifest_close(manifest);
	return has;
}

static int bring_up_to_date(struct session *session, struct source_result *result, struct error *err)
{
	struct manifest_reader *base;
	if (find_base(session, &base, err) < 0)
		return -1;
	if (base && session->tree.is_volume && !has_list(session)) {
		manifest_close(base);
		base = NULL;
	}
	if (!base && session->welcome.generation)
		return resync(session, result, err);
	CLEANUP_ERROR struct error why = ERROR_NONE;
	int failed = run_batch(session, base, false, result, &why);
	manifest_close(base);
	if (failed == 0)
		return 0;
	if (base && why.code == ERROR_CONFLICT) /* the tree there is not what the manifest says */
		return resync(session, result, err);
	error_move(err, &why);
	return -1;
}

static int lead(const struct source *source, struct stream *target, struct source_result *ret_result,
		int (*work)(struct session *session, struct source_result *result, struct error *err), struct error *err)
{
	struct session session = {.source = source, .lock = -1, .tree = {.root = -1}};
	*ret_result = (struct source_result){0};
	int result = open_session(&session, target, err);
	if (result < 0)
		reason(&session, err);
	else
		result = work(&session, ret_result, err);
	if (result == 0)
		result = send_empty(&session.out, FRAME_CLOSE, err);
	ret_result->wire_out = target->bytes_out;
	ret_result->wire_in = target->bytes_in;
	close_session(&session);
	return result;
}

int source_cycle(const struct source *source, struct stream *target, struct source_result *ret_result, struct error *err)
{
	return lead(source, target, ret_result, bring_up_to_date, err);
}

/* --- verify --- */

static int compare(struct session *session, struct source_result *result, struct error *err)
{
	struct manifest_reader *listing = NULL;
	if (open_listing(session, false, &listing, err) < 0)
		return -1;
	struct cycle cycle = {
		.tree = &session->tree,
		.rules = session->source->rules,
		.base = listing,
		.events = session->source->events,
		.flags = CYCLE_BY_CONTENT,
		.seed = session->welcome.seed,
	};
	int failed = cycle_run(&cycle, err);
	manifest_close(listing);
	result->way = "verify";
	result->count = cycle.count;
	result->point = session->welcome.point;
	result->generation = session->welcome.generation;
	return failed;
}

int source_verify(const struct source *source, struct stream *target, struct source_result *ret_result, struct error *err)
{
	return lead(source, target, ret_result, compare, err);
}
