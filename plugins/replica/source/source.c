/*
 * source.c - leads a session: which way to bring the target up to date.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/fault.h"
#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "plugins/replica/source/believe.h"
#include "plugins/replica/tree/blocks.h"
#include "plugins/replica/source/freeze.h"
#include "plugins/replica/source/guard.h"
#include "plugins/replica/source/preread.h"
#include "plugins/replica/source/verification.h"
#include "plugins/replica/session.h"
#include "plugins/replica/tree/volume.h"

/* --- the session --- */

static enum consistency consistency_of(const struct source *source)
{
	return source->consistency == CONSISTENCY_NONE && source->consistent ? CONSISTENCY_GIVEN : source->consistency;
}

static int open_root(struct session *session, struct error *err)
{
	const struct source *source = session->source;
	if (!source->root) {
		session->tree = (struct tree){.root = -1, .name = "the sources"};
		if (forest_open(source->roots, source->root_count, &session->forest, err) < 0)
			return -1;
		session->tree.forest = session->forest;
		return 0;
	}
	if (!volume_is_one(source->root))
		return tree_open(source->root, &session->tree, err);
	if (source->rules)
		return error_set(err, ERROR_INVALID, "%s is a volume: rules choose files of a folder", source->root);
	session->tree = (struct tree){.root = -1, .is_volume = true, .name = source->root};
	return volume_open(source->root, consistency_of(source) != CONSISTENCY_NONE ? VOLUME_READ_ANY : VOLUME_READ,
			   &session->tree.root, err);
}

static int open_session(struct session *session, struct stream *target, struct error *err)
{
	struct frame frame;
	if (session->source->limits.count) {
		paced_init(&session->paced, target, &session->source->limits, NULL);
		target = &session->paced.stream;
	}
	session->in.stream = session->out.stream = target;
	if (guard_mounted(session->source, err) < 0 || believe_open(session, err) < 0 || open_root(session, err) < 0)
		return -1;
	struct hello hello = {.version = PROTOCOL_VERSION, .source = session->identity, .term = session->source->term};
	hello.features = FEATURE_UNKEPT | FEATURE_GO_ON | (session->source->owners_by_name ? FEATURE_OWNERS : 0) |
			 (session->source->compression == COMPRESSION_NONE ? 0 : FEATURE_ZSTD) |
			 (session->source->look ? FEATURE_LOOK : 0);
	if (snprintf(hello.set, sizeof(hello.set), "%s", session->source->set) >= (int)sizeof(hello.set))
		return error_set(err, ERROR_INVALID, "the set's name is longer than %d bytes", PROTOCOL_SET_LIMIT);
	if (send_hello(&session->out, &hello, err) < 0 || expect_frame(&session->in, FRAME_WELCOME, &frame, err) < 0)
		return -1;
	if (parse_welcome(&frame, &session->welcome, err) < 0)
		return -1;
	if (session->source->owners_by_name && !(session->welcome.features & FEATURE_OWNERS)) {
		error_set(err, ERROR_REFUSED, "the target's agent is an older one: it knows owners by number only");
		return error_hint(err, "`standin replica connect` puts the same agent on both hosts");
	}
	if ((session->welcome.features & FEATURE_UNKEPT) && unkept_receive(&session->in, &session->unkept, err) < 0)
		return -1;
	if (session->welcome.features & hello.features & FEATURE_ZSTD)
		session->out.compressor = session->compressor = compressor_new(session->source->compression, NULL);
	return guard_apart(session->source, &session->welcome, err);
}

