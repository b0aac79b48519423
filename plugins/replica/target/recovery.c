/*
 * recovery.c - committing, recovering, promoting; and noticing what others did to the tree.
 */
#include "plugins/replica/target/recovery.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/fault.h"
#include "engine/base/memory.h"
#include "plugins/replica/tree/content.h"
#include "plugins/replica/tree/manifest.h"
#include "plugins/replica/target/points.h"
#include "plugins/replica/target/seen.h"
#include "plugins/replica/tree/volume.h"

/* --- a device: where its key says nothing, its content does --- */

static int read_device(const struct store *store, uint64_t seed, struct digest *ret_content, struct error *err)
{
	struct entry entry;
	uint64_t size;
	if (volume_look(store->device, &entry, err) < 0)
		return error_wrap(err, "%s", store->point.device);
	struct content *content = content_new(seed);
	int result = content_read(content, store->device, entry.meta.size, 0, NULL, NULL, NULL, &size, ret_content, err);
	content_free(content);
	return result < 0 ? error_wrap(err, "%s", store->point.device) : 0;
}

/* Was it this disk, in this boot of the system, that was left? */
static bool is_same_disk(const struct store *store)
{
	CLEANUP_FREE char *path = seen_path(store, store->point.tree);
	struct manifest_reader *seen;
	const struct manifest_folder *folder;
	struct entry now;
	if (volume_look(store->device, &now, NULL) < 0 || manifest_open(path, &seen, NULL) < 0)
		return false;
	bool same = manifest_next(seen, &folder, NULL) > 0 && folder->count == 1 && folder->entries[0].ino == now.ino;
	manifest_close(seen);
	return same;
}

int recovery_drifted(const struct store *store, char **ret_where, struct error *err)
{
	struct digest content;
	*ret_where = NULL;
	if (seen_differs(store, ret_where, err) < 0)
		return -1;
	if (!*ret_where || store->device < 0)
		return 0;
	if (read_device(store, store->point.seed, &content, err) < 0)
		return -1;
	if (!digest_equal(&content, &store->point.content))
		return 0;
	free(*ret_where);
	*ret_where = NULL;
	return seen_write(store, &store->point, NULL, err);
}

/* --- committing --- */

/* Only the point's own tree and list are left. */
static int remove_stale(const struct store *store, struct error *err)
{
	char tree[32], seen[32], unkept[32];
	snprintf(tree, sizeof(tree), "tree-%" PRIu64, store->point.tree);
	snprintf(seen, sizeof(seen), "seen-%" PRIu64, store->point.tree);
	snprintf(unkept, sizeof(unkept), "unkept-%" PRIu64, store->point.generation);
	DIR *folder = opendir(store->path);
	if (!folder)
		return error_set_errno(err, errno, "cannot list %s", store->path);
	int result = 0;
	for (struct dirent *entry; result == 0 && (entry = readdir(folder));) {
		/* "point." is a point that was being written; "term." may be a promote's that is at work right now */
		bool ours = strncmp(entry->d_name, "tree-", 5) == 0 || strncmp(entry->d_name, "seen-", 5) == 0 ||
			    strncmp(entry->d_name, "unkept-", 7) == 0 || strncmp(entry->d_name, "point.", 6) == 0;
		if (ours && strcmp(entry->d_name, tree) != 0 && strcmp(entry->d_name, seen) != 0 &&
		    strcmp(entry->d_name, unkept) != 0)
			result = store_remove(store, entry->d_name, err);
	}
	closedir(folder);
	return result;
}

static int clean(const struct store *store, struct error *err)
{
	if (store_remove(store, "batch", err) < 0 || store_remove(store, "trash", err) < 0 ||
	    store_remove(store, "listing", err) < 0 || store_remove(store, "blocks", err) < 0)
		return -1;
	if (points_prune(store, err) < 0)
		return -1;
	return remove_stale(store, err);
}

/* Before anything is applied. A tree that somebody has written to is no point any more. */
static int keep_last(const struct store *store, const struct begin *begin, struct error *err)
{
	CLEANUP_FREE char *where = NULL;
	if (!store->point.generation || store->point.keep < 2)
		return 0;
	if ((begin->flags & BEGIN_ANYWAY) && recovery_drifted(store, &where, err) < 0)
		return -1;
	return where ? 0 : points_keep(store, err);
}

static int check_content(const struct store *store, const struct begin *begin, const struct batch_end *end,
			 uint64_t *ret_conflicts, struct error *err)
{
	struct digest content;
	if (read_device(store, begin->seed, &content, err) < 0)
		return -1;
	*ret_conflicts += !digest_equal(&content, &end->content);
	return 0;
}

