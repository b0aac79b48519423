/*
 * wish.c - comparing desired with observed.
 */
#include "engine/plan/wish.h"

#include <string.h>

#include "engine/base/json.h"

static bool is_absent(const struct value *desired)
{
	return value_is_text(desired, "absent");
}

/* Captured text and a written number mean the same thing: 8 and "8". */
static bool same_text(const struct value *a, const struct value *b)
{
	const struct value *text = a->type == VALUE_STRING ? a : b;
	const struct value *other = text == a ? b : a;
	if (text->type != VALUE_STRING || other->type == VALUE_STRING || other->type == VALUE_MAP || other->type == VALUE_LIST)
		return false;
	CLEANUP_BUFFER struct buffer written = {0};
	json_format(&written, other, JSON_COMPACT);
	return strcmp(buffer_text(&written), text->string.data) == 0;
}

static enum wish_match match_attribute(const struct value *desired, const struct value *observed)
{
	if (value_has_unknown(desired) || value_has_unknown(observed))
		return WISH_UNKNOWN;
	if (!observed)
		return desired->type == VALUE_NULL ? WISH_HOLDS : WISH_DIFFERS;
	return value_equal(desired, observed) || same_text(desired, observed) ? WISH_HOLDS : WISH_DIFFERS;
}

enum wish_match wish_match(const struct value *desired, const struct observation *observed)
{
	if (observed->kind == OBSERVED_UNOBSERVABLE || desired->type == VALUE_UNKNOWN)
		return WISH_UNKNOWN;
	if (is_absent(desired))
		return observed->kind == OBSERVED_ABSENT ? WISH_HOLDS : WISH_DIFFERS;
	if (observed->kind == OBSERVED_ABSENT)
		return WISH_DIFFERS;
	enum wish_match result = WISH_HOLDS;
	for (size_t i = 0; i < desired->map.count; i++) {
		const struct value_entry *entry = &desired->map.entries[i];
		enum wish_match match = match_attribute(entry->value, value_get_key(observed->state, entry->key));
		if (match == WISH_DIFFERS)
			return WISH_DIFFERS;
		if (match == WISH_UNKNOWN)
			result = WISH_UNKNOWN;
	}
	return result;
}

enum wish_match wish_same(const struct action *action, const struct observation *expected, const struct observation *observed,
			  const char **ret_attribute)
{
	*ret_attribute = "state";
	if (expected->kind == OBSERVED_UNOBSERVABLE || observed->kind == OBSERVED_UNOBSERVABLE)
		return WISH_UNKNOWN;
	if (expected->kind != observed->kind)
		return WISH_DIFFERS;
	if (expected->kind == OBSERVED_ABSENT)
		return WISH_HOLDS;
	enum wish_match result = WISH_HOLDS;
	for (size_t i = 0; i < expected->state->map.count; i++) {
		const struct value_entry *entry = &expected->state->map.entries[i];
		const struct value *now = value_get_key(observed->state, entry->key);
		/* A saved plan says "?" of what it could not tell, and of a secret only that it is one. */
		bool not_known = value_get(entry->value, "?") || (now && value_is_secret(now));
		if (action_is_volatile(action, value_text(entry->key)) || !now || not_known)
			continue;
		enum wish_match match = match_attribute(entry->value, now);
		*ret_attribute = value_text(entry->key);
		if (match == WISH_DIFFERS)
			return WISH_DIFFERS;
		if (match == WISH_UNKNOWN)
			result = WISH_UNKNOWN;
	}
	return result;
}

static void add_change(struct arena *arena, struct value *changes, const char *attribute, const struct value *before,
		       const struct value *after)
{
	struct value *change = value_map(arena);
	value_put(arena, change, "attribute", value_string(arena, attribute));
	value_put(arena, change, "before", before ? before : value_null());
	value_put(arena, change, "after", after);
	value_append(arena, changes, change);
}

static const struct value *as_one(struct arena *arena, const struct observation *observation)
{
	if (observation->kind == OBSERVED_UNOBSERVABLE)
		return value_unknown();
	return observation->kind == OBSERVED_ABSENT ? value_null() : value_string(arena, "present");
}

const struct value *wish_changes(struct arena *arena, const struct value *desired, const struct observation *before)
{
	struct value *changes = value_list(arena);
	if (is_absent(desired) || desired->type != VALUE_MAP) {
		if (before->kind != OBSERVED_ABSENT)
			add_change(arena, changes, "object", as_one(arena, before),
				   is_absent(desired) ? value_null() : value_unknown());
		return changes;
	}
	for (size_t i = 0; i < desired->map.count; i++) {
		const struct value_entry *entry = &desired->map.entries[i];
		const struct value *now = before->kind == OBSERVED_STATE ? value_get_key(before->state, entry->key) : NULL;
		if (before->kind == OBSERVED_UNOBSERVABLE)
			now = value_unknown();
		if (before->kind != OBSERVED_STATE || match_attribute(entry->value, now) != WISH_HOLDS)
			add_change(arena, changes, value_text(entry->key), now, entry->value);
	}
	return changes;
}

struct observation wish_after(struct arena *arena, const struct value *desired, const struct observation *before)
{
	if (is_absent(desired))
		return (struct observation){.kind = OBSERVED_ABSENT};
	if (desired->type != VALUE_MAP)
		return *before;
	struct value *state = value_map(arena);
	if (before->kind == OBSERVED_STATE)
		for (size_t i = 0; i < before->state->map.count; i++)
			value_put_key(arena, state, before->state->map.entries[i].key, before->state->map.entries[i].value);
	for (size_t i = 0; i < desired->map.count; i++)
		value_put(arena, state, value_text(desired->map.entries[i].key), desired->map.entries[i].value);
	return (struct observation){.kind = OBSERVED_STATE, .state = state};
}

const struct value *observation_value(struct arena *arena, const struct observation *observation)
{
	struct value *value = value_map(arena);
	if (observation->kind == OBSERVED_STATE) {
		value_put(arena, value, "state", observation->state);
		return value;
	}
	bool absent = observation->kind == OBSERVED_ABSENT;
	value_put(arena, value, "state", value_string(arena, absent ? "absent" : "unobservable"));
	if (!absent)
		value_put(arena, value, "why", value_string(arena, observation->why));
	return value;
}

struct observation observation_from_value(const struct value *value)
{
	const struct value *state = value_get(value, "state");
	if (value_is(state, VALUE_MAP))
		return (struct observation){.kind = OBSERVED_STATE, .state = state};
	if (value_is_text(state, "absent"))
		return (struct observation){.kind = OBSERVED_ABSENT};
	const char *why = value_get_text(value, "why");
	return observation_unobservable(why ? why : "not observed");
}

struct observation observation_unobservable(const char *why)
{
	return (struct observation){.kind = OBSERVED_UNOBSERVABLE, .why = why};
}

struct observation observation_copy(struct arena *arena, const struct observation *observation)
{
	struct observation copy = *observation;
	copy.state = observation->state ? value_copy(arena, observation->state) : NULL;
	copy.why = arena_strdup(arena, observation->why);
	return copy;
}
