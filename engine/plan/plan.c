/*
 * plan.c - plans as values.
 */
#include "engine/plan/plan.h"

#include <string.h>

#include "engine/base/file.h"
#include "engine/base/json.h"
#include "engine/base/memory.h"

#define PLAN_SIZE_LIMIT ((size_t)64 * 1024 * 1024)

struct plan_builder {
	struct arena *arena;
	struct value *rows;
	struct value *counts;
};

struct plan_builder *plan_builder_new(struct arena *arena)
{
	struct plan_builder *builder = ARENA_NEW(arena, struct plan_builder);
	builder->arena = arena;
	builder->rows = value_list(arena);
	builder->counts = value_map(arena);
	return builder;
}

void plan_builder_add(struct plan_builder *builder, const struct value *row)
{
	const char *verdict = value_get_text(row, "verdict");
	const size_t count = builder->rows->list.count;
	const struct value *before = count ? builder->rows->list.items[count - 1] : NULL;
	value_append(builder->arena, builder->rows, value_copy_like(builder->arena, row, before));
	if (!verdict || !value_is_text(value_get(row, "row"), "step"))
		return;
	int64_t total = value_get_int(builder->counts, verdict, 0);
	value_put(builder->arena, builder->counts, verdict, value_int(builder->arena, total + 1));
}

const struct value *plan_builder_finish(struct plan_builder *builder, const struct value *header)
{
	struct value *plan = value_map(builder->arena);
	for (size_t i = 0; i < header->map.count; i++)
		value_put_key(builder->arena, plan, header->map.entries[i].key, header->map.entries[i].value);
	value_put(builder->arena, plan, "rows", builder->rows);
	value_put(builder->arena, plan, "counts", builder->counts);
	return plan;
}

int plan_read(struct arena *arena, const char *path, const struct value **ret_plan, struct error *err)
{
	CLEANUP_FREE char *text = NULL;
	size_t length;
	if (file_read(path, PLAN_SIZE_LIMIT, &text, &length, err) < 0)
		return -1;
	if (json_parse(arena, text, length, ret_plan, err) < 0)
		return error_wrap(err, "%s", path);
	if (value_get_int(*ret_plan, "standin_plan", 0) != PLAN_VERSION) {
		error_set(err, ERROR_INVALID, "%s is not a plan of this version of standin", path);
		return error_hint(err, "make one with: standin plan RUNBOOK -o json > %s", path);
	}
	return 0;
}

static const char *text_of(struct arena *arena, const struct value *value)
{
	return value ? json_text(arena, value) : "nothing";
}

static int refuse(struct error *err, const char *what)
{
	error_set(err, ERROR_CONFLICT, "the plan no longer holds: %s", what);
	return error_hint(err, "nothing was done; make a new plan, have it reviewed, and run that");
}

static int compare_map(struct arena *arena, const struct value *saved, const struct value *now, const char *what,
		       struct error *err)
{
	for (size_t i = 0; value_is(now, VALUE_MAP) && i < now->map.count; i++) {
		const struct value_entry *entry = &now->map.entries[i];
		const struct value *then = value_get_key(saved, entry->key);
		if (!then || !value_equal(then, entry->value))
			return refuse(err, arena_printf(arena, "%s %s has changed since", what, value_text(entry->key)));
	}
	return 0;
}

static const char *words_for(struct arena *arena, const char *commit)
{
	return commit ? arena_printf(arena, "the commit %.12s", commit) : "the files as they lay there";
}

/* What was planned of one commit runs of that commit only, though its branch may have moved. */
static int compare_commits(struct arena *arena, const char *saved, const char *now, struct error *err)
{
	if (saved == now || (saved && now && strcmp(saved, now) == 0))
		return 0;
	return refuse(err, arena_printf(arena, "it was made of %s, now it would be %s", words_for(arena, saved),
					words_for(arena, now)));
}

static int compare_digests(struct arena *arena, const struct value *saved, const struct value *now, struct error *err)
{
	static const char *const names[] = {"runbook", "inventory"};
	if (compare_commits(arena, value_get_text(saved, "commit"), value_get_text(now, "commit"), err) < 0)
		return -1;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		const struct value *then = value_get(saved, names[i]);
		if (!then || !value_equal(then, value_get(now, names[i])))
			return refuse(err, arena_printf(arena, "the %s has changed since", names[i]));
	}
	if (compare_map(arena, value_get(saved, "called"), value_get(now, "called"), "the called runbook", err) < 0)
		return -1;
	if (value_get(saved, "replicas") &&
	    compare_map(arena, value_get(saved, "replicas"), value_get(now, "replicas"), "the replication set", err) < 0)
		return -1;
	return compare_map(arena, value_get(saved, "plugins"), value_get(now, "plugins"), "the plugin", err);
}

