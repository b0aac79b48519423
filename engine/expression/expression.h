/*
 * expression.h - CEL, the Common Expression Language (https://github.com/google/cel-spec), without protobuf messages.
 *
 * Text is compiled once and evaluated any number of times, without effects: what an expression yields depends on nothing but
 * the names that it is given. Evaluation is bounded by a cost budget, a depth and a memory limit.
 *
 * Unknown is a value (VALUE_UNKNOWN): every operator and function given an unknown yields unknown, except where the rest
 * decides: `false && ?` is false, `true || ?` is true, `c ? a : b` with an unknown c is unknown, has() of an unknown is
 * unknown, an error and an unknown together give unknown. all/exists absorb likewise. A list or map literal with an unknown
 * element is itself known; reading into it (==, in, join, format) is not, unless the rest decides.
 *
 * Taint: a result made from a secret is secret (value.h): of operators, functions, macros, and of a conditional whose condition
 * is secret. Only size() of a list or map, type() and has() are not tainted by their argument. The text of an error never
 * quotes a secret.
 */
#pragma once

#include "engine/base/error.h"
#include "engine/base/value.h"

struct expression;

/* Where the names come from. resolve is asked with a qualified name, longest first: for a.b.c "a.b.c", "a.b", then "a", with
 * NULL meaning "no such name"; it may return VALUE_UNKNOWN or VALUE_ERROR values. Borrowed until the evaluation's arena is
 * freed. */
struct activation {
	const struct value *(*resolve)(void *context, const char *name, struct arena *arena);
	void *context;
	const struct activation *parent; /* asked next; may be NULL */
};

struct expression_place {
	size_t offset; /* bytes into the text */
	size_t length;
};

/* Everything lives in the arena; the text may go. -1: err says what is wrong, *ret_place (may be NULL) where. Functions that do
 * not exist and literal patterns that are wrong are found here; types and names when evaluating. */
int expression_compile(struct arena *arena, const char *text, size_t length, struct expression **ret_expression,
		       struct expression_place *ret_place, struct error *err);

/* Never NULL: a result, VALUE_UNKNOWN, or VALUE_ERROR with its text, whose at.offset and at.length are its place in the
 * expression's text (at.source is NULL). The result lives in the arena, or is borrowed from the activation or the expression.
 * Takes up to 128 KiB of stack. */
const struct value *expression_evaluate(const struct expression *expression, const struct activation *activation,
					struct arena *arena);

/* Every free name that the expression reads (not those bound by macros, nor those of types), as select chains of literal names:
 * "inputs.source.name", "steps.account.outputs"; ["name"] counts as .name, and has(a.b) as a.b. visit gets the parts; place
 * says where. */
typedef void expression_visit(void *context, const char *const *parts, size_t count, struct expression_place place);
void expression_visit_names(const struct expression *expression, expression_visit *visit, void *context);

#define EXPRESSION_COST_LIMIT  1000000 /* evaluation steps, and elements copied */
#define EXPRESSION_DEPTH_LIMIT 250
