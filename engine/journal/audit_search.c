/*
 * audit_search.c - see audit_search.h.
 */
#include "engine/journal/audit_search.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/arena.h"
#include "engine/base/clock.h"
#include "engine/base/memory.h"

struct open_step { /* begun, and not finished */
	struct arena *arena;
	char *key; /* owned */
	const struct value *started, *intent;
	const char *operator; /* who began it */
	uint64_t last;	      /* record */
	struct open_step *next;
};

struct reading {
	const struct audit_filter *filter;
	const struct audit_visitor *visitor;
	const char *id;
	struct arena *arena; /* as long as the run is read */
	const struct value *opened, *finished;
	const char *operator, * runbook;
	const char *outcome;	     /* "unfinished" until its last record */
	char ended[CLOCK_TEXT_SIZE]; /* when its last record until now was written */
	struct value *hosts;
	struct open_step *open;
	uint64_t events;
};

/* ---- what fits ---- */

static bool is_pattern(const char *text)
{
	return strpbrk(text, "*?[") != NULL;
}

static bool contains(const char *text, const char *part)
{
	return strcasestr(text, part) != NULL;
}

static bool fits(const char *wanted, const char *text, bool part)
{
	if (!wanted)
		return true;
	if (!text)
		return false;
	return part && !is_pattern(wanted) ? contains(text, wanted) : fnmatch(wanted, text, FNM_CASEFOLD) == 0;
}

static bool fits_one_of(const char *wanted, const char *text)
{
	if (!wanted)
		return true;
	CLEANUP_FREE char *list = memory_strdup(wanted);
	char *rest = list, *word;
	while ((word = strsep(&rest, ",")))
		if (text && strcasecmp(word, text) == 0)
			return true;
	return false;
}

static bool fits_segment(const char *wanted, const char *object)
{
	CLEANUP_FREE char *copy = memory_strdup(object ? object : "");
	char *rest = copy, *word;
	while ((word = strsep(&rest, "/")))
		if (*word && fnmatch(wanted, word, FNM_CASEFOLD) == 0)
			return true;
	return false;
}

static bool fits_any(const char *wanted, const struct value *list)
{
	for (size_t i = 0; value_is(list, VALUE_LIST) && i < list->list.count; i++)
		if (fits(wanted, value_text(list->list.items[i]), false))
			return true;
	return false;
}

static bool says(const struct value *value, const char *text)
{
	if (value_is(value, VALUE_STRING))
		return contains(value->string.data, text);
	for (size_t i = 0; value_is(value, VALUE_LIST) && i < value->list.count; i++)
		if (says(value->list.items[i], text))
			return true;
	for (size_t i = 0; value_is(value, VALUE_MAP) && i < value->map.count; i++)
		if (says(value->map.entries[i].value, text))
			return true;
	return false;
}

/* The frame says nothing that anybody would search for. */
static bool record_says(const struct value *record, const char *text)
{
	static const char *const frame[] = {"prev", "hash", "boot", "wall", "outline"};
	for (size_t i = 0; value_is(record, VALUE_MAP) && i < record->map.count; i++) {
		bool skipped = false;
		for (size_t j = 0; j < COUNT_OF(frame); j++)
			skipped |= value_is_text(record->map.entries[i].key, frame[j]);
		if (!skipped && says(record->map.entries[i].value, text))
			return true;
	}
	return false;
}

static bool fits_time(const struct audit_filter *filter, const char *began, const char *ended)
{
	int64_t from, to;
	if (!began || clock_parse_wall(began, &from) < 0)
		return false;
	if (!ended || clock_parse_wall(ended, &to) < 0 || to < from)
		to = from;
	return to >= filter->since && from < filter->until;
}

static bool fits_person(const char *wanted, const char *person)
{
	if (!wanted || !person)
		return !wanted;
	CLEANUP_FREE char *user = memory_printf("%.*s", (int)strcspn(person, "@"), person);
	return fits(wanted, person, false) || fits(wanted, user, false);
}