static void close_session(struct session *session)
{
	if (session->lock >= 0)
		close(session->lock);
	tree_close(&session->tree);
	forest_free(session->forest);
	freeze_end(session->frozen, NULL);
	frame_reader_free(&session->in);
	frame_writer_free(&session->out);
	compressor_free(session->compressor);
	unkept_free(&session->unkept);
	known_close(session->known);
	free(session->from_here);
	free(session->from_there);
	free(session->manifest);
	free(session->next);
	free(session->blocks);
	free(session->listing);
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
		failed = freeze_thaw(session->frozen, err); /* all is read; too late, and it is no point */
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

/* What the target could not keep counts as skipped, in each cycle. */
static int hear_unkept(struct session *session, struct source_result *result, struct error *err)
{
	const struct cycle_events *events = &session->source->events;
	struct unkept *unkept = &session->unkept;
	unkept_free(unkept);
	if (!(session->welcome.features & FEATURE_UNKEPT))
		return 0;
	if (unkept_receive(&session->in, unkept, err) < 0)
		return -1;
	result->count.skipped += unkept->live;
	for (size_t i = 0; events->skipped && i < unkept->count; i++)
		events->skipped(events->argument, unkept->items[i].path, unkept_why(unkept->items[i].reason));
	return 0;
}

static int keep_manifest(struct session *session, struct source_result *result, struct error *err)
{
	struct frame frame;
	struct committed committed;
	if (hear_unkept(session, result, err) < 0)
		return -1;
	if (expect_frame(&session->in, FRAME_COMMITTED, &frame, err) < 0 || parse_committed(&frame, &committed, err) < 0)
		return -1;
	result->point = committed.point;
	result->generation = committed.generation;
	if (session->in_doubt) /* there is none of this point: so the next session compares by content */
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

/* How much there is to be compared: as the last manifest has it, or else as a walk finds it. */
static int count_total(struct session *session, struct error *err)
{
	struct cycle_progress total;
	if (!session->source->events.progress)
		return 0;
	if (cycle_count_manifest(session->manifest, &total, NULL) < 0 &&
	    cycle_count_walk(&session->tree, session->source->rules, &total, err) < 0)
		return -1;
	session->total.files_total = total.files_total;
	session->total.bytes_total = total.bytes_total;
	return 0;
}

/* What the target has, and what this end has: both are read at once. */
static int list_both(struct session *session, bool blocks, struct manifest_reader **ret_listing, struct error *err)
{
	return count_total(session, err) < 0 ? -1 : preread_listing(session, blocks, ret_listing, &session->known, err);
}

/* What is kept or moved beside the tree when it is gone is not taken away under another name. */
static bool may_rename(const struct source *source)
{
	return source->orphans == ORPHANS_DELETE && !source->orphan_age;
}

/* Reads what is frozen instead of the source itself, from now on. */
static int open_frozen(struct session *session, struct error *err)
{
	const char *root = frozen_root(session->frozen);
	struct forest *forest = NULL;
	struct tree tree = {.root = -1, .name = "the snapshots"};
	if (!root && !frozen_roots(session->frozen))
		return 0;
	if (root ? tree_open(root, &tree, err) < 0
		 : forest_open(frozen_roots(session->frozen), session->source->root_count, &forest, err) < 0)
		return -1;
	tree.keys = frozen_keys(session->frozen);
	tree.forest = forest;
	tree_close(&session->tree);
	forest_free(session->forest);
	session->tree = tree;
	session->forest = forest;
	return 0;
}

static int freeze_source(struct session *session, struct error *err)
{
	const struct source *source = session->source;
	const struct freeze_wish wish = {
		.how = consistency_of(source),
		.quiesce = source->quiesce,
		.state = source->state,
		.root = source->root,
		.roots = source->roots,
		.root_count = source->root_count,
		.rules = source->rules,
	};
	bool copies = wish.how == CONSISTENCY_SNAPSHOT || wish.how == CONSISTENCY_REFLINK;
	if (copies && session->tree.is_volume)
		return error_set(err, ERROR_INVALID,
				 "a volume is not copied: give a snapshot of it, or commands that quiesce it");
	if (quiesce_recover(source->state, err) < 0 || freeze_begin(&wish, &session->identity, &session->frozen, err) < 0)
		return -1;
	return open_frozen(session, err);
}

/* The live source again. */
static int thaw_source(struct session *session, struct error *err)
{
	if (!session->frozen)
		return 0;
	tree_close(&session->tree);
	forest_free(take(session->forest));
	if (freeze_end(take(session->frozen), err) < 0)
		return -1;
	return open_root(session, err);
}

static void fill_begin(const struct session *session, const struct manifest_reader *base, bool listing, struct begin *ret_begin)
{
	*ret_begin = (struct begin){.base = session->welcome.point, .seed = session->welcome.seed, .time = clock_wall()};
	ret_begin->consistency = consistency_of(session->source);
	ret_begin->flags = (base ? 0 : BEGIN_FRESH) | (listing ? BEGIN_ANYWAY : 0) |
			   (ret_begin->consistency == CONSISTENCY_NONE ? 0 : BEGIN_CONSISTENT);
	if (!base) {
		ret_begin->base = (struct identity){{0}};
		ret_begin->seed = new_seed();
	}
	identity_make(&ret_begin->point);
}

static int send_frozen(struct session *session, struct manifest_reader *base, bool listing, int64_t began,
		       struct source_result *result, struct error *err)
{
	const struct source *source = session->source;
	struct begin begin;
	fill_begin(session, base, listing, &begin);
	struct cycle cycle = {
		.tree = &session->tree,
		.rules = source->rules,
		.base = base,
		.base_path = !listing && may_rename(source) ? session->manifest : NULL,
		.unkept = &session->unkept,
		.owners_by_name = source->owners_by_name,
		.known = session->known,
		.blocks = session->blocks,
		.out = &session->out,
		.ask = believe_chunks,
		.ask_argument = session,
		.events = source->events,
		.flags = listing ? CYCLE_BY_CONTENT : 0,
		.orphans = source->orphans,
		.orphan_age = source->orphan_age,
		.seed = begin.seed,
		.began = began,
	};
	cycle.events.difference = NULL;
	result->way = !base || !session->welcome.generation ? "mirror" : listing ? "resync" : "cycle";
	result->time = begin.time;
	if (count_total(session, err) < 0)
		return -1;
	cycle.total = session->total;
	int failed = send_batch(session, &begin, &cycle, result, err);
	session->in_doubt = cycle.in_doubt;
	return failed;
}

static int run_batch(struct session *session, struct manifest_reader *base, bool listing, struct source_result *result,
		     struct error *err)
{
	CLEANUP_ERROR struct error why = ERROR_NONE;
	const int64_t began = clock_wall();
	int failed = freeze_source(session, err);
	if (failed == 0 && send_frozen(session, base, listing, began, result, err) < 0)
		failed = reason(session, err);
	if (thaw_source(session, &why) < 0 && failed == 0) {
		failed = -1;
		error_move(err, &why);
	}
	return failed < 0 ? -1 : keep_manifest(session, result, err);
}

static int resync(struct session *session, struct source_result *result, struct error *err)
{
	struct manifest_reader *listing = NULL;
	int failed = list_both(session, true, &listing, err);
	if (failed == 0)
		failed = run_batch(session, listing, true, result, err);
	manifest_close(listing);
	return failed;
}

/* There is no point, but what the target's device holds is worth comparing: a mirror that was interrupted, a disk that comes
 * back. */
static bool is_begun(const struct session *session)
{
	return session->tree.is_volume && !session->welcome.generation && session->welcome.seed;
}

static int bring_up_to_date(struct session *session, struct source_result *result, struct error *err)
{
	struct manifest_reader *base;
	if (believe_base(session, &base, err) < 0)
		return -1;
	if (base && session->tree.is_volume && !believe_list(session)) {
		manifest_close(base);
		base = NULL;
	}
	if (!base && (session->welcome.generation || is_begun(session)))
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
	else {
		believe_found(&session, &ret_result->found);
		result = work(&session, ret_result, err);
	}
	if (result == 0)
		result = send_empty(&session.out, FRAME_CLOSE, err);
	ret_result->wire_out = target->bytes_out;
	ret_result->wire_in = target->bytes_in;
	ret_result->plain_out = session.out.plain;
	close_session(&session);
	return result;
}

int source_cycle(const struct source *source, struct stream *target, struct source_result *ret_result, struct error *err)
{
	return lead(source, target, ret_result, bring_up_to_date, err);
}

/* --- verify --- */

static int tell(struct session *session, struct manifest_reader *base, unsigned flags, struct source_result *result,
		struct error *err)
{
	const struct source *source = session->source;
	struct cycle cycle = {
		.tree = &session->tree,
		.rules = source->rules,
		.base = base,
		.known = session->known,
		.base_path =
			(flags & CYCLE_DRY) && !(flags & CYCLE_BY_CONTENT) && may_rename(source) ? session->manifest : NULL,
		.unkept = &session->unkept,
		.blocks = flags & CYCLE_DRY ? session->blocks : NULL,
		.ask = flags & CYCLE_DRY ? believe_chunks : NULL,
		.ask_argument = session,
		.events = source->events,
		.flags = flags,
		.orphans = source->orphans,
		.orphan_age = source->orphan_age,
		.seed = session->welcome.seed,
	};
	int failed = count_total(session, err);
	cycle.total = session->total;
	if (failed == 0)
		failed = cycle_run(&cycle, err);
	manifest_close(base);
	result->count = cycle.count;
	result->point = session->welcome.point;
	result->generation = session->welcome.generation;
	return failed;
}

static int compare(struct session *session, struct source_result *result, struct error *err)
{
	struct manifest_reader *listing = NULL;
	if (verification_begin(session, err) < 0 || list_both(session, false, &listing, err) < 0)
		return -1;
	result->way = "verify";
	verification_tell(session, result);
	int failed = tell(session, listing, CYCLE_BY_CONTENT, result, err);
	if (failed == 0)
		verification_end(session);
	return failed;
}

int source_verify(const struct source *source, struct stream *target, struct source_result *ret_result, struct error *err)
{
	return lead(source, target, ret_result, compare, err);
}

/* --- repair --- */

static int repair(struct session *session, struct source_result *result, struct error *err)
{
	return session->welcome.generation ? resync(session, result, err) : bring_up_to_date(session, result, err);
}

int source_repair(const struct source *source, struct stream *target, struct source_result *ret_result, struct error *err)
{
	return lead(source, target, ret_result, repair, err);
}

/* --- a dry run --- */

static int plan(struct session *session, struct source_result *result, struct error *err)
{
	struct manifest_reader *base;
	if (believe_base(session, &base, err) < 0)
		return -1;
	bool listing = !base && (session->welcome.generation || is_begun(session));
	if (listing && list_both(session, true, &base, err) < 0)
		return -1;
	result->way = !base || !session->welcome.generation ? "mirror" : listing ? "resync" : "cycle";
	return tell(session, base, CYCLE_DRY | (listing ? CYCLE_BY_CONTENT : 0), result, err);
}

int source_plan(const struct source *source, struct stream *target, struct source_result *ret_result, struct error *err)
{
	return lead(source, target, ret_result, plan, err);
}
