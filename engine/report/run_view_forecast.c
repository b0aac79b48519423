/*
 * run_view_forecast.c - what is likely left of a run, from how long its steps took before. A guess, and shown as one.
 */
#include <string.h>

#include "engine/base/memory.h"
#include "engine/report/run_view.h"

void run_view_forecast(struct run_view *view, const struct value *forecast)
{
	view->forecast = forecast;
}

static int64_t likely_left(const struct run_view *view, const struct value_entry *entry, int64_t now)
{
	const char *step = value_text(entry->key);
	const struct activity *running = activities_find(&view->activities, step);
	if (table_get(&view->ended, step))
		return 0;
	int64_t left = entry->value->integer - (running && !running->message ? now - running->began : 0);
	return left > 0 ? left : 0;
}

int64_t run_view_remaining(const struct run_view *view, int64_t now)
{
	int64_t left = 0;
	if (!view->forecast || !view->forecast->map.count)
		return -1;
	for (size_t i = 0; i < view->forecast->map.count; i++)
		left += likely_left(view, &view->forecast->map.entries[i], now);
	return left;
}

void run_view_ended(struct run_view *view, const char *step)
{
	CLEANUP_FREE char *plain = memory_strdup(step);
	char *to = plain;
	for (const char *from = step; *from;) {
		if (*from == '#')
			from += 1 + strspn(from + 1, "0123456789");
		else
			*to++ = *from++;
	}
	*to = '\0';
	table_put(&view->ended, plain, "");
}
