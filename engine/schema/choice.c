/*
 * choice.c - anyOf and oneOf that fail: to say what is wrong, find the branch that was meant.
 *
 * "Matches none of 7 alternatives" helps nobody. If the branches only differ in the types, values or keys that they want, all
 * of them are named; otherwise the branch that is least off is reported as if it stood there alone.
 */
#include <string.h>

#include "engine/base/memory.h"
#include "engine/schema/check.h"

#define ALLOWED 100 /* values that are listed at most */

static const struct schema_node *through_references(const struct schema_node *node)
{
	for (unsigned i = 0; i < 8 && node->count == 1 && strcmp(node->parts[0].keyword->name, "$ref") == 0; i++)
		node = node->parts[0].target;
	return node;
}

/* Every branch wants another type. */
static bool report_types_wanted(struct check *check, const struct part *part, const struct value *instance)
{
	unsigned wanted = 0;
	for (size_t i = 0; i < part->count; i++) {
		const struct part *type = part_find(through_references(part->branches[i].node), "type");
		if (!type || (type->types & type_bits(instance)))
			return false;
		wanted |= type->types;
	}
	struct diagnostic *found = report(check, WEIGHT_TYPE, "schema/type", instance, "must be %s, but is %s",
					  report_types(check, wanted), report_value(check, instance));
	report_hint(check, found, part->owner);
	return true;
}

/* Every branch that allows the value's type wants certain values. */
static bool report_values_wanted(struct check *check, const struct part *part, const struct value *instance)
{
	const struct value *allowed[ALLOWED];
	size_t count = 0;
	for (size_t i = 0; i < part->count; i++) {
		const struct schema_node *node = through_references(part->branches[i].node);
		const struct part *constant = part_find(node, "const"), *list = part_find(node, "enum");
		if (!constant && !list)
			return false;
		if (constant && count < ALLOWED)
			allowed[count++] = constant->value;
		for (size_t v = 0; list && v < list->value->list.count && count < ALLOWED; v++)
			allowed[count++] = list->value->list.items[v];
	}
	report_allowed(check, part, instance, allowed, count);
	return true;
}

/* A branch that is nothing but `required`: its keys. */
static const struct value *only_required(const struct branch *branch)
{
	const struct schema_node *node = through_references(branch->node);
	const struct part *required = part_find(node, "required");
	return required && node->count == 1 ? required->value : NULL;
}

static void append_keys(struct buffer *out, const struct value *keys)
{
	for (size_t i = 0; i < keys->list.count; i++)
		buffer_printf(out, "%s'%s'", i ? " and " : "", keys->list.items[i]->string.data);
}

/* Every branch is nothing but a key that must be there. */
static bool report_keys_wanted(struct check *check, const struct part *part, const struct value *instance)
{
	CLEANUP_BUFFER struct buffer keys = {0};
	for (size_t i = 0; i < part->count; i++) {
		const struct value *required = only_required(&part->branches[i]);
		if (!required)
			return false;
		buffer_add(&keys, !i ? "" : i + 1 < part->count ? ", " : " or ");
		append_keys(&keys, required);
	}
	struct diagnostic *found =
		report(check, WEIGHT_MISSING, "schema/missing-key", instance, "missing key: %s", buffer_text(&keys));
	report_hint(check, found, part->owner);
	return true;
}

static const struct schema_node *nearest_branch(struct check *check, const struct part *part, const struct value *instance)
{
	const struct schema_node *nearest = NULL;
	unsigned long least = 0;
	for (size_t i = 0; i < part->count; i++) {
		unsigned long weight = check_weigh(check, part->branches[i].node, instance);
		if (!nearest || weight < least) {
			nearest = part->branches[i].node;
			least = weight;
		}
	}
	return nearest;
}

void choice_report(struct check *check, const struct part *part, const struct value *instance)
{
	if (!check->diagnostics && !check->verdict)
		return;
	if (report_types_wanted(check, part, instance) || report_values_wanted(check, part, instance) ||
	    report_keys_wanted(check, part, instance))
		return;
	if (check->verdict) /* weighing in weighing would take exponential time */
		report(check, WEIGHT_OTHER, "schema/choice", instance, "is none of what is allowed here");
	else
		check_node(check, nearest_branch(check, part, instance), instance, STEP_IN_PLACE, NULL);
}

/* The key that stands last in the value among those that the branches want. */
static const struct value *last_key(const struct part *part, const struct value *instance)
{
	const struct value *last = instance;
	for (size_t e = 0; e < instance->map.count; e++)
		for (size_t i = 0; i < part->count; i++)
			if (value_equal(only_required(&part->branches[i])->list.items[0], instance->map.entries[e].key))
				last = instance->map.entries[e].key;
	return last;
}

void choice_report_several(struct check *check, const struct part *part, const struct value *instance)
{
	CLEANUP_BUFFER struct buffer list = {0};
	bool keys = instance->type == VALUE_MAP;
	if (!check->diagnostics && !check->verdict)
		return;
	for (size_t i = 0; i < part->count && keys; i++) {
		const struct value *required = only_required(&part->branches[i]);
		keys = required && required->list.count == 1;
		if (keys)
			buffer_printf(&list, "%s'%s'",
				      !i		    ? ""
				      : i + 1 < part->count ? ", "
							    : " and ",
				      required->list.items[0]->string.data);
	}
	struct diagnostic *found;
	if (keys)
		found = report(check, WEIGHT_UNKNOWN, "schema/choice", last_key(part, instance), "only one of %s can be given",
			       buffer_text(&list));
	else
		found = report(check, WEIGHT_OTHER, "schema/choice", instance, "matches more than one of the alternatives");
	report_hint(check, found, part->owner);
}
