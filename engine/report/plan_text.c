/*
 * plan_text.c - a plan value (plan/README.md) as text that reads like a diff: a sign a row, what would change below it, a
 * legend of the signs that occur, and the sum. It decides nothing: every verdict was made by plan/.
 */
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "engine/report/fields.h"
#include "engine/report/plan_forecast.h"
#include "engine/report/page.h"
#include "engine/report/words.h"

#define BLOCK_INDENT	 2
#define DEPTH_INDENT	 2
#define DETAIL_INDENT	 5
#define KEY_COLUMN_LIMIT 12
#define BLOCKS		 5  /* those of headings, and one for what is none of them */
#define DEPTHS		 16 /* deeper rows share the last one's column */

struct plan_text {
	struct page page;
	const struct value *plan;
	const char *block; /* of the row before, borrowed; NULL before the first */
	char *owner;	   /* whose rescue or finally is being printed; "" for the runbook's own */
	bool steps_headed;
	unsigned irreversible; /* steps, those that only a failure would bring not counted */
	bool warned;	       /* some row is marked '!' */
	unsigned signs;	       /* bit i: verdict_looks[i] occurred */
	unsigned key_columns[BLOCKS][DEPTHS];
};

static bool row_is(const struct value *row, const char *key, const char *text)
{
	return value_is_text(value_get(row, key), text);
}

static const struct verdict_look *row_look(const struct value *row)
{
	if (!row_is(row, "verdict", "change"))
		return verdict_look(value_get_text(row, "verdict"));
	if (state_is(value_get(row, "before"), "absent"))
		return verdict_look("create");
	if (state_is(value_get(row, "after"), "absent"))
		return verdict_look("remove");
	return verdict_look("change");
}

static bool is_irreversible(const struct value *row)
{
	static const char *const acting[] = {"change", "event", "run", "maybe", "unknown"};
	for (size_t i = 0; i < COUNT_OF(acting); i++)
		if (row_is(row, "effect", "irreversible") && row_is(row, "verdict", acting[i]))
			return true;
	return false;
}

/* ---- headings ---- */

static const struct {
	const char *block, *heading, *nested; /* nested: with whose it is */
} headings[] = {
	{"preflight", "Preflight", "Preflight of "},
	{"steps", "Steps", "Steps"},
	{"rescue", "On failure", "On failure of "},
	{"finally", "At the end", "At the end of "},
};

/* "3.rescue.1" is owned by "3", "finally.1" by "". */
static char *owner_of(const char *key, const char *block)
{
	CLEANUP_FREE char *place = memory_printf(".%s.", block);
	const char *found = NULL;
	for (const char *next = strstr(key, place); next; next = strstr(next + 1, place))
		found = next;
	return found ? memory_printf("%.*s", (int)(found - key), key) : memory_strdup("");
}

static void print_heading(struct plan_text *text, const char *block, unsigned depth)
{
	struct page *page = &text->page;
	bool nested = *text->owner != '\0';
	for (size_t i = 0; i < COUNT_OF(headings); i++) {
		if (strcmp(headings[i].block, block) != 0)
			continue;
		if (!nested)
			page_end(page);
		page_line(page, nested ? BLOCK_INDENT + depth * DEPTH_INDENT : 0, 0);
		page_put(page, nested ? INK_DIM : INK_BOLD, nested ? headings[i].nested : headings[i].heading);
		if (nested)
			page_put(page, INK_DIM, text->owner);
		if (strcmp(block, "rescue") == 0)
			page_put(page, INK_DIM, " (only then)");
		page_end(page);
	}
}

static void enter_block(struct plan_text *text, const struct value *row)
{
	const char *block = field_text(row, "block", "steps");
	bool steps = strcmp(block, "steps") == 0;
	CLEANUP_FREE char *owner = owner_of(field_text(row, "step", ""), block);
	bool same = text->block && strcmp(text->block, block) == 0 && strcmp(text->owner, owner) == 0;
	free(text->owner);
	text->owner = take(owner);
	text->block = block;
	if (same || (steps && text->steps_headed))
		return;
	text->steps_headed |= steps;
	print_heading(text, block, (unsigned)value_get_int(row, "depth", 0));
}

