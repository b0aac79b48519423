/*
 * plan.h - the plan as a value (README.md has its fields): building it, saving and reading it, holding a run to it.
 */
#pragma once

#include "engine/base/error.h"
#include "engine/base/value.h"

#define PLAN_VERSION 1

struct plan_builder;

struct plan_builder *plan_builder_new(struct arena *arena);
void plan_builder_add(struct plan_builder *builder, const struct value *row); /* a map with "verdict"; copied */
/* header: the plan's fields but rows and counts. */
const struct value *plan_builder_finish(struct plan_builder *builder, const struct value *header);

int plan_read(struct arena *arena, const char *path, const struct value **ret_plan, struct error *err);

/* Is what is there now (a plan made just now, and its digests) still what was planned? 0, or -1 with ERROR_CONFLICT that names
 * the runbook, input, plugin, or the step and attribute. */
int plan_compare(const struct value *saved, const struct value *now, struct error *err);
