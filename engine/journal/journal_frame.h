/*
 * journal_frame.h - one record as a line of text: how it is written, and how it is checked without parsing it. Knows no files.
 *
 *   {"seq":N,"prev":"<64>", ... ,"kind":"...", fields ... ,"hash":"<64>"}
 *   '------------------ hashed ----------------------'
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/buffer.h"
#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/base/value.h"

#define JOURNAL_RECORD_LIMIT ((size_t)16 * 1024 * 1024) /* bytes in a line, LF included */
#define JOURNAL_NO_HASH	     "0000000000000000000000000000000000000000000000000000000000000000" /* prev of the first record */

/* Appends the line with its LF to out. fields: a map or NULL. */
int journal_frame_format(struct buffer *out, uint64_t sequence, const char *prev, const char *kind, const struct value *fields,
			 char ret_hash[HASH_HEX_SIZE], struct error *err);

/* text: a line without its LF. ERROR_CORRUPT "record 17: ..." unless it is record number sequence, follows prev, and hashes to
 * what it says. */
int journal_frame_check(const char *text, size_t length, uint64_t sequence, const char *prev, char ret_hash[HASH_HEX_SIZE],
			struct error *err);

/* The kind of a checked line, as it is written there: borrowed from the line. */
struct journal_kind {
	const char *text; /* NULL: it has none */
	size_t length;
};
struct journal_kind journal_frame_kind(const char *text, size_t length);
bool journal_kind_is(struct journal_kind kind, const char *name);
