/*
 * run_value.c - a run as one JSON value: what `show -o json` prints.
 */
#include <string.h>

#include "engine/base/memory.h"
#include "engine/report/report.h"
#include "engine/report/story.h"

static const struct value *text_or_null(struct arena *arena, const char *text)
{
	return text ? value_string(arena, text) : value_null();
}

static const struct value *field_or_null(const struct value *record, const char *key)
{
	const struct value *value = value_get(record, key);
	return value ? value : value_null();
}

static void put_fields(struct arena *arena, struct value *map, const struct value *record, const char *const *keys)
{
	for (; *keys; keys++)
		value_put(arena, map, *keys, field_or_null(record, *keys));
}

static const struct value *approvals_value(struct arena *arena, const struct story_wait *wait)
{
	static const char *const told[] = {"principal", "key", "wall", "signers", "by", NULL};
	struct value *list = value_list(arena);
	for (size_t i = 0; i < wait->approvals_count; i++) {
		struct value *map = value_map(arena);
		put_fields(arena, map, wait->approvals[i], told);
		value_append(arena, list, map);
	}
	return list;
}

static const struct value *waits_value(struct arena *arena, const struct story_step *step)
{
	static const char *const asked[] = {"gate", "message", "choices", NULL}, *const answer[] = {"answer", "by", "waited",
												    NULL};
	struct value *list = value_list(arena);
	for (size_t i = 0; i < step->waits_count; i++) {
		struct value *map = value_map(arena);
		put_fields(arena, map, step->waits[i].waiting, asked);
		put_fields(arena, map, step->waits[i].answered, answer);
		value_put(arena, map, "approvals", approvals_value(arena, &step->waits[i]));
		value_put(arena, map, "at", value_int(arena, step->waits[i].at));
		value_append(arena, list, map);
	}
	return list;
}

static const struct value *step_value(const struct story *story, const struct story_step *step)
{
	static const char *const results[] = {"reason", "before", "after", "outputs", "error", "evidence", "elapsed", NULL};
	struct arena *arena = story->arena;
	struct value *map = value_map(arena);
	value_put(arena, map, "step", value_string(arena, step->key));
	value_put(arena, map, "name", value_string(arena, step->name));
	value_put(arena, map, "uses", text_or_null(arena, step->uses));
	value_put(arena, map, "host", text_or_null(arena, step->host));
	value_put(arena, map, "via", text_or_null(arena, step->via));
	value_put(arena, map, "depth", value_int(arena, step->depth));
	value_put(arena, map, "outcome", text_or_null(arena, step->outcome));
	value_put(arena, map, "attempts", value_int(arena, step->attempts));
	value_put(arena, map, "began", value_int(arena, step->began));
	value_put(arena, map, "ended", step->ended < 0 ? value_null() : value_int(arena, step->ended));
	put_fields(arena, map, step->finished, results);
	const struct value *changes = story_changes(story, step);
	value_put(arena, map, "changes", changes ? changes : value_list(arena));
	value_put(arena, map, "effect", field_or_null(step->intent, "effect"));
	value_put(arena, map, "commands", field_or_null(step->intent, "commands"));
	value_put(arena, map, "waits", waits_value(arena, step));
	return map;
}

/* The chain's own fields say nothing to a reader of one event. */
static bool is_frame(const char *key)
{
	static const char *const frame[] = {"seq", "prev", "up", "boot", "hash"};
	for (size_t i = 0; i < COUNT_OF(frame); i++)
		if (strcmp(frame[i], key) == 0)
			return true;
	return false;
}

static const struct value *event_value(struct arena *arena, const struct story_event *event)
{
	struct value *map = value_map(arena);
	value_put(arena, map, "at", value_int(arena, event->at));
	for (size_t i = 0; i < event->record->map.count; i++) {
		const char *key = value_text(event->record->map.entries[i].key);
		if (key && !is_frame(key))
			value_put(arena, map, key, event->record->map.entries[i].value);
	}
	return map;
}

const struct value *report_run_value(struct arena *arena, const struct value *records)
{
	static const char *const opened[] = {"run",	 "runbook", "runbook_kind", "summary",
					     "operator", "inputs",  "objectives",   NULL};
	const struct story *story = story_read(arena, records);
	struct value *map = value_map(arena), *steps = value_list(arena), *events = value_list(arena);
	put_fields(arena, map, story->opened, opened);
	value_put(arena, map, "outcome", value_string(arena, story->outcome));
	value_put(arena, map, "started", field_or_null(story->opened, "wall"));
	value_put(arena, map, "ended", field_or_null(story->last, "wall"));
	value_put(arena, map, "elapsed", value_int(arena, story->elapsed));
	value_put(arena, map, "waited", value_int(arena, story->waited));
	value_put(arena, map, "machine", value_int(arena, story->machine));
	for (size_t i = 0; i < story->count; i++)
		value_append(arena, steps, step_value(story, &story->steps[i]));
	value_put(arena, map, "steps", steps);
	for (size_t i = 0; i < story->events_count; i++)
		value_append(arena, events, event_value(arena, &story->events[i]));
	value_put(arena, map, "events", events);
	value_put(arena, map, "counts", story_counts(story));
	return map;
}