static const struct value *row_of(const struct value *plan, const char *step)
{
	const struct value *rows = value_get(plan, "rows");
	for (size_t i = 0; value_is(rows, VALUE_LIST) && i < rows->list.count; i++)
		if (value_is_text(value_get(rows->list.items[i], "step"), step))
			return rows->list.items[i];
	return NULL;
}

static bool is_volatile(const struct value *row, const char *attribute)
{
	const struct value *names = value_get(row, "volatile");
	for (size_t i = 0; value_is(names, VALUE_LIST) && i < names->list.count; i++)
		if (value_is_text(names->list.items[i], attribute))
			return true;
	return false;
}

static int differs(struct arena *arena, const struct value *now_row, const char *what, const struct value *was,
		   const struct value *is, struct error *err)
{
	return refuse(err, arena_printf(arena, "step %s (%s): %s was %s, now it is %s", value_get_text(now_row, "step"),
					value_get_text(now_row, "name"), what, text_of(arena, was), text_of(arena, is)));
}

/* One attribute, then and now; NULL: it was not there. */
static int compare_attribute(struct arena *arena, const struct value *now_row, const char *attribute, const struct value *was,
			     const struct value *is, struct error *err)
{
	/* What could not be known reads {"?": ...} in a saved plan; it is checked when its step comes. */
	if ((was && is && value_equal(was, is)) || value_get(was, "?") || value_get(is, "?"))
		return 0;
	return differs(arena, now_row, attribute, was, is, err);
}

/* The observed states of one step, then and now, without what changes by itself. field: before; of a probe, after. */
static int compare_states(struct arena *arena, const struct value *then_row, const struct value *now_row, const char *field,
			  struct error *err)
{
	const struct value *then = value_get(value_get(then_row, field), "state");
	const struct value *now = value_get(value_get(now_row, field), "state");
	if (!then || !now)
		return 0;
	if (then->type != VALUE_MAP || now->type != VALUE_MAP)
		return compare_attribute(arena, now_row, "it", then, now, err);
	for (size_t i = 0; i < then->map.count; i++) {
		const char *attribute = value_text(then->map.entries[i].key);
		if (!is_volatile(then_row, attribute) &&
		    compare_attribute(arena, now_row, attribute, then->map.entries[i].value, value_get(now, attribute), err) <
			    0)
			return -1;
	}
	for (size_t i = 0; i < now->map.count; i++) {
		const char *attribute = value_text(now->map.entries[i].key);
		if (!is_volatile(now_row, attribute) && !value_get(then, attribute) &&
		    compare_attribute(arena, now_row, attribute, NULL, now->map.entries[i].value, err) < 0)
			return -1;
	}
	return 0;
}

static bool same_field(const struct value *was, const struct value *is)
{
	bool was_nothing = !was || was->type == VALUE_NULL, is_nothing = !is || is->type == VALUE_NULL;
	return was_nothing || is_nothing ? was_nothing && is_nothing : value_equal(was, is);
}

/* What a reader of the plan was told of the step itself, as far as it does not come from looking. */
static int compare_fields(struct arena *arena, const struct value *then, const struct value *now, struct error *err)
{
	static const char *const fields[] = {"name",  "uses",	    "kind",	 "host",  "via",     "object",	      "effect",
					     "block", "contingent", "condition", "retry", "timeout", "max_concurrent"};
	for (size_t i = 0; i < COUNT_OF(fields); i++) {
		const struct value *was = value_get(then, fields[i]), *is = value_get(now, fields[i]);
		if (!same_field(was, is))
			return differs(arena, now, fields[i], was, is, err);
	}
	return 0;
}

static const struct value *item_of(const struct value *list, size_t place)
{
	return value_is(list, VALUE_LIST) && place < list->list.count ? list->list.items[place] : NULL;
}

/* field: commands, observes. To the letter: they are what is reviewed. */
static int compare_commands(struct arena *arena, const struct value *then, const struct value *now, const char *field,
			    const char *what, struct error *err)
{
	const struct value *were = value_get(then, field), *are = value_get(now, field);
	for (size_t i = 0; item_of(were, i) || item_of(are, i); i++)
		if (!same_field(item_of(were, i), item_of(are, i)))
			return differs(arena, now, what, item_of(were, i), item_of(are, i), err);
	return 0;
}

