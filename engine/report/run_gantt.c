/*
 * run_gantt.c - a bar a step, from its begin to its end; over it, dashed, the time in which a person was waited for; a line
 * where the RTO lies.
 */
#include "engine/report/run_gantt.h"

#include <string.h>

#include "engine/base/memory.h"
#include "engine/report/fields.h"
#include "engine/report/html.h"
#include "engine/report/words.h"

#define RIGHT 20
#define HEAD  26
#define BAR   14 /* height of one */

/* Names stand beside the bars where there is room, above them on a phone; the style sheet shows the one that fits. */
struct layout {
	const char *class;
	int width;	   /* of the picture, in its own units */
	int names;	   /* columns of the names; 0: they stand above */
	int row;	   /* height of one */
	size_t name_bytes; /* a longer one is cut */
	int64_t ticks;	   /* at most */
};

static const struct layout layouts[] = {{"wide", 1000, 330, 22, 46, 8}, {"narrow", 380, 0, 38, 48, 4}};

struct scale {
	const struct layout *layout;
	int64_t whole; /* nanoseconds that the picture's breadth stands for */
	int height;
};

static int x_of(const struct scale *scale, int64_t at)
{
	const struct layout *layout = scale->layout;
	return layout->names + (int)((double)at / (double)scale->whole * (layout->width - layout->names - RIGHT));
}

/* The shortest round step between ticks of which no more than so many fit. */
static int64_t tick_step(int64_t whole, int64_t ticks)
{
	static const int64_t seconds[] = {1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 86400};
	for (size_t i = 0; i < COUNT_OF(seconds); i++)
		if (whole / (seconds[i] * NSEC_PER_SEC) <= ticks)
			return seconds[i] * NSEC_PER_SEC;
	return whole / ticks;
}

static void put_ticks(struct buffer *out, const struct scale *scale)
{
	int64_t step = tick_step(scale->whole, scale->layout->ticks);
	for (int64_t at = 0; at <= scale->whole; at += step) {
		char text[DURATION_TEXT_SIZE];
		duration_short(at, text);
		html_putf(out, "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/>", x_of(scale, at),
			  x_of(scale, at), HEAD - 6, scale->height);
		html_putf(out, "<text class=\"soft\" x=\"%d\" y=\"14\" text-anchor=\"%s\">%s</text>\n", x_of(scale, at),
			  at || scale->layout->names ? "middle" : "start", text);
	}
}

static void put_limit(struct buffer *out, const struct scale *scale, int64_t rto)
{
	if (rto <= 0 || rto > scale->whole)
		return;
	html_putf(out, "<line class=\"limit\" x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\"><title>RTO</title></line>\n",
		  x_of(scale, rto), x_of(scale, rto), HEAD - 6, scale->height);
}

static void put_bar(struct buffer *out, const struct scale *scale, const char *class, const char *more, int64_t began,
		    int64_t ended, int y)
{
	int left = x_of(scale, began), right = x_of(scale, ended);
	html_putf(out, "<rect class=\"%s %s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"2\"/>", class, more, left, y,
		  right - left < 2 ? 2 : right - left, BAR);
}

/* Cut between characters. */
static void put_name(struct buffer *out, const struct layout *layout, const struct story_step *step, int y)
{
	CLEANUP_BUFFER struct buffer name = {0};
	int indent = (int)(step->depth < 8 ? step->depth : 8) * 12;
	size_t length = strlen(step->name), limit = layout->name_bytes - (size_t)indent / 7;
	size_t kept = length > limit ? limit : length;
	while (kept < length && kept && ((unsigned char)step->name[kept] & 0xc0) == 0x80)
		kept--;
	buffer_append(&name, step->name, kept);
	buffer_add(&name, kept < length ? "…" : "");
	html_putf(out, "<text x=\"%d\" y=\"%d\"%s>%s</text>", indent, y + 11, step->uses ? "" : " font-weight=\"600\"",
		  buffer_text(&name));
}

static void put_row(struct buffer *out, const struct scale *scale, const struct story_step *step, int top)
{
	const char *class = html_class(outcome_look(step->outcome)->ink);
	int y = scale->layout->names ? top : top + BAR + 3;
	put_name(out, scale->layout, step, top);
	put_bar(out, scale, class, step->uses ? "" : "group", step->began, step->ended < 0 ? scale->whole : step->ended, y);
	for (size_t i = 0; i < step->waits_count; i++) {
		int64_t waited = field_duration(step->waits[i].answered, "waited", scale->whole - step->waits[i].at);
		put_bar(out, scale, "wait", "", step->waits[i].at, step->waits[i].at + waited, y);
	}
	buffer_add_char(out, '\n');
}

static void put_picture(struct buffer *out, const struct story *story, const struct layout *layout)
{
	struct scale scale = {.layout = layout,
			      .whole = story->elapsed > 0 ? story->elapsed : 1,
			      .height = HEAD + (int)story->count * layout->row};
	html_putf(out, "<svg class=\"%s\" viewBox=\"-8 0 %d %d\" role=\"img\" aria-label=\"Timeline of the steps\">\n",
		  layout->class, layout->width + 8, scale.height + 4);
	put_ticks(out, &scale);
	put_limit(out, &scale, story_rto(story).objective);
	for (size_t i = 0; i < story->count; i++)
		put_row(out, &scale, &story->steps[i], HEAD + (int)i * layout->row);
	html_putf(out, "</svg>\n");
}

void run_gantt(struct buffer *out, const struct story *story)
{
	html_putf(out, "<div class=\"timeline\">\n");
	for (size_t i = 0; i < COUNT_OF(layouts); i++)
		put_picture(out, story, &layouts[i]);
	html_putf(out, "</div>\n<p class=\"soft\">Solid: machines at work. Dashed: waiting for a person.%s</p>\n",
		  story_rto(story).objective && story_rto(story).objective <= story->elapsed ? " Red line: the RTO." : "");
}
