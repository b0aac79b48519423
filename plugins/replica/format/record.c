/*
 * record.c - records to and from bytes: one table says which fields each kind has.
 */
#include "plugins/replica/format/record.h"

#include <string.h>

#include "engine/base/memory.h"

enum fields {
	HAS_NAME = 1 << 0,
	HAS_PATH = 1 << 1,
	HAS_NUMBER = 1 << 2,
	HAS_META = 1 << 3, /* with attributes */
	HAS_FLAGS = 1 << 4,
	HAS_OFFSET = 1 << 5,
	HAS_LENGTH = 1 << 6,
	HAS_DIGEST = 1 << 7,
	HAS_DATA = 1 << 8, /* all that is left */
	HAS_FROM = 1 << 9,
};

static const struct {
	const char *name;
	unsigned fields;
} kinds[RECORD_KINDS] = {
	[RECORD_FOLDER] = {"FOLDER", HAS_PATH},
	[RECORD_MAKE] = {"MAKE", HAS_NAME | HAS_META | HAS_FLAGS | HAS_DIGEST | HAS_DATA},
	[RECORD_PATCH] = {"PATCH", HAS_NAME | HAS_META},
	[RECORD_DATA_AT] = {"DATA", HAS_OFFSET | HAS_DATA},
	[RECORD_HOLE] = {"HOLE", HAS_OFFSET | HAS_LENGTH},
	[RECORD_DONE] = {"DONE", HAS_FLAGS | HAS_LENGTH | HAS_DIGEST},
	[RECORD_CANCEL] = {"CANCEL", 0},
	[RECORD_META] = {"META", HAS_NAME | HAS_META},
	[RECORD_MAKE_FOLDER] = {"MAKE_FOLDER", HAS_NAME},
	[RECORD_LINK] = {"LINK", HAS_NAME | HAS_PATH},
	[RECORD_DELETE] = {"DELETE", HAS_NAME},
	[RECORD_FOLDER_DONE] = {"FOLDER_DONE", HAS_META},
	[RECORD_STAGED] = {"STAGED", HAS_NAME | HAS_NUMBER | HAS_FLAGS},
	[RECORD_ORPHAN] = {"ORPHAN", HAS_NAME},
	[RECORD_PATCHED] = {"PATCHED", HAS_NAME | HAS_NUMBER | HAS_META},
	[RECORD_MOVE] = {"MOVE", HAS_NAME | HAS_PATH},
	[RECORD_MOVED] = {"MOVED", HAS_NAME | HAS_PATH | HAS_NUMBER | HAS_FROM},
	[RECORD_OWNER] = {"OWNER", HAS_NAME | HAS_NUMBER | HAS_FLAGS},
	[RECORD_COPY] = {"COPY", HAS_OFFSET | HAS_LENGTH | HAS_FROM},
};

const char *record_kind_name(enum record_kind kind)
{
	return kind > 0 && kind < RECORD_KINDS ? kinds[kind].name : "?";
}

bool record_has_meta(enum record_kind kind)
{
	return kinds[kind].fields & HAS_META;
}

static void put_text(struct buffer *out, const char *text)
{
	size_t length = strlen(text);
	wire_put_u16(out, (uint16_t)length);
	buffer_append(out, text, length);
}

void record_put(struct buffer *out, const struct record *record)
{
	unsigned fields = kinds[record->kind].fields;
	wire_put_u8(out, (uint8_t)record->kind);
	size_t start = out->length;
	wire_put_u32(out, 0);
	if (fields & HAS_NAME)
		put_text(out, record->name);
	if (fields & HAS_PATH)
		put_text(out, record->path);
	if (fields & HAS_NUMBER)
		wire_put_u64(out, record->number);
	if (fields & HAS_META) {
		meta_put(out, &record->meta);
		wire_put_u32(out, (uint32_t)record->attributes_length);
		buffer_append(out, record->attributes, record->attributes_length);
	}
	if (fields & HAS_FLAGS)
		wire_put_u32(out, record->flags);
	if (fields & HAS_OFFSET)
		wire_put_u64(out, record->offset);
	if (fields & HAS_LENGTH)
		wire_put_u64(out, record->length);
	if (fields & HAS_FROM)
		wire_put_u64(out, record->from);
	if (fields & HAS_DIGEST)
		buffer_append(out, &record->digest, sizeof(record->digest));
	if (fields & HAS_DATA)
		buffer_append(out, record->data, record->data_length);
	uint32_t length = htole32((uint32_t)(out->length - start - 4));
	memcpy(out->data + start, &length, 4);
}

static void get_text(struct wire *wire, char *ret_text, size_t limit, bool (*valid)(const char *, size_t))
{
	uint16_t length = wire_u16(wire);
	const char *text = wire_bytes(wire, length);
	if (!text || length > limit || !valid(text, length)) {
		wire->bad = true;
		return;
	}
	memcpy(ret_text, text, length);
	ret_text[length] = '\0';
}

