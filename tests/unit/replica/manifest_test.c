/*
 * manifest_test.c - manifests and points: what is written is read again, and what is bent is noticed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "plugins/replica/tree/manifest.h"
#include "plugins/replica/target/point.h"
#include "plugins/replica/tree/walk.h"

static const char path[] = "/tmp/standin-manifest-test";
static const struct identity point = {{1, 2, 3}};

static void write_manifest(unsigned folders, unsigned entries)
{
	struct manifest_writer *writer;
	struct entry self = {.name = "", .meta = {.mode = S_IFDIR | 0755}, .ino = 5};
	assert_int_equal(manifest_create(path, &point, 42, &writer, NULL), 0);
	for (unsigned f = 0; f < folders; f++) {
		char name[32] = "";
		if (f)
			snprintf(name, sizeof(name), "folder/%06u", f);
		manifest_folder(writer, name, &self);
		for (unsigned e = 0; e < entries; e++) {
			snprintf(name, sizeof(name), "%06u", e);
			struct entry entry = {.name = name,
					      .ino = f * 1000 + e,
					      .nlink = 1,
					      .ctime = {-7, 8},
					      .meta = {.mode = S_IFREG | 0644, .size = e}};
			manifest_entry(writer, &entry);
		}
	}
	assert_int_equal(manifest_finish(writer, false, NULL), 0);
	manifest_free(writer);
}

/* Entries read, or -1; each is looked at if they should be right. */
static int read_manifest(bool right)
{
	struct manifest_reader *reader;
	const struct manifest_folder *folder;
	int got, count = 0;
	if (manifest_open(path, &reader, NULL) < 0)
		return -1;
	while ((got = manifest_next(reader, &folder, NULL)) > 0) {
		count++;
		for (size_t i = 0; i < folder->count; i++, count++) {
			if (!right)
				continue;
			assert_int_equal(strlen(folder->entries[i].name), 6);
			assert_int_equal(folder->entries[i].ctime.seconds, -7);
			assert_int_equal(folder->entries[i].meta.size, i);
		}
	}
	manifest_close(reader);
	return got < 0 ? -1 : count;
}

static void test_manifest_comes_back(void **state)
{
	struct manifest_reader *reader;
	(void)state;
	write_manifest(1, 0);
	assert_int_equal(read_manifest(true), 1);
	write_manifest(50, 100); /* several windows */
	assert_int_equal(read_manifest(true), 50 * 101);
	assert_int_equal(manifest_open(path, &reader, NULL), 0);
	assert_true(identity_equal(manifest_point(reader), &point));
	assert_true(manifest_seed(reader) == 42);
	manifest_close(reader);
	remove(path);
}

static void test_a_bent_manifest_is_noticed(void **state)
{
	char *bytes;
	size_t length;
	(void)state;
	write_manifest(2, 2);
	assert_int_equal(file_read(path, FILE_NO_LIMIT, &bytes, &length, NULL), 0);
	for (size_t at = 24 + 8; at <= length; at++) { /* behind the point, which is another one then */
		FILE *file = fopen(path, "w");
		if (at < length)
			bytes[at] ^= 1;
		fwrite(bytes, 1, at < length ? length : length - 1, file); /* at last: cut */
		fclose(file);
		if (read_manifest(false) != -1)
			fail_msg("a flipped bit at %zu of %zu is not noticed", at, length);
		if (at < length)
			bytes[at] ^= 1;
	}
	free(bytes);
	remove(path);
}

static void test_order_of_walks(void **state)
{
	static const char *const sorted[] = {"",      "a",  "a/\x01", "a/b", "a/b/c", "a/b-",
					     "a\x01", "a-", "a-/x",   "aa",  "b",     "\xff"};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(sorted); i++)
		for (size_t j = 0; j < COUNT_OF(sorted); j++) {
			int order = walk_order(sorted[i], sorted[j]);
			if ((order < 0) != (i < j) || (order == 0) != (i == j))
				fail_msg("%s and %s: %d", sorted[i], sorted[j], order);
		}
}

static void test_point_comes_back(void **state)
{
	CLEANUP_BUFFER struct buffer text = {0}, again = {0};
	struct point back, in = {.set = "mail/a",
				 .source = {{7}},
				 .term = 3,
				 .promoted = true,
				 .generation = UINT64_MAX,
				 .point = point,
				 .tree = 2,
				 .seed = 99,
				 .time = 1700000000000000001,
				 .consistent = true,
				 .unstable = 1,
				 .skipped = 2,
				 .conflicts = 3,
				 .promoted_at = 1700000012345678901};
	(void)state;
	point_format(&text, &in);
	assert_int_equal(point_parse(text.data, &back, NULL), 0);
	point_format(&again, &back);
	assert_string_equal(text.data, again.data);
	const size_t older = (size_t)(strstr(text.data, "promoted-at") - text.data); /* what an older agent has left */
	for (size_t at = 0; at < text.length; at++) {				     /* cut anywhere */
		char *cut = strndup(text.data, at);
		if (at == older) {
			assert_int_equal(point_parse(cut, &back, NULL), 0);
			assert_true(point_loss(&back) == -1);
			free(cut);
			continue;
		}
		assert_int_equal(point_parse(cut, &back, NULL), -1);
		free(cut);
	}
	buffer_add(&text, "more\n");
	assert_int_equal(point_parse(text.data, &back, NULL), -1);
}

static void test_what_a_promote_loses(void **state)
{
	struct point of = {.promoted = true, .time = 1000000000, .promoted_at = 3500000000};
	(void)state;
	assert_true(point_loss(&of) == 2.5);
	of.promoted_at = 999; /* the target's clock is behind */
	assert_true(point_loss(&of) == 0);
	of.promoted = false;
	assert_true(point_loss(&of) == -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_manifest_comes_back),  cmocka_unit_test(test_a_bent_manifest_is_noticed),
		cmocka_unit_test(test_order_of_walks),	     cmocka_unit_test(test_point_comes_back),
		cmocka_unit_test(test_what_a_promote_loses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
