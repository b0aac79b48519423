/*
 * set_test.c - set.json: what is read from it, and what each field that is wrong is told.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/memory.h"
#include "plugins/replica/agent/set.h"

#define PEER	     "\"peer\": {\"address\": \"10.0.0.2\", \"port\": 7411, \"certificate\": \"PEM\"}"
#define LEAST_SOURCE "\"set\": \"mail\", \"role\": \"source\", \"term\": 1, \"sources\": [{\"path\": \"/srv\"}], " PEER
#define LEAST_TARGET "\"set\": \"mail\", \"role\": \"target\", \"term\": 1, \"store\": \"/replica\", " PEER

static int parse(struct arena *arena, const char *text, struct set *ret_set, struct error *err)
{
	const struct value *json;
	assert_int_equal(json_parse(arena, text, strlen(text), &json, err), 0);
	return set_parse(arena, json, ret_set, err);
}

static void test_all_fields(void **state)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct set set;
	(void)state;
	int result = parse(
		arena,
		"{\"set\": \"mail-2\", \"role\": \"source\", \"term\": 7, \"sources\": [{\"path\": \"/srv/mail\", \"to\": "
		"\"a/b\"}, "
		"{\"path\": \"/etc\", \"to\": \"etc\"}], \"rules\": [\"- *.tmp\", \"+ /x/\"], "
		"\"orphans\": {\"mode\": \"move\", \"to\": \"/orphans\", \"older\": 60}, "
		"\"consistency\": {\"mode\": \"commands\", \"quiesce\": [\"/bin/sync\", \"-f\"], \"thaw\": [\"/bin/true\"]}, "
		"\"schedule\": {\"every\": 300}, \"limits\": [{\"from\": \"08:30\", \"to\": \"24:00\", \"rate\": 2048}], "
		"\"compression\": \"zstd\", \"owners\": \"name\", \"keep\": 3, \"store\": \"/replica/mail\", \"device\": null, "
		"\"mounted\": "
		"true, " PEER "}",
		&set, &err);
	assert_string_equal(error_text(&err), "");
	assert_int_equal(result, 0);
	assert_string_equal(set.name, "mail-2");
	assert_int_equal(set.role, SET_SOURCE);
	assert_int_equal(set.term, 7);
	assert_int_equal(set.source_count, 2);
	assert_string_equal(set.sources[0].path, "/srv/mail");
	assert_string_equal(set.sources[0].place, "a/b");
	assert_string_equal(set.sources[1].place, "etc");
	assert_string_equal(set.rules, "- *.tmp\n+ /x/\n");
	assert_int_equal(set.orphans, ORPHANS_MOVE);
	assert_string_equal(set.orphans_to, "/orphans");
	assert_int_equal(set.orphans_older, 60);
	assert_true(set.owners_by_name);
	assert_int_equal(set.consistency, CONSISTENCY_COMMANDS);
	assert_string_equal(set.quiesce[1], "-f");
	assert_null(set.quiesce[2]);
	assert_string_equal(set.thaw[0], "/bin/true");
	assert_int_equal(set.every, 300);
	assert_int_equal(set.limits.count, 1);
	assert_int_equal(set.limits.items[0].from, 510);
	assert_int_equal(set.limits.items[0].to, 1440);
	assert_int_equal(set.limits.items[0].rate, 2048);
	assert_int_equal(set.compression, COMPRESSION_ZSTD);
	assert_int_equal(set.keep, 3);
	assert_string_equal(set.store, "/replica/mail");
	assert_null(set.device);
	assert_true(set.mounted);
	assert_string_equal(set.peer.address, "10.0.0.2");
	assert_int_equal(set.peer.port, 7411);
	assert_string_equal(set.peer.certificate, "PEM");
}

static void test_least(void **state)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct set set;
	(void)state;
	assert_int_equal(parse(arena, "{" LEAST_SOURCE "}", &set, NULL), 0);
	assert_string_equal(set.sources[0].place, "");
	assert_string_equal(set.rules, "");
	assert_int_equal(set.orphans, ORPHANS_DELETE);
	assert_int_equal(set.consistency, CONSISTENCY_NONE);
	assert_int_equal(set.every, 0);
	assert_null(set.store);
	assert_int_equal(parse(arena, "{" LEAST_TARGET ", \"schedule\": null}", &set, NULL), 0);
	assert_int_equal(set.role, SET_TARGET);
	assert_string_equal(set.store, "/replica");
}

static void test_refused(void **state)
{
	static const struct {
		const char *json, *message;
	} cases[] = {
		{"[]", "must be a map"},
		{"{}", "the field 'set' is missing"},
		{"{" LEAST_SOURCE ", \"sotre\": 1}", "there is no field 'sotre'"},
		{"{\"set\": \"\"}", "set: must be a name of a-z, 0-9, '_' and '-'"},
		{"{\"set\": \"../x\"}", "set: must be a name of a-z, 0-9, '_' and '-'"},
		{"{\"set\": \"-x\"}", "set: must be a name of a-z, 0-9, '_' and '-'"},
		{"{\"set\": \"a\\u0000b\"}", "set: must be a text of at most 64 bytes"},
		{"{\"set\": 5}", "set: must be a text of at most 64 bytes"},
		{"{\"role\": \"both\"}", "role: must be source or target"},
		{"{\"term\": 0}", "term: must be a whole number from 1 to 9223372036854775807"},
		{"{\"term\": 1.5}", "term: must be a whole number from 1 to 9223372036854775807"},
		{"{\"term\": true}", "term: must be a whole number from 1 to 9223372036854775807"},
		{"{\"sources\": {}}", "sources: must be a list of at most 1024"},
		{"{\"sources\": [5]}", "sources: [0]: must be a map"},
		{"{\"sources\": [{\"path\": \"/a\"}, {\"to\": \"x\"}]}", "sources: [1]: the field 'path' is missing"},
		{"{\"sources\": [{\"path\": \"a\"}]}",
		 "sources: [0]: path: must be an absolute path without '..', '.', '//' and a '/' at its end"},
		{"{\"sources\": [{\"path\": \"/a/../b\"}]}",
		 "sources: [0]: path: must be an absolute path without '..', '.', '//' and a '/' at its end"},
		{"{\"sources\": [{\"path\": \"/a//b\"}]}",
		 "sources: [0]: path: must be an absolute path without '..', '.', '//' and a '/' at its end"},
		{"{\"sources\": [{\"path\": \"/a/\"}]}",
		 "sources: [0]: path: must be an absolute path without '..', '.', '//' and a '/' at its end"},
		{"{\"sources\": [{\"path\": \"/a\", \"to\": \"../b\"}]}",
		 "sources: [0]: to: must be a path below the replica, without '..', '.', '//' and a '/' at its ends; or empty"},
		{"{\"sources\": [{\"path\": \"/a\", \"to\": \"/b\"}]}",
		 "sources: [0]: to: must be a path below the replica, without '..', '.', '//' and a '/' at its ends; or empty"},
		{"{\"rules\": [\"x\"]}", "rules: line 1 of the rules is no rule"},
		{"{\"rules\": [\"- a\\n- b\"]}", "rules: must be one rule an item"},
		{"{\"orphans\": {\"mode\": \"burn\"}}", "orphans: mode: must be delete, keep or move"},
		{"{\"orphans\": {\"mode\": \"keep\", \"to\": \"/x\"}}",
		 "orphans: 'to' belongs to the mode move, and to no other"},
		{"{\"orphans\": {\"mode\": \"keep\", \"older\": -1}}",
		 "orphans: older: must be a whole number from 0 to 3162240000"},
		{"{\"consistency\": {\"mode\": \"commands\"}}", "consistency: the mode commands needs 'quiesce'"},
		{"{\"consistency\": {\"mode\": \"commands\", \"quiesce\": [\"sync\"]}}",
		 "consistency: quiesce: must be a program by its absolute path, and its arguments"},
		{"{\"consistency\": {\"mode\": \"none\", \"quiesce\": [\"/bin/sync\"]}}",
		 "consistency: 'quiesce' does not belong to the mode none"},
		{"{\"consistency\": {\"mode\": \"snapshot\", \"quiesce\": [\"/bin/sync\"]}}",
		 "consistency: 'quiesce' and 'thaw' belong together: what is stopped is started again"},
		{"{\"consistency\": {\"mode\": \"commands\", \"quiesce\": \"sync\"}}",
		 "consistency: quiesce: must be a list of at most 64"},
		{"{\"schedule\": {\"every\": 0}}", "schedule: every: must be a whole number from 1 to 31622400"},
		{"{\"schedule\": {}}", "schedule: the field 'every' is missing"},
		{"{\"limits\": [{\"from\": \"8:00\", \"to\": \"9:00\", \"rate\": 1}]}",
		 "limits: [0]: from: must be a time of day such as 08:30"},
		{"{\"limits\": [{\"from\": \"24:01\", \"to\": \"09:00\", \"rate\": 1}]}",
		 "limits: [0]: from: must be a time of day such as 08:30"},
		{"{\"limits\": [{\"from\": \"08:00\", \"to\": \"09:00\", \"rate\": 1}]}",
		 "limits: [0]: rate: must be a whole number from 1024 to 9223372036854775807"},
		{"{\"compression\": \"gzip\"}", "compression: must be auto, zstd or none"},
		{"{\"keep\": -1}", "keep: must be a whole number from 0 to 10000"},
		{"{\"store\": \"replica\"}", "store: must be an absolute path without '..', '.', '//' and a '/' at its end"},
		{"{\"mounted\": 1}", "mounted: must be true or false"},
		{"{\"peer\": {\"address\": \"a b\"}}", "peer: address: must be an IP address or a host's name"},
		{"{\"peer\": {\"address\": \"\"}}", "peer: address: must be an IP address or a host's name"},
		{"{\"peer\": {\"port\": 65536}}", "peer: port: must be a whole number from 1 to 65535"},
		{"{\"peer\": {\"address\": \"a\", \"port\": 1}}", "peer: the field 'certificate' is missing"},
		{"{\"set\": \"a\", \"role\": \"source\", \"term\": 1, " PEER "}",
		 "a source needs 'sources': what is to be protected"},
		{"{\"set\": \"a\", \"role\": \"target\", \"term\": 1, " PEER "}",
		 "a target needs 'store': the folder that keeps the replica"},
		{"{" LEAST_TARGET ", \"sources\": [{\"path\": \"/a\", \"to\": \"x\"}, {\"path\": \"/b\", \"to\": \"x\"}]}",
		 "sources: /a and /b have the same place in the replica"},
		{"{" LEAST_TARGET ", \"sources\": [{\"path\": \"/a\"}, {\"path\": \"/b\", \"to\": \"a\"}]}",
		 "sources: /a and /b have the same place in the replica"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEANUP_ARENA struct arena *arena = arena_new();
		CLEANUP_ERROR struct error err = ERROR_NONE;
		struct set set;
		assert_int_equal(parse(arena, cases[i].json, &set, &err), -1);
		assert_string_equal(error_text(&err), cases[i].message);
		assert_int_equal(err.code, ERROR_INVALID);
	}
}

static void test_within(void **state)
{
	(void)state;
	assert_true(path_is_within("/a/b", "/a"));
	assert_true(path_is_within("/a", "/a"));
	assert_true(path_is_within("/a", "/"));
	assert_false(path_is_within("/ab", "/a"));
	assert_false(path_is_within("/a", "/a/b"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_fields),
		cmocka_unit_test(test_least),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_within),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
