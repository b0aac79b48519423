/*
 * macro.h - the calls that are not functions, because their arguments are not evaluated once: has, all, exists, exists_one,
 * map, filter.
 */
#pragma once

#include "engine/expression/ast.h"
#include "engine/expression/evaluate.h"

/* Turn the call into a macro node if it is one. -1: it looks like one and is wrong. */
int macro_expand(struct node *call, struct failure *failure);

const struct value *macro_evaluate(struct evaluation *evaluation, const struct node *node);

/* The name of the i-th macro, NULL behind the last: for suggestions. */
const char *macro_name(size_t i);
const char *macro_called(const struct node *node); /* the name of the node's macro */
