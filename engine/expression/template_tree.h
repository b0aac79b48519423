/*
 * template_tree.h - what a template is compiled to. Private to template.c and template_fill.c.
 */
#pragma once

#include "engine/expression/template.h"

enum template_kind {
	TEMPLATE_CONSTANT,   /* value */
	TEMPLATE_EXPRESSION, /* expression: its value with its type */
	TEMPLATE_CONDITION,  /* expression: must yield a bool */
	TEMPLATE_TEXT,	     /* children, put together */
	TEMPLATE_LIST,	     /* children */
	TEMPLATE_MAP,	     /* children, under the keys of value */
};

struct template
{
	enum template_kind kind;
	const struct value *value; /* what was written */
	struct expression *expression;
	const char *text; /* the expression's text */
	struct span at;	  /* EXPRESSION, CONDITION: the text in the document, or the whole value if it was written otherwise */
	bool exact;	  /* at is the expression's very text */
	struct template **children;
	size_t count;
	size_t capacity;
};

/* A place in the template's expression, as a span of the document. template.c */
struct span template_span(const struct template *template, struct expression_place place);
