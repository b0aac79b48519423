/*
 * orphan.c - orphans, at the source.
 */
#include "plugins/replica/source/orphan.h"

#include "engine/base/clock.h"

static bool may_stay(const struct cycle *cycle)
{
	return cycle->orphans != ORPHANS_DELETE || cycle->orphan_age > 0;
}

static int64_t missed_since(const struct run *run, const struct entry *old)
{
	if (old->nlink || (run->cycle->flags & CYCLE_BY_CONTENT))
		return run->cycle->began;
	return old->ctime.seconds * NSEC_PER_SEC + old->ctime.nanoseconds;
}

static void keep(struct run *run, const struct entry *old, int64_t since)
{
	struct entry kept = *old;
	kept.ino = kept.nlink = 0;
	kept.ctime = (struct entry_time){.seconds = since / NSEC_PER_SEC, .nanoseconds = (uint32_t)(since % NSEC_PER_SEC)};
	manifest_entry(run->cycle->next, &kept);
	run->cycle->count.orphans++;
	const uint64_t records = run->cycle->count.records;
	run_tells(run, old->name, "orphan");
	run->cycle->count.records = records; /* it is as it should be */
}

int orphan_update(struct run *run, const struct entry *old, bool *ret_kept, struct error *err)
{
	struct cycle *cycle = run->cycle;
	int64_t since = missed_since(run, old);
	*ret_kept = cycle->orphans == ORPHANS_KEEP || cycle->began - since < cycle->orphan_age;
	if (*ret_kept) {
		keep(run, old, since);
		return 0;
	}
	if (run_tells(run, old->name, "extra"))
		return 0;
	bool move = cycle->orphans == ORPHANS_MOVE;
	cycle->count.moved += move;
	cycle->count.deleted += !move;
	return run_sends_name(run, move ? RECORD_ORPHAN : RECORD_DELETE, old->name, err);
}

int orphan_make_way(struct run *run, const struct entry *entry, const struct entry *old, struct error *err)
{
	bool replaced = entry->meta.mode && !S_ISDIR(entry->meta.mode) && S_ISDIR(old->meta.mode);
	if (!replaced || !may_stay(run->cycle) || run_only_tells(run))
		return 0;
	run->cycle->count.moved++;
	return run_sends_name(run, RECORD_ORPHAN, old->name, err);
}

bool orphan_shares(const struct run *run, const struct entry *entry, const struct entry *old)
{
	return may_stay(run->cycle) && entry->nlink < old->nlink && !run_only_tells(run);
}

bool orphan_may_share(const struct run *run, const struct entry *old)
{
	return may_stay(run->cycle) && old->nlink > 1;
}
