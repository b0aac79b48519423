/*
 * checkpoint_test.c - runs that are signed and exported, and every way in which signatures and anchors can be taken away,
 * forged, or brought from elsewhere; and the content of a run directory.
 */
#include "tests/unit/journal/run_fixture.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "engine/journal/checkpoint_write.h"
#include "engine/journal/run_verify.h"

struct fixture {
	char *folder; /* owned */
	struct run_store *store;
	struct audit_key *key;
	struct audit_trust trust;
	struct anchors *anchors;
	char *heads;	     /* owned: the anchor's file */
	char *first, *id;    /* owned: two runs, closed and signed */
	char *checkpoints;   /* owned: the second one's */
	char warnings[2048]; /* a line each */
};

static void warn(void *context, const char *text)
{
	struct fixture *fixture = context;
	size_t length = strlen(fixture->warnings);
	snprintf(fixture->warnings + length, sizeof(fixture->warnings) - length, "%s\n", text);
}

static struct audit_key *new_key(const struct fixture *fixture, const char *name)
{
	CLEANUP_FREE char *path = file_join(fixture->folder, name);
	struct error err = ERROR_NONE;
	struct audit_key *key;
	assert_good(audit_key_create(path, &err), &err);
	assert_good(audit_key_load(path, &key, &err), &err);
	return key;
}

static struct run *begin_run(struct fixture *fixture, const struct audit_key *key)
{
	struct error err = ERROR_NONE;
	struct run *run = run_in(fixture->store);
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct value *manifest = value_map(arena), *entry = value_map(arena);
	char digest[HASH_HEX_SIZE];
	assert_good(run_content_put(run, "steps: []\n", 10, digest, &err), &err);
	value_put(arena, entry, "path", value_string(arena, "mail.yaml"));
	value_put(arena, entry, "sha256", value_string(arena, digest));
	value_put(arena, manifest, "runbook", entry);
	assert_good(run_manifest_write(run, manifest, &err), &err);
	run_checkpoints_begin(run, &(struct checkpoint_policy){.key = key,
							       .anchors = fixture->anchors,
							       .every_records = 10,
							       .every_time = CLOCK_FOREVER / 2,
							       .warn = warn,
							       .context = fixture});
	const struct value *fields = fields_with(arena, "manifest", run->manifest);
	assert_good(journal_append(run->journal, "run_opened", fields, JOURNAL_SYNC, &err), &err);
	assert_good(run_index_opened(run, fields, &err), &err);
	return run;
}

static char *signed_run(struct fixture *fixture, const struct audit_key *key, unsigned records)
{
	struct run *run = begin_run(fixture, key);
	char *id = memory_strdup(run->id);
	for (unsigned i = 3; i < records; i++)
		record(run, "note");
	finish_run(run);
	return id;
}

static int set_up(void **state)
{
	struct fixture *fixture = memory_alloc(sizeof(*fixture));
	fixture->folder = scratch_new();
	fixture->store = store_in(fixture->folder);
	fixture->key = new_key(fixture, "key");
	audit_trust_add(&fixture->trust, audit_key_name(fixture->key));
	fixture->heads = file_join(fixture->folder, "heads");
	fixture->anchors = anchors_new();
	anchors_add_file(fixture->anchors, fixture->heads);
	fixture->first = signed_run(fixture, fixture->key, 25);
	fixture->id = signed_run(fixture, fixture->key, 25);
	fixture->checkpoints = memory_printf("%s/runs/%s/checkpoints.jsonl", run_store_path(fixture->store), fixture->id);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	assert_string_equal(fixture->warnings, "");
	run_store_close(fixture->store);
	audit_key_free(fixture->key);
	audit_trust_free(&fixture->trust);
	anchors_free(fixture->anchors);
	scratch_free(&fixture->folder);
	free(fixture->heads);
	free(fixture->first);
	free(fixture->id);
	free(fixture->checkpoints);
	free(fixture);
	return 0;
}

