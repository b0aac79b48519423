/*
 * run_view.c - a run as it goes, record by record: each becomes at most one line and what belongs below it, and changes what is
 * known to be going on. On a terminal run_view_live.c draws the latter. Times are since the run's start and come from the
 * records.
 */
#include "engine/report/run_view.h"

#include <string.h>

#include "engine/base/memory.h"
#include "engine/report/approvals.h"
#include "engine/report/failure.h"
#include "engine/report/fields.h"
#include "engine/report/words.h"

#define WORD_COLUMN	  10
#define DETAIL_INDENT	  9 /* behind the time */
#define KEY_COLUMN_LEAST  3
#define HOST_COLUMN_LEAST 6
#define KEY_COLUMN_LIMIT  14
#define HOST_COLUMN_LIMIT 14
#define NARROW		  60		      /* columns; below, a line has neither time nor host */
#define OUTPUT_LINES	  10		      /* of a failed command's output */
#define PROGRESS_PAUSE	  (10 * NSEC_PER_SEC) /* on a pipe: between two lines about one step's progress */

struct event { /* a record being shown */
	struct run_view *view;
	const struct value *record;
	const char *step;
	int64_t at;
	struct page page;
};

/* ---- lines ---- */

static bool is_narrow(const struct run_view *view)
{
	return view->style.width && view->style.width < NARROW;
}

static unsigned widened(unsigned column, const char *text, unsigned limit)
{
	unsigned width = page_text_width(text);
	return width > column && width <= limit ? width : column;
}

/* "00:03.2  changed   3.1     mail2   ", as far as the width allows. The caller goes on with the text. */
static void line_begin(struct event *event, const char *word, enum ink ink)
{
	struct run_view *view = event->view;
	struct page *page = &event->page;
	const char *host = value_get_text(event->record, "host");
	char time[SINCE_TEXT_SIZE];
	bool narrow = is_narrow(view);
	const struct activity *activity = event->step ? activities_find(&view->activities, event->step) : NULL;
	host = host || !activity ? host : activity->host;
	since_format(event->at, time);
	page_line(page, 0, narrow ? 4 : DETAIL_INDENT);
	if (!narrow)
		page_putf(page, INK_DIM, "%s  ", time);
	page_cell(page, ink, word, WORD_COLUMN);
	if (!event->step)
		return;
	view->key_column = widened(view->key_column, event->step, KEY_COLUMN_LIMIT);
	view->host_column = widened(view->host_column, host, HOST_COLUMN_LIMIT);
	unsigned start = page->column;
	page_put(page, INK_DIM, event->step);
	if (!narrow) {
		page_to(page, start + view->key_column);
		page_gap(page, 2);
		start = page->column;
		page_put(page, INK_PLAIN, host);
		page_to(page, start + view->host_column);
	}
	page_gap(page, 2);
}

static void put_elapsed(struct page *page, int64_t elapsed)
{
	char text[DURATION_TEXT_SIZE];
	if (elapsed < 0)
		return;
	duration_format(elapsed, text);
	page_putf(page, INK_DIM, " (%s)", text);
}

static unsigned detail_indent(const struct run_view *view)
{
	return is_narrow(view) ? 4 : DETAIL_INDENT;
}

static const char *name_of(const struct event *event)
{
	return field_text(event->record, "name", field_text(event->record, "uses", event->step));
}

static struct activity *begin(const struct event *event)
{
	return activities_begin(&event->view->activities, event->step, name_of(event), value_get_text(event->record, "host"),
				event->at);
}

/* ---- a function for each kind of record ---- */

static void on_run_opened(struct event *event)
{
	struct run_view *view = event->view;
	const struct value *record = event->record, *outline = value_get(record, "outline");
	CLEANUP_BUFFER struct buffer person = {0};
	view->rto = field_duration(value_get(record, "objectives"), "rto", 0);
	for (size_t i = 0; value_is(outline, VALUE_LIST) && i < outline->list.count; i++)
		view->key_column = widened(view->key_column, value_get_text(outline->list.items[i], "step"), KEY_COLUMN_LIMIT);
	field_append_person(&person, value_get(record, "operator"));
	line_begin(event, "run", INK_BOLD);
	page_put(&event->page, INK_BOLD, field_text(record, "runbook", "?"));
	page_putf(&event->page, INK_PLAIN, "  %s", field_text(record, "run", "?"));
	if (person.length)
		page_putf(&event->page, INK_PLAIN, "  by %s", person.data);
	page_end(&event->page);
}

