/*
 * unfinished.h - a manifest for which all contents are read, kept when that is interrupted: whoever does the same work again
 * need not read again what still has the key that it was read with (entry_same_key).
 *
 *     PATH.next   being written, until there is more in it than in:
 *     PATH.part   what the mark is about
 *     PATH.mark   line "work boot seed length sum entries", then the path of the last entry: so much of PATH.part was read
 *
 * It counts only for the same work (an identity), with the same seed and in the same boot: what was read from memory need not
 * be what a disk has after a power cut. A mark that does not fit its file is none. So that there is one costs an fdatasync
 * every 5 seconds, or 256 MiB of content.
 */
#pragma once

#include "plugins/replica/tree/manifest.h"

struct unfinished;

int unfinished_new(const char *path, const struct identity *work, const struct identity *point, uint64_t seed,
		   struct unfinished **ret_unfinished, struct error *err);
struct manifest_writer *unfinished_writer(const struct unfinished *unfinished);
/* A whole manifest of what was read before, and up to which path that is; NULL: nothing. */
const char *unfinished_part(const struct unfinished *unfinished);
const char *unfinished_from(const struct unfinished *unfinished);
/* An entry was written. All functions from here on take NULL: nothing is kept. */
void unfinished_entry(struct unfinished *unfinished, const char *folder, const struct entry *entry);
/* All is read: *ret_path is the whole manifest, which stays until unfinished_remove. Borrowed. */
int unfinished_end(struct unfinished *unfinished, const char **ret_path, struct error *err);
void unfinished_free(struct unfinished *unfinished);
/* The work is done, or will never be. */
void unfinished_remove(const char *path);