struct event {
	const struct value *started, *intent, *finished; /* of a step; else only finished, the record */
	const char *operator;				 /* whose doing it is */
	const char *ender;				 /* of a step that another one's resume brought to its end; else NULL */
	uint64_t record;
};

static const char *first_text(const struct event *event, const char *key)
{
	const struct value *const records[] = {event->finished, event->intent, event->started};
	for (size_t i = 0; i < COUNT_OF(records); i++)
		if (value_get_text(records[i], key))
			return value_get_text(records[i], key);
	return NULL;
}

static bool event_fits(const struct reading *reading, const struct event *event)
{
	const struct audit_filter *filter = reading->filter;
	const char *began = value_get_text(event->started ? event->started : event->finished, "wall"),
		   *ended = value_get_text(event->finished, "wall"), *object = first_text(event, "object");
	bool host = !filter->host || fits(filter->host, first_text(event, "host"), false) ||
		    fits(filter->host, first_text(event, "via"), false) ||
		    fits_any(filter->host, value_get(event->intent, "hosts")) || fits_segment(filter->host, object);
	bool text = !filter->text || record_says(event->started, filter->text) || record_says(event->intent, filter->text) ||
		    record_says(event->finished, filter->text);
	const char *outcome = first_text(event, "outcome");
	return host && text && fits_time(filter, began, ended) &&
	       (fits_person(filter->operator, event->operator) ||
		(event->ender && fits_person(filter->operator, event->ender))) &&
	       fits(filter->object, object, true) && fits(filter->action, first_text(event, "uses"), false) &&
	       fits_one_of(filter->outcome, outcome	      ? outcome
					    : event->finished ? NULL
							      : "unfinished") &&
	       fits(filter->runbook, reading->runbook, true);
}

/* ---- events ---- */

static const struct value *text_or_null(struct arena *arena, const char *text)
{
	return text ? value_string(arena, text) : value_null();
}

static const struct value *event_value(struct arena *arena, const struct reading *reading, const struct event *event)
{
	static const struct {
		const char *name, *key;
	} texts[] = {{"host", "host"},	 {"via", "via"},       {"step", "step"},     {"name", "name"},
		     {"action", "uses"}, {"object", "object"}, {"effect", "effect"}, {"outcome", "outcome"}};
	static const char *const told[] = {"answer", "request", "reason", "text", "why", "summary"};
	struct value *map = value_map(arena);
	const struct value *first = event->started ? event->started : event->finished;
	bool step = event->started || value_is_text(value_get(event->finished, "kind"), "step_finished");
	const char *text = NULL;
	for (size_t i = 0; i < COUNT_OF(told) && !text; i++)
		text = value_get_text(event->finished, told[i]);
	value_put(arena, map, "run", value_string(arena, reading->id));
	value_put(arena, map, "record", value_int(arena, (int64_t)event->record));
	value_put(arena, map, "runbook", text_or_null(arena, reading->runbook));
	value_put(arena, map, "kind", step ? value_string(arena, "step") : value_get(event->finished, "kind"));
	value_put(arena, map, "time", text_or_null(arena, value_get_text(first, "wall")));
	value_put(arena, map, "ended", text_or_null(arena, value_get_text(event->finished, "wall")));
	value_put(arena, map, "operator",
		  event->ender ? value_printf(arena, "%s, %s", event->operator, event->ender)
			       : text_or_null(arena, event->operator));
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		value_put(arena, map, texts[i].name, text_or_null(arena, first_text(event, texts[i].key)));
	if (!event->finished)
		value_put(arena, map, "outcome", value_string(arena, "unfinished"));
	value_put(arena, map, "text", text_or_null(arena, text));
	return map;
}