/* ---- what verifying says ---- */

struct said {
	const char *wanted;
	char problem[512], tail[256], key[AUDIT_KEY_SIZE], anchor[512], index[512];
	uint64_t records, trusted, unknown, anchored;
};

static void copy(char *to, size_t size, const char *text)
{
	snprintf(to, size, "%s", text ? text : "");
}

static void note(void *context, const struct run_verdict *verdict)
{
	struct said *said = context;
	if (strcmp(verdict->id, "anchor") == 0)
		copy(said->anchor, sizeof(said->anchor), verdict->problem ? verdict->problem : verdict->tail);
	if (strcmp(verdict->id, CHECKPOINT_INDEX) == 0)
		copy(said->index, sizeof(said->index), verdict->problem ? verdict->problem : verdict->tail);
	if (strcmp(verdict->id, said->wanted) != 0)
		return;
	copy(said->problem, sizeof(said->problem), verdict->problem);
	copy(said->tail, sizeof(said->tail), verdict->tail);
	copy(said->key, sizeof(said->key), verdict->signed_by);
	said->records = verdict->records;
	said->trusted = verdict->signed_records;
	said->unknown = verdict->unknown_signed;
	said->anchored = verdict->anchored_records;
}

static struct said verify(struct fixture *fixture, const char *id, bool anchored)
{
	struct said said = {.wanted = id, .problem = "not reported"};
	struct error err = ERROR_NONE;
	struct checkpoint_list heads = {0};
	if (anchored)
		assert_good(checkpoint_list_find(fixture->heads, &heads, &err), &err);
	struct run_verify_options options = {.trust = &fixture->trust, .anchors = anchored ? &heads : NULL};
	assert_good(run_store_verify(fixture->store, &options, note, &said, &err), &err);
	checkpoint_list_free(&heads);
	return said;
}

static void expect(struct fixture *fixture, const char *problem)
{
	struct said said = verify(fixture, fixture->id, false);
	if (*problem ? !strstr(said.problem, problem) : *said.problem)
		fail_msg("expected \"%s\", got \"%s\"", problem, said.problem);
}

static char *text_of(const char *path)
{
	CLEANUP_BUFFER struct buffer text = {0};
	char block[4096];
	ssize_t got;
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	while ((got = read(fd, block, sizeof(block))) > 0)
		buffer_append(&text, block, (size_t)got);
	assert_int_equal(got, 0);
	return buffer_take(&text);
}

static void put_text(const char *path, const char *text)
{
	assert_int_equal(file_write_durable(path, text, strlen(text), 0600, NULL), 0);
}

/* ---- whole ---- */

static void a_run_is_signed_and_exported_when_opened_at_intervals_and_at_its_end(void **state)
{
	struct fixture *fixture = *state;
	struct checkpoint_list list;
	assert_int_equal(checkpoint_list_read(fixture->checkpoints, &list, NULL), 0);
	assert_int_equal(list.count, 4);
	static const uint64_t records[] = {1, 11, 21, 25};
	for (size_t i = 0; i < list.count; i++) {
		assert_int_equal(list.items[i].records, records[i]);
		assert_string_equal(list.items[i].key, audit_key_name(fixture->key));
	}
	checkpoint_list_free(&list);
	struct said said = verify(fixture, fixture->id, true);
	assert_string_equal(said.problem, "");
	assert_string_equal(said.tail, "");
	assert_string_equal(said.anchor, "");
	assert_string_equal(said.index, "");
	assert_int_equal(said.records, 25);
	assert_int_equal(said.trusted, 25);
	assert_int_equal(said.anchored, 25);
	said = verify(fixture, fixture->id, false);
	assert_non_null(strstr(said.index, "tail unproven"));
}

