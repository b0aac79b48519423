/*
 * capture.c - one linear buffer whose second half turns into a ring once it is full.
 *
 *     [ head: first 32 KiB | ring: the latest 32 KiB, rotated into order at the end ]
 */
#include "engine/connection/capture.h"

#include <openssl/evp.h>
#include <string.h>

#include "engine/base/hash.h"
#include "engine/base/memory.h"

#define HEAD ((size_t)CAPTURE_LIMIT / 2)
#define RING ((size_t)CAPTURE_LIMIT - HEAD)

/* EVP_MD_CTX under a name of its own, so that the header needs no OpenSSL. */
static EVP_MD_CTX *context_of(struct digest_state *digest)
{
	return (EVP_MD_CTX *)digest;
}

static void digest_add(struct capture_writer *writer, const void *data, size_t length)
{
	if (!EVP_DigestUpdate(context_of(writer->digest), data, length))
		abort();
}

static void digest_begin(struct capture_writer *writer)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	if (!context || !EVP_DigestInit_ex(context, EVP_sha256(), NULL))
		abort();
	writer->digest = (struct digest_state *)context;
	digest_add(writer, writer->capture->data, writer->capture->length);
}

static void digest_end(struct capture_writer *writer)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned count = 0;
	if (!EVP_DigestFinal_ex(context_of(writer->digest), bytes, &count))
		abort();
	for (unsigned i = 0; i < count; i++) {
		writer->capture->digest[2 * i] = digits[bytes[i] >> 4];
		writer->capture->digest[2 * i + 1] = digits[bytes[i] & 15];
	}
	writer->capture->digest[2 * (size_t)count] = '\0';
	EVP_MD_CTX_free(context_of(writer->digest));
	writer->digest = NULL;
}

void capture_start(struct capture_writer *writer, struct capture *capture)
{
	*writer = (struct capture_writer){.capture = capture};
	*capture = (struct capture){0};
}

static void reserve(struct capture_writer *writer, size_t length)
{
	if (length < writer->capacity)
		return;
	size_t capacity = writer->capacity ? writer->capacity : 256;
	while (capacity <= length)
		capacity *= 2;
	writer->capture->data = memory_resize(writer->capture->data, capacity);
	writer->capacity = capacity;
}

static void write_ring(struct capture *capture, const char *data, size_t length)
{
	if (length > RING) { /* only its end will be left */
		capture->total += length - RING;
		data += length - RING;
		length = RING;
	}
	while (length) {
		size_t at = (size_t)((capture->total - HEAD) % RING);
		size_t part = length < RING - at ? length : RING - at;
		memcpy(capture->data + HEAD + at, data, part);
		capture->total += part;
		data += part;
		length -= part;
	}
}

void capture_write(struct capture_writer *writer, const char *data, size_t length)
{
	struct capture *capture = writer->capture;
	size_t room = CAPTURE_LIMIT - capture->length;
	size_t part = length < room ? length : room;
	if (part) {
		reserve(writer, capture->length + part);
		memcpy(capture->data + capture->length, data, part);
		capture->length += part;
		capture->total += part;
		if (writer->digest)
			digest_add(writer, data, part);
	}
	if (part == length)
		return;
	if (!writer->digest)
		digest_begin(writer);
	digest_add(writer, data + part, length - part);
	write_ring(capture, data + part, length - part);
}

static void rotate_ring(struct capture *capture)
{
	char copy[RING];
	size_t at = (size_t)((capture->total - HEAD) % RING);
	memcpy(copy, capture->data + HEAD, RING);
	memcpy(capture->data + HEAD, copy + at, RING - at);
	memcpy(capture->data + HEAD + RING - at, copy, at);
}

void capture_finish(struct capture_writer *writer)
{
	struct capture *capture = writer->capture;
	reserve(writer, capture->length);
	capture->data[capture->length] = '\0';
	bool cut = capture->total > capture->length;
	capture->head = cut ? HEAD : capture->length;
	if (cut)
		rotate_ring(capture);
	if (writer->digest)
		digest_end(writer);
	else
		hash_hex(capture->data, capture->length, capture->digest);
}