static void note_host(struct reading *reading, const char *host)
{
	for (size_t i = 0; host && i < reading->hosts->list.count; i++)
		if (value_is_text(reading->hosts->list.items[i], host))
			return;
	if (host)
		value_append(reading->arena, reading->hosts, value_string(reading->arena, host));
}

static void emit(struct reading *reading, const struct event *event)
{
	if (!event_fits(reading, event))
		return;
	reading->events++;
	note_host(reading, first_text(event, "host"));
	if (!reading->visitor->event)
		return;
	CLEANUP_ARENA struct arena *arena = arena_new();
	reading->visitor->event(reading->visitor->context, event_value(arena, reading, event));
}

/* ---- records ---- */

static const char *person(struct arena *arena, const struct value *value)
{
	const char *user = value_get_text(value, "user"), *host = value_get_text(value, "host");
	if (value_text(value))
		return arena_strdup(arena, value_text(value));
	return user && host ? arena_printf(arena, "%s@%s", user, host) : user ? arena_strdup(arena, user) : NULL;
}

static void free_step(struct open_step *step)
{
	arena_free(step->arena);
	free(step->key);
	free(step);
}

static struct open_step **find_step(struct reading *reading, const struct value *record)
{
	const char *key = value_get_text(record, "step");
	struct open_step **at = &reading->open;
	while (*at && (!key || strcmp((*at)->key, key) != 0))
		at = &(*at)->next;
	return at;
}

static void emit_open(struct reading *reading, const struct open_step *step, const struct value *finished, uint64_t record)
{
	bool other = finished && step->operator&& reading->operator&& strcmp(step->operator, reading->operator) != 0;
	emit(reading, &(struct event){.started = step->started,
				      .intent = step->intent,
				      .finished = finished,
				      .operator= step->operator,
				      .ender = other ? reading->operator: NULL,
				      .record = record});
}

/* One that begins again had not ended: its engine was killed. */
static void on_started(struct reading *reading, const struct value *record, uint64_t sequence)
{
	struct open_step **at = find_step(reading, record);
	const char *key = value_get_text(record, "step");
	if (*at) {
		struct open_step *before = *at;
		*at = before->next;
		emit_open(reading, before, NULL, before->last);
		free_step(before);
	}
	struct open_step *step = memory_alloc(sizeof(*step));
	step->arena = arena_new();
	step->key = memory_strdup(key ? key : "");
	step->started = value_copy(step->arena, record);
	step->operator= reading->operator;
	step->last = sequence;
	step->next = reading->open;
	reading->open = step;
}

static void on_intent(struct reading *reading, const struct value *record, uint64_t sequence)
{
	struct open_step *step = *find_step(reading, record);
	if (!step)
		return;
	step->intent = value_copy(step->arena, record);
	step->last = sequence;
}

static void on_finished(struct reading *reading, const struct value *record, uint64_t sequence)
{
	struct open_step **at = find_step(reading, record), *step = *at;
	if (!step) { /* one that was skipped never began */
		emit(reading, &(struct event){.finished = record, .operator= reading->operator, .record = sequence});
		return;
	}
	emit_open(reading, step, record, sequence);
	*at = step->next;
	free_step(step);
}

static void on_other(struct reading *reading, const struct value *record, uint64_t sequence)
{
	const struct value *by = value_get(record, "by") ? value_get(record, "by") : value_get(record, "operator");
	by = by ? by : value_get(record, "principal"); /* of one who signed */
	const char *name = by ? person(reading->arena, by) : NULL;
	emit(reading, &(struct event){.finished = record, .operator= name ? name : reading->operator, .record = sequence});
}

static void on_begin(struct reading *reading, const struct value *record, uint64_t sequence)
{
	reading->operator= person(reading->arena, value_get(record, "operator"));
	if (value_is_text(value_get(record, "kind"), "run_opened")) {
		reading->opened = value_copy(reading->arena, record);
		reading->runbook = value_get_text(reading->opened, "runbook");
	}
	on_other(reading, record, sequence);
}

