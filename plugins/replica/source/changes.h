/*
 * changes.h - records on their way out: gathered into CHANGES frames, each folder named before its first record.
 */
#pragma once

#include "plugins/replica/line/frame.h"
#include "plugins/replica/format/record.h"

struct owners;

struct changes {
	struct owners *owners;	  /* whose names were told; NULL: they go by number */
	struct frame_writer *out; /* NULL: they go nowhere */
	uint64_t records;
	const _Atomic bool *stop; /* cycle.h */
	bool begun;		  /* a frame is being filled */
	bool folder_named;	  /* the present folder's FOLDER was sent */
	char folder[ENTRY_PATH_LIMIT + 1];
};

void changes_folder(struct changes *changes, const char *path); /* what follows lies there */
int changes_add(struct changes *changes, const struct record *record, struct error *err);
int changes_flush(struct changes *changes, struct error *err);
