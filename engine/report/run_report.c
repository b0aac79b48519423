/*
 * run_report.c - a run that is over (or as far as it is) as text: head, timeline, what each step did, what people did.
 */
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "engine/report/approvals.h"
#include "engine/report/failure.h"
#include "engine/report/fields.h"
#include "engine/report/page.h"
#include "engine/report/report.h"
#include "engine/report/since.h"
#include "engine/report/story.h"
#include "engine/report/words.h"

#define INDENT		  2
#define LABEL_COLUMN	  12
#define NAME_COLUMN_LIMIT 36
#define NAME_COLUMN_LEAST 20 /* shorter, and something else is left out */
#define KEY_COLUMN_LIMIT  14
#define BAR_COLUMNS	  30 /* where the width knows no limit */
#define BAR_LEAST	  16 /* with less room than this there are no bars */
#define OUTPUT_LINES	  20 /* of a failed command's output; all of it if verbose */
#define NO_LIMIT	  1000000u

struct run_report {
	struct page page;
	const struct story *story;
};

static void heading(struct page *page, const char *text)
{
	page_end(page);
	page_line(page, 0, 0);
	page_put(page, INK_BOLD, text);
	page_end(page);
}

static void label(struct page *page, const char *text)
{
	page_line(page, INDENT, INDENT + LABEL_COLUMN);
	unsigned start = page->column;
	page_put(page, INK_DIM, text);
	page_to(page, start + LABEL_COLUMN - 1);
	page_gap(page, 1);
}

static void labelled(struct page *page, const char *name, const char *text)
{
	if (!text || !*text)
		return;
	label(page, name);
	page_put(page, INK_PLAIN, text);
	page_end(page);
}

/* ---- head ---- */

/* "RTO 15m: met, 7m16s taken" */
static void print_rto(struct run_report *report)
{
	struct page *page = &report->page;
	struct story_rto rto = story_rto(report->story);
	char text[DURATION_TEXT_SIZE];
	if (!rto.objective)
		return;
	duration_short(rto.objective, text);
	label(page, "RTO");
	page_putf(page, INK_PLAIN, "%s: ", text);
	page_put(page, rto.ink, rto.word);
	duration_short(report->story->elapsed, text);
	page_putf(page, INK_PLAIN, ", %s taken", text);
	page_end(page);
}

static void print_objectives(struct run_report *report)
{
	const struct value *objectives = value_get(report->story->opened, "objectives");
	for (size_t i = 0; value_is(objectives, VALUE_MAP) && i < objectives->map.count; i++) {
		CLEANUP_BUFFER struct buffer text = {0};
		const char *key = value_text(objectives->map.entries[i].key);
		if (!key || strcmp(key, "rto") == 0)
			continue;
		field_append(&text, objectives->map.entries[i].value);
		labelled(&report->page, strcmp(key, "rpo") == 0 ? "RPO" : key, text.data);
	}
}

static void print_times(struct run_report *report)
{
	const struct story *story = report->story;
	struct page *page = &report->page;
	labelled(page, "started", value_get_text(story->opened, "wall"));
	labelled(page, story->last ? "ended" : NULL, value_get_text(story->last, "wall"));
	label(page, "took");
	page_duration(page, INK_PLAIN, story->elapsed);
	page_put(page, INK_DIM, ": machines ");
	page_duration(page, INK_PLAIN, story->machine);
	page_put(page, INK_DIM, ", waiting for people ");
	page_duration(page, INK_PLAIN, story->waited);
	page_end(page);
}