static void on_resumed(struct event *event)
{
	CLEANUP_BUFFER struct buffer person = {0};
	field_append_person(&person, value_get(event->record, "operator"));
	line_begin(event, "resumed", INK_BOLD);
	page_putf(&event->page, INK_PLAIN, "by %s", person.length ? person.data : "?");
	int64_t torn = value_get_int(value_get(event->record, "torn"), "bytes", 0);
	if (torn)
		page_putf(&event->page, INK_WARN, " (%lld bytes of a torn record were cut off)", (long long)torn);
	page_end(&event->page);
	activities_clear(&event->view->activities);
}

static void on_step_started(struct event *event)
{
	activities_end_retry(&event->view->activities, event->step);
	struct activity *activity = begin(event);
	activity->attempt = value_get_int(event->record, "attempt", 1);
	activity->attempts = value_get_int(event->record, "attempts", 1);
	activity->retry_at = 0;
}

static void on_intent(struct event *event)
{
	const struct activity *activity = activities_find(&event->view->activities, event->step);
	if (event->view->live)
		return;
	line_begin(event, "apply", INK_ACT);
	page_put(&event->page, INK_PLAIN, activity ? activity->name : value_get_text(event->record, "object"));
	if (value_is_text(value_get(event->record, "effect"), "irreversible"))
		page_put(&event->page, INK_ALARM, "  IRREVERSIBLE");
	page_end(&event->page);
	if (event->view->style.verbose)
		page_commands(&event->page, DETAIL_INDENT, value_get(event->record, "commands"));
}

static void print_outcome_details(struct event *event, const char *outcome)
{
	bool bad = strcmp(outcome, "failed") == 0 || strcmp(outcome, "unknown") == 0, verbose = event->view->style.verbose;
	unsigned indent = detail_indent(event->view);
	CLEANUP_ARENA struct arena *arena = arena_new();
	if (verbose)
		page_changes(&event->page, indent,
			     state_changes(arena, value_get(event->record, "before"), value_get(event->record, "after")));
	page_error(&event->page, indent, value_get(event->record, "error"));
	if (bad || verbose)
		page_evidence(&event->page, indent, value_get(event->record, "evidence"), verbose, OUTPUT_LINES);
}

static void on_step_finished(struct event *event)
{
	if (value_get_text(event->record, "step"))
		run_view_ended(event->view, value_get_text(event->record, "step"));
	const char *outcome = field_text(event->record, "outcome", "unknown"),
		   *reason = value_get_text(event->record, "reason");
	struct page *page = &event->page;
	bool skipped = strcmp(outcome, "skipped") == 0;
	line_begin(event, outcome, outcome_look(outcome)->ink);
	page_put(page, INK_PLAIN, name_of(event));
	if (!skipped)
		put_elapsed(page, field_duration(event->record, "elapsed", -1));
	if (reason && *reason)
		page_putf(page, INK_DIM, ": %s", reason);
	page_end(page);
	print_outcome_details(event, outcome);
	activities_end(&event->view->activities, event->step);
}

static void on_retry(struct event *event)
{
	char delay[DURATION_TEXT_SIZE];
	int64_t attempt = value_get_int(event->record, "attempt", 0), attempts = value_get_int(event->record, "attempts", 0);
	int64_t nanoseconds = field_duration(event->record, "delay", 0);
	duration_short(nanoseconds, delay);
	line_begin(event, "retry", INK_WARN);
	page_putf(&event->page, INK_PLAIN, "attempt %lld/%lld in %s", (long long)attempt, (long long)attempts, delay);
	if (value_get_text(event->record, "reason"))
		page_putf(&event->page, INK_DIM, ": %s", value_get_text(event->record, "reason"));
	page_end(&event->page);
	struct activity *activity = activities_begin(&event->view->activities, event->step,
						     field_text(event->record, "reason", name_of(event)), NULL, event->at);
	activity->attempt = attempt;
	activity->attempts = attempts;
	activity->percent = -1;
	activity->retry_at = event->at + (nanoseconds ? nanoseconds : 1);
}

static void on_group_started(struct event *event)
{
	int64_t attempt = value_get_int(event->record, "attempt", 1);
	activities_end_retry(&event->view->activities, event->step);
	line_begin(event, "group", INK_BOLD);
	page_put(&event->page, INK_BOLD, name_of(event));
	if (attempt > 1)
		page_putf(&event->page, INK_WARN, " (attempt %lld)", (long long)attempt);
	page_end(&event->page);
}

static void on_group_finished(struct event *event)
{
	const char *outcome = field_text(event->record, "outcome", "unknown");
	enum ink ink = outcome_look(outcome)->ink;
	activities_end(&event->view->activities, event->step);
	if (event->view->live && (ink == INK_GOOD || ink == INK_DIM))
		return;
	line_begin(event, outcome, ink);
	page_putf(&event->page, INK_PLAIN, "group %s", name_of(event));
	put_elapsed(&event->page, field_duration(event->record, "elapsed", -1));
	page_end(&event->page);
}