static void a_run_that_stops_is_signed_to_where_it_stopped_and_its_tail_is_proven_by_the_anchor_only(void **state)
{
	struct fixture *fixture = *state;
	struct error err = ERROR_NONE;
	struct run *run = begin_run(fixture, fixture->key);
	CLEANUP_FREE char *id = memory_strdup(run->id);
	record(run, "note");
	run_close(run);
	struct said said = verify(fixture, id, true);
	assert_string_equal(said.problem, "");
	assert_string_equal(said.tail, "");
	assert_int_equal(said.trusted, 2);
	said = verify(fixture, id, false);
	assert_string_equal(said.tail, RUN_TAIL_UNPROVEN);
	assert_good(run_open(fixture->store, id, &run, NULL, &err), &err); /* goes on without key and anchor */
	record(run, "note");
	run_close(run);
	said = verify(fixture, id, true);
	assert_string_equal(said.problem, "");
	assert_string_equal(said.tail, "tail unproven after record 2, the last that was exported");
	assert_int_equal(said.trusted, 2);
}

static void without_a_key_runs_are_unsigned_and_exported_all_the_same(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP_FREE char *id = signed_run(fixture, NULL, 5);
	CLEANUP_FREE char *path = memory_printf("%s/runs/%s/checkpoints.jsonl", run_store_path(fixture->store), id);
	struct said said = verify(fixture, id, true);
	assert_string_equal(said.problem, "");
	assert_int_equal(said.trusted, 0);
	assert_int_equal(said.unknown, 0);
	assert_int_equal(said.anchored, 5);
	assert_false(file_exists(path));
}

static void without_a_trusted_key_nothing_is_known_of_who_signed(void **state)
{
	struct fixture *fixture = *state;
	audit_trust_free(&fixture->trust);
	struct said said = verify(fixture, fixture->id, false);
	assert_string_equal(said.problem, "");
	assert_int_equal(said.trusted, 0);
	assert_int_equal(said.unknown, 25);
	assert_string_equal(said.key, audit_key_name(fixture->key));
}

static void a_key_that_was_replaced_still_counts_for_what_it_signed(void **state)
{
	struct fixture *fixture = *state;
	struct audit_key *next = new_key(fixture, "next");
	audit_trust_add(&fixture->trust, audit_key_name(next));
	CLEANUP_FREE char *id = signed_run(fixture, next, 5);
	struct said said = verify(fixture, id, false);
	assert_string_equal(said.key, audit_key_name(next));
	assert_int_equal(said.trusted, 5);
	expect(fixture, "");
	audit_key_free(next);
}

/* ---- forged, foreign, taken away ---- */

static void a_foreign_key_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct audit_key *foreign = new_key(fixture, "foreign");
	CLEANUP_FREE char *id = signed_run(fixture, foreign, 5);
	CLEANUP_FREE char *problem =
		memory_printf("checkpoint 1 is signed with the key %.16s, which is not trusted", audit_key_name(foreign));
	struct said said = verify(fixture, id, true);
	assert_string_equal(said.problem, problem);
	assert_non_null(strstr(said.anchor, "which is not trusted"));
	audit_key_free(foreign);
}

/* The name of the trusted key over the signature of another one. */
static void a_signature_by_another_key_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct audit_key *foreign = new_key(fixture, "foreign");
	CLEANUP_BUFFER struct buffer line = {0};
	struct checkpoint_list list;
	assert_int_equal(checkpoint_list_read(fixture->checkpoints, &list, NULL), 0);
	checkpoint_format(&line, &list.items[3], foreign);
	memcpy(strstr(line.data, audit_key_name(foreign)), audit_key_name(fixture->key), AUDIT_KEY_SIZE - 1);
	put_text(fixture->checkpoints, line.data);
	expect(fixture, "checkpoint 1: its signature is not one of these bytes");
	checkpoint_list_free(&list);
	audit_key_free(foreign);
}

static void checkpoints_of_another_run_are_refused(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP_FREE char *first =
		memory_printf("%s/runs/%s/checkpoints.jsonl", run_store_path(fixture->store), fixture->first);
	CLEANUP_FREE char *text = text_of(first);
	CLEANUP_FREE char *problem = memory_printf("checkpoint 1 is one of %s", fixture->first);
	put_text(fixture->checkpoints, text);
	expect(fixture, problem);
}

