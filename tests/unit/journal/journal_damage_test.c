/*
 * journal_damage_test.c - a journal of 1,000 records, and everything that can be done to its bytes: each byte flipped, cut at
 * each record, each record swapped, doubled, replaced by another run's. All is found, and the record named.
 */
#include "tests/unit/journal/run_fixture.h"

#include <sys/mman.h>

#include "engine/journal/journal_frame.h"
#include "engine/journal/journal_scan.h"
#include "engine/journal/run_verify.h"

#define RECORDS 1000
#ifdef __SANITIZE_ADDRESS__
#define STRIDE 13 /* of the bytes: coprime to 8, so that every bit has its turn */
#else
#define STRIDE 1
#endif

struct line {
	size_t begin, end; /* its newline stands before end */
	char head[HASH_HEX_SIZE];
};

struct fixture {
	char *folder; /* owned */
	struct run_store *store;
	char *id, *path, *index; /* owned: the run, its journal, the index */
	char *text;		 /* owned: the journal as it was written */
	size_t length;
	struct line *lines; /* owned: RECORDS and a sentinel before the first */
	char *other;	    /* owned: another run's journal of as many records */
	size_t other_length;
	struct checkpoint anchored[2]; /* the heads of the run and of the index */
};

static const struct value *step(struct arena *arena, unsigned number)
{
	struct value *fields = value_map(arena), *after = value_map(arena);
	value_put(arena, after, "state", value_string(arena, "active"));
	value_put(arena, fields, "step", value_printf(arena, "3.%u", number));
	value_put(arena, fields, "name", value_string(arena, "Start postfix \"now\""));
	value_put(arena, fields, "after", after);
	return fields;
}

static char *long_run(struct run_store *store)
{
	struct error err = ERROR_NONE;
	struct run *run = opened_run(store);
	for (unsigned i = 2; i < RECORDS; i++) {
		CLEANUP_ARENA struct arena *arena = arena_new();
		assert_good(journal_append(run->journal, "step_finished", step(arena, i), JOURNAL_BUFFERED, &err), &err);
	}
	char *id = memory_strdup(run->id);
	record(run, "run_finished");
	assert_good(run_index_closed(run, "changed", &err), &err);
	run_close(run);
	return id;
}

static void read_whole(const char *path, char **ret_text, size_t *ret_length)
{
	assert_int_equal(file_read(path, FILE_NO_LIMIT, ret_text, ret_length, NULL), 0);
}

static void write_whole(const char *path, const char *text, size_t length)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, length), length);
	close(fd);
}

static void split(struct fixture *fixture)
{
	fixture->lines = memory_alloc((RECORDS + 1) * sizeof(*fixture->lines));
	memcpy(fixture->lines[0].head, JOURNAL_NO_HASH, HASH_HEX_SIZE);
	for (size_t i = 1; i <= RECORDS; i++) {
		struct line *line = &fixture->lines[i];
		line->begin = line[-1].end;
		line->end = (size_t)((char *)memchr(fixture->text + line->begin, '\n', fixture->length - line->begin) + 1 -
				     fixture->text);
		memcpy(line->head, fixture->text + line->end - 3 - 64, 64);
	}
	assert_int_equal(fixture->lines[RECORDS].end, fixture->length);
}

static void anchor(struct fixture *fixture)
{
	CLEANUP_FREE char *text = NULL;
	size_t length;
	read_whole(fixture->index, &text, &length);
	char store[CHECKPOINT_STORE_SIZE] = "";
	memcpy(store, (char *)memchr(text, '\n', length) - 2 - 64, 16);
	fixture->anchored[0] = (struct checkpoint){.records = RECORDS, .wall = "2026-03-01T03:12:45.120Z"};
	strcpy(fixture->anchored[0].run, fixture->id);
	memcpy(fixture->anchored[0].head, fixture->lines[RECORDS].head, HASH_HEX_SIZE);
	fixture->anchored[1] = (struct checkpoint){.run = CHECKPOINT_INDEX, .records = 4, .wall = "2026-03-01T03:12:46.120Z"};
	memcpy(fixture->anchored[1].head, text + length - 3 - 64, 64);
	memcpy(fixture->anchored[0].store, store, sizeof(store));
	memcpy(fixture->anchored[1].store, store, sizeof(store));
}

