/*
 * known.h - what is known already of this end's own tree, because it was read a moment ago (preread.h): asked in the order of a
 * walk, folder by folder, name by name.
 */
#pragma once

#include "plugins/replica/tree/manifest.h"

struct known; /* all functions take NULL: nothing is known */

/* NULL: there is no such manifest, or it is not whole. The file is no longer needed by its name. */
struct known *known_open(const char *path);
void known_close(struct known *known);
void known_folder(struct known *known, const char *path); /* the walk has come to it */
/* What was read under this name in it, if it still has the key that it was read with; else NULL. Borrowed until the next
 * folder.
 */
const struct entry *known_entry(struct known *known, const struct entry *entry);
