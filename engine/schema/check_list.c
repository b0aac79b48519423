/*
 * check_list.c - keywords about lists.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/schema/check.h"

static struct step at_index(size_t index)
{
	return (struct step){.index = index};
}

static bool check_count(struct check *check, const struct part *part, const struct value *instance, size_t count, bool least,
			const char *what)
{
	struct diagnostic *found;
	size_t limit = part->size;
	if (least ? count >= limit : count <= limit)
		return true;
	if (!count && limit == 1)
		found = report(check, WEIGHT_OTHER, "schema/size", instance, "must not be empty");
	else
		found = report(check, WEIGHT_OTHER, "schema/size", instance, "must have at %s %zu %s%s, but has %zu",
			       least ? "least" : "most", limit, what, limit == 1 ? "" : "s", count);
	report_hint(check, found, part->owner);
	return false;
}

bool check_min_items(struct check *check, const struct part *part, const struct value *instance, struct marks *marks)
{
	(void)marks;
	return instance->type != VALUE_LIST || check_count(check, part, instance, instance->list.count, true, "item");
}

bool check_max_items(struct check *check, const struct part *part, const struct value *instance, struct marks *marks)
{
	(void)marks;
	return instance->type != VALUE_LIST || check_count(check, part, instance, instance->list.count, false, "item");
}

bool check_min_properties(struct check *check, const struct part *part, const struct value *instance, struct marks *marks)
{
	(void)marks;
	return instance->type != VALUE_MAP || check_count(check, part, instance, instance->map.count, true, "key");
}

bool check_max_properties(struct check *check, const struct part *part, const struct value *instance, struct marks *marks)
{
	(void)marks;
	return instance->type != VALUE_MAP || check_count(check, part, instance, instance->map.count, false, "key");
}

bool check_prefix(struct check *check, const struct part *part, const struct value *instance, struct marks *marks)
{
	bool holds = true;
	for (size_t i = 0; instance->type == VALUE_LIST && i < part->count && i < instance->list.count; i++) {
		holds &= check_node(check, part->branches[i].node, instance->list.items[i], at_index(i), NULL);
		marks_set(marks, i);
	}
	return holds;
}

bool check_items(struct check *check, const struct part *part, const struct value *instance, struct marks *marks)
{
	const struct part *prefix = part_find(part->owner, "prefixItems");
	bool holds = true;
	for (size_t i = prefix ? prefix->count : 0; instance->type == VALUE_LIST && i < instance->list.count; i++) {
		holds &= check_node(check, part->target, instance->list.items[i], at_index(i), NULL);
		marks_set(marks, i);
		if (check->exhausted)
			break;
	}
	return holds;
}

bool check_contains(struct check *check, const struct part *part, const struct value *instance, struct marks *marks)
{
	size_t found = 0;
	unsigned long uncertain = check->uncertain;
	if (instance->type != VALUE_LIST)
		return true;
	for (size_t i = 0; i < instance->list.count; i++) {
		if (check_holds(check, part->target, instance->list.items[i], at_index(i), NULL)) {
			found++;
			marks_set(marks, i);
		}
	}
	if (found >= part->size && (found <= part->most || check->uncertain > uncertain))
		return true;
	bool few = found < part->size;
	struct diagnostic *diagnostic = report(
		check, WEIGHT_OTHER, "schema/contains", instance, "must have at %s %zu item%s of one kind, but has %zu",
		few ? "least" : "most", few ? part->size : part->most, (few ? part->size : part->most) == 1 ? "" : "s", found);
	report_hint(check, diagnostic, part->target);
	return false;
}

static uint64_t hash_bytes(const void *data, size_t length, uint64_t hash)
{
	const unsigned char *bytes = data;
	for (size_t i = 0; i < length; i++)
		hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
	return hash;
}

/* Equal values have equal hashes: numbers by worth, maps without order. */
static uint64_t hash_value(const struct value *value, unsigned depth)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	double number = value->type == VALUE_INT    ? (double)value->integer
			: value->type == VALUE_UINT ? (double)value->unsigned_integer
						    : value->real;
	switch (value->type) {
	case VALUE_INT:
	case VALUE_UINT:
	case VALUE_DOUBLE:
		number += 0.0; /* -0.0 is 0.0 */
		return hash_bytes(&number, sizeof(number), hash);
	case VALUE_STRING:
		return hash_bytes(value->string.data, value->string.length, hash);
	case VALUE_BOOL:
		return hash + value->boolean;
	case VALUE_LIST:
		for (size_t i = 0; depth && i < value->list.count; i++)
			hash = hash * 31 + hash_value(value->list.items[i], depth - 1);
		return hash;
	case VALUE_MAP:
		for (size_t i = 0; depth && i < value->map.count; i++)
			hash += hash_value(value->map.entries[i].key, depth - 1) * 3 +
				hash_value(value->map.entries[i].value, depth - 1);
		return hash;
	default:
		return hash;
	}
}

struct hashed {
	uint64_t hash;
	size_t index;
};

static int compare_hashed(const void *left, const void *right)
{
	const struct hashed *a = left, *b = right;
	if (a->hash != b->hash)
		return a->hash > b->hash ? 1 : -1;
	return (a->index > b->index) - (a->index < b->index);
}

/* The first item among those before `at` with the same hash that equals it, or NULL. */
static const struct hashed *find_twin(const struct hashed *items, size_t at, const struct value *list)
{
	for (size_t i = at; i > 0 && items[i - 1].hash == items[at].hash; i--)
		if (value_equal(list->list.items[items[i - 1].index], list->list.items[items[at].index]))
			return &items[i - 1];
	return NULL;
}

bool check_unique(struct check *check, const struct part *part, const struct value *instance, struct marks *marks)
{
	(void)marks;
	if (!part->value->boolean || instance->type != VALUE_LIST)
		return true;
	size_t count = instance->list.count;
	bool holds = true;
	struct hashed *items = arena_alloc(check->scratch, count * sizeof(*items));
	for (size_t i = 0; i < count; i++)
		items[i] = (struct hashed){hash_value(instance->list.items[i], 8), i};
	if (count)
		qsort(items, count, sizeof(*items), compare_hashed);
	for (size_t i = 1; i < count; i++) {
		const struct hashed *twin = find_twin(items, i, instance);
		if (!twin)
			continue;
		holds = false;
		report(check, WEIGHT_OTHER, "schema/unique", instance->list.items[items[i].index],
		       "item %zu repeats item %zu: %s", items[i].index + 1, twin->index + 1,
		       report_value(check, instance->list.items[items[i].index]));
		if (!check->diagnostics)
			break;
	}
	return holds;
}

bool check_unevaluated_items(struct check *check, const struct part *part, const struct value *instance, struct marks *marks)
{
	bool holds = true;
	for (size_t i = 0; instance->type == VALUE_LIST && i < instance->list.count; i++) {
		if (marks->seen[i])
			continue;
		holds &= check_node(check, part->target, instance->list.items[i], at_index(i), NULL);
		marks_set(marks, i);
	}
	return holds;
}
