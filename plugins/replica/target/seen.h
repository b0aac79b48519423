/*
 * seen.h - what the target's tree looked like when this end left it: STORE/seen-N, a manifest without digests. A tree that does
 * not look like it any more was written to by somebody else.
 */
#pragma once

#include "engine/base/table.h"
#include "plugins/replica/target/store.h"

/* Of the point that is about to be committed. touched (NULL: all): paths of the folders in which this batch may have changed
 * something, with a slash at the end where all below may be other folders than before; the others, and all that is below them,
 * are taken from the list as it was, but for names that share an inode: its ctime moves wherever it has a name. So what
 * somebody else did there meanwhile is still found the next time. */
int seen_write(const struct store *store, const struct point *point, const struct table *touched, struct error *err);
/* *ret_where (malloc'ed): the first path that is not as it was left, or NULL. */
int seen_differs(const struct store *store, char **ret_where, struct error *err);
char *seen_path(const struct store *store, uint64_t tree); /* malloc'ed STORE/seen-N */
