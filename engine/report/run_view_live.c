/*
 * run_view_live.c - the bottom of a terminal while a run goes on: steps that run, gates that wait, the bar. What is finished is
 * not drawn here; it scrolls away above as ordinary lines.
 *
 * Each line of the area is narrower than the terminal, so that the number of rows to go up is known. After a resize, terminals
 * break longer lines anew: the rows are counted with the new width.
 */
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "engine/base/memory.h"
#include "engine/report/fields.h"
#include "engine/report/run_view.h"

#define DEFAULT_WIDTH	 80
#define DEFAULT_HEIGHT	 24
#define NARROW		 60 /* below this the words of the bar are left out */
#define PROGRESS_COLUMNS 10

static const struct glyphs {
	const char *spinner[10];
	unsigned frames;
	const char *full, *empty, *again, *hand;
} ascii = {{"|", "/", "-", "\\"}, 4, "#", "-", "~", "@"},
  unicode = {{"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"}, 10, "█", "░", "↻", "▶"};

void live_size(struct run_view *view)
{
	struct winsize size = {0};
	int fd = fileno(view->out);
	if (fd >= 0 && ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col) {
		view->style.width = size.ws_col;
		view->area.height = size.ws_row;
	}
}

/* ---- what the area says ---- */

struct area { /* being drawn */
	struct run_view *view;
	struct report_style style; /* one column narrower than the terminal */
	struct page page;
	const struct glyphs *glyphs;
	int64_t now;
	unsigned *widths; /* owned */
	size_t lines, limit;
};

static void line_end(struct area *area)
{
	page_finish(&area->page);
	buffer_add(area->page.out, "\033[K\n");
	area->widths = memory_resize(area->widths, (area->lines + 1) * sizeof(*area->widths));
	area->widths[area->lines++] = area->page.column;
}

static unsigned room(const struct area *area)
{
	return area->style.width;
}

static void put_bar(struct area *area, enum ink ink, size_t part, size_t whole, unsigned columns)
{
	size_t full = whole ? part * columns / whole : 0;
	page_put(&area->page, INK_PLAIN, "[");
	for (unsigned i = 0; i < columns; i++)
		page_put(&area->page, i < full ? ink : INK_DIM, i < full ? area->glyphs->full : area->glyphs->empty);
	page_put(&area->page, INK_PLAIN, "]");
}

/* What stands behind a running step's name: "12s  attempt 2/3  45%". */
static void append_tail(struct buffer *tail, const struct activity *activity, int64_t now)
{
	char text[DURATION_TEXT_SIZE];
	int64_t shown = activity->retry_at ? activity->retry_at - now : now - activity->began;
	duration_short(shown > 0 ? shown : 0, text);
	if (activity->retry_at)
		buffer_printf(tail, "retry %lld/%lld in %s", (long long)activity->attempt, (long long)activity->attempts, text);
	else if (activity->attempt > 1)
		buffer_printf(tail, "%s  attempt %lld/%lld", text, (long long)activity->attempt, (long long)activity->attempts);
	else
		buffer_add(tail, text);
	if (activity->percent >= 0)
		buffer_printf(tail, "  %lld%%", (long long)activity->percent);
}

/* "/ 3.2[1]  Start postfix  12s  attempt 2/3": of all this the name gives way first. */
static void draw_running(struct area *area, const struct activity *activity)
{
	CLEANUP_BUFFER struct buffer tail = {0};
	struct page *page = &area->page;
	enum ink ink = activity->retry_at ? INK_WARN : INK_ACT;
	bool bar = activity->percent >= 0 && room(area) >= NARROW;
	append_tail(&tail, activity, area->now);
	page_line(page, 0, 0);
	page_put(page, ink,
		 activity->retry_at ? area->glyphs->again
				    : area->glyphs->spinner[area->view->area.frame % area->glyphs->frames]);
	page_gap(page, 1);
	page_put(page, INK_DIM, activity->step);
	page_gap(page, 2);
	unsigned behind = (unsigned)tail.length + 2 + (bar ? PROGRESS_COLUMNS + 4 : 0);
	unsigned left = room(area) > page->column + behind ? room(area) - page->column - behind : 0;
	unsigned name = page_text_width(activity->name);
	page_cell(page, INK_BOLD, activity->name, name < left ? name : left);
	page_gap(page, 2);
	if (bar) {
		put_bar(area, INK_ACT, (size_t)activity->percent, 100, PROGRESS_COLUMNS);
		page_gap(page, 2);
	}
	page_put(page, ink, buffer_text(&tail));
	line_end(area);
}

static void draw_progress_text(struct area *area, const struct activity *activity)
{
	if (!activity->text || !*activity->text)
		return;
	page_line(&area->page, 2, 2);
	page_put(&area->page, INK_DIM, activity->text);
	line_end(area);
}

/* A message of several lines, or a long one, on lines of the area. */
static void draw_message(struct area *area, const char *message)
{
	CLEANUP_BUFFER struct buffer text = {0};
	struct report_style style = {.width = room(area) - 2};
	struct page page = {.out = &text, .style = &style};
	page_line(&page, 0, 0);
	page_put(&page, INK_PLAIN, message);
	char *rest = text.data;
	for (char *line = strsep(&rest, "\n"); line && area->lines + 3 < area->limit; line = strsep(&rest, "\n")) {
		page_line(&area->page, 2, 2);
		page_put(&area->page, INK_BOLD, line + strspn(line, " "));
		line_end(area);
	}
}

