/*
 * plan_forecast.c - see plan_forecast.h. What is not known is a question mark.
 */
#include "engine/report/plan_forecast.h"

#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "engine/report/fields.h"

static void put_times(struct page *page, enum ink ink, const struct value *times)
{
	int64_t median = value_get_int(times, "median", 0), slow = value_get_int(times, "p90", 0);
	page_duration(page, ink, median);
	if (slow == median)
		return;
	page_put(page, INK_DIM, ", 90th percentile ");
	page_duration(page, ink, slow);
}

bool plan_forecast_has(const struct value *row)
{
	const struct value *forecast = value_get(row, "forecast");
	int64_t unknown = value_get_int(forecast, "unknown", 0);
	if (value_is(forecast, VALUE_MAP) && !unknown)
		return value_get_int(forecast, "p90", 0) >= NSEC_PER_MSEC;		/* less is nothing */
	return forecast && (!unknown || unknown < value_get_int(forecast, "steps", 0)); /* else its steps say so */
}

void plan_forecast_row(struct page *page, const struct value *row)
{
	const struct value *forecast = value_get(row, "forecast"), *uses = value_get(row, "uses");
	bool people = value_is_text(uses, "core.prompt") || value_is_text(uses, "core.approve");
	bool partly = value_get_int(forecast, "unknown", 0) > 0;
	page_put(page, INK_DIM, people ? "people take " : partly ? "takes at least " : "takes ");
	if (value_is(forecast, VALUE_MAP))
		put_times(page, INK_PLAIN, forecast);
	else
		page_put(page, INK_PLAIN, "?");
	if (value_is_text(value_get(forecast, "by"), "action"))
		page_put(page, INK_DIM, " (as that action did elsewhere)");
}

/* "17s, 90th percentile 31s", "at least 12s and ? for 2 of 7 steps", "?" */
static void put_span(struct page *page, const struct value *span, const char *what)
{
	int64_t steps = value_get_int(span, "steps", 0), unknown = value_get_int(span, "unknown", 0);
	int64_t elsewhere = value_get_int(span, "elsewhere", 0);
	if (steps == unknown) {
		page_put(page, INK_PLAIN, "?");
		return;
	}
	page_put(page, INK_PLAIN, unknown ? "at least " : NULL);
	put_times(page, INK_PLAIN, span);
	if (unknown)
		page_putf(page, INK_PLAIN, " and ? for %lld of %lld %s", (long long)unknown, (long long)steps, what);
	if (elsewhere)
		page_putf(page, INK_PLAIN, ", with %lld of %lld %s as their actions did elsewhere", (long long)elsewhere,
			  (long long)steps, what);
}

static const struct {
	const char *verdict, *words;
	enum ink ink;
} verdicts[] = {
	{"within", "within the RTO of ", INK_GOOD},
	{"at risk", "on a slow day more than the RTO of ", INK_WARN},
	{"exceeds", "more than the RTO of ", INK_BAD},
	{"unknown", "not known whether within the RTO of ", INK_WARN},
};

static void put_verdict(struct page *page, const struct value *forecast)
{
	char text[DURATION_TEXT_SIZE];
	duration_short(value_get_int(forecast, "rto", 0), text);
	for (size_t i = 0; i < COUNT_OF(verdicts); i++) {
		if (!value_is_text(value_get(forecast, "verdict"), verdicts[i].verdict))
			continue;
		page_put(page, INK_PLAIN, "; ");
		page_putf(page, verdicts[i].ink, "%s%s", verdicts[i].words, text);
	}
}

void plan_forecast_whole(struct page *page, const struct value *plan)
{
	const struct value *forecast = value_get(plan, "forecast"), *people = value_get(forecast, "people");
	long long runs = value_get_int(forecast, "runs", 0);
	if (!value_is(forecast, VALUE_MAP) || !value_get_int(value_get(forecast, "machine"), "steps", 0))
		return;
	page_line(page, 0, 2);
	page_put(page, INK_BOLD, "Forecast: ");
	put_span(page, value_get(forecast, "machine"), "steps");
	if (runs)
		page_putf(page, INK_DIM, " (from %lld run%s)", runs, runs == 1 ? "" : "s");
	else
		page_put(page, INK_DIM, " (no run of it has ended well yet)");
	if (value_get_int(people, "steps", 0)) {
		page_put(page, INK_PLAIN, "; waiting for people ");
		put_span(page, people, "questions");
	}
	put_verdict(page, forecast);
	page_put(page, INK_PLAIN, ".");
	page_end(page);
}
