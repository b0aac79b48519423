/*
 * rules.h - what of a source is protected: include and exclude globs, the first that matches wins; without a match it is in.
 *
 * One rule a line: "+ GLOB" or "- GLOB"; empty lines and those that begin with # are no rules. A glob is matched against the
 * path below the root: with a '/' at its beginning or within, the whole path; else the last name. A '/' at its end: folders
 * only.
 * '*' and '?' match no '/', '**' does; [a-z], [!a-z] and \x as in a shell. What lies in a folder that is out is out.
 */
#pragma once

#include <stdbool.h>

#include "engine/base/error.h"

struct rules;

int rules_parse(const char *text, struct rules **ret_rules, struct error *err); /* ERROR_INVALID tells the line */
void rules_free(struct rules *rules);						/* NULL is fine */
/* *ret_rule (may be NULL): the number of the rule that decided, from 1; 0: none did. rules may be NULL: all is in. */
bool rules_include(const struct rules *rules, const char *path, bool folder, unsigned *ret_rule);
bool glob_match(const char *glob, const char *text);
