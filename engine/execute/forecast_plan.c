/*
 * forecast_plan.c - a plan with how long it is likely to take. Steps add up, those of a parallel group as its slots let them; a
 * rescue is not counted, and people are waited for apart.
 *
 * The 90th percentile of the whole is the sum of the steps': what it takes when every step has one of its slow days.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "engine/execute/forecast.h"
#include "engine/journal/step_key.h"

struct sum { /* nanoseconds */
	int64_t median, slow;
	int64_t people, people_slow;
	unsigned steps, unknown;     /* how many; of how many nobody knows how long they take */
	unsigned elsewhere;	     /* of how many only what their action took in other steps is known */
	unsigned asking, unanswered; /* that wait for people; of how many nobody knows how long */
};

struct laying {
	struct arena *arena;
	const struct forecast *forecast;
	const struct value *rows; /* of the plan */
	struct value *laid;
	size_t next;
	unsigned known; /* steps of which something is known */
};

/* --- one step --- */

struct likely {
	const struct samples *samples; /* NULL: nothing is known */
	enum forecast_form form;
	const char *by;
};

static int64_t rank(const struct samples *samples, enum forecast_form form, unsigned percent)
{
	size_t count = samples->count[form];
	return samples->values[form][percent == 50 ? count / 2 : (count * percent + 99) / 100 - 1];
}

static bool is(const struct value *row, const char *field, const char *text)
{
	return value_is_text(value_get(row, field), text);
}

static bool asks(const struct value *row)
{
	return is(row, "uses", "core.prompt") || is(row, "uses", "core.approve");
}

/* Which of the samples are like what the plan says; none: -1. */
static int form_for(const struct samples *samples, const struct value *row)
{
	bool held = is(row, "verdict", "ok");
	if (!samples)
		return -1;
	if (asks(row))
		return samples->count[FORECAST_WAITED] ? FORECAST_WAITED : -1;
	enum forecast_form form = held || is(row, "kind", "probe") ? FORECAST_HELD : FORECAST_APPLIED;
	if (!samples->count[form] && !is(row, "kind", "state")) /* the word for it says nothing about how long it takes */
		form = form == FORECAST_HELD ? FORECAST_APPLIED : FORECAST_HELD;
	return samples->count[form] ? (int)form : -1;
}

/* The step itself; then any round of it; then whatever used the same action, unless it is a task: another one is another
 * program. Of a list that cannot be known: all rounds that it had. */
static struct likely look_up(const struct forecast *forecast, const struct value *row)
{
	const char *step = value_get_text(row, "step"), *uses = value_get_text(row, "uses");
	CLEANUP_FREE char *plain = key_without_rounds(step);
	bool many = strstr(step, "[?]"), other = is(row, "kind", "task") && !asks(row);
	const struct {
		const struct table *table;
		const char *key, *by;
	} places[] = {
		{many ? &forecast->totals : &forecast->steps, many ? plain : step, "step"},
		{&forecast->rounds, many ? NULL : plain, "step"},
		{&forecast->actions, many || other ? NULL : uses, "action"},
	};
	for (size_t i = 0; i < COUNT_OF(places); i++) {
		const struct samples *samples = places[i].key ? table_get(places[i].table, places[i].key) : NULL;
		int form = form_for(samples, row);
		if (form >= 0)
			return (struct likely){samples, (enum forecast_form)form, places[i].by};
	}
	return (struct likely){0};
}

static struct value *likely_value(struct arena *arena, const struct likely *likely)
{
	struct value *value = value_map(arena);
	value_put(arena, value, "median", value_int(arena, rank(likely->samples, likely->form, 50)));
	value_put(arena, value, "p90", value_int(arena, rank(likely->samples, likely->form, 90)));
	value_put(arena, value, "samples", value_int(arena, (int64_t)likely->samples->count[likely->form]));
	value_put(arena, value, "by", value_string(arena, likely->by));
	return value;
}

static struct sum step_sum(struct laying *laying, const struct value *row, struct value *laid)
{
	struct sum sum = {0};
	struct likely likely = look_up(laying->forecast, row);
	if (is(row, "verdict", "skip"))
		return sum;
	if (is(row, "verdict", "fail"))
		likely.samples = NULL; /* a run would not get past it */
	value_put(laying->arena, laid, "forecast", likely.samples ? likely_value(laying->arena, &likely) : value_null());
	laying->known += likely.samples != NULL;
	if (value_get_bool(row, "contingent", false))
		return sum;
	int64_t median = likely.samples ? rank(likely.samples, likely.form, 50) : 0;
	int64_t slow = likely.samples ? rank(likely.samples, likely.form, 90) : 0;
	if (asks(row))
		return (struct sum){.people = median, .people_slow = slow, .asking = 1, .unanswered = !likely.samples};
	bool elsewhere = likely.samples && strcmp(likely.by, "action") == 0;
	return (struct sum){.median = median, .slow = slow, .steps = 1, .unknown = !likely.samples, .elsewhere = elsewhere};
}

/* --- all of them --- */

static void count(struct sum *total, const struct sum *sum)
{
	total->people += sum->people;
	total->people_slow += sum->people_slow;
	total->steps += sum->steps;
	total->unknown += sum->unknown;
	total->elsewhere += sum->elsewhere;
	total->asking += sum->asking;
	total->unanswered += sum->unanswered;
}

struct slots { /* of a parallel group: until when each is busy */
	int64_t *median, *slow;
	size_t count;
};

static void occupy(int64_t *slots, size_t count, int64_t time)
{
	size_t first = 0;
	for (size_t i = 1; i < count; i++)
		if (slots[i] < slots[first])
			first = i;
	slots[first] += time;
}

