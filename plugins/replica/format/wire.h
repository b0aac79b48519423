/*
 * wire.h - integers and bytes as they stand on the wire and in files: little endian, lengths before bytes, nothing aligned.
 *
 * Reading never goes past the end: a cursor that would have to is marked bad, gives zeros from then on, and is looked at once
 * at the end (wire_ok). So parsers read straight on and check in one place.
 */
#pragma once

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "engine/base/buffer.h"

struct wire {
	const uint8_t *at;  /* the next byte */
	const uint8_t *end; /* behind the last */
	bool bad;	    /* something was asked for that is not there */
};

static inline struct wire wire_of(const void *data, size_t length)
{
	return (struct wire){.at = data, .end = (const uint8_t *)data + length};
}

static inline bool wire_ok(const struct wire *wire) /* everything was there, and nothing is left */
{
	return !wire->bad && wire->at == wire->end;
}

static inline const void *wire_bytes(struct wire *wire, size_t length) /* borrowed; NULL if there are not so many */
{
	if (wire->bad || (size_t)(wire->end - wire->at) < length) {
		wire->bad = true;
		return NULL;
	}
	const void *bytes = wire->at;
	wire->at += length;
	return bytes;
}

static inline uint64_t wire_u64(struct wire *wire)
{
	uint64_t value = 0;
	const void *bytes = wire_bytes(wire, sizeof(value));
	if (bytes)
		memcpy(&value, bytes, sizeof(value));
	return le64toh(value);
}

static inline uint32_t wire_u32(struct wire *wire)
{
	uint32_t value = 0;
	const void *bytes = wire_bytes(wire, sizeof(value));
	if (bytes)
		memcpy(&value, bytes, sizeof(value));
	return le32toh(value);
}

static inline uint16_t wire_u16(struct wire *wire)
{
	uint16_t value = 0;
	const void *bytes = wire_bytes(wire, sizeof(value));
	if (bytes)
		memcpy(&value, bytes, sizeof(value));
	return le16toh(value);
}

static inline uint8_t wire_u8(struct wire *wire)
{
	const uint8_t *byte = wire_bytes(wire, 1);
	return byte ? *byte : 0;
}

static inline void wire_put_u64(struct buffer *out, uint64_t value)
{
	value = htole64(value);
	buffer_append(out, &value, sizeof(value));
}

static inline void wire_put_u32(struct buffer *out, uint32_t value)
{
	value = htole32(value);
	buffer_append(out, &value, sizeof(value));
}

static inline void wire_put_u16(struct buffer *out, uint16_t value)
{
	value = htole16(value);
	buffer_append(out, &value, sizeof(value));
}

static inline void wire_put_u8(struct buffer *out, uint8_t value)
{
	buffer_append(out, &value, 1);
}