static int set_up(void **state)
{
	struct fixture *fixture = memory_alloc(sizeof(*fixture));
	fixture->folder = scratch_new();
	fixture->store = store_in(fixture->folder);
	CLEANUP_FREE char *other = long_run(fixture->store);
	CLEANUP_FREE char *other_path = run_journal_path(fixture->store, other);
	fixture->id = long_run(fixture->store);
	fixture->path = run_journal_path(fixture->store, fixture->id);
	fixture->index = file_join(run_store_path(fixture->store), "index.jsonl");
	read_whole(fixture->path, &fixture->text, &fixture->length);
	read_whole(other_path, &fixture->other, &fixture->other_length);
	split(fixture);
	anchor(fixture);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	run_store_close(fixture->store);
	scratch_free(&fixture->folder);
	free(fixture->id);
	free(fixture->path);
	free(fixture->index);
	free(fixture->text);
	free(fixture->other);
	free(fixture->lines);
	free(fixture);
	return 0;
}

/* ---- what verifying says ---- */

struct said {
	char of_run[512], of_index[512]; /* the problem, "unproven", or "" */
	uint64_t record, index_record;
};

static void note(void *context, const struct run_verdict *verdict)
{
	struct said *said = context;
	bool index = strcmp(verdict->id, CHECKPOINT_INDEX) == 0;
	if (strcmp(verdict->id, "anchor") == 0)
		return;
	snprintf(index ? said->of_index : said->of_run, sizeof(said->of_run), "%s",
		 verdict->problem ? verdict->problem
		 : verdict->tail  ? "unproven"
				  : "");
	*(index ? &said->index_record : &said->record) = verdict->record;
}

static struct said verify(struct fixture *fixture, bool anchored)
{
	struct said said = {.of_run = "not reported"};
	struct error err = ERROR_NONE;
	struct checkpoint_list anchors = {.items = fixture->anchored, .count = COUNT_OF(fixture->anchored)};
	struct run_verify_options options = {.id = fixture->id, .anchors = anchored ? &anchors : NULL};
	assert_good(run_store_verify(fixture->store, &options, note, &said, &err), &err);
	return said;
}

static void expect_record(struct fixture *fixture, uint64_t number, const char *problem)
{
	struct said said = verify(fixture, false);
	if (said.record != number || !strstr(said.of_run, problem))
		fail_msg("expected record %u \"%s\", got %u \"%s\"", (unsigned)number, problem, (unsigned)said.record,
			 said.of_run);
}

/* ---- flipped ---- */

/* Scans what is in fd from record number on. The number that is named, 0: none. */
static uint64_t named(int fd, const struct line *before, uint64_t number)
{
	struct journal_scan scan;
	struct journal_scan_line line;
	struct journal_torn torn;
	struct error err = ERROR_NONE;
	unsigned long long found = 0;
	int more;
	journal_scan_begin(&scan, fd);
	scan.sequence = number - 1;
	memcpy(scan.head, before->head, HASH_HEX_SIZE);
	while ((more = journal_scan_next(&scan, &line, &err)) > 0) {
	}
	if ((more < 0 || journal_scan_torn(&scan, &torn, &err) < 0) && err.code == ERROR_CORRUPT)
		sscanf(error_text(&err), "record %llu:", &found);
	error_clear(&err);
	journal_scan_free(&scan);
	return found;
}

/* A file with this record and the next one: what follows is never read, and what stands before has been verified. */
static int window(const struct fixture *fixture, size_t number)
{
	size_t begin = fixture->lines[number].begin, end = fixture->lines[number < RECORDS ? number + 1 : number].end;
	int fd = memfd_create("window", MFD_CLOEXEC);
	assert_int_equal(pwrite(fd, fixture->text + begin, end - begin, 0), end - begin);
	assert_int_equal(named(fd, &fixture->lines[number - 1], number), 0);
	return fd;
}

static void expect_flip_found(const struct fixture *fixture, int fd, size_t number, size_t at, unsigned char flip)
{
	const struct line *line = &fixture->lines[number];
	char byte = (char)((unsigned char)fixture->text[at] ^ flip);
	assert_int_equal(pwrite(fd, &byte, 1, (off_t)(at - line->begin)), 1);
	uint64_t found = named(fd, line - 1, number);
	if (found != number)
		fail_msg("byte %zu of record %zu flipped by %#x: record %u is named", at - line->begin, number, flip,
			 (unsigned)found);
	assert_int_equal(pwrite(fd, fixture->text + at, 1, (off_t)(at - line->begin)), 1);
}

