/*
 * owners.c - a list of names with two numbers each.
 */
#include "plugins/replica/tree/owners.h"

#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "plugins/replica/format/wire.h"

#define ENTRY_BYTES 8  /* of an ACL: u16 tag, u16 permissions, u32 number; before them u32 version */
#define TAG_USER    2u /* of posix_acl_xattr.h */
#define TAG_GROUP   8u

/* --- the name service --- */

void owners_name(bool group, uint32_t number, char ret_name[ENTRY_NAME_LIMIT + 1])
{
	const struct passwd *user = group ? NULL : getpwuid(number);
	const struct group *all = group ? getgrgid(number) : NULL;
	const char *name = user ? user->pw_name : all ? all->gr_name : "";
	snprintf(ret_name, ENTRY_NAME_LIMIT + 1, "%s", strlen(name) <= ENTRY_NAME_LIMIT && !strchr(name, '/') ? name : "");
}

static bool number_of(bool group, const char *name, uint32_t *ret_number)
{
	const struct passwd *user = group ? NULL : getpwnam(name);
	const struct group *all = group ? getgrnam(name) : NULL;
	*ret_number = user ? user->pw_uid : all ? all->gr_gid : 0;
	return user || all;
}

/* --- the list --- */

void owners_free(struct owners *owners)
{
	for (size_t i = 0; i < owners->count; i++)
		free(owners->all[i].name);
	free(owners->all);
	table_free(&owners->by_number);
	table_free(&owners->by_here);
	*owners = (struct owners){0};
}

static const struct owner *find(const struct owners *owners, const struct table *table, bool group, uint32_t number)
{
	char key[16];
	snprintf(key, sizeof(key), "%c%" PRIu32, group ? 'g' : 'u', number);
	uintptr_t index = (uintptr_t)table_get(table, key);
	return index ? &owners->all[index - 1] : NULL;
}

static void put(struct owners *owners, struct table *table, bool group, uint32_t number)
{
	char key[16];
	snprintf(key, sizeof(key), "%c%" PRIu32, group ? 'g' : 'u', number);
	table_put(table, key, (const void *)(uintptr_t)owners->count); /* NOLINT: an index, from 1 */
}

bool owners_has(const struct owners *owners, bool group, uint32_t there)
{
	return owners->count && find(owners, &owners->by_number, group, there);
}

static void add(struct owners *owners, const struct owner *owner)
{
	if (owners->count == owners->capacity) {
		owners->capacity = owners->capacity ? owners->capacity * 2 : 64;
		owners->all = memory_resize(owners->all, owners->capacity * sizeof(*owners->all));
	}
	owners->all[owners->count++] = *owner;
	put(owners, &owners->by_number, owner->group, owner->there);
	const struct owner *taken = find(owners, &owners->by_here, owner->group, owner->here);
	if (!taken || !taken->known) /* of two, the one whose number it is */
		put(owners, &owners->by_here, owner->group, owner->here);
}

bool owners_tell(struct owners *owners, bool group, uint32_t there)
{
	const struct owner owner = {.group = group, .known = true, .there = there, .here = there, .name = memory_strdup("")};
	if (owners->count >= OWNERS_LIMIT) {
		free(owner.name);
		return false;
	}
	add(owners, &owner);
	return true;
}

bool owners_add(struct owners *owners, bool group, uint32_t there, const char *name)
{
	const struct owner *old = owners->count ? find(owners, &owners->by_number, group, there) : NULL;
	struct owner owner = {.group = group, .known = true, .there = there, .here = there};
	if (old && strcmp(old->name, name) == 0)
		return true;
	if (owners->count >= OWNERS_LIMIT)
		return false;
	if (*name && !number_of(group, name, &owner.here)) {
		owner.known = false;
		owner.here = there;
	}
	owner.name = memory_strdup(name);
	owners->grown = true;
	add(owners, &owner);
	return true;
}

/* --- numbers --- */

static uint32_t to_here(const struct owners *owners, bool group, uint32_t there)
{
	const struct owner *owner = find(owners, &owners->by_number, group, there);
	return owner ? owner->here : there;
}

static uint32_t to_there(const struct owners *owners, bool group, uint32_t here)
{
	const struct owner *owner = find(owners, &owners->by_here, group, here);
	return owner ? owner->there : OWNERS_UNKNOWN;
}

/* The next of the ACLs' entries that has a number; NULL: that was the last. The attributes are well-formed. */
struct acl_walk {
	struct wire attributes;
	const uint8_t *at, *end;
};

static const uint8_t *next_entry(struct acl_walk *walk, bool *ret_group)
{
	static const char acl[] = "system.posix_acl_";
	for (;;) {
		for (; walk->at && walk->end - walk->at >= ENTRY_BYTES; walk->at += ENTRY_BYTES) {
			unsigned tag = walk->at[0] | (unsigned)walk->at[1] << 8;
			if (tag != TAG_USER && tag != TAG_GROUP)
				continue;
			*ret_group = tag == TAG_GROUP;
			const uint8_t *entry = walk->at;
			walk->at += ENTRY_BYTES;
			return entry;
		}
		if (walk->attributes.at >= walk->attributes.end)
			return NULL;
		uint16_t name_length = wire_u16(&walk->attributes);
		const char *name = wire_bytes(&walk->attributes, name_length);
		uint32_t length = wire_u32(&walk->attributes);
		const uint8_t *value = wire_bytes(&walk->attributes, length);
		if (!name || !value)
			return NULL;
		bool is_acl = name_length >= sizeof(acl) - 1 && memcmp(name, acl, sizeof(acl) - 1) == 0 && length >= 4;
		walk->at = is_acl ? value + 4 : NULL;
		walk->end = value + length;
	}
}

