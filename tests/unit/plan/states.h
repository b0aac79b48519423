/*
 * states.h - observations and desired states written as JSON: {"state": {...}}, "absent", "unobservable"; {"?": ""} is unknown.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/memory.h"
#include "engine/plan/wish.h"

/* JSON with {"?": ...} made unknown again. */
static inline const struct value *revive(struct arena *arena, const struct value *value)
{
	if (value_get(value, "?"))
		return value_unknown();
	if (value->type == VALUE_LIST) {
		struct value *list = value_list(arena);
		for (size_t i = 0; i < value->list.count; i++)
			value_append(arena, list, revive(arena, value->list.items[i]));
		return list;
	}
	if (value->type != VALUE_MAP)
		return value;
	struct value *map = value_map(arena);
	for (size_t i = 0; i < value->map.count; i++)
		value_put_key(arena, map, value->map.entries[i].key, revive(arena, value->map.entries[i].value));
	return map;
}

static inline const struct value *written(struct arena *arena, const char *text)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	const struct value *value = NULL;
	if (json_parse(arena, text, strlen(text), &value, &err) < 0)
		fail_msg("%s: %s", text, error_text(&err));
	return revive(arena, value);
}

/* A map of attributes, "absent", or the reason why it is unobservable. */
static inline struct observation observed(struct arena *arena, const char *text)
{
	if (strcmp(text, "absent") == 0)
		return (struct observation){.kind = OBSERVED_ABSENT};
	if (*text != '{')
		return observation_unobservable(text);
	return (struct observation){.kind = OBSERVED_STATE, .state = written(arena, text)};
}

/* And back. */
static inline const char *shown(struct arena *arena, const struct observation *observation)
{
	if (observation->kind == OBSERVED_STATE)
		return json_text(arena, observation->state);
	return observation->kind == OBSERVED_ABSENT ? "absent" : observation->why;
}

static inline const struct value *desired(struct arena *arena, const char *text)
{
	return *text == '{' ? written(arena, text) : value_string(arena, text);
}