static void get_fields(struct wire *wire, unsigned fields, struct record *record)
{
	if (fields & HAS_NAME)
		get_text(wire, record->name, ENTRY_NAME_LIMIT, name_is_valid);
	if (fields & HAS_PATH)
		get_text(wire, record->path, ENTRY_PATH_LIMIT, path_is_valid);
	if (fields & HAS_NUMBER)
		record->number = wire_u64(wire);
	if (fields & HAS_META) {
		meta_get(wire, &record->meta);
		record->attributes_length = wire_u32(wire);
		record->attributes = wire_bytes(wire, record->attributes_length);
		if (!record->attributes || !attributes_are_valid(record->attributes, record->attributes_length))
			wire->bad = true;
	}
	if (fields & HAS_FLAGS)
		record->flags = wire_u32(wire);
	if (fields & HAS_OFFSET)
		record->offset = wire_u64(wire);
	if (fields & HAS_LENGTH)
		record->length = wire_u64(wire);
	if (fields & HAS_FROM)
		record->from = wire_u64(wire);
	if (fields & HAS_DIGEST) {
		const void *digest = wire_bytes(wire, sizeof(record->digest));
		if (digest)
			memcpy(&record->digest, digest, sizeof(record->digest));
	}
	if (fields & HAS_DATA) {
		record->data_length = (size_t)(wire->end - wire->at);
		record->data = wire_bytes(wire, record->data_length);
	}
}

/* What a kind demands beyond its fields. */
static bool makes_sense(const struct record *record)
{
	uint32_t mode = record->meta.mode;
	switch (record->kind) {
	case RECORD_MAKE:
		if (S_ISDIR(mode) || (record->flags & ~(unsigned)(RECORD_STREAMED | RECORD_UNSTABLE)))
			return false;
		if (S_ISREG(mode))
			return record->flags & RECORD_STREAMED
				       ? record->data_length == 0
				       : record->data_length <= RECORD_INLINE && record->data_length == record->meta.size;
		if (S_ISLNK(mode))
			return record->data_length > 0 && record->data_length <= ENTRY_PATH_LIMIT && !record->flags &&
			       !memchr(record->data, '\0', record->data_length);
		return record->data_length == 0 && !record->flags;
	case RECORD_PATCH:
	case RECORD_PATCHED:
	case RECORD_META:
		return S_ISREG(mode);
	case RECORD_FOLDER_DONE:
		return S_ISDIR(mode);
	case RECORD_DATA_AT:
		return record->data_length > 0 && record->data_length <= RECORD_DATA &&
		       record->offset <= INT64_MAX - RECORD_DATA;
	case RECORD_HOLE:
		return record->length > 0 && record->offset <= INT64_MAX && record->length <= INT64_MAX - record->offset;
	case RECORD_COPY:
		return record->length > 0 && record->offset <= INT64_MAX && record->length <= INT64_MAX - record->offset &&
		       record->from <= INT64_MAX && record->length <= INT64_MAX - record->from;
	case RECORD_DONE:
		return record->length <= INT64_MAX && !(record->flags & ~(unsigned)RECORD_UNSTABLE);
	case RECORD_OWNER:
		return record->number < UINT32_MAX - 1 && !strchr(record->name, '\n') &&
		       !(record->flags & ~(unsigned)(RECORD_GROUP | RECORD_NAMELESS));
	case RECORD_LINK:
	case RECORD_MOVE:
	case RECORD_MOVED:
		return record->path[0] != '\0';
	default:
		return true;
	}
}

int record_get(struct wire *wire, struct record *ret_record, struct error *err)
{
	if (wire->at == wire->end)
		return 0;
	uint8_t kind = wire_u8(wire);
	uint32_t length = wire_u32(wire);
	const void *payload = wire_bytes(wire, length);
	if (!payload || kind == 0 || kind >= RECORD_KINDS)
		return error_set(err, ERROR_CORRUPT, "a record of kind %u and %u bytes is none", kind, length);
	/* the two texts are large: only what a kind has is touched */
	memset(&ret_record->meta, 0, sizeof(*ret_record) - offsetof(struct record, meta));
	ret_record->kind = kind;
	ret_record->flags = 0;
	ret_record->name[0] = ret_record->path[0] = '\0';
	struct wire fields = wire_of(payload, length);
	get_fields(&fields, kinds[kind].fields, ret_record);
	if (!wire_ok(&fields) || !makes_sense(ret_record))
		return error_set(err, ERROR_CORRUPT, "a %s record holds what cannot be", kinds[kind].name);
	return 1;
}

int record_wrap(const struct record *record, struct error *err)
{
	const char *what = record->name[0] ? record->name : record->path;
	return error_wrap(err, "%s%s%s", record_kind_name(record->kind), *what ? " " : "", what);
}
