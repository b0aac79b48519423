/*
 * build.h - inside of this folder: the parts that a runbook is built of, from a document that its schema has looked at. What is
 * wrong with its shape may be there all the same (fields.h): it is read as far as it can be.
 *
 *     load.c: a file and those that it calls --> runbook.c: one document --> steps.c: its blocks of steps
 */
#pragma once

#include "engine/runbook/fields.h"
#include "engine/runbook/runbook.h"

/* steps.c */
void steps_read(const struct fields *fields, const struct value *list, const char *prefix, struct block *block);
struct output *outputs_read(const struct fields *fields, const struct value *map, size_t *ret_count);
struct span field_place(const struct value *map, const char *key, const struct value *otherwise); /* of the key's value */

/* runbook.c */
struct runbook *runbook_build(const struct fields *fields, const struct source *source, const struct value *document);
void runbook_add_lock(struct arena *arena, struct runbook *runbook, const char *name);
