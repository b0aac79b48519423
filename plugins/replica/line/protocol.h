/*
 * protocol.h - what the two agents say to each other, frame by frame (frame.h) on a stream (stream.h). Version 2.
 *
 *     source                                    target
 *     HELLO version, set, source, term,   ->                            which set, whose, by whose leave; and what
 *           features                                                  it would use of this version (zstd)
 *                                         <-    WELCOME version, term, generation, point, seed, features, where the store lies
 *                                         <-    UNKEPT names ... UNKEPT         (unkept.h) what of that point it could not keep
 *                                         <-    REFUSED code, text, hint        (also at any later time; then it ends)
 *     a cycle:
 *     BEGIN flags, consistency, base,     ->                            a batch that makes `point` out of `base`
 *           point, seed, t
 *     CHANGES records ... CHANGES         ->                            (record.h); FRESH: all of the tree, base is nothing
 *     CHUNKS_OF folder, name, range, bits ->                            of a large file in whose place another has come
 *                                         <-    CHUNKS length, digest ... CHUNKS     what the target has there, cut by content
 *                                         <-    CHUNKED                              (chunks.h); none: it has no such file
 *     END counts, digest of a volume      ->
 *                                         <-    UNKEPT names ... UNKEPT         what of this one
 *                                         <-    COMMITTED point, generation     durable, whole and readable by promote
 *     or a listing, to compare with:
 *     LIST blocks, work                   ->
 *                                         <-    LISTING bytes ... LISTING       a manifest (manifest.h) of the target's tree
 *                                         <-    BLOCKS content, digests       if asked for: block lists (blocks.h)
 *                                         <-    LISTED went on, from          what was read for this work before is not read
 * again CLOSE                               ->                            or just the end of the stream
 *
 * - The target answers BEGIN with REFUSED "drifted" when its tree is not what it left: then the source asks for a listing and
 *   sends the difference to it. A batch of which END was not received leaves nothing.
 * - Lost after END: the next WELCOME tells by its point whether the batch was committed. Nothing is sent twice in doubt.
 * - All is bounded: FRAME_LIMIT, RECORD_INLINE, ENTRY_*_LIMIT. Each end checks what it gets before it acts; what does not parse
 *   ends the session, and a batch is only committed after every record of it was understood.
 * - Versions: HELLO and WELCOME keep their first fields for ever. An end that does not know the other's version says so.
 */
#pragma once

#include <stdbool.h>

#include "engine/base/error.h"
#include "plugins/replica/format/chunks.h"
#include "plugins/replica/format/digest.h"
#include "plugins/replica/format/entry.h"
#include "plugins/replica/line/frame.h"
#include "plugins/replica/format/location.h"
#include "plugins/replica/format/wire.h"

#define PROTOCOL_VERSION    2u
#define PROTOCOL_MAGIC	    0x4e445453u /* "STDN" */
#define PROTOCOL_SET_LIMIT  64		/* bytes of a set's name: [a-z0-9_-] and '/' */
#define PROTOCOL_BOOT_LIMIT 63

enum frame_type {
	FRAME_HELLO = 1,
	FRAME_WELCOME,
	FRAME_REFUSED,
	FRAME_BEGIN,
	FRAME_CHANGES,
	FRAME_END,
	FRAME_COMMITTED,
	FRAME_LIST,
	FRAME_LISTING,
	FRAME_LISTED,
	FRAME_CLOSE,
	FRAME_BLOCKS,
	FRAME_CHUNKS_OF,
	FRAME_CHUNKS,
	FRAME_CHUNKED,
	FRAME_UNKEPT,
};

/* Names a point, a source, a machine: random (or a machine id), never used again. All zeros: none. */
struct identity {
	uint8_t bytes[16];
};
#define IDENTITY_HEX 33

void identity_make(struct identity *ret_identity);
bool identity_equal(const struct identity *a, const struct identity *b);
bool identity_is_none(const struct identity *identity);
void identity_hex(const struct identity *identity, char ret_hex[IDENTITY_HEX]);
int identity_parse(const char *hex, struct identity *ret_identity);

enum protocol_features {
	FEATURE_ZSTD = 1 << 0,	 /* frames may come compressed (frame.h) from now on */
	FEATURE_OWNERS = 1 << 2, /* owners and groups go by name (owners.h); if the source wants it the target must, too */
	FEATURE_UNKEPT = 1 << 1, /* UNKEPT comes after WELCOME and before COMMITTED */
	/* no more than a listing is asked for: of a promoted replica, too, whatever the term; a BEGIN is refused */
	FEATURE_LOOK = 1 << 3,
	FEATURE_GO_ON = 1 << 4, /* LIST tells for which work, and LISTED from where it went on (unfinished.h) */
};

struct hello {
	uint32_t version;
	char set[PROTOCOL_SET_LIMIT + 1];
	struct identity source; /* the source's state folder; a store belongs to one */
	uint64_t term;
	uint32_t features; /* protocol_features that it wants; others' bits are ignored */
};

