/*
 * failure.h - what went wrong, for people: error, hint, and what the commands said last. Internal to report/.
 */
#pragma once

#include "engine/report/page.h"

/* error: {code, message, hint} or NULL. */
void page_error(struct page *page, unsigned indent, const struct value *error);
/* evidence: [{command, exit, stdout, stderr, elapsed}]: each with its exit and the last lines of what it said; with all false
 * only those that failed, and the last one. */
void page_evidence(struct page *page, unsigned indent, const struct value *evidence, bool all, unsigned lines);
