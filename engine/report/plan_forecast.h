/*
 * plan_forecast.h - what a plan says of how long it will take, as text. Internal to report/; the numbers are made by
 * engine/execute/forecast_plan.c.
 */
#pragma once

#include "engine/report/page.h"

bool plan_forecast_has(const struct value *row); /* is there anything to say of how long it will take */
/* "takes 4.7s, 90th percentile 6.1s", within a line. */
void plan_forecast_row(struct page *page, const struct value *row);
/* "Forecast: ...", a line of its own; nothing if the plan has none. */
void plan_forecast_whole(struct page *page, const struct value *plan);
