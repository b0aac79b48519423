/*
 * check.h - one run of a schema over a value; only for the files of this folder.
 *
 * A node is checked in one of three ways: to report what is wrong (diagnostics), to weigh how wrong it is (verdict), or to know
 * whether it holds (neither: it stops at the first failure).
 */
#pragma once

#include "engine/schema/node.h"

#define CHECK_DEPTH_LIMIT 1000	  /* nodes in nodes */
#define CHECK_WORK_LIMIT  5000000 /* nodes checked, in all */

/* Which entries of the present map, or items of the present list, a keyword has looked at (for unevaluated*). */
struct marks {
	bool *seen;
	size_t count;
};

/* One node that is being checked. The frames are both the path in the value and the dynamic scope. */
struct frame {
	const struct frame *parent; /* NULL: the root */
	const struct schema_node *node;
	const struct value *instance;
	const struct value *key; /* how it was reached from the parent's instance: by key, */
	size_t index;		 /* or by index, */
	bool in_place;		 /* or not at all */
};

/* How badly a value misses a schema: the branch with the least weight is the one that was meant. */
struct verdict {
	unsigned long weight;
	unsigned level; /* of nesting in the value, where the weighing began */
};

struct check {
	struct arena *scratch;
	const struct schema_options *options;
	struct diagnostics *diagnostics; /* NULL: do not report */
	struct verdict *verdict;	 /* NULL: do not weigh */
	const struct frame *frame;
	unsigned depth; /* frames */
	unsigned level; /* frames that are not in place */
	unsigned long work;
	unsigned long uncertain; /* values taken as fine because they are not known yet */
	const char *exhausted;	 /* the limit that was reached, or NULL */
};

struct step {
	const struct value *key; /* NULL: by index, or in place */
	size_t index;
	bool in_place;
};

#define STEP_IN_PLACE ((struct step){.in_place = true})

bool check_node(struct check *check, const struct schema_node *node, const struct value *instance, struct step step,
		struct marks *marks);
/* The same in one of the other ways: does it hold; and how far is it off. */
bool check_holds(struct check *check, const struct schema_node *node, const struct value *instance, struct step step,
		 struct marks *marks);
unsigned long check_weigh(struct check *check, const struct schema_node *node, const struct value *instance);

struct marks *marks_new(struct check *check, const struct marks *like); /* NULL if like is NULL */
void marks_merge(struct marks *into, const struct marks *from);
void marks_set(struct marks *marks, size_t index);

/* report.c */
enum weight {
	WEIGHT_TYPE = 10000,
	WEIGHT_VALUE = 1000, /* const, enum: what tells the branches of a choice apart */
	WEIGHT_MISSING = 100,
	WEIGHT_UNKNOWN = 30,
	WEIGHT_OTHER = 3,
};

/* NULL when nothing is reported. at: the value, or key, that is wrong. */
struct diagnostic *report(struct check *check, enum weight weight, const char *rule, const struct value *at, const char *format,
			  ...) __attribute__((format(printf, 5, 6)));
/* The description nearest to what is wrong: the node's, or that of a schema that led here for the same value. Or NULL. */
const char *report_description(const struct check *check, const struct schema_node *node);
void report_hint(struct check *check, struct diagnostic *diagnostic, const struct schema_node *node); /* that description */
/* A hint if the node would take the same text in quotes, or without them. */
void report_quotes(struct check *check, struct diagnostic *diagnostic, const struct schema_node *node,
		   const struct value *instance);
/* node is the schema of a key's value: `false`, or `not: {}` with a description that says why. */
bool report_forbids(const struct schema_node *node);
void report_forbidden_key(struct check *check, const struct schema_node *node, const struct value *key, const char *rule);
void report_allowed(struct check *check, const struct part *part, const struct value *instance,
		    const struct value *const *allowed, size_t count);
/* "a string 'abc'": what a value is, shortened, secrets hidden. */
const char *report_value(struct check *check, const struct value *value);
const char *report_types(struct check *check, unsigned types); /* "a string or a list" */

/* choice.c: anyOf and oneOf when none of their branches holds. */
void choice_report(struct check *check, const struct part *part, const struct value *instance);
void choice_report_several(struct check *check, const struct part *part, const struct value *instance);

typedef bool keyword_check(struct check *check, const struct part *part, const struct value *instance, struct marks *marks);
keyword_check check_type, check_enum, check_const, check_minimum, check_maximum, check_exclusive_minimum,
	check_exclusive_maximum, check_multiple, check_min_length, check_max_length, check_pattern, check_min_items,
	check_max_items, check_unique, check_min_properties, check_max_properties, check_required, check_dependent_required,
	check_properties, check_pattern_properties, check_additional, check_names, check_prefix, check_items, check_contains,
	check_dependent_schemas, check_all, check_any, check_one, check_not, check_if, check_reference, check_dynamic,
	check_unevaluated_properties, check_unevaluated_items;
