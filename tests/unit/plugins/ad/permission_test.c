/*
 * permission_test.c - security descriptors from bytes: what they grant, in which order, and hostile ones.
 *
 * They are built here by what [MS-DTYP] 2.4.4 and 2.4.6 say, not by the code under test; one is a real controller's. What that
 * controller then does is tests/lab/domain_faults.bats'.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/buffer.h"
#include "engine/base/memory.h"
#include "plugins/ad/permission.h"

static unsigned char user[] = {1, 1, 0, 0, 0, 0, 0, 5, 100, 0, 0, 0}, group[] = {1, 1, 0, 0, 0, 0, 0, 5, 200, 0, 0, 0},
		     stranger[] = {1, 1, 0, 0, 0, 0, 0, 5, 44, 1, 0, 0};
static struct berval of_user = {sizeof(user), (char *)user}, of_group = {sizeof(group), (char *)group};
static struct berval *token[] = {&of_user, &of_group, NULL};

static const unsigned char other_class[GUID_SIZE] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

enum { ALLOW, DENY, ALLOW_OBJECT = 5, DENY_OBJECT = 6 };
enum { CONTAINERS = 2, INHERIT_ONLY = 8, INHERITED = 16 };

struct entry {
	int type, flags;
	uint32_t mask;
	const unsigned char *sid;	     /* 12 bytes */
	const unsigned char *object, *heirs; /* of an object type */
};

static void add_number(struct buffer *out, uint32_t number, int size)
{
	for (int i = 0; i < size; i++)
		buffer_add_char(out, (char)(number >> (8 * i)));
}

static void add_entry(struct buffer *out, const struct entry *entry)
{
	bool of_object = entry->type >= ALLOW_OBJECT;
	uint32_t size = 8 + 12 + (of_object ? 4u : 0) + (entry->object ? 16u : 0) + (entry->heirs ? 16u : 0);
	add_number(out, (uint32_t)entry->type, 1);
	add_number(out, (uint32_t)entry->flags, 1);
	add_number(out, size, 2);
	add_number(out, entry->mask, 4);
	if (of_object)
		add_number(out, (entry->object ? 1u : 0) | (entry->heirs ? 2u : 0), 4);
	if (entry->object)
		buffer_append(out, entry->object, GUID_SIZE);
	if (entry->heirs)
		buffer_append(out, entry->heirs, GUID_SIZE);
	buffer_append(out, entry->sid, 12);
}

static void build(struct buffer *out, const struct entry *entries, size_t count)
{
	CLEANUP_BUFFER struct buffer list = {0};
	for (size_t i = 0; i < count; i++)
		add_entry(&list, &entries[i]);
	add_number(out, 1, 2);
	add_number(out, 0x8004, 2);
	for (int i = 0; i < 3; i++)
		add_number(out, 0, 4);
	add_number(out, 20, 4);
	add_number(out, 4, 2);
	add_number(out, (uint32_t)(8 + list.length), 2);
	add_number(out, (uint32_t)count, 2);
	add_number(out, 0, 2);
	buffer_append(out, buffer_text(&list), list.length);
}

/* In memory that ends where they end: a sanitizer sees a byte too far. */
static bool granted_by(const char *bytes, size_t length, const struct question *question)
{
	CLEANUP_FREE unsigned char *copy = malloc(length ? length : 1);
	assert_non_null(copy);
	memcpy(copy, bytes, length);
	return permission_granted(copy, length, token, question);
}

static bool granted(const struct entry *entries, size_t count, const struct question *question)
{
	CLEANUP_BUFFER struct buffer descriptor = {0};
	build(&descriptor, entries, count);
	return granted_by(descriptor.data, descriptor.length, question);
}

static const struct question to_delete = {RIGHT_DELETE, NULL, false}, to_add = {RIGHT_CREATE_CHILD, class_computer, false},
			     child = {RIGHT_DELETE, NULL, true};

static const struct {
	const char *what;
	struct entry entries[2];
	const struct question *question;
	bool granted;
} cases[] = {
	{"allowed to the user", {{ALLOW, 0, RIGHT_DELETE, user, 0, 0}}, &to_delete, true},
	{"allowed to a group of the user's", {{ALLOW, 0, RIGHT_DELETE, group, 0, 0}}, &to_delete, true},
	{"allowed to another", {{ALLOW, 0, RIGHT_DELETE, stranger, 0, 0}}, &to_delete, false},
	{"another right", {{ALLOW, 0, RIGHT_CREATE_CHILD, user, 0, 0}}, &to_delete, false},
	{"all rights", {{ALLOW, 0, 0x10000000, user, 0, 0}}, &to_delete, true},
	{"writing in general", {{ALLOW, 0, 0x40000000, user, 0, 0}}, &to_delete, false},
	{"denied first", {{DENY, 0, RIGHT_DELETE, group, 0, 0}, {ALLOW, 0, RIGHT_DELETE, user, 0, 0}}, &to_delete, false},
	{"allowed first", {{ALLOW, 0, RIGHT_DELETE, user, 0, 0}, {DENY, 0, RIGHT_DELETE, group, 0, 0}}, &to_delete, true},
	{"denied to another",
	 {{DENY, 0, RIGHT_DELETE, stranger, 0, 0}, {ALLOW, 0, RIGHT_DELETE, user, 0, 0}},
	 &to_delete,
	 true},
	{"only for what is beneath", {{ALLOW, INHERIT_ONLY | CONTAINERS, RIGHT_DELETE, user, 0, 0}}, &to_delete, false},
	{"beneath", {{ALLOW, INHERIT_ONLY | CONTAINERS, RIGHT_DELETE, user, 0, 0}}, &child, true},
	{"not inherited", {{ALLOW, 0, RIGHT_DELETE, user, 0, 0}}, &child, false},
	{"inherited by computers", {{ALLOW_OBJECT, CONTAINERS, RIGHT_DELETE, user, 0, class_computer}}, &child, true},
	{"inherited by others", {{ALLOW_OBJECT, CONTAINERS, RIGHT_DELETE, user, 0, other_class}}, &child, false},
	{"computers may be made", {{ALLOW_OBJECT, 0, RIGHT_CREATE_CHILD, user, class_computer, 0}}, &to_add, true},
	{"others may be made", {{ALLOW_OBJECT, 0, RIGHT_CREATE_CHILD, user, other_class, 0}}, &to_add, false},
	{"whatever may be made", {{ALLOW_OBJECT, 0, RIGHT_CREATE_CHILD, user, 0, 0}}, &to_add, true},
	{"one attribute is not the object", {{ALLOW_OBJECT, 0, RIGHT_DELETE, user, other_class, 0}}, &to_delete, false},
	{"computers denied, all allowed",
	 {{DENY_OBJECT, 0, RIGHT_CREATE_CHILD, group, class_computer, 0}, {ALLOW, 0, RIGHT_CREATE_CHILD, user, 0, 0}},
	 &to_add,
	 false},
	{"an audit entry says nothing", {{2, 0, RIGHT_DELETE, user, 0, 0}}, &to_delete, false},
};

