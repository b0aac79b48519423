/*
 * story.c - see story.h.
 */
#include "engine/report/story.h"

#include <string.h>

#include "engine/base/memory.h"
#include "engine/base/table.h"
#include "engine/journal/step_key.h"
#include "engine/report/fields.h"
#include "engine/report/since.h"

static struct story_step *find_step(struct story *story, const char *key)
{
	for (size_t i = story->count; i-- > 0;) /* most often one of the last */
		if (strcmp(story->steps[i].key, key) == 0)
			return &story->steps[i];
	return NULL;
}

static struct story_step *step_of(struct story *story, const struct value *record, int64_t at)
{
	const char *key = field_text(record, "step", "?");
	struct story_step *step = find_step(story, key);
	if (!step) {
		step = arena_grow(story->arena, &story->steps, &story->count, &story->capacity, sizeof(*step));
		*step = (struct story_step){.key = key, .name = key, .began = at, .ended = -1};
	}
	step->name = field_text(record, "name", step->name);
	step->uses = field_text(record, "uses", step->uses);
	step->host = field_text(record, "host", step->host);
	step->via = field_text(record, "via", step->via);
	step->depth = value_get_int(record, "depth", step->depth);
	return step;
}

static void add_started(struct story *story, const struct value *record, int64_t at)
{
	struct story_step *step = step_of(story, record, at);
	step->attempts = value_get_int(record, "attempt", step->attempts + 1);
	step->outcome = NULL;
	step->ended = -1;
}

static void add_intent(struct story *story, const struct value *record, int64_t at)
{
	step_of(story, record, at)->intent = record;
}

static void add_finished(struct story *story, const struct value *record, int64_t at)
{
	struct story_step *step = step_of(story, record, at);
	step->finished = record;
	step->outcome = field_text(record, "outcome", "unknown");
	step->ended = at;
}

static void add_waiting(struct story *story, const struct value *record, int64_t at)
{
	struct story_step *step = step_of(story, record, at);
	struct story_wait *wait =
		arena_grow(story->arena, &step->waits, &step->waits_count, &step->waits_capacity, sizeof(*wait));
	*wait = (struct story_wait){.waiting = record, .at = at};
}

static void add_answered(struct story *story, const struct value *record, int64_t at)
{
	struct story_step *step = step_of(story, record, at);
	story->waited += field_duration(record, "waited", 0);
	if (step->waits_count)
		step->waits[step->waits_count - 1].answered = record;
}

static void add_approved(struct story *story, const struct value *record, int64_t at)
{
	struct story_step *step = step_of(story, record, at);
	struct story_wait *wait = step->waits_count ? &step->waits[step->waits_count - 1] : NULL;
	if (wait)
		*(const struct value **)arena_grow(story->arena, &wait->approvals, &wait->approvals_count,
						   &wait->approvals_capacity, sizeof(*wait->approvals)) = record;
}

static void add_event(struct story *story, const struct value *record, int64_t at)
{
	struct story_event *event =
		arena_grow(story->arena, &story->events, &story->events_count, &story->events_capacity, sizeof(*event));
	*event = (struct story_event){.record = record, .at = at};
}

static void add_opened(struct story *story, const struct value *record, int64_t at)
{
	(void)at;
	story->opened = record;
}

static void add_last(struct story *story, const struct value *record, int64_t at)
{
	(void)at;
	story->last = record;
	story->outcome =
		value_is_text(value_get(record, "kind"), "abandoned") ? "abandoned" : field_text(record, "outcome", "unknown");
}

static const struct {
	const char *kind;
	void (*add)(struct story *story, const struct value *record, int64_t at);
} readers[] = {
	{"run_opened", add_opened}, {"step_started", add_started},   {"group_started", add_started},
	{"intent", add_intent},	    {"step_finished", add_finished}, {"group_finished", add_finished},
	{"approved", add_approved}, {"waiting", add_waiting},	     {"answered", add_answered},
	{"retry", add_event},	    {"request", add_event},	     {"resumed", add_event},
	{"note", add_event},	    {"run_finished", add_last},	     {"abandoned", add_last},
};

struct story *story_read(struct arena *arena, const struct value *records)
{
	struct story *story = ARENA_NEW(arena, struct story);
	struct since since = {0};
	*story = (struct story){.arena = arena, .outcome = "unfinished"};
	for (size_t i = 0; value_is(records, VALUE_LIST) && i < records->list.count; i++) {
		const struct value *record = records->list.items[i];
		int64_t at = since_record(&since, record);
		for (size_t j = 0; j < COUNT_OF(readers); j++)
			if (value_is_text(value_get(record, "kind"), readers[j].kind))
				readers[j].add(story, record, at);
	}
	story->elapsed = since.latest;
	story->waited = field_duration(story->last, "waited", story->waited);
	story->machine = field_duration(story->last, "elapsed", story->elapsed - story->waited);
	return story;
}

const struct value *story_changes(const struct story *story, const struct story_step *step)
{
	return state_changes(story->arena, value_get(step->finished, "before"), value_get(step->finished, "after"));
}

static void count(struct arena *arena, struct value *counts, const char *outcome, int64_t more)
{
	value_put(arena, counts, outcome, value_int(arena, value_get_int(counts, outcome, 0) + more));
}

const struct value *story_counts(const struct story *story)
{
	const struct value *recorded = value_get(story->last, "counts");
	struct value *counts = value_map(story->arena);
	if (value_is(recorded, VALUE_MAP))
		return recorded;
	struct table last = {0}; /* a step that is done again counts as it ended then */
	for (size_t i = 0; i < story->count; i++) {
		const struct story_step *step = &story->steps[i];
		CLEANUP_FREE char *plain = plain_key(step->key);
		if (!step->uses || !step->outcome)
			continue;
		const char *before = table_get(&last, plain);
		if (before)
			count(story->arena, counts, before, -1);
		count(story->arena, counts, step->outcome, 1);
		table_put(&last, plain, step->outcome);
	}
	table_free(&last);
	return counts;
}

struct story_rto story_rto(const struct story *story)
{
	struct story_rto rto = {.objective = field_duration(value_get(story->opened, "objectives"), "rto", 0)};
	bool good = strcmp(story->outcome, "ok") == 0 || strcmp(story->outcome, "changed") == 0;
	if (story->elapsed > rto.objective)
		rto.word = "missed", rto.ink = INK_BAD;
	else if (good)
		rto.word = "met", rto.ink = INK_GOOD;
	else
		rto.word = story->last ? "not reached" : "not over", rto.ink = INK_WARN;
	return rto;
}

struct story_rpo story_rpo(const struct story *story)
{
	const struct value *outputs = value_get(story->last, "outputs");
	struct story_rpo rpo = {.objective = field_duration(value_get(story->opened, "objectives"), "rpo", 0),
				.lost = field_duration(outputs, "rpo", -1),
				.word = "not known",
				.ink = INK_WARN};
	rpo.known = rpo.lost >= 0;
	if (rpo.known)
		rpo.word = rpo.lost <= rpo.objective ? "met" : "missed",
		rpo.ink = rpo.lost <= rpo.objective ? INK_GOOD : INK_BAD;
	return rpo;
}