static void checkpoints_of_another_state_directory_are_refused(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP_BUFFER struct buffer line = {0};
	struct checkpoint_list list;
	assert_int_equal(checkpoint_list_read(fixture->checkpoints, &list, NULL), 0);
	memcpy(list.items[0].store, "0123456789abcdef", 16);
	checkpoint_format(&line, &list.items[0], fixture->key);
	put_text(fixture->checkpoints, line.data);
	expect(fixture, "checkpoint 1 is one of another state directory");
	checkpoint_list_free(&list);
}

static void a_checkpoint_that_says_otherwise_is_found_with_the_record(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP_BUFFER struct buffer line = {0};
	struct checkpoint_list list;
	assert_int_equal(checkpoint_list_read(fixture->checkpoints, &list, NULL), 0);
	memcpy(list.items[1].head, list.items[2].head, HASH_HEX_SIZE); /* by a run that had another record 11 */
	checkpoint_format(&line, &list.items[1], fixture->key);
	checkpoint_format(&line, &list.items[3], fixture->key);
	put_text(fixture->checkpoints, line.data);
	expect(fixture, "record 11 is not the one that was signed at");
	checkpoint_list_free(&list);
}

static void a_signature_that_is_taken_away_is_missed(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP_FREE char *text = text_of(fixture->checkpoints);
	CLEANUP_FREE char *problem =
		memory_printf("its signature is missing: the index says that its end was signed with the key %.16s",
			      audit_key_name(fixture->key));
	char *last = text;
	for (int i = 0; i < 3; i++)
		last = strchr(last, '\n') + 1;
	*last = '\0';
	put_text(fixture->checkpoints, text);
	expect(fixture, problem);
	assert_int_equal(unlink(fixture->checkpoints), 0);
	expect(fixture, problem);
}

static void every_byte_of_the_checkpoints_flipped_is_found(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP_FREE char *text = text_of(fixture->checkpoints);
	CLEANUP_CLOSE int fd = open(fixture->checkpoints, O_WRONLY | O_CLOEXEC);
	for (size_t at = 0; text[at]; at++) {
		char byte = (char)(text[at] ^ (1 << at % 8));
		assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
		struct said said = {.wanted = fixture->id};
		struct run_verify_options options = {.id = fixture->id, .trust = &fixture->trust};
		assert_int_equal(run_store_verify(fixture->store, &options, note, &said, NULL), 0);
		if (!*said.problem)
			fail_msg("byte %zu was flipped, and nothing is said of it", at);
		assert_int_equal(pwrite(fd, &text[at], 1, (off_t)at), 1);
	}
	expect(fixture, "");
}