static void print_head(struct run_report *report)
{
	struct page *page = &report->page;
	const struct value *opened = report->story->opened;
	CLEANUP_BUFFER struct buffer person = {0}, closer = {0}, version = {0};
	page_line(page, 0, 4);
	page_putf(page, INK_BOLD, "Run %s", field_text(opened, "run", "?"));
	page_putf(page, INK_PLAIN, " of %s", field_text(opened, "runbook", "?"));
	page_putf(page, INK_DIM, " (%s): ", field_text(opened, "runbook_kind", "run"));
	page_put(page, outcome_look(report->story->outcome)->ink, report->story->outcome);
	page_end(page);
	field_append_person(&person, value_get(opened, "operator"));
	labelled(page, "summary", value_get_text(opened, "summary"));
	labelled(page, "operator", person.data);
	field_append_version(&version, value_get(opened, "library"));
	labelled(page, "version", version.data);
	print_times(report);
	print_rto(report);
	print_objectives(report);
	label(page, "steps");
	outcome_counts(page, story_counts(report->story));
	page_end(page);
	field_append_person(&closer, value_get(report->story->last, "by"));
	labelled(page, "closed by", closer.data);
	labelled(page, "reason", value_get_text(report->story->last, "reason"));
}

/* ---- timeline ---- */

struct columns {
	unsigned key, name, bar; /* bar 0: none */
	bool since;
};

static unsigned limited(unsigned width, unsigned limit)
{
	return width < limit ? width : limit;
}

/* "x 3.1[0]  Start dovecot   00:03.2    0.8s  |##    |": what stands beside key, name and bar takes 2 + 2 + 2 + 7 + 2 + 6 + 4.
 */
#define TIMELINE_FIXED 25
#define SINCE_COLUMNS  9 /* the time and the gap before it */
#define NO_BAR	       4 /* what is saved where there is no bar */

/* The bars give way first (after the names have become shorter for their sake), then the times. */
static void fit_columns(struct columns *columns, unsigned width)
{
	unsigned taken = INDENT + TIMELINE_FIXED + columns->key;
	if (width && width < taken + columns->name + BAR_LEAST && width >= taken + NAME_COLUMN_LEAST + BAR_LEAST)
		columns->name = width - taken - BAR_LEAST;
	if (!width || width >= taken + columns->name + BAR_COLUMNS) {
		columns->bar = BAR_COLUMNS;
		return;
	}
	columns->bar = width < taken + columns->name + BAR_LEAST ? 0 : width - taken - columns->name;
	taken -= columns->bar ? 0 : NO_BAR;
	columns->since = columns->bar || width >= taken + NAME_COLUMN_LEAST;
	taken -= columns->since ? 0 : SINCE_COLUMNS;
	if (taken + columns->name + columns->bar > width)
		columns->name = width > taken + 8 ? width - taken : 8;
}

static struct columns timeline_columns(const struct run_report *report)
{
	struct columns columns = {.since = true};
	for (size_t i = 0; i < report->story->count; i++) {
		const struct story_step *step = &report->story->steps[i];
		unsigned key = page_text_width(step->key), name = page_text_width(step->name) + 2 * (unsigned)step->depth;
		columns.key = key > columns.key ? limited(key, KEY_COLUMN_LIMIT) : columns.key;
		columns.name = name > columns.name ? limited(name, NAME_COLUMN_LIMIT) : columns.name;
	}
	fit_columns(&columns, report->page.style->width);
	return columns;
}

static void put_bar(struct run_report *report, const struct story_step *step, unsigned columns)
{
	struct page *page = &report->page;
	int64_t whole = report->story->elapsed > 0 ? report->story->elapsed : 1;
	int64_t end = step->ended < 0 ? whole : step->ended;
	unsigned first = (unsigned)((double)step->began / (double)whole * columns);
	unsigned last = (unsigned)((double)end / (double)whole * columns);
	first = first >= columns ? columns - 1 : first;
	last = last > first ? last : first + 1;
	CLEANUP_BUFFER struct buffer bar = {0};
	const char *full = !step->uses ? "-" : page->style->unicode ? "█" : "#";
	for (unsigned i = first; i < last && i < columns; i++)
		buffer_add(&bar, full);
	page_put(page, INK_DIM, "|");
	page_gap(page, first);
	page_put(page, outcome_look(step->outcome)->ink, buffer_text(&bar));
	page_gap(page, columns - (last < columns ? last : columns));
	page_put(page, INK_DIM, "|");
}