/* ---- rows ---- */

static void put_place(struct page *page, const struct value *row)
{
	const char *host = value_get_text(row, "host"), *via = value_get_text(row, "via");
	if (host)
		page_putf(page, INK_DIM, " on %s", host);
	if (via && (!host || strcmp(host, via) != 0))
		page_putf(page, INK_DIM, " via %s", via);
}

static size_t block_index(const char *block)
{
	size_t i = 0;
	while (i < COUNT_OF(headings) && strcmp(headings[i].block, block) != 0)
		i++;
	return i;
}

static unsigned *key_column(struct plan_text *text, const struct value *row)
{
	int64_t depth = value_get_int(row, "depth", 0);
	return &text->key_columns[block_index(field_text(row, "block", ""))][depth < DEPTHS ? depth : DEPTHS - 1];
}

/* Keys of one depth in one block take the same columns, so that the names line up. */
static void measure_keys(struct plan_text *text, const struct value *rows)
{
	for (size_t i = 0; value_is(rows, VALUE_LIST) && i < rows->list.count; i++) {
		unsigned width = page_text_width(value_get_text(rows->list.items[i], "step"));
		unsigned *column = key_column(text, rows->list.items[i]);
		if (width > *column && width <= KEY_COLUMN_LIMIT)
			*column = width;
	}
}

/* A group says only what its steps do not say. */
static bool has_sign(const struct value *row)
{
	static const char *const own[] = {"skip", "maybe", "unknown", "fail"};
	if (!row_is(row, "row", "group"))
		return true;
	for (size_t i = 0; i < COUNT_OF(own); i++)
		if (row_is(row, "verdict", own[i]))
			return true;
	return false;
}

/* "-! 2    Delete the account  ad.delete_computer on dc1  IRREVERSIBLE" */
static void print_row(struct plan_text *text, const struct value *row, unsigned indent)
{
	struct page *page = &text->page;
	const struct verdict_look *look = row_look(row);
	const char *name = field_text(row, "name", field_text(row, "uses", "")), *uses = field_text(row, "uses", NULL);
	bool quiet = row_is(row, "row", "step") && look->ink == INK_DIM, sign = has_sign(row), alarm = is_irreversible(row);
	page_line(page, indent, indent + DETAIL_INDENT);
	page_putf(page, look->ink, "%c", sign ? look->sign : ' ');
	page_put(page, INK_ALARM, alarm ? "!" : " ");
	page_gap(page, 1);
	unsigned start = page->column;
	page_put(page, INK_DIM, value_get_text(row, "step"));
	page_to(page, start + *key_column(text, row));
	page_gap(page, 2);
	page_put(page, quiet ? INK_DIM : INK_BOLD, name);
	page_put(page, INK_WARN, row_is(row, "items", "?") ? " x ?" : NULL);
	page_gap(page, 1);
	if (uses && strcmp(uses, name) != 0)
		page_putf(page, INK_DIM, " %s", uses);
	put_place(page, row);
	page_put(page, INK_ALARM, alarm ? "  IRREVERSIBLE" : NULL);
	page_end(page);
	text->signs |= sign ? 1u << (look - verdict_looks) : 0;
	text->warned |= alarm;
}

static void print_labelled(struct page *page, unsigned indent, const char *label, enum ink ink, const char *value)
{
	if (!value || !*value)
		return;
	page_line(page, indent, indent + 4);
	page_putf(page, INK_DIM, "%s: ", label);
	page_put(page, ink, value);
	page_end(page);
}

static void print_state(struct page *page, unsigned indent, const char *label, const struct value *state)
{
	if (!value_is(state, VALUE_MAP))
		return;
	page_line(page, indent, indent + 4);
	page_putf(page, INK_DIM, "%s: ", label);
	page_state(page, state);
	page_end(page);
}