/* touched, unkept: empty; what the batch has touched, and what its point lacks. doubt: the batch was received before this agent
 * was started. */
static int commit_batch(struct store *store, const struct begin *begin, const struct batch_end *end, struct table *touched,
			struct unkept *unkept, bool doubt, struct error *err)
{
	bool fresh = begin->flags & BEGIN_FRESH, first = fresh || !store->point.generation; /* without a log */
	bool changed = fresh || end->records || (begin->flags & BEGIN_ANYWAY);
	uint64_t conflicts = 0, next = store->point.generation + 1;
	bool other_disk = doubt && store->device >= 0 && !is_same_disk(store);
	if (changed && keep_last(store, begin, err) < 0)
		return -1;
	/* the source sends all anew that is not in the listing it was given */
	if (!(begin->flags & (BEGIN_FRESH | BEGIN_ANYWAY)) && store_read_unkept(store, next - 1, unkept, err) < 0)
		return -1;
	if (fresh && store_read_unkept(store, next, unkept, err) < 0)
		return -1;
	if (!first && end->records &&
	    (batch_apply(store, touched, unkept, &conflicts, err) < 0 || store_remove(store, "trash", err) < 0))
		return -1; /* trash before `seen`: removing one name of an inode changes the others' ctime */
	if (other_disk && check_content(store, begin, end, &conflicts, err) < 0)
		return -1;
	struct point point = store->point;
	point.generation++;
	point.point = begin->point;
	point.tree += first;
	point.seed = begin->seed;
	point.time = begin->time;
	point.consistent = begin->flags & BEGIN_CONSISTENT;
	point.consistency = begin->consistency;
	point.content = end->content;
	point.unstable = end->unstable;
	point.skipped = end->skipped + unkept->live;
	point.conflicts = conflicts;
	point.copy_of = 0;
	bool all = begin->flags & (BEGIN_FRESH | BEGIN_ANYWAY); /* there is no list, or it is not what the tree was */
	if (changed && (seen_write(store, &point, all ? NULL : touched, err) < 0 || store_sync(store, err) < 0))
		return -1;
	if (!fresh && store_write_unkept(store, next, unkept, err) < 0)
		return -1;
	int fault = fault_hit("commit");
	if (fault)
		return error_set_errno(err, fault, "cannot commit");
	if (store_write_point(store, &point, err) < 0)
		return -1;
	if (fresh && store->replace_foreign && store_remove_foreign(store, err) < 0)
		return -1;
	return clean(store, err);
}

static int commit(struct store *store, const struct begin *begin, const struct batch_end *end, bool doubt, struct error *err)
{
	struct table touched = {0};
	struct unkept unkept = {0};
	int result = commit_batch(store, begin, end, &touched, &unkept, doubt, err);
	unkept_free(&unkept);
	table_free(&touched);
	return result;
}

int recovery_commit(struct store *store, const struct begin *begin, const struct batch_end *end, struct error *err)
{
	return commit(store, begin, end, false, err);
}

int recovery_open(const char *path, struct store *ret_store, struct error *err)
{
	struct begin begin;
	struct batch_end end;
	if (store_open(path, ret_store, NULL, err) < 0)
		return -1;
	int sealed = batch_sealed(ret_store, &begin, &end, err);
	int result = sealed < 0 ? -1 : 0;
	if (sealed > 0 && identity_equal(&begin.base, &ret_store->point.point))
		result = commit(ret_store, &begin, &end, true, err);
	else if (sealed >= 0)
		result = clean(ret_store, err);
	if (result < 0)
		store_close(ret_store);
	return result;
}

/* --- promote --- */

/* A session that holds the lock is ended: what it has sealed counts, the rest is dropped. */
static int open_against(const char *path, struct store *ret_store, struct error *err)
{
	const int64_t deadline = clock_boottime() + 30 * NSEC_PER_SEC;
	for (;;) {
		int holder = 0;
		CLEANUP_ERROR struct error why = ERROR_NONE;
		struct store store;
		if (store_open(path, &store, &holder, &why) == 0) {
			store_close(&store);
			return recovery_open(path, ret_store, err);
		}
		if (why.code != ERROR_LOCKED || clock_boottime() > deadline) {
			error_move(err, &why);
			return -1;
		}
		if (holder > 0)
			kill(holder, SIGTERM);
		poll(NULL, 0, 20);
	}
}

