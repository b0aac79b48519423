/*
 * frame.h - what a stream is cut into: a header of 16 bytes, and up to FRAME_LIMIT bytes that are whole or refused.
 *
 *     u32 length | u8 type | u8 flags | u8[2] 0 | u64 XXH3-64 of the payload, seeded with type, flags and the frame's number
 *
 * Flag 1: the payload is compressed (compression.h), to be at most FRAME_LIMIT bytes when it is not. All is checked before
 * that.
 *
 * Frames are numbered from 0 in each direction, so one that is missing, doubled or exchanged is noticed. The same frames make
 * the log of a batch on disk: what is torn there is noticed as well. Small things are gathered to FRAME_FILL before they are
 * sent; nothing ever waits for an answer per frame.
 */
#pragma once

#include "engine/base/buffer.h"
#include "plugins/replica/line/compression.h"
#include "plugins/replica/line/stream.h"

#define FRAME_HEADER 16u
#define FRAME_FILL   (256u * 1024)  /* a frame is sent when it holds so much */
#define FRAME_LIMIT  (1024u * 1024) /* a frame that says to be longer is refused before a byte of it is read */

struct frame_writer {
	struct stream *stream;
	struct buffer payload; /* of the frame being filled, behind room for its header */
	uint64_t number;
	struct compressor *compressor; /* not owned; NULL: frames go as they are */
	uint64_t plain; /* bytes that went into frames, headers too: with the line's, how much smaller they got */
};

/* Give a place for a payload to grow in; frame_end sends it. One frame at a time. */
struct buffer *frame_begin(struct frame_writer *writer);
size_t frame_length(const struct frame_writer *writer); /* bytes of payload in the frame that was begun */
int frame_end(struct frame_writer *writer, uint8_t type, struct error *err);
void frame_writer_free(struct frame_writer *writer);

struct frame_reader {
	struct stream *stream;
	struct buffer bytes; /* what was read and not yet given out */
	size_t used;	     /* of them */
	uint64_t number;
	struct buffer plain; /* of the frame that was compressed */
};

struct frame {
	uint8_t type;
	const uint8_t *payload; /* borrowed until the next frame is read */
	size_t length;
};

/* 1: a frame; 0: the stream ended between two frames; -1: ERROR_CORRUPT (not a frame, torn, out of order), ERROR_CONNECTION. */
int frame_read(struct frame_reader *reader, struct frame *ret_frame, struct error *err);
void frame_reader_free(struct frame_reader *reader);
