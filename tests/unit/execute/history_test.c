/*
 * history_test.c - what resume knows of the processes before it: records by place, answers once, time by who spent it.
 *
 * The journals are written here, line by line, because the time in them is what is tested.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/file.h"
#include "engine/base/hash.h"
#include "engine/base/json.h"
#include "engine/base/memory.h"
#include "engine/execute/history.h"

struct line {
	int up; /* nanoseconds since boot */
	const char *kind;
	const char *fields; /* JSON members with a comma before, or "" */
};

#define ENTRY "{\"seq\":%zu,\"prev\":\"%s\",\"wall\":\"2026-03-01T03:12:45.120Z\",\"up\":%d,\"boot\":\"b\",\"kind\":\"%s\"%s"

static char path[] = "/tmp/standin-history-XXXXXX";

static void write_journal(const struct line *lines, size_t count)
{
	CLEANUP_BUFFER struct buffer text = {0};
	char hash[HASH_HEX_SIZE];
	memset(hash, '0', HASH_HEX_SIZE - 1);
	hash[HASH_HEX_SIZE - 1] = '\0';
	for (size_t i = 0; i < count; i++) {
		size_t start = text.length;
		buffer_printf(&text, ENTRY, i + 1, hash, lines[i].up, lines[i].kind, lines[i].fields);
		hash_hex(text.data + start, text.length - start, hash);
		buffer_printf(&text, ",\"hash\":\"%s\"}\n", hash);
	}
	assert_int_equal(file_write_durable(path, buffer_text(&text), text.length, 0600, NULL), 0);
}

static struct history *read_lines(struct arena *arena, const struct line *lines, size_t count)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct history *history = NULL;
	write_journal(lines, count);
	if (history_read(arena, path, &history, &err) < 0)
		fail_msg("%s", error_text(&err));
	assert_int_equal(history->count, count);
	return history;
}
#define READ(arena, lines) read_lines(arena, lines, COUNT_OF(lines))

static void records_by_kind_place_and_attempt(void **state)
{
	(void)state;
	static const struct line lines[] = {
		{1, "run_opened", ",\"run\":\"r\""},
		{2, "step_started", ",\"step\":\"1\",\"attempt\":1"},
		{3, "intent", ",\"step\":\"1\",\"attempt\":1,\"object\":\"first\""},
		{4, "step_finished", ",\"step\":\"1\",\"attempt\":1,\"outcome\":\"failed\""},
		{5, "intent", ",\"step\":\"1\",\"attempt\":2,\"object\":\"second\""},
		{6, "intent", ",\"step\":\"1\",\"attempt\":2,\"object\":\"again\""},
		{7, "list", ",\"step\":\"2\",\"items\":[1]"},
	};
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct history *history = READ(arena, lines);
	assert_string_equal(value_get_text(history_get(history, "intent", "1", 1), "object"), "first");
	assert_string_equal(value_get_text(history_get(history, "intent", "1", 2), "object"),
			    "again"); /* the last one counts */
	assert_string_equal(value_get_text(history_get(history, "step_finished", "1", 1), "outcome"), "failed");
	assert_non_null(history_get(history, "list", "2", 0));
	assert_null(history_get(history, "step_finished", "1", 2));
	assert_null(history_get(history, "intent", "1", 0));
	assert_null(history_get(history, "intent", "2", 1));
	assert_null(history_get(NULL, "intent", "1", 1));
	assert_string_equal(value_get_text(history->opened, "run"), "r");
	assert_null(history->finished);
	assert_false(history->cancelled);
	assert_true(history_has_begun(history, "1"));
	assert_true(history_has_begun(history, "2"));
	assert_false(history_has_begun(history, "3"));
	assert_false(history_has_begun(NULL, "1"));
	history_free(history);
	history_free(NULL);
}