static void the_first_that_speaks_of_it_decides(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		if (granted(cases[i].entries, cases[i].entries[1].sid ? 2 : 1, cases[i].question) != cases[i].granted)
			fail_msg("%s: not as expected (%d)", cases[i].what, cases[i].granted);
	}
}

/* (A;;CCDC;;;AU)(OA;CIIO;SD;;bf967a86-0de6-11d0-a285-00aa003049e2;S-1-5-100), as Samba 4.17 writes it. */
static void a_real_one(void **state)
{
	(void)state;
	static const unsigned char real[] = {
		0x01, 0x00, 0x04, 0x80, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x14, 0x00,
		0x00, 0x00, 0x04, 0x00, 0x44, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x14, 0x00, 0x03, 0x00, 0x00, 0x00,
		0x01, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x05, 0x0b, 0x00, 0x00, 0x00, 0x05, 0x0a, 0x28, 0x00, 0x00, 0x00,
		0x01, 0x00, 0x02, 0x00, 0x00, 0x00, 0x86, 0x7a, 0x96, 0xbf, 0xe6, 0x0d, 0xd0, 0x11, 0xa2, 0x85, 0x00, 0xaa,
		0x00, 0x30, 0x49, 0xe2, 0x01, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x05, 0x64, 0x00, 0x00, 0x00};
	assert_true(granted_by((const char *)real, sizeof(real), &child));
	assert_false(granted_by((const char *)real, sizeof(real), &to_delete));
	assert_false(granted_by((const char *)real, sizeof(real), &to_add)); /* AU is not in the token */
}

static void no_list_at_all_lets_everybody(void **state)
{
	(void)state;
	static const char none[20] = {1, 0, 4, (char)0x80}, empty[28] = {1, 0, 4, (char)0x80, [16] = 20, [20] = 4, 0, 8};
	assert_true(granted_by(none, sizeof(none), &to_delete));
	assert_false(granted_by(empty, sizeof(empty), &to_delete));
}

/* Cut anywhere, the right is never granted: what cannot be read is no permission. */
static void cut_anywhere_it_grants_nothing(void **state)
{
	(void)state;
	static const struct entry entries[] = {{DENY_OBJECT, 0, RIGHT_CREATE_CHILD, stranger, class_computer, class_computer},
					       {ALLOW_OBJECT, 0, RIGHT_CREATE_CHILD, user, class_computer, other_class}};
	CLEANUP_BUFFER struct buffer descriptor = {0};
	build(&descriptor, entries, COUNT_OF(entries));
	assert_true(granted_by(descriptor.data, descriptor.length, &to_add));
	for (size_t length = 0; length < descriptor.length; length++)
		assert_false(granted_by(descriptor.data, length, &to_add));
}

/* Every byte with every value: nothing is read beyond the end (the sanitizer's word), nothing runs for ever. */
static void any_byte_changed(void **state)
{
	(void)state;
	static const struct entry entries[] = {
		{DENY_OBJECT, CONTAINERS, RIGHT_DELETE, stranger, class_computer, class_computer},
		{ALLOW, CONTAINERS, RIGHT_DELETE, user, 0, 0}};
	CLEANUP_BUFFER struct buffer descriptor = {0};
	build(&descriptor, entries, COUNT_OF(entries));
	size_t grants = 0;
	for (size_t at = 0; at < descriptor.length; at++) {
		char kept = descriptor.data[at];
		for (int value = 0; value < 256; value++) {
			descriptor.data[at] = (char)value;
			grants += granted_by(descriptor.data, descriptor.length, &child);
		}
		descriptor.data[at] = kept;
	}
	assert_in_range(grants, 1, descriptor.length * 256 - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_that_speaks_of_it_decides),
		cmocka_unit_test(a_real_one),
		cmocka_unit_test(no_list_at_all_lets_everybody),
		cmocka_unit_test(cut_anywhere_it_grants_nothing),
		cmocka_unit_test(any_byte_changed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
