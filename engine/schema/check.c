/*
 * check.c - the walk: one node against one value, with its limits; and what is known to be fine without looking.
 */
#include "engine/schema/check.h"

#include <string.h>

#include "engine/base/memory.h"

unsigned type_bits(const struct value *value)
{
	switch (value->type) {
	case VALUE_NULL:
		return TYPE_NULL;
	case VALUE_BOOL:
		return TYPE_BOOLEAN;
	case VALUE_INT:
	case VALUE_UINT:
		return TYPE_INTEGER | TYPE_NUMBER;
	case VALUE_DOUBLE:
		return TYPE_NUMBER | (value->real == __builtin_trunc(value->real) ? TYPE_INTEGER : 0);
	case VALUE_STRING:
		return TYPE_STRING;
	case VALUE_LIST:
		return TYPE_ARRAY;
	case VALUE_MAP:
		return TYPE_OBJECT;
	default:
		return 0;
	}
}

/* A string with a `${{` that is not escaped as `$${{`: its value is not known yet. */
static bool is_template(const struct value *value)
{
	if (value->type != VALUE_STRING)
		return false;
	const char *text = value->string.data, *end = text + value->string.length;
	for (const char *at = text; (at = memmem(at, (size_t)(end - at), "${{", 3)); at += 3)
		if (at == text || at[-1] != '$')
			return true;
	return false;
}

static bool is_not_known(const struct check *check, const struct value *instance)
{
	return instance->type == VALUE_UNKNOWN || (check->options->templates && is_template(instance));
}

struct marks *marks_new(struct check *check, const struct marks *like)
{
	if (!like)
		return NULL;
	struct marks *marks = ARENA_NEW(check->scratch, struct marks);
	marks->count = like->count;
	marks->seen = arena_alloc(check->scratch, marks->count * sizeof(*marks->seen));
	return marks;
}

void marks_merge(struct marks *into, const struct marks *from)
{
	for (size_t i = 0; into && i < into->count; i++)
		into->seen[i] |= from->seen[i];
}

void marks_set(struct marks *marks, size_t index)
{
	if (marks)
		marks->seen[index] = true;
}

/* A node with unevaluated* starts with marks of its own: it sees what its subschemas have seen, not what those around it have.
 */
static struct marks *own_marks(struct check *check, const struct schema_node *node, const struct value *instance,
			       struct marks *around)
{
	struct marks like = {.count = instance->type == VALUE_LIST  ? instance->list.count
				      : instance->type == VALUE_MAP ? instance->map.count
								    : 0};
	return node->collects ? marks_new(check, &like) : around;
}

static bool is_quiet(const struct check *check)
{
	return !check->diagnostics && !check->verdict;
}

static bool check_parts(struct check *check, const struct schema_node *node, const struct value *instance, struct marks *marks)
{
	bool holds = true;
	struct marks *own = own_marks(check, node, instance, marks);
	for (size_t i = 0; i < node->count; i++) {
		const struct part *part = &node->parts[i];
		if (!part->keyword->check || part->keyword->check(check, part, instance, own))
			continue;
		holds = false;
		if (is_quiet(check) || check->exhausted || part->keyword->check == check_type)
			break; /* what a value of the wrong type lacks besides is not worth saying */
	}
	if (holds && marks && own != marks)
		marks_merge(marks, own);
	return holds;
}

/* The same node for the same value, while it is being checked for it: a $ref that leads back to itself. */
static bool goes_in_circles(const struct frame *frame)
{
	for (const struct frame *f = frame->parent; f && f->instance == frame->instance; f = f->parent)
		if (f->node == frame->node)
			return true;
	return false;
}

/* Reported at the end: it may happen where nothing is reported. */
static bool give_up(struct check *check, const char *why)
{
	if (!check->exhausted)
		check->exhausted = why;
	return false;
}

static bool check_frame(struct check *check, const struct frame *frame, struct marks *marks)
{
	const struct value *instance = frame->instance;
	if (check->exhausted)
		return false;
	if (check->depth > CHECK_DEPTH_LIMIT)
		return give_up(check, "the value or its schema is nested too deeply");
	if (++check->work > CHECK_WORK_LIMIT)
		return give_up(check, "checking this value takes too much work");
	if (goes_in_circles(frame))
		return give_up(check, "the schema refers to itself without end");
	if (frame->node->never) {
		report(check, WEIGHT_OTHER, "schema/not-allowed", instance, "nothing is allowed here");
		return false;
	}
	if (is_not_known(check, instance)) {
		check->uncertain++;
		return true;
	}
	return check_parts(check, frame->node, instance, marks);
}

bool check_node(struct check *check, const struct schema_node *node, const struct value *instance, struct step step,
		struct marks *marks)
{
	struct frame frame = {
		.parent = check->frame,
		.node = node,
		.instance = instance,
		.key = step.key,
		.index = step.index,
		.in_place = step.in_place,
	};
	check->frame = &frame;
	check->depth++;
	check->level += step.in_place ? 0 : 1;
	bool holds = check_frame(check, &frame, marks);
	check->level -= step.in_place ? 0 : 1;
	check->depth--;
	check->frame = frame.parent;
	return holds;
}

bool check_holds(struct check *check, const struct schema_node *node, const struct value *instance, struct step step,
		 struct marks *marks)
{
	struct diagnostics *diagnostics = check->diagnostics;
	struct verdict *verdict = check->verdict;
	check->diagnostics = NULL;
	check->verdict = NULL;
	bool holds = check_node(check, node, instance, step, marks);
	check->diagnostics = diagnostics;
	check->verdict = verdict;
	return holds;
}

unsigned long check_weigh(struct check *check, const struct schema_node *node, const struct value *instance)
{
	struct diagnostics *diagnostics = check->diagnostics;
	struct verdict *around = check->verdict, verdict = {.level = check->level};
	check->diagnostics = NULL;
	check->verdict = &verdict;
	check_node(check, node, instance, STEP_IN_PLACE, NULL);
	check->diagnostics = diagnostics;
	check->verdict = around;
	return verdict.weight;
}

bool schema_check(const struct schema *schema, const struct value *value, const struct schema_options *options,
		  struct diagnostics *diagnostics)
{
	static const struct schema_options none = {0};
	CLEANUP_ARENA struct arena *scratch = arena_new();
	struct check check = {.scratch = scratch, .options = options ? options : &none, .diagnostics = diagnostics};
	bool holds = check_node(&check, schema->root, value, STEP_IN_PLACE, NULL);
	if (check.exhausted)
		report(&check, WEIGHT_OTHER, "schema/limit", value, "%s", check.exhausted);
	return holds && !check.exhausted;
}
