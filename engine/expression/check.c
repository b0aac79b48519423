/*
 * check.c - what can be said about a tree without evaluating it: that its functions exist, that literal patterns compile.
 * It is no type checker: names have no types before they have values.
 */
#include <string.h>

#include "engine/expression/foreign.h"
#include "engine/expression/functions.h"
#include "engine/expression/lexer.h"

static int unknown_function(const struct node *node, struct failure *failure)
{
	const char *near, *instead;

	if (function_find(node->text, !node->member))
		return failure_set(failure, node->offset, node->length,
				   node->member	     ? "%s() is no method; write %s(x)"
				   : node->count > 1 ? "%s() is a method; write x.%s(y)"
						     : "%s() is a method; write x.%s()",
				   node->text, node->text);
	instead = foreign_function(node->text);
	if (instead)
		return failure_set(failure, node->offset, node->length, "no such function: '%s'; %s", node->text, instead);
	near = function_suggest(node->text);
	if (near)
		return failure_set(failure, node->offset, node->length, "no such function: '%s'; did you mean '%s'?",
				   node->text, near);
	return failure_set(failure, node->offset, node->length, "no such function: '%s'", node->text);
}

static int check_call(struct node *node, bool unchecked, struct failure *failure)
{
	node->function = function_find(node->text, node->member);
	if (unchecked)
		return 0;
	if (!node->function)
		return unknown_function(node, failure);
	if (!function_takes(node->function, node->member, node->count))
		return failure_set(failure, node->offset, node->length, "%s() does not take %zu argument%s", node->text,
				   node->count - node->member, node->count - node->member == 1 ? "" : "s");
	return 0;
}

static int check_pattern(struct arena *arena, struct node *node, struct failure *failure)
{
	const struct node *pattern = node->count == 2 ? node->children[1] : NULL;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct regex *regex;

	if (strcmp(node->text, "matches") || !pattern || pattern->kind != NODE_LITERAL ||
	    !value_is(pattern->literal, VALUE_STRING))
		return 0;
	if (regex_compile(arena, pattern->literal->string.data, pattern->literal->string.length, 0, &regex, NULL, &err))
		return failure_set(failure, pattern->offset, pattern->length, "%s", error_text(&err));
	node->regex = regex;
	return 0;
}

int check_functions(struct arena *arena, struct node *node, bool unchecked, struct failure *failure)
{
	if (node->kind == NODE_CALL && (check_call(node, unchecked, failure) || check_pattern(arena, node, failure)))
		return -1;
	for (size_t i = 0; i < node->count; i++) {
		if (check_functions(arena, node->children[i], unchecked, failure))
			return -1;
	}
	return 0;
}
