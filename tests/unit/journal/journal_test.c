/*
 * journal_test.c - the format, the chain, and what damage looks like. Death and full disks: journal_fault_test.c.
 */
#include "tests/unit/journal/journal_fixture.h"

#include <ctype.h>

#include "engine/base/json.h"
#include "engine/journal/journal_frame.h"
#include "engine/journal/journal_scan.h"

#define RECORDS 100

static void append_sample(struct journal *journal, unsigned number)
{
	struct error err = ERROR_NONE;
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct value *fields = value_map(arena);
	value_put(arena, fields, "step", value_printf(arena, "3.1[%u]", number));
	value_put(arena, fields, "text", value_string(arena, "line\nwith \"quotes\", ,\"hash\":\" and ünïcode"));
	value_put(arena, fields, "number", value_int(arena, number));
	assert_good(journal_append(journal, number % 3 ? "note" : "intent", fields, JOURNAL_BUFFERED, &err), &err);
}

static char *sample_journal(const char *folder, unsigned records)
{
	struct error err = ERROR_NONE;
	struct journal *journal;
	char *path = file_join(folder, "journal.jsonl");
	assert_good(journal_create(path, &journal, &err), &err);
	for (unsigned i = 1; i <= records; i++)
		append_sample(journal, i);
	journal_close(journal);
	return path;
}

static void overwrite(const char *path, const char *data, size_t length)
{
	CLEANUP_CLOSE int fd = open(path, O_WRONLY | O_TRUNC | O_CREAT, 0600);
	assert_int_equal(write(fd, data, length), length);
}

/* Replaces what differs from run to run by fixed letters of the same length. */
static void mask(char *line, const char *key)
{
	char *at = strstr(line, key);
	assert_non_null(at);
	at += strlen(key);
	for (bool text = *at == '"' && at++; text ? *at != '"' : isdigit((unsigned char)*at); at++)
		if (isxdigit((unsigned char)*at))
			*at = '#';
}

static void a_record_has_exactly_this_form(void **state)
{
	(void)state;
	SCRATCH *folder = scratch_new();
	CLEANUP_FREE char *path = file_join(folder, "journal.jsonl"), *text = NULL;
	struct error err = ERROR_NONE;
	struct journal *journal;
	size_t length;
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct value *fields = value_map(arena);
	value_put(arena, fields, "step", value_string(arena, "3.1[0]#2"));
	value_put(arena, fields, "text", value_string(arena, "a\tb\"c\\d\x01"));
	value_put(arena, fields, "password", value_taint(arena, value_string(arena, "hunter2")));
	value_put(arena, fields, "torn", value_null());
	assert_good(journal_create(path, &journal, &err), &err);
	assert_good(journal_append(journal, "intent", fields, JOURNAL_SYNC, &err), &err);
	assert_good(journal_append(journal, "note", NULL, JOURNAL_SYNC, &err), &err);
	assert_int_equal(journal_sequence(journal), 2);
	assert_good(file_read(path, FILE_NO_LIMIT, &text, &length, &err), &err);
	assert_memory_equal(text + length - 67, journal_head(journal), 64);

	char *second = strchr(text, '\n') + 1;
	assert_memory_equal(strstr(second, "\"prev\":\"") + 8, second - 67, 64);
	static const char *const varying[] = {"\"prev\":", "\"wall\":", "\"up\":", "\"boot\":", "\"hash\":"};
	for (size_t i = 0; i < COUNT_OF(varying); i++)
		mask(second, varying[i]);
	char *up = strstr(second, "\"up\":") + 5;
	memmove(up, up + strspn(up, "#"), strlen(up + strspn(up, "#")) + 1);
	assert_string_equal(
		second, "{\"seq\":2,\"prev\":\"################################################################\","
			"\"wall\":\"####-##-##T##:##:##.###Z\",\"up\":,\"boot\":\"########-####-####-####-############\","
			"\"kind\":\"note\",\"hash\":\"################################################################\"}\n");
	second[0] = '\0';
	assert_non_null(strstr(text, "{\"seq\":1,\"prev\":\"" JOURNAL_NO_HASH "\",\"wall\":\"2"));
	assert_non_null(strstr(text, "\",\"kind\":\"intent\",\"step\":\"3.1[0]#2\",\"text\":\"a\\tb\\\"c\\\\d\\u0001\","
				     "\"password\":{\"$secret\":\"•••\"},\"torn\":null,\"hash\":\""));
	journal_close(journal);
}

