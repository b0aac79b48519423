/*
 * regex.h - regular expressions (Perl syntax, UTF-8), bounded. The only file that knows PCRE2.
 *
 * A match that needs too many steps is given up with ERROR_LIMIT instead of running on: the bound is the same for every
 * machine, and for the whole search. Text that is not UTF-8 may be searched: a pattern never matches across an invalid byte.
 */
#pragma once

#include <stdint.h>

#include "engine/base/error.h"
#include "engine/base/value.h"

struct regex;

enum regex_flags {
	REGEX_LINES = 1 << 0, /* ^ and $ match at each line; lines end with LF, CR or CRLF */
	REGEX_CASELESS = 1 << 1,
};

#define REGEX_PATTERN_LIMIT 16384   /* bytes */
#define REGEX_STEP_LIMIT    5000000 /* pattern items tried in one search; well under a second */

/* The regex lives in the arena. *ret_offset (may be NULL) says where in the pattern it went wrong. */
int regex_compile(struct arena *arena, const char *pattern, size_t length, unsigned flags, struct regex **ret_regex,
		  size_t *ret_offset, struct error *err);

/* 1: found anywhere in the text, 0: not found, -1: given up. *ret_steps (may be NULL) says how much work it was. */
int regex_match(const struct regex *regex, const char *text, size_t length, uint64_t *ret_steps, struct error *err);

/* As regex_match, with a map from each named group that took part to its text. */
int regex_match_groups(const struct regex *regex, const char *text, size_t length, struct arena *arena,
		       const struct value **ret_groups, struct error *err);

/* The pattern's named groups, in the order of the alphabet: to check what a manifest promises. */
size_t regex_group_count(const struct regex *regex);
const char *regex_group_name(const struct regex *regex, size_t index); /* lives as long as the regex */
