/*
 * forecast.c - medians out of earlier journals. What a person was waited for is not in them: `elapsed` is machine time.
 */
#include "engine/execute/forecast.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/base/table.h"
#include "engine/execute/history.h"
#include "engine/execute/outcome.h"

struct samples { /* of one step */
	const char *step;
	int64_t elapsed[FORECAST_RUNS];
	size_t count;
};

struct collector {
	struct arena *arena;
	const char *runbook;
	bool wanted, good;	/* the run that is being read: is it one of the runbook's, has it ended well */
	struct table steps;	/* step -> struct samples */
	struct samples **order; /* as they came */
	size_t count, capacity;
	struct value *run; /* step -> elapsed, of the run that is being read */
};

static bool read_record(void *context, const struct value *record)
{
	struct collector *collector = context;
	const char *kind = value_get_text(record, "kind"), *step = value_get_text(record, "step");
	if (strcmp(kind, "run_opened") == 0)
		collector->wanted = value_is_text(value_get(record, "runbook"), collector->runbook);
	if (strcmp(kind, "run_finished") == 0)
		collector->good = outcome_is_good(outcome_from_name(value_get_text(record, "outcome")));
	if (collector->wanted && step && strcmp(kind, "step_finished") == 0) {
		CLEANUP_FREE char *plain = plain_key(step);
		int64_t before = value_get_int(collector->run, plain, 0);
		value_put(collector->arena, collector->run, plain,
			  value_int(collector->arena, before + value_get_int(record, "elapsed", 0)));
	}
	return collector->wanted;
}

static struct samples *samples_of(struct collector *collector, const char *step)
{
	struct samples *samples = table_get(&collector->steps, step);
	if (samples)
		return samples;
	samples = ARENA_NEW(collector->arena, struct samples);
	samples->step = arena_strdup(collector->arena, step);
	table_put(&collector->steps, step, samples);
	*(struct samples **)arena_grow(collector->arena, &collector->order, &collector->count, &collector->capacity,
				       sizeof(struct samples *)) = samples;
	return samples;
}

static void keep_run(struct collector *collector)
{
	for (size_t i = 0; i < collector->run->map.count; i++) {
		struct samples *samples = samples_of(collector, value_text(collector->run->map.entries[i].key));
		samples->elapsed[samples->count++] = collector->run->map.entries[i].value->integer;
	}
}

static int compare(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
	return (left > right) - (left < right);
}

static const struct value *medians(struct collector *collector)
{
	struct value *map = value_map(collector->arena);
	for (size_t i = 0; i < collector->count; i++) {
		struct samples *samples = collector->order[i];
		qsort(samples->elapsed, samples->count, sizeof(*samples->elapsed), compare);
		value_put(collector->arena, map, samples->step,
			  value_int(collector->arena, samples->elapsed[samples->count / 2]));
	}
	return map;
}

static bool read_run(struct collector *collector, struct run_store *store, const char *id)
{
	CLEANUP_FREE char *path = run_journal_path(store, id);
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct journal_torn torn;
	collector->wanted = collector->good = false;
	collector->run = value_map(collector->arena);
	return journal_read(path, read_record, collector, &torn, &err) == 0 && collector->wanted && collector->good;
}

const struct value *forecast_load(struct arena *arena, struct run_store *store, const char *runbook)
{
	CLEANUP_ARENA struct arena *work = arena_new();
	struct collector collector = {.arena = work, .runbook = runbook};
	char **ids = NULL;
	size_t count = 0, kept = 0;
	if (run_list(store, &ids, &count, NULL) < 0)
		return value_map(arena);
	for (size_t i = 0; i < count; i++) {
		if (kept < FORECAST_RUNS && read_run(&collector, store, ids[i])) {
			keep_run(&collector);
			kept++;
		}
		free(ids[i]);
	}
	free(ids);
	const struct value *result = value_copy(arena, medians(&collector));
	table_free(&collector.steps);
	return result;
}
