/*
 * frame.c - frames over a stream.
 */
#include "plugins/replica/line/frame.h"

#include <string.h>

#include "engine/base/memory.h"
#include "plugins/replica/format/digest.h"
#include "plugins/replica/format/wire.h"

/* --- writing --- */

struct buffer *frame_begin(struct frame_writer *writer)
{
	static const char room[FRAME_HEADER];
	buffer_reset(&writer->payload);
	buffer_append(&writer->payload, room, sizeof(room));
	return &writer->payload;
}

size_t frame_length(const struct frame_writer *writer)
{
	return writer->payload.length < FRAME_HEADER ? 0 : writer->payload.length - FRAME_HEADER;
}

#define COMPRESSED 1u

static uint64_t check_of(const void *payload, size_t length, uint32_t type_and_flags, uint64_t number)
{
	return checksum_of(number << 16 | type_and_flags, payload, length);
}

static void fill_header(uint8_t header[FRAME_HEADER], const void *payload, size_t length, uint8_t type, uint8_t flags,
			uint64_t number)
{
	uint32_t length_le = htole32((uint32_t)length), type_and_flags = (uint32_t)flags << 8 | type;
	uint64_t check = htole64(check_of(payload, length, type_and_flags, number));
	type_and_flags = htole32(type_and_flags);
	memcpy(header, &length_le, 4);
	memcpy(header + 4, &type_and_flags, 4);
	memcpy(header + 8, &check, 8);
}

/* The frame made smaller goes out from the same buffer. */
static bool compress(struct frame_writer *writer)
{
	const void *smaller;
	size_t length;
	if (!writer->compressor ||
	    !compressor_try(writer->compressor, writer->payload.data + FRAME_HEADER, frame_length(writer), &smaller, &length))
		return false;
	memcpy(writer->payload.data + FRAME_HEADER, smaller, length);
	writer->payload.length = FRAME_HEADER + length;
	return true;
}

static int write_frame(struct frame_writer *writer, struct error *err)
{
	const struct buffer *frame = &writer->payload;
	int64_t began = writer->compressor ? compressor_clock(writer->compressor) : 0;
	if (writer->stream->write(writer->stream, frame->data, frame->length, err) < 0)
		return -1;
	if (writer->compressor)
		compressor_sent(writer->compressor, frame->length, compressor_clock(writer->compressor) - began);
	return 0;
}

int frame_end(struct frame_writer *writer, uint8_t type, struct error *err)
{
	size_t length = frame_length(writer);
	if (length > FRAME_LIMIT)
		return error_set(err, ERROR_LIMIT, "a frame of %zu bytes is longer than may be", length);
	writer->plain += FRAME_HEADER + length;
	uint8_t flags = compress(writer) ? COMPRESSED : 0;
	uint8_t *header = (uint8_t *)writer->payload.data;
	fill_header(header, header + FRAME_HEADER, frame_length(writer), type, flags, writer->number++);
	int result = write_frame(writer, err);
	buffer_reset(&writer->payload);
	return result;
}

void frame_writer_free(struct frame_writer *writer)
{
	buffer_free(&writer->payload);
}

/* --- reading --- */

static void make_room(struct buffer *bytes, size_t capacity)
{
	if (bytes->capacity < capacity) {
		bytes->data = memory_resize(bytes->data, capacity);
		bytes->capacity = capacity;
	}
}

/* Reads until `length` bytes are there behind `used`. 1: they are, 0: the stream ended, -1. */
static int fill(struct frame_reader *reader, size_t length, struct error *err)
{
	struct buffer *bytes = &reader->bytes;
	while (bytes->length - reader->used < length) {
		if (reader->used) {
			memmove(bytes->data, bytes->data + reader->used, bytes->length - reader->used);
			bytes->length -= reader->used;
			reader->used = 0;
		}
		size_t want = length > FRAME_FILL + FRAME_HEADER ? length : FRAME_FILL + FRAME_HEADER;
		make_room(bytes, want);
		ssize_t got =
			reader->stream->read(reader->stream, bytes->data + bytes->length, bytes->capacity - bytes->length, err);
		if (got <= 0)
			return (int)got;
		bytes->length += (size_t)got;
	}
	return 1;
}

static int broken(const struct frame_reader *reader, const char *what, struct error *err)
{
	return error_set(err, ERROR_CORRUPT, "frame %llu from %s %s", (unsigned long long)reader->number, reader->stream->name,
			 what);
}

static int ended(const struct frame_reader *reader, struct error *err)
{
	return error_set(err, ERROR_CONNECTION, "%s ended in the middle of frame %llu", reader->stream->name,
			 (unsigned long long)reader->number);
}

static int expand(struct frame_reader *reader, struct frame *frame, struct error *err)
{
	if (decompress(frame->payload, frame->length, FRAME_LIMIT, &reader->plain, err) < 0)
		return error_wrap(err, "frame %llu from %s", (unsigned long long)reader->number - 1, reader->stream->name);
	frame->payload = (const uint8_t *)reader->plain.data;
	frame->length = reader->plain.length;
	return 1;
}

int frame_read(struct frame_reader *reader, struct frame *ret_frame, struct error *err)
{
	int got = fill(reader, FRAME_HEADER, err);
	if (got == 0)
		return reader->bytes.length == reader->used ? 0 : ended(reader, err);
	if (got < 0)
		return -1;
	struct wire header = wire_of(reader->bytes.data + reader->used, FRAME_HEADER);
	uint32_t length = wire_u32(&header), type = wire_u32(&header);
	uint64_t check = wire_u64(&header);
	bool compressed = type >> 8 == COMPRESSED;
	if ((type >> 8 && !compressed) || (uint8_t)type == 0)
		return broken(reader, "is none: this is another protocol, or the line is damaged", err);
	if (length > FRAME_LIMIT)
		return broken(reader, "is longer than a frame may be", err);
	got = fill(reader, FRAME_HEADER + length, err);
	if (got <= 0)
		return got < 0 ? -1 : ended(reader, err);
	const uint8_t *payload = (const uint8_t *)reader->bytes.data + reader->used + FRAME_HEADER;
	if (check_of(payload, length, type, reader->number) != check)
		return broken(reader, "is damaged, or out of order", err);
	reader->used += FRAME_HEADER + length;
	reader->number++;
	*ret_frame = (struct frame){.type = (uint8_t)type, .payload = payload, .length = length};
	return compressed ? expand(reader, ret_frame, err) : 1;
}

void frame_reader_free(struct frame_reader *reader)
{
	buffer_free(&reader->bytes);
	buffer_free(&reader->plain);
}
