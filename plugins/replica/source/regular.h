/*
 * regular.h - a regular file at the source: read until two looks at it agree, compare, send what differs.
 */
#pragma once

#include "plugins/replica/source/object.h"

#define REGULAR_TRIES 3 /* a file that changed during each of so many reads is sent as it is, and counts as unstable */

/* As object_update. whole: make it anew even if nothing differs. */
int regular_update(struct run *run, struct entry *entry, const struct entry *old, bool whole, enum object_outcome *ret_outcome,
		   struct error *err);
