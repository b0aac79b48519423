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

#define WIDTH	   1000 /* of the picture, in its own units */
#define NAMES	   330	/* columns of the names */
#define RIGHT	   20
#define ROW	   22
#define HEAD	   26
#define NAME_BYTES 46
#define TICKS	   8

struct scale {
	int64_t whole; /* nanoseconds that the picture's breadth stands for */
	int height;
};

static int x_of(const struct scale *scale, int64_t at)
{
	return NAMES + (int)((double)at / (double)scale->whole * (WIDTH - NAMES - RIGHT));
}

/* The shortest round step between ticks of which no more than TICKS fit. */
static int64_t tick_step(int64_t whole)
{
	static const int64_t seconds[] = {1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 86400};
	for (size_t i = 0; i < COUNT_OF(seconds); i++)
		if (whole / (seconds[i] * NSEC_PER_SEC) <= TICKS)
			return seconds[i] * NSEC_PER_SEC;
	return whole / TICKS;
}

static void put_ticks(struct buffer *out, const struct scale *scale)
{
	int64_t step = tick_step(scale->whole);
	for (int64_t at = 0; at <= scale->whole; at += step) {
		char text[DURATION_TEXT_SIZE];
		duration_short(at, text);
		html_putf(out, "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/>", x_of(scale, at),
			  x_of(scale, at), HEAD - 6, scale->height);
		html_putf(out, "<text class=\"soft\" x=\"%d\" y=\"14\" text-anchor=\"middle\">%s</text>\n", x_of(scale, at),
			  text);
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
		  right - left < 2 ? 2 : right - left, ROW - 8);
}

/* At most NAME_BYTES, cut between characters. */
static void put_name(struct buffer *out, const struct story_step *step, int y)
{
	CLEANUP_BUFFER struct buffer name = {0};
	int indent = (int)(step->depth < 8 ? step->depth : 8) * 12;
	size_t length = strlen(step->name), limit = NAME_BYTES - (size_t)indent / 7;
	size_t kept = length > limit ? limit : length;
	while (kept < length && kept && ((unsigned char)step->name[kept] & 0xc0) == 0x80)
		kept--;
	buffer_append(&name, step->name, kept);
	buffer_add(&name, kept < length ? "…" : "");
	html_putf(out, "<text x=\"%d\" y=\"%d\"%s>%s</text>", indent, y + 11, step->uses ? "" : " font-weight=\"600\"",
		  buffer_text(&name));
}

static void put_row(struct buffer *out, const struct scale *scale, const struct story_step *step, int y)
{
	const char *class = html_class(outcome_look(step->outcome)->ink);
	put_name(out, step, y);
	put_bar(out, scale, class, step->uses ? "" : "group", step->began, step->ended < 0 ? scale->whole : step->ended, y);
	for (size_t i = 0; i < step->waits_count; i++) {
		int64_t waited = field_duration(step->waits[i].answered, "waited", scale->whole - step->waits[i].at);
		put_bar(out, scale, "wait", "", step->waits[i].at, step->waits[i].at + waited, y);
	}
	buffer_add_char(out, '\n');
}

void run_gantt(struct buffer *out, const struct story *story)
{
	struct scale scale = {.whole = story->elapsed > 0 ? story->elapsed : 1, .height = HEAD + (int)story->count * ROW};
	html_putf(out, "<div class=\"scroll\"><svg viewBox=\"-8 0 %d %d\" role=\"img\" aria-label=\"Timeline of the steps\">\n",
		  WIDTH + 8, scale.height + 4);
	put_ticks(out, &scale);
	put_limit(out, &scale, story_rto(story).objective);
	for (size_t i = 0; i < story->count; i++)
		put_row(out, &scale, &story->steps[i], HEAD + (int)i * ROW);
	html_putf(out, "</svg></div>\n<p class=\"soft\">Solid: machines at work. Dashed: waiting for a person.</p>\n");
}
