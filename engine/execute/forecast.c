/*
 * forecast.c - samples out of earlier journals. `elapsed` is machine time: what a person was waited for is not in it.
 */
#include "engine/execute/forecast.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/execute/outcome.h"
#include "engine/journal/step_key.h"

struct instance { /* of one step, in the run that is being read */
	const char *key;
	const char *uses; /* or NULL */
	int64_t elapsed;  /* of all its attempts */
	int64_t waited;	  /* for people; an answer that was prepared is none */
	int64_t began;	  /* boottime of its first record */
	int64_t looked; /* until it was known that something had to be done: what it would have taken if not; 0: nothing had */
	bool changed, skipped;
};

struct reader {
	struct forecast *forecast;
	const char *runbook;
	bool live;
	/* of the run that is being read */
	struct arena *arena;
	struct table instances;
	struct instance **order;
	size_t count, capacity;
	bool ours, good;
};

static struct instance *instance_of(struct reader *reader, const char *step)
{
	CLEANUP_FREE char *plain = plain_key(step);
	struct instance *instance = table_get(&reader->instances, plain);
	if (instance)
		return instance;
	instance = ARENA_NEW(reader->arena, struct instance);
	instance->key = arena_strdup(reader->arena, plain);
	table_put(&reader->instances, plain, instance);
	*(struct instance **)arena_grow(reader->arena, &reader->order, &reader->count, &reader->capacity,
					sizeof(struct instance *)) = instance;
	return instance;
}

static void read_step(struct reader *reader, const char *kind, const struct value *record)
{
	struct instance *instance = instance_of(reader, value_get_text(record, "step"));
	const char *uses = value_get_text(record, "uses");
	if (strcmp(kind, "step_started") == 0 && uses) {
		instance->uses = arena_strdup(reader->arena, uses);
		instance->began = value_get_int(record, "up", 0);
	} else if (strcmp(kind, "intent") == 0 && !instance->looked) {
		instance->looked = value_get_int(record, "up", 0) - instance->began;
	} else if (strcmp(kind, "answered") == 0) {
		instance->waited += value_get_int(record, "waited", 0);
	} else if (strcmp(kind, "step_finished") == 0) {
		instance->elapsed += value_get_int(record, "elapsed", 0);
		instance->changed |= !value_is_text(value_get(record, "outcome"), "ok");
		instance->skipped = value_is_text(value_get(record, "outcome"), "skipped");
	}
}

static bool read_record(void *context, const struct value *record)
{
	static const char *const of_steps[] = {"step_started", "intent", "answered", "step_finished"};
	struct reader *reader = context;
	const char *kind = value_get_text(record, "kind");
	if (strcmp(kind, "run_opened") == 0)
		reader->ours = value_is_text(value_get(record, "runbook"), reader->runbook);
	if (strcmp(kind, "run_finished") == 0)
		reader->good = outcome_is_good(outcome_from_name(value_get_text(record, "outcome")));
	for (size_t i = 0; i < COUNT_OF(of_steps); i++)
		if (value_get_text(record, "step") && strcmp(of_steps[i], kind) == 0)
			read_step(reader, kind, record);
	if (!reader->ours)
		return !reader->live;
	return reader->forecast->runs < (reader->live ? FORECAST_LIVE : FORECAST_RUNS);
}

/* --- samples --- */

static struct samples *samples_of(struct forecast *forecast, struct table *table, const char *key)
{
	struct samples *samples = table_get(table, key);
	if (samples)
		return samples;
	samples = ARENA_NEW(forecast->arena, struct samples);
	samples->key = arena_strdup(forecast->arena, key);
	table_put(table, key, samples);
	if (table == &forecast->steps)
		*(struct samples **)arena_grow(forecast->arena, &forecast->order, &forecast->count, &forecast->capacity,
					       sizeof(struct samples *)) = samples;
	return samples;
}

/* In its place, so that they are always sorted. */
static void add(struct forecast *forecast, struct samples *samples, enum forecast_form form, int64_t value)
{
	size_t place = samples->count[form];
	arena_grow(forecast->arena, &samples->values[form], &samples->count[form], &samples->capacity[form], sizeof(int64_t));
	int64_t *values = samples->values[form];
	for (; place > 0 && values[place - 1] > value; place--)
		values[place] = values[place - 1];
	values[place] = value;
}

