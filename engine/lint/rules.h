/*
 * rules.h - every rule that a diagnostic of `standin validate` can name: its severity, why it is there, what to do.
 *
 * The one table is rules.yaml, part of the program. It is read when it is first asked for, and lives as long as the program.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "engine/base/value.h"
#include "engine/document/diagnostic.h"

struct rule {
	const char *id; /* "lint/type"; never changes its meaning */
	enum severity severity;
	const char *title;   /* what was found, in one line */
	const char *reason;  /* why that is bad */
	const char *fix;     /* what to do */
	const char *example; /* lines: what is wrong, "# instead", what is right */
};

const struct rule *rules_all(size_t *ret_count); /* in the order of the table */
const struct rule *rules_find(const char *id);	 /* NULL: there is none */
const char *rules_suggest(const char *id);	 /* the nearest id, or NULL */
/* {id, severity, title, reason, fix, example, can_be_silenced}, of one and of all. */
const struct value *rule_value(struct arena *arena, const struct rule *rule);
const struct value *rules_value(struct arena *arena);
const char *severity_name(enum severity severity);

/* May a runbook silence it? Lints and warnings; what stops every run may not be. */
bool rule_can_be_silenced(const struct rule *rule);
