/*
 * replica_fuzz.c - any bytes as what comes over the line: frames, the messages and records in them; and as the texts that an
 * agent reads: a point, rules, a manifest, what it is told of a set. The first byte says which. Records and messages come
 * without their frame, whose checksum would let nothing by.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/json.h"
#include "engine/base/memory.h"
#include "plugins/replica/tree/manifest.h"
#include "plugins/replica/tree/owners.h"
#include "plugins/replica/line/pace.h"
#include "plugins/replica/line/protocol.h"
#include "plugins/replica/line/unkept.h"
#include "plugins/replica/target/point.h"
#include "plugins/replica/format/record.h"
#include "plugins/replica/tree/rules.h"
#include "plugins/replica/agent/set.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bytes {
	struct stream stream;
	const uint8_t *at, *end;
};

static ssize_t read_bytes(struct stream *stream, void *data, size_t limit, struct error *err)
{
	struct bytes *bytes = (struct bytes *)stream;
	size_t left = (size_t)(bytes->end - bytes->at), some = left < limit ? left : limit;
	(void)err;
	memcpy(data, bytes->at, some);
	bytes->at += some;
	return (ssize_t)some;
}

static void read_frames(const uint8_t *data, size_t size)
{
	struct bytes bytes = {.stream = {.read = read_bytes, .name = "fuzz"}, .at = data, .end = data + size};
	struct frame_reader reader = {.stream = &bytes.stream};
	struct frame frame;
	while (frame_read(&reader, &frame, NULL) > 0)
		;
	frame_reader_free(&reader);
}

/* What a parser has let through must be safe to use. */
static void check_record(const struct record *record)
{
	if (strchr(record->name, '/') || strcmp(record->name, ".") == 0 || strcmp(record->name, "..") == 0 ||
	    strstr(record->path, "//") || strstr(record->path, "/../") || record->path[0] == '/' ||
	    strncmp(record->path, "../", 3) == 0)
		abort();
	if (record->kind == RECORD_DATA_AT && record->data_length > RECORD_DATA)
		abort();
}

static void read_records(const uint8_t *data, size_t size)
{
	static struct record record, again;
	CLEANUP_BUFFER struct buffer back = {0};
	struct wire wire = wire_of(data, size);
	const uint8_t *start = wire.at;
	while (record_get(&wire, &record, NULL) > 0) {
		check_record(&record);
		buffer_reset(&back);
		record_put(&back, &record);
		if (back.length != (size_t)(wire.at - start) || memcmp(back.data, start, back.length) != 0)
			abort(); /* a record has one form */
		struct wire second = wire_of(back.data, back.length);
		if (record_get(&second, &again, NULL) != 1)
			abort();
		start = wire.at;
	}
}

static void read_messages(const uint8_t *data, size_t size)
{
	struct frame frame = {.payload = data, .length = size};
	struct hello hello;
	struct welcome welcome;
	struct begin begin;
	struct batch_end end;
	struct committed committed;
	bool blocks;
	frame.type = FRAME_HELLO;
	if (parse_hello(&frame, &hello, NULL) == 0 && !hello.set[0])
		abort();
	frame.type = FRAME_WELCOME;
	parse_welcome(&frame, &welcome, NULL);
	frame.type = FRAME_BEGIN;
	parse_begin(&frame, &begin, NULL);
	frame.type = FRAME_END;
	parse_end(&frame, &end, NULL);
	frame.type = FRAME_COMMITTED;
	parse_committed(&frame, &committed, NULL);
	frame.type = FRAME_LIST;
	struct identity work;
	CLEANUP_FREE char *from = NULL;
	parse_list(&frame, &blocks, &work, NULL);
	parse_listed(&frame, &from, NULL);
	struct digest content;
	const uint8_t *digests;
	size_t count;
	frame.type = FRAME_BLOCKS;
	if (parse_blocks(&frame, &content, &digests, &count, NULL) == 0 &&
	    (size == 0 || count != size / sizeof(content) - 1 || digests + count * sizeof(content) != data + size))
		abort();
	struct chunk_query query;
	frame.type = FRAME_CHUNKS_OF;
	if (parse_chunks_of(&frame, &query, NULL) == 0 && (strchr(query.name, '/') || query.folder[0] == '/'))
		abort();
	struct wire chunks = wire_of(data, size);
	struct chunk chunk;
	while (get_chunk(&chunks, &chunk, NULL) > 0)
		if (!chunk.length)
			abort();
	struct unkept unkept = {0};
	parse_unkept(&frame, &unkept, NULL);
	for (size_t i = 0; i < unkept.count; i++)
		if (unkept.items[i].path[0] == '/' || strstr(unkept.items[i].path, "/../") ||
		    !unkept_why(unkept.items[i].reason))
			abort();
	unkept_free(&unkept);
	frame.type = FRAME_REFUSED;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	if (frame_refused(&frame, &err) != -1 || err.code == ERROR_OK)
		abort();
}

