/*
 * fields.c - see fields.h.
 */
#include "engine/report/fields.h"

#include <stdio.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/memory.h"
#include "engine/base/utf8.h"

#define LINES_SHOWN	  3  /* of a command; the rest of a longer one is folded away */
#define NAME_COLUMN_LIMIT 20 /* a longer attribute name pushes its values out of their column */

/* May it stand without quotes? Not if it would read as something else than this string. */
static bool is_bare(const struct value *string, bool nested)
{
	static const char *const taken[] = {"true", "false", "null", "absent", "?"};
	const char *text = string->string.data;
	size_t length = string->string.length;
	if (!length || text[0] == ' ' || text[length - 1] == ' ' || strlen(text) != length)
		return false;
	for (size_t i = 0; i < COUNT_OF(taken); i++)
		if (strcmp(text, taken[i]) == 0)
			return false;
	if (text[strspn(text, "+-.0123456789eE")] == '\0')
		return false;
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)text[i] < 0x20 || (nested && strchr(" ,[]{}\"", text[i])))
			return false;
	return text[0] != '"' && !strstr(text, " -> ");
}

static const struct value *unknown_mark(const struct value *value)
{
	return value_is(value, VALUE_MAP) && value->map.count == 1 ? value_get(value, "?") : NULL;
}

static void append(struct buffer *out, const struct value *value, bool nested);

static void append_list(struct buffer *out, const struct value *list)
{
	buffer_add_char(out, '[');
	for (size_t i = 0; i < list->list.count; i++) {
		buffer_add(out, i ? ", " : "");
		append(out, list->list.items[i], true);
	}
	buffer_add_char(out, ']');
}

static void append_map(struct buffer *out, const struct value *map)
{
	buffer_add_char(out, '{');
	for (size_t i = 0; i < map->map.count; i++) {
		buffer_add(out, i ? ", " : "");
		append(out, map->map.entries[i].key, true);
		buffer_add(out, ": ");
		append(out, map->map.entries[i].value, true);
	}
	buffer_add_char(out, '}');
}

static void append_unknown(struct buffer *out, const char *why)
{
	buffer_add_char(out, '?');
	if (why && *why)
		buffer_printf(out, " (%s)", why);
}

static void append_duration(struct buffer *out, const struct value *value)
{
	char text[DURATION_TEXT_SIZE];
	duration_short(value_nanoseconds(value), text);
	buffer_add(out, text);
}

static void append(struct buffer *out, const struct value *value, bool nested)
{
	if (value->secret)
		buffer_add(out, "•••");
	else if (value->type == VALUE_UNKNOWN)
		append_unknown(out, value->string.data);
	else if (unknown_mark(value))
		append_unknown(out, value_text(unknown_mark(value)));
	else if (value->type == VALUE_STRING && is_bare(value, nested))
		buffer_append(out, value->string.data, value->string.length);
	else if (value->type == VALUE_DURATION)
		append_duration(out, value);
	else if (value->type == VALUE_LIST)
		append_list(out, value);
	else if (value->type == VALUE_MAP)
		append_map(out, value);
	else
		json_format(out, value, JSON_COMPACT);
}

void field_append(struct buffer *out, const struct value *value)
{
	append(out, value ? value : value_null(), false);
}

int64_t field_duration(const struct value *map, const char *key, int64_t fallback)
{
	const struct value *value = value_get(map, key);
	int64_t nanoseconds = fallback;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	if (value_is(value, VALUE_INT))
		return value->integer;
	if (value_is(value, VALUE_DURATION))
		return value_nanoseconds(value);
	if (value_text(value) && duration_parse(value_text(value), &nanoseconds, &err) == 0)
		return nanoseconds;
	return fallback;
}

void field_append_person(struct buffer *out, const struct value *person)
{
	const char *user = value_get_text(person, "user"), *host = value_get_text(person, "host");
	if (value_text(person))
		buffer_add(out, value_text(person));
	else if (user)
		buffer_printf(out, "%s%s%s", user, host ? "@" : "", host ? host : "");
}

const char *field_text(const struct value *map, const char *key, const char *fallback)
{
	const char *text = value_get_text(map, key);
	return text && *text ? text : fallback;
}

void field_append_version(struct buffer *out, const struct value *library)
{
	const char *commit = value_get_text(library, "commit"), *rev = value_get_text(library, "rev");
	const char *repository = value_get_text(library, "repository");
	const char *signer = value_get_text(value_get(value_get(library, "policy"), "signature"), "signer");
	const struct value *changed = value_get(library, "changed");
	size_t count = value_is(changed, VALUE_LIST) ? changed->list.count : 0;
	if (!repository)
		return;
	if (rev)
		buffer_printf(out, "%s (%.12s) of %s", rev, commit, repository);
	else
		buffer_printf(out, "%.12s as it lay in %s", commit ? commit : "nothing committed", repository);
	if (signer)
		buffer_printf(out, ", signed by %s", signer);
	for (size_t i = 0; i < count; i++)
		buffer_printf(out, "%s%s", i ? ", " : ", with changes in ", value_text(changed->list.items[i]));
}

bool state_is(const struct value *state, const char *word)
{
	return value_is_text(value_get(state, "state"), word);
}

static const struct value *attribute(const struct value *state, const char *key)
{
	const struct value *value = value_get(value_get(state, "state"), key);
	return value ? value : value_null();
}

