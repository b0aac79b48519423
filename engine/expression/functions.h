/*
 * functions.h - what a built-in function or operator is. All of them stand in one table (functions.c).
 */
#pragma once

#include "engine/expression/evaluate.h"

enum function_style {
	FUNCTION_GLOBAL = 1, /* size(x), and operators */
	FUNCTION_MEMBER = 2, /* x.size(): the receiver is the first argument */
};

enum function_flags {
	FUNCTION_DEEP = 1,     /* reads inside of lists and maps: secrets there taint, unknowns there make the result unknown */
	FUNCTION_TOLERANT = 2, /* with DEEP: decides itself about unknowns inside */
	FUNCTION_UNTAINTED = 4 /* the result says nothing about what a secret argument holds */
};

/* Arguments have the types of the signature; none of them is unknown or an error. */
typedef const struct value *function_body(struct evaluation *evaluation, const struct node *node,
					  const struct value *const *arguments);

struct function {
	const char *name;
	unsigned styles;
	const char *signature; /* a letter for each argument, as in type_letters (functions.c); 'a' is any */
	char result;	       /* the letter of what it yields */
	function_body *body;
	unsigned flags;
};

/* The first overload of a name in a style, or NULL; further ones follow it directly. */
const struct function *function_find(const char *name, bool member);
/* True if one of the overloads takes that many arguments, a receiver included. */
bool function_takes(const struct function *function, bool member, size_t count);
/* For checking without evaluating (types.c): the letter of a type in signatures; what an overload yields (VALUE_UNKNOWN: any);
 * the next overload of the same name, or NULL. */
char function_letter(enum value_type type);
enum value_type function_result(const struct function *function);
const struct function *function_next(const struct function *function);
/* Call the overload that fits the arguments' types; unknowns, errors, taint and cost are seen to. */
const struct value *function_call(struct evaluation *evaluation, const struct node *node, const struct value *const *arguments);
/* The error for arguments that no overload takes. overload.c */
const struct value *no_such_overload(struct evaluation *evaluation, const struct node *node,
				     const struct value *const *arguments);
/* The name nearest to an unknown one, or NULL. */
const char *function_suggest(const char *name);

/* What each file contributes to the table. */
#define FUNCTION_BODY(name)                                                                                                    \
	const struct value *name(struct evaluation *evaluation, const struct node *node, const struct value *const *arguments)

/* arithmetic.c */
FUNCTION_BODY(add_int);
FUNCTION_BODY(add_uint);
FUNCTION_BODY(add_double);
FUNCTION_BODY(add_text);
FUNCTION_BODY(add_list);
FUNCTION_BODY(add_time);
FUNCTION_BODY(add_time_reversed);
FUNCTION_BODY(subtract_int);
FUNCTION_BODY(subtract_uint);
FUNCTION_BODY(subtract_double);
FUNCTION_BODY(subtract_time);
FUNCTION_BODY(multiply_int);
FUNCTION_BODY(multiply_uint);
FUNCTION_BODY(multiply_double);
FUNCTION_BODY(divide_int);
FUNCTION_BODY(divide_uint);
FUNCTION_BODY(divide_double);
FUNCTION_BODY(modulo_int);
FUNCTION_BODY(modulo_uint);
FUNCTION_BODY(negate_int);
FUNCTION_BODY(negate_double);
FUNCTION_BODY(not_bool);

/* compare.c */
FUNCTION_BODY(equal);
FUNCTION_BODY(not_equal);
FUNCTION_BODY(less);
FUNCTION_BODY(less_equal);
FUNCTION_BODY(greater);
FUNCTION_BODY(greater_equal);

/* collections.c */
FUNCTION_BODY(in_list);
FUNCTION_BODY(in_map);
FUNCTION_BODY(index_list);
FUNCTION_BODY(index_map);
FUNCTION_BODY(size_text);
FUNCTION_BODY(size_bytes);
FUNCTION_BODY(size_list);
FUNCTION_BODY(size_map);

/* conversions.c */
FUNCTION_BODY(convert_same);
FUNCTION_BODY(convert_type);
FUNCTION_BODY(convert_int_uint);
FUNCTION_BODY(convert_int_double);
FUNCTION_BODY(convert_int_text);
FUNCTION_BODY(convert_int_timestamp);
FUNCTION_BODY(convert_uint_int);
FUNCTION_BODY(convert_uint_double);
FUNCTION_BODY(convert_uint_text);
FUNCTION_BODY(convert_double_int);
FUNCTION_BODY(convert_double_uint);
FUNCTION_BODY(convert_double_text);
FUNCTION_BODY(convert_string);
FUNCTION_BODY(convert_bytes);
FUNCTION_BODY(convert_bool);
FUNCTION_BODY(convert_timestamp_int);
FUNCTION_BODY(convert_timestamp_text);
FUNCTION_BODY(convert_duration_text);

/* functions_string.c and functions_search.c */
FUNCTION_BODY(text_contains);
FUNCTION_BODY(text_starts_with);
FUNCTION_BODY(text_ends_with);
FUNCTION_BODY(text_matches);
FUNCTION_BODY(text_char_at);
FUNCTION_BODY(text_index_of);
FUNCTION_BODY(text_index_of_from);
FUNCTION_BODY(text_last_index_of);
FUNCTION_BODY(text_last_index_of_from);
FUNCTION_BODY(text_substring);
FUNCTION_BODY(text_substring_end);
FUNCTION_BODY(text_lower);
FUNCTION_BODY(text_upper);
FUNCTION_BODY(text_replace);
FUNCTION_BODY(text_replace_limit);
FUNCTION_BODY(text_split);
FUNCTION_BODY(text_split_limit);
FUNCTION_BODY(text_trim);
FUNCTION_BODY(text_reverse);
FUNCTION_BODY(text_quote);
FUNCTION_BODY(text_join);
FUNCTION_BODY(text_join_separator);

/* functions_format.c */
FUNCTION_BODY(text_format);

/* functions_time.c */
FUNCTION_BODY(time_full_year);
FUNCTION_BODY(time_month);
FUNCTION_BODY(time_date);
FUNCTION_BODY(time_day_of_month);
FUNCTION_BODY(time_day_of_week);
FUNCTION_BODY(time_day_of_year);
FUNCTION_BODY(time_hours);
FUNCTION_BODY(time_minutes);
FUNCTION_BODY(time_seconds);
FUNCTION_BODY(time_milliseconds);
FUNCTION_BODY(duration_hours);
FUNCTION_BODY(duration_minutes);
FUNCTION_BODY(duration_seconds);
FUNCTION_BODY(duration_milliseconds);
