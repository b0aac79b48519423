/*
 * types.h - what type an expression will have, without evaluating it. Only what is certainly wrong is told: what a name may be
 * is said by the caller, and what is not known (VALUE_UNKNOWN) goes with everything.
 */
#pragma once

#include "engine/expression/template.h"

struct type_field;

struct type {
	enum value_type kind;	   /* VALUE_UNKNOWN: any; known when it is evaluated */
	bool nullable;		   /* or null */
	const struct type *items;  /* LIST: of each; MAP: of fields that are not named below. NULL: any */
	struct type_field *fields; /* MAP */
	size_t fields_count, fields_capacity;
	bool closed;	       /* MAP: there are no fields but these */
	const char *closed_by; /* what the fields are of, for messages: "service.facts"; or NULL */
};

struct type_field {
	const char *name;
	const struct type *type;
};

extern const struct type type_any;

bool type_is_any(const struct type *type);
const struct type *type_of_kind(enum value_type kind); /* without fields and items */
struct type *type_list(struct arena *arena, const struct type *items);
struct type *type_map(struct arena *arena, bool closed);
void type_put(struct arena *arena, struct type *map, const char *name, const struct type *type);
const struct type *type_nullable(struct arena *arena, const struct type *type);
/* What two ways of computing a value have in common. */
const struct type *type_common(struct arena *arena, const struct type *a, const struct type *b);
const struct type *type_of_value(struct arena *arena,
				 const struct value *value);	      /* of one that is written; of a text its kind */
const char *type_shown(struct arena *arena, const struct type *type); /* "list of string" */

enum type_fault { TYPE_MISMATCH, TYPE_NO_FIELD };

struct type_check {
	struct arena *arena;
	/* The type of a name, NULL: not known by this name. Asked as an activation is: longest first. */
	const struct type *(*resolve)(void *context, const char *name);
	/* Told of each fault. hint may be NULL. */
	void (*tell)(void *context, enum type_fault fault, struct span at, const char *message, const char *hint);
	void *context;
};

/* Never NULL. */
const struct type *template_type(const struct template *template, const struct type_check *check);
