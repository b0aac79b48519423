/*
 * history.c - the journal as tables.
 */
#include "engine/execute/history.h"

#include <string.h>

#include "engine/base/memory.h"
#include "engine/journal/journal.h"

struct reader {
	struct history *history;
	int64_t last_up;     /* boottime of the record before, in the same process */
	int64_t waiting_from; /* machine time at which a gate began to wait; -1: none waits */
};

static char *make_key(const char *kind, const char *key, unsigned attempt)
{
	return memory_printf("%s %s %u", kind, key, attempt);
}

/* Time passes for the run only while a process works on it: the first record of a process adds nothing. */
static void pass_time(struct reader *reader, const struct value *record, const char *kind)
{
	int64_t up = value_get_int(record, "up", 0);
	bool new_process = strcmp(kind, "resumed") == 0 || reader->last_up < 0 || up < reader->last_up;
	if (!new_process)
		reader->history->machine += up - reader->last_up;
	reader->last_up = up;
}

static void stop_waiting(struct reader *reader, const struct value *record)
{
	struct history *history = reader->history;
	int64_t waited = value_get_int(record, "waited", 0);
	history->waited += waited;
	history->machine -= waited < history->machine ? waited : history->machine;
	reader->waiting_from = -1;
}

static bool keep(void *context, const struct value *record)
{
	struct reader *reader = context;
	struct history *history = reader->history;
	const char *kind = value_get_text(record, "kind");
	const char *step = value_get_text(record, "step");
	pass_time(reader, record, kind);
	if (strcmp(kind, "answered") == 0)
		stop_waiting(reader, record);
	struct value *copy = (struct value *)value_copy(history->arena, record);
	value_put(history->arena, copy, "machine", value_int(history->arena, history->machine));
	if (strcmp(kind, "run_opened") == 0)
		history->opened = copy;
	else if (strcmp(kind, "run_finished") == 0 || strcmp(kind, "abandoned") == 0)
		history->finished = copy;
	else if (strcmp(kind, "request") == 0 && value_is_text(value_get(record, "request"), "cancel") &&
		 value_get_bool(record, "accepted", false))
		history->cancelled = true;
	if (step) {
		CLEANUP_FREE char *key = make_key(kind, step, (unsigned)value_get_int(record, "attempt", 0));
		table_put(&history->records, key, copy);
	}
	history->count++;
	return true;
}

int history_read(struct arena *arena, const char *path, struct history **ret_history, struct error *err)
{
	struct history *history = ARENA_NEW(arena, struct history);
	history->arena = arena;
	struct reader reader = {.history = history, .last_up = -1, .waiting_from = -1};
	struct journal_torn torn;
	if (journal_read(path, keep, &reader, &torn, err) < 0) {
		history_free(history);
		return -1;
	}
	*ret_history = history;
	return 0;
}

void history_free(struct history *history)
{
	if (history)
		table_free(&history->records);
}

const struct value *history_get(const struct history *history, const char *kind, const char *key, unsigned attempt)
{
	if (!history)
		return NULL;
	CLEANUP_FREE char *full = make_key(kind, key, attempt);
	return table_get(&history->records, full);
}

int64_t history_machine(const struct value *record)
{
	return value_get_int(record, "machine", 0);
}
