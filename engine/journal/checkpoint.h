/*
 * checkpoint.h - a statement that a journal had so many records, and which hash its last one had, at some time: signed where
 * there is a key. It says nothing that the journal does not say; it is worth what the place is worth where it is kept, and the
 * key.
 *
 * FORMAT (one JSON object a line, UTF-8, LF; members in this order, no spaces):
 *   {"checkpoint":1,"store":"<16 hex>","run":"20260301-031245-7f3a19c4","records":41,"head":"<64 hex>",
 *    "wall":"2026-03-01T03:12:45.120Z","host":"ctl","key":"<64 hex>","signature":"<128 hex>"}
 *   store      the first digits of the hash of the first record in the state directory's index: whose runs these are
 *   run        a run's id, or "index": of the index of runs
 *   records    the sequence number of the record whose hash is `head`
 *   wall       when it was made, by the clock of the controller `host`
 *   key        the raw public key; it and `signature` are left out where there is no key
 *   signature  Ed25519 (RFC 8032) over the line's bytes before `,"signature":`
 *
 * They are kept in STATE/runs/ID/checkpoints.jsonl and STATE/checkpoints.jsonl (signed ones only), and exported to the anchors
 * (anchor.h). Without Standin: cut a line before `,"signature":`, turn the digits into bytes, and
 *   openssl pkeyutl -verify -pubin -inkey audit.pub -rawin -in line -sigfile signature
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/buffer.h"
#include "engine/base/clock.h"
#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/journal/audit_key.h"

#define CHECKPOINT_STORE_SIZE 17
#define CHECKPOINT_RUN_SIZE   32
#define CHECKPOINT_INDEX      "index"

struct checkpoint {
	char store[CHECKPOINT_STORE_SIZE];
	char run[CHECKPOINT_RUN_SIZE];
	uint64_t records;
	char head[HASH_HEX_SIZE];
	char wall[CLOCK_TEXT_SIZE];
	char key[AUDIT_KEY_SIZE]; /* "": unsigned. What was parsed is signed with it for certain */
	size_t line;		  /* where it was read; from 1 */
};

struct checkpoint_list {	  /* zero-initialized */
	struct checkpoint *items; /* owned */
	size_t count, capacity;
	size_t damaged; /* lines of an anchor that are not whole: a write that was cut short, or worse */
	size_t torn;	/* bytes behind the last line end of a file that holds nothing else */
	char *problem;	/* owned; what is wrong with the file, from its first line that is; or NULL */
};

/* Appends its line, LF included; wall is now, host this one's. key: NULL leaves it unsigned. */
void checkpoint_format(struct buffer *out, const struct checkpoint *checkpoint, const struct audit_key *key);
/* text: a line without LF. ERROR_INVALID: it does not have the form; ERROR_CORRUPT: the signature is not of these bytes. */
int checkpoint_parse(const char *text, size_t length, struct checkpoint *ret_checkpoint, struct error *err);

/* All of a file that holds nothing else; in order. A file that is not there has none. A last line without its end is none. */
int checkpoint_list_read(const char *path, struct checkpoint_list *ret_list, struct error *err);
/* Those that stand somewhere in the lines of a text: a file of heads, a system log, the output of git. "-": standard input. */
int checkpoint_list_find(const char *path, struct checkpoint_list *list, struct error *err);
void checkpoint_list_free(struct checkpoint_list *list);
