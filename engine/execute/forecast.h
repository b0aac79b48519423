/*
 * forecast.h - how long steps are likely to take: medians and 90th percentiles (nearest rank) out of the journals of earlier
 * runs that ended well. Only machine time; what people were waited for is kept apart. What no run has done is not known, and
 * never guessed.
 *
 * forecast.c reads the journals, forecast_plan.c lays what they say onto a plan.
 */
#pragma once

#include <stdbool.h>

#include "engine/base/error.h"
#include "engine/base/table.h"
#include "engine/base/value.h"
#include "engine/journal/run_store.h"

#define FORECAST_RUNS	  20 /* of the runbook: the newest so many count */
#define FORECAST_LIVE	  9  /* at the start of a run, which is not to be held up */
#define FORECAST_JOURNALS 50 /* so many of the newest journals are looked into, for the actions of other runbooks too */

enum forecast_form {
	FORECAST_HELD,	  /* it was ok, or would have been: only looked at */
	FORECAST_APPLIED, /* something was */
	FORECAST_WAITED,  /* for a person */
	FORECAST_FORMS,
};

struct samples { /* nanoseconds, in ascending order */
	const char *key;
	size_t instances; /* that were done */
	int64_t *values[FORECAST_FORMS];
	size_t count[FORECAST_FORMS], capacity[FORECAST_FORMS];
};

struct forecast {
	struct arena *arena;
	struct table steps;	/* step instance without attempts, such as 5.1[0] -> struct samples; each run is one sample */
	struct table rounds;	/* 5.1 -> of all rounds of its foreach */
	struct table totals;	/* 5.1 -> of all its rounds together, a sample a run */
	struct table actions;	/* service.start -> of whatever step of whatever runbook used it */
	struct samples **order; /* all of `steps`, as they came */
	size_t count, capacity;
	size_t runs; /* of the runbook, that were read */
};

/* live: only of the runbook's own runs. What can be read of the store; a journal that cannot be does not count. Lives in the
 * arena; forecast_free for its tables. */
struct forecast *forecast_load(struct arena *arena, struct run_store *store, const char *runbook, bool live);
void forecast_free(struct forecast *forecast);

/* {step instance: nanoseconds}, the medians of the steps that at least half of the runs had: what a running run is held to. */
const struct value *forecast_likely(struct arena *arena, const struct forecast *forecast);

/* The plan, with "forecast" at its steps, its groups, and itself (engine/plan/README.md has the fields). */
const struct value *forecast_plan(struct arena *arena, const struct forecast *forecast, const struct value *plan);