/* The hash, computed here by the words of journal.h and not by the code under test. */
static void the_hash_is_that_of_the_bytes_before_it(void **state)
{
	(void)state;
	SCRATCH *folder = scratch_new();
	CLEANUP_FREE char *path = sample_journal(folder, 5), *text = NULL;
	size_t length;
	char previous[HASH_HEX_SIZE] = JOURNAL_NO_HASH;
	assert_int_equal(file_read(path, FILE_NO_LIMIT, &text, &length, NULL), 0);
	unsigned records = 0;
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), records++) {
		char hash[HASH_HEX_SIZE];
		assert_memory_equal(strstr(line, "\"prev\":\"") + 8, previous, 64);
		hash_hex(line, strlen(line) - strlen(",\"hash\":\"\"}") - 64, hash);
		assert_memory_equal(line + strlen(line) - 66, hash, 64);
		memcpy(previous, hash, sizeof(hash));
	}
	assert_int_equal(records, 5);
}

/* A record from the past: a journal must stay readable by every later version. */
static void a_golden_record_still_verifies(void **state)
{
	(void)state;
	static const char golden[] =
		"{\"seq\":1,\"prev\":\"" JOURNAL_NO_HASH "\",\"wall\":\"2026-03-01T03:12:45.120Z\",\"up\":8123456789,"
		"\"boot\":\"0b5c1b1e-8a5f-4b5e-9d0e-2f1f6a2b7c11\",\"kind\":\"intent\",\"step\":\"3.1[0]#2\",\"commands\":["
		"\"systemctl start "
		"postfix\"],\"hash\":\"91cb1f7e1db930714e8ca1dc5aa41e52838b04fe4ec97a60b0e43f675b6bb2f3\"}\n";
	SCRATCH *folder = scratch_new();
	CLEANUP_FREE char *path = file_join(folder, "journal.jsonl");
	struct error err = ERROR_NONE;
	struct seen seen = {0};
	overwrite(path, golden, sizeof(golden) - 1);
	assert_good(journal_read(path, see, &seen, NULL, &err), &err);
	assert_int_equal(seen.records, 1);
	assert_string_equal(seen.last_kind, "intent");
}

static bool keep_text(void *context, const struct value *record)
{
	json_format(context, record, JSON_COMPACT);
	buffer_add_char(context, '\n');
	return true;
}

static void listen_text(void *context, const struct value *record)
{
	keep_text(context, record);
}

static void the_listener_sees_what_a_reader_sees(void **state)
{
	(void)state;
	SCRATCH *folder = scratch_new();
	CLEANUP_FREE char *path = file_join(folder, "journal.jsonl"), *text = NULL;
	CLEANUP_BUFFER struct buffer heard = {0}, read = {0};
	struct error err = ERROR_NONE;
	struct journal *journal;
	size_t length;
	assert_good(journal_create(path, &journal, &err), &err);
	journal_listen(journal, listen_text, &heard);
	for (unsigned i = 0; i < 10; i++)
		append_sample(journal, i);
	journal_close(journal);
	assert_good(journal_read(path, keep_text, &read, NULL, &err), &err);
	assert_string_equal(buffer_text(&heard), buffer_text(&read));
	assert_int_equal(file_read(path, FILE_NO_LIMIT, &text, &length, NULL), 0);
	assert_string_equal(text, buffer_text(&read)); /* and parsing and writing gives the file's very bytes */
}

