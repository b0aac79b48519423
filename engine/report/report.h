/*
 * report.h - plans, runs and lists as people read them. Reads plan values (plan/README.md) and journal records
 * (journal/README.md) only.
 *
 * Everything a host said goes through utf8_append_printable: no escape sequence of a host reaches a terminal. On a pipe: plain
 * lines, no colour, no redrawing.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "engine/base/buffer.h"
#include "engine/base/error.h"
#include "engine/base/value.h"

struct report_style {
	bool colour;	/* ANSI colours */
	bool terminal;	/* may redraw lines; width is known */
	unsigned width; /* columns; 0: no limit */
	bool verbose;	/* commands of steps that are fine, outputs */
	bool unicode;	/* glyphs beyond ASCII in what is drawn; the locale must be set (setlocale) */
};

/* For the file: colour unless NO_COLOR is set, TERM is dumb, or it is no terminal; width from the terminal. CLICOLOR_FORCE
 * forces colour. */
struct report_style report_style_for(FILE *file);

void report_plan(struct buffer *out, const struct value *plan, const struct report_style *style);

/* A run as it goes: give it each record; it prints what changes. Also used for `attach` and, fed from a file, for `show`. */
struct run_view;
struct run_view *run_view_new(FILE *out, const struct report_style *style, bool live);
/* {step instance: nanoseconds that it is likely to take}; borrowed until the view is freed. The bar then tells what is likely
 * left. */
void run_view_forecast(struct run_view *view, const struct value *forecast);
void run_view_record(struct run_view *view, const struct value *record);
void run_view_typed(struct run_view *view); /* somebody else (a person who types) has ended a line on the terminal */
void run_view_tick(struct run_view *view);  /* a few times a second: elapsed times, spinner; nothing on a pipe */
void run_view_end(struct run_view *view);   /* leave the terminal as it was */
void run_view_free(struct run_view *view);

/* `show RUN`: summary, then the timeline: each step with outcome, before -> after, commands, errors. records: list of all
 * records. */
void report_run(struct buffer *out, const struct value *records, const struct report_style *style);
/* `show -o json`: {run, runbook, outcome, started, elapsed, waited, machine, steps: [...], counts}. */
const struct value *report_run_value(struct arena *arena, const struct value *records);
/* `show -o html`: one page that needs nothing else. proof: {whole, unproven, text, head, signature, anchor, index},
 * what verifying the journal said (the last three texts may be missing), or NULL. */
void report_run_html(struct buffer *out, const struct value *records, const struct value *proof);
/* `history`: {repository, path, rev, commit, versions: [{commit, blob, author {name, email}, time, subject, signature {state,
 * format, signer, key}, runs}], other_runs}; a run is as in `runs`, with commit and changed [path]. */
void report_history(struct buffer *out, const struct value *history, const struct report_style *style);
/* `diff`: {path, before {rev, commit}, after, fields, steps (library/step_diff.h), also: [{path, change}]}. */
void report_diff(struct buffer *out, const struct value *diff, const struct report_style *style);
/* `runs`: a table. Each item: {id, runbook, kind, operator, started, outcome, elapsed, waited, active}. */
void report_runs(struct buffer *out, const struct value *runs, const struct report_style *style);
