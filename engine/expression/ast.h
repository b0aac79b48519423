/*
 * ast.h - the tree that an expression is compiled to. Private to this folder and to its tests.
 *
 * Every node has its operands in `children`, in the order in which they are written, so that a walk need not
 * know the kinds:
 *
 *	NAME         -                          text: the identifier
 *	SELECT, HAS  operand                    text: the field
 *	CALL         arguments, receiver first  text: the function ("+", "size"); operators are calls too
 *	AND, OR      left, right
 *	CONDITIONAL  condition, then, else
 *	LIST         items
 *	MAP          key, value, key, value, ...
 *	MACRO        range, then the bodies     text: the iteration variable; visible in the bodies only
 */
#pragma once

#include <stdbool.h>

#include "engine/base/regex.h"
#include "engine/expression/expression.h"

enum node_kind {
	NODE_LITERAL,
	NODE_NAME,
	NODE_SELECT,
	NODE_HAS,
	NODE_CALL,
	NODE_AND,
	NODE_OR,
	NODE_CONDITIONAL,
	NODE_LIST,
	NODE_MAP,
	NODE_MACRO,
};

struct function;
struct macro;

/* One way to read a chain of selects as a qualified name. */
struct candidate {
	const char *name; /* "a.b" */
	size_t selects;	  /* how many selects of the chain are left to do: 1 for "a.b" in a.b.c */
};

struct node {
	enum node_kind kind;
	unsigned depth;	  /* 1 for a leaf */
	size_t offset;	  /* bytes into the expression's text */
	size_t length;	  /* bytes */
	const char *text; /* see above; in the arena */
	struct node **children;
	size_t count;
	size_t capacity;
	bool absolute;		     /* NAME: written with a leading dot, so neither macro variables nor the container apply */
	bool quoted;		     /* SELECT: the field was written in backticks: never part of a qualified name */
	bool member;		     /* CALL: written as receiver.function() */
	const struct value *literal; /* LITERAL */
	const struct function *function;    /* CALL: the first of its overloads; NULL if there is no such function */
	const struct regex *regex;	    /* CALL of matches with a literal pattern, compiled */
	const struct macro *macro;	    /* MACRO */
	const struct candidate *candidates; /* NAME and SELECT at the top of a free name: longest name first */
	size_t candidate_count;
};

struct expression {
	struct node *root;
};

struct expression_options {
	const char *container; /* "a.b": names are also looked for as a.b.NAME and a.NAME; NULL for none */
	bool unchecked;	       /* unknown functions are found out by evaluating only */
};

/* Where compiling stopped and why; the first error wins. */
struct failure {
	struct error *err;
	struct expression_place place;
	bool failed;
};

int expression_compile_with(struct arena *arena, const char *text, size_t length, const struct expression_options *options,
			    struct expression **ret_expression, struct expression_place *ret_place, struct error *err);

/* Always returns -1. */
int failure_set(struct failure *failure, size_t offset, size_t length, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* The syntax tree, functions not yet looked up and names not yet bound; NULL on failure. */
struct node *parser_parse(struct arena *arena, const char *text, size_t length, struct failure *failure);

/* Give every free name its candidates. */
void names_bind(struct arena *arena, struct node *root, const char *container);

/* Look up functions and compile literal patterns. */
int check_functions(struct arena *arena, struct node *node, bool unchecked, struct failure *failure);
