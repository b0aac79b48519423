/*
 * value.h - the one kind of data that flows through Standin: what a YAML file says, what an expression yields, what a host
 * was observed to be, what the journal records.
 *
 * Values are built in an arena and never change once they are shared. They are not freed singly. A value that came from a file
 * knows where it stood there (`at`). Strings are valid UTF-8; they may hold NULs, so mind the length.
 *
 * Two marks make this more than JSON:
 *   VALUE_UNKNOWN  what cannot be known now (a plan without observation). Never guessed, shown as "?".
 *   secret         the value was made from a secret. Every sink shows it as "•••".
 *
 * The numeric, time and type kinds are those of CEL (https://github.com/google/cel-spec), the expression language.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/arena.h"
#include "engine/base/source.h"

enum value_type {
	VALUE_NULL,
	VALUE_BOOL,
	VALUE_INT,
	VALUE_UINT,
	VALUE_DOUBLE,
	VALUE_STRING,
	VALUE_BYTES,
	VALUE_LIST,
	VALUE_MAP,
	VALUE_TIMESTAMP,
	VALUE_DURATION,
	VALUE_TYPE,    /* the name of a type, as CEL's type() gives it */
	VALUE_UNKNOWN, /* cannot be known now; string says what is not known, or NULL */
	VALUE_ERROR,   /* an evaluation failed; string says why. Only inside the expression language */
};

struct value;

struct value_entry {
	const struct value *key; /* a string in documents; CEL also allows bool, int, uint */
	const struct value *value;
};

struct value {
	enum value_type type;
	bool secret;	/* this value itself is tainted */
	struct span at; /* where it was written; source NULL if computed */
	union {
		bool boolean;
		int64_t integer;
		uint64_t unsigned_integer;
		double real;
		struct {
			const char *data; /* NUL-terminated behind length */
			size_t length;	  /* bytes */
		} string;		  /* STRING, BYTES, TYPE, UNKNOWN, ERROR */
		struct {
			const struct value **items;
			size_t count;
			size_t capacity;
		} list;
		struct {
			struct value_entry *entries; /* in the order of writing; of a large map its index follows */
			size_t count;
			size_t capacity;
		} map; /* read it; only value_put and value_put_key write */
		struct {
			int64_t seconds;     /* TIMESTAMP: since 1970 in UTC; DURATION: signed */
			int32_t nanoseconds; /* 0..999999999 for TIMESTAMP; same sign as seconds for DURATION */
		} time;
	};
};

const struct value *value_null(void); /* shared constants: not from an arena, no position */
const struct value *value_bool(bool boolean);
const struct value *value_unknown(void);

struct value *value_new(struct arena *arena, enum value_type type);
struct value *value_int(struct arena *arena, int64_t integer);
struct value *value_uint(struct arena *arena, uint64_t integer);
struct value *value_double(struct arena *arena, double real);
struct value *value_string(struct arena *arena, const char *text); /* copies; NULL gives an empty string */
struct value *value_string_n(struct arena *arena, const char *text, size_t length);
struct value *value_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
struct value *value_duration(struct arena *arena, int64_t nanoseconds);
struct value *value_list(struct arena *arena);
struct value *value_map(struct arena *arena);

/* Only while a list or map is being built, by whoever makes it. */
void value_append(struct arena *arena, struct value *list, const struct value *item);
void value_put(struct arena *arena, struct value *map, const char *key, const struct value *item); /* replaces an equal key */
void value_put_key(struct arena *arena, struct value *map, const struct value *key, const struct value *item); /* appends */

/* Borrowed; NULL if there is no such key, or value is no map (or NULL). */
const struct value *value_get(const struct value *map, const char *key);
const struct value *value_get_key(const struct value *map, const struct value *key); /* CEL equality: 1 == 1u == 1.0 */
const char *value_text(const struct value *value);				     /* a STRING's bytes, else NULL */
const char *value_get_text(const struct value *map, const char *key);		     /* value_text(value_get()) */
int64_t value_get_int(const struct value *map, const char *key, int64_t fallback);
bool value_get_bool(const struct value *map, const char *key, bool fallback);

bool value_is(const struct value *value, enum value_type type); /* NULL is no type */
bool value_is_text(const struct value *value, const char *text);
/* As CEL compares: deep, maps without order, numbers by worth. What is unknown equals nothing. */
bool value_equal(const struct value *a, const struct value *b);
/* Nobody could tell one from the other, but for where they were written: stricter than equal. */
bool value_same(const struct value *a, const struct value *b);
bool value_is_secret(const struct value *value);   /* here or anywhere inside */
bool value_has_unknown(const struct value *value); /* here or anywhere inside */
bool value_has_lost(const struct value *value); /* the same, for a secret that the file it came from did not keep (typed.h) */
const struct value *value_taint(struct arena *arena, const struct value *value); /* a copy that is secret */
const struct value *value_copy(struct arena *arena, const struct value *value);	 /* deep; spans kept */
/* The same, but whatever stands in the same place of `like` (or NULL) and is the same is shared with it: of long lists of maps
 * that are much alike. Of those the spans are like's, which must live as long. */
const struct value *value_copy_like(struct arena *arena, const struct value *value, const struct value *like);
const char *value_type_name(enum value_type type); /* "string", as CEL and diagnostics call it */
int64_t value_nanoseconds(const struct value *duration);