static void read_compressed(const uint8_t *data, size_t size)
{
	CLEANUP_BUFFER struct buffer plain = {0};
	if (decompress(data, size, FRAME_LIMIT, &plain, NULL) == 0 && plain.length > FRAME_LIMIT)
		abort();
}

static void read_texts(const uint8_t *data, size_t size)
{
	CLEANUP_FREE char *text = memory_alloc(size + 1);
	memcpy(text, data, size);
	struct point point;
	point_parse(text, &point, NULL);
	struct pace_limits limits;
	if (pace_parse(text, &limits, NULL) == 0 && (!limits.count || limits.count > PACE_LIMITS))
		abort();
	struct location_mount mount;
	if (location_parse_mount(text, &mount) && (mount.root[0] ? mount.root[0] != '/' : 0))
		abort();
	struct owners owners = {0};
	owners_parse(text, &owners, NULL);
	owners_free(&owners);
	struct rules *rules;
	if (rules_parse(text, &rules, NULL) == 0) {
		rules_include(rules, "some/path.name", false, NULL);
		rules_include(rules, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
			      true, NULL);
		rules_free(rules);
	}
}

static void read_manifest(const uint8_t *data, size_t size)
{
	static char path[64] = "/tmp/standin-fuzz-XXXXXX";
	static int fd = -1;
	if (fd < 0) {
		fd = mkstemp(path);
		unlink(path);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	if (fd < 0 || ftruncate(fd, 0) < 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
		return;
	struct manifest_reader *reader;
	const struct manifest_folder *folder;
	if (manifest_open(path, &reader, NULL) < 0)
		return;
	while (manifest_next(reader, &folder, NULL) > 0)
		;
	manifest_close(reader);
}

/* What a set says is used as names of files and as programs. */
static void read_set(const uint8_t *data, size_t size)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	const struct value *json;
	struct set set;
	if (json_parse(arena, (const char *)data, size, &json, NULL) < 0 || set_parse(arena, json, &set, NULL) < 0)
		return;
	if (!set_name_is_valid(set.name) || strchr(set.name, '/') || !set.peer.certificate || !set.peer.port)
		abort();
	for (size_t i = 0; i < set.source_count; i++)
		if (set.sources[i].path[0] != '/' || strstr(set.sources[i].path, "/../") ||
		    (set.sources[i].place && (set.sources[i].place[0] == '/' || strncmp(set.sources[i].place, "../", 3) == 0)))
			abort();
	if ((set.role == SET_TARGET && !set.store) || (set.store && set.store[0] != '/') ||
	    (set.quiesce && set.quiesce[0][0] != '/'))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const readers[])(const uint8_t *data, size_t size) = {
		read_records, read_frames, read_messages, read_texts, read_manifest, read_compressed, read_set};
	if (size)
		readers[data[0] % COUNT_OF(readers)](data + 1, size - 1);
	return 0;
}
