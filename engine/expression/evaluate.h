/*
 * evaluate.h - one evaluation in progress: its names, its arena and what it may still spend. Private to this folder.
 */
#pragma once

#include "engine/base/buffer.h"
#include "engine/expression/ast.h"

#define EXPRESSION_MEMORY_LIMIT (64u << 20) /* bytes that one evaluation may take from its arena */

/* A name bound by a macro. */
struct binding {
	const char *name;
	const struct value *value;
	const struct binding *parent;
};

struct evaluation {
	const struct activation *activation; /* may be NULL */
	struct arena *arena;
	size_t arena_start;		/* arena_used at the beginning */
	int64_t budget;			/* steps left */
	const struct binding *bindings; /* innermost first */
	const struct value *exhausted;	/* a limit was reached: this error is the result, nothing absorbs it */
};

const struct value *evaluate_node(struct evaluation *evaluation, const struct node *node);

/* A VALUE_ERROR. Whoever shows text of a value in it keeps it short: see excerpt(). */
const struct value *evaluation_error(struct evaluation *evaluation, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* False if the budget or the memory is used up: return evaluation->exhausted at once. */
bool evaluation_charge(struct evaluation *evaluation, size_t cost);
#define CHARGE_TEXT(bytes)	((bytes) / 64) /* for reading text */
#define CHARGE_TEXT_MADE(bytes) ((bytes) / 16) /* for making it */

/* True if value is what stops an operator: unknown or an error. */
bool is_abnormal(const struct value *value);
/* Of two operands of which at least one is abnormal, the one that decides: unknown before error. */
const struct value *abnormal_of(const struct value *a, const struct value *b);
/* result, secret if because is. */
const struct value *tainted_by(struct evaluation *evaluation, const struct value *result, const struct value *because);

/* Everything in value, counted and looked through; stops when the budget is used up. */
struct inspection {
	size_t weight; /* values in it, itself included */
	bool secret;
	const struct value *unknown; /* the first one, or NULL */
};
struct inspection inspect(struct evaluation *evaluation, const struct value *value);
/* Charge for keeping value as an element of a new list or map. */
bool charge_element(struct evaluation *evaluation, const struct value *value);

/* The field or key of a map, or an error that says what there is instead. */
const struct value *map_lookup(struct evaluation *evaluation, const struct value *map, const struct value *key);

const char *type_name(const struct value *value); /* as type() says: "google.protobuf.Duration" */
bool type_is_name(const char *name);
const struct value *type_value(struct arena *arena, const char *name); /* the type of that name, or NULL */

/* Text under construction; charges as it grows. */
struct text {
	struct evaluation *evaluation;
	struct buffer buffer;
	bool exhausted;
};
void text_append(struct text *text, const char *data, size_t length);
void text_add(struct text *text, const char *data);
/* Frees the buffer. The text as a value of the type, or evaluation->exhausted. */
const struct value *text_end(struct text *text, enum value_type type);

/* compare.c */
bool is_number(const struct value *value);
enum equality { NOT_EQUAL, EQUAL, EQUALITY_UNKNOWN };
enum equality compare_equal(struct evaluation *evaluation, const struct value *a, const struct value *b);

/* conversions.c: as string() writes it; false if string() does not take it. Doubles are written so that they read back the
 * same. */
bool append_as_string(struct buffer *out, const struct value *value);

/* Up to 60 bytes of text, cut between characters, for messages. */
const char *excerpt(struct arena *arena, const char *text, size_t length);