static void every_byte_flipped_is_found_and_its_record_named(void **state)
{
	struct fixture *fixture = *state;
	size_t flipped = 0, at = 0;
	for (size_t number = 1; number <= RECORDS; number++) {
		CLEANUP_CLOSE int fd = window(fixture, number);
		for (; at < fixture->lines[number].end; at += STRIDE, flipped++)
			expect_flip_found(fixture, fd, number, at, (unsigned char)(1u << at % 8));
	}
	assert_true(flipped >= fixture->length / STRIDE);
}

static void every_other_value_of_every_byte_of_a_record_is_found(void **state)
{
	struct fixture *fixture = *state;
	size_t number = RECORDS / 2;
	CLEANUP_CLOSE int fd = window(fixture, number);
	for (size_t at = fixture->lines[number].begin; at < fixture->lines[number].end; at += STRIDE)
		for (unsigned flip = 1; flip < 256; flip++)
			expect_flip_found(fixture, fd, number, at, (unsigned char)flip);
}

/* The same by the way that the command line goes, once a record; each time at another place in it. */
static void a_flip_in_every_record_is_found_in_the_store(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP_CLOSE int fd = open(fixture->path, O_WRONLY | O_CLOEXEC);
	assert_string_equal(verify(fixture, false).of_run, "");
	for (size_t number = 1; number <= RECORDS; number++) {
		const struct line *line = &fixture->lines[number];
		size_t at = line->begin + number % (line->end - line->begin);
		char byte = (char)(fixture->text[at] ^ 1);
		assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
		expect_record(fixture, number, "record ");
		assert_int_equal(pwrite(fd, fixture->text + at, 1, (off_t)at), 1);
	}
	assert_string_equal(verify(fixture, false).of_run, "");
}

/* The last newline becomes the byte that a write which was cut short may leave: then the index misses the record. */
static void a_last_line_end_made_to_look_torn_is_found(void **state)
{
	struct fixture *fixture = *state;
	fixture->text[fixture->length - 1] = '\0';
	write_whole(fixture->path, fixture->text, fixture->length);
	expect_record(fixture, RECORDS, "records are missing: it has 999, and had 1000 when it was closed");
}

static void every_byte_of_the_index_flipped_is_found(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP_FREE char *text = NULL;
	size_t length, number = 1;
	read_whole(fixture->index, &text, &length);
	CLEANUP_CLOSE int fd = open(fixture->index, O_WRONLY | O_CLOEXEC);
	for (size_t at = 0; at < length; number += text[at] == '\n', at++) {
		char byte = (char)(text[at] ^ (1 << at % 8));
		if (at % STRIDE)
			continue;
		assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
		struct said said = verify(fixture, true);
		if (said.index_record != number)
			fail_msg("byte %zu of the index: record %u is named, not %zu: %s", at, (unsigned)said.index_record,
				 number, said.of_index);
		assert_int_equal(pwrite(fd, &text[at], 1, (off_t)at), 1);
	}
	assert_string_equal(verify(fixture, true).of_index, "");
}

/* ---- cut ---- */

/* As somebody who knows what he does: the index no longer knows either that the run was closed. */
static void cut_index(struct fixture *fixture, size_t records)
{
	CLEANUP_FREE char *text = NULL;
	size_t length;
	read_whole(fixture->index, &text, &length);
	const char *end = text;
	for (size_t i = 0; i < records; i++)
		end = (const char *)memchr(end, '\n', (size_t)(text + length - end)) + 1;
	write_whole(fixture->index, text, (size_t)(end - text));
}

static void a_cut_at_every_record_is_found_by_the_index(void **state)
{
	struct fixture *fixture = *state;
	for (size_t kept = RECORDS; kept-- > 0;) {
		CLEANUP_FREE char *problem = memory_printf("it has %zu, and had 1000 when it was closed", kept);
		assert_int_equal(truncate(fixture->path, (off_t)fixture->lines[kept].end), 0);
		expect_record(fixture, kept + 1, problem);
	}
}

