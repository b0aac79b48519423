/*
 * point.h - which recovery point a store has, whose it is, and the term: STORE/point, a few lines for people and programs,
 * replaced as a whole (temporary file, sync, rename, sync of the folder). This file's replacement is the commit of a point.
 */
#pragma once

#include "engine/base/error.h"
#include "plugins/replica/line/protocol.h"

#define POINT_DEVICE_LIMIT 255 /* bytes of a device's path */

struct point {
	char set[PROTOCOL_SET_LIMIT + 1]; /* "": the store belongs to nobody yet */
	struct identity source;
	uint64_t term;
	bool promoted;	     /* nobody may write any more, until a higher term */
	uint64_t generation; /* 0: no point yet */
	struct identity point;
	uint64_t tree; /* the tree's number: STORE/tree-N */
	uint64_t seed;
	int64_t time;			     /* wall nanoseconds: the tree is the source's as of then */
	bool consistent;		     /* else fuzzy */
	enum consistency consistency;	     /* by what */
	uint64_t unstable;		     /* files that changed each time they were read */
	uint64_t skipped;		     /* objects at the source that could not be read */
	char device[POINT_DEVICE_LIMIT + 1]; /* the replica is this block device; "": a tree of the store */
	struct digest content;		     /* of a volume (volume.h), else zeros */
	uint64_t keep;			     /* points that are kept (points.h), this one too; 0 as 1 */
	uint64_t copy_of;		     /* the number of the earlier point that was promoted as this one; 0: none */
	int64_t promoted_at;		     /* wall nanoseconds: it is promoted since; 0: it is not, or by an older agent */
	uint64_t conflicts; /* records that did not fit the tree, because somebody else had changed it: resync */
};

int point_read(const char *path, struct point *ret_point, struct error *err); /* no file: zeros */
int point_write(const char *path, const struct point *point, struct error *err);
/* The same text, for tests and fuzzing. */
int point_parse(const char *text, struct point *ret_point, struct error *err);
/* Seconds between the promoted point's instant and its promote: what the source did meanwhile is not there. -1: not known, or
 * nothing is promoted. By the clocks of two hosts: less than nothing is nothing. */
double point_loss(const struct point *point);
void point_format(struct buffer *out, const struct point *point);
