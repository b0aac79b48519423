/*
 * macro.c - has, all, exists, exists_one, map, filter.
 *
 * Each loop macro is a row: how many arguments it takes, what it does with each element, and what it yields at the end.
 */
#include "engine/expression/macro.h"

#include <string.h>

#include "engine/base/memory.h"

struct loop {
	struct evaluation *evaluation;
	const struct node *node;
	const struct value *unknown; /* the first unknown that a body gave */
	const struct value *error;   /* the first error */
	const struct value *decided; /* the answer, before the end */
	struct value *list;	     /* for map and filter */
	size_t matches;		     /* for exists_one */
	bool secret;		     /* a body was secret: what it decided is, too */
};

struct macro {
	const char *name;
	size_t arguments; /* with the iteration variable, without the range */
	void (*step)(struct loop *loop, const struct value *item);
	const struct value *(*finish)(struct loop *loop);
};

static const struct value *body(struct loop *loop, size_t index)
{
	return evaluate_node(loop->evaluation, loop->node->children[index]);
}

/* True with *ret_yes if the predicate gave a bool; anything else is noted. */
static bool predicate(struct loop *loop, bool *ret_yes)
{
	const struct value *result = body(loop, 1);

	loop->secret = loop->secret || result->secret;
	if (result->type == VALUE_BOOL) {
		*ret_yes = result->boolean;
		return true;
	}
	if (result->type == VALUE_UNKNOWN) {
		loop->unknown = loop->unknown ? loop->unknown : result;
	} else if (!loop->error) {
		loop->error =
			result->type == VALUE_ERROR
				? result
				: evaluation_error(loop->evaluation,
						   "no such overload: %s() needs a condition that is a bool, this one is %s",
						   loop->node->macro->name, value_type_name(result->type));
	}
	return false;
}

static void all_step(struct loop *loop, const struct value *item)
{
	bool yes;

	(void)item;
	if (predicate(loop, &yes) && !yes)
		loop->decided = value_bool(false);
}

static void exists_step(struct loop *loop, const struct value *item)
{
	bool yes;

	(void)item;
	if (predicate(loop, &yes) && yes)
		loop->decided = value_bool(true);
}

static void exists_one_step(struct loop *loop, const struct value *item)
{
	bool yes;

	(void)item;
	if (predicate(loop, &yes) && yes)
		loop->matches++;
}

static void keep(struct loop *loop, const struct value *item)
{
	if (item->type == VALUE_ERROR)
		loop->error = loop->error ? loop->error : item;
	else if (charge_element(loop->evaluation, item))
		value_append(loop->evaluation->arena, loop->list, item);
}

static void map_step(struct loop *loop, const struct value *item)
{
	(void)item;
	keep(loop, body(loop, 1));
}

static void map_some_step(struct loop *loop, const struct value *item)
{
	bool yes;

	(void)item;
	if (predicate(loop, &yes) && yes)
		keep(loop, body(loop, 2));
}

static void filter_step(struct loop *loop, const struct value *item)
{
	bool yes;

	if (predicate(loop, &yes) && yes)
		keep(loop, item);
}

static const struct value *all_finish(struct loop *loop)
{
	(void)loop;
	return value_bool(true);
}

static const struct value *exists_finish(struct loop *loop)
{
	(void)loop;
	return value_bool(false);
}

static const struct value *exists_one_finish(struct loop *loop)
{
	return value_bool(loop->matches == 1);
}

static const struct value *list_finish(struct loop *loop)
{
	return loop->list;
}

static const struct macro macros[] = {
	{"all", 2, all_step, all_finish},
	{"exists", 2, exists_step, exists_finish},
	{"exists_one", 2, exists_one_step, exists_one_finish},
	{"map", 2, map_step, list_finish},
	{"map", 3, map_some_step, list_finish},
	{"filter", 2, filter_step, list_finish},
};

const char *macro_called(const struct node *node)
{
	return node->macro->name;
}

const char *macro_name(size_t i)
{
	return i < COUNT_OF(macros) ? macros[i].name : NULL;
}

static int expand_has(struct node *call, struct failure *failure)
{
	struct node *field = call->count == 1 ? call->children[0] : NULL;

	if (!field || field->kind != NODE_SELECT)
		return failure_set(failure, call->offset, call->length, "has() takes one field, as in has(a.b)");
	call->kind = NODE_HAS;
	call->text = field->text;
	call->children[0] = field->children[0];
	return 0;
}

static int expand_loop(struct node *call, const struct macro *macro, struct failure *failure)
{
	const struct node *variable = call->children[1];

	if (variable->kind != NODE_NAME || variable->absolute)
		return failure_set(failure, variable->offset, variable->length,
				   "the first argument of %s() must be a plain name, which then stands for each element",
				   macro->name);
	call->kind = NODE_MACRO;
	call->macro = macro;
	call->text = variable->text;
	call->count--;
	memmove(&call->children[1], &call->children[2], (call->count - 1) * sizeof(struct node *));
	return 0;
}

int macro_expand(struct node *call, struct failure *failure)
{
	bool named = false;

	if (!call->member)
		return !strcmp(call->text, "has") ? expand_has(call, failure) : 0;
	for (size_t i = 0; i < COUNT_OF(macros); i++) {
		if (strcmp(macros[i].name, call->text))
			continue;
		named = true;
		if (call->count == macros[i].arguments + 1)
			return expand_loop(call, &macros[i], failure);
	}
	if (!named)
		return 0;
	return failure_set(failure, call->offset, call->length, "%s() takes a name and an expression, as in list.%s(x, x > 0)",
			   call->text, call->text);
}

/* One element: bind it, let the macro see it. False: the answer is known, or a limit was reached. */
static bool step(struct loop *loop, const struct value *item)
{
	struct evaluation *evaluation = loop->evaluation;
	struct binding binding = {.name = loop->node->text, .value = item, .parent = evaluation->bindings};

	evaluation->bindings = &binding;
	loop->node->macro->step(loop, item);
	evaluation->bindings = binding.parent;
	return !loop->decided && !evaluation->exhausted;
}

static void run(struct loop *loop, const struct value *range)
{
	size_t count = range->type == VALUE_LIST ? range->list.count : range->map.count;

	for (size_t i = 0; i < count; i++) {
		const struct value *item = range->type == VALUE_LIST ? range->list.items[i] : range->map.entries[i].key;

		if (!evaluation_charge(loop->evaluation, 1) || !step(loop, tainted_by(loop->evaluation, item, range)))
			return;
	}
}

const struct value *macro_evaluate(struct evaluation *evaluation, const struct node *node)
{
	const struct value *range = evaluate_node(evaluation, node->children[0]), *result;
	struct loop loop = {.evaluation = evaluation, .node = node, .list = value_list(evaluation->arena)};

	if (is_abnormal(range))
		return range;
	if (range->type != VALUE_LIST && range->type != VALUE_MAP)
		return evaluation_error(evaluation, "no such overload: %s.%s(); only a list or a map has elements",
					value_type_name(range->type), node->macro->name);
	run(&loop, range);
	if (evaluation->exhausted)
		return evaluation->exhausted;
	result = loop.decided	? loop.decided
		 : loop.unknown ? loop.unknown
		 : loop.error	? loop.error
				: node->macro->finish(&loop);
	if (loop.secret)
		result = value_taint(evaluation->arena, result);
	return tainted_by(evaluation, result, range);
}
