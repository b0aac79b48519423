/*
 * run_view.h - what the two halves of the run view share: run_view.c (records to lines) and run_view_live.c (the redrawn area).
 */
#pragma once

#include "engine/base/table.h"
#include "engine/report/activity.h"
#include "engine/report/page.h"
#include "engine/report/since.h"
#include "engine/report/tally.h"

struct live_area {
	bool drawn;	  /* the cursor is hidden and stands at the end of the last line */
	unsigned *widths; /* of each line on the screen; owned */
	size_t lines;
	unsigned frame;	 /* of the spinner */
	unsigned height; /* of the terminal */
	unsigned typed;	 /* lines that the person at the keyboard has ended since the area was drawn: the cursor stands so much
			    lower */
};

struct run_view {
	FILE *out; /* borrowed */
	struct report_style style;
	bool live;
	bool catching_up; /* the records are old: no bell for them */
	bool finished;	  /* the run's last record has come */
	struct since since;
	struct tally *tally;
	struct activities activities;
	int64_t rto; /* nanoseconds; 0: none */
	unsigned key_column, host_column;
	const struct value *forecast; /* borrowed; NULL: none */
	struct table ended;	      /* step instances that have ended, without the attempts of groups */
	struct live_area area;
};

void run_view_ended(struct run_view *view, const char *step); /* "6#2.1[0]": then "6.1[0]" has ended */
/* Nanoseconds that the rest is likely to take; -1: nobody knows. */
int64_t run_view_remaining(const struct run_view *view, int64_t now);

/* Everything in one write: the area goes, lines (which may be empty) stay for good above it, the area is drawn again. */
void live_draw(struct run_view *view, const struct buffer *lines);
void live_erase(struct run_view *view); /* the area goes, the cursor is back */
void live_size(struct run_view *view);	/* ask the terminal how large it is now */
