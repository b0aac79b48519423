/*
 * protocol.c - messages to and from frames.
 */
#include "plugins/replica/line/protocol.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "engine/base/memory.h"
#include "plugins/replica/format/wire.h"

/* --- identities --- */

void identity_make(struct identity *ret_identity)
{
	if (getrandom(ret_identity, sizeof(*ret_identity), 0) != sizeof(*ret_identity))
		abort(); /* the kernel gives 16 bytes or is broken */
}

bool identity_equal(const struct identity *a, const struct identity *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

bool identity_is_none(const struct identity *identity)
{
	return identity_equal(identity, &(struct identity){{0}});
}

void identity_hex(const struct identity *identity, char ret_hex[IDENTITY_HEX])
{
	for (unsigned i = 0; i < sizeof(identity->bytes); i++)
		snprintf(ret_hex + 2 * i, 3, "%02x", identity->bytes[i]);
}

int identity_parse(const char *hex, struct identity *ret_identity)
{
	if (strlen(hex) != IDENTITY_HEX - 1 || strspn(hex, "0123456789abcdef") != IDENTITY_HEX - 1)
		return -1;
	for (unsigned i = 0; i < sizeof(ret_identity->bytes); i++) {
		const char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
		ret_identity->bytes[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	return 0;
}

static void put_identity(struct buffer *out, const struct identity *identity)
{
	buffer_append(out, identity, sizeof(*identity));
}

static void get_identity(struct wire *wire, struct identity *ret_identity)
{
	const void *bytes = wire_bytes(wire, sizeof(*ret_identity));
	if (bytes)
		memcpy(ret_identity, bytes, sizeof(*ret_identity));
}

/* --- texts --- */

#define TEXT_LIMIT 4096 /* of a message; the rest is cut off */

static void put_text(struct buffer *out, const char *text)
{
	size_t length = text ? strlen(text) : 0;
	if (length > TEXT_LIMIT)
		length = TEXT_LIMIT;
	wire_put_u16(out, (uint16_t)length);
	buffer_append(out, text, length);
}

static char *get_text(struct wire *wire) /* malloc'ed */
{
	uint16_t length = wire_u16(wire);
	const char *bytes = wire_bytes(wire, length);
	char *text = memory_alloc((size_t)length + 1);
	if (bytes)
		memcpy(text, bytes, length);
	return text;
}

static bool copy_text(char *to, size_t size, const char *text) /* false: it is too long */
{
	return (size_t)snprintf(to, size, "%s", text) < size;
}

static bool set_is_valid(const char *set)
{
	size_t length = strlen(set);
	return length > 0 && length <= PROTOCOL_SET_LIMIT && strspn(set, "abcdefghijklmnopqrstuvwxyz0123456789_-/") == length;
}

static const char *const consistencies[CONSISTENCIES] = {
	[CONSISTENCY_NONE] = "none",	   [CONSISTENCY_COMMANDS] = "commands", [CONSISTENCY_SNAPSHOT] = "snapshot",
	[CONSISTENCY_REFLINK] = "reflink", [CONSISTENCY_GIVEN] = "given",
};

const char *consistency_name(enum consistency consistency)
{
	return consistency < CONSISTENCIES ? consistencies[consistency] : "?";
}

int consistency_parse(const char *name, enum consistency *ret_consistency)
{
	for (unsigned i = 0; i < CONSISTENCIES; i++)
		if (strcmp(name, consistencies[i]) == 0) {
			*ret_consistency = i;
			return 0;
		}
	return -1;
}

/* --- sending --- */

int send_hello(struct frame_writer *writer, const struct hello *hello, struct error *err)
{
	struct buffer *out = frame_begin(writer);
	wire_put_u32(out, PROTOCOL_MAGIC);
	wire_put_u32(out, hello->version);
	put_text(out, hello->set);
	put_identity(out, &hello->source);
	wire_put_u64(out, hello->term);
	wire_put_u32(out, hello->features);
	return frame_end(writer, FRAME_HELLO, err);
}

int send_welcome(struct frame_writer *writer, const struct welcome *welcome, struct error *err)
{
	struct buffer *out = frame_begin(writer);
	wire_put_u32(out, PROTOCOL_MAGIC);
	wire_put_u32(out, welcome->version);
	wire_put_u64(out, welcome->term);
	wire_put_u64(out, welcome->generation);
	put_identity(out, &welcome->point);
	wire_put_u64(out, welcome->seed);
	wire_put_u32(out, welcome->features);
	put_text(out, welcome->boot);
	wire_put_u64(out, welcome->store.device);
	put_text(out, welcome->store.path);
	return frame_end(writer, FRAME_WELCOME, err);
}

int send_refused(struct frame_writer *writer, const struct error *why, struct error *err)
{
	struct buffer *out = frame_begin(writer);
	wire_put_u32(out, why->code);
	put_text(out, error_text(why));
	put_text(out, why->hint);
	return frame_end(writer, FRAME_REFUSED, err);
}

int send_begin(struct frame_writer *writer, const struct begin *begin, struct error *err)
{
	struct buffer *out = frame_begin(writer);
	wire_put_u32(out, begin->flags);
	wire_put_u32(out, begin->consistency);
	put_identity(out, &begin->base);
	put_identity(out, &begin->point);
	wire_put_u64(out, begin->seed);
	wire_put_u64(out, (uint64_t)begin->time);
	return frame_end(writer, FRAME_BEGIN, err);
}

int send_end(struct frame_writer *writer, const struct batch_end *end, struct error *err)
{
	struct buffer *out = frame_begin(writer);
	wire_put_u64(out, end->records);
	wire_put_u64(out, end->unstable);
	wire_put_u64(out, end->skipped);
	buffer_append(out, &end->content, sizeof(end->content));
	return frame_end(writer, FRAME_END, err);
}

int send_committed(struct frame_writer *writer, const struct committed *committed, struct error *err)
{
	struct buffer *out = frame_begin(writer);
	put_identity(out, &committed->point);
	wire_put_u64(out, committed->generation);
	return frame_end(writer, FRAME_COMMITTED, err);
}

int send_list(struct frame_writer *writer, bool blocks, const struct identity *work, struct error *err)
{
	struct buffer *out = frame_begin(writer);
	wire_put_u8(out, blocks);
	if (work)
		put_identity(out, work);
	return frame_end(writer, FRAME_LIST, err);
}

int send_listed(struct frame_writer *writer, const char *from, struct error *err)
{
	struct buffer *out = frame_begin(writer);
	wire_put_u8(out, from != NULL);
	put_text(out, from);
	return frame_end(writer, FRAME_LISTED, err);
}

int send_chunks_of(struct frame_writer *writer, const struct chunk_query *query, struct error *err)
{
	struct buffer *out = frame_begin(writer);
	put_text(out, query->folder);
	put_text(out, query->name);
	wire_put_u64(out, query->offset);
	wire_put_u64(out, query->length);
	wire_put_u8(out, (uint8_t)query->bits);
	return frame_end(writer, FRAME_CHUNKS_OF, err);
}

void put_chunk(struct buffer *out, uint32_t length, const struct digest *digest)
{
	wire_put_u32(out, length);
	buffer_append(out, digest, sizeof(*digest));
}

int send_empty(struct frame_writer *writer, enum frame_type type, struct error *err)
{
	frame_begin(writer);
	return frame_end(writer, (uint8_t)type, err);
}

/* --- parsing --- */

static int checked(const struct frame *frame, enum frame_type type, bool good, const char *what, struct error *err)
{
	if (frame->type == type && good)
		return 0;
	return error_set(err, ERROR_CORRUPT, "the other end's %s message is malformed (type %u, %zu bytes)", what, frame->type,
			 frame->length);
}

int parse_hello(const struct frame *frame, struct hello *ret_hello, struct error *err)
{
	struct wire wire = wire_of(frame->payload, frame->length);
	bool magic = wire_u32(&wire) == PROTOCOL_MAGIC;
	*ret_hello = (struct hello){.version = wire_u32(&wire)};
	if (frame->type == FRAME_HELLO && magic && !wire.bad && ret_hello->version != PROTOCOL_VERSION) {
		error_set(err, ERROR_INVALID, "the source speaks version %u of the protocol, this agent version %u",
			  ret_hello->version, PROTOCOL_VERSION);
		return error_hint(err, "put the same standin-agent on both hosts");
	}
	CLEANUP_FREE char *set = get_text(&wire);
	get_identity(&wire, &ret_hello->source);
	ret_hello->term = wire_u64(&wire);
	ret_hello->features = wire_u32(&wire);
	if (checked(frame, FRAME_HELLO, magic && wire_ok(&wire) && set_is_valid(set), "HELLO", err) < 0)
		return -1;
	strcpy(ret_hello->set, set); /* NOLINT: set_is_valid bounds it */
	return 0;
}

int parse_welcome(const struct frame *frame, struct welcome *ret_welcome, struct error *err)
{
	struct wire wire = wire_of(frame->payload, frame->length);
	bool magic = wire_u32(&wire) == PROTOCOL_MAGIC;
	*ret_welcome = (struct welcome){.version = wire_u32(&wire)};
	if (frame->type == FRAME_WELCOME && magic && !wire.bad && ret_welcome->version != PROTOCOL_VERSION) {
		error_set(err, ERROR_INVALID, "the target speaks version %u of the protocol, this agent version %u",
			  ret_welcome->version, PROTOCOL_VERSION);
		return error_hint(err, "put the same standin-agent on both hosts");
	}
	ret_welcome->term = wire_u64(&wire);
	ret_welcome->generation = wire_u64(&wire);
	get_identity(&wire, &ret_welcome->point);
	ret_welcome->seed = wire_u64(&wire);
	ret_welcome->features = wire_u32(&wire);
	CLEANUP_FREE char *boot = get_text(&wire);
	ret_welcome->store.device = wire_u64(&wire);
	CLEANUP_FREE char *path = get_text(&wire);
	bool fits = copy_text(ret_welcome->boot, sizeof(ret_welcome->boot), boot) &&
		    copy_text(ret_welcome->store.path, sizeof(ret_welcome->store.path), path);
	return checked(frame, FRAME_WELCOME, magic && fits && wire_ok(&wire), "WELCOME", err);
}

int parse_begin(const struct frame *frame, struct begin *ret_begin, struct error *err)
{
	struct wire wire = wire_of(frame->payload, frame->length);
	*ret_begin = (struct begin){.flags = wire_u32(&wire)};
	ret_begin->consistency = wire_u32(&wire);
	get_identity(&wire, &ret_begin->base);
	get_identity(&wire, &ret_begin->point);
	ret_begin->seed = wire_u64(&wire);
	ret_begin->time = (int64_t)wire_u64(&wire);
	bool good = wire_ok(&wire) && !(ret_begin->flags & ~(unsigned)(BEGIN_FRESH | BEGIN_CONSISTENT | BEGIN_ANYWAY)) &&
		    !identity_is_none(&ret_begin->point) && ret_begin->consistency < CONSISTENCIES &&
		    !(ret_begin->flags & BEGIN_CONSISTENT) == (ret_begin->consistency == CONSISTENCY_NONE);
	return checked(frame, FRAME_BEGIN, good, "BEGIN", err);
}

int parse_end(const struct frame *frame, struct batch_end *ret_end, struct error *err)
{
	struct wire wire = wire_of(frame->payload, frame->length);
	ret_end->records = wire_u64(&wire);
	ret_end->unstable = wire_u64(&wire);
	ret_end->skipped = wire_u64(&wire);
	const void *content = wire_bytes(&wire, sizeof(ret_end->content));
	ret_end->content = (struct digest){{0}};
	if (content)
		memcpy(&ret_end->content, content, sizeof(ret_end->content));
	return checked(frame, FRAME_END, wire_ok(&wire), "END", err);
}

int parse_committed(const struct frame *frame, struct committed *ret_committed, struct error *err)
{
	struct wire wire = wire_of(frame->payload, frame->length);
	get_identity(&wire, &ret_committed->point);
	ret_committed->generation = wire_u64(&wire);
	return checked(frame, FRAME_COMMITTED, wire_ok(&wire), "COMMITTED", err);
}

int parse_list(const struct frame *frame, bool *ret_blocks, struct identity *ret_work, struct error *err)
{
	struct wire wire = wire_of(frame->payload, frame->length);
	uint8_t blocks = wire_u8(&wire);
	*ret_blocks = blocks;
	*ret_work = (struct identity){{0}};
	if (wire.at != wire.end)
		get_identity(&wire, ret_work);
	return checked(frame, FRAME_LIST, wire_ok(&wire) && blocks <= 1, "LIST", err);
}

int parse_listed(const struct frame *frame, char **ret_from, struct error *err)
{
	struct wire wire = wire_of(frame->payload, frame->length);
	uint8_t went_on = frame->length ? wire_u8(&wire) : 0;
	CLEANUP_FREE char *from = frame->length ? get_text(&wire) : NULL;
	if (checked(frame, FRAME_LISTED, wire_ok(&wire) && went_on <= 1, "LISTED", err) < 0)
		return -1;
	*ret_from = went_on ? take(from) : NULL;
	return 0;
}

static bool get_name(struct wire *wire, char *ret_name, size_t limit, bool (*valid)(const char *, size_t))
{
	CLEANUP_FREE char *text = get_text(wire);
	size_t length = strlen(text);
	if (wire->bad || length > limit || !valid(text, length))
		return false;
	memcpy(ret_name, text, length + 1);
	return true;
}

int parse_chunks_of(const struct frame *frame, struct chunk_query *ret_query, struct error *err)
{
	struct wire wire = wire_of(frame->payload, frame->length);
	bool good = get_name(&wire, ret_query->folder, ENTRY_PATH_LIMIT, path_is_valid) &&
		    get_name(&wire, ret_query->name, ENTRY_NAME_LIMIT, name_is_valid);
	ret_query->offset = wire_u64(&wire);
	ret_query->length = wire_u64(&wire);
	ret_query->bits = wire_u8(&wire);
	good = good && wire_ok(&wire) && ret_query->offset <= INT64_MAX && ret_query->length <= INT64_MAX - ret_query->offset &&
	       ret_query->bits >= CHUNK_BITS_LEAST && ret_query->bits <= CHUNK_BITS_MOST;
	return checked(frame, FRAME_CHUNKS_OF, good, "CHUNKS_OF", err);
}

int get_chunk(struct wire *wire, struct chunk *ret_chunk, struct error *err)
{
	if (wire->at == wire->end)
		return 0;
	ret_chunk->length = wire_u32(wire);
	const void *digest = wire_bytes(wire, sizeof(ret_chunk->digest));
	if (!digest || !ret_chunk->length || ret_chunk->length > (4u << CHUNK_BITS_MOST))
		return error_set(err, ERROR_CORRUPT, "a malformed CHUNKS message");
	memcpy(&ret_chunk->digest, digest, sizeof(ret_chunk->digest));
	return 1;
}

int parse_blocks(const struct frame *frame, struct digest *ret_content, const uint8_t **ret_digests, size_t *ret_count,
		 struct error *err)
{
	struct wire wire = wire_of(frame->payload, frame->length);
	const void *content = wire_bytes(&wire, sizeof(*ret_content));
	bool good = content && frame->length % sizeof(*ret_content) == 0;
	if (good)
		memcpy(ret_content, content, sizeof(*ret_content));
	*ret_digests = wire.at;
	*ret_count = (size_t)(wire.end - wire.at) / sizeof(*ret_content);
	return checked(frame, FRAME_BLOCKS, good, "BLOCKS", err);
}

int frame_refused(const struct frame *frame, struct error *err)
{
	struct wire wire = wire_of(frame->payload, frame->length);
	uint32_t code = wire_u32(&wire);
	CLEANUP_FREE char *text = get_text(&wire);
	CLEANUP_FREE char *hint = get_text(&wire);
	if (checked(frame, FRAME_REFUSED, wire_ok(&wire) && code > ERROR_OK && code <= ERROR_REFUSED, "REFUSED", err) < 0)
		return -1;
	error_set(err, (enum error_code)code, "the other end: %s", text);
	return *hint ? error_hint(err, "%s", hint) : -1;
}

int expect_frame(struct frame_reader *reader, enum frame_type type, struct frame *ret_frame, struct error *err)
{
	int got = frame_read(reader, ret_frame, err);
	if (got < 0)
		return -1;
	if (got == 0)
		return error_set(err, ERROR_CONNECTION, "%s closed the line", reader->stream->name);
	if (ret_frame->type == FRAME_REFUSED)
		return frame_refused(ret_frame, err);
	return checked(ret_frame, type, true, "next", err);
}