static const struct {
	const char *kind, *fields;
	bool finished, cancelled;
	size_t skips;
} ends[] = {
	{"run_finished", ",\"outcome\":\"ok\"", true, false, 0},
	{"abandoned", ",\"reason\":\"x\"", true, false, 0},
	{"request", ",\"request\":\"cancel\",\"accepted\":true", false, true, 0},
	{"request", ",\"request\":\"cancel\",\"accepted\":false", false, false, 0},
	{"request", ",\"request\":\"skip\",\"step\":\"3\",\"accepted\":true", false, false, 1},
	{"request", ",\"request\":\"skip\",\"step\":\"3\",\"accepted\":false", false, false, 0},
	{"request", ",\"request\":\"answer\",\"step\":\"3\",\"accepted\":true", false, false, 0},
};

static void ends_and_requests(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(ends); i++) {
		CLEANUP_ARENA struct arena *arena = arena_new();
		const struct line lines[] = {{1, "run_opened", ""}, {2, ends[i].kind, ends[i].fields}};
		struct history *history = READ(arena, lines);
		assert_int_equal(history->finished != NULL, ends[i].finished);
		assert_int_equal(history->cancelled, ends[i].cancelled);
		assert_int_equal(history->skips_count, ends[i].skips);
		assert_false(history_has_begun(history, "3")); /* to be asked to skip it is not to begin it */
		history_free(history);
	}
}

/* Who spent the time: each case's records, and the sums. */
static const struct {
	struct line lines[8];
	int machine, waited;
} times[] = {
	{{{100, "run_opened", ""}}, 0, 0},
	{{{100, "run_opened", ""}, {130, "note", ""}, {150, "note", ""}}, 50, 0},
	/* between two processes nobody works, whether or not the machine was booted again */
	{{{100, "run_opened", ""}, {130, "note", ""}, {900, "resumed", ""}, {910, "note", ""}}, 40, 0},
	{{{100, "run_opened", ""}, {130, "note", ""}, {5, "resumed", ""}, {25, "note", ""}}, 50, 0},
	{{{100, "run_opened", ""}, {130, "note", ""}, {5, "note", ""}, {25, "note", ""}}, 50, 0},
	/* people's time is apart */
	{{{100, "run_opened", ""},
	  {110, "waiting", ",\"step\":\"1\""},
	  {180, "answered", ",\"step\":\"1\",\"waited\":70"},
	  {185, "note", ""}},
	 15,
	 70},
	{{{100, "run_opened", ""},
	  {110, "waiting", ",\"step\":\"1\""},
	  {150, "request", ""},
	  {180, "step_finished", ",\"step\":\"1\""},
	  {185, "note", ""}},
	 15,
	 70},
	/* killed while it waited: what came after the last record is nobody's */
	{{{100, "run_opened", ""}, {110, "waiting", ",\"step\":\"1\""}, {500, "resumed", ""}, {520, "note", ""}}, 30, 0},
};

static void time_is_counted_by_who_spent_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(times); i++) {
		CLEANUP_ARENA struct arena *arena = arena_new();
		size_t count = 0;
		while (count < COUNT_OF(times[i].lines) && times[i].lines[count].kind)
			count++;
		struct history *history = read_lines(arena, times[i].lines, count);
		if (history->machine != times[i].machine || history->waited != times[i].waited)
			fail_msg("case %zu: machine %d, waited %d", i, (int)history->machine, (int)history->waited);
		history_free(history);
	}
}

static void each_record_knows_its_machine_time(void **state)
{
	(void)state;
	static const struct line lines[] = {
		{100, "run_opened", ""},
		{130, "step_started", ",\"step\":\"1\",\"attempt\":1"},
		{900, "resumed", ""},
		{905, "step_started", ",\"step\":\"2\",\"attempt\":1"},
	};
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct history *history = READ(arena, lines);
	assert_int_equal(history_machine(history->opened), 0);
	assert_int_equal(history_machine(history_get(history, "step_started", "1", 1)), 30);
	assert_int_equal(history_machine(history_get(history, "step_started", "2", 1)), 35);
	history_free(history);
}

