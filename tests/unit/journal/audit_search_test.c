/*
 * audit_search_test.c - who did what to what, and when: two runs of a spring, by two people, one of them interrupted.
 */
#include "tests/unit/journal/run_fixture.h"

#include <time.h>

#include "engine/base/period.h"
#include "engine/journal/audit_search.h"
#include "engine/journal/journal_frame.h"

#define APRIL "20260430-221000-00000001"
#define MAY   "20260520-100000-00000002"

struct fixture {
	char *folder; /* owned */
	struct run_store *store;
};

struct line {
	const char *wall, *kind, *fields; /* fields: JSON with a comma before it */
};

/* With the times that the test wants: journal_append has only now. */
static void write_journal(struct run_store *store, const char *id, const struct line *lines, size_t count)
{
	CLEANUP_FREE char *path = run_journal_path(store, id);
	CLEANUP_BUFFER struct buffer text = {0};
	char head[HASH_HEX_SIZE] = JOURNAL_NO_HASH;
	for (size_t i = 0; i < count; i++) {
		size_t start = text.length;
		buffer_printf(&text, "{\"seq\":%zu,\"prev\":\"%s\",\"wall\":\"%s\",\"up\":1,\"boot\":\"b\",\"kind\":\"%s\"%s",
			      i + 1, head, lines[i].wall, lines[i].kind, lines[i].fields);
		hash_hex(text.data + start, text.length - start, head);
		buffer_printf(&text, ",\"hash\":\"%s\"}\n", head);
	}
	assert_int_equal(file_make_folders(path, 0700, NULL), 0); /* and its folder */
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(file_write_durable(path, text.data, text.length, 0600, NULL), 0);
}

static const struct line april[] = {
	{"2026-04-30T22:10:00.000Z", "run_opened",
	 ",\"runbook\":\"mail/failover\",\"runbook_kind\":\"failover\",\"operator\":{\"user\":\"anna\",\"host\":\"ctl\"}"},
	{"2026-04-30T22:10:01.000Z", "step_started",
	 ",\"step\":\"1\",\"name\":\"Stop the store\",\"uses\":\"service.stop\",\"host\":\"exch01\",\"via\":\"exch01\""},
	{"2026-04-30T22:10:02.000Z", "intent",
	 ",\"step\":\"1\",\"object\":\"service/exch01/MSExchangeIS\",\"effect\":\"reversible\",\"commands\":[\"sc.exe stop\"]"},
	{"2026-04-30T22:10:30.000Z", "step_finished", ",\"step\":\"1\",\"outcome\":\"changed\""},
	{"2026-04-30T22:11:00.000Z", "step_started",
	 ",\"step\":\"2\",\"name\":\"Delete the account\",\"uses\":\"ad.delete_computer\",\"host\":\"dc1\",\"via\":\"dc1\""},
	{"2026-04-30T22:11:01.000Z", "step_finished",
	 ",\"step\":\"2\",\"object\":\"computer/EXCH01/S-1-5\",\"outcome\":\"failed\",\"error\":{\"message\":\"access "
	 "denied\"}"},
	{"2026-04-30T22:11:02.000Z", "run_finished", ",\"outcome\":\"failed\""},
};

static const struct line may[] = {
	{"2026-05-20T10:00:00.000Z", "run_opened",
	 ",\"runbook\":\"mail/drill\",\"runbook_kind\":\"drill\",\"operator\":{\"user\":\"anna\",\"host\":\"ctl\"}"},
	{"2026-05-20T10:00:01.000Z", "step_started",
	 ",\"step\":\"1\",\"name\":\"Start\",\"uses\":\"service.start\",\"host\":\"exch02\",\"via\":\"exch02\""},
	{"2026-05-31T21:59:59.000Z", "resumed", ",\"operator\":{\"user\":\"berta\",\"host\":\"ctl2\"}"},
	{"2026-05-31T22:00:05.000Z", "step_started",
	 ",\"step\":\"1\",\"name\":\"Start\",\"uses\":\"service.start\",\"host\":\"exch02\",\"via\":\"exch02\""},
	{"2026-05-31T22:00:06.000Z", "intent",
	 ",\"step\":\"1\",\"object\":\"service/exch02/Postfix\",\"hosts\":[\"exch02\",\"ctl\"]"},
	{"2026-05-31T22:00:06.500Z", "resumed", ",\"operator\":{\"user\":\"anna\",\"host\":\"ctl\"}"},
	{"2026-05-31T22:00:07.000Z", "answered",
	 ",\"step\":\"2\",\"answer\":\"go on\",\"by\":{\"user\":\"carl\",\"host\":\"pc\"}"},
	{"2026-05-31T22:00:08.000Z", "step_finished", ",\"step\":\"1\",\"outcome\":\"ok\""},
};

