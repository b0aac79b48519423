/*
 * activity.c - see activity.h.
 */
#include "engine/report/activity.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"

static void remove_at(struct activities *activities, size_t index)
{
	struct activity *activity = &activities->items[index];
	free(activity->step);
	free(activity->name);
	free(activity->host);
	free(activity->text);
	free(activity->message);
	free(activity->choices);
	activities->count--;
	memmove(activity, activity + 1, (activities->count - index) * sizeof(*activity));
}

struct activity *activities_find(const struct activities *activities, const char *step)
{
	for (size_t i = 0; i < activities->count; i++)
		if (strcmp(activities->items[i].step, step) == 0)
			return &activities->items[i];
	return NULL;
}

struct activity *activities_begin(struct activities *activities, const char *step, const char *name, const char *host,
				  int64_t at)
{
	struct activity *found = activities_find(activities, step);
	if (found)
		return found;
	activities->items = memory_resize(activities->items, (activities->count + 1) * sizeof(*activities->items));
	struct activity *activity = &activities->items[activities->count++];
	*activity = (struct activity){.step = memory_strdup(step),
				      .name = memory_strdup(name),
				      .host = memory_strdup(host),
				      .began = at,
				      .percent = -1,
				      .told = at};
	return activity;
}

void activities_end(struct activities *activities, const char *step)
{
	const struct activity *found = activities_find(activities, step);
	if (found)
		remove_at(activities, (size_t)(found - activities->items));
}

void activities_end_retry(struct activities *activities, const char *step)
{
	for (size_t i = activities->count; i-- > 0;) {
		const struct activity *activity = &activities->items[i];
		size_t length = strlen(activity->step);
		if (activity->retry_at && strncmp(step, activity->step, length) == 0 &&
		    (!step[length] || strchr(".[#", step[length])))
			remove_at(activities, i);
	}
}

void activities_clear(struct activities *activities)
{
	while (activities->count)
		remove_at(activities, activities->count - 1);
	free(activities->items);
	activities->items = NULL;
}

void activity_replace(char **text, const char *with)
{
	char *copy = memory_strdup(with);
	free(*text);
	*text = copy;
}