static char *choices_text(const struct value *choices)
{
	struct buffer text = {0};
	for (size_t i = 0; value_is(choices, VALUE_LIST) && i < choices->list.count; i++)
		if (value_text(choices->list.items[i]))
			buffer_printf(&text, "%s[%s]", text.length ? " " : "", value_text(choices->list.items[i]));
	return buffer_take(&text);
}

/* How to answer: the choices; or who may sign, and with what. */
static char *ways_text(const struct value *waiting)
{
	struct buffer text = {0}, wanted = {0};
	if (!approvals_append_wanted(&wanted, waiting))
		return choices_text(value_get(waiting, "choices"));
	buffer_printf(&text, "[standin approve %s] %s", field_text(value_get(waiting, "approval"), "run", ""), wanted.data);
	buffer_free(&wanted);
	return buffer_take(&text);
}

static void on_waiting(struct event *event)
{
	struct activity *gate = begin(event);
	int64_t deadline = field_duration(event->record, "deadline", 0);
	activity_replace(&gate->message, field_text(event->record, "message", gate->name));
	free(gate->choices);
	gate->choices = ways_text(event->record);
	gate->began = event->at;
	gate->until = deadline > 0 ? event->at + deadline : 0;
	if (event->view->live) {
		if (!event->view->catching_up)
			buffer_add_char(event->page.out, '\a');
		return;
	}
	line_begin(event, "waiting", INK_ALARM);
	page_put(&event->page, INK_BOLD, gate->message);
	page_putf(&event->page, INK_ACT, "  %s", gate->choices);
	page_end(&event->page);
}

static void on_answered(struct event *event)
{
	CLEANUP_BUFFER struct buffer person = {0};
	struct activity *gate = activities_find(&event->view->activities, event->step);
	field_append_person(&person, value_get(event->record, "by"));
	line_begin(event, "answered", INK_BOLD);
	page_put(&event->page, INK_PLAIN, field_text(event->record, "answer", "?"));
	if (person.length)
		page_putf(&event->page, INK_PLAIN, " by %s", person.data);
	page_put(&event->page, INK_DIM, " after ");
	page_duration(&event->page, INK_DIM, field_duration(event->record, "waited", 0));
	page_end(&event->page);
	if (gate)
		activity_replace(&gate->message, NULL);
}

static void on_approved(struct event *event)
{
	CLEANUP_BUFFER struct buffer given = {0};
	approvals_append_given(&given, event->record);
	line_begin(event, "approved", INK_BOLD);
	page_put(&event->page, INK_PLAIN, given.data);
	page_end(&event->page);
}

static void on_request(struct event *event)
{
	CLEANUP_BUFFER struct buffer person = {0};
	bool accepted = value_get_bool(event->record, "accepted", true);
	const char *reason = value_get_text(event->record, accepted ? "reason" : "why");
	field_append_person(&person, value_get(event->record, "by"));
	line_begin(event, accepted ? "request" : "refused", accepted ? INK_BOLD : INK_BAD);
	page_put(&event->page, INK_PLAIN, field_text(event->record, "request", "?"));
	if (person.length)
		page_putf(&event->page, INK_PLAIN, " by %s", person.data);
	if (reason && *reason)
		page_putf(&event->page, INK_DIM, ": %s", reason);
	page_end(&event->page);
}

static void on_list(struct event *event)
{
	CLEANUP_BUFFER struct buffer items = {0};
	if (event->view->live || !event->view->style.verbose)
		return;
	field_append(&items, value_get(event->record, "items"));
	line_begin(event, "list", INK_DIM);
	page_put(&event->page, INK_PLAIN, items.data);
	page_end(&event->page);
}

static void on_progress(struct event *event)
{
	struct activity *activity = activities_find(&event->view->activities, event->step);
	if (!activity)
		return;
	const struct value *percent = value_get(event->record, "percent");
	activity->percent =
		value_is(percent, VALUE_DOUBLE) ? (int64_t)percent->real : value_get_int(event->record, "percent", -1);
	if (activity->percent > 100)
		activity->percent = 100;
	activity_replace(&activity->text, value_get_text(event->record, "text"));
	if (event->view->live || event->at - activity->told < PROGRESS_PAUSE)
		return;
	activity->told = event->at;
	line_begin(event, "progress", INK_DIM);
	if (activity->percent >= 0)
		page_putf(&event->page, INK_PLAIN, "%lld%%  ", (long long)activity->percent);
	page_put(&event->page, INK_PLAIN, activity->text);
	page_end(&event->page);
}

