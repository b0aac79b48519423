/*
 * permission.c - walking an access control list as a domain controller does: in order, the first entry that speaks of a right
 * decides.
 *
 * A self-relative descriptor: [revision, 0, control (2), owner, group, sacl, dacl (4 each: offsets)]. A list: [revision, 0,
 * size (2), count (2), 0 (2)]. An entry: [type, flags, size (2), mask (4)], of an object type also [present (4), type (16),
 * inherited type (16)]; then the SID. All little endian; every offset is checked, for it is somebody else's data.
 */
#include "plugins/ad/permission.h"

#include <string.h>

#include "plugins/ad/sid.h"

enum {
	DESCRIPTOR_HEAD = 20,
	LIST_HEAD = 8,
	ENTRY_HEAD = 8,

	GENERIC_WRITE = 0x40000000,
	GENERIC_ALL = 0x10000000,

	ALLOW = 0,
	DENY = 1,
	ALLOW_OBJECT = 5,
	DENY_OBJECT = 6,

	FOR_CONTAINERS = 0x2, /* flags of an entry */
	INHERIT_ONLY = 0x8,

	HAS_TYPE = 1,
	HAS_INHERITED_TYPE = 2,
};

const unsigned char class_computer[GUID_SIZE] = {0x86, 0x7a, 0x96, 0xbf, 0xe6, 0x0d, 0xd0, 0x11,
						 0xa2, 0x85, 0x00, 0xaa, 0x00, 0x30, 0x49, 0xe2};

struct bytes {
	const unsigned char *data;
	size_t length;
};

static uint32_t number(struct bytes bytes, size_t at, size_t size)
{
	uint32_t value = 0;
	for (size_t i = size; i-- > 0;)
		value = value << 8 | (at + i < bytes.length ? bytes.data[at + i] : 0);
	return value;
}

static struct bytes part(struct bytes bytes, size_t from, size_t length)
{
	if (from > bytes.length || length > bytes.length - from)
		return (struct bytes){0};
	return (struct bytes){bytes.data + from, length};
}

static bool in_token(struct berval *const *token, struct bytes rest)
{
	size_t length = rest.data ? sid_length(rest.data, rest.length) : 0;
	for (size_t i = 0; length && token && token[i]; i++)
		if (token[i]->bv_len == length && memcmp(token[i]->bv_val, rest.data, length) == 0)
			return true;
	return false;
}

/* Does this entry speak of what is asked, to whoever asks? */
static bool speaks(struct bytes entry, struct berval *const *token, const struct question *question)
{
	uint32_t kind = entry.data[0], flags = entry.data[1], mask = number(entry, 4, 4), present = 0;
	size_t at = 8;
	if (kind != ALLOW && kind != DENY && kind != ALLOW_OBJECT && kind != DENY_OBJECT)
		return false;
	if (question->of_children ? !(flags & FOR_CONTAINERS) : (flags & INHERIT_ONLY) != 0)
		return false;
	if (mask & GENERIC_ALL)
		mask = ~0u;
	if (mask & GENERIC_WRITE)
		mask |= RIGHT_WRITE_PROPERTY;
	if (!(mask & question->right))
		return false;
	if (kind == ALLOW_OBJECT || kind == DENY_OBJECT) {
		present = number(entry, at, 4);
		at += 4;
	}
	if (present & HAS_TYPE) {
		struct bytes type = part(entry, at, GUID_SIZE);
		if (!question->type || !type.data || memcmp(type.data, question->type, GUID_SIZE) != 0)
			return false;
		at += GUID_SIZE;
	}
	if (present & HAS_INHERITED_TYPE) {
		struct bytes heir = part(entry, at, GUID_SIZE);
		if (question->of_children && (!heir.data || memcmp(heir.data, class_computer, GUID_SIZE) != 0))
			return false;
		at += GUID_SIZE;
	}
	return in_token(token, part(entry, at, at < entry.length ? entry.length - at : 0));
}

bool permission_granted(const unsigned char *data, size_t length, struct berval *const *token, const struct question *question)
{
	struct bytes descriptor = {data, length};
	if (length < DESCRIPTOR_HEAD)
		return false;
	size_t list_at = number(descriptor, 16, 4), at = LIST_HEAD;
	if (!list_at)
		return true; /* none at all: everybody may */
	struct bytes list = part(descriptor, list_at, number(descriptor, list_at + 2, 2));
	uint32_t count = number(list, 4, 2);
	for (uint32_t i = 0; list.data && i < count; i++) {
		size_t size = number(list, at + 2, 2);
		struct bytes entry = part(list, at, size);
		if (!entry.data || size < ENTRY_HEAD)
			return false;
		if (speaks(entry, token, question))
			return entry.data[0] == ALLOW || entry.data[0] == ALLOW_OBJECT;
		at += size;
	}
	return false;
}
