/*
 * template.h - strings with `${{ expression }}` inside.
 *
 * A string that is one single `${{ }}` yields the expression's value with its type; otherwise the parts are put together as
 * text (bool, int, uint, double, duration, timestamp and string are written as CEL's string() does; a list, map or null is an
 * error that says so). `$${{` is a literal `${{`. An unknown part makes the whole unknown; a secret part makes it secret.
 */
#pragma once

#include "engine/expression/expression.h"

/* True if text contains a `${{` that is not escaped. */
bool template_has(const char *text, size_t length);

struct template;

/* Compile a value: strings in it (at any depth, lists and maps; map keys are literal) are templates; all else is literal. */
int template_compile(struct arena *arena, const struct value *value, struct template **ret_template,
		     struct span *ret_at /* where, in the document; may be NULL */, struct error *err);

/* A condition as in `if`, `until`, `expect`: a bare expression, or one whole `${{ }}`; a bool literal is fine too. */
int template_compile_condition(struct arena *arena, const struct value *value, struct template **ret_template,
			       struct span *ret_at, struct error *err);

/* The value with every template replaced by its result. A VALUE_ERROR anywhere makes this -1, with *ret_at (may be NULL) the
 * place of the part of the expression that failed, if the document has its text letter by letter, else of the whole value.
 * Unknown parts stay unknown where they are. Results stand where their template stood. */
int template_evaluate(const struct template *template, const struct activation *activation, struct arena *arena,
		      const struct value **ret_value, struct span *ret_at, struct error *err);

/* For people to read: as template_evaluate, but the unknown parts of a text become "?" and leave the rest of it as it is. */
int template_show(const struct template *template, const struct activation *activation, struct arena *arena,
		  const struct value **ret_value, struct error *err);

bool template_is_constant(const struct template *template); /* no expression inside */
/* How many bytes of its text, as written, stand before the first expression; *ret_text borrows it. 0: it is no text, or begins
 * with one. */
size_t template_head(const struct template *template, const char **ret_text);

/* As expression_visit_names, for every expression inside; places are spans in the document. */
typedef void template_visit(void *context, const char *const *parts, size_t count, struct span at);
void template_visit_names(const struct template *template, template_visit *visit, void *context);