static int64_t longest(const int64_t *slots, size_t count)
{
	int64_t most = 0;
	for (size_t i = 0; i < count; i++)
		most = slots[i] > most ? slots[i] : most;
	return most;
}

static struct sum lay_row(struct laying *laying);

static const struct value *next_row(const struct laying *laying)
{
	return laying->next < laying->rows->list.count ? laying->rows->list.items[laying->next] : NULL;
}

/* "3.1", "3.rescue.1" and "3.finally.1" are inside "3"; the last two are not among the steps that go on at once. */
static bool is_inside(const struct value *row, const char *group, bool *ret_among)
{
	const char *step = value_get_text(row, "step");
	size_t length = strlen(group);
	if (!step || strncmp(step, group, length) != 0 || step[length] != '.')
		return false;
	*ret_among = step[length + 1] >= '0' && step[length + 1] <= '9';
	return true;
}

static struct sum lay_children(struct laying *laying, const char *group, int64_t max_concurrent)
{
	struct sum total = {0};
	bool among;
	int64_t at_once = max_concurrent > 0 && max_concurrent < 1000 ? max_concurrent : max_concurrent > 0 ? 1000 : 1;
	struct slots slots = {.count = (size_t)at_once};
	slots.median = arena_alloc(laying->arena, slots.count * sizeof(int64_t));
	slots.slow = arena_alloc(laying->arena, slots.count * sizeof(int64_t));
	memset(slots.median, 0, slots.count * sizeof(int64_t));
	memset(slots.slow, 0, slots.count * sizeof(int64_t));
	for (const struct value *row; (row = next_row(laying)) && is_inside(row, group, &among);) {
		struct sum sum = lay_row(laying);
		count(&total, &sum);
		if (among) {
			occupy(slots.median, slots.count, sum.median);
			occupy(slots.slow, slots.count, sum.slow);
		} else {
			total.median += sum.median;
			total.slow += sum.slow;
		}
	}
	total.median += longest(slots.median, slots.count);
	total.slow += longest(slots.slow, slots.count);
	return total;
}

static struct value *sum_value(struct arena *arena, const struct sum *sum)
{
	struct value *value = value_map(arena);
	value_put(arena, value, "median", value_int(arena, sum->median));
	value_put(arena, value, "p90", value_int(arena, sum->slow));
	value_put(arena, value, "steps", value_int(arena, sum->steps));
	value_put(arena, value, "unknown", value_int(arena, sum->unknown));
	value_put(arena, value, "elsewhere", value_int(arena, sum->elsewhere));
	return value;
}

static struct sum lay_row(struct laying *laying)
{
	const struct value *row = laying->rows->list.items[laying->next++];
	struct value *laid = value_map(laying->arena);
	const char *step = value_get_text(row, "step");
	for (size_t i = 0; i < row->map.count; i++)
		value_put_key(laying->arena, laid, row->map.entries[i].key, row->map.entries[i].value);
	value_append(laying->arena, laying->laid, laid);
	if (is(row, "row", "step") || is(row, "verdict", "skip"))
		return step_sum(laying, row, laid);
	struct sum sum = lay_children(laying, step, value_get_int(row, "max_concurrent", 0));
	if (sum.steps)
		value_put(laying->arena, laid, "forecast", sum_value(laying->arena, &sum));
	return sum;
}

/* --- the plan --- */

static const char *verdict_of(const struct sum *sum, int64_t rto)
{
	if (!rto)
		return "no objective";
	if (sum->median > rto)
		return "exceeds";
	if (sum->unknown || sum->elsewhere) /* what it takes here, no run has shown */
		return "unknown";
	return sum->slow > rto ? "at risk" : "within";
}

static const struct value *whole_value(const struct laying *laying, const struct sum *sum, int64_t rto)
{
	struct arena *arena = laying->arena;
	struct value *whole = value_map(arena), *people = value_map(arena);
	value_put(arena, people, "median", value_int(arena, sum->people));
	value_put(arena, people, "p90", value_int(arena, sum->people_slow));
	value_put(arena, people, "steps", value_int(arena, sum->asking));
	value_put(arena, people, "unknown", value_int(arena, sum->unanswered));
	value_put(arena, whole, "machine", sum_value(arena, sum));
	value_put(arena, whole, "people", people);
	value_put(arena, whole, "runs", value_int(arena, (int64_t)laying->forecast->runs));
	value_put(arena, whole, "rto", rto ? value_int(arena, rto) : value_null());
	value_put(arena, whole, "verdict", value_string(arena, verdict_of(sum, rto)));
	return whole;
}

static int64_t objective(const struct value *plan)
{
	const struct value *rto = value_get(value_get(plan, "objectives"), "rto");
	return value_is(rto, VALUE_DURATION) ? value_nanoseconds(rto) : 0;
}

const struct value *forecast_plan(struct arena *arena, const struct forecast *forecast, const struct value *plan)
{
	struct laying laying = {
		.arena = arena, .forecast = forecast, .rows = value_get(plan, "rows"), .laid = value_list(arena)};
	struct value *laid = value_map(arena);
	struct sum total = {0};
	while (next_row(&laying)) {
		struct sum sum = lay_row(&laying);
		count(&total, &sum);
		total.median += sum.median;
		total.slow += sum.slow;
	}
	const struct value *rows = laying.known ? laying.laid : laying.rows; /* where nothing is known, the steps say nothing */
	for (size_t i = 0; i < plan->map.count; i++) {
		const struct value_entry *entry = &plan->map.entries[i];
		bool is_rows = value_is_text(entry->key, "rows");
		if (is_rows)
			value_put(arena, laid, "forecast", whole_value(&laying, &total, objective(plan)));
		value_put_key(arena, laid, entry->key, is_rows ? rows : entry->value);
	}
	return laid;
}
