/*
 * stage.h - makes an object at the target, complete with its metadata, under a name in an open folder: a number in the batch's
 * folder (to be renamed into the tree when the batch is applied), or the final name (first mirror, in a tree that is not yet
 * anybody's).
 */
#pragma once

#include "plugins/replica/format/record.h"

struct staged; /* a regular file whose content comes piece by piece */

/* All but STREAMED files, in one go. */
int stage_object(int folder, const char *name, const struct record *make, uint64_t seed, struct error *err);

int stage_open(int folder, const char *name, const struct record *make, uint64_t seed, struct staged **ret_staged,
	       struct error *err);
int stage_open_device(int device, const struct record *make, uint64_t seed, struct staged **ret_staged,
		      struct error *err);					     /* in its place, at once */
int stage_data(struct staged *staged, const struct record *data, struct error *err); /* ascending offsets; gaps are holes */
/* From an open file. ERROR_CONFLICT: it ends before that. */
int stage_copy(struct staged *staged, const struct record *copy, int from, struct error *err);
int stage_done(struct staged *staged, const struct record *done, struct error *err); /* size, digest, metadata; frees */
void stage_cancel(struct staged *staged);					     /* removes it; frees; NULL is fine */

/* Owner, mode, times and attributes of what is open, in the order in which none undoes another. Attributes that are not in the
 * list are removed. */
int meta_set(int fd, const struct meta *meta, const void *attributes, size_t length, struct error *err);
