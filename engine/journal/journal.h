/*
 * journal.h - an append-only file of records: audit log and resume state in one.
 *
 * FORMAT (one JSON object a line, UTF-8, LF):
 *   {"seq":1,"prev":"<64 hex>","wall":"2026-03-01T03:12:45.120Z","up":8123456789,"boot":"<boot id>","kind":"intent",
 *    ...fields...,"hash":"<64 hex>"}
 *   seq   from 1, without gaps: it alone orders
 *   prev  hash of the record before (64 zeros for the first)
 *   up    boottime, nanoseconds; only comparable where boot is the same
 *   hash  SHA-256 over the line's bytes before `,"hash":`; always the last member
 * Bytes after the last newline are no record (a torn write): journal_open truncates them and says how many, with their digest.
 *
 * DURABILITY: journal_append writes in one call; with JOURNAL_SYNC it is on disk when the call returns. Space for the next
 * records is reserved ahead (fallocate), so that a full disk is met by journal_reserve at a step boundary, never in the middle
 * of a record. After any failure the journal refuses further records.
 */
#pragma once

#include <stdbool.h>

#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/base/value.h"

struct journal;

enum journal_durability {
	JOURNAL_BUFFERED, /* handed to the kernel: survives the process, not the machine */
	JOURNAL_SYNC,	  /* on disk */
};

struct journal_torn { /* what journal_open cut off */
	size_t bytes; /* 0: nothing */
	char digest[HASH_HEX_SIZE];
};

/* Creates a new file (it must not exist), or opens one to go on: verified from the start, the torn tail cut. */
int journal_create(const char *path, struct journal **ret_journal, struct error *err);
int journal_open(const char *path, struct journal **ret_journal, struct journal_torn *ret_torn, struct error *err);
void journal_close(struct journal *journal);

/* Called after each append with the complete record (fields, seq, wall, hash), e.g. to show it. One listener. */
void journal_listen(struct journal *journal, void (*listener)(void *context, const struct value *record), void *context);

/* Called after each append, when the journal has its new head. One; apart from the listener, which is a person's. */
void journal_after(struct journal *journal, void (*after)(void *context), void *context);

/* kind and fields (a map, or NULL; its keys must not be those of the frame). Fault points around the write (and sync):
 * "journal.before" and "journal.after", and both with ".KIND". A record that could not be read back (ERROR_INVALID,
 * ERROR_LIMIT) is refused before anything is written, and leaves the journal good. */
int journal_append(struct journal *journal, const char *kind, const struct value *fields, enum journal_durability durability,
		   struct error *err);
/* Make sure that at least bytes more can be appended. ERROR_IO with a hint when the disk is full: that is no failure of the
 * journal, it can be tried again. Fault point: "journal.reserve". */
int journal_reserve(struct journal *journal, size_t bytes, struct error *err);
/* What was appended buffered is on disk, too. */
int journal_sync(struct journal *journal, struct error *err);
const char *journal_head(const struct journal *journal);  /* hash of the last record */
uint64_t journal_sequence(const struct journal *journal); /* of the last record; 0: empty */

/* Reading, without opening for writing: calls visit for each record in order (record lives in the arena of that call only,
 * unless copied); checks seq, prev and hash on the way. ERROR_CORRUPT names the record: "record 17: ...". visit returns false
 * to stop early. A torn tail is not an error here. */
int journal_read(const char *path, bool (*visit)(void *context, const struct value *record), void *context,
		 struct journal_torn *ret_torn, struct error *err);

/* Tail a journal that another process writes: returns the next record when there is one; waits in the event loop. */
struct journal_tail;
int journal_tail_open(const char *path, struct journal_tail **ret_tail, struct error *err);
/* 1: *ret_record is set (valid until the next call); 0: deadline came; -1: error. */
int journal_tail_next(struct journal_tail *tail, int64_t deadline, const struct value **ret_record, struct error *err);
void journal_tail_close(struct journal_tail *tail);
