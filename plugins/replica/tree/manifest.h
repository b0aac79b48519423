/*
 * manifest.h - what a tree was at a point: each object's entry (entry.h) with its digests, in the order of a walk.
 *
 * One file, written from front to end, read the same way, never changed:
 *
 *     "STNDMAN1" | point[16] | u64 seed
 *     'F' entry                    a folder; its name is the path below the root; sorted as walk.h says
 *     'e' entry                    what lies in it, folders too; sorted by name
 *     'E' u64 entries | u64 XXH3-64 of all before
 *     entry = u16 length, name | u32 mode uid gid nlink | u64 dev ino | mtime ctime | u64 size rdev | content attributes
 *
 * The source keeps the one of the last committed point (`manifest`) and the one of a batch whose fate it does not know
 * (`manifest.next`). The target keeps what its own tree looked like when it committed (`seen-N`): that is how it notices that
 * somebody else wrote to it. A manifest sorted and rewritten whole is read and written at the speed of memory (1 million
 * entries: 130 MB); a database would be asked once per file.
 */
#pragma once

#include "plugins/replica/format/entry.h"
#include "plugins/replica/line/protocol.h"

struct manifest_folder {
	const char *path;
	struct entry self;
	struct entry *entries;
	size_t count;
};

struct manifest_reader;

/* Whether the file is one, and whole: reads it all for its checksum, at the speed of memory. */
bool manifest_is_whole(const char *path);
/* ERROR_NOT_FOUND: no such file. Torn or foreign: ERROR_CORRUPT, if need be only at the end: act on nothing before that. */
int manifest_open(const char *path, struct manifest_reader **ret_reader, struct error *err);
const struct identity *manifest_point(const struct manifest_reader *reader);
uint64_t manifest_seed(const struct manifest_reader *reader);
/* 1: the next folder, borrowed until the next call; 0: the end, and all was whole; -1. */
int manifest_next(struct manifest_reader *reader, const struct manifest_folder **ret_folder, struct error *err);
/* Where the folder that was given last stands in the file; and a reader that begins there, of a manifest that was found whole.
 */
uint64_t manifest_offset(const struct manifest_reader *reader);
int manifest_open_at(const char *path, uint64_t offset, struct manifest_reader **ret_reader, struct error *err);
void manifest_close(struct manifest_reader *reader); /* NULL is fine */

struct manifest_writer;
int manifest_create(const char *path, const struct identity *point, uint64_t seed, struct manifest_writer **ret_writer,
		    struct error *err);
void manifest_folder(struct manifest_writer *writer, const char *path, const struct entry *self);
void manifest_entry(struct manifest_writer *writer, const struct entry *entry);
uint64_t manifest_entries(const struct manifest_writer *writer);
/* The beginning of a manifest that is not finished: bytes, their XXH3-64, entries in them. */
struct manifest_sum {
	uint64_t length, sum, entries;
};
int manifest_flush(struct manifest_writer *writer, struct manifest_sum *ret_sum, struct error *err); /* durable, so far */
/* Cuts what lies behind, and writes the end there: a whole manifest. Refused if these are not the bytes. */
int manifest_end_at(const char *path, const struct manifest_sum *sum, struct error *err);
int manifest_finish(struct manifest_writer *writer, bool sync, struct error *err); /* writes the end */
void manifest_free(struct manifest_writer *writer);				   /* NULL is fine */
