/*
 * diagnostic.h - what is wrong with a document, where, and what to write instead.
 *
 * Diagnostics are collected, not printed: all of them at once, sorted by place, without repetitions. A diagnostic has a rule id
 * ("yaml/duplicate-key", "schema/type") that never changes its meaning, so that people and machines can refer to it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "engine/base/arena.h"
#include "engine/base/buffer.h"
#include "engine/base/source.h"

enum severity { SEVERITY_ERROR, SEVERITY_WARNING, SEVERITY_NOTE };

struct diagnostic {
	enum severity severity;
	const char *rule;    /* a literal */
	struct span at;	     /* source may be NULL: about no particular place */
	const char *message; /* what is wrong */
	const char *hint;    /* what to write instead, or NULL */
};

struct diagnostics {
	struct arena *arena; /* borrowed: everything is kept there */
	struct diagnostic *items;
	size_t count;
	size_t capacity;
	size_t errors;	/* how many of them are SEVERITY_ERROR */
	size_t dropped; /* more than DIAGNOSTICS_LIMIT: only counted */
};

#define DIAGNOSTICS_LIMIT 200

void diagnostics_init(struct diagnostics *diagnostics, struct arena *arena);
/* NULL beyond DIAGNOSTICS_LIMIT, which the two functions below take as well. Valid until the next diagnostics_add. */
struct diagnostic *diagnostics_add(struct diagnostics *diagnostics, enum severity severity, const char *rule, struct span at,
				   const char *format, ...) __attribute__((format(printf, 5, 6)));
/* Adds the hint to the diagnostic that diagnostics_add returned. */
void diagnostic_hint(struct diagnostics *diagnostics, struct diagnostic *diagnostic, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* "did you mean": a hint made from the nearest candidate, or the list of them when there are few. */
void diagnostic_suggest(struct diagnostics *diagnostics, struct diagnostic *diagnostic, const char *word,
			const char *const *candidates, size_t count);

/* By place; in the order of finding where there is none. Repetitions are removed, and no longer counted. */
void diagnostics_sort(struct diagnostics *diagnostics);

/* For people: "file:line:col: error: message [rule]", the line, the underline, "hint: ...". colour: with ANSI colours. */
void diagnostics_print(struct buffer *out, const struct diagnostics *diagnostics, bool colour);
