/*
 * adopt.h - the other way after a failover: a folder, file, image or device as it is becomes the replica of a store, so that
 * only what differs has to come; and is in its place again when the store has been promoted.
 *
 *     FOLDER/a, b, c                   as it was: the old source's data, nobody uses it
 *     FOLDER/STORE/tree-1/PLACE/a, b, c    adopt: moved by renames, one an entry of the folder; the store's first point, of
 *                                      nobody's
 *     ...a session compares by content and brings what differs; promote...
 *     FOLDER/a, b, c'                  release: moved back; STORE is gone, what it kept of orphans is where `aside` says
 *
 * A file or an image moves so as a whole; its store is a folder beside it. A device stays where it is: its store, anywhere,
 * says that it is begun (store_is_begun), so it is compared and then written to in its place. All may be interrupted anywhere,
 * and be done again: what has been moved already is not there any more. "lost+found" and .standin-* stay.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/error.h"

struct adoption {
	const char *path;
	const char *store; /* of a folder: a name directly below it; of a file: beside it */
	const char *place; /* in the replica; "": its root; of an image: VOLUME_NAME */
	const char *aside; /* NULL, or a folder that is made if need be. adopt: gets a copy of a volume as it was, before
			    * anything is overwritten; release: what the store kept of orphans */
	bool empty;	   /* adopt: refused if there is something already */
};

int adopt(const struct adoption *what, struct error *err); /* done already: nothing */
/* The store must be promoted. *ret_kept: files that are in aside. A store that is gone was released. */
int release(const struct adoption *what, uint64_t *ret_kept, struct error *err);
