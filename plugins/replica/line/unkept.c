/*
 * unkept.c - a list of paths, looked up by path.
 */
#include "plugins/replica/line/unkept.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "plugins/replica/line/protocol.h"

static const char *const reasons[UNKEPT_REASONS] = {
	[UNKEPT_TOO_LONG] = "the target cannot keep it: its file system takes no name as long as that; rename it",
	[UNKEPT_CLASH] =
		"the target cannot keep it: to its file system another name in that folder is the same; rename one of them",
	[UNKEPT_REFUSED] = "the target cannot keep it: its file system refuses such a name; rename it",
};

const char *unkept_why(enum unkept_reason reason)
{
	return reasons[reason];
}

void unkept_free(struct unkept *unkept)
{
	for (size_t i = 0; i < unkept->count; i++)
		free(unkept->items[i].path);
	free(unkept->items);
	table_free(&unkept->by_path);
	*unkept = (struct unkept){0};
}

/* NULL: there is none. The table has indices, from 1: items move when there are more of them. */
static struct unkept_item *find(const struct unkept *unkept, const char *path)
{
	uintptr_t index = unkept->count ? (uintptr_t)table_get(&unkept->by_path, path) : 0;
	return index ? &unkept->items[index - 1] : NULL;
}

bool unkept_add(struct unkept *unkept, const char *path, enum unkept_reason reason)
{
	struct unkept_item *item = find(unkept, path);
	if (!item && unkept->count >= UNKEPT_LIMIT)
		return false;
	if (!item) {
		if (unkept->count == unkept->capacity) {
			unkept->capacity = unkept->capacity ? unkept->capacity * 2 : 16;
			unkept->items = memory_resize(unkept->items, unkept->capacity * sizeof(*unkept->items));
		}
		item = &unkept->items[unkept->count++];
		*item = (struct unkept_item){.path = memory_strdup(path)};
		table_put(&unkept->by_path, path, (const void *)(uintptr_t)unkept->count); /* NOLINT: an index */
	}
	unkept->live += !item->reason;
	item->reason = reason;
	return true;
}

static bool is_below(const char *path, const char *folder)
{
	size_t length = strlen(folder);
	return strncmp(path, folder, length) == 0 && (path[length] == '/' || !path[length]);
}

void unkept_forget(struct unkept *unkept, const char *path)
{
	for (size_t i = 0; unkept->live && i < unkept->count; i++) {
		struct unkept_item *item = &unkept->items[i];
		if (!item->reason || !is_below(item->path, path))
			continue;
		item->reason = UNKEPT_NOT;
		unkept->live--;
	}
}

void unkept_moved(struct unkept *unkept, const char *from, const char *to)
{
	for (size_t i = 0, count = unkept->count; unkept->live && i < count; i++) {
		if (!unkept->items[i].reason || !is_below(unkept->items[i].path, from))
			continue;
		CLEANUP_FREE char *path = memory_printf("%s%s", to, unkept->items[i].path + strlen(from));
		enum unkept_reason reason = unkept->items[i].reason;
		unkept->items[i].reason = UNKEPT_NOT;
		unkept->live--;
		unkept_add(unkept, path, reason);
	}
}

enum unkept_reason unkept_of(const struct unkept *unkept, const char *path)
{
	const struct unkept_item *item = find(unkept, path);
	return item ? item->reason : UNKEPT_NOT;
}

bool unkept_covers(const struct unkept *unkept, const char *path)
{
	if (!unkept->live)
		return false;
	CLEANUP_FREE char *part = memory_strdup(path);
	for (char *slash; !unkept_of(unkept, part); *slash = '\0')
		if (!(slash = strrchr(part, '/')))
			return false;
	return true;
}

/* --- frames --- */

int unkept_send(struct frame_writer *writer, const struct unkept *unkept, struct error *err)
{
	struct buffer *out = frame_begin(writer);
	for (size_t i = 0; unkept->live && i < unkept->count; i++) {
		const struct unkept_item *item = &unkept->items[i];
		if (!item->reason)
			continue;
		size_t length = strlen(item->path);
		wire_put_u8(out, (uint8_t)item->reason);
		wire_put_u16(out, (uint16_t)length);
		buffer_append(out, item->path, length);
		if (frame_length(writer) < FRAME_FILL)
			continue;
		if (frame_end(writer, FRAME_UNKEPT, err) < 0)
			return -1;
		out = frame_begin(writer);
	}
	if (frame_length(writer)) {
		if (frame_end(writer, FRAME_UNKEPT, err) < 0)
			return -1;
		frame_begin(writer);
	}
	return frame_end(writer, FRAME_UNKEPT, err);
}

static bool take_item(struct wire *wire, struct unkept *unkept)
{
	char path[ENTRY_PATH_LIMIT + 1];
	uint8_t reason = wire_u8(wire);
	uint16_t length = wire_u16(wire);
	const char *text = wire_bytes(wire, length);
	if (!text || !reason || reason >= UNKEPT_REASONS || !length || length > ENTRY_PATH_LIMIT ||
	    !path_is_valid(text, length))
		return false;
	memcpy(path, text, length);
	path[length] = '\0';
	return unkept_add(unkept, path, reason);
}

int parse_unkept(const struct frame *frame, struct unkept *unkept, struct error *err)
{
	struct wire wire = wire_of(frame->payload, frame->length);
	while (wire.at < wire.end)
		if (!take_item(&wire, unkept))
			return error_set(err, ERROR_CORRUPT, "a list of names that cannot be kept is malformed");
	return 0;
}

int unkept_receive(struct frame_reader *reader, struct unkept *ret_unkept, struct error *err)
{
	struct frame frame;
	do {
		if (expect_frame(reader, FRAME_UNKEPT, &frame, err) < 0 || parse_unkept(&frame, ret_unkept, err) < 0)
			return -1;
	} while (frame.length);
	return 0;
}