/* "takes 4.7s, 90th percentile 6.1s; tried up to 3 times, at first after 20s; time limit 10m" */
static void print_limits(struct page *page, unsigned indent, const struct value *row)
{
	const struct value *retry = value_get(row, "retry");
	int64_t timeout = field_duration(row, "timeout", 0), delay = field_duration(retry, "delay", 0);
	int64_t attempts = value_get_int(retry, "attempts", 1);
	char text[DURATION_TEXT_SIZE];
	bool forecast = plan_forecast_has(row);
	if (attempts <= 1 && timeout <= 0 && !forecast)
		return;
	page_line(page, indent, indent + 4);
	if (forecast)
		plan_forecast_row(page, row);
	if (forecast && (attempts > 1 || timeout > 0))
		page_put(page, INK_DIM, "; ");
	if (attempts > 1)
		page_putf(page, INK_DIM, "tried up to %lld times", (long long)attempts);
	duration_short(delay, text);
	if (attempts > 1 && delay > 0)
		page_putf(page, INK_DIM, ", at first after %s", text);
	duration_short(timeout, text);
	if (timeout > 0)
		page_putf(page, INK_DIM, "%stime limit %s", attempts > 1 ? "; " : "", text);
	page_end(page);
}

static void print_observation(struct page *page, unsigned indent, const struct value *row)
{
	const struct value *observes = value_get(row, "observes"), *uncertain = value_get(row, "volatile");
	CLEANUP_BUFFER struct buffer names = {0};
	for (size_t i = 0; value_is(observes, VALUE_LIST) && i < observes->list.count; i++)
		print_labelled(page, indent, "observed by", INK_PLAIN, value_text(observes->list.items[i]));
	if (value_is(uncertain, VALUE_LIST) && uncertain->list.count) {
		field_append(&names, uncertain);
		print_labelled(page, indent, "changes by itself", INK_PLAIN, buffer_text(&names));
	}
}

static bool has_items(const struct value *list)
{
	return value_is(list, VALUE_LIST) && list->list.count;
}

static void print_details(struct plan_text *text, const struct value *row, unsigned indent)
{
	struct page *page = &text->page;
	const struct value *changes = value_get(row, "changes"), *before = value_get(row, "before");
	bool verbose = page->style->verbose;
	if (row_is(row, "verdict", "ok") && !verbose)
		return;
	print_labelled(page, indent, "if", INK_PLAIN, value_get_text(row, "condition"));
	print_labelled(page, indent, "why", row_look(row)->ink == INK_DIM ? INK_PLAIN : row_look(row)->ink,
		       value_get_text(row, "why"));
	page_changes(page, indent, changes);
	print_labelled(page, indent, "note", INK_PLAIN, value_get_text(row, "note"));
	print_labelled(page, indent, "signed by", INK_PLAIN, value_get_text(row, "approval"));
	if (has_items(changes) && value_get_bool(row, "before_planned", false)) {
		page_line(page, indent, indent);
		page_put(page, INK_DIM, "(from what earlier steps will have made of it)");
		page_end(page);
	}
	if (row_is(row, "kind", "probe"))
		print_state(page, indent, "now", value_get(row, "after"));
	else if (state_is(before, "unobservable") || (verbose && !has_items(changes)))
		print_state(page, indent, "now", before);
	print_limits(page, indent, row);
	if (!row_is(row, "verdict", "skip"))
		page_commands(page, indent, value_get(row, "commands"));
	if (verbose)
		print_observation(page, indent, row);
}

/* ---- head and foot ---- */

static void print_pairs(struct page *page, const char *label, const struct value *map)
{
	CLEANUP_BUFFER struct buffer text = {0};
	for (size_t i = 0; value_is(map, VALUE_MAP) && i < map->map.count; i++) {
		buffer_add(&text, i ? ", " : "");
		field_append(&text, map->map.entries[i].key);
		buffer_add_char(&text, ' ');
		const struct value *value = map->map.entries[i].value;
		const struct value *id =
			value_is(value, VALUE_MAP) ? value_get(value, "id") : NULL; /* a host: its id says enough */
		field_append(&text, id ? id : value);
	}
	print_labelled(page, BLOCK_INDENT, label, INK_PLAIN, buffer_text(&text));
}

