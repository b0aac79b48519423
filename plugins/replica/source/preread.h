/*
 * preread.h - reads the source while the target reads the replica, so that a comparison by content takes as long as the slower
 * of both, and not as long as both. What was read is no more than a belief (known.h): what has changed since is read again, and
 * so is what differs.
 */
#pragma once

#include "plugins/replica/source/believe.h"
#include "plugins/replica/source/known.h"

/* believe_listing, and meanwhile the tree is read. *ret_known NULL: nothing is known, and nothing is lost but time. */
int preread_listing(struct session *session, bool blocks, struct manifest_reader **ret_listing, struct known **ret_known,
		    struct error *err);
