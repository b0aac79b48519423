/*
 * rights.c - walking access control lists as a domain controller does: in order, the first entry that speaks of a right
 * decides.
 *
 * A self-relative descriptor: [revision, 0, control (2), owner, group, sacl, dacl (4 each: offsets)]. A list: [revision, 0,
 * size (2), count (2), 0 (2)]. An entry: [type, flags, size (2), mask (4)], of an object type also [present (4), type (16),
 * inherited type (16)]; then the SID. All little endian; every offset is checked, for it is somebody else's data.
 */
#include "plugins/ad/rights.h"

#include <stdint.h>
#include <string.h>

#include "engine/base/memory.h"
#include "plugins/ad/sid.h"

#define SD_FLAGS "1.2.840.113556.1.4.801"

enum {
	CREATE_CHILD = 0x1,
	DELETE_CHILD = 0x2,
	WRITE_PROPERTY = 0x20,
	DELETE = 0x10000,
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
	GUID_SIZE = 16,
};

/* As they stand in descriptors. */
static const unsigned char class_computer[GUID_SIZE] = {0x86, 0x7a, 0x96, 0xbf, 0xe6, 0x0d, 0xd0, 0x11,
							0xa2, 0x85, 0x00, 0xaa, 0x00, 0x30, 0x49, 0xe2};
static const unsigned char attribute_account_name[GUID_SIZE] = {0xd0, 0xbf, 0x0a, 0x3e, 0x6a, 0x12, 0xd0, 0x11,
								0xa0, 0x60, 0x00, 0xaa, 0x00, 0x6c, 0x33, 0xed};

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

static bool in_token(struct berval **token, struct bytes rest)
{
	size_t length = rest.data ? sid_length(rest.data, rest.length) : 0;
	for (size_t i = 0; length && token && token[i]; i++)
		if (token[i]->bv_len == length && memcmp(token[i]->bv_val, rest.data, length) == 0)
			return true;
	return false;
}

struct question {
	uint32_t right;
	const unsigned char *type; /* the class or attribute that it is about */
	bool of_children;	   /* as a computer beneath will inherit it */
};

/* Does this entry speak of what is asked, to whoever asks? */
static bool speaks(struct bytes entry, struct berval **token, const struct question *question)
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
		mask |= WRITE_PROPERTY;
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

static bool granted(struct bytes descriptor, struct berval **token, struct question question)
{
	size_t list_at = number(descriptor, 16, 4), at = 8;
	if (!list_at)
		return true; /* none at all: everybody may */
	struct bytes list = part(descriptor, list_at, number(descriptor, list_at + 2, 2));
	uint32_t count = number(list, 4, 2);
	for (uint32_t i = 0; list.data && i < count; i++) {
		size_t size = number(list, at + 2, 2);
		struct bytes entry = part(list, at, size);
		if (!entry.data || size < 8)
			return false;
		if (speaks(entry, token, &question))
			return entry.data[0] == ALLOW || entry.data[0] == ALLOW_OBJECT;
		at += size;
	}
	return false;
}

/* --- asking --- */

/* Values of one attribute of one object. Without the part of a descriptor that only auditors may read. */
static int read_values(struct directory *directory, const char *dn, const char *attribute, struct berval ***ret_values,
		       struct error *err)
{
	char which[] = {0x30, 0x03, 0x02, 0x01, 0x07}; /* SEQUENCE { INTEGER owner | group | dacl } */
	LDAPControl control = {.ldctl_oid = (char *)SD_FLAGS, .ldctl_value = {sizeof(which), which}, .ldctl_iscritical = 0};
	LDAPControl *controls[] = {&control, NULL};
	struct timeval time = {.tv_sec = DIRECTORY_TIME};
	char *attributes[] = {(char *)attribute, NULL};
	LDAPMessage *found = NULL;
	int result = ldap_search_ext_s(directory->ldap, dn, LDAP_SCOPE_BASE, "(objectClass=*)", attributes, 0,
				       *dn ? controls : NULL, NULL, &time, 0, &found);
	LDAPMessage *entry = result == LDAP_SUCCESS ? ldap_first_entry(directory->ldap, found) : NULL;
	*ret_values = entry ? ldap_get_values_len(directory->ldap, entry, attribute) : NULL;
	ldap_msgfree(found);
	if (result != LDAP_SUCCESS)
		return directory_error(directory, result, err, "cannot read %s", *dn ? dn : "who this user is");
	return *ret_values ? 0
			   : error_set(err, ERROR_REFUSED, "%s of %s may not be read by this user", attribute,
				       *dn ? dn : "the root");
}

static int ask(struct directory *directory, const char *dn, struct berval **token, const struct question *questions,
	       bool *ret_answers, size_t count, struct error *err)
{
	struct berval **values;
	if (read_values(directory, dn, "nTSecurityDescriptor", &values, err) < 0)
		return -1;
	struct bytes descriptor = {(const unsigned char *)values[0]->bv_val, values[0]->bv_len};
	for (size_t i = 0; i < count; i++)
		ret_answers[i] = granted(descriptor, token, questions[i]);
	ldap_value_free_len(values);
	return 0;
}

int rights_read(struct directory *directory, const char *container, const char *account, struct rights *ret_rights,
		struct error *err)
{
	static const struct question of_container[] = {{CREATE_CHILD, class_computer, false},
						       {DELETE_CHILD, class_computer, false},
						       {DELETE, NULL, true},
						       {WRITE_PROPERTY, attribute_account_name, true}};
	static const struct question of_account[] = {{DELETE, NULL, false}, {WRITE_PROPERTY, attribute_account_name, false}};
	bool container_says[COUNT_OF(of_container)], account_says[COUNT_OF(of_account)];
	struct berval **token;
	if (read_values(directory, "", "tokenGroups", &token, err) < 0)
		return -1;
	int outcome = ask(directory, container, token, of_container, container_says, COUNT_OF(of_container), err);
	if (outcome == 0 && account)
		outcome = ask(directory, account, token, of_account, account_says, COUNT_OF(of_account), err);
	ldap_value_free_len(token);
	if (outcome < 0)
		return -1;
	ret_rights->add = container_says[0];
	ret_rights->delete = container_says[1] || (account ? account_says[0] : container_says[2]);
	ret_rights->modify = account ? account_says[1] : container_says[3];
	return 0;
}