static int set_up(void **state)
{
	struct fixture *fixture = memory_alloc(sizeof(*fixture));
	fixture->folder = scratch_new();
	fixture->store = store_in(fixture->folder);
	setenv("TZ", "Europe/Berlin", 1);
	tzset();
	write_journal(fixture->store, APRIL, april, COUNT_OF(april));
	write_journal(fixture->store, MAY, may, COUNT_OF(may));
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	run_store_close(fixture->store);
	scratch_free(&fixture->folder);
	free(fixture);
	return 0;
}

struct found {
	char events[1024]; /* "A#4 anna@ctl, M#3 berta@ctl2": run by its first letter, record, operator */
	char runs[512];	   /* "A failed 2 exch01+dc1" */
	char unreadable[256];
};

static char letter(const struct value *value)
{
	return strcmp(value_get_text(value, "run"), APRIL) == 0 ? 'A' : 'M';
}

static void note_event(void *context, const struct value *event)
{
	struct found *found = context;
	size_t length = strlen(found->events);
	snprintf(found->events + length, sizeof(found->events) - length, "%s%c#%d %s", length ? ", " : "", letter(event),
		 (int)value_get_int(event, "record", 0), value_get_text(event, "operator"));
}

static void note_run(void *context, const struct value *run)
{
	struct found *found = context;
	size_t length = strlen(found->runs);
	const struct value *hosts = value_get(run, "hosts");
	length += (size_t)snprintf(found->runs + length, sizeof(found->runs) - length, "%s%c %s %d ", length ? ", " : "",
				   letter(run), value_get_text(run, "outcome"), (int)value_get_int(run, "events", 0));
	for (size_t i = 0; i < hosts->list.count; i++)
		length += (size_t)snprintf(found->runs + length, sizeof(found->runs) - length, "%s%s", i ? "+" : "",
					   value_text(hosts->list.items[i]));
}

static void note_unreadable(void *context, const char *id, const struct error *err)
{
	struct found *found = context;
	snprintf(found->unreadable, sizeof(found->unreadable), "%s: %s", id, error_text(err));
}

static struct found look(struct fixture *fixture, struct audit_filter filter, const char *since, const char *until)
{
	struct found found = {.events = ""};
	struct error err = ERROR_NONE;
	struct period period;
	filter.since = INT64_MIN;
	filter.until = INT64_MAX;
	if (since && period_parse(since, 0, &period, &err) == 0)
		filter.since = period.begin;
	if (until && period_parse(until, 0, &period, &err) == 0)
		filter.until = period.end;
	struct audit_visitor visitor = {note_event, note_run, note_unreadable, &found};
	assert_good(audit_search(fixture->store, &filter, &visitor, &err), &err);
	return found;
}

#define EXPECT(filter, since, until, expected)                                                                                 \
	assert_string_equal(look(*state, (struct audit_filter)filter, since, until).events, expected)
#define ARGS(...)                                                                                                              \
	{                                                                                                                      \
		__VA_ARGS__                                                                                                    \
	}

static void all_of_it_is_told_oldest_first(void **state)
{
	EXPECT(ARGS(.text = NULL), NULL, NULL,
	       "A#1 anna@ctl, A#4 anna@ctl, A#6 anna@ctl, A#7 anna@ctl, M#1 anna@ctl, M#3 berta@ctl2, M#2 anna@ctl, "
	       "M#6 anna@ctl, M#7 carl@pc, M#8 berta@ctl2, anna@ctl");
	assert_string_equal(look(*state, (struct audit_filter){.text = NULL}, NULL, NULL).runs,
			    "A failed 4 exch01+dc1, M unfinished 6 exch02");
}