/* A writer that was killed within a line: no signature, no damage; the next one begins a line of its own. */
static void a_torn_checkpoint_is_none(void **state)
{
	struct fixture *fixture = *state;
	struct error err = ERROR_NONE;
	struct run *run = begin_run(fixture, fixture->key);
	CLEANUP_FREE char *id = memory_strdup(run->id);
	CLEANUP_FREE char *path = file_join(run->folder, "checkpoints.jsonl");
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_int_equal(write(fd, "{\"checkpoint\":1,\"st", 19), 19);
	close(fd);
	fd = open(fixture->heads, O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_int_equal(write(fd, "{\"checkpoint\":1,\"st", 19), 19);
	close(fd);
	assert_string_equal(verify(fixture, id, false).problem, "");
	finish_run(run);
	struct said said = verify(fixture, id, true);
	assert_string_equal(said.problem, "");
	assert_int_equal(said.trusted, 3);
	assert_string_equal(said.anchor, "1 of its lines are not whole and prove nothing");
	error_clear(&err);
}

/* ---- anchors ---- */

static void what_is_removed_as_a_whole_is_missed_with_an_anchor(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP_FREE char *folder = memory_printf("%s/runs/%s", run_store_path(fixture->store), fixture->id);
	CLEANUP_FREE char *index = file_join(run_store_path(fixture->store), "index.jsonl");
	CLEANUP_FREE char *checkpoints = file_join(run_store_path(fixture->store), "checkpoints.jsonl");
	CLEANUP_FREE char *text = text_of(index);
	CLEANUP_FREE char *statements = text_of(checkpoints);
	assert_int_equal(file_remove_tree(folder, NULL), 0);
	*(strchr(strchr(text, '\n') + 1, '\n') + 1) = '\0'; /* the last run, and what index and checkpoints say of it */
	*(strchr(strchr(statements, '\n') + 1, '\n') + 1) = '\0';
	put_text(index, text);
	put_text(checkpoints, statements);
	struct said said = verify(fixture, fixture->id, false);
	assert_string_equal(said.problem, "not reported"); /* nothing here knows that it ever was */
	assert_non_null(strstr(said.index, "tail unproven"));
	said = verify(fixture, fixture->id, true);
	assert_string_equal(said.problem, "its directory is gone");
	assert_non_null(strstr(said.index, "records are missing: it has 2, and had 4 when its head was exported"));
}

static void an_anchor_of_another_state_directory_proves_nothing(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP_FREE char *text = text_of(fixture->heads);
	for (char *at = text; (at = strstr(at, "\"store\":\"")); at += 9)
		at[9] = at[9] == '0' ? '1' : '0';
	char *key = strstr(text, ",\"key\"");
	strcpy(key, "}\n"); /* unsigned, else the signature tells */
	put_text(fixture->heads, text);
	assert_non_null(strstr(verify(fixture, fixture->id, true).anchor, "it says nothing about this state directory"));
}

static void a_forged_anchor_is_found(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP_FREE char *text = text_of(fixture->heads);
	char *records = strstr(text, "\"records\":11");
	records[10] = '2';
	put_text(fixture->heads, text);
	struct said said = verify(fixture, fixture->id, true);
	assert_non_null(strstr(said.anchor, "heads:3: its signature is not one of these bytes"));
}

static void heads_are_found_in_a_system_log(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP_FREE char *path = file_join(fixture->folder, "log");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char message[2048] = "";
	strcpy(address.sun_path, path);
	CLEANUP_CLOSE int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	anchors_add_syslog(fixture->anchors, path);
	CLEANUP_FREE char *id = signed_run(fixture, fixture->key, 4);
	FILE *log = fopen(fixture->heads, "w");
	while (recv(fd, message, sizeof(message) - 1, MSG_DONTWAIT) > 0) {
		assert_memory_equal(message, "<85>", 4);
		fprintf(log, "%s\n", message + 4);
		memset(message, 0, sizeof(message));
	}
	fclose(log);
	struct said said = verify(fixture, id, true);
	assert_string_equal(said.anchor, "");
	assert_int_equal(said.anchored, 4);
}

static void an_anchor_that_cannot_be_reached_is_told_and_stops_nothing(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP_FREE char *path = file_join(fixture->folder, "nowhere/log");
	anchors_add_file(fixture->anchors, path);
	anchors_add_syslog(fixture->anchors, path);
	CLEANUP_FREE char *id = signed_run(fixture, fixture->key, 3);
	assert_string_equal(verify(fixture, id, true).problem, "");
	assert_non_null(strstr(fixture->warnings, "could not be exported: cannot open "));
	assert_non_null(strstr(fixture->warnings, "could not be exported: cannot send to the system log at "));
	*fixture->warnings = '\0';
}

/* ---- keys ---- */

static void expect_key_refused(const char *path, enum error_code code, const char *text)
{
	struct error err = ERROR_NONE;
	struct audit_key *key;
	assert_int_equal(audit_key_load(path, &key, &err), -1);
	assert_error(&err, code, text);
}

static void a_key_that_others_may_use_is_refused(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP_FREE char *path = file_join(fixture->folder, "key");
	CLEANUP_FREE char *link = file_join(fixture->folder, "link");
	struct error err = ERROR_NONE;
	assert_int_equal(audit_key_create(path, &err), -1);
	assert_error(&err, ERROR_IO, "File exists");
	assert_int_equal(chmod(path, 0640), 0);
	expect_key_refused(path, ERROR_INVALID, "its mode is 640");
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(symlink(path, link), 0);
	expect_key_refused(link, ERROR_IO, "cannot open the audit key");
	put_text(path, "-----BEGIN PRIVATE KEY-----\nrubbish\n");
	expect_key_refused(path, ERROR_INVALID, "holds no private key");
	assert_int_equal(unlink(path), 0);
	expect_key_refused(path, ERROR_NOT_FOUND, "cannot open the audit key");
}

/* ---- content ---- */

static char *only_content(const struct fixture *fixture)
{
	char digest[HASH_HEX_SIZE];
	hash_hex("steps: []\n", 10, digest);
	return memory_printf("%s/runs/%s/content/%s", run_store_path(fixture->store), fixture->id, digest);
}

static void content_that_is_missing_or_not_what_it_was_is_found(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP_FREE char *path = only_content(fixture);
	CLEANUP_FREE char *manifest = memory_printf("%s/runs/%s/manifest.json", run_store_path(fixture->store), fixture->id);
	CLEANUP_FREE char *text = text_of(manifest);
	expect(fixture, "");
	put_text(path, "steps: [ ]\n");
	expect(fixture, "the stored runbook mail.yaml (");
	expect(fixture, ") is not the one that was executed");
	assert_int_equal(unlink(path), 0);
	expect(fixture, ") is missing or cannot be read");
	put_text(path, "steps: []\n");
	text[strlen(text) - 2] = ' '; /* still JSON, of the same meaning */
	put_text(manifest, text);
	expect(fixture, "its manifest is not the one with which it was opened");
	assert_int_equal(unlink(manifest), 0);
	expect(fixture, "its manifest, which says what was executed, is missing");
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FIXTURE(a_run_is_signed_and_exported_when_opened_at_intervals_and_at_its_end),
		WITH_FIXTURE(a_run_that_stops_is_signed_to_where_it_stopped_and_its_tail_is_proven_by_the_anchor_only),
		WITH_FIXTURE(without_a_key_runs_are_unsigned_and_exported_all_the_same),
		WITH_FIXTURE(without_a_trusted_key_nothing_is_known_of_who_signed),
		WITH_FIXTURE(a_key_that_was_replaced_still_counts_for_what_it_signed),
		WITH_FIXTURE(a_foreign_key_is_refused),
		WITH_FIXTURE(a_signature_by_another_key_is_refused),
		WITH_FIXTURE(checkpoints_of_another_run_are_refused),
		WITH_FIXTURE(checkpoints_of_another_state_directory_are_refused),
		WITH_FIXTURE(a_checkpoint_that_says_otherwise_is_found_with_the_record),
		WITH_FIXTURE(a_signature_that_is_taken_away_is_missed),
		WITH_FIXTURE(every_byte_of_the_checkpoints_flipped_is_found),
		WITH_FIXTURE(a_torn_checkpoint_is_none),
		WITH_FIXTURE(what_is_removed_as_a_whole_is_missed_with_an_anchor),
		WITH_FIXTURE(an_anchor_of_another_state_directory_proves_nothing),
		WITH_FIXTURE(a_forged_anchor_is_found),
		WITH_FIXTURE(heads_are_found_in_a_system_log),
		WITH_FIXTURE(an_anchor_that_cannot_be_reached_is_told_and_stops_nothing),
		WITH_FIXTURE(a_key_that_others_may_use_is_refused),
		WITH_FIXTURE(content_that_is_missing_or_not_what_it_was_is_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