static void what_cannot_be_a_record_is_refused_and_harms_nothing(void **state)
{
	(void)state;
	SCRATCH *folder = scratch_new();
	CLEANUP_FREE char *path = file_join(folder, "journal.jsonl");
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct error err = ERROR_NONE;
	struct journal *journal;
	assert_good(journal_create(path, &journal, &err), &err);
	assert_int_equal(journal_append(journal, "note", fields_with(arena, "prev", "x"), JOURNAL_SYNC, &err), -1);
	assert_error(&err, ERROR_INVALID, "'prev': the frame has it");
	assert_int_equal(journal_append(journal, "note", value_null(), JOURNAL_SYNC, &err), -1);
	assert_error(&err, ERROR_INVALID, "must be a map");
	struct value *huge = value_map(arena);
	const struct value *deep = value_null();
	for (int i = 0; i < 600; i++) {
		struct value *list = value_list(arena);
		value_append(arena, list, deep);
		deep = list;
	}
	value_put(arena, huge, "deep", deep);
	assert_int_equal(journal_append(journal, "note", huge, JOURNAL_SYNC, &err), -1);
	assert_error(&err, ERROR_LIMIT, "a record of kind 'note' could not be read back");
	char *large = memory_alloc(JOURNAL_RECORD_LIMIT + 1);
	memset(large, 'x', JOURNAL_RECORD_LIMIT);
	assert_int_equal(journal_append(journal, "note", fields_with(arena, "text", large), JOURNAL_SYNC, &err), -1);
	assert_error(&err, ERROR_LIMIT, "larger than the journal takes");
	free(large);
	append_sample(journal, 1);
	assert_int_equal(journal_sequence(journal), 1);
	journal_close(journal);
	assert_int_equal(journal_create(path, &journal, &err), -1);
	assert_error(&err, ERROR_IO, "File exists");
}

static int scan_all(int fd, uint64_t *ret_records, struct journal_torn *ret_torn, struct error *err)
{
	struct journal_scan scan;
	struct journal_scan_line line;
	int more;
	journal_scan_begin(&scan, fd);
	while ((more = journal_scan_next(&scan, &line, err)) > 0) {
	}
	int result = more < 0 ? -1 : journal_scan_torn(&scan, ret_torn, err);
	*ret_records = scan.sequence;
	journal_scan_free(&scan);
	return result;
}

static void every_flipped_byte_is_found_and_its_record_named(void **state)
{
	(void)state;
	SCRATCH *folder = scratch_new();
	CLEANUP_FREE char *path = sample_journal(folder, RECORDS), *text = NULL;
	static const char masks[] = {0x01, 0x20, (char)0x80, (char)0xff};
	size_t length, record = 1;
	assert_int_equal(file_read(path, FILE_NO_LIMIT, &text, &length, NULL), 0);
	CLEANUP_CLOSE int fd = open(path, O_RDWR);
	for (size_t i = 0; i < length; i++) {
		struct error err = ERROR_NONE;
		struct journal_torn torn;
		struct seen seen = {0};
		uint64_t records;
		char expected[32], damaged = (char)(text[i] ^ masks[i % sizeof(masks)]);
		snprintf(expected, sizeof(expected), "record %zu: ", record);
		assert_int_equal(pwrite(fd, &damaged, 1, (off_t)i), 1);
		assert_int_equal(scan_all(fd, &records, &torn, &err), -1);
		assert_int_equal(records, record - 1);
		assert_memory_equal(error_text(&err), expected, strlen(expected));
		assert_error(&err, ERROR_CORRUPT, NULL);
		if (i % 151 == 0) {
			assert_int_equal(journal_read(path, see, &seen, NULL, &err), -1);
			assert_error(&err, ERROR_CORRUPT, expected);
		}
		assert_int_equal(pwrite(fd, text + i, 1, (off_t)i), 1);
		record += text[i] == '\n';
	}
}

