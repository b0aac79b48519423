/*
 * product.h - the schemas of Standin's own documents, built into the program from schemas/NAME.schema.json.
 */
#pragma once

#include "engine/schema/schema.h"

/* name: "runbook", "inventory", "plugin", "audit", "policy", "replica". Compiled at the first use, valid for ever. A name that
 * is not there is a defect: it aborts. */
const struct schema *schema_product(const char *name);
/* The schema's JSON text, NUL-terminated. */
const char *schema_product_text(const char *name);
