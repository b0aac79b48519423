/*
 * wish.h - a desired state beside an observed one: does it hold, what would change, what would it be then.
 *
 * `desired` is what action_desired gives: a map of attributes, or the string "absent". Pure: nothing is observed or applied
 * here.
 */
#pragma once

#include "engine/plugin/action.h"

enum wish_match {
	WISH_HOLDS,
	WISH_DIFFERS,
	WISH_UNKNOWN, /* something that decides it is not known */
};

enum wish_match wish_match(const struct value *desired, const struct observation *observed);
/* As wish_match for one saved state against another, without the attributes that change by themselves; only attributes that
 * both have. */
enum wish_match wish_same(const struct action *action, const struct observation *expected, const struct observation *observed,
			  const char **ret_attribute);
/* [{attribute, before, after}] for what differs or is unknown. */
const struct value *wish_changes(struct arena *arena, const struct value *desired, const struct observation *before);
/* before with desired laid over it. */
struct observation wish_after(struct arena *arena, const struct value *desired, const struct observation *before);

/* {"state": {...}} | {"state": "absent"} | {"state": "unobservable", "why": "..."}: the form in plans and journals. */
const struct value *observation_value(struct arena *arena, const struct observation *observation);
struct observation observation_from_value(const struct value *value); /* NULL or null: unobservable */
struct observation observation_unobservable(const char *why);
struct observation observation_copy(struct arena *arena, const struct observation *observation);