static void on_note(struct event *event)
{
	line_begin(event, "note", INK_PLAIN);
	page_put(&event->page, INK_PLAIN, value_get_text(event->record, "text"));
	page_end(&event->page);
}

static void on_run_finished(struct event *event)
{
	const char *outcome = field_text(event->record, "outcome", "unknown");
	int64_t waited = field_duration(event->record, "waited", 0), rto = event->view->rto;
	struct page *page = &event->page;
	line_begin(event, "end", INK_BOLD);
	page_put(page, outcome_look(outcome)->ink, outcome);
	page_put(page, INK_PLAIN, " after ");
	page_duration(page, INK_PLAIN, event->at);
	if (waited > 0) {
		page_put(page, INK_PLAIN, ", of which people took ");
		page_duration(page, INK_PLAIN, waited);
	}
	page_put(page, INK_PLAIN, ": ");
	outcome_counts(page, value_get(event->record, "counts"));
	if (rto && event->at > rto)
		page_put(page, INK_BAD, "; RTO missed");
	page_end(page);
}

static void on_abandoned(struct event *event)
{
	CLEANUP_BUFFER struct buffer text = {0};
	field_append_person(&text, value_get(event->record, "by"));
	line_begin(event, "abandoned", INK_WARN);
	page_putf(&event->page, INK_PLAIN, "by %s", text.length ? text.data : "?");
	if (value_get_text(event->record, "reason"))
		page_putf(&event->page, INK_PLAIN, ": %s", value_get_text(event->record, "reason"));
	page_end(&event->page);
}

static const struct kind {
	const char *name;
	void (*show)(struct event *event);
	bool of_step; /* a record without "step" is passed over */
	bool last;    /* nothing goes on after it */
} kinds[] = {
	{"run_opened", on_run_opened, false, false},
	{"resumed", on_resumed, false, false},
	{"step_started", on_step_started, true, false},
	{"list", on_list, true, false},
	{"intent", on_intent, true, false},
	{"step_finished", on_step_finished, true, false},
	{"retry", on_retry, true, false},
	{"group_started", on_group_started, true, false},
	{"group_finished", on_group_finished, true, false},
	{"waiting", on_waiting, true, false},
	{"answered", on_answered, true, false},
	{"approved", on_approved, true, false},
	{"request", on_request, false, false},
	{"progress", on_progress, true, false},
	{"note", on_note, false, false},
	{"run_finished", on_run_finished, false, true},
	{"abandoned", on_abandoned, false, true},
};

/* ---- the interface ---- */

struct run_view *run_view_new(FILE *out, const struct report_style *style, bool live)
{
	struct run_view *view = memory_alloc(sizeof(*view));
	view->out = out;
	view->style = *style;
	view->live = live && style->terminal;
	view->tally = tally_new();
	view->key_column = KEY_COLUMN_LEAST;
	view->host_column = HOST_COLUMN_LEAST;
	if (view->live)
		live_size(view);
	return view;
}

void run_view_record(struct run_view *view, const struct value *record)
{
	CLEANUP_BUFFER struct buffer lines = {0};
	struct event event = {.view = view, .record = record, .step = value_get_text(record, "step")};
	event.page = (struct page){.out = &lines, .style = &view->style};
	event.at = since_record(&view->since, record);
	view->catching_up = since_now(&view->since) - event.at > 2 * NSEC_PER_SEC;
	tally_record(view->tally, record);
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		if (!value_is_text(value_get(record, "kind"), kinds[i].name) || (kinds[i].of_step && !event.step))
			continue;
		kinds[i].show(&event);
		view->finished |= kinds[i].last;
	}
	if (view->live && view->finished)
		live_erase(view);
	if (view->live && !view->finished) {
		live_draw(view, &lines);
		return;
	}
	fwrite(buffer_text(&lines), 1, lines.length, view->out);
	fflush(view->out);
}

void run_view_typed(struct run_view *view)
{
	if (view->area.drawn)
		view->area.typed++;
}

void run_view_tick(struct run_view *view)
{
	const struct buffer nothing = {0};
	if (!view->live || view->finished || !view->since.begun)
		return;
	live_size(view);
	view->area.frame++;
	live_draw(view, &nothing);
}

void run_view_end(struct run_view *view)
{
	if (view->live)
		live_erase(view);
	fflush(view->out);
}

void run_view_free(struct run_view *view)
{
	if (!view)
		return;
	activities_clear(&view->activities);
	table_free(&view->ended);
	free(view->area.widths);
	tally_free(view->tally);
	free(view);
}