static void print_timeline_row(struct run_report *report, const struct story_step *step, const struct columns *columns)
{
	struct page *page = &report->page;
	const struct outcome_look *look = outcome_look(step->outcome);
	char since[SINCE_TEXT_SIZE], taken[DURATION_TEXT_SIZE] = "";
	CLEANUP_FREE char *name = memory_printf("%*s%s", (int)step->depth * 2, "", step->name);
	int64_t elapsed = field_duration(step->finished, "elapsed", step->ended - step->began);
	since_format(step->began, since);
	if (step->ended >= 0 && elapsed > 0)
		duration_format(elapsed, taken);
	page_line(page, INDENT, INDENT);
	page_putf(page, look->ink, "%c", look->sign);
	page_gap(page, 1);
	page_cell(page, INK_DIM, step->key, columns->key);
	page_gap(page, 2);
	page_cell(page, step->uses ? INK_PLAIN : INK_BOLD, name, columns->name);
	page_gap(page, 2);
	page_put(page, INK_DIM, columns->since ? since : NULL);
	page_gap(page, columns->since ? 2 : 0);
	page_putf(page, INK_PLAIN, "%6s", taken);
	if (columns->bar) {
		page_gap(page, 2);
		put_bar(report, step, columns->bar);
	}
	page_end(page);
}

static void print_timeline(struct run_report *report)
{
	struct columns columns = timeline_columns(report);
	if (!report->story->count)
		return;
	heading(&report->page, "Timeline");
	for (size_t i = 0; i < report->story->count; i++)
		print_timeline_row(report, &report->story->steps[i], &columns);
}

/* ---- details ---- */

static bool outcome_is(const struct story_step *step, const char *outcome)
{
	return step->outcome && strcmp(step->outcome, outcome) == 0;
}

static bool is_bad(const struct story_step *step)
{
	return outcome_is(step, "failed") || outcome_is(step, "unknown") || !step->outcome;
}

/* What went as it should and changed nothing is in the timeline, and only there. */
static bool has_details(const struct run_report *report, const struct story_step *step)
{
	if (report->page.style->verbose || step->waits_count)
		return true;
	return step->uses && !outcome_is(step, "ok") && !outcome_is(step, "skipped");
}

static void print_approvals(struct page *page, unsigned indent, const struct story_wait *wait)
{
	for (size_t i = 0; i < wait->approvals_count; i++) {
		CLEANUP_BUFFER struct buffer given = {0};
		approvals_append_given(&given, wait->approvals[i]);
		page_line(page, indent, indent + 4);
		page_put(page, INK_DIM, "approved: ");
		page_put(page, INK_PLAIN, given.data);
		page_putf(page, INK_DIM, ", %s", field_text(wait->approvals[i], "wall", "?"));
		page_end(page);
	}
}

static void print_waits(struct page *page, unsigned indent, const struct story_step *step)
{
	for (size_t i = 0; i < step->waits_count; i++) {
		const struct value *answered = step->waits[i].answered;
		CLEANUP_BUFFER struct buffer person = {0};
		field_append_person(&person, value_get(answered, "by"));
		page_line(page, indent, indent + 4);
		page_put(page, INK_DIM, "asked: ");
		page_put(page, INK_PLAIN, value_get_text(step->waits[i].waiting, "message"));
		page_end(page);
		print_approvals(page, indent, &step->waits[i]);
		page_line(page, indent, indent + 4);
		page_put(page, INK_DIM, "answer: ");
		page_put(page, answered ? INK_BOLD : INK_WARN, answered ? field_text(answered, "answer", "?") : "none yet");
		if (answered) {
			page_putf(page, INK_PLAIN, " by %s after ", person.length ? person.data : "?");
			page_duration(page, INK_PLAIN, field_duration(answered, "waited", 0));
		}
		page_end(page);
	}
}

