/*
 * links.h - inodes with several names, as met in a walk: the first name of each, and what was done with it.
 */
#pragma once

#include "plugins/replica/format/entry.h"

struct link {
	uint64_t dev, ino;
	char *path;	    /* of the first name */
	struct entry first; /* its entry; the name is not kept */
	uint64_t other_ino; /* of the same object in what it is compared with */
	bool sent;	    /* it was made anew in this batch, so its other names must be linked to it again */
};

struct links; /* zero entries: NULL */

/* Borrowed until the next links_add; NULL: not met yet. */
struct link *links_find(struct links *links, const struct entry *entry);
struct link *links_add(struct links **links, const struct entry *entry, const char *folder);
void links_free(struct links *links);