static const struct value *wished(const struct value *row, const char *attribute)
{
	const struct value *changes = value_get(row, "changes");
	for (size_t i = 0; item_of(changes, i); i++)
		if (value_is_text(value_get(item_of(changes, i), "attribute"), attribute))
			return value_get(item_of(changes, i), "after");
	return NULL;
}

static int compare_wishes(struct arena *arena, const struct value *then, const struct value *now, struct error *err)
{
	const struct value *rows[] = {then, now};
	for (size_t k = 0; k < COUNT_OF(rows); k++) {
		const struct value *changes = value_get(rows[k], "changes");
		for (size_t i = 0; item_of(changes, i); i++) {
			const char *attribute = value_get_text(item_of(changes, i), "attribute");
			const struct value *was = attribute ? wished(then, attribute) : NULL;
			const struct value *is = attribute ? wished(now, attribute) : NULL;
			if (attribute && !same_field(was, is) &&
			    compare_attribute(arena, now, arena_printf(arena, "wished %s", attribute), was, is, err) < 0)
				return -1;
		}
	}
	return 0;
}

static int compare_row(struct arena *arena, const struct value *then, const struct value *now, struct error *err)
{
	bool probe = value_is_text(value_get(now, "kind"), "probe");
	const char *was = value_get_text(then, "verdict"), *is = value_get_text(now, "verdict");
	if (compare_states(arena, then, now, probe ? "after" : "before", err) < 0)
		return -1;
	if (!probe && !(was && is && strcmp(was, is) == 0)) /* what a probe expects is tested when it comes */
		return refuse(err, arena_printf(arena, "step %s (%s): it was to be '%s', now '%s'", value_get_text(now, "step"),
						value_get_text(now, "name"), was ? was : "?", is ? is : "?"));
	if (compare_fields(arena, then, now, err) < 0 || compare_wishes(arena, then, now, err) < 0 ||
	    compare_commands(arena, then, now, "commands", "the command", err) < 0)
		return -1;
	return compare_commands(arena, then, now, "observes", "the command that observes", err);
}

static int compare_rows(struct arena *arena, const struct value *saved, const struct value *now, struct error *err)
{
	const struct value *rows = value_get(now, "rows"), *saved_rows = value_get(saved, "rows");
	for (size_t i = 0; i < rows->list.count; i++) {
		const char *step = value_get_text(rows->list.items[i], "step");
		const struct value *then = row_of(saved, step);
		if (!then)
			return refuse(err, arena_printf(arena, "step %s is new", step));
		if (compare_row(arena, then, rows->list.items[i], err) < 0)
			return -1;
	}
	for (size_t i = 0; value_is(saved_rows, VALUE_LIST) && i < saved_rows->list.count; i++) {
		const char *step = value_get_text(saved_rows->list.items[i], "step");
		if (step && !row_of(now, step))
			return refuse(err, arena_printf(arena, "step %s is gone", step));
	}
	if (value_is(saved_rows, VALUE_LIST) && saved_rows->list.count != rows->list.count)
		return refuse(err, "it names a step twice");
	return 0;
}

/* Through JSON, so that both sides have lost what a saved plan has lost (a secret's text, an unknown's kind). */
static const struct value *as_saved(struct arena *arena, const struct value *value)
{
	const char *text = json_text(arena, value);
	const struct value *parsed = value_null();
	json_parse(arena, text, strlen(text), &parsed, NULL);
	return parsed;
}

int plan_compare(const struct value *saved, const struct value *now, struct error *err)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	now = as_saved(arena, now);
	const char *runbook = value_get_text(now, "runbook");
	if (!runbook || !value_is_text(value_get(saved, "runbook"), runbook))
		return refuse(err, arena_printf(arena, "it was made for the runbook %s",
						text_of(arena, value_get(saved, "runbook"))));
	if (value_get_bool(saved, "offline", false))
		return refuse(err, "it was made offline, so it says nothing about the hosts");
	if (compare_map(arena, value_get(saved, "inputs"), value_get(now, "inputs"), "the input", err) < 0 ||
	    compare_digests(arena, value_get(saved, "digests"), value_get(now, "digests"), err) < 0)
		return -1;
	return compare_rows(arena, saved, now, err);
}