static uint32_t number_at(const uint8_t *entry)
{
	uint32_t number;
	memcpy(&number, entry + 4, sizeof(number));
	return le32toh(number);
}

static void map_attributes(const struct owners *owners, uint8_t *attributes, size_t length,
			   uint32_t (*map)(const struct owners *owners, bool group, uint32_t number))
{
	struct acl_walk walk = {.attributes = wire_of(attributes, length)};
	const uint8_t *entry;
	bool group;
	while ((entry = next_entry(&walk, &group))) {
		uint32_t number = htole32(map(owners, group, number_at(entry)));
		memcpy(attributes + (entry - attributes) + 4, &number, sizeof(number));
	}
}

void owners_to_here(const struct owners *owners, struct meta *meta, uint8_t *attributes, size_t length)
{
	meta->uid = to_here(owners, false, meta->uid);
	meta->gid = to_here(owners, true, meta->gid);
	map_attributes(owners, attributes, length, to_here);
}

void owners_to_there(const struct owners *owners, struct meta *meta)
{
	meta->uid = to_there(owners, false, meta->uid);
	meta->gid = to_there(owners, true, meta->gid);
}

void owners_attributes_to_there(const struct owners *owners, uint8_t *attributes, size_t length)
{
	map_attributes(owners, attributes, length, to_there);
}

int owners_each(const struct meta *meta, const uint8_t *attributes, size_t length,
		int (*each)(void *argument, bool group, uint32_t number, struct error *err), void *argument, struct error *err)
{
	struct acl_walk walk = {.attributes = wire_of(attributes, length)};
	const uint8_t *entry;
	bool group;
	if (each(argument, false, meta->uid, err) < 0 || each(argument, true, meta->gid, err) < 0)
		return -1;
	while ((entry = next_entry(&walk, &group)))
		if (each(argument, group, number_at(entry), err) < 0)
			return -1;
	return 0;
}

/* --- the file --- */

static bool parse_line(const char *line, size_t length, struct owner *ret_owner)
{
	char kind[6];
	int end = 0;
	if (sscanf(line, "%5[a-z] %" SCNu32 " %" SCNu32 "%n", kind, &ret_owner->there, &ret_owner->here, &end) != 3 || !end ||
	    line[end++] != ' ' || (size_t)end > length || (strcmp(kind, "user") != 0 && strcmp(kind, "group") != 0))
		return false;
	ret_owner->group = *kind == 'g';
	ret_owner->known = line[end] != '?';
	end += !ret_owner->known;
	ret_owner->name = memory_printf("%.*s", (int)(length - (size_t)end), line + end);
	return true;
}

int owners_parse(const char *text, struct owners *ret_owners, struct error *err)
{
	static const char first[] = "standin-owners 1\n";
	bool good = strncmp(text, first, sizeof(first) - 1) == 0;
	for (const char *at = text + (good ? sizeof(first) - 1 : 0); good && *at;) {
		size_t length = strcspn(at, "\n");
		struct owner owner = {0};
		good = at[length] && ret_owners->count < OWNERS_LIMIT && parse_line(at, length, &owner);
		if (good)
			add(ret_owners, &owner);
		at += length + 1;
	}
	return good ? 0 : error_set(err, ERROR_CORRUPT, "it is no list of owners of version 1");
}

/* What the name service says today. */
static void ask_again(struct owners *owners)
{
	struct owners now = {0};
	for (size_t i = 0; i < owners->count; i++) {
		const struct owner *owner = &owners->all[i];
		if (find(owners, &owners->by_number, owner->group, owner->there) != owner)
			continue; /* another one has the number at the source since */
		owners_add(&now, owner->group, owner->there, owner->name);
		now.changed |= now.all[now.count - 1].here != owner->here;
	}
	now.grown = now.changed;
	owners_free(owners);
	*owners = now;
}

int owners_read(const char *path, struct owners *ret_owners, bool *ret_there, struct error *err)
{
	CLEANUP_FREE char *text = NULL;
	CLEANUP_ERROR struct error why = ERROR_NONE;
	size_t length;
	*ret_there = false;
	if (file_read(path, OWNERS_FILE_LIMIT, &text, &length, &why) < 0) {
		if (why.code == ERROR_NOT_FOUND)
			return 0;
		error_move(err, &why);
		return -1;
	}
	*ret_there = true;
	if (owners_parse(text, ret_owners, err) < 0)
		return error_wrap(err, "%s", path);
	ask_again(ret_owners);
	return 0;
}

int owners_write(const char *path, const struct owners *owners, struct error *err)
{
	CLEANUP_BUFFER struct buffer text = {0};
	buffer_add(&text, "standin-owners 1\n");
	for (size_t i = 0; i < owners->count; i++) {
		const struct owner *owner = &owners->all[i];
		buffer_printf(&text, "%s %" PRIu32 " %" PRIu32 " %s%s\n", owner->group ? "group" : "user", owner->there,
			      owner->here, owner->known ? "" : "?", owner->name);
	}
	return file_write_durable(path, text.data, text.length, 0600, err);
}
