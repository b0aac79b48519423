/*
 * history.c - the journal as tables.
 */
#include "engine/execute/history.h"

#include <string.h>

#include "engine/base/memory.h"
#include "engine/journal/journal.h"

struct reader {
	struct history *history;
	int64_t last_up;   /* boottime of the record before, in the same process; -1: there is none */
	struct table open; /* step -> OPEN or ASKING while it goes on */
	size_t open_count;
	size_t asking_count; /* of those: that wait for a person. When all do, time passes for people, not for machines */
};

static const char open_mark[] = "open", asking_mark[] = "asking";

static void set_mark(struct reader *reader, const char *step, const char *mark)
{
	const char *before = table_get(&reader->open, step);
	reader->open_count += (mark != NULL) - (size_t)(before != NULL);
	reader->asking_count += (mark == asking_mark) - (size_t)(before == asking_mark);
	table_put(&reader->open, step, mark);
}

static void begin_anew(struct reader *reader)
{
	table_free(&reader->open);
	reader->open_count = reader->asking_count = 0;
}

static char *make_key(const char *kind, const char *key, unsigned attempt)
{
	return memory_printf("%s %s %u", kind, key, attempt);
}

/* Time passes for the run only while a process works on it: the first record of a process adds nothing. */
static void pass_time(struct reader *reader, const struct value *record, const char *kind)
{
	int64_t up = value_get_int(record, "up", 0);
	const char *step = value_get_text(record, "step");
	bool new_process = strcmp(kind, "resumed") == 0 || reader->last_up < 0 || up < reader->last_up;
	bool idle = reader->asking_count && reader->asking_count == reader->open_count;
	if (new_process)
		begin_anew(reader);
	else
		*(idle ? &reader->history->waited : &reader->history->machine) += up - reader->last_up;
	reader->last_up = up;
	if (step && strcmp(kind, "waiting") == 0)
		set_mark(reader, step, asking_mark);
	else if (step && (strcmp(kind, "step_started") == 0 || strcmp(kind, "answered") == 0))
		set_mark(reader, step, open_mark);
	else if (step && strcmp(kind, "step_finished") == 0)
		set_mark(reader, step, NULL);
}

/* An answer counts until it is acted on (an intent), or until the same step asks or begins once more. */
static bool ends_answer(const char *kind)
{
	return strcmp(kind, "waiting") == 0 || strcmp(kind, "intent") == 0 || strcmp(kind, "step_started") == 0;
}

static void keep_of_step(struct history *history, const char *kind, const char *step, const struct value *record)
{
	CLEANUP_FREE char *key = make_key(kind, step, (unsigned)value_get_int(record, "attempt", 0));
	CLEANUP_FREE char *plain = plain_key(step);
	const struct value *baseline = value_get(record, "baseline");
	table_put(&history->records, key, record);
	if (strcmp(kind, "request") != 0)
		table_put(&history->begun, step, record);
	if (ends_answer(kind)) {
		CLEANUP_FREE char *answered = make_key("answered", step, 0);
		table_put(&history->records, answered, NULL);
	}
	if (baseline && baseline->type != VALUE_NULL && !table_get(&history->baselines, plain))
		table_put(&history->baselines, plain, baseline);
}

static void keep_in(struct history *history, const struct value ***list, size_t *count, size_t *capacity,
		    const struct value *value)
{
	const struct value **place = arena_grow(history->arena, list, count, capacity, sizeof(**list));
	*place = value;
}

static void keep_request(struct history *history, const struct value *request)
{
	if (value_is_text(value_get(request, "request"), "cancel"))
		history->cancelled = true;
	if (!value_is_text(value_get(request, "request"), "skip"))
		return;
	keep_in(history, &history->skips, &history->skips_count, &history->skips_capacity, request);
}

static bool keep(void *context, const struct value *record)
{
	struct reader *reader = context;
	struct history *history = reader->history;
	const char *kind = value_get_text(record, "kind");
	const char *step = value_get_text(record, "step");
	pass_time(reader, record, kind);
	struct value *copy = (struct value *)value_copy(history->arena, record);
	value_put(history->arena, copy, "machine", value_int(history->arena, history->machine));
	if (strcmp(kind, "run_opened") == 0)
		history->opened = copy;
	else if (strcmp(kind, "run_finished") == 0 || strcmp(kind, "abandoned") == 0)
		history->finished = copy;
	else if (strcmp(kind, "request") == 0 && value_get_bool(record, "accepted", false))
		keep_request(history, copy);
	if (strcmp(kind, "approved") == 0)
		keep_in(history, &history->approvals, &history->approvals_count, &history->approvals_capacity, copy);
	if (value_is(value_get(copy, "approval"), VALUE_MAP))
		keep_in(history, &history->gates, &history->gates_count, &history->gates_capacity, copy);
	if (value_is(value_get(copy, "operator"), VALUE_MAP))
		keep_in(history, &history->operators, &history->operators_count, &history->operators_capacity,
			value_get(copy, "operator"));
	if (step)
		keep_of_step(history, kind, step, copy);
	history->count++;
	return true;
}

int history_read(struct arena *arena, const char *path, struct history **ret_history, struct error *err)
{
	struct history *history = ARENA_NEW(arena, struct history);
	history->arena = arena;
	struct reader reader = {.history = history, .last_up = -1};
	struct journal_torn torn;
	int result = journal_read(path, keep, &reader, &torn, err);
	table_free(&reader.open);
	if (result < 0) {
		history_free(history);
		return -1;
	}
	*ret_history = history;
	return 0;
}

void history_free(struct history *history)
{
	if (!history)
		return;
	table_free(&history->records);
	table_free(&history->begun);
	table_free(&history->baselines);
}

const struct value *history_get(const struct history *history, const char *kind, const char *key, unsigned attempt)
{
	if (!history)
		return NULL;
	CLEANUP_FREE char *full = make_key(kind, key, attempt);
	return table_get(&history->records, full);
}

bool history_has_begun(const struct history *history, const char *key)
{
	return history && table_get(&history->begun, key);
}

const struct value *history_take_answer(struct history *history, const char *key)
{
	const struct value *answered = history_get(history, "answered", key, 0);
	if (!answered)
		return NULL;
	CLEANUP_FREE char *full = make_key("answered", key, 0);
	table_put(&history->records, full, NULL);
	return answered;
}

int64_t history_machine(const struct value *record)
{
	return value_get_int(record, "machine", 0);
}
