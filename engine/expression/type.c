/*
 * type.c - types as data: making, joining, showing them. Which one an expression has is types.c's.
 */
#include <string.h>

#include "engine/expression/types.h"

const struct type type_any = {.kind = VALUE_UNKNOWN};

static const struct type plain[] = {
	[VALUE_NULL] = {.kind = VALUE_NULL},	     [VALUE_BOOL] = {.kind = VALUE_BOOL},
	[VALUE_INT] = {.kind = VALUE_INT},	     [VALUE_UINT] = {.kind = VALUE_UINT},
	[VALUE_DOUBLE] = {.kind = VALUE_DOUBLE},     [VALUE_STRING] = {.kind = VALUE_STRING},
	[VALUE_BYTES] = {.kind = VALUE_BYTES},	     [VALUE_LIST] = {.kind = VALUE_LIST},
	[VALUE_MAP] = {.kind = VALUE_MAP},	     [VALUE_TIMESTAMP] = {.kind = VALUE_TIMESTAMP},
	[VALUE_DURATION] = {.kind = VALUE_DURATION}, [VALUE_TYPE] = {.kind = VALUE_TYPE},
	[VALUE_UNKNOWN] = {.kind = VALUE_UNKNOWN},   [VALUE_ERROR] = {.kind = VALUE_UNKNOWN},
};

const struct type *type_of_kind(enum value_type kind)
{
	return &plain[kind];
}

struct type *type_list(struct arena *arena, const struct type *items)
{
	struct type *type = ARENA_NEW(arena, struct type);
	*type = (struct type){.kind = VALUE_LIST, .items = items};
	return type;
}

struct type *type_map(struct arena *arena, bool closed)
{
	struct type *type = ARENA_NEW(arena, struct type);
	*type = (struct type){.kind = VALUE_MAP, .closed = closed};
	return type;
}

void type_put(struct arena *arena, struct type *map, const char *name, const struct type *type)
{
	struct type_field *slot =
		arena_grow(arena, &map->fields, &map->fields_count, &map->fields_capacity, sizeof(*map->fields));
	*slot = (struct type_field){.name = name, .type = type};
}

const struct type *type_nullable(struct arena *arena, const struct type *type)
{
	struct type *copy = arena_copy(arena, type, sizeof(*type));
	copy->nullable = true;
	return copy;
}

bool type_is_any(const struct type *type)
{
	return type->kind == VALUE_UNKNOWN;
}

const struct type *type_common(struct arena *arena, const struct type *a, const struct type *b)
{
	if (a->kind == VALUE_NULL && b->kind != VALUE_NULL)
		return type_is_any(b) ? b : type_nullable(arena, b);
	if (b->kind == VALUE_NULL && a->kind != VALUE_NULL)
		return type_common(arena, b, a);
	if (a->kind != b->kind)
		return &type_any;
	if (a == b || (a->kind != VALUE_LIST && a->kind != VALUE_MAP))
		return a->nullable ? a : b;
	if (a->kind == VALUE_LIST && a->items && b->items)
		return type_list(arena, type_common(arena, a->items, b->items));
	return type_of_kind(a->kind);
}

const struct type *type_of_value(struct arena *arena, const struct value *value)
{
	if (value->type == VALUE_LIST) {
		const struct type *items = NULL;
		for (size_t i = 0; i < value->list.count; i++) {
			const struct type *one = type_of_value(arena, value->list.items[i]);
			items = items ? type_common(arena, items, one) : one;
		}
		return type_list(arena, items);
	}
	if (value->type == VALUE_MAP) {
		struct type *map = type_map(arena, true);
		for (size_t i = 0; i < value->map.count; i++)
			if (value_text(value->map.entries[i].key))
				type_put(arena, map, value_text(value->map.entries[i].key),
					 type_of_value(arena, value->map.entries[i].value));
		return map;
	}
	return type_of_kind(value->type);
}

const char *type_shown(struct arena *arena, const struct type *type)
{
	const char *name = type_is_any(type) ? "any" : value_type_name(type->kind);
	if (type->kind == VALUE_LIST && type->items && !type_is_any(type->items))
		return arena_printf(arena, "list of %s", type_shown(arena, type->items));
	return name;
}
