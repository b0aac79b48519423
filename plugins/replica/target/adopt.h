/*
 * adopt.h - the other way after a failover: a folder as it is becomes the replica of a store within it, so that only what
 * differs has to come; and goes back to where it was when the store has been promoted.
 *
 *     FOLDER/a, b, c                   as it was: the old source's data, nobody uses it
 *     FOLDER/STORE/tree-1/a, b, c      adopt: moved by renames, one an entry of the folder; the store's first point, of
 * nobody's
 *     ...a session compares by content and brings what differs; promote...
 *     FOLDER/a, b, c'                  release: moved back; STORE is gone, what it kept of orphans is where `keep` says
 *
 * Both may be interrupted anywhere, and be done again: what has been moved already is not there any more. "lost+found"
 * and .standin-* stay.
 */
#pragma once

#include <stdint.h>

#include "engine/base/error.h"

/* store: a name directly below the folder, that is there or not. Done already: nothing. */
int adopt_folder(const char *folder, const char *store, struct error *err);
/* The store must be promoted. keep (may be NULL): a folder that is made if something is kept. *ret_kept: files. A store that is
 * gone was released. */
int release_folder(const char *folder, const char *store, const char *keep, uint64_t *ret_kept, struct error *err);