/* The store's tree becomes what point `number` was; the last one is kept. */
static int go_back(struct store *store, uint64_t number, struct point *ret_point, struct error *err)
{
	const struct point *last = &store->point;
	if (points_read(store, number, ret_point, err) < 0)
		return -1;
	ret_point->generation = last->generation + 1;
	ret_point->tree = last->tree + 1;
	ret_point->keep = last->keep;
	ret_point->copy_of = number;
	ret_point->promoted = false; /* if it was once, this is another promote */
	if (points_keep(store, err) < 0 || points_restore(store, number, ret_point->tree, err) < 0)
		return -1;
	return seen_write(store, ret_point, NULL, err) < 0 ? -1 : store_sync(store, err);
}

/* Of another size it is another disk, and nothing to be promoted. */
static int check_size(const struct store *store, struct error *err)
{
	CLEANUP_FREE char *path = seen_path(store, store->point.tree);
	const struct manifest_folder *folder;
	struct manifest_reader *seen;
	struct entry now;
	if (volume_look(store->device, &now, err) < 0)
		return error_wrap(err, "%s", store->point.device);
	if (manifest_open(path, &seen, NULL) < 0)
		return 0;
	bool known = manifest_next(seen, &folder, NULL) > 0 && folder->count == 1;
	uint64_t size = known ? folder->entries[0].meta.size : now.meta.size;
	manifest_close(seen);
	if (size == now.meta.size)
		return 0;
	error_set(err, ERROR_CONFLICT, "%s has %" PRIu64 " bytes, the recovery point %" PRIu64 ": it is another disk",
		  store->point.device, now.meta.size, size);
	return error_hint(err, "is the right disk there, under its name?");
}

static int check_device(struct store *store, bool rehash, struct error *err)
{
	CLEANUP_FREE char *where = NULL;
	if (store->device < 0 || store->point.promoted || !store->point.generation)
		return 0;
	if (check_size(store, err) < 0 || seen_differs(store, &where, err) < 0)
		return -1;
	store->checked = !where ? "count" : rehash ? "content" : "nothing";
	if (!where || !rehash)
		return 0;
	free(take(where));
	if (recovery_drifted(store, &where, err) < 0)
		return -1;
	if (!where)
		return 0;
	error_set(err, ERROR_CONFLICT, "%s does not hold the recovery point: it is another disk, or somebody has written to it",
		  store->point.device);
	return error_hint(err, "attach the right one; or promote what is there, without --rehash");
}

static int promote_point(struct store *store, uint64_t term, uint64_t number, struct error *err)
{
	struct point point = store->point;
	if (!point.generation)
		return error_set(err, ERROR_FAILED, "there is no recovery point yet: the first mirror was not completed");
	bool there = !number || number == point.generation || (point.promoted && number == point.copy_of);
	if (!there && go_back(store, number, &point, err) < 0)
		return -1;
	if (!point.promoted) /* a promote that is done again tells of the same instant */
		point.promoted_at = clock_wall();
	point.term = term;
	point.promoted = true;
	if (store_write_point(store, &point, err) < 0)
		return -1;
	return there ? 0 : clean(store, err);
}

/* Before anything is changed: is the term higher, or this promote one that was done, or begun, before; and is there the point?
 */
static int check_promote(const struct store *store, uint64_t term, uint64_t number, struct error *err)
{
	const struct point *last = &store->point;
	struct point earlier;
	uint64_t now = 0;
	if (store_read_term(store, &now, err) < 0)
		return -1;
	bool there = !number || number == last->generation || (last->promoted && number == last->copy_of);
	bool again = now == term && (last->promoted ? there : last->term < term);
	if (now >= term && !again)
		return error_set(err, ERROR_CONFLICT, "the store is at term %" PRIu64 " already; a promote needs a higher one",
				 now);
	if (!there && points_read(store, number, &earlier, err) < 0)
		return error_hint(err, "standin-agent points --store %s lists what there is", store->path);
	return 0;
}

int recovery_promote(const char *path, const struct promotion *what, struct store *ret_store, struct error *err)
{
	const uint64_t term = what->term, number = what->number;
	struct store store;
	if (store_look(path, &store, err) < 0)
		return -1;
	int result = check_promote(&store, term, number, err);
	store_close(&store);
	if (result < 0 || store_raise_term(path, term, err) < 0 || open_against(path, ret_store, err) < 0)
		return -1;
	result = check_device(ret_store, what->rehash, err);
	if (result == 0)
		result = promote_point(ret_store, term, number, err);
	if (result < 0)
		store_close(ret_store);
	return result;
}