static void add_instance(struct forecast *forecast, struct samples *samples, const struct instance *instance)
{
	samples->instances++;
	add(forecast, samples, instance->changed ? FORECAST_APPLIED : FORECAST_HELD, instance->elapsed);
	if (instance->changed && instance->looked > 0)
		add(forecast, samples, FORECAST_HELD, instance->looked);
	if (instance->waited > 0)
		add(forecast, samples, FORECAST_WAITED, instance->waited);
}

/* All rounds of a foreach in this run, as one sample. */
static void add_total(struct reader *reader, size_t first, const char *step)
{
	struct instance total = {0};
	for (size_t i = first; i < reader->count; i++) {
		const struct instance *instance = reader->order[i];
		CLEANUP_FREE char *of = key_without_rounds(instance->key);
		if (strcmp(of, step) != 0 || instance->skipped)
			continue;
		total.elapsed += instance->elapsed;
		total.waited += instance->waited;
		total.looked += instance->looked;
		total.changed |= instance->changed;
	}
	add_instance(reader->forecast, samples_of(reader->forecast, &reader->forecast->totals, step), &total);
}

static void keep_run(struct reader *reader)
{
	struct forecast *forecast = reader->forecast;
	struct table totalled = {0};
	for (size_t i = 0; i < reader->count; i++) {
		const struct instance *instance = reader->order[i];
		if (instance->skipped)
			continue;
		if (instance->uses)
			add_instance(forecast, samples_of(forecast, &forecast->actions, instance->uses), instance);
		if (!reader->ours)
			continue;
		CLEANUP_FREE char *step = key_without_rounds(instance->key);
		add_instance(forecast, samples_of(forecast, &forecast->steps, instance->key), instance);
		add_instance(forecast, samples_of(forecast, &forecast->rounds, step), instance);
		if (strcmp(step, instance->key) != 0 && !table_get(&totalled, step))
			add_total(reader, i, step);
		table_put(&totalled, step, "");
	}
	table_free(&totalled);
	forecast->runs += reader->ours;
}

static void read_run(struct reader *reader, struct run_store *store, const char *id)
{
	CLEANUP_FREE char *path = run_journal_path(store, id);
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct journal_torn torn;
	reader->arena = arena;
	reader->order = NULL;
	reader->count = reader->capacity = 0;
	reader->ours = reader->good = false;
	if (journal_read(path, read_record, reader, &torn, &err) == 0 && reader->good)
		keep_run(reader);
	table_free(&reader->instances);
}

struct forecast *forecast_load(struct arena *arena, struct run_store *store, const char *runbook, bool live)
{
	struct forecast *forecast = ARENA_NEW(arena, struct forecast);
	forecast->arena = arena;
	struct reader reader = {.forecast = forecast, .runbook = runbook, .live = live};
	char **ids = NULL;
	size_t count = 0;
	if (run_list(store, &ids, &count, NULL) < 0)
		return forecast;
	for (size_t i = 0; i < count; i++) {
		if (i < FORECAST_JOURNALS)
			read_run(&reader, store, ids[i]);
		free(ids[i]);
	}
	free(ids);
	return forecast;
}

void forecast_free(struct forecast *forecast)
{
	if (!forecast)
		return;
	table_free(&forecast->steps);
	table_free(&forecast->rounds);
	table_free(&forecast->totals);
	table_free(&forecast->actions);
}

const struct value *forecast_likely(struct arena *arena, const struct forecast *forecast)
{
	struct value *map = value_map(arena);
	for (size_t i = 0; i < forecast->count; i++) {
		const struct samples *samples = forecast->order[i];
		enum forecast_form form = samples->count[FORECAST_APPLIED] ? FORECAST_APPLIED : FORECAST_HELD;
		if (2 * samples->instances >= forecast->runs)
			value_put(arena, map, samples->key, value_int(arena, samples->values[form][samples->count[form] / 2]));
	}
	return map;
}