static void a_cut_at_every_record_is_found_with_an_anchor_and_unproven_without(void **state)
{
	struct fixture *fixture = *state;
	cut_index(fixture, 3);
	for (size_t kept = RECORDS; kept-- > 1;) {
		CLEANUP_FREE char *problem = memory_printf("records are missing: it has %zu, and had 1000 when its head was "
							   "exported to the anchor at 2026-03-01T03:12:45.120Z",
							   kept);
		assert_int_equal(truncate(fixture->path, (off_t)fixture->lines[kept].end), 0);
		struct said blind = verify(fixture, false), seeing = verify(fixture, true);
		assert_string_equal(blind.of_run, "unproven");
		assert_string_equal(seeing.of_run, problem);
		assert_int_equal(seeing.record, kept + 1);
	}
}

static void the_index_cut_at_every_record_is_found_with_an_anchor(void **state)
{
	struct fixture *fixture = *state;
	for (size_t kept = 4; kept-- > 1;) {
		cut_index(fixture, kept);
		struct said said = verify(fixture, true);
		assert_non_null(strstr(said.of_index, "and had 4 when its head was exported to the anchor"));
		assert_int_equal(said.index_record, kept + 1);
	}
}

/* ---- put elsewhere ---- */

struct piece {
	const char *text;
	size_t length;
};

static struct piece record_of(const struct fixture *fixture, size_t number)
{
	const struct line *line = &fixture->lines[number];
	return (struct piece){fixture->text + line->begin, line->end - line->begin};
}

/* The journal with `replaced` records from number on taken out, and these put in their place. */
static void rewrite(const struct fixture *fixture, size_t number, size_t replaced, const struct piece *pieces, size_t count)
{
	CLEANUP_BUFFER struct buffer text = {0};
	size_t end = fixture->lines[number + replaced - 1].end;
	buffer_append(&text, fixture->text, fixture->lines[number].begin);
	for (size_t i = 0; i < count; i++)
		buffer_append(&text, pieces[i].text, pieces[i].length);
	buffer_append(&text, fixture->text + end, fixture->length - end);
	write_whole(fixture->path, text.data, text.length);
}

static void every_record_swapped_doubled_or_removed_is_found(void **state)
{
	struct fixture *fixture = *state;
	for (size_t number = 1; number < RECORDS; number += STRIDE) {
		struct piece first = record_of(fixture, number), second = record_of(fixture, number + 1);
		CLEANUP_FREE char *other = memory_printf("record %zu: record %zu stands in its place", number, number + 1);
		CLEANUP_FREE char *same = memory_printf("record %zu: record %zu stands in its place", number + 1, number);
		rewrite(fixture, number, 2, (struct piece[]){second, first}, 2);
		expect_record(fixture, number, other);
		rewrite(fixture, number, 1, (struct piece[]){first, first}, 2);
		expect_record(fixture, number + 1, same);
		rewrite(fixture, number, 1, NULL, 0);
		expect_record(fixture, number, other);
	}
}

static void every_record_taken_from_another_run_is_found(void **state)
{
	struct fixture *fixture = *state;
	const char *at = fixture->other;
	for (size_t number = 1; number <= RECORDS; number++) {
		const char *end = (const char *)memchr(at, '\n', fixture->other_length) + 1;
		rewrite(fixture, number, 1, (struct piece[]){{at, (size_t)(end - at)}}, 1);
		/* The first record follows nothing: only the index knows that it is another one. */
		expect_record(fixture, number,
			      number == 1 ? "it is not the journal that the index knows"
					  : "it does not follow the record before it");
		at = end;
	}
	write_whole(fixture->path, fixture->other, fixture->other_length);
	expect_record(fixture, 1, "it is not the journal that the index knows");
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FIXTURE(every_byte_flipped_is_found_and_its_record_named),
		WITH_FIXTURE(every_other_value_of_every_byte_of_a_record_is_found),
		WITH_FIXTURE(a_flip_in_every_record_is_found_in_the_store),
		WITH_FIXTURE(a_last_line_end_made_to_look_torn_is_found),
		WITH_FIXTURE(every_byte_of_the_index_flipped_is_found),
		WITH_FIXTURE(a_cut_at_every_record_is_found_by_the_index),
		WITH_FIXTURE(a_cut_at_every_record_is_found_with_an_anchor_and_unproven_without),
		WITH_FIXTURE(the_index_cut_at_every_record_is_found_with_an_anchor),
		WITH_FIXTURE(every_record_swapped_doubled_or_removed_is_found),
		WITH_FIXTURE(every_record_taken_from_another_run_is_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