static void draw_gate(struct area *area, const struct activity *gate)
{
	struct page *page = &area->page;
	char text[DURATION_TEXT_SIZE];
	duration_short(area->now - gate->began, text);
	page_line(page, 0, 0);
	page_putf(page, INK_ALARM, "%s %s waits%s", area->glyphs->hand, gate->step, room(area) < NARROW ? "" : " for a person");
	page_putf(page, INK_WARN, "  %s", text);
	if (gate->until) {
		duration_short(gate->until > area->now ? gate->until - area->now : 0, text);
		page_putf(page, INK_WARN, ", %s left", text);
	}
	line_end(area);
	draw_message(area, gate->message);
	if (!gate->choices || !*gate->choices)
		return;
	page_line(page, 2, 2);
	page_put(page, INK_ACT, gate->choices);
	line_end(area);
}

/* "[#####-----] 7/15 steps  elapsed 1m05s  RTO 15m" */
static void draw_bar(struct area *area)
{
	struct run_view *view = area->view;
	struct page *page = &area->page;
	size_t total = tally_total(view->tally), done = tally_done(view->tally);
	bool wide = room(area) >= NARROW;
	char text[DURATION_TEXT_SIZE];
	page_line(page, 0, 0);
	if (total) {
		put_bar(area, INK_GOOD, done, total, wide ? 20 : room(area) >= 36 ? 10 : 5);
		page_putf(page, INK_PLAIN, " %zu/%zu%s  ", done, total, wide ? " steps" : "");
	}
	enum ink ink = !view->rto		       ? INK_PLAIN
		       : area->now > view->rto	       ? INK_BAD
		       : area->now > view->rto / 5 * 4 ? INK_WARN
						       : INK_PLAIN;
	duration_short(area->now, text);
	page_putf(page, ink, "%s%s", wide ? "elapsed " : "", text);
	int64_t left = run_view_remaining(view, area->now);
	if (left >= 0 && wide) {
		duration_short(left, text);
		page_putf(page, INK_DIM, "  about %s left", text);
	}
	if (view->rto) {
		duration_short(view->rto, text);
		page_putf(page, INK_DIM, "  RTO %s", text);
		page_put(page, INK_BAD, area->now > view->rto ? " missed" : NULL);
	}
	line_end(area);
}

static void draw_activities(struct area *area, bool gates)
{
	const struct run_view *view = area->view;
	size_t hidden = 0;
	for (size_t i = 0; i < view->activities.count; i++) {
		const struct activity *activity = &view->activities.items[i];
		if ((activity->message != NULL) != gates)
			continue;
		if (area->lines + (gates ? 5 : 4) > area->limit) {
			hidden++;
			continue;
		}
		if (gates) {
			draw_gate(area, activity);
			continue;
		}
		draw_running(area, activity);
		draw_progress_text(area, activity);
	}
	if (hidden) {
		page_line(&area->page, 2, 2);
		page_putf(&area->page, INK_DIM, "and %zu more", hidden);
		line_end(area);
	}
}

/* ---- putting it on the terminal ---- */

static void write_out(struct run_view *view, const struct buffer *text)
{
	int fd = fileno(view->out);
	if (fd < 0) {
		fwrite(buffer_text(text), 1, text->length, view->out);
		fflush(view->out);
		return;
	}
	fflush(view->out);
	for (size_t done = 0; done < text->length;) {
		ssize_t size = write(fd, text->data + done, text->length - done);
		if (size <= 0)
			return; /* a terminal that is gone: the run goes on without it */
		done += (size_t)size;
	}
}

/* To the first line of the area as it is on the screen now. */
static void go_up(struct run_view *view, struct buffer *out)
{
	unsigned rows = 0, width = view->style.width ? view->style.width : DEFAULT_WIDTH;
	for (size_t i = 0; i < view->area.lines; i++)
		rows += view->area.widths[i] ? (view->area.widths[i] + width - 1) / width : 1;
	buffer_add_char(out, '\r');
	rows += view->area.typed;
	view->area.typed = 0;
	if (rows > 1)
		buffer_printf(out, "\033[%uA", rows - 1);
}

static void draw_area(struct run_view *view, struct buffer *out)
{
	struct area area = {.view = view, .style = view->style, .now = since_now(&view->since)};
	area.style.width = (view->style.width ? view->style.width : DEFAULT_WIDTH) - 1;
	area.style.width = area.style.width < 20 ? 20 : area.style.width;
	area.page = (struct page){.out = out, .style = &area.style, .cut = true};
	area.glyphs = view->style.unicode ? &unicode : &ascii;
	area.limit = view->area.height > 4 ? view->area.height - 1 : DEFAULT_HEIGHT;
	draw_activities(&area, true);
	draw_activities(&area, false);
	draw_bar(&area);
	out->length--; /* no newline behind the last line: the cursor stays on it */
	out->data[out->length] = '\0';
	free(view->area.widths);
	view->area.widths = area.widths;
	view->area.lines = area.lines;
}

void live_draw(struct run_view *view, const struct buffer *lines)
{
	CLEANUP_BUFFER struct buffer out = {0};
	if (!view->area.drawn)
		buffer_add(&out, "\033[?25l");
	go_up(view, &out);
	view->area.drawn = true;
	if (lines->length) {
		buffer_add(&out, "\033[J");
		buffer_append(&out, lines->data, lines->length);
	}
	draw_area(view, &out);
	buffer_add(&out, "\033[J");
	write_out(view, &out);
}

void live_erase(struct run_view *view)
{
	CLEANUP_BUFFER struct buffer out = {0};
	if (!view->area.drawn)
		return;
	go_up(view, &out);
	buffer_add(&out, "\033[J\033[?25h");
	write_out(view, &out);
	view->area.drawn = false;
	view->area.lines = 0;
}