/* By the clock in Berlin the first run was in May. */
static void who_touched_exch01_in_may(void **state)
{
	EXPECT(ARGS(.host = "exch01"), "2026-05", "2026-05", "A#4 anna@ctl, A#6 anna@ctl");
	EXPECT(ARGS(.host = "exch01"), "2026-05Z", "2026-05Z", "");
	EXPECT(ARGS(.host = "exch01"), "2026-04Z", "2026-04Z", "A#4 anna@ctl, A#6 anna@ctl");
	EXPECT(ARGS(.host = "EXCH0?"), NULL, NULL, "A#4 anna@ctl, A#6 anna@ctl, M#2 anna@ctl, M#8 berta@ctl2, anna@ctl");
	EXPECT(ARGS(.host = "exch"), NULL, NULL, "");
	EXPECT(ARGS(.host = "ctl"), NULL, NULL, "M#8 berta@ctl2, anna@ctl"); /* it ran there, too */
}

static void a_step_is_found_at_any_time_at_which_it_was_going_on(void **state)
{
	EXPECT(ARGS(.action = "service.stop"), "2026-05-01T00:10:20", "2026-05-01T00:10:21", "A#4 anna@ctl");
	EXPECT(ARGS(.action = "service.stop"), "2026-05-01T00:10:31", NULL, "");
	EXPECT(ARGS(.action = "service.stop"), NULL, "2026-05-01T00:10:00", "");
	EXPECT(ARGS(.operator= "carl"), "2026-06-01T00:00:07", "2026-06-01T00:00:07", "M#7 carl@pc");
	EXPECT(ARGS(.operator= "carl"), "2026-05", "2026-05", "");
}

static void by_everything_else(void **state)
{
	EXPECT(ARGS(.operator= "anna@ctl", .outcome = "changed,unfinished"), NULL, NULL, "A#4 anna@ctl, M#2 anna@ctl");
	EXPECT(ARGS(.outcome = "unfinished"), NULL, NULL, "M#2 anna@ctl");
	EXPECT(ARGS(.operator= "berta"), NULL, NULL, "M#3 berta@ctl2, M#8 berta@ctl2, anna@ctl");
	EXPECT(ARGS(.operator= "ann"), NULL, NULL, "");
	EXPECT(ARGS(.object = "postfix"), NULL, NULL, "M#8 berta@ctl2, anna@ctl");
	EXPECT(ARGS(.object = "service/*/msexch*"), NULL, NULL, "A#4 anna@ctl");
	EXPECT(ARGS(.object = "service/*"), NULL, NULL, "A#4 anna@ctl, M#8 berta@ctl2, anna@ctl");
	EXPECT(ARGS(.action = "service.*", .runbook = "drill"), NULL, NULL, "M#2 anna@ctl, M#8 berta@ctl2, anna@ctl");
	EXPECT(ARGS(.text = "ACCESS DENIED"), NULL, NULL, "A#6 anna@ctl");
	EXPECT(ARGS(.text = "sc.exe stop"), NULL, NULL, "A#4 anna@ctl");
	EXPECT(ARGS(.text = "go on"), NULL, NULL, "M#7 carl@pc");
	EXPECT(ARGS(.text = "000000000000"), NULL, NULL, ""); /* hashes are no text */
	assert_string_equal(look(*state, (struct audit_filter){.run_outcome = "failed"}, NULL, NULL).runs,
			    "A failed 4 exch01+dc1");
	assert_string_equal(look(*state, (struct audit_filter){.host = "dc1"}, NULL, NULL).runs, "A failed 1 dc1");
}

static void a_damaged_journal_is_read_up_to_the_damage_and_told(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP_FREE char *path = run_journal_path(fixture->store, APRIL);
	char *text;
	size_t length;
	assert_int_equal(file_read(path, FILE_NO_LIMIT, &text, &length, NULL), 0);
	strstr(text, "Delete the account")[0] = 'd';
	assert_int_equal(file_write_durable(path, text, length, 0600, NULL), 0);
	free(text);
	struct found found = look(fixture, (struct audit_filter){.host = "exch01"}, NULL, NULL);
	assert_string_equal(found.events, "A#4 anna@ctl");
	assert_string_equal(found.unreadable, APRIL ": record 5: its hash does not match its content");
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FIXTURE(all_of_it_is_told_oldest_first),
		WITH_FIXTURE(who_touched_exch01_in_may),
		WITH_FIXTURE(a_step_is_found_at_any_time_at_which_it_was_going_on),
		WITH_FIXTURE(by_everything_else),
		WITH_FIXTURE(a_damaged_journal_is_read_up_to_the_damage_and_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
