/*
 * diff_text.c - two versions of a runbook, as text: a sign a step, as in a plan.
 */
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/memory.h"
#include "engine/report/fields.h"
#include "engine/report/page.h"
#include "engine/report/report.h"

#define COMMIT_SHOWN 12
#define KEY_COLUMN   10

static const struct look {
	const char *change;
	char sign;
	enum ink ink;
} looks[] = {
	{"added", '+', INK_GOOD},
	{"removed", '-', INK_BAD},
	{"moved", '>', INK_ACT},
	{"changed", '~', INK_WARN},
};

static const struct look *look_of(const struct value *map)
{
	for (size_t i = 0; i < COUNT_OF(looks); i++)
		if (value_is_text(value_get(map, "change"), looks[i].change))
			return &looks[i];
	return &looks[COUNT_OF(looks) - 1];
}

static bool has_lines(const struct value *value)
{
	const char *text = value_text(value);
	return text && strchr(text, '\n') && strchr(text, '\n')[1];
}

static const char *shown(struct arena *arena, const struct value *value)
{
	const char *text = value_text(value);
	return text && *text && (has_lines(value) || !strchr(text, '\n')) ? text : json_text(arena, value);
}

static bool is_there(const struct value *value)
{
	return value && value->type != VALUE_NULL;
}

/* How many lines of both texts are the same at their beginning, in bytes; they end with a newline. */
static size_t common_head(const char *a, const char *b)
{
	size_t same = 0;
	for (size_t i = 0; a[i] && a[i] == b[i]; i++)
		if (a[i] == '\n')
			same = i + 1;
	return same;
}

static size_t common_tail(const char *a, size_t a_length, const char *b, size_t b_length)
{
	size_t same = 0;
	for (size_t i = 0; i < a_length && i < b_length && a[a_length - 1 - i] == b[b_length - 1 - i]; i++)
		if (i + 1 == a_length || i + 1 == b_length || a[a_length - 2 - i] == '\n')
			same = i + 1;
	return same;
}

/* Of a text of several lines those that are different. */
static void put_lines(struct page *page, const char *before, const char *after, unsigned indent)
{
	size_t head = common_head(before, after), before_length = strlen(before) - head, after_length = strlen(after) - head;
	size_t tail = common_tail(before + head, before_length, after + head, after_length);
	CLEANUP_FREE char *old = memory_printf("%.*s", (int)(before_length - tail), before + head);
	CLEANUP_FREE char *new = memory_printf("%.*s", (int)(after_length - tail), after + head);
	page_block(page, indent, "- ", INK_BAD, old);
	page_block(page, indent, "+ ", INK_GOOD, new);
}

/* "  retry.attempts: 3 -> 5"; of what is there on one side only a sign before it. */
static void put_field(struct page *page, const struct value *field, unsigned indent, bool signs)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	const struct value *before = value_get(field, "before"), *after = value_get(field, "after");
	const struct look *look = &looks[!is_there(before) ? 0 : !is_there(after) ? 1 : 3];
	enum ink ink = signs ? look->ink : INK_PLAIN;
	page_line(page, indent, indent + 4);
	if (signs)
		page_putf(page, ink, "%c ", look->sign);
	page_putf(page, ink, "%s: ", field_text(field, "field", "?"));
	if (has_lines(before) || has_lines(after)) {
		page_end(page);
		put_lines(page, is_there(before) ? shown(arena, before) : "", is_there(after) ? shown(arena, after) : "",
			  indent + 2);
		return;
	}
	if (is_there(before))
		page_put(page, signs ? INK_BAD : INK_PLAIN, shown(arena, before));
	if (is_there(before) && is_there(after))
		page_put(page, INK_PLAIN, " -> ");
	if (is_there(after))
		page_put(page, signs ? INK_GOOD : INK_PLAIN, shown(arena, after));
	page_end(page);
}

static void put_title(struct page *page, const struct value *step, enum ink ink)
{
	const char *name = field_text(step, "name", NULL), *what = field_text(step, "what", NULL);
	const char *form = field_text(step, "form", "step");
	if (strcmp(form, "step") != 0)
		page_putf(page, ink, "%s ", form);
	page_put(page, ink, name ? name : what ? what : "?");
	if (name && what)
		page_putf(page, ink, "  %s", what);
}

/* What has a title says its name and its work there. */
static bool is_in_title(const struct value *field)
{
	static const char *const keys[] = {"name", "uses", "group", "call"};
	for (size_t i = 0; i < COUNT_OF(keys); i++)
		if (value_is_text(value_get(field, "field"), keys[i]))
			return true;
	return false;
}

static void put_step(struct page *page, const struct value *step)
{
	const struct look *look = look_of(step);
	const struct value *fields = value_get(step, "fields");
	const char *before = field_text(step, "before", NULL), *after = field_text(step, "after", NULL);
	unsigned indent = 2 * (unsigned)value_get_int(step, "depth", 0);
	bool both = before && after;
	page_line(page, indent, indent + KEY_COLUMN + 2);
	page_putf(page, look->ink, "%c ", look->sign);
	page_cell(page, look->ink, after ? after : before, KEY_COLUMN);
	put_title(page, step, look->ink);
	if (both && strcmp(before, after) != 0)
		page_putf(page, INK_DIM, "  (was %s)", before);
	page_end(page);
	for (size_t i = 0; value_is(fields, VALUE_LIST) && i < fields->list.count; i++)
		if (both || !is_in_title(fields->list.items[i]))
			put_field(page, fields->list.items[i], indent + KEY_COLUMN + 2, both);
}

static void put_side(struct page *page, const struct value *side)
{
	const char *rev = field_text(side, "rev", NULL), *commit = field_text(side, "commit", "");
	if (!rev)
		page_put(page, INK_PLAIN, "the file as it lies there");
	else if (strncmp(rev, commit, strlen(rev)) == 0)
		page_putf(page, INK_PLAIN, "%.*s", COMMIT_SHOWN, commit);
	else
		page_putf(page, INK_PLAIN, "%s (%.*s)", rev, COMMIT_SHOWN, commit);
}

static size_t put_all(struct page *page, const struct value *list, void (*put)(struct page *page, const struct value *item))
{
	size_t count = value_is(list, VALUE_LIST) ? list->list.count : 0;
	for (size_t i = 0; i < count; i++)
		put(page, list->list.items[i]);
	return count;
}

static void put_own_field(struct page *page, const struct value *field)
{
	put_field(page, field, 0, true);
}

static void put_also(struct page *page, const struct value *entry)
{
	const struct look *look = look_of(entry);
	page_putf(page, look->ink, "%c %s", look->sign, field_text(entry, "path", "?"));
	page_end(page);
}

void report_diff(struct buffer *out, const struct value *diff, const struct report_style *style)
{
	struct page page = {.out = out, .style = style};
	page_putf(&page, INK_BOLD, "%s  ", field_text(diff, "path", "?"));
	put_side(&page, value_get(diff, "before"));
	page_put(&page, INK_PLAIN, " -> ");
	put_side(&page, value_get(diff, "after"));
	page_end(&page);
	size_t told = put_all(&page, value_get(diff, "fields"), put_own_field);
	told += put_all(&page, value_get(diff, "steps"), put_step);
	const struct value *also = value_get(diff, "also");
	if (value_is(also, VALUE_LIST) && also->list.count) {
		page_put(&page, INK_BOLD, "Also changed");
		page_end(&page);
	}
	told += put_all(&page, also, put_also);
	if (told)
		return;
	page_put(&page, INK_DIM, "No step is different.");
	page_end(&page);
}