static void every_cut_is_a_boundary_or_torn(void **state)
{
	(void)state;
	SCRATCH *folder = scratch_new();
	CLEANUP_FREE char *path = sample_journal(folder, 20), *text = NULL;
	size_t length, complete = 20, boundary = 0;
	assert_int_equal(file_read(path, FILE_NO_LIMIT, &text, &length, NULL), 0);
	CLEANUP_CLOSE int fd = open(path, O_RDWR);
	for (size_t cut = length; cut-- > 0;) {
		struct journal_torn torn;
		uint64_t records;
		assert_int_equal(ftruncate(fd, (off_t)cut), 0);
		complete -= text[cut] == '\n';
		for (boundary = cut; boundary && text[boundary - 1] != '\n';)
			boundary--;
		assert_int_equal(scan_all(fd, &records, &torn, NULL), 0);
		assert_int_equal(records, complete);
		assert_int_equal(torn.bytes, cut - boundary);
		char digest[HASH_HEX_SIZE];
		hash_hex(text + boundary, cut - boundary, digest);
		assert_string_equal(torn.bytes ? torn.digest : digest, digest);
	}
}

static void opening_cuts_the_torn_tail_and_goes_on(void **state)
{
	(void)state;
	SCRATCH *folder = scratch_new();
	CLEANUP_FREE char *path = sample_journal(folder, 3);
	struct error err = ERROR_NONE;
	struct journal_torn torn;
	struct journal *journal;
	struct seen seen = {0};
	CLEANUP_CLOSE int fd = open(path, O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, "{\"seq\":4,\"pr", 12), 12);
	assert_good(journal_read(path, see, &seen, &torn, &err), &err);
	assert_int_equal(seen.records, 3);
	assert_int_equal(torn.bytes, 12);
	assert_good(journal_open(path, &journal, &torn, &err), &err);
	char digest[HASH_HEX_SIZE];
	hash_hex("{\"seq\":4,\"pr", 12, digest);
	assert_int_equal(torn.bytes, 12);
	assert_string_equal(torn.digest, digest);
	append_sample(journal, 4);
	journal_close(journal);
	seen = (struct seen){0};
	assert_good(journal_read(path, see, &seen, &torn, &err), &err);
	assert_int_equal(seen.records, 4);
	assert_int_equal(torn.bytes, 0);
}

static void messages_say_what_is_wrong(void **state)
{
	(void)state;
	SCRATCH *folder = scratch_new();
	CLEANUP_FREE char *path = sample_journal(folder, 30), *text = NULL;
	struct error err = ERROR_NONE;
	struct journal *journal;
	struct seen seen = {0};
	size_t length;
	assert_int_equal(file_read(path, FILE_NO_LIMIT, &text, &length, NULL), 0);
	char *seventeen = strstr(text, "{\"seq\":17"), *eighteen = strstr(text, "{\"seq\":18");
	char *letter = strstr(seventeen, "line");
	*letter = 'L';
	overwrite(path, text, length);
	assert_int_equal(journal_open(path, &journal, NULL, &err), -1);
	assert_string_equal(error_text(&err), "record 17: its hash does not match its content");
	assert_error(&err, ERROR_CORRUPT, NULL);
	*letter = 'l';
	memmove(seventeen, eighteen, strlen(eighteen) + 1);
	overwrite(path, text, strlen(text));
	assert_int_equal(journal_read(path, see, &seen, NULL, &err), -1);
	assert_string_equal(error_text(&err), "record 17: record 18 stands in its place");
	assert_error(&err, ERROR_CORRUPT, NULL);
	overwrite(path, "hello\n", 6);
	assert_int_equal(journal_read(path, see, &seen, NULL, &err), -1);
	assert_string_equal(error_text(&err), "record 1: it does not have the form of a record");
	assert_error(&err, ERROR_CORRUPT, NULL);
	unlink(path);
	assert_int_equal(journal_read(path, see, &seen, NULL, &err), -1);
	assert_error(&err, ERROR_NOT_FOUND, "cannot open");
}

/* Two journals of the same form: a record of one does not fit into the other. */
static void a_record_of_another_journal_does_not_follow(void **state)
{
	(void)state;
	SCRATCH *folder = scratch_new();
	CLEANUP_FREE char *path = sample_journal(folder, 3), *first = NULL, *second = NULL;
	struct error err = ERROR_NONE;
	struct seen seen = {0};
	size_t length;
	assert_int_equal(file_read(path, FILE_NO_LIMIT, &first, &length, NULL), 0);
	unlink(path);
	free(sample_journal(folder, 3));
	assert_int_equal(file_read(path, FILE_NO_LIMIT, &second, &length, NULL), 0);
	CLEANUP_BUFFER struct buffer mixed = {0};
	buffer_append(&mixed, first, (size_t)(strstr(first, "{\"seq\":3") - first));
	buffer_add(&mixed, strstr(second, "{\"seq\":3"));
	overwrite(path, mixed.data, mixed.length);
	assert_int_equal(journal_read(path, see, &seen, NULL, &err), -1);
	assert_string_equal(error_text(&err), "record 3: it does not follow the record before it");
	assert_error(&err, ERROR_CORRUPT, NULL);
}

