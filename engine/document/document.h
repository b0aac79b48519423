/*
 * document.h - YAML 1.2 (core schema) text to values that know where they stood.
 *
 * It is stricter than libyaml (which only document.c knows): duplicate keys, merge keys (<<), unknown tags, invalid UTF-8,
 * control and bidirectional characters, several documents in one file, tabs in indentation, `{a, b: c}` with a key that has no
 * value, and the invalid YAML that libyaml accepts are errors with a place. Limits: 1 MiB of text, 200,000 values, depth 64,
 * 10,000 aliased values, 1,000 anchors.
 * Plain scalars resolve by the core schema: null ~ true false, decimal, 0o and 0x integers, floats; `on` and `no` are strings
 * (0777 is the integer 777 in the core schema; here it is refused with a hint to quote it, because it misleads). Keys are
 * strings: a plain key is its text (`1060:` is "1060"). No string holds a NUL.
 */
#pragma once

#include "engine/base/error.h"
#include "engine/base/value.h"
#include "engine/document/diagnostic.h"

#define DOCUMENT_SIZE_LIMIT (1024 * 1024)
#define DOCUMENT_VALUES_LIMIT 200000 /* keys are values, too; bounds the memory that a text of 1 MiB can take */
#define DOCUMENT_DEPTH_LIMIT 64
#define DOCUMENT_ALIAS_LIMIT 10000

/* Makes a source in the arena from text (copied). */
const struct source *document_source(struct arena *arena, const char *name, const char *text, size_t length);

/* Parses one document. 0 with *ret_value (null for an empty document), or -1 with at least one error among the diagnostics.
 * Every value and every key carries its span (the scalar as written, with its quotes). Traps of bare expressions in plain
 * scalars that YAML itself makes errors or surprises (`if: !x` is a tag, a value that begins with a quote or a bracket and goes
 * on, ` #` that cuts an expression off) get a diagnostic with the quoted fix as its hint. */
int document_parse(struct arena *arena, const struct source *source, const struct value **ret_value,
		   struct diagnostics *diagnostics);

/* Reads a file (or "-" for stdin) without parsing it. A file that cannot be read is a diagnostic. */
int document_open(struct arena *arena, const char *path, const struct source **ret_source, struct diagnostics *diagnostics);

/* Reads and parses a file (or "-" for stdin). A file that cannot be read is a diagnostic too. */
int document_read(struct arena *arena, const char *path, const struct source **ret_source, const struct value **ret_value,
		  struct diagnostics *diagnostics);