static void on_end(struct reading *reading, const struct value *record, uint64_t sequence)
{
	const char *outcome = value_get_text(record, "outcome");
	reading->outcome = arena_strdup(reading->arena, outcome ? outcome : "abandoned");
	on_other(reading, record, sequence);
}

static void on_nothing(struct reading *reading, const struct value *record, uint64_t sequence)
{
	(void)reading;
	(void)record;
	(void)sequence;
}

static const struct {
	const char *kind;
	void (*read)(struct reading *reading, const struct value *record, uint64_t sequence);
} readers[] = {
	{"step_started", on_started},
	{"intent", on_intent},
	{"step_finished", on_finished},
	{"run_opened", on_begin},
	{"resumed", on_begin},
	{"run_finished", on_end},
	{"abandoned", on_end},
	/* no doing of anybody's */
	{"list", on_nothing},
	{"scope", on_nothing},
	{"progress", on_nothing},
	{"retry", on_nothing},
	{"waiting", on_nothing},
	{"group_started", on_nothing},
	{"group_finished", on_nothing},
};

static bool read_record(void *context, const struct value *record)
{
	struct reading *reading = context;
	uint64_t sequence = (uint64_t)value_get_int(record, "seq", 0);
	snprintf(reading->ended, sizeof(reading->ended), "%s", value_get_text(record, "wall"));
	for (size_t i = 0; i < COUNT_OF(readers); i++)
		if (value_is_text(value_get(record, "kind"), readers[i].kind)) {
			readers[i].read(reading, record, sequence);
			return true;
		}
	on_other(reading, record, sequence);
	return true;
}

/* ---- runs ---- */

static const struct value *run_summary(const struct reading *reading)
{
	struct arena *arena = reading->arena;
	struct value *map = value_map(arena);
	value_put(arena, map, "run", value_string(arena, reading->id));
	value_put(arena, map, "runbook", text_or_null(arena, reading->runbook));
	value_put(arena, map, "kind", text_or_null(arena, value_get_text(reading->opened, "runbook_kind")));
	value_put(arena, map, "operator", text_or_null(arena, person(arena, value_get(reading->opened, "operator"))));
	value_put(arena, map, "started", text_or_null(arena, value_get_text(reading->opened, "wall")));
	value_put(arena, map, "ended", text_or_null(arena, *reading->ended ? reading->ended : NULL));
	value_put(arena, map, "outcome", value_string(arena, reading->outcome));
	value_put(arena, map, "hosts", reading->hosts);
	value_put(arena, map, "events", value_int(arena, (int64_t)reading->events));
	return map;
}

static void read_run(struct run_store *store, const char *id, const struct audit_filter *filter,
		     const struct audit_visitor *visitor)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_FREE char *path = run_journal_path(store, id);
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct reading reading = {.filter = filter,
				  .visitor = visitor,
				  .id = id,
				  .arena = arena,
				  .outcome = "unfinished",
				  .hosts = value_list(arena)};
	int result = journal_read(path, read_record, &reading, NULL, &err);
	while (reading.open) {
		struct open_step *step = reading.open;
		reading.open = step->next;
		emit_open(&reading, step, NULL, step->last);
		free_step(step);
	}
	if (result < 0 && err.code != ERROR_NOT_FOUND) /* one that was never begun has done nothing */
		visitor->unreadable(visitor->context, id, &err);
	if (reading.events && visitor->run && fits_one_of(filter->run_outcome, reading.outcome))
		visitor->run(visitor->context, run_summary(&reading));
}

int audit_search(struct run_store *store, const struct audit_filter *filter, const struct audit_visitor *visitor,
		 struct error *err)
{
	char **ids;
	size_t count;
	if (run_list(store, &ids, &count, err) < 0)
		return -1;
	while (count) {
		read_run(store, ids[--count], filter, visitor);
		free(ids[count]);
	}
	free(ids);
	return 0;
}
