/*
 * record.h - the differences of which a batch consists: what a CHANGES frame holds, and the log of a batch on the target.
 *
 *     u8 kind | u32 length | payload                     a record never crosses the end of its frame
 *
 *     FOLDER path                    the names that follow lie in this folder; it is there, or was made by this batch
 *     MAKE name meta attrs content   an object that replaces whatever has this name. Content is the file's digest and bytes,
 *                                    or a link's aim; a file of more than RECORD_INLINE bytes has flag STREAMED instead:
 *     PATCH name meta attrs            (or: a file that is there already, in which only these ranges differ)
 *       DATA offset bytes              ascending, not overlapping; left out: a hole (MAKE), or as it was (PATCH)
 *       COPY offset length from        (MAKE) these bytes are those at `from` of the file that has this name at the target
 *       HOLE offset length             (PATCH) these bytes are zeros
 *       DONE size digest               the file is complete, and this is its digest; or
 *       CANCEL                         it changed while it was read: forget it, it comes again
 *     META name meta attrs           owner, mode, times, attributes of a file that stays as it is
 *     MAKE_FOLDER name               a folder, if there is none yet; replaces anything else
 *     LINK name path                 a further name of the object at path
 *     DELETE name                    with all that is below
 *     MOVE name path                 the folder or file that has this path before the batch; replaces whatever has this name
 *     ORPHAN name                    moved beside the tree (store.h), with all that is below
 *     OWNER name number flags        the name that a user's, or a group's, number has at the source (owners.h): before the
 * first record that has it, where owners go by name; flag NAMELESS: it has none FOLDER_DONE meta attrs         the folder
 * itself, after what lies directly in it
 *
 * Only in the log, where content was staged already: STAGED name number mode (an object waits under this number), PATCHED name
 * number meta attrs (a patch does), MOVED name path number inode (what has this path is taken out of the tree before anything
 * else is applied, and waits under this number; another inode is not it: it has arrived already). At most one record of a batch
 * concerns a path (but for an ORPHAN that makes way for a MAKE, and is done once), so applying a batch again does no harm.
 */
#pragma once

#include "plugins/replica/format/entry.h"

#define RECORD_INLINE (64u * 1024)  /* content up to so many bytes stands in its MAKE */
#define RECORD_DATA   (256u * 1024) /* bytes of one DATA at most */

enum record_kind {
	RECORD_FOLDER = 1,
	RECORD_MAKE,
	RECORD_PATCH,
	RECORD_DATA_AT,
	RECORD_HOLE,
	RECORD_DONE,
	RECORD_CANCEL,
	RECORD_META,
	RECORD_MAKE_FOLDER,
	RECORD_LINK,
	RECORD_DELETE,
	RECORD_FOLDER_DONE,
	RECORD_STAGED,
	RECORD_PATCHED,
	RECORD_ORPHAN,
	RECORD_COPY,
	RECORD_MOVE,
	RECORD_MOVED,
	RECORD_OWNER,
	RECORD_KINDS,
};

enum record_flags {
	RECORD_STREAMED = 1 << 0, /* DATA records follow */
	RECORD_GROUP = 1 << 2,	  /* OWNER: of a group */
	RECORD_NAMELESS = 1 << 3, /* OWNER */
	RECORD_UNSTABLE = 1 << 1, /* it changed during each try to read it: content may mix two states */
};

struct record {
	enum record_kind kind;
	unsigned flags; /* MAKE, DONE, OWNER */
	char name[ENTRY_NAME_LIMIT + 1];
	char path[ENTRY_PATH_LIMIT + 1]; /* FOLDER, LINK, MOVE */
	struct meta meta;
	const uint8_t *attributes; /* borrowed from the frame, as data is */
	size_t attributes_length;
	const uint8_t *data;
	size_t data_length;
	uint64_t offset, length; /* DATA, HOLE, COPY; DONE: length is the size */
	uint64_t from;		 /* COPY; MOVED: the inode */
	uint64_t number;	 /* STAGED, PATCHED, MOVED, OWNER */
	struct digest digest;
};

/* Appends one record, whose fields are right. */
void record_put(struct buffer *out, const struct record *record);
/* The next record of a payload: 1, 0 at its end, -1 ERROR_CORRUPT. Each field is checked: names, paths, types, times, lengths.
 */
int record_get(struct wire *wire, struct record *ret_record, struct error *err);
bool record_has_meta(enum record_kind kind);
const char *record_kind_name(enum record_kind kind);
int record_wrap(const struct record *record, struct error *err); /* puts its kind and name before the message; always -1 */
