/*
 * orphan.h - what the target has and the source no longer has: an orphan is deleted, kept where it is, or moved beside the
 * tree.
 *
 * The topmost object that is gone counts, with all that is below. The manifest remembers a kept one as an entry of 0 links
 * whose ctime is when it was first missed: that is its age. A resync, which has no such manifest, misses it anew.
 */
#pragma once

#include "plugins/replica/source/object.h"

/* old: of the base, and not in the walk. *ret_kept: it stays at the target, and is in the next manifest. */
int orphan_update(struct run *run, const struct entry *old, bool *ret_kept, struct error *err);
/* old is a folder, and its name is now something else's: what is not to be deleted is moved. */
int orphan_make_way(struct run *run, const struct entry *entry, const struct entry *old, struct error *err);
/* An orphan is to stay what it is, so what it shares with a name that is still there is not changed, but made anew: now,
 * because that name is one of fewer; or when it changes, because another name of it may have been exchanged meanwhile. */
bool orphan_shares(const struct run *run, const struct entry *entry, const struct entry *old);
bool orphan_may_share(const struct run *run, const struct entry *old);
