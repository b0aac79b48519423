/*
 * expression.c - the way in: compile and evaluate.
 */
#include "engine/expression/expression.h"

#include "engine/expression/ast.h"
#include "engine/expression/evaluate.h"

int expression_compile_with(struct arena *arena, const char *text, size_t length, const struct expression_options *options,
			    struct expression **ret_expression, struct expression_place *ret_place, struct error *err)
{
	struct failure failure = {.err = err};
	struct node *root = parser_parse(arena, text, length, &failure);
	struct expression *expression;

	if (!root || check_functions(arena, root, options->unchecked, &failure)) {
		if (ret_place)
			*ret_place = failure.place;
		return -1;
	}
	names_bind(arena, root, options->container);
	expression = ARENA_NEW(arena, struct expression);
	expression->root = root;
	*ret_expression = expression;
	return 0;
}

int expression_compile(struct arena *arena, const char *text, size_t length, struct expression **ret_expression,
		       struct expression_place *ret_place, struct error *err)
{
	static const struct expression_options options = {0};

	return expression_compile_with(arena, text, length, &options, ret_expression, ret_place, err);
}

const struct value *expression_evaluate(const struct expression *expression, const struct activation *activation,
					struct arena *arena)
{
	struct evaluation evaluation = {
		.activation = activation,
		.arena = arena,
		.arena_start = arena_used(arena),
		.budget = EXPRESSION_COST_LIMIT,
	};
	const struct value *result = evaluate_node(&evaluation, expression->root);

	return evaluation.exhausted ? evaluation.exhausted : result;
}