struct welcome {
	uint32_t version;
	uint64_t term;			    /* the target's own */
	uint64_t generation;		    /* how many points there were; 0: there is no point yet */
	struct identity point;		    /* the last complete one */
	uint64_t seed;			    /* of the digests (digest.h) */
	uint32_t features;		    /* protocol_features that both ends have */
	char boot[PROTOCOL_BOOT_LIMIT + 1]; /* the target's boot id: if it is the source's, one kernel serves both */
	struct real_place store;	    /* where the store lies in it: not in what is replicated, nor around it */
};

/* What makes the source one instant: freeze.h. */
enum consistency {
	CONSISTENCY_NONE,
	CONSISTENCY_COMMANDS,
	CONSISTENCY_SNAPSHOT,
	CONSISTENCY_REFLINK,
	CONSISTENCY_GIVEN,
	CONSISTENCIES,
};
const char *consistency_name(enum consistency consistency);
int consistency_parse(const char *name, enum consistency *ret_consistency); /* 0 or -1 */

enum begin_flags {
	BEGIN_FRESH = 1 << 0,	   /* a first mirror, into a tree of its own */
	BEGIN_CONSISTENT = 1 << 1, /* the source was a snapshot or quiesced */
	BEGIN_ANYWAY = 1 << 2,	   /* base is a listing that was just sent: the tree is taken as it is */
};

struct begin {
	uint32_t flags;
	struct identity base, point;
	enum consistency consistency; /* NONE if and only if BEGIN_CONSISTENT is not set */
	uint64_t seed;
	int64_t time; /* wall nanoseconds at the source when the cycle began: the age of the point */
};

struct batch_end {
	uint64_t records;      /* CHANGES records of the batch */
	uint64_t unstable;     /* files that changed while they were read, each time */
	uint64_t skipped;      /* objects that could not be read */
	struct digest content; /* of a volume (volume.h) as this batch makes it; else zeros */
};

struct committed {
	struct identity point;
	uint64_t generation;
};

/* Which part of which file is to be cut: `length` bytes from `offset`, or as many as are there. */
struct chunk_query {
	char folder[ENTRY_PATH_LIMIT + 1], name[ENTRY_NAME_LIMIT + 1];
	uint64_t offset, length;
	unsigned bits; /* chunks.h */
};

/* Each encodes one whole frame and sends it. */
int send_hello(struct frame_writer *writer, const struct hello *hello, struct error *err);
int send_welcome(struct frame_writer *writer, const struct welcome *welcome, struct error *err);
int send_refused(struct frame_writer *writer, const struct error *why, struct error *err);
int send_begin(struct frame_writer *writer, const struct begin *begin, struct error *err);
int send_end(struct frame_writer *writer, const struct batch_end *end, struct error *err);
int send_committed(struct frame_writer *writer, const struct committed *committed, struct error *err);
/* work: for a target that has FEATURE_GO_ON; NULL: for another. */
int send_list(struct frame_writer *writer, bool blocks, const struct identity *work, struct error *err);
/* from: NULL: it was read from the beginning. For a source that told its work. */
int send_listed(struct frame_writer *writer, const char *from, struct error *err);
int send_chunks_of(struct frame_writer *writer, const struct chunk_query *query, struct error *err);
int send_empty(struct frame_writer *writer, enum frame_type type, struct error *err); /* LISTED, CHUNKED, CLOSE */

/* Each decodes a frame of its type; ERROR_CORRUPT if it is none such. */
int parse_hello(const struct frame *frame, struct hello *ret_hello, struct error *err);
int parse_welcome(const struct frame *frame, struct welcome *ret_welcome, struct error *err);
int parse_begin(const struct frame *frame, struct begin *ret_begin, struct error *err);
int parse_end(const struct frame *frame, struct batch_end *ret_end, struct error *err);
int parse_committed(const struct frame *frame, struct committed *ret_committed, struct error *err);
int parse_list(const struct frame *frame, bool *ret_blocks, struct identity *ret_work, struct error *err); /* none: zeros */
int parse_listed(const struct frame *frame, char **ret_from, struct error *err); /* malloc'ed, or NULL */
/* A piece of the block list of a content: *ret_count digests, borrowed, not aligned. */
int parse_blocks(const struct frame *frame, struct digest *ret_content, const uint8_t **ret_digests, size_t *ret_count,
		 struct error *err);
int parse_chunks_of(const struct frame *frame, struct chunk_query *ret_query, struct error *err);
void put_chunk(struct buffer *out, uint32_t length, const struct digest *digest); /* one of a CHUNKS frame */
/* The next of a CHUNKS frame: 1, 0 at its end, -1. Digest and length are set. */
int get_chunk(struct wire *wire, struct chunk *ret_chunk, struct error *err);
int frame_refused(const struct frame *frame, struct error *err); /* always -1, with the error that a REFUSED carries */
/* Reads the next frame and demands that it be of this type: a REFUSED becomes the error that it carries. */
int expect_frame(struct frame_reader *reader, enum frame_type type, struct frame *ret_frame, struct error *err);
