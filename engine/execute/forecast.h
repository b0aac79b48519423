/*
 * forecast.h - how long each step is likely to take: the median of what it took in earlier runs of the same runbook that ended
 * well.
 */
#pragma once

#include "engine/base/error.h"
#include "engine/base/value.h"
#include "engine/journal/run_store.h"

#define FORECAST_RUNS 9 /* the newest so many count */

/* {step instance without the attempts of groups: nanoseconds}; empty without earlier runs. A journal that cannot be read does
 * not count. */
const struct value *forecast_load(struct arena *arena, struct run_store *store, const char *runbook);