static const struct {
	const char *after; /* kind of the record behind the answer, of the same step */
	bool counts;
} followers[] = {{"note", true}, {"intent", false}, {"waiting", false}, {"step_started", false}};

static void an_answer_is_given_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(followers); i++) {
		CLEANUP_ARENA struct arena *arena = arena_new();
		const struct line lines[] = {{1, "waiting", ",\"step\":\"1\""},
					     {2, "answered", ",\"step\":\"1\",\"answer\":\"yes\""},
					     {3, followers[i].after, ",\"step\":\"1\",\"attempt\":1"}};
		struct history *history = READ(arena, lines);
		const struct value *answer = history_take_answer(history, "1");
		assert_int_equal(answer != NULL, followers[i].counts);
		if (answer)
			assert_string_equal(value_get_text(answer, "answer"), "yes");
		assert_null(history_take_answer(history, "1"));
		assert_null(history_take_answer(history, "2"));
		history_free(history);
	}
}

/* An event wish keeps the token of its first intent, through retries of the step and of the groups around it. */
static void the_first_baseline_counts(void **state)
{
	(void)state;
	static const struct line lines[] = {
		{1, "intent", ",\"step\":\"2.1\",\"attempt\":1,\"baseline\":null"},
		{2, "intent", ",\"step\":\"2.1\",\"attempt\":2,\"baseline\":\"boot-1\""},
		{3, "intent", ",\"step\":\"2#2.1\",\"attempt\":1,\"baseline\":\"boot-2\""},
		{4, "intent", ",\"step\":\"2.2\",\"attempt\":1"},
	};
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct history *history = READ(arena, lines);
	assert_string_equal(value_text(table_get(&history->baselines, "2.1")), "boot-1");
	assert_null(table_get(&history->baselines, "2#2.1"));
	assert_null(table_get(&history->baselines, "2.2"));
	history_free(history);
}

static const struct {
	const char *key, *plain;
} keys[] = {
	{"3", "3"}, {"3#2.1[0]", "3.1[0]"}, {"3#12.1#3", "3.1"}, {"3.rescued.1", "3.1"}, {"3.rescue.1", "3.rescue.1"}, {"", ""},
};

static void keys_without_attempts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		CLEANUP_FREE char *plain = plain_key(keys[i].key);
		assert_string_equal(plain, keys[i].plain);
	}
}

static void a_journal_that_does_not_verify(void **state)
{
	(void)state;
	static const struct line lines[] = {{1, "run_opened", ""}, {2, "note", ""}};
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_ERROR struct error err = ERROR_NONE;
	CLEANUP_FREE char *text = NULL;
	size_t length;
	struct history *history = NULL;
	write_journal(lines, COUNT_OF(lines));
	assert_int_equal(file_read(path, FILE_NO_LIMIT, &text, &length, NULL), 0);
	*strstr(text, "note") = 'N';
	assert_int_equal(file_write_durable(path, text, length, 0600, NULL), 0);
	assert_int_equal(history_read(arena, path, &history, &err), -1);
	assert_int_equal(err.code, ERROR_CORRUPT);
	assert_non_null(strstr(error_text(&err), "record 2"));
	assert_null(history);
}

static int make_path(void **state)
{
	(void)state;
	return close(mkstemp(path));
}

static int remove_path(void **state)
{
	(void)state;
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_by_kind_place_and_attempt),
		cmocka_unit_test(ends_and_requests),
		cmocka_unit_test(time_is_counted_by_who_spent_it),
		cmocka_unit_test(each_record_knows_its_machine_time),
		cmocka_unit_test(an_answer_is_given_once),
		cmocka_unit_test(the_first_baseline_counts),
		cmocka_unit_test(keys_without_attempts),
		cmocka_unit_test(a_journal_that_does_not_verify),
	};
	return cmocka_run_group_tests(tests, make_path, remove_path);
}