static void space_is_reserved_ahead_and_given_back(void **state)
{
	(void)state;
	SCRATCH *folder = scratch_new();
	CLEANUP_FREE char *path = file_join(folder, "journal.jsonl");
	struct error err = ERROR_NONE;
	struct journal *journal;
	struct stat status;
	assert_good(journal_create(path, &journal, &err), &err);
	stat(path, &status);
	assert_int_equal(status.st_size, 0);
	if (status.st_blocks * 512 < 1024 * 1024)
		skip_loudly("the file system of /tmp has no fallocate");
	assert_int_equal(status.st_mode & 07777, 0600);
	for (unsigned i = 0; i < 3000; i++) {
		append_sample(journal, i);
		if (i % 100 == 0) {
			stat(path, &status);
			assert_true(status.st_blocks * 512 >= status.st_size + 256 * 1024 - 1024);
		}
	}
	assert_good(journal_reserve(journal, 4 * 1024 * 1024, &err), &err);
	stat(path, &status);
	assert_true(status.st_blocks * 512 >= status.st_size + 4 * 1024 * 1024);
	journal_close(journal);
	stat(path, &status);
	assert_true(status.st_blocks * 512 < status.st_size + 64 * 1024);
}

static void a_changed_file_is_noticed_before_writing(void **state)
{
	(void)state;
	SCRATCH *folder = scratch_new();
	CLEANUP_FREE char *path = file_join(folder, "journal.jsonl");
	struct error err = ERROR_NONE;
	struct journal *journal;
	assert_good(journal_create(path, &journal, &err), &err);
	append_sample(journal, 1);
	CLEANUP_CLOSE int fd = open(path, O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, "x\n", 2), 2);
	assert_int_equal(journal_append(journal, "note", NULL, JOURNAL_SYNC, &err), -1);
	assert_error(&err, ERROR_CONFLICT, "another process has changed");
	assert_int_equal(journal_append(journal, "note", NULL, JOURNAL_SYNC, &err), -1);
	assert_error(&err, ERROR_IO, "takes no more records since it failed");
	journal_close(journal);
}

static void a_link_is_not_opened(void **state)
{
	(void)state;
	SCRATCH *folder = scratch_new();
	CLEANUP_FREE char *path = sample_journal(folder, 1), *link = file_join(folder, "link.jsonl");
	struct error err = ERROR_NONE;
	struct journal *journal;
	assert_int_equal(symlink(path, link), 0);
	assert_int_equal(journal_open(link, &journal, NULL, &err), -1);
	assert_error(&err, ERROR_IO, "symbolic link");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_has_exactly_this_form),
		cmocka_unit_test(the_hash_is_that_of_the_bytes_before_it),
		cmocka_unit_test(a_golden_record_still_verifies),
		cmocka_unit_test(the_listener_sees_what_a_reader_sees),
		cmocka_unit_test(what_cannot_be_a_record_is_refused_and_harms_nothing),
		cmocka_unit_test(every_flipped_byte_is_found_and_its_record_named),
		cmocka_unit_test(every_cut_is_a_boundary_or_torn),
		cmocka_unit_test(opening_cuts_the_torn_tail_and_goes_on),
		cmocka_unit_test(messages_say_what_is_wrong),
		cmocka_unit_test(a_record_of_another_journal_does_not_follow),
		cmocka_unit_test(space_is_reserved_ahead_and_given_back),
		cmocka_unit_test(a_changed_file_is_noticed_before_writing),
		cmocka_unit_test(a_link_is_not_opened),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
