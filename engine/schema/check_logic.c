/*
 * check_logic.c - keywords that put schemas together: references, allOf, anyOf, oneOf, not, if.
 *
 * What a branch has seen counts only if the branch holds. A branch that holds only because something is not known yet (a
 * template) is no reason to fail.
 */
#include "engine/base/memory.h"
#include "engine/schema/check.h"

bool check_reference(struct check *check, const struct part *part, const struct value *instance, struct marks *marks)
{
	return check_node(check, part->target, instance, STEP_IN_PLACE, marks);
}

/* The outermost resource on the way here that has the anchor decides. */
bool check_dynamic(struct check *check, const struct part *part, const struct value *instance, struct marks *marks)
{
	const struct schema_node *target = part->target;
	for (const struct frame *frame = check->frame; part->anchor && frame; frame = frame->parent) {
		const struct schema_node *outer = reference_dynamic(frame->node->resource, part->anchor);
		target = outer ? outer : target;
	}
	return check_node(check, target, instance, STEP_IN_PLACE, marks);
}

bool check_all(struct check *check, const struct part *part, const struct value *instance, struct marks *marks)
{
	bool holds = true;
	for (size_t i = 0; i < part->count; i++) {
		holds &= check_node(check, part->branches[i].node, instance, STEP_IN_PLACE, marks);
		if (!holds && !check->diagnostics && !check->verdict)
			break;
	}
	return holds;
}

/* Whether a branch holds; if so, what it has seen is added to marks. */
static bool try_branch(struct check *check, const struct schema_node *node, const struct value *instance, struct marks *marks)
{
	struct marks *own = marks_new(check, marks);
	if (!check_holds(check, node, instance, STEP_IN_PLACE, own))
		return false;
	marks_merge(marks, own);
	return true;
}

bool check_any(struct check *check, const struct part *part, const struct value *instance, struct marks *marks)
{
	bool holds = false;
	for (size_t i = 0; i < part->count && (!holds || marks); i++)
		holds |= try_branch(check, part->branches[i].node, instance, marks);
	if (!holds && !check->exhausted)
		choice_report(check, part, instance);
	return holds;
}

bool check_one(struct check *check, const struct part *part, const struct value *instance, struct marks *marks)
{
	size_t held = 0;
	unsigned long uncertain = check->uncertain;
	for (size_t i = 0; i < part->count; i++)
		held += try_branch(check, part->branches[i].node, instance, marks);
	if (held == 1 || (held > 1 && check->uncertain > uncertain))
		return true;
	if (held && !check->exhausted)
		choice_report_several(check, part, instance);
	else if (!check->exhausted)
		choice_report(check, part, instance);
	return false;
}

/* `not: {required: [a, b]}` says that a and b exclude each other. */
static void report_not(struct check *check, const struct part *part, const struct value *instance)
{
	const struct part *required = instance->type == VALUE_MAP ? part_find(part->target, "required") : NULL;
	struct diagnostic *found;
	if (required && part->target->count == 1 && required->value->list.count == 1)
		found = report(check, WEIGHT_UNKNOWN, "schema/not", value_get_key(instance, required->value->list.items[0]),
			       "'%s' is not allowed here", required->value->list.items[0]->string.data);
	else if (required && part->target->count == 1 && required->value->list.count == 2)
		found = report(check, WEIGHT_UNKNOWN, "schema/not", value_get_key(instance, required->value->list.items[1]),
			       "'%s' and '%s' cannot be used together", required->value->list.items[0]->string.data,
			       required->value->list.items[1]->string.data);
	else
		found = report(check, WEIGHT_UNKNOWN, "schema/not", instance, "%s is not allowed here",
			       report_value(check, instance));
	report_hint(check, found, part->owner);
}

bool check_not(struct check *check, const struct part *part, const struct value *instance, struct marks *marks)
{
	unsigned long uncertain = check->uncertain;
	if (!check_holds(check, part->target, instance, STEP_IN_PLACE, marks_new(check, marks)) || check->uncertain > uncertain)
		return true;
	if (!check->exhausted)
		report_not(check, part, instance);
	return false;
}

bool check_if(struct check *check, const struct part *part, const struct value *instance, struct marks *marks)
{
	unsigned long uncertain = check->uncertain;
	bool holds = try_branch(check, part->target, instance, marks);
	if (check->uncertain > uncertain)
		return true;
	const struct part *next = part_find(part->owner, holds ? "then" : "else");
	return !next || check_node(check, next->target, instance, STEP_IN_PLACE, marks);
}