static void add_change(struct arena *arena, struct value *changes, const char *key, const struct value *before,
		       const struct value *after)
{
	if (value_equal(attribute(before, key), attribute(after, key)))
		return;
	struct value *change = value_map(arena);
	value_put(arena, change, "attribute", value_string(arena, key));
	value_put(arena, change, "before", attribute(before, key));
	value_put(arena, change, "after", attribute(after, key));
	value_append(arena, changes, change);
}

static bool is_known(const struct value *state)
{
	return value_is(value_get(state, "state"), VALUE_MAP) || state_is(state, "absent");
}

const struct value *state_changes(struct arena *arena, const struct value *before, const struct value *after)
{
	if (!is_known(before) || !is_known(after))
		return NULL;
	const struct value *old = value_get(before, "state"), *new = value_get(after, "state");
	struct value *changes = value_list(arena);
	for (size_t i = 0; value_is(new, VALUE_MAP) && i < new->map.count; i++)
		add_change(arena, changes, value_text(new->map.entries[i].key), before, after);
	for (size_t i = 0; value_is(old, VALUE_MAP) && i < old->map.count; i++)
		if (!value_get_key(new, old->map.entries[i].key))
			add_change(arena, changes, value_text(old->map.entries[i].key), before, after);
	return changes->list.count ? changes : NULL;
}

static void put_side(struct page *page, enum ink ink, const struct value *value)
{
	CLEANUP_BUFFER struct buffer text = {0};
	if (!value || value->type == VALUE_NULL) {
		page_put(page, INK_DIM, "absent");
		return;
	}
	field_append(&text, value);
	page_put(page, value_has_unknown(value) || unknown_mark(value) ? INK_WARN : ink, buffer_text(&text));
}

void page_changes(struct page *page, unsigned indent, const struct value *changes)
{
	unsigned widest = 1;
	for (size_t i = 0; value_is(changes, VALUE_LIST) && i < changes->list.count; i++) {
		unsigned width = page_text_width(value_get_text(changes->list.items[i], "attribute")) + 2;
		widest = width > widest && width <= NAME_COLUMN_LIMIT ? width : widest;
	}
	for (size_t i = 0; value_is(changes, VALUE_LIST) && i < changes->list.count; i++) {
		const struct value *change = changes->list.items[i];
		page_line(page, indent, indent + 4);
		unsigned start = page->column;
		page_putf(page, INK_PLAIN, "%s:", field_text(change, "attribute", "?"));
		page_to(page, start + widest - 1);
		page_gap(page, 1);
		put_side(page, INK_PLAIN, value_get(change, "before"));
		page_put(page, INK_DIM, " -> ");
		put_side(page, INK_BOLD, value_get(change, "after"));
		page_end(page);
	}
}

void page_state(struct page *page, const struct value *state)
{
	const struct value *map = value_get(state, "state");
	CLEANUP_BUFFER struct buffer text = {0};
	if (value_is(map, VALUE_MAP)) {
		for (size_t i = 0; i < map->map.count; i++) {
			buffer_add(&text, i ? ", " : "");
			field_append(&text, map->map.entries[i].key);
			buffer_add(&text, " ");
			field_append(&text, map->map.entries[i].value);
		}
	} else {
		buffer_add(&text, value_text(map) ? value_text(map) : "?");
		if (value_get_text(state, "why"))
			buffer_printf(&text, " (%s)", value_get_text(state, "why"));
	}
	page_put(page, INK_PLAIN, buffer_text(&text));
}

static size_t lines_of(const char *text)
{
	size_t lines = 1;
	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

void page_command(struct page *page, const char *text)
{
	size_t lines = lines_of(text);
	if (page->style->verbose || lines <= LINES_SHOWN) {
		page_put(page, INK_PLAIN, text);
		return;
	}
	page_putf(page, INK_PLAIN, "%.*s", (int)strcspn(text, "\n"), text);
	page_putf(page, INK_DIM, " .. %zu more lines (-v)", lines - 1);
}

void page_commands(struct page *page, unsigned indent, const struct value *commands)
{
	for (size_t i = 0; value_is(commands, VALUE_LIST) && i < commands->list.count; i++) {
		page_line(page, indent, indent + 4);
		page_put(page, INK_DIM, "$ ");
		page_command(page, value_text(commands->list.items[i]));
		page_end(page);
	}
}

void page_duration(struct page *page, enum ink ink, int64_t nanoseconds)
{
	char text[DURATION_TEXT_SIZE];
	duration_format(nanoseconds, text);
	page_put(page, ink, nanoseconds ? text : "0s");
}

void duration_short(int64_t nanoseconds, char ret_text[DURATION_TEXT_SIZE])
{
	int64_t seconds = nanoseconds / NSEC_PER_SEC;
	if (seconds < 60)
		snprintf(ret_text, DURATION_TEXT_SIZE, "%llds", (long long)seconds);
	else if (seconds % 3600 == 0)
		snprintf(ret_text, DURATION_TEXT_SIZE, "%lldh", (long long)seconds / 3600);
	else if (seconds % 60 == 0 && seconds < 3600)
		snprintf(ret_text, DURATION_TEXT_SIZE, "%lldm", (long long)seconds / 60);
	else
		duration_format(seconds * NSEC_PER_SEC, ret_text);
}
