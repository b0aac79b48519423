/*
 * runs_table.c - the list of runs. On a narrow terminal the columns that say least are left out first.
 */
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "engine/report/fields.h"
#include "engine/report/page.h"
#include "engine/report/report.h"
#include "engine/report/words.h"

#define GAP 2

static void cell_text(struct buffer *out, const struct value *run, const char *key)
{
	buffer_add(out, field_text(run, key, ""));
}

static const char *outcome_of(const struct value *run)
{
	const char *outcome = field_text(run, "outcome", NULL);
	return outcome ? outcome : value_get_bool(run, "active", false) ? "running" : "unfinished";
}

static void cell_outcome(struct buffer *out, const struct value *run, const char *key)
{
	(void)key;
	buffer_add(out, outcome_of(run));
}

static void cell_person(struct buffer *out, const struct value *run, const char *key)
{
	field_append_person(out, value_get(run, key));
}

static void cell_time(struct buffer *out, const struct value *run, const char *key)
{
	const char *text = field_text(run, key, "");
	int64_t wall;
	if (clock_parse_wall(text, &wall) == 0 && strlen(text) > 19)
		buffer_printf(out, "%.10s %.8sZ", text, text + 11);
	else
		buffer_add(out, text);
}

static void cell_duration(struct buffer *out, const struct value *run, const char *key)
{
	char text[DURATION_TEXT_SIZE];
	int64_t nanoseconds = field_duration(run, key, 0);
	if (nanoseconds <= 0)
		return;
	duration_short(nanoseconds, text);
	buffer_add(out, text);
}

static const struct column {
	const char *key, *title;
	void (*cell)(struct buffer *out, const struct value *run, const char *key);
	unsigned weight; /* the lightest goes first; 0 always stays */
} columns[] = {
	{"id", "RUN", cell_text, 0},
	{"runbook", "RUNBOOK", cell_text, 4},
	{"kind", "KIND", cell_text, 1},
	{"outcome", "OUTCOME", cell_outcome, 0},
	{"operator", "OPERATOR", cell_person, 2},
	{"started", "STARTED", cell_time, 3},
	{"elapsed", "ELAPSED", cell_duration, 3},
	{"waited", "WAITED", cell_duration, 1},
};

struct table {
	unsigned widths[COUNT_OF(columns)]; /* 0: left out */
};

static void measure(struct table *table, const struct value *runs)
{
	for (size_t i = 0; i < COUNT_OF(columns); i++) {
		table->widths[i] = (unsigned)strlen(columns[i].title);
		for (size_t j = 0; j < runs->list.count; j++) {
			CLEANUP_BUFFER struct buffer text = {0};
			columns[i].cell(&text, runs->list.items[j], columns[i].key);
			unsigned width = page_text_width(buffer_text(&text));
			table->widths[i] = width > table->widths[i] ? width : table->widths[i];
		}
	}
}

static unsigned total_width(const struct table *table)
{
	unsigned total = 0;
	for (size_t i = 0; i < COUNT_OF(columns); i++)
		total += table->widths[i] ? table->widths[i] + (total ? GAP : 0) : 0;
	return total;
}

static void fit(struct table *table, unsigned width)
{
	for (unsigned weight = 1; width && weight <= 4; weight++)
		for (size_t i = COUNT_OF(columns); i-- > 0 && total_width(table) > width;)
			if (columns[i].weight == weight)
				table->widths[i] = 0;
}

static enum ink ink_of(const struct column *column, const struct value *run)
{
	if (strcmp(column->key, "outcome") != 0)
		return strcmp(column->key, "id") == 0 ? INK_BOLD : INK_PLAIN;
	return outcome_look(outcome_of(run))->ink;
}

static void print_line(struct page *page, const struct table *table, const struct value *run)
{
	page_line(page, 0, 0);
	for (size_t i = 0; i < COUNT_OF(columns); i++) {
		CLEANUP_BUFFER struct buffer text = {0};
		if (!table->widths[i])
			continue;
		if (run)
			columns[i].cell(&text, run, columns[i].key);
		page_cell(page, run ? ink_of(&columns[i], run) : INK_DIM, run ? buffer_text(&text) : columns[i].title,
			  table->widths[i]);
		page_gap(page, GAP);
	}
	page_end(page);
}

void report_runs(struct buffer *out, const struct value *runs, const struct report_style *style)
{
	struct page page = {.out = out, .style = style};
	struct table table;
	if (!value_is(runs, VALUE_LIST) || !runs->list.count) {
		page_put(&page, INK_PLAIN, "There are no runs.");
		page_end(&page);
		return;
	}
	measure(&table, runs);
	fit(&table, style->width);
	print_line(&page, &table, NULL);
	for (size_t i = 0; i < runs->list.count; i++)
		print_line(&page, &table, runs->list.items[i]);
}