static void print_head(struct plan_text *text)
{
	struct page *page = &text->page;
	page_line(page, 0, 4);
	page_put(page, INK_BOLD, "Plan for ");
	page_put(page, INK_BOLD, field_text(text->plan, "runbook", "a runbook"));
	page_putf(page, INK_PLAIN, " (%s)", field_text(text->plan, "kind", "run"));
	page_end(page);
	print_labelled(page, BLOCK_INDENT, "summary", INK_PLAIN, value_get_text(text->plan, "summary"));
	print_labelled(page, BLOCK_INDENT, "commit", INK_PLAIN, value_get_text(value_get(text->plan, "digests"), "commit"));
	print_pairs(page, "inputs", value_get(text->plan, "inputs"));
	print_pairs(page, "objectives", value_get(text->plan, "objectives"));
	if (value_get_bool(text->plan, "offline", false)) {
		page_line(page, BLOCK_INDENT, BLOCK_INDENT);
		page_put(page, INK_WARN, "offline: no host was asked; what is not known is ?");
		page_end(page);
	}
}

static void put_sign(struct plan_text *text, char sign, enum ink ink, const char *words, bool *first)
{
	if (!*first)
		page_gap(&text->page, 3);
	*first = false;
	page_putf(&text->page, ink, "%c", sign);
	page_putf(&text->page, INK_DIM, " %s", words);
}

static void print_legend(struct plan_text *text)
{
	bool first = true;
	page_end(&text->page);
	if (!text->signs)
		return;
	page_line(&text->page, 0, 2);
	for (size_t i = 0; i < verdict_looks_count; i++) {
		const struct verdict_look *look = &verdict_looks[i];
		bool told = i && verdict_looks[i - 1].sign == look->sign && (text->signs >> (i - 1) & 1);
		if ((text->signs >> i & 1) && !told)
			put_sign(text, look->sign, look->ink, look->legend, &first);
	}
	if (text->warned)
		put_sign(text, '!', INK_ALARM, "cannot be undone", &first);
	page_end(&text->page);
}

static long long verdict_count(const struct value *counts, const struct verdict_look *look)
{
	return look->count ? value_get_int(counts, look->count, 0) : 0;
}

/* "Plan: 5 to change, 3 already so. 2 of these cannot be undone. Nothing was changed." */
static void print_sum(struct plan_text *text)
{
	const struct value *counts = value_get(text->plan, "counts");
	struct page *page = &text->page;
	size_t kinds = 0, told = 0;
	for (size_t i = 0; i < verdict_looks_count; i++)
		kinds += verdict_count(counts, &verdict_looks[i]) > 0;
	page_line(page, 0, 2);
	page_put(page, INK_BOLD, "Plan: ");
	for (size_t i = 0; i < verdict_looks_count; i++) {
		long long count = verdict_count(counts, &verdict_looks[i]);
		if (count > 0)
			page_putf(page, INK_PLAIN, "%lld %s%s ", count, verdict_looks[i].phrase, ++told < kinds ? "," : ".");
	}
	page_put(page, INK_PLAIN, kinds ? NULL : "nothing to do. ");
	if (text->irreversible)
		page_putf(page, INK_ALARM, "%u cannot be undone. ", text->irreversible);
	page_put(page, INK_PLAIN, "Nothing was changed.");
	page_end(page);
}

void report_plan(struct buffer *out, const struct value *plan, const struct report_style *style)
{
	struct plan_text text = {.page = {.out = out, .style = style}, .plan = plan};
	const struct value *rows = value_get(plan, "rows");
	measure_keys(&text, rows);
	print_head(&text);
	for (size_t i = 0; value_is(rows, VALUE_LIST) && i < rows->list.count; i++) {
		const struct value *row = rows->list.items[i];
		unsigned indent = BLOCK_INDENT + (unsigned)value_get_int(row, "depth", 0) * DEPTH_INDENT;
		enter_block(&text, row);
		print_row(&text, row, indent);
		print_details(&text, row, indent + DETAIL_INDENT);
		text.irreversible += is_irreversible(row) && !value_get_bool(row, "contingent", false);
	}
	print_legend(&text);
	plan_forecast_whole(&text.page, plan);
	print_sum(&text);
	free(text.owner);
}