static void print_step_line(struct page *page, const struct story_step *step)
{
	const struct outcome_look *look = outcome_look(step->outcome);
	const char *reason = value_get_text(step->finished, "reason");
	page_line(page, INDENT, INDENT + 4);
	page_putf(page, look->ink, "%c", look->sign);
	page_gap(page, 1);
	page_putf(page, INK_DIM, "%s  ", step->key);
	page_put(page, INK_BOLD, step->name);
	page_putf(page, look->ink, "  %s", look->name);
	if (step->attempts > 1)
		page_putf(page, INK_WARN, " at attempt %lld", (long long)step->attempts);
	if (step->uses)
		page_putf(page, INK_DIM, "  %s", step->uses);
	if (step->host)
		page_putf(page, INK_DIM, " on %s", step->host);
	if (step->via && (!step->host || strcmp(step->via, step->host) != 0))
		page_putf(page, INK_DIM, " via %s", step->via);
	if (value_is_text(value_get(step->intent, "effect"), "irreversible"))
		page_put(page, INK_ALARM, "  IRREVERSIBLE");
	if (reason && *reason)
		page_putf(page, INK_PLAIN, ": %s", reason);
	page_end(page);
}

static void print_step(struct run_report *report, const struct story_step *step)
{
	struct page *page = &report->page;
	bool verbose = page->style->verbose;
	unsigned indent = INDENT + 4;
	const struct value *evidence = value_get(step->finished, "evidence"), *after = value_get(step->finished, "after");
	print_step_line(page, step);
	page_changes(page, indent, story_changes(report->story, step));
	if (state_is(after, "unobservable")) {
		page_line(page, indent, indent + 4);
		page_put(page, INK_DIM, "now: ");
		page_state(page, after);
		page_end(page);
	}
	page_error(page, indent, value_get(step->finished, "error"));
	if (!(verbose || is_bad(step)) || !value_is(evidence, VALUE_LIST) || !evidence->list.count)
		page_commands(page, indent, value_get(step->intent, "commands"));
	else
		page_evidence(page, indent, evidence, true, verbose ? NO_LIMIT : OUTPUT_LINES);
	print_waits(page, indent, step);
}

static void print_details(struct run_report *report)
{
	bool headed = false;
	for (size_t i = 0; i < report->story->count; i++) {
		const struct story_step *step = &report->story->steps[i];
		if (!has_details(report, step))
			continue;
		if (!headed)
			heading(&report->page, "Details");
		headed = true;
		print_step(report, step);
	}
}

/* ---- what else happened ---- */

static const struct {
	const char *kind, *what, *why; /* keys of the record's texts; what may be the kind itself */
} events[] = {
	{"request", "request", "reason"},
	{"resumed", NULL, NULL},
	{"note", "text", NULL},
	{"retry", NULL, "reason"},
};

static void print_event(struct page *page, const struct story_event *event)
{
	const struct value *record = event->record;
	const char *kind = field_text(record, "kind", "?"), *step = value_get_text(record, "step");
	const struct value *by = value_get(record, "by") ? value_get(record, "by") : value_get(record, "operator");
	CLEANUP_BUFFER struct buffer person = {0};
	char since[SINCE_TEXT_SIZE];
	field_append_person(&person, by);
	since_format(event->at, since);
	page_line(page, INDENT, INDENT + 9);
	page_putf(page, INK_DIM, "%s  ", since);
	page_put(page, INK_PLAIN, kind);
	if (step)
		page_putf(page, INK_DIM, " %s", step);
	for (size_t i = 0; i < COUNT_OF(events); i++) {
		if (strcmp(events[i].kind, kind) != 0)
			continue;
		if (events[i].what)
			page_putf(page, INK_PLAIN, ": %s", field_text(record, events[i].what, "?"));
		if (person.length)
			page_putf(page, INK_PLAIN, " by %s", person.data);
		if (events[i].why && value_get_text(record, events[i].why))
			page_putf(page, INK_PLAIN, ": %s", value_get_text(record, events[i].why));
	}
	if (!value_get_bool(record, "accepted", true))
		page_putf(page, INK_BAD, " (refused: %s)", field_text(record, "why", "no reason given"));
	page_end(page);
}

void report_run(struct buffer *out, const struct value *records, const struct report_style *style)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct run_report report = {.page = {.out = out, .style = style}, .story = story_read(arena, records)};
	print_head(&report);
	print_timeline(&report);
	print_details(&report);
	if (report.story->events_count)
		heading(&report.page, "Events");
	for (size_t i = 0; i < report.story->events_count; i++)
		print_event(&report.page, &report.story->events[i]);
}
